//! Growth on known series, and on simulated ones whose true growth is known.

use super::*;

/// A sample a second: `mib` gives its anonymous memory.
fn series(seconds: u32, mut mib: impl FnMut(f64) -> f64) -> Vec<ResourceSample> {
    let sample = |second: u32| ResourceSample {
        at_seconds: f64::from(second),
        anonymous_bytes: Some((mib(f64::from(second)) * MIB) as u64),
        ..ResourceSample::default()
    };
    (0..=seconds).map(sample).collect()
}

fn growth(seconds: u32, mib: impl FnMut(f64) -> f64) -> MemoryGrowth {
    MemoryGrowth::of(&series(seconds, mib)).unwrap()
}

/// Uniform in 0..1, the same at every run of the test (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// About normal: mean 0, deviation 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

#[test]
fn a_steady_leak_is_found_with_a_narrow_interval() {
    let leak = growth(3600, |second| 100.0 + second / 60.0);
    assert!((leak.mb_per_hour - 60.0).abs() < 0.1, "{leak:?}");
    assert!(
        leak.low_mb_per_hour > 59.0 && leak.high_mb_per_hour < 61.0,
        "{leak:?}"
    );
    assert!(leak.is_significant());
    assert_eq!((leak.readings, leak.seconds), (3601, 3600.0));
}

#[test]
fn flat_memory_grows_by_nothing_within_a_step_of_the_system() {
    let flat = growth(600, |_| 100.0);
    assert_eq!(flat.mb_per_hour, 0.0);
    assert!(
        flat.high_mb_per_hour > 1.0 && flat.high_mb_per_hour < 2.0,
        "{flat:?}"
    );
    assert!(!flat.is_significant() && flat.towards(Some(&left(1))).limit_in.is_none());
}

#[test]
fn a_step_at_the_start_is_no_growth() {
    let warm = growth(
        600,
        |second| if second < 60.0 { 20.0 + second } else { 80.0 },
    );
    assert!(
        warm.mb_per_hour.abs() < 1.0 && !warm.is_significant(),
        "{warm:?}"
    );
}

#[test]
fn a_saw_that_comes_back_is_no_growth() {
    let saw = growth(600, |second| 100.0 + 5.0 * (second % 17.0));
    assert!(
        !saw.is_significant() && saw.high_mb_per_hour > 0.0,
        "{saw:?}"
    );
}

#[test]
fn swapped_memory_counts_as_memory_that_grew() {
    let mut swapping = series(600, |_| 100.0);
    for (sample, second) in swapping.iter_mut().zip(0u64..) {
        sample.swapped_bytes = Some(second << 20);
    }
    assert!((MemoryGrowth::of(&swapping).unwrap().mb_per_hour - 3600.0).abs() < 1.0);
}

#[test]
fn too_few_too_short_and_unknown_say_nothing() {
    assert_eq!(MemoryGrowth::of(&series(22, |second| second)), None);
    assert!(MemoryGrowth::of(&series(23, |second| second)).is_some());
    let mut short = series(100, |second| second);
    short
        .iter_mut()
        .for_each(|sample| sample.at_seconds /= 11.0);
    assert_eq!(MemoryGrowth::of(&short), None);
    short.iter_mut().for_each(|sample| sample.at_seconds = 7.0);
    assert_eq!(MemoryGrowth::of(&short), None);
    let unknown = vec![ResourceSample::default(); 100];
    assert_eq!(MemoryGrowth::of(&unknown), None);
}

fn left(mib: u64) -> MemoryHeadroom {
    MemoryHeadroom {
        headroom_bytes: mib << 20,
        ..MemoryHeadroom::default()
    }
}

#[test]
fn the_limit_is_reached_when_what_is_left_is_used_up() {
    let leak = growth(3600, |second| 100.0 + second / 60.0).towards(Some(&left(120)));
    let limit = leak.limit_in.unwrap();
    assert!((limit.minutes - 120.0).abs() < 0.5, "{limit:?}");
    assert!(limit.soonest_minutes < limit.minutes && limit.minutes < limit.latest_minutes);
    let gone = growth(3600, |second| second).towards(Some(&left(0)));
    assert_eq!(gone.limit_in.unwrap().minutes, 0.0);
    assert_eq!(growth(3600, |second| second).towards(None).limit_in, None);
}

/// Of 400 runs with a known growth, at least 92 % of the intervals hold it (95 % is promised; 2.7 standard errors).
fn check_coverage(what: &str, truth_mib: f64, mut run: impl FnMut(&mut Random) -> Vec<f64>) {
    let mut random = Random(7);
    let covered = (0..400)
        .filter(|_| {
            let levels = run(&mut random);
            let mut at = levels.iter();
            let growth = growth(599, |_| 1000.0 + at.next().unwrap());
            let truth = truth_mib * 3600.0 / 600.0;
            growth.low_mb_per_hour <= truth && truth <= growth.high_mb_per_hour
        })
        .count();
    assert!(covered >= 368, "{what}: {covered} of 400");
}

#[test]
fn the_interval_holds_the_truth_whatever_the_noise() {
    check_coverage("independent noise", 60.0, |random| {
        (0..600)
            .map(|i| f64::from(i) * 0.1 + random.normal())
            .collect()
    });
    check_coverage("a random walk", 60.0, |random| {
        let mut walk = 0.0;
        let mut step = |i: u32| {
            walk += random.normal();
            f64::from(i) * 0.1 + walk
        };
        (0..600).map(&mut step).collect()
    });
    check_coverage("a leak in rare jumps", 60.0, |random| {
        let mut leaked = 0.0;
        let mut step = |_| {
            leaked += if random.next() < 0.02 { 5.0 } else { 0.0 };
            leaked + 0.3 * random.normal()
        };
        (0..600).map(&mut step).collect()
    });
}
