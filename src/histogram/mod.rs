//! Base-2 exponential histogram of durations, aligned with Prometheus' native schema 6.

mod scheme;

use std::time::Duration;

pub(crate) use scheme::{OCTAVES, SUB_BUCKETS, index, prometheus};

/// Durations counted in buckets that grow by 2^(1/64): every quantile is within 0.55 % of the truth.
///
/// Bucket `i` counts durations in `(2^((i-1)/64), 2^(i/64)]` seconds, as Prometheus' native histograms of schema 6 do;
/// it merges without loss into every coarser schema. Buckets span 1 ns to 73 minutes; a longer duration is counted in
/// the last one, while sum and maximum stay exact.
///
/// ```
/// use std::time::Duration;
///
/// let mut latency = vecperf::Histogram::default();
/// for ms in 1..=1000 {
///     latency.record(Duration::from_millis(ms));
/// }
/// let p99 = latency.quantile(0.99).unwrap().as_secs_f64();
/// assert!((p99 / 0.990 - 1.0).abs() < 0.0055);
/// assert_eq!(latency.max(), Some(Duration::from_secs(1)));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// (bucket index, count), ascending, no zero counts.
    buckets: Vec<(i32, u64)>,
    sum_ns: u128,
    max_ns: u64,
}

impl Histogram {
    /// Prometheus' native histogram schema: 2^6 buckets per power of two.
    pub const SCHEMA: i32 = 6;

    /// A histogram from what was saved of one; buckets in any order, an index may repeat.
    pub fn from_buckets(
        buckets: impl IntoIterator<Item = (i32, u64)>,
        sum: Duration,
        max: Duration,
    ) -> Self {
        let mut histogram = Self {
            sum_ns: sum.as_nanos(),
            max_ns: nanos_of(max),
            ..Self::default()
        };
        buckets
            .into_iter()
            .for_each(|(index, count)| histogram.add(index, count));
        histogram
    }

    /// From a row-major count per dense index, as the shards keep them.
    pub(crate) fn from_dense(counts: &[u64], sum_ns: u128, max_ns: u64) -> Self {
        let used = counts.iter().enumerate().filter(|(_, count)| **count > 0);
        Self {
            buckets: used
                .map(|(dense, count)| (prometheus(dense), *count))
                .collect(),
            sum_ns,
            max_ns,
        }
    }

    /// Counts one duration. For offline use; the hot path is in [`record`](crate::record).
    pub fn record(&mut self, duration: Duration) {
        let ns = nanos_of(duration);
        self.add(prometheus(index(ns)), 1);
        self.sum_ns = self.sum_ns.saturating_add(u128::from(ns));
        self.max_ns = self.max_ns.max(ns);
    }

    fn add(&mut self, index: i32, count: u64) {
        if count == 0 {
            return;
        }
        match self.buckets.binary_search_by_key(&index, |bucket| bucket.0) {
            Ok(at) => self.buckets[at].1 = self.buckets[at].1.saturating_add(count),
            Err(at) => self.buckets.insert(at, (index, count)),
        }
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.buckets
            .iter()
            .fold(0, |sum, bucket| sum.saturating_add(bucket.1))
    }

    /// True when nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// The sum of all durations.
    pub fn sum(&self) -> Duration {
        duration_of(self.sum_ns)
    }

    /// The arithmetic mean; `None` when empty.
    pub fn mean(&self) -> Option<Duration> {
        (!self.is_empty()).then(|| duration_of(self.sum_ns / u128::from(self.count())))
    }

    /// The longest duration; `None` when empty. Exact, but for a window in which the maximum since the start did not
    /// rise: there it is the end of the highest bucket, at most 1.1 % too long.
    pub fn max(&self) -> Option<Duration> {
        (!self.is_empty()).then(|| Duration::from_nanos(self.max_ns))
    }

    /// The duration that a share `q` (0 to 1) of all durations does not exceed, within 0.55 %: the geometric middle of
    /// the bucket that holds it; `None` when empty. The last of them is the maximum.
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let count = self.count();
        let rank = ((q.clamp(0.0, 1.0) * count as f64).ceil() as u64).max(1);
        let mut seen = 0_u64;
        for &(index, in_bucket) in &self.buckets {
            seen = seen.saturating_add(in_bucket);
            if seen >= rank {
                let max = Duration::from_nanos(self.max_ns);
                return Some(if rank >= count {
                    max
                } else {
                    boundary(f64::from(index) - 0.5).min(max)
                });
            }
        }
        None
    }

    /// How many durations were longer than `limit`, to the bucket: durations in the bucket of `limit` do not count.
    pub fn count_above(&self, limit: Duration) -> u64 {
        let index = prometheus(index(nanos_of(limit)));
        self.buckets
            .iter()
            .filter(|bucket| bucket.0 > index)
            .map(|bucket| bucket.1)
            .sum()
    }

    /// Adds what `other` counted.
    pub fn merge(&mut self, other: &Self) {
        other
            .buckets
            .iter()
            .for_each(|&(index, count)| self.add(index, count));
        self.sum_ns = self.sum_ns.saturating_add(other.sum_ns);
        self.max_ns = self.max_ns.max(other.max_ns);
    }

    /// What was counted since `earlier`, a snapshot of the same histogram.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let before = |index: i32| {
            let found = earlier
                .buckets
                .binary_search_by_key(&index, |bucket| bucket.0);
            found.map_or(0, |at| earlier.buckets[at].1)
        };
        let counted = self
            .buckets
            .iter()
            .map(|&(index, count)| (index, count.saturating_sub(before(index))));
        let buckets: Vec<_> = counted.filter(|bucket| bucket.1 > 0).collect();
        let highest = buckets
            .last()
            .map_or(0, |bucket| nanos_of(boundary(f64::from(bucket.0))));
        let max_ns = if self.max_ns > earlier.max_ns {
            self.max_ns
        } else {
            highest.min(self.max_ns)
        };
        let sum_ns = if buckets.is_empty() {
            0
        } else {
            self.sum_ns.saturating_sub(earlier.sum_ns)
        };
        Self {
            max_ns: if buckets.is_empty() { 0 } else { max_ns },
            buckets,
            sum_ns,
        }
    }

    /// (bucket index, count), ascending, no zero counts.
    pub fn buckets(&self) -> &[(i32, u64)] {
        &self.buckets
    }
}

/// 2^(i/64) seconds; what no `Duration` can hold becomes its end.
fn boundary(i: f64) -> Duration {
    Duration::try_from_secs_f64(2_f64.powf(i / SUB_BUCKETS as f64)).unwrap_or(Duration::MAX)
}

/// Whole nanoseconds; `Duration::MAX` saturates.
pub(crate) fn nanos_of(duration: Duration) -> u64 {
    duration
        .as_secs()
        .saturating_mul(1_000_000_000)
        .saturating_add(u64::from(duration.subsec_nanos()))
}

fn duration_of(ns: u128) -> Duration {
    let seconds = u64::try_from(ns / 1_000_000_000).unwrap_or(u64::MAX);
    Duration::new(seconds, (ns % 1_000_000_000) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(durations: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::default();
        durations
            .into_iter()
            .for_each(|ns| histogram.record(Duration::from_nanos(ns)));
        histogram
    }

    #[test]
    fn quantiles_are_within_the_stated_error() {
        let mut durations: Vec<u64> = (1..20_000_u64)
            .map(|i| i * i * 37 % 9_999_991 + 20)
            .collect();
        let histogram = of(durations.iter().copied());
        durations.sort_unstable();
        for q in [0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0] {
            let exact = durations[((q * durations.len() as f64).ceil() as usize).max(1) - 1] as f64;
            let told = histogram.quantile(q).map_or(0.0, |d| d.as_nanos() as f64);
            assert!(
                (told - exact).abs() <= exact * 0.0055 + 1.0,
                "q {q}: {told} for {exact}"
            );
        }
    }

    #[test]
    fn a_merge_counts_what_both_counted() {
        let (left, right, both) = (
            of([5, 700, 9]),
            of([700, 1 << 50]),
            of([5, 700, 9, 700, 1 << 50]),
        );
        let mut merged = left;
        merged.merge(&right);
        assert_eq!(merged, both);
    }

    #[test]
    fn a_window_is_the_difference() {
        let earlier = of([100, 5_000]);
        let mut later = earlier.clone();
        assert_eq!(later.since(&earlier), Histogram::default());
        later.record(Duration::from_nanos(200));
        let window = later.since(&earlier);
        assert_eq!(
            (window.count(), window.sum()),
            (1, Duration::from_nanos(200))
        );
        assert!(
            window
                .max()
                .is_some_and(|max| (200..=203).contains(&max.as_nanos())),
            "{window:?}"
        );
        later.record(Duration::from_nanos(6_000));
        assert_eq!(
            later.since(&earlier).max(),
            Some(Duration::from_nanos(6_000))
        );
    }

    #[test]
    fn counts_above_a_limit() {
        let histogram = of([1_000, 2_000, 3_000, 4_000]);
        assert_eq!(histogram.count_above(Duration::from_nanos(2_500)), 2);
        assert_eq!(histogram.count_above(Duration::ZERO), 4);
        assert_eq!(histogram.count_above(Duration::MAX), 0);
    }

    #[test]
    fn the_longest_duration_saturates() {
        let mut histogram = Histogram::default();
        histogram.record(Duration::MAX);
        histogram.record(Duration::MAX);
        assert_eq!(histogram.count(), 2);
        assert_eq!(histogram.max(), Some(Duration::from_nanos(u64::MAX)));
        assert!(histogram.sum() > Duration::from_nanos(u64::MAX));
    }

    #[test]
    fn saved_parts_make_the_same_histogram() {
        let histogram = of([3, 3, 90_000]);
        let again = Histogram::from_buckets(
            histogram.buckets().iter().rev().copied(),
            histogram.sum(),
            histogram.max().unwrap_or_default(),
        );
        assert_eq!(again, histogram);
    }
}
