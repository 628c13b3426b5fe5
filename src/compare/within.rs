//! How much a metric varies within a run, from its values of drawings and of single blocks.

/// Fewer blocks tell nothing of how much they vary.
pub(super) const FEWEST_BLOCKS: usize = 6;
/// So many drawings tell a spread, where others hold too little to have a value.
const FEWEST_DRAWS: usize = 20;

/// Why the blocks of a run do not tell how much a metric varies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lacking {
    /// There are too few.
    Blocks,
    /// The operation ended in too few of them.
    Ended,
}

impl Lacking {
    /// In words, with what to do.
    pub(super) fn reason(self) -> String {
        match self {
            Self::Blocks => format!(
                "a side has fewer than {FEWEST_BLOCKS} blocks of time (a short run, or a report of an older vecperf): measure \
                 for at least 2 s, or give several runs a side"
            ),
            Self::Ended => format!(
                "it ended in fewer than {FEWEST_BLOCKS} blocks of time: measure longer, or give several runs a side"
            ),
        }
    }
}

/// How much a metric varies within a run, in two ways: neither sees all that there is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Within {
    /// The variance of its logarithm, widened by how much a block resembles the one before.
    pub(super) variance: f64,
    /// Blocks.
    pub(super) blocks: f64,
    /// How much a block resembles the one before, 0 to 1.
    pub(super) likeness: f64,
    /// The variance by the slow waves of its blocks.
    pub(super) by_waves: f64,
}

impl Within {
    /// Of the values of drawings and of single blocks; `None` where too few have one. In a block in which the operation
    /// did not end, most metrics have none.
    pub(super) fn new(drawn: &[f64], singles: &[f64]) -> Option<Self> {
        let (drawn, singles) = (finite(drawn), finite(singles));
        if singles.len() < FEWEST_BLOCKS || drawn.len() < FEWEST_DRAWS {
            return None;
        }
        let blocks = singles.len() as f64;
        // Drawing from n blocks misses a share of 1 ÷ n of the variance.
        let independent = variance(&drawn)? * blocks / (blocks - 1.0);
        // An estimate of ρ from few values is too low by (1 + 3ρ) ÷ n on average.
        let rho = autocorrelation(&singles);
        let likeness = (rho + (1.0 + 3.0 * rho) / blocks).clamp(0.0, 0.95);
        Some(Self {
            variance: independent * widened(likeness),
            blocks,
            likeness,
            by_waves: independent * slow_waves(&singles),
        })
    }

    /// Known from elsewhere, and well.
    pub(super) fn assumed(variance: f64) -> Self {
        Self {
            variance,
            blocks: 1e4,
            likeness: 0.0,
            by_waves: 0.0,
        }
    }
}

/// By how much the variance of a mean is wider where each value resembles the one before.
pub(super) fn widened(likeness: f64) -> f64 {
    (1.0 + likeness) / (1.0 - likeness)
}

/// Waves looked at, half a period to two in all: as many degrees of freedom has what they tell.
pub(super) const WAVES: f64 = 4.0;

/// How much of the values' variance the slowest waves have, each as much as one of independent values has on average: 1 where
/// they are independent, more where they wander.
///
/// Lazarus, Lewis, Stock and Watson, "HAR inference: recommendations for practice" (2018): equal-weighted cosines.
fn slow_waves(values: &[f64]) -> f64 {
    let (mean, count) = (mean(values), values.len() as f64);
    let all = variance(values).unwrap_or(0.0);
    let mut sum = 0.0;
    let mut wave = 1.0;
    while wave <= WAVES {
        let numbered = values.iter().zip(0_u32..);
        let along = numbered.map(|(value, at)| {
            let turn = std::f64::consts::PI * wave * (f64::from(at) + 0.5) / count;
            (value - mean) * turn.cos()
        });
        sum += along.sum::<f64>().powi(2) * 2.0 / count;
        wave += 1.0;
    }
    if all > 0.0 { sum / WAVES / all } else { 0.0 }
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// `None` where a value is missing.
pub(super) fn variance(values: &[f64]) -> Option<f64> {
    if values.len() < 2 || values.iter().any(|it| !it.is_finite()) {
        return None;
    }
    let mean = mean(values);
    let squares: f64 = values.iter().map(|it| (it - mean).powi(2)).sum();
    Some(squares / (values.len() - 1) as f64)
}

/// Of each value with the next; 0 where they are all alike.
fn autocorrelation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|it| (it - mean).powi(2)).sum();
    let products: f64 = values
        .windows(2)
        .map(|it| (it[0] - mean) * (it[1] - mean))
        .sum();
    if squares > 0.0 {
        products / squares
    } else {
        0.0
    }
}

fn finite(values: &[f64]) -> Vec<f64> {
    values.iter().copied().filter(|it| it.is_finite()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::random::Random;

    #[test]
    fn slow_waves_hold_their_share_of_independent_values_and_most_of_what_wanders() {
        let mut random = Random::new(1);
        let mut independent = || (0..24).map(|_| random.share()).collect::<Vec<_>>();
        let shares: Vec<_> = (0..1000).map(|_| slow_waves(&independent())).collect();
        assert!((mean(&shares) - 1.0).abs() < 0.1, "{}", mean(&shares));
        let drift: Vec<_> = (0..24).map(f64::from).collect();
        assert!(slow_waves(&drift) > 5.0, "{}", slow_waves(&drift));
        let turns: Vec<_> = (0..24).map(|at| f64::from(at % 2)).collect();
        assert!(slow_waves(&turns) < 0.1, "{}", slow_waves(&turns));
        assert_eq!(slow_waves(&[1.0; 24]), 0.0);
    }
}
