//! Files as ann-benchmarks makes them, and what damage does to them.

use std::fs;

use hdf5_pure::FileBuilder;
use proptest::prelude::*;

use super::*;
use crate::dataset::{Cache, Origin, Source, load, truth};

const TRAIN: [f32; 12] = [0.0, 0.0, 1.0, 0.0, 2.0, 0.0, 3.0, 0.0, 4.0, 0.0, 5.0, 0.0];
const TEST: [f32; 4] = [0.1, 0.0, 3.9, 0.0];
const NEIGHBORS: [i32; 4] = [0, 1, 4, 3];

/// 6 base vectors, 2 queries, 2 neighbours each.
fn content(distance: &str, compressed: bool) -> Vec<u8> {
    let mut file = FileBuilder::new();
    let train = file.create_dataset("train");
    train.with_f32_data(&TRAIN).with_shape(&[6, 2]);
    if compressed {
        train.with_chunks(&[4, 2]).with_deflate(6);
    }
    file.create_dataset("test")
        .with_f32_data(&TEST)
        .with_shape(&[2, 2]);
    file.create_dataset("neighbors")
        .with_i32_data(&NEIGHBORS)
        .with_shape(&[2, 2]);
    file.create_dataset("distances")
        .with_f32_data(&[0.1, 0.9, 0.1, 0.9])
        .with_shape(&[2, 2]);
    file.set_attr("distance", AttrValue::String(distance.to_owned()));
    file.finish().unwrap()
}

/// Reads a file with this content.
fn bundle(content: &[u8], limit: Option<usize>) -> Result<Bundle> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data.hdf5");
    fs::write(&path, content).unwrap();
    read(&path, limit, &Quiet)
}

#[test]
fn a_file_of_ann_benchmarks_is_read_whole() {
    for compressed in [false, true] {
        let found = bundle(&content("euclidean", compressed), None).unwrap();
        assert_eq!(
            (found.base.values(), found.queries.values()),
            (TRAIN.as_slice(), TEST.as_slice())
        );
        assert_eq!((found.rows, found.metric), (6, Some(Metric::L2)));
        assert_eq!(
            found.neighbors,
            Some(Ids {
                k: 2,
                ids: vec![0, 1, 4, 3]
            })
        );
        let part = bundle(&content("angular", compressed), Some(5)).unwrap();
        assert_eq!(
            (part.base.values(), part.rows, part.metric),
            (&TRAIN[..10], 6, Some(Metric::Cosine))
        );
    }
}

#[test]
fn its_neighbours_are_the_ground_truth() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("small.hdf5");
    fs::write(&path, content("euclidean", true)).unwrap();
    let source = Source {
        dataset: path.display().to_string(),
        ..Source::default()
    };
    let dataset = load(&source, &Quiet).unwrap();
    let exact = truth(&dataset, Metric::L2, 2, 1, &Cache::off(), &Quiet).unwrap();
    assert_eq!(
        (exact.origin, exact.neighbors.ids),
        (Origin::Given, vec![0, 1, 4, 3])
    );
}

#[test]
fn other_distances_shapes_and_types_are_named() {
    let mut flat = FileBuilder::new();
    flat.create_dataset("train")
        .with_f32_data(&TRAIN)
        .with_shape(&[12]);
    let mut whole_numbers = FileBuilder::new();
    whole_numbers
        .create_dataset("train")
        .with_i32_data(&[1, 2])
        .with_shape(&[1, 2]);
    whole_numbers
        .create_dataset("test")
        .with_i32_data(&[1, 2])
        .with_shape(&[1, 2]);
    let good = content("euclidean", false);
    let cases = [
        (
            content("jaccard", false),
            "the distance \"jaccard\". Expected: angular, euclidean or dot",
        ),
        (flat.finish().unwrap(), "train has the shape [12]"),
        (
            whole_numbers.finish().unwrap(),
            "train holds i32. Expected: floats",
        ),
        (
            FileBuilder::new().finish().unwrap(),
            "no readable data set \"train\"",
        ),
        (good[..good.len() / 2].to_vec(), "data.hdf5: "),
        (
            b"something else entirely".to_vec(),
            "cannot be opened as HDF5",
        ),
    ];
    for (content, part) in cases {
        let error = bundle(&content, None).unwrap_err().to_string();
        assert!(error.contains(part), "{part}: {error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is done to a file: an error, or no more values than deflate could have packed into it.
    #[test]
    fn no_mutation_panics(compressed: bool, changes in prop::collection::vec((0usize..4096, any::<u8>()), 1..8), cut in 0usize..2) {
        let mut content = content("euclidean", compressed);
        for (place, byte) in changes {
            let place = place % content.len();
            content[place] = byte;
        }
        content.truncate(content.len() - cut * content.len() / 3);
        if let Ok(found) = bundle(&content, None) {
            prop_assert!(found.base.values().len() as u64 * 4 <= content.len() as u64 * MAX_RATIO);
        }
    }
}
