//! From flags to data: where queries come from, and what is refused.

use std::fs;

use super::super::{Cache, save, truth};
use super::*;

fn source(dataset: impl std::fmt::Display) -> Source {
    Source {
        dataset: dataset.to_string(),
        ..Source::default()
    }
}

/// `rows` two-dimensional vectors (row, 1) in `name`.
fn file(directory: &Path, name: &str, rows: usize) -> String {
    let values = (0..rows).flat_map(|row| [row as f32, 1.0]).collect();
    let path = directory.join(name);
    save::vectors(&path, &Vectors::new(2, values).unwrap()).unwrap();
    path.display().to_string()
}

#[test]
fn queries_are_held_out_of_a_file_without_any() {
    let directory = tempfile::tempdir().unwrap();
    let path = file(directory.path(), "base.fbin", 100);
    let whole = load(&source(&path), &Quiet).unwrap();
    assert_eq!((whole.base.len(), whole.queries.len()), (90, 10));
    assert_eq!(whole.queries.row(0), [90.0, 1.0]);
    assert!(
        whole.notes[0].contains("rows 90 to 99 were held out"),
        "{:?}",
        whole.notes
    );
    // With a limit, the base is what was asked for and the queries follow.
    let part = load(
        &Source {
            limit: Some(20),
            ..source(&path)
        },
        &Quiet,
    )
    .unwrap();
    assert_eq!((part.base.len(), part.queries.len()), (20, 2));
    assert_eq!(part.queries.row(0), [20.0, 1.0]);
    let cases = [
        ((100, 100), (90, 10)),
        ((100, 95), (86, 9)),
        ((1_000_000, 50_000), (50_000, 1000)),
        ((1, 1), (0, 1)),
        ((2, 1), (1, 1)),
    ];
    for ((rows, limit), expected) in cases {
        assert_eq!(
            held_out(rows, limit),
            expected,
            "{rows} rows, limit {limit}"
        );
    }
}

#[test]
fn queries_that_are_given_are_used() {
    let directory = tempfile::tempdir().unwrap();
    let base = file(directory.path(), "base.fbin", 100);
    let queries = file(directory.path(), "queries.fbin", 3);
    let found = load(
        &Source {
            queries: Some(queries.into()),
            ..source(base)
        },
        &Quiet,
    )
    .unwrap();
    assert_eq!(
        (found.base.len(), found.queries.len(), found.notes.len()),
        (100, 3, 0)
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let base = file(directory.path(), "base.fbin", 100);
    let one = file(directory.path(), "one.fbin", 1);
    let wide = directory.path().join("wide.fbin");
    save::vectors(&wide, &Vectors::new(3, vec![0.5; 6]).unwrap()).unwrap();
    let text = directory.path().join("text.txt");
    fs::write(&text, "vectors").unwrap();
    let cases = [
        (source("glove50"), "did you mean glove-50?"),
        (
            source("/nowhere/at.all"),
            "no such data set, file or directory",
        ),
        (source("/nowhere/base.fbin"), "cannot be read"),
        (source(text.display()), "unknown format"),
        (
            source(directory.path().join("").display()),
            "the queries have",
        ),
        (source(&one), "no query can be held out"),
        (
            Source {
                limit: Some(0),
                ..source(&base)
            },
            "--limit 0",
        ),
        (
            Source {
                queries: Some(wide),
                ..source(&base)
            },
            "wide.fbin: the queries have 3 dimensions, the base vectors 2",
        ),
        (
            Source {
                truth: Some(base.clone().into()),
                ..source(&base)
            },
            "holds coordinates",
        ),
    ];
    fs::copy(
        directory.path().join("wide.fbin"),
        directory.path().join("queries.fbin"),
    )
    .unwrap();
    for (source, part) in cases {
        let error = load(&source, &Quiet).unwrap_err().to_string();
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn a_directory_holds_all_that_belongs_together() {
    let directory = tempfile::tempdir().unwrap();
    let made = load(&source("synthetic:n=200,dim=4,queries=10"), &Quiet).unwrap();
    let exact = truth(&made, Metric::L2, 5, 1, &Cache::off(), &Quiet)
        .unwrap()
        .neighbors;
    let card = directory::Card {
        name: "mine".to_owned(),
        metric: "l2".to_owned(),
        source: "a test".to_owned(),
    };
    let path = directory.path().join("new/mine");
    directory::save(&path, &made.base, &made.queries, &exact, &card).unwrap();
    let found = load(&source(path.display()), &Quiet).unwrap();
    assert_eq!(
        (found.name.as_str(), found.metric),
        ("mine", Some(Metric::L2))
    );
    assert_eq!((&found.base, &found.queries), (&made.base, &made.queries));
    let again = truth(&found, Metric::L2, 5, 1, &Cache::off(), &Quiet).unwrap();
    assert_eq!(
        (again.origin, &again.neighbors.ids),
        (super::super::Origin::Given, &exact.ids)
    );
    let part = load(
        &Source {
            limit: Some(50),
            ..source(path.display())
        },
        &Quiet,
    )
    .unwrap();
    assert_eq!(
        (part.base.len(), part.truth),
        (50, None),
        "the neighbours are those of the whole"
    );
    fs::write(
        path.join("dataset.json"),
        r#"{"name": "mine", "metric": "manhattan", "source": ""}"#,
    )
    .unwrap();
    let error = load(&source(path.display()), &Quiet)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("dataset.json") && error.contains("manhattan") && error.contains("cosine"),
        "{error}"
    );
}

#[test]
fn writing_that_breaks_off_leaves_no_truth_about_other_vectors() {
    let directory = tempfile::tempdir().unwrap();
    let made = load(
        &source("synthetic:n=200,dim=4,queries=10,clusters=5"),
        &Quiet,
    )
    .unwrap();
    let exact = super::super::compute(&made, Metric::L2, 5, 1, &Quiet).unwrap();
    let card = directory::Card::new("mine".to_owned(), Metric::L2, "a test".to_owned());
    let save = || directory::save(directory.path(), &made.base, &made.queries, &exact, &card);
    save().unwrap();
    let queries = directory.path().join("queries.fbin");
    fs::remove_file(&queries).unwrap();
    fs::create_dir(&queries).unwrap();
    let error = format!("{:?}", save().unwrap_err());
    assert!(error.contains("queries.fbin: cannot be written"), "{error}");
    let mut left: Vec<_> = fs::read_dir(directory.path())
        .unwrap()
        .map(|file| file.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["base.fbin", "queries.fbin"]);
}
