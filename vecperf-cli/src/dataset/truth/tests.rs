//! Given neighbours are held against the data; computed ones are kept, and never believed blindly.

use std::fs;
use std::sync::Arc;

use vecperf_engines::Vectors;

use super::super::synthetic::Synthetic;
use super::super::{Quiet, RecallJudge};
use super::*;

fn dataset(seed: u64) -> Dataset {
    let (base, queries) = Synthetic {
        vectors: 300,
        dimensions: 8,
        clusters: 5,
        seed,
        queries: 12,
    }
    .make(&Quiet)
    .unwrap();
    Dataset {
        name: "test".to_owned(),
        base: Arc::new(base),
        queries: Arc::new(queries),
        metric: Some(Metric::L2),
        truth: None,
        notes: Vec::new(),
    }
}

fn get(dataset: &Dataset, metric: Metric, k: usize, cache: &Cache) -> vecperf::Result<Truth> {
    truth(dataset, metric, k, 1, cache, &Quiet)
}

#[test]
fn the_second_run_finds_what_the_first_computed() {
    let directory = tempfile::tempdir().unwrap();
    let cache = Cache::at(directory.path());
    let first = get(&dataset(1), Metric::L2, 10, &cache).unwrap();
    assert_eq!((first.origin, first.notes.len()), (Origin::Computed, 0));
    let second = get(&dataset(1), Metric::L2, 10, &cache).unwrap();
    assert_eq!(
        (second.origin, second.neighbors),
        (Origin::Cached, first.neighbors)
    );
    // A smaller k is part of it; of other data, another metric or a greater k there is nothing.
    assert_eq!(
        get(&dataset(1), Metric::L2, 3, &cache).unwrap().origin,
        Origin::Cached
    );
    assert_eq!(
        get(&dataset(2), Metric::L2, 10, &cache).unwrap().origin,
        Origin::Computed
    );
    assert_eq!(
        get(&dataset(1), Metric::Cosine, 10, &cache).unwrap().origin,
        Origin::Computed
    );
    assert_eq!(
        get(&dataset(1), Metric::L2, 101, &cache).unwrap().origin,
        Origin::Computed
    );
    assert_eq!(
        get(&dataset(1), Metric::L2, 10, &Cache::off())
            .unwrap()
            .origin,
        Origin::Computed
    );
}

#[test]
fn a_damaged_entry_is_said_and_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let cache = Cache::at(directory.path());
    let right = get(&dataset(1), Metric::L2, 10, &cache).unwrap().neighbors;
    let entry = fs::read_dir(directory.path().join("ground-truth"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let whole = fs::read(&entry).unwrap();
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    let damages = [
        Vec::new(),
        whole[..whole.len() - 1].to_vec(),
        [whole.as_slice(), &[0]].concat(),
        flipped(0),
        flipped(16),
        flipped(40),
        flipped(whole.len() - 1),
    ];
    for (which, damage) in damages.into_iter().enumerate() {
        fs::write(&entry, damage).unwrap();
        let again = get(&dataset(1), Metric::L2, 10, &cache).unwrap();
        assert_eq!(
            (again.origin, &again.neighbors),
            (Origin::Computed, &right),
            "damage {which}"
        );
        assert!(
            again.notes[0].contains("damaged") && again.notes[0].contains(".truth"),
            "{:?}",
            again.notes
        );
        assert_eq!(fs::read(&entry).unwrap(), whole, "damage {which}");
    }
}

#[test]
fn a_cache_that_cannot_be_written_is_a_note() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let found = get(&dataset(1), Metric::L2, 10, &Cache::at(&file)).unwrap();
    assert_eq!(found.origin, Origin::Computed);
    assert!(
        found
            .notes
            .iter()
            .any(|note| note.contains("could not be kept")),
        "{:?}",
        found.notes
    );
}

#[test]
fn old_entries_make_room() {
    let directory = tempfile::tempdir().unwrap();
    let cache = Cache::at(directory.path());
    let entries = directory.path().join("ground-truth");
    fs::create_dir(&entries).unwrap();
    for old in 0..100 {
        fs::write(entries.join(format!("{old:032x}.truth")), "old").unwrap();
    }
    get(&dataset(1), Metric::L2, 10, &cache).unwrap();
    assert_eq!(fs::read_dir(&entries).unwrap().count(), 64);
    assert_eq!(
        get(&dataset(1), Metric::L2, 10, &cache).unwrap().origin,
        Origin::Cached
    );
}

/// The data set with these neighbours given to it, as with `--truth`.
fn with(dataset: &Dataset, ids: Ids, metric: Option<Metric>, file: bool) -> Dataset {
    let file = file.then(|| PathBuf::from("truth.ibin"));
    Dataset {
        truth: Some(Given { ids, metric, file }),
        ..dataset.clone()
    }
}

#[test]
fn the_truth_about_something_else_is_refused() {
    let data = dataset(1);
    let of = |data: &Dataset, metric, k| {
        let truth = compute(data, metric, k, 1, &Quiet).unwrap();
        Ids { k, ids: truth.ids }
    };
    let right = of(&data, Metric::L2, 10);
    assert_eq!(
        get(
            &with(&data, right.clone(), None, true),
            Metric::L2,
            10,
            &Cache::off()
        )
        .unwrap()
        .origin,
        Origin::Given
    );

    let half = Dataset {
        base: Arc::new(Vectors::new(8, data.base.values()[..8 * 150].to_vec()).unwrap()),
        ..data.clone()
    };
    let mut beyond = right.clone();
    beyond.ids[25] = 300;
    let fewer = Ids {
        k: 10,
        ids: right.ids[..110].to_vec(),
    };
    let cases = [
        (of(&dataset(2), Metric::L2, 10), "before"),
        (
            of(&data, Metric::InnerProduct, 10),
            "another metric than l2",
        ),
        (of(&half, Metric::L2, 10), "lacks neighbour"),
        (
            of(&data, Metric::L2, 5),
            "lists 5 neighbours a query, wanted are 10",
        ),
        (
            beyond,
            "query 2 has neighbour 300, but there are 300 base vectors",
        ),
        (fewer, "about 11 queries, there are 12"),
    ];
    for (ids, part) in cases {
        let error = get(
            &with(&data, ids.clone(), None, true),
            Metric::L2,
            10,
            &Cache::off(),
        )
        .unwrap_err()
        .to_string();
        assert!(
            error.starts_with("truth.ibin: ") && error.contains(part) && error.contains("--truth"),
            "{part}: {error}"
        );
        // When it came with the data nobody asked for it: computed, and said.
        let own = get(
            &with(&data, ids, None, false),
            Metric::L2,
            10,
            &Cache::off(),
        )
        .unwrap();
        assert_eq!(
            (own.origin, &own.neighbors.ids[..10]),
            (Origin::Computed, &right.ids[..10])
        );
        assert!(own.notes[0].contains(part), "{:?}", own.notes);
    }
    let other = get(
        &with(&data, right, Some(Metric::L2), false),
        Metric::Cosine,
        10,
        &Cache::off(),
    )
    .unwrap();
    assert!(
        other.notes[0].contains("by the metric l2, not cosine"),
        "{:?}",
        other.notes
    );
}

#[test]
fn a_zero_vector_has_no_cosine() {
    let mut data = dataset(1);
    let mut values = data.base.values().to_vec();
    values[7 * 8..8 * 8].fill(0.0);
    data.base = Arc::new(Vectors::new(8, values).unwrap());
    let error = get(&data, Metric::Cosine, 10, &Cache::off())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("row 7 is a zero vector") && error.contains("--metric l2"),
        "{error}"
    );
    assert!(get(&data, Metric::L2, 10, &Cache::off()).is_ok());
}

#[test]
fn more_neighbours_than_vectors_are_all_vectors() {
    let truth = get(&dataset(1), Metric::L2, 1000, &Cache::off())
        .unwrap()
        .neighbors;
    assert_eq!((truth.k, truth.ids.len()), (300, 300 * 12));
    let data = dataset(1);
    let judge = RecallJudge::new(data.base, data.queries, Metric::L2, &truth, 1000);
    assert_eq!(judge.k(), 300);
    let all: Vec<u32> = (0..300).collect();
    assert_eq!(judge.judge(0, &all).by_distance, 300);
}
