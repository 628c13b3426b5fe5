//! The open loop's schedule: when each search is due, known before the first one starts.

use std::time::Duration;

use clap::ValueEnum;

/// How the gaps between arrivals are spread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Arrival {
    /// Independent users: exponential gaps.
    #[default]
    Poisson,
    /// A metronome: equal gaps.
    Uniform,
}

/// Arrival times at a rate. Any thread can ask for any arrival without a lock, in constant time.
///
/// The gaps of one period of [`PERIOD`] arrivals are drawn once and then repeat; each period is scaled to last
/// exactly `PERIOD / rate`, so that the rate asked for is the rate offered. Memory does not grow with the run.
#[derive(Clone, Debug)]
pub(crate) struct Arrivals {
    rate: f64,
    /// Offsets within a period, in units of the mean gap, ascending; the first is 0.
    pattern: Vec<f64>,
}

/// 65,536 arrivals: 512 KiB, and too long for anybody to notice that it repeats.
const PERIOD: usize = 1 << 16;

impl Arrivals {
    /// `rate` arrivals a second.
    pub(crate) fn new(arrival: Arrival, rate: f64, seed: u64) -> Self {
        let pattern = match arrival {
            Arrival::Uniform => vec![0.0],
            Arrival::Poisson => exponential_pattern(seed),
        };
        Self { rate, pattern }
    }

    /// Arrivals per second.
    pub(crate) fn rate(&self) -> f64 {
        self.rate
    }

    /// From the start of the run to arrival number `index`.
    pub(crate) fn offset(&self, index: u64) -> Duration {
        let period = self.pattern.len() as u64;
        let gaps = (index / period * period) as f64 + self.pattern[(index % period) as usize];
        Duration::try_from_secs_f64(gaps / self.rate).unwrap_or(Duration::MAX)
    }

    /// Arrivals in the first `time` of the run.
    pub(crate) fn due_in(&self, time: Duration) -> u64 {
        let period = self.pattern.len() as u64;
        let gaps = time.as_secs_f64() * self.rate;
        let whole = (gaps / period as f64) as u64;
        let rest = gaps - (whole * period) as f64;
        whole * period + self.pattern.partition_point(|offset| *offset < rest) as u64
    }
}

/// Sums of exponential gaps, scaled to a mean gap of exactly 1.
fn exponential_pattern(seed: u64) -> Vec<f64> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut at = 0.0;
    let mut pattern = Vec::with_capacity(PERIOD);
    for _ in 0..PERIOD {
        pattern.push(at);
        at -= (1.0 - random.f64()).ln(); // 1 - [0, 1) is never 0
    }
    let scale = PERIOD as f64 / at;
    pattern.iter_mut().for_each(|offset| *offset *= scale);
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metronome_ticks() {
        let arrivals = Arrivals::new(Arrival::Uniform, 200.0, 1);
        assert_eq!(arrivals.offset(0), Duration::ZERO);
        assert_eq!(arrivals.offset(7), Duration::from_millis(35));
        assert_eq!(arrivals.due_in(Duration::from_secs(10)), 2000);
    }

    #[test]
    fn poisson_arrivals_keep_the_rate_and_look_random() {
        let arrivals = Arrivals::new(Arrival::Poisson, 1000.0, 7);
        let period = Duration::from_secs_f64(PERIOD as f64 / 1000.0);
        assert!(arrivals.offset(PERIOD as u64).abs_diff(period) < Duration::from_micros(1));
        let gaps: Vec<f64> = (0..200_000)
            .map(|i| (arrivals.offset(i + 1) - arrivals.offset(i)).as_secs_f64() * 1000.0)
            .collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((mean - 1.0).abs() < 0.01, "{mean}");
        assert!((variance - 1.0).abs() < 0.05, "{variance}"); // an exponential's variance is its mean squared
    }

    #[test]
    fn arrivals_never_go_back_also_where_the_pattern_repeats() {
        let arrivals = Arrivals::new(Arrival::Poisson, 12_345.0, 3);
        let last = 3 * PERIOD as u64;
        assert!((0..last).all(|i| arrivals.offset(i) <= arrivals.offset(i + 1)));
    }

    #[test]
    fn the_same_seed_gives_the_same_arrivals() {
        let offsets = |seed| {
            let arrivals = Arrivals::new(Arrival::Poisson, 10.0, seed);
            (0..100).map(|i| arrivals.offset(i)).collect::<Vec<_>>()
        };
        assert_eq!(offsets(5), offsets(5));
        assert_ne!(offsets(5), offsets(6));
    }

    #[test]
    fn due_in_counts_what_offset_says() {
        let arrivals = Arrivals::new(Arrival::Poisson, 50_000.0, 9);
        for time in [0.0001, 0.7, 1.3, 2.9].map(Duration::from_secs_f64) {
            let due = arrivals.due_in(time);
            assert!(
                arrivals.offset(due - 1) < time && arrivals.offset(due) >= time,
                "{time:?}: {due}"
            );
        }
    }

    #[test]
    fn an_arrival_beyond_the_end_of_time_is_no_panic() {
        let arrivals = Arrivals::new(Arrival::Uniform, 1e-300, 1);
        assert_eq!(arrivals.offset(5), Duration::MAX);
    }
}
