//! The interval against exact values, and its coverage in simulated runs.

use super::*;

#[test]
fn nothing_judged_is_no_estimate() {
    assert_eq!(RecallEstimate::from_queries(10, []), None);
    assert_eq!(RecallEstimate::from_queries(10, [f64::NAN]), None);
    assert_eq!(RecallEstimate::from_counts(10, &[0; 11]), None);
    assert_eq!(RecallEstimate::from_counts(0, &[5]), None);
}

#[test]
fn queries_and_counts_agree() {
    let queries = RecallEstimate::from_queries(4, [1.0, 0.75, 1.0, 0.5, 1.0]).unwrap();
    assert_eq!(
        queries,
        RecallEstimate::from_counts(4, &[0, 0, 1, 1, 3]).unwrap()
    );
    assert_eq!((queries.k, queries.queries, queries.mean), (4, 5, 0.85));
    assert!(queries.low < queries.mean && queries.mean < queries.high);
}

#[test]
fn values_no_recall_can_have_do_no_harm() {
    let estimate = RecallEstimate::from_queries(1, [f64::INFINITY, -3.0, f64::NAN]).unwrap();
    assert_eq!((estimate.queries, estimate.mean), (2, 0.5));
    assert_eq!(
        RecallEstimate::from_counts(2, &[0, 0, 1, 9]).unwrap().mean,
        1.0
    );
}

/// All-or-nothing queries: the exact binomial interval (Clopper–Pearson, to 8 digits).
#[test]
fn is_clopper_pearson_for_all_or_nothing_queries() {
    for (hits, misses, low, high) in [
        (100, 0, 0.963_783_31, 1.0),
        (97, 3, 0.914_823_95, 0.993_770_03),
        (90, 10, 0.823_777_40, 0.950_995_31),
        (5, 5, 0.187_086_03, 0.812_913_97),
        (0, 10, 0.0, 0.308_497_11),
        (1000, 0, 0.996_317_92, 1.0),
    ] {
        let estimate = RecallEstimate::from_counts(1, &[misses, hits]).unwrap();
        let (low_off, high_off) = (low - estimate.low, estimate.high - high);
        assert!(
            (-1e-4 * (1.0 - low)..=0.006 * (1.0 - low)).contains(&low_off),
            "{hits}/{misses}: {estimate:?}"
        );
        assert!(
            (-1e-4 * high..=0.006 * high).contains(&high_off),
            "{hits}/{misses}: {estimate:?}"
        );
    }
}

#[test]
fn many_queries_approach_the_normal_interval() {
    let estimate = RecallEstimate::from_counts(4, &[0, 0, 100_000, 200_000, 700_000]).unwrap();
    let deviation = (0.1 * 0.4_f64.powi(2) + 0.2 * 0.15_f64.powi(2) + 0.7 * 0.1_f64.powi(2)).sqrt();
    let half = Z * deviation / 1000.0;
    assert!(
        (estimate.mean - estimate.low - half).abs() < 0.02 * half,
        "{estimate:?}"
    );
    assert!(
        (estimate.high - estimate.mean - half).abs() < 0.02 * half,
        "{estimate:?}"
    );
}

#[test]
fn extremes_stay_finite_and_in_order() {
    for counts in [
        &[u64::MAX / 4, 1][..],
        &[1, u64::MAX / 4],
        &[1],
        &[0, 1],
        &[1, 1],
    ] {
        let estimate = RecallEstimate::from_counts(1, counts).unwrap();
        assert!(
            0.0 <= estimate.low && estimate.low <= estimate.mean,
            "{estimate:?}"
        );
        assert!(
            estimate.mean <= estimate.high && estimate.high <= 1.0,
            "{estimate:?}"
        );
    }
}

/// Uniform numbers in 0..1 (SplitMix64), the same in every run.
struct Random(u64);

impl Random {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
    /// Neighbours found of `k`, each with probability `p`.
    fn found(&mut self, k: u32, p: f64) -> usize {
        (0..k).filter(|_| self.uniform() < p).count()
    }
    /// The `a`-th smallest of `a + b - 1` uniforms is Beta(a, b).
    fn beta(&mut self, a: usize, b: usize) -> f64 {
        let mut uniforms: Vec<f64> = (0..a + b - 1).map(|_| self.uniform()).collect();
        uniforms.sort_by(f64::total_cmp);
        uniforms[a - 1]
    }
}

/// Share of 400 simulated runs of `n` queries whose interval holds the true mean, and their normal interval's.
fn coverage(
    n: usize,
    k: u32,
    truth: f64,
    mut query: impl FnMut(&mut Random) -> usize,
) -> (f64, f64) {
    let mut random = Random(n as u64);
    let (mut held, mut normal_held) = (0, 0);
    for _ in 0..400 {
        let mut counts = vec![0; k as usize + 1];
        (0..n).for_each(|_| counts[query(&mut random)] += 1);
        let estimate = RecallEstimate::from_counts(k, &counts).unwrap();
        held += u32::from(estimate.low <= truth && truth <= estimate.high);
        let square = |(found, &count): (usize, &u64)| {
            (found as f64 / f64::from(k) - estimate.mean).powi(2) * count as f64
        };
        let deviation =
            (counts.iter().enumerate().map(square).sum::<f64>() / (n - 1) as f64).sqrt();
        normal_held +=
            u32::from((estimate.mean - truth).abs() <= Z * deviation / (n as f64).sqrt());
    }
    (f64::from(held) / 400.0, f64::from(normal_held) / 400.0)
}

#[test]
fn holds_the_truth_in_95_of_100_runs_whatever_the_shape() {
    for n in [50, 200, 1000] {
        let shapes = [
            ("even", coverage(n, 10, 0.9, |random| random.found(10, 0.9))),
            (
                "near 1",
                coverage(n, 10, 0.999, |random| random.found(10, 0.999)),
            ),
            (
                "hard and easy",
                coverage(n, 10, 0.95, |random| {
                    let p = random.beta(19, 1);
                    random.found(10, p)
                }),
            ),
            (
                "very uneven",
                coverage(n, 10, 0.75, |random| {
                    let p = random.beta(3, 1);
                    random.found(10, p)
                }),
            ),
            (
                "some broken",
                coverage(
                    n,
                    10,
                    0.98,
                    |random| if random.uniform() < 0.02 { 0 } else { 10 },
                ),
            ),
            (
                "rarely broken",
                coverage(
                    n,
                    10,
                    0.995,
                    |random| if random.uniform() < 0.005 { 0 } else { 10 },
                ),
            ),
            (
                "half",
                coverage(n, 100, 0.5, |random| random.found(100, 0.5)),
            ),
        ];
        for (shape, (held, normal_held)) in shapes {
            println!("{n:>5} {shape:<14} {held:.3} normal {normal_held:.3}");
            // 0.95 less three standard errors of 400 runs; discrete shapes hold more often.
            assert!(held >= 0.917, "{n} queries, {shape}: {held}");
        }
    }
}
