//! Base-2 exponential histogram of durations, aligned with Prometheus' native schema 6.

mod scheme;

use std::time::Duration;

pub(crate) use scheme::{BUCKETS, OCTAVES, SUB_BUCKETS, index, prometheus};

/// Durations counted in buckets that grow by 2^(1/64): every quantile is within 0.55 % of the truth, or within the
/// nanosecond that a [`Duration`] is rounded to.
///
/// Bucket `i` counts durations in `(2^((i-1)/64), 2^(i/64)]` seconds, as Prometheus' native histograms of schema 6 do;
/// it merges without loss into every coarser schema. Buckets span 1 ns to 2 h 26 min; a longer duration is counted in
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

    /// From what the shards of [`record`](crate::record) add up to: (bucket index, count), ascending, no zero counts.
    pub(crate) fn from_ascending(buckets: Vec<(i32, u64)>, sum_ns: u128, max_ns: u64) -> Self {
        Self {
            buckets,
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

    /// The longest duration; `None` when empty. Exact, but for a window ([`Histogram::since`]) in which the maximum
    /// since the start did not rise: there it is the end of the highest bucket, at most 1.1 % too long.
    pub fn max(&self) -> Option<Duration> {
        (!self.is_empty()).then(|| Duration::from_nanos(self.max_ns))
    }

    /// The duration that a share `q` (0 to 1) of all durations does not exceed, within 0.55 %: the nearest-rank
    /// quantile, as the geometric middle of the bucket that holds it; `None` when empty. `q` = 1 gives the maximum.
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        if q >= 1.0 {
            return self.max();
        }
        // 0.07 × 100 is 7.000000000000001 in floating point; its rank is 7 nevertheless.
        let share = q.max(0.0) * self.count() as f64 * (1.0 - 1e-12);
        let rank = (share.ceil() as u64).max(1);
        let mut seen = 0_u64;
        let (index, _) = self.buckets.iter().find(|bucket| {
            seen = seen.saturating_add(bucket.1);
            seen >= rank
        })?;
        let max = Duration::from_nanos(self.max_ns);
        // The last bucket has no end: what it holds may be hours longer than it.
        let endless = *index >= prometheus(BUCKETS - 1);
        Some(if endless {
            max
        } else {
            boundary(f64::from(*index) - 0.5).min(max)
        })
    }

    /// How many durations were longer than `limit`, to the bucket: durations in the bucket of `limit`, at most 1.1 %
    /// longer than it, do not count.
    pub fn count_above(&self, limit: Duration) -> u64 {
        let index = prometheus(index(nanos_of(limit)));
        let above = self.buckets.iter().filter(|bucket| bucket.0 > index);
        above.fold(0, |sum, bucket| sum.saturating_add(bucket.1))
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
        let max_ns = buckets
            .last()
            .map_or(0, |last| self.max_since(earlier, last.0));
        let sum_ns = if buckets.is_empty() {
            0
        } else {
            self.sum_ns.saturating_sub(earlier.sum_ns)
        };
        Self {
            buckets,
            sum_ns,
            max_ns,
        }
    }

    /// The longest duration counted since `earlier`, `last` being the highest bucket that counted one.
    fn max_since(&self, earlier: &Self, last: i32) -> u64 {
        let end = prometheus(BUCKETS - 1);
        let rose = self.max_ns > earlier.max_ns && prometheus(index(self.max_ns)) == last.min(end);
        if rose || last >= end {
            self.max_ns
        } else {
            nanos_of(boundary(f64::from(last))).min(self.max_ns)
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

/// The geometric middle of the bucket with this dense index, nanoseconds.
#[cfg_attr(
    not(all(feature = "cpu", target_os = "linux")),
    allow(dead_code, reason = "asked for by the CPU profiler")
)]
pub(crate) fn middle_ns(bucket: usize) -> u64 {
    nanos_of(boundary(f64::from(prometheus(bucket)) - 0.5))
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
mod tests;
