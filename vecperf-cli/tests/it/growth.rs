//! `vecperf flame` and `functions` on memory: which value is shown, and what grew between two profiles.

use std::fs;

use vecperf::export::pprof;
use vecperf::profile::{
    Builder, Function, Line, Location, OperationCounts, Profile, ValueType, names,
};

use crate::Place;

const KIB: i64 = 1024;
const MS: i64 = 1_000_000;

/// A stack, root first; objects and bytes allocated, objects and bytes in use.
type Site<'a> = (&'a [&'a str], [i64; 4]);

fn heap(sites: &[Site<'_>]) -> Profile {
    let kinds = [
        "alloc_objects",
        "alloc_space",
        "inuse_objects",
        "inuse_space",
    ];
    let units = ["count", "bytes", "count", "bytes"];
    let mut profile = stacks(
        sites
            .iter()
            .map(|(stack, values)| (*stack, values.to_vec())),
    );
    profile.value_types = kinds
        .iter()
        .zip(units)
        .map(|(kind, unit)| ValueType {
            kind: (*kind).to_owned(),
            unit: unit.to_owned(),
        })
        .collect();
    profile
}

/// The order of the functions in the file is not that of the stacks, and not the same in all profiles.
fn stacks<'a>(samples: impl DoubleEndedIterator<Item = (&'a [&'a str], Vec<i64>)>) -> Profile {
    let mut builder = Builder::cpu(1);
    for (stack, values) in samples.rev() {
        let frame = |name: &&str| {
            let function = builder.function(Function {
                name: (*name).to_owned(),
                ..Function::default()
            });
            builder.location(Location {
                lines: vec![Line { function, line: 1 }],
                ..Location::default()
            })
        };
        let leaf_first = stack.iter().rev().map(frame).collect();
        builder.sample(leaf_first, values, vec![]);
    }
    builder.finish()
}

const BEFORE: &[Site<'_>] = &[
    (&["main", "load"], [1, 900 * KIB, 1, 900 * KIB]),
    (&["main", "serve", "cache"], [10, 100 * KIB, 10, 100 * KIB]),
    (&["main", "serve", "parse"], [50, 5 * KIB, 20, 2 * KIB]),
];
const AFTER: &[Site<'_>] = &[
    (&["main", "load"], [1, 900 * KIB, 1, 900 * KIB]),
    (&["main", "serve", "cache"], [15, 150 * KIB, 15, 150 * KIB]),
    (&["main", "serve", "parse"], [99, 10 * KIB, 0, 0]),
    (&["main", "serve", "log"], [3, 30 * KIB, 1, 10 * KIB]),
];

fn place() -> Place {
    let place = Place::new();
    for (name, profile) in [("before.prof", heap(BEFORE)), ("after.prof", heap(AFTER))] {
        fs::write(place.path(name), pprof::write(&profile)).unwrap();
    }
    place
}

/// The columns of a row of numbers and a function.
fn row(table: &str, function: &str) -> Vec<String> {
    let line = table.lines().find(|line| line.ends_with(function));
    let line = line.unwrap_or_else(|| panic!("no {function} in {table}"));
    line.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn a_heap_profile_shows_what_is_in_use_unless_told_otherwise() {
    let place = place();
    let folded = |more: &str| {
        let command = format!("flame after.prof --format folded -o - {more}");
        place.run(&command).with(0).stdout
    };
    assert_eq!(
        folded(""),
        "main;load 921600\nmain;serve;cache 153600\nmain;serve;log 10240\n"
    );
    assert_eq!(
        folded("--value alloc_objects"),
        "main;load 1\nmain;serve;cache 15\nmain;serve;log 3\nmain;serve;parse 99\n"
    );
    let table = place.run("functions after.prof --top 1").with(0).stdout;
    assert!(table.starts_with("inuse_space: 1.04 MiB\n"), "{table}");
    let table = place.run("functions after.prof --value inuse_objects");
    assert!(table.stdout.starts_with("inuse_objects: 17"), "{table:?}");
    let svg = place.run("flame after.prof -o -").with(0).stdout;
    assert!(
        svg.contains("<title>load (921,600 bytes, 84.91%)</title>"),
        "{svg}"
    );
}

#[test]
fn functions_of_two_profiles_stand_beside_each_other() {
    let table = place()
        .run("functions after.prof --base before.prof")
        .with(0);
    let table = table.stdout;
    assert!(
        table.starts_with("inuse_space: after.prof against before.prof\nself: 1.04 MiB after.prof, 0.979 MiB before.prof\n"),
        "{table}"
    );
    let words = |function| row(&table, function).join(" ");
    assert_eq!(words("cache"), "150 KiB 100 KiB +50.0 KiB cache");
    assert_eq!(words("log"), "10.0 KiB 0 +10.0 KiB log");
    assert_eq!(words("load"), "900 KiB 900 KiB 0 load");
    assert_eq!(words("parse"), "0 2.00 KiB -2.00 KiB parse");
    // What grew most comes first.
    let first = table.lines().nth(4).unwrap();
    assert!(first.ends_with("cache"), "{table}");
}

#[test]
fn of_memory_the_picture_shows_what_grew() {
    let place = place();
    let ended = place
        .run("flame after.prof --base before.prof -o -")
        .with(0);
    for text in [
        "inuse_space: what grew from before.prof to after.prof",
        "60.0 KiB grew, 2.00 KiB shrank",
        "<title>cache (51,200 bytes, 83.33%; +83.33%)</title>",
        "<title>log (10,240 bytes, 16.67%; +16.67%)</title>",
    ] {
        assert!(ended.stdout.contains(text), "no {text} in {}", ended.stdout);
    }
    assert!(
        !ended.stdout.contains("<title>load"),
        "what stayed is not growth"
    );
    assert!(
        ended
            .stderr
            .contains("not in the picture: 2.00 KiB that shrank"),
        "{}",
        ended.stderr
    );

    // Other tools take the difference themselves: earlier, later.
    let folded = place.run("flame after.prof --base before.prof --format folded -o -");
    assert_eq!(
        folded.with(0).stdout,
        "main;load 921600 921600\nmain;serve;cache 102400 153600\nmain;serve;log 0 10240\nmain;serve;parse 2048 0\n"
    );

    let none = place.run("flame after.prof --base after.prof -o -").with(4);
    assert!(
        none.stderr.contains("nothing grew, 0 B shrank"),
        "{}",
        none.stderr
    );
    assert!(
        none.stderr.contains("from after.prof to after.prof"),
        "{}",
        none.stderr
    );
}

#[test]
fn a_profile_that_is_a_difference_shows_what_grew() {
    let place = Place::new();
    let growth = heap(&[
        (&["main", "serve", "cache"], [5, 50 * KIB, 5, 50 * KIB]),
        (&["main", "serve", "parse"], [0, 0, -20, -20 * KIB]),
        (&["main", "evict"], [0, 0, -1, -40 * KIB]),
    ]);
    fs::write(place.path("growth.prof"), pprof::write(&growth)).unwrap();
    let table = place
        .run("functions growth.prof --sort total")
        .with(0)
        .stdout;
    assert!(
        table.starts_with(
            "inuse_space: grown against shrunk\ntotal: 50.0 KiB grown, 60.0 KiB shrunk\n"
        ),
        "{table}"
    );
    let words = |function| row(&table, function).join(" ");
    assert_eq!(words("serve"), "50.0 KiB 20.0 KiB +30.0 KiB serve");
    assert_eq!(words("main"), "50.0 KiB 60.0 KiB -10.0 KiB main");
    let svg = place.run("flame growth.prof -o -").with(0).stdout;
    for text in [
        "inuse_space: what grew<",
        "<title>cache (51,200 bytes, 100.00%; +100.00%)</title>",
    ] {
        assert!(svg.contains(text), "no {text} in {svg}");
    }
    let refused = place
        .run("functions growth.prof --cohort a --against rest")
        .with(2);
    assert!(
        refused.stderr.contains("a difference already"),
        "{}",
        refused.stderr
    );
}

#[test]
fn cpu_time_of_two_runs_is_compared_per_operation_where_both_count_them() {
    let place = Place::new();
    let write = |name: &str, searches: Option<u64>, ns: [i64; 2]| {
        let stack = |leaf, ns: i64| (leaf, vec![1, ns]);
        let mut profile = stacks(
            [
                stack(["main", "distance"].as_slice(), ns[0]),
                stack(["main", "visit"].as_slice(), ns[1]),
            ]
            .into_iter(),
        );
        if let Some(searches) = searches {
            let mut counts = OperationCounts::default();
            counts.set("search", names::ALL, searches);
            let mut builder = Builder::cpu(1);
            builder.operations(&counts);
            profile.comments = builder.finish().comments;
        }
        fs::write(place.path(name), pprof::write(&profile)).unwrap();
    };
    write("old.prof", Some(10), [10 * MS, 10 * MS]);
    write("new.prof", Some(30), [30 * MS, 15 * MS]);
    write("untold.prof", None, [30 * MS, 15 * MS]);

    let table = |files: &str| place.run(&format!("functions {files}")).with(0).stdout;
    let per_operation = table("new.prof --base old.prof");
    assert!(
        per_operation.contains("30 operations, 1.50 ms each, against 10, 2.00 ms each"),
        "{per_operation}"
    );
    let visit = row(&per_operation, "visit").join(" ");
    assert_eq!(visit, "500 µs 1.00 ms -500 µs visit");
    let as_they_are = table("untold.prof --base old.prof");
    let visit = row(&as_they_are, "visit").join(" ");
    assert_eq!(visit, "15.0 ms 10.0 ms +5.00 ms visit");

    let svg = place
        .run("flame new.prof --base old.prof -o -")
        .with(0)
        .stdout;
    assert!(svg.contains("cpu: new.prof against old.prof"), "{svg}");
    assert!(
        svg.contains("<title>distance (1,000,000 ns per operation"),
        "{svg}"
    );
}

#[test]
fn profiles_that_cannot_be_compared_are_refused() {
    let place = place();
    let cpu = stacks([(["main"].as_slice(), vec![1, 5])].into_iter());
    fs::write(place.path("cpu.prof"), pprof::write(&cpu)).unwrap();
    let mut other_unit = heap(BEFORE);
    other_unit.value_types[3].unit = "kilobytes".to_owned();
    fs::write(place.path("unit.prof"), pprof::write(&other_unit)).unwrap();
    for (flags, words) in [
        (
            "--base cpu.prof",
            "--base cpu.prof: no sample has a value inuse_space",
        ),
        (
            "--base unit.prof",
            "inuse_space is in kilobytes, not in bytes",
        ),
        ("--base none.prof", "none.prof: cannot be read"),
        (
            "--base before.prof --value wall",
            "--value wall: no sample has such a value",
        ),
        (
            "--base before.prof --cohort a --against rest",
            "cannot be used with",
        ),
    ] {
        for command in ["flame after.prof -o -", "functions after.prof"] {
            let ended = place.run(&format!("{command} {flags}"));
            assert!(matches!(ended.code, Some(1 | 2)), "{flags}: {ended:?}");
            assert_eq!(ended.stdout, "", "{flags}");
            assert!(ended.stderr.contains(words), "{flags}: {}", ended.stderr);
        }
    }
}
