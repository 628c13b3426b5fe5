//! A histogram against the durations themselves.

use proptest::prelude::*;

use super::*;

fn of(nanos: &[u64]) -> Histogram {
    let mut histogram = Histogram::default();
    for &nanos in nanos {
        histogram.record(Duration::from_nanos(nanos));
    }
    histogram
}

fn durations() -> impl Strategy<Value = Vec<u64>> {
    let duration = (0..42u32, any::<u64>())
        .prop_map(|(octave, bits)| (1 << octave) | (bits & ((1 << octave) - 1)));
    prop::collection::vec(duration, 1..300)
}

proptest! {
    #[test]
    fn quantiles_are_within_their_error(mut nanos in durations(), q in 0.0..=1.0f64) {
        let found = of(&nanos).quantile(q).unwrap().as_nanos() as f64;
        nanos.sort_unstable();
        let rank = ((q * nanos.len() as f64).ceil() as usize).max(1);
        let truth = nanos[rank - 1] as f64;
        prop_assert!((found - truth).abs() <= truth * 0.0055 + 0.5, "{found} for {truth}");
    }

    #[test]
    fn merging_equals_counting_together(one in durations(), other in durations()) {
        let mut merged = of(&one);
        merged.merge(&of(&other));
        prop_assert_eq!(merged, of(&[one, other].concat()));
    }

    #[test]
    fn a_window_is_what_was_counted_in_it(before in durations(), within in durations()) {
        let (start, end) = (of(&before), of(&[before, within.clone()].concat()));
        let (window, truth) = (end.since(&start), of(&within));
        prop_assert_eq!(window.buckets(), truth.buckets());
        prop_assert_eq!(window.sum(), truth.sum());
        let (max, true_max) = (window.max().unwrap().as_nanos() as f64, truth.max().unwrap().as_nanos() as f64);
        prop_assert!(max >= true_max && max <= true_max * 1.0110, "{max} for {true_max}");
        if end.max() > start.max() {
            prop_assert_eq!(window.max(), truth.max());
        }
    }

    #[test]
    fn violations_are_counted_to_the_bucket(nanos in durations(), limit in 1u64..1 << 42) {
        let above = |limit: f64| nanos.iter().filter(|&&nanos| nanos as f64 > limit).count() as u64;
        let found = of(&nanos).count_above(Duration::from_nanos(limit));
        prop_assert!(found <= above(limit as f64) && found >= above(limit as f64 * 1.011));
    }

    #[test]
    fn a_saved_histogram_comes_back(nanos in durations()) {
        let saved = of(&nanos);
        let shuffled = saved.buckets().iter().rev().flat_map(|&(index, count)| [(index, count), (index, 0)]);
        let read = Histogram::from_buckets(shuffled, saved.sum(), saved.max().unwrap());
        prop_assert_eq!(read, saved);
    }
}

#[test]
fn an_empty_histogram_says_so() {
    let empty = Histogram::default();
    assert!(empty.is_empty());
    assert_eq!(
        (
            empty.count(),
            empty.mean(),
            empty.max(),
            empty.quantile(0.5)
        ),
        (0, None, None, None)
    );
    assert_eq!(empty.count_above(Duration::ZERO), 0);
    assert_eq!(empty.since(&empty), empty);
    assert!(of(&[5]).since(&of(&[5])).is_empty());
}

#[test]
fn ranks_are_exact_where_floating_point_is_not() {
    let hundred = of(&(1..=100).map(|n| n * 1_000_000).collect::<Vec<_>>());
    for percent in 1..=100u64 {
        let found = hundred
            .quantile(percent as f64 / 100.0)
            .unwrap()
            .as_secs_f64()
            * 1e3;
        assert!(
            (found / percent as f64 - 1.0).abs() < 0.0055,
            "{percent} % gave {found} ms"
        );
    }
    assert_eq!(hundred.quantile(1.0), hundred.max());
    assert_eq!(hundred.quantile(f64::NAN), hundred.quantile(0.0));
    assert_eq!(hundred.quantile(-1.0), hundred.quantile(0.0));
}

#[test]
fn absurd_durations_neither_wrap_nor_vanish() {
    let mut histogram = of(&[0]);
    histogram.record(Duration::MAX);
    histogram.record(Duration::MAX);
    assert_eq!(histogram.count(), 3);
    assert_eq!(histogram.max(), Some(Duration::from_nanos(u64::MAX)));
    assert_eq!(histogram.quantile(0.9), histogram.max());
    assert_eq!(histogram.sum(), 2 * Duration::from_nanos(u64::MAX));
    assert_eq!(histogram.count_above(Duration::from_secs(3600)), 2);
}

#[test]
fn nonsense_in_a_file_is_survived() {
    let nonsense = [(i32::MIN, 1), (i32::MAX, u64::MAX), (i32::MAX, 7), (3, 0)];
    let histogram = Histogram::from_buckets(nonsense, Duration::MAX, Duration::from_secs(1));
    assert_eq!(histogram.count(), u64::MAX);
    assert_eq!(histogram.quantile(0.0), Some(Duration::ZERO));
    assert_eq!(histogram.quantile(0.999), Some(Duration::from_secs(1)));
}
