//! Quantiles of Student's t, by integration: few are asked for, and tables end too early.

use std::f64::consts::FRAC_PI_2;

/// More degrees of freedom than this make no difference.
const MANY: f64 = 1e4;
/// Steps of Simpson's rule.
const STEPS: u32 = 96;

/// The value that a t variable with `freedom` degrees of freedom exceeds with the probability `tail`, which is below ½.
///
/// With t = √ν · tan θ the density is proportional to cos^(ν−1) θ, so that no gamma function is needed.
pub(super) fn quantile(tail: f64, freedom: f64) -> f64 {
    let freedom = freedom.clamp(1.0, MANY);
    let density = |angle: f64| angle.cos().max(0.0).powf(freedom - 1.0);
    // With many degrees of freedom all of it lies near 0.
    let far = (FRAC_PI_2).min(12.0 / freedom.sqrt());
    let half = simpson(density, 0.0, far);
    let (mut low, mut high) = (0.0, far);
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        if simpson(density, middle, far) / (2.0 * half) > tail {
            low = middle;
        } else {
            high = middle;
        }
    }
    freedom.sqrt() * (0.5 * (low + high)).tan()
}

fn simpson(of: impl Fn(f64) -> f64, from: f64, to: f64) -> f64 {
    let step = (to - from) / f64::from(STEPS);
    let inner: f64 = (1..STEPS)
        .map(|at| of(from + f64::from(at) * step) * if at % 2 == 1 { 4.0 } else { 2.0 })
        .sum();
    (of(from) + inner + of(to)) * step / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (tail, freedom, expected) in [
            (0.025, 1.0, 12.706),
            (0.025, 2.0, 4.3027),
            (0.005, 4.0, 4.6041),
            (0.025, 10.0, 2.2281),
            (0.0005, 6.0, 5.9588),
            (0.0005, 30.0, 3.6460),
            (0.025, 1e9, 1.9600),
            (0.0005, 1e9, 3.2905),
        ] {
            let found = quantile(tail, freedom);
            assert!(
                (found / expected - 1.0).abs() < 2e-3,
                "{tail} {freedom}: {found} {expected}"
            );
        }
    }
}
