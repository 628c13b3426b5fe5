//! Every kernel this CPU can run, against sums in 64-bit floating point.

use super::*;
use crate::Vectors;

const METRICS: [Metric; 2] = [Metric::L2, Metric::InnerProduct];

fn kernels(metric: Metric) -> Vec<Kernel> {
    InstructionSet::ALL
        .into_iter()
        .filter_map(|set| Kernel::with(metric, set))
        .collect()
}

fn random_values(random: &mut fastrand::Rng, count: usize) -> Vec<f32> {
    (0..count).map(|_| random.f32() * 4.0 - 2.0).collect()
}

/// The distance in 64 bits, and how far 32-bit sums of as many terms, added in any order, may be off.
fn reference(metric: Metric, a: &[f32], b: &[f32]) -> (f64, f64) {
    let pairs = a.iter().zip(b).map(|(&a, &b)| (f64::from(a), f64::from(b)));
    let terms: Vec<f64> = match metric {
        Metric::L2 => pairs.map(|(a, b)| (a - b) * (a - b)).collect(),
        _ => pairs.map(|(a, b)| -a * b).collect(),
    };
    let magnitude: f64 = terms.iter().map(|term| term.abs()).sum();
    let start = if metric == Metric::L2 { 0.0 } else { 1.0 };
    let roundings = a.len() as f64 + 3.0;
    (
        start + terms.iter().sum::<f64>(),
        roundings * f64::from(f32::EPSILON) * (magnitude + 1.0),
    )
}

#[test]
fn every_kernel_agrees_with_64_bit_sums_at_any_length_and_alignment() {
    let mut random = fastrand::Rng::with_seed(1);
    for metric in METRICS {
        for kernel in kernels(metric) {
            for dimensions in 0..=300 {
                let (a, b) = (
                    random_values(&mut random, dimensions + 3),
                    random_values(&mut random, dimensions + 3),
                );
                for (from_a, from_b) in [(0, 0), (1, 0), (3, 2)] {
                    let (a, b) = (&a[from_a..][..dimensions], &b[from_b..][..dimensions]);
                    let (expected, slack) = reference(metric, a, b);
                    let found = f64::from(kernel.distance(a, b));
                    assert!(
                        (found - expected).abs() <= slack,
                        "{kernel:?}, {dimensions}: {found} for {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn many_rows_give_the_distances_of_each() {
    let mut random = fastrand::Rng::with_seed(2);
    for metric in METRICS {
        for dimensions in [1, 7, 16, 50, 100, 128, 131] {
            let vectors =
                Vectors::new(dimensions, random_values(&mut random, dimensions * 20)).unwrap();
            let rows = Rows::copy(&vectors, metric, 0..20).unwrap();
            let mut query = Rows::query(dimensions);
            query.set_query(vectors.row(3), metric).unwrap();
            for kernel in kernels(metric) {
                for count in 0..=13 {
                    let ids: Vec<u32> = (0..count).map(|at| (at * 7) % 20).collect();
                    let mut distances = vec![f32::NAN; 5];
                    kernel.distances(query.row(0), &rows, &ids, &mut distances);
                    assert_eq!(distances.len(), ids.len());
                    for (&id, &distance) in ids.iter().zip(&distances) {
                        let (expected, slack) =
                            reference(metric, vectors.row(3), vectors.row(id as usize));
                        assert!(
                            (f64::from(distance) - expected).abs() <= slack,
                            "{kernel:?}, row {id}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn the_shorter_vector_counts() {
    for kernel in kernels(Metric::InnerProduct) {
        assert_eq!(kernel.distance(&[1.0; 40], &[2.0; 33]), -65.0);
        assert_eq!(kernel.distance(&[1.0; 2], &[2.0; 33]), -3.0);
    }
}

#[test]
fn a_row_is_of_unit_length_under_cosine_and_starts_on_a_cache_line() {
    let vectors = Vectors::new(2, vec![3.0, 4.0, 1e-30, 0.0, 5e18, 5e18]).unwrap();
    let rows = Rows::copy(&vectors, Metric::Cosine, [2, 1, 0].into_iter()).unwrap();
    assert_eq!(rows.row(2)[..3], [0.6, 0.8, 0.0]);
    assert_eq!(rows.row(1)[..2], [1.0, 0.0]);
    assert!((rows.row(0)[0] - 0.5_f32.sqrt()).abs() < 1e-6);
    assert!(rows.row(1).as_ptr().addr().is_multiple_of(64));
}

#[test]
fn rows_that_cannot_be_compared_are_named() {
    let check = |values: Vec<f32>, metric, expected: &str| {
        let vectors = Vectors::new(2, values).unwrap();
        let count = vectors.len() as u32;
        let error = Rows::copy(&vectors, metric, 0..count)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(expected), "{error}");
    };
    check(
        vec![1.0, 0.0, 0.0, 0.0],
        Metric::Cosine,
        "vector 1: a zero vector has no direction",
    );
    check(
        vec![1.0, f32::NAN],
        Metric::L2,
        "vector 0: a value is not finite",
    );
    check(
        vec![1.0, 1.0, f32::INFINITY, 0.0],
        Metric::InnerProduct,
        "vector 1: a value is not finite",
    );
    check(
        vec![3e19, 0.0],
        Metric::L2,
        "vector 0: its squared length exceeds",
    );
}
