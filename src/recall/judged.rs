//! Judged queries as counts, so that windows and sums of them are exact.

use std::collections::BTreeMap;

use super::RecallEstimate;

/// Pairs of k and found that are kept.
const MOST_PAIRS: usize = 65_536;

/// How many judged queries found how many of their `k` true neighbours. Counts, not a mean: what was judged in a
/// window is the difference of two ([`JudgedQueries::since`]).
///
/// ```
/// use vecperf::recall::JudgedQueries;
///
/// let mut judged = JudgedQueries::default();
/// judged.record(5, 10); // during warm-up
/// let warm = judged.clone();
/// judged.record(9, 10);
/// judged.record(10, 10);
/// assert_eq!(judged.since(&warm).estimate().unwrap().mean, 0.95);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JudgedQueries {
    /// By (k, neighbours found): one entry for each pair that occurred.
    counts: BTreeMap<(u32, u32), u64>,
}

impl JudgedQueries {
    /// Counts one query that found `found` of its `k` true neighbours. Nobody finds more than all; a query without
    /// neighbours to find (`k` is 0) is none. Of different pairs of `k` and found 65,536 are kept; more make no recall
    /// anybody could read, and no memory may grow without end.
    pub fn record(&mut self, found: u32, k: u32) {
        let key = (k, found.min(k));
        if k > 0 && (self.counts.len() < MOST_PAIRS || self.counts.contains_key(&key)) {
            *self.counts.entry(key).or_default() += 1;
        }
    }

    /// What was judged since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let new = self.counts.iter().filter_map(|(key, &count)| {
            let before = earlier.counts.get(key).copied().unwrap_or(0);
            Some((*key, count.checked_sub(before).filter(|&new| new > 0)?))
        });
        Self {
            counts: new.collect(),
        }
    }

    /// The recall of the queries judged, at the `k` that most of them asked for; `None` without any.
    pub fn estimate(&self) -> Option<RecallEstimate> {
        let mut queries: BTreeMap<u32, u64> = BTreeMap::new();
        for (&(k, _), &count) in &self.counts {
            *queries.entry(k).or_default() += count;
        }
        let (&k, _) = queries.iter().max_by_key(|&(_, &count)| count)?;
        let groups: Vec<(f64, u64)> = self
            .counts
            .range((k, 0)..=(k, k))
            .map(|(&(_, found), &count)| (f64::from(found) / f64::from(k), count))
            .collect();
        RecallEstimate::from_groups(k, &groups)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_is_that_of_the_same_counts() {
        let mut judged = JudgedQueries::default();
        (0..90).for_each(|_| judged.record(10, 10));
        (0..10).for_each(|_| judged.record(5, 10));
        assert_eq!(
            judged.estimate(),
            RecallEstimate::from_counts(10, &[0, 0, 0, 0, 0, 10, 0, 0, 0, 0, 90])
        );
    }

    #[test]
    fn the_k_of_most_queries_is_told_and_no_k_is_no_query() {
        let mut judged = JudgedQueries::default();
        assert_eq!(judged.estimate(), None);
        judged.record(1, 0);
        assert_eq!(judged.estimate(), None);
        judged.record(1, 100);
        judged.record(10, 10);
        judged.record(12, 10);
        let estimate = judged.estimate().unwrap();
        assert_eq!((estimate.k, estimate.queries, estimate.mean), (10, 2, 1.0));
    }

    #[test]
    fn a_large_k_keeps_its_numbers() {
        let mut judged = JudgedQueries::default();
        judged.record(90_000, 100_000);
        assert_eq!(judged.estimate().unwrap().mean, 0.9);
        judged.record(u32::MAX, u32::MAX);
        judged.record(u32::MAX, u32::MAX);
        assert_eq!(judged.estimate().unwrap().mean, 1.0);
    }

    #[test]
    fn a_window_without_judged_queries_has_no_recall() {
        let mut judged = JudgedQueries::default();
        judged.record(5, 10);
        assert_eq!(judged.since(&judged.clone()).estimate(), None);
    }
}
