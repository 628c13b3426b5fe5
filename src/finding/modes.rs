//! Two modes in a histogram: two hills with a valley between them.

use crate::report::Distribution;

/// Two kinds of durations in one distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Modes {
    /// The top of the quick hill, seconds.
    pub(super) quick_seconds: f64,
    /// The top of the slow hill, seconds.
    pub(super) slow_seconds: f64,
    /// Share of the durations beyond the valley, 0 to 1.
    pub(super) slow_share: f64,
}

/// Buckets in a bin: 16 bins a power of two, so that chance makes no valleys.
const BIN: i32 = 4;
/// The smaller hill holds at least this share.
const HILL: f64 = 0.05;
/// The valley is at most this high, of the lower top.
const VALLEY: f64 = 0.4;
/// The lower top counts at least this many durations.
const TOP: u64 = 40;
/// The tops are at least this far apart.
const APART: f64 = 1.5;

/// The two modes of `latency`; `None` where it has one.
pub(super) fn modes(latency: &Distribution) -> Option<Modes> {
    let first = latency.buckets.first()?.0.div_euclid(BIN);
    let last = latency.buckets.last()?.0.div_euclid(BIN);
    let bins = usize::try_from(i64::from(last) - i64::from(first) + 1).ok()?;
    let mut heights = vec![0_u64; bins.min(4096)];
    for &(index, count) in &latency.buckets {
        let at = usize::try_from(index.div_euclid(BIN) - first).ok()?;
        if let Some(height) = heights.get_mut(at) {
            *height = height.saturating_add(count);
        }
    }
    // The highest bin up to each one, and from each one on.
    let higher = |best: usize, at: usize| {
        if heights[at] > heights[best] {
            at
        } else {
            best
        }
    };
    let upto = running(0..heights.len(), higher);
    let mut from = running((0..heights.len()).rev(), higher);
    from.reverse();
    let sum = |bins: &[u64]| bins.iter().fold(0_u64, |sum, &bin| sum.saturating_add(bin));
    let all = sum(&heights);
    let mut quick = 0_u64;
    let seconds = |bin: usize| {
        let middle = f64::from(first) + bin as f64 + 0.5;
        Distribution::log2_seconds(middle * f64::from(BIN)).exp2()
    };
    let mut best: Option<(f64, Modes)> = None;
    for valley in 1..heights.len().saturating_sub(1) {
        quick = quick.saturating_add(heights[valley - 1]);
        let (left, right) = (upto[valley - 1], from[valley + 1]);
        let top = heights[left].min(heights[right]);
        let depth = heights[valley] as f64 / top.max(1) as f64;
        let slow = all.saturating_sub(quick);
        let share = slow as f64 / all.max(1) as f64;
        let apart = seconds(right) / seconds(left);
        let two = top >= TOP && depth <= VALLEY && share.min(1.0 - share) >= HILL && apart >= APART;
        if two && best.is_none_or(|(least, _)| depth < least) {
            let modes = Modes {
                quick_seconds: seconds(left),
                slow_seconds: seconds(right),
                slow_share: share,
            };
            best = Some((depth, modes));
        }
    }
    best.map(|(_, modes)| modes)
}

/// The best bin so far at each step.
fn running(
    bins: impl Iterator<Item = usize>,
    better: impl Fn(usize, usize) -> usize,
) -> Vec<usize> {
    let steps = bins.scan(None, |best, at| {
        let now = best.map_or(at, |best| better(best, at));
        *best = Some(now);
        Some(now)
    });
    steps.collect()
}
