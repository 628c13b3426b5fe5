//! The text of `list` and `info`, and a data set prepared from a file.

use std::path::Path;

use clap::Parser;

use super::*;
use crate::dataset::{Cache, Origin, Quiet, truth};

#[derive(Debug, Parser)]
struct Line {
    #[command(subcommand)]
    command: DatasetCommand,
}

/// What `vecperf dataset WORDS` prints.
fn dataset(words: &[&str]) -> Result<String> {
    let line = Line::try_parse_from(["dataset"].iter().chain(words)).unwrap();
    run(&line.command, &Quiet)
}

#[test]
fn the_list_names_what_bench_takes() {
    let text = dataset(&["list"]).unwrap();
    for part in [
        "glove-50",
        "PDDL 1.0",
        ".fvecs",
        ".npy",
        "hdf5",
        "synthetic:n=10000,dim=64",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn what_a_data_set_holds_is_told() {
    let text = dataset(&["info", "glove-50"]).unwrap();
    assert_eq!(
        text,
        "name          glove-50\n\
         base vectors  25,000 of 50 dimensions, 4.8 MiB\n\
         queries       1,000\n\
         metric        ip\n\
         ground truth  the nearest 100 of each query\n\
         lengths       unit\n\
         repeated      0 vectors equal an earlier one, and tie with it\n"
    );
}

/// A `.npy` of `rows` vectors (row, 1).
fn npy(path: &Path, rows: usize) {
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, 2), }}\n");
    let values = (0..rows)
        .flat_map(|row| [row as f32, 1.0].map(f32::to_le_bytes))
        .flatten();
    let start = [
        b"\x93NUMPY\x01\x00".as_slice(),
        &(header.len() as u16).to_le_bytes(),
        header.as_bytes(),
    ]
    .concat();
    std::fs::write(path, start.into_iter().chain(values).collect::<Vec<u8>>()).unwrap();
}

#[test]
fn a_prepared_directory_is_a_data_set_with_its_truth() {
    let directory = tempfile::tempdir().unwrap();
    let [source, output] =
        ["rows.npy", "mine"].map(|name| directory.path().join(name).display().to_string());
    npy(Path::new(&source), 1000);
    let words = [
        "prepare",
        "--source",
        &source,
        "--count",
        "100",
        "--queries",
        "20",
        "--k",
        "5",
        "--output",
        &output,
    ];
    let text = dataset(&words).unwrap();
    assert!(
        text.contains("name          mine\n") && text.contains("queries       20\n"),
        "{text}"
    );

    let found = load(
        &Source {
            dataset: output.clone(),
            ..Source::default()
        },
        &Quiet,
    )
    .unwrap();
    assert_eq!(
        (found.base.len(), found.base.row(99)),
        (100, [99.0, 1.0].as_slice())
    );
    // Drawn without repetition from the 300 rows after the base.
    let mut drawn: Vec<f32> = found.queries.rows().map(|row| row[0]).collect();
    drawn.sort_by(f32::total_cmp);
    drawn.dedup();
    assert!(
        drawn.len() == 20 && drawn[0] >= 100.0 && drawn[19] < 400.0,
        "{drawn:?}"
    );
    let exact = truth(
        &found,
        vecperf_engines::Metric::L2,
        5,
        1,
        &Cache::off(),
        &Quiet,
    )
    .unwrap();
    assert_eq!(
        (exact.origin, &exact.neighbors.ids[..5]),
        (Origin::Given, [99, 98, 97, 96, 95].as_slice())
    );

    let error = dataset(&words).unwrap_err().to_string();
    assert!(
        error.contains("holds a data set already") && error.contains("--force"),
        "{error}"
    );
    let again = [
        words.as_slice(),
        &["--force", "--normalize", "--metric", "ip"],
    ]
    .concat();
    assert!(dataset(&again).unwrap().contains("lengths       unit\n"));
}

#[test]
fn what_cannot_be_prepared_is_explained() {
    let directory = tempfile::tempdir().unwrap();
    let source = directory.path().join("rows.npy").display().to_string();
    let output = directory.path().join("out").display().to_string();
    npy(Path::new(&source), 1000);
    let cases: [(&[&str], &str); 4] = [
        (
            &["--count", "990", "--queries", "11"],
            "holds 1,000 rows. Wanted are 990 base vectors and 11 queries",
        ),
        (
            &["--queries", "1000"],
            "Take a smaller --count or --queries",
        ),
        (&["--queries", "0"], "--queries 0"),
        (&["--k", "0"], "--k 0"),
    ];
    for (flags, part) in cases {
        let words = [
            &["prepare", "--source", &source, "--output", &output],
            flags,
        ]
        .concat();
        let error = dataset(&words).unwrap_err().to_string();
        assert!(error.contains(part), "{part}: {error}");
        assert!(!Path::new(&output).exists(), "nothing is half written");
    }
}
