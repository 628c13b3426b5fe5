//! `vecperf flame` and `functions`: what is in a profile, cut, compared, and drawn so that nothing in it acts.

use std::fs;

use vecperf::export::pprof;
use vecperf::profile::{Builder, Function, Line, Location, OperationCounts, Profile, names};

use crate::{Ended, Place};

/// A stack, root first; how many samples; labels.
type Observed<'a> = (&'a [&'a str], i64, &'a [(&'a str, &'a str)]);

const MS: i64 = 1_000_000;

/// A profile of these stacks, a millisecond of CPU time a sample.
fn profile(observed: &[Observed<'_>], counts: &OperationCounts) -> Profile {
    let mut builder = Builder::cpu(MS);
    for (stack, samples, labels) in observed {
        let mut locations: Vec<_> = stack
            .iter()
            .map(|name| place(&mut builder, &[name]))
            .collect();
        locations.reverse();
        let labels = labels
            .iter()
            .map(|(key, text)| builder.label(key, text))
            .collect();
        builder.sample(locations, vec![*samples, samples * MS], labels);
    }
    builder.operations(counts);
    builder.finish()
}

/// A place in code: these functions, innermost first.
fn place(builder: &mut Builder, functions: &[&str]) -> u32 {
    let lines = functions.iter().map(|name| Line {
        function: builder.function(Function {
            name: (*name).to_owned(),
            ..Function::default()
        }),
        line: 1,
    });
    let lines = lines.collect();
    builder.location(Location {
        lines,
        ..Location::default()
    })
}

const FAST: &[(&str, &str)] = &[
    ("operation", "search"),
    ("phase", "search"),
    ("outcome", "ok"),
];
const SLOW: &[(&str, &str)] = &[
    ("operation", "search"),
    ("phase", "search"),
    ("outcome", "ok"),
    ("cohort", "above_p50"),
    ("cohort", "above_p99"),
    ("label", "ef=200"),
];

/// 99 fast searches of 10 ms, one slow one of 40 ms that rehashes for 30 of them, 60 ms of inserts, 5 ms of neither.
fn searches() -> Profile {
    let mut counts = OperationCounts::default();
    counts.set("search", names::ALL, 100);
    counts.set("search", names::ABOVE_P99, 1);
    counts.set("search", names::ABOVE_P50, 1);
    counts.set("insert", names::ALL, 6);
    let observed: &[Observed<'_>] = &[
        (&["main", "search", "distance"], 990, FAST),
        (&["main", "search", "distance"], 10, SLOW),
        (&["main", "search", "visit", "rehash"], 30, SLOW),
        (
            &["main", "insert"],
            60,
            &[("operation", "insert"), ("phase", "build")],
        ),
        (&["main"], 5, &[("phase", "load")]),
    ];
    profile(observed, &counts)
}

fn place_with(profile: &Profile) -> Place {
    let place = Place::new();
    fs::write(place.path("a.prof"), pprof::write(profile)).unwrap();
    place
}

/// `function self total` of each row that `vecperf functions a.prof FLAGS` prints as JSON, in milliseconds.
fn rows(place: &Place, flags: &str) -> Vec<(String, i64, i64)> {
    let ended = place
        .run(&format!("functions a.prof --format json {flags}"))
        .with(0);
    let rows: Vec<serde_json::Value> = serde_json::from_str(&ended.stdout).unwrap();
    let ms = |value: &serde_json::Value| (value.as_f64().unwrap() / MS as f64).round() as i64;
    rows.iter()
        .map(|row| {
            (
                row["function"].as_str().unwrap().to_owned(),
                ms(&row["self"]),
                ms(&row["total"]),
            )
        })
        .collect()
}

#[test]
fn functions_are_listed_by_what_they_cost() {
    let place = place_with(&searches());
    let expected = [
        ("distance", 1000, 1000),
        ("insert", 60, 60),
        ("rehash", 30, 30),
        ("main", 5, 1095),
        ("search", 0, 1030),
        ("visit", 0, 30),
    ];
    let expected = expected.map(|(name, own, total)| (name.to_owned(), own, total));
    assert_eq!(rows(&place, ""), expected);
    let by_total: Vec<_> = rows(&place, "--sort total --top 2")
        .into_iter()
        .map(|row| row.0)
        .collect();
    assert_eq!(by_total, ["main", "search"]);

    let ended = place
        .run("functions a.prof --operation search --top 1")
        .with(0);
    assert!(
        ended
            .stdout
            .contains("cpu of operation search: 1.03 s; 100 operations, 10.3 ms each"),
        "{}",
        ended.stdout
    );
    assert!(
        ended.stdout.contains("10.0 ms  distance"),
        "{}",
        ended.stdout
    );
    assert!(
        ended.stderr.contains("4 more functions: --top 5"),
        "{}",
        ended.stderr
    );
}

#[test]
fn each_cut_leaves_what_was_asked_for() {
    let place = place_with(&searches());
    let whole = |flags: &str| {
        let rows = rows(&place, flags);
        rows.iter().map(|row| row.1).sum::<i64>()
    };
    for (flags, ms) in [
        ("", 1095),
        ("--operation search", 1030),
        ("--cohort above_p99", 40),
        ("--cohort all", 1090),
        ("--phase load", 5),
        ("--outcome ok", 1030),
        ("--label ef=200", 40),
        ("--label phase=build", 60),
        ("--operation search --phase search --cohort above_p50", 40),
    ] {
        assert_eq!(whole(flags), ms, "{flags}");
    }
    let samples = place
        .run("functions a.prof --value samples --top 1")
        .with(0)
        .stdout;
    assert!(samples.starts_with("samples: 1,095 samples"), "{samples}");
}

#[test]
fn recursion_counts_once_and_inlined_functions_are_functions() {
    let mut builder = Builder::cpu(MS);
    let (f, g) = (
        place(&mut builder, &["f"]),
        place(&mut builder, &["inlined", "g"]),
    );
    builder.sample(vec![g, f, f, g, f], vec![1, MS], vec![]);
    let place = place_with(&builder.finish());
    let expected = [("inlined", 1, 1), ("f", 0, 1), ("g", 0, 1)];
    assert_eq!(
        rows(&place, ""),
        expected.map(|(name, own, total)| (name.to_owned(), own, total))
    );
}

#[test]
fn a_cohort_is_compared_per_operation() {
    let place = place_with(&searches());
    let flags = "functions a.prof --operation search --cohort above_p99 --against";
    let rest = place.run(&format!("{flags} rest")).with(0).stdout;
    assert!(
        rest.contains("1 operations, 40.0 ms each, against 99, 10.0 ms each"),
        "{rest}"
    );
    let rehash = rest.lines().find(|line| line.ends_with("rehash")).unwrap();
    let words: Vec<_> = rehash.split_whitespace().collect();
    assert_eq!(words, ["30.0", "ms", "0", "+30.0", "ms", "rehash"]);
    // The largest difference comes first.
    let functions: Vec<_> = rest
        .lines()
        .skip(4)
        .filter_map(|line| line.split_whitespace().last())
        .collect();
    assert_eq!(functions[0], "rehash");

    // Of a part of the phases nobody counted the operations.
    let part = place
        .run(&format!("{flags} all --phase search"))
        .with(0)
        .stdout;
    assert!(part.contains("does not say how many operations"), "{part}");
}

#[test]
fn the_signature_picture_shows_what_the_slow_ones_do() {
    let place = place_with(&searches());
    let ended = place
        .run("flame a.prof --operation search --cohort above_p99 --against rest")
        .with(0);
    assert!(ended.stderr.contains("a.svg written"), "{}", ended.stderr);
    let svg = place.read("a.svg");
    for text in [
        "cpu of operation search: above_p99 against the rest",
        "per operation: 40.0 ms (1 of above_p99), 10.0 ms (99 of the rest)",
        "<title>rehash (30,000,000 ns per operation, 75.00%; +75.00%)</title>",
        "<title>distance (10,000,000 ns per operation, 25.00%; 0.00%)</title>",
    ] {
        assert!(svg.contains(text), "no {text} in {svg}");
    }
    assert!(!svg.contains("insert"));
    let again = place.run("flame a.prof").with(2);
    assert!(
        again.stderr.contains("a.svg: there is a file already") && again.stderr.contains("--force"),
        "{}",
        again.stderr
    );
    place.run("flame a.prof --force").with(0);
    assert!(place.read("a.svg").contains("insert"));
}

#[test]
fn what_only_the_others_do_is_told() {
    let place = place_with(&searches());
    let ended = place
        .run("flame a.prof --operation search --cohort all --against above_p99 -o -")
        .with(0);
    assert!(ended.stdout.starts_with("<?xml"));
    // The slow one's rehashing is 30 ms; of all searches' it is 0.3 ms, and seen.
    assert!(
        ended
            .stdout
            .contains("<title>rehash (300,000 ns per operation"),
        "{}",
        ended.stdout
    );

    let quick = &[("cohort", "quick")];
    let other = &[("cohort", "other")];
    let place = place_with(&profile(
        &[
            (&["main", "a"], 10, quick),
            (&["main", "a"], 5, other),
            (&["main", "b"], 5, other),
        ],
        &OperationCounts::default(),
    ));
    let ended = place
        .run("flame a.prof --cohort quick --against other -o -")
        .with(0);
    assert!(
        ended
            .stderr
            .contains("not in the picture: 5.00 ms that other spends"),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stdout.contains("operations were not counted"),
        "{}",
        ended.stdout
    );
}

#[test]
fn other_tools_get_their_formats() {
    let place = place_with(&searches());
    let folded = place
        .run("flame a.prof --format folded -o - --value samples")
        .with(0)
        .stdout;
    let expected =
        "main 5\nmain;insert 60\nmain;search;distance 1000\nmain;search;visit;rehash 30\n";
    assert_eq!(folded, expected);
    let compared = place
        .run("flame a.prof --format folded -o - --value samples --cohort above_p99 --against rest")
        .with(0)
        .stdout;
    assert_eq!(
        compared,
        "main;insert 60 0\nmain;search;distance 990 10\nmain;search;visit;rehash 0 30\n"
    );

    place.run("flame a.prof --format speedscope").with(0);
    let json: serde_json::Value = serde_json::from_str(&place.read("a.speedscope.json")).unwrap();
    assert_eq!(
        json["$schema"],
        "https://www.speedscope.app/file-format-schema.json"
    );
    let (frames, profile) = (&json["shared"]["frames"], &json["profiles"][0]);
    assert_eq!(
        (&profile["type"], &profile["unit"]),
        (&"sampled".into(), &"nanoseconds".into())
    );
    assert_eq!(profile["endValue"].as_f64(), Some((1095 * MS) as f64));
    let stacks = profile["samples"].as_array().unwrap();
    assert_eq!(stacks.len(), profile["weights"].as_array().unwrap().len());
    let name = |at: &serde_json::Value| {
        frames[at.as_u64().unwrap() as usize]["name"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let last: Vec<_> = stacks[3].as_array().unwrap().iter().map(name).collect();
    assert_eq!(last, ["main", "search", "visit", "rehash"]);
}

#[test]
fn many_narrow_stacks_without_a_caller_are_wide_together() {
    let names: Vec<_> = (0..20_000).map(|number| format!("f{number}")).collect();
    let stacks: Vec<_> = names.iter().map(|name| [name.as_str()]).collect();
    let observed: Vec<Observed<'_>> = stacks.iter().map(|stack| (&stack[..], 1, FAST)).collect();
    let place = place_with(&profile(&observed, &OperationCounts::default()));
    let svg = place.run("flame a.prof -o -").with(0).stdout;
    assert!(svg.contains("<title>[other] (20,000"), "{svg}");
}

/// Names that would like to be more than names.
const HOSTILE: &[&str] = &[
    "</title><script>alert(1)</script>",
    "]]><script>alert(2)</script>",
    "\"><image href=x onerror=alert(3)>",
    "'; alert(4); //",
    "--><script>alert(5)</script>",
    "\u{202e}\u{2066}reversed",
    "\x1b[2J\x07\x00\u{9b}31m",
    "\u{fffe}\u{ffff}",
    "a;b;c",
    "f 1 2 3",
    "# remark",
    "",
    "&lt;&#x0;&quot;",
    "javascript:alert(6)",
];

#[test]
fn hostile_names_are_text_in_every_drawing() {
    let long = "x".repeat(1 << 20);
    let mut stacks: Vec<Vec<&str>> = HOSTILE.iter().map(|name| vec!["main", *name]).collect();
    stacks.push(vec![&long]);
    stacks.push(HOSTILE.to_vec());
    stacks.extend(HOSTILE.iter().map(|name| vec![*name]));
    let observed: Vec<_> = stacks
        .iter()
        .map(|stack| (stack.as_slice(), 7, FAST))
        .collect();
    let place = place_with(&profile(&observed, &OperationCounts::default()));

    let svg = place.run("flame a.prof -o -").with(0).stdout;
    well_formed(&svg);
    // The one script is inferno's, and it comes before the first name.
    assert_eq!(svg.matches("<script").count(), 1);
    assert!(
        svg.find("</script>") < svg.find("alert(1)"),
        "the script holds a name"
    );
    assert!(svg.contains("&lt;script&gt;alert(1)") && !svg.contains("<image"));
    assert!(svg.len() < 1 << 20, "{}", svg.len());
    // 7 samples of a millisecond each stack, and none is lost for its name.
    assert!(
        svg.contains(&format!("total_samples=\"{}\"", 7 * 1000 * stacks.len())),
        "{}",
        &svg[svg.len() - 3000..]
    );

    let folded = place
        .run("flame a.prof --format folded -o - --value samples")
        .with(0)
        .stdout;
    let sum: i64 = folded
        .lines()
        .map(|line| line.rsplit(' ').next().unwrap().parse::<i64>().unwrap())
        .sum();
    assert_eq!(sum, 7 * stacks.len() as i64);
    assert!(
        folded
            .lines()
            .all(|line| !line.starts_with("# ") && line.split(';').count() <= HOSTILE.len())
    );
    for drawing in [
        folded,
        place.run("functions a.prof").with(0).stdout,
        place
            .run("flame a.prof --format speedscope -o -")
            .with(0)
            .stdout,
    ] {
        assert!(!drawing.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'));
    }
}

/// No character that XML forbids, all tags closed in their order.
fn well_formed(svg: &str) {
    assert!(!svg.contains(
        |c: char| (c.is_control() && !"\n\t\r".contains(c)) || "\u{fffe}\u{ffff}".contains(c)
    ));
    let mut text = svg.to_owned();
    for (from, to) in [("<!--", "-->"), ("<![CDATA[", "]]>")] {
        while let Some(start) = text.find(from) {
            let end = start + text[start..].find(to).unwrap() + to.len();
            text.replace_range(start..end, "");
        }
    }
    let mut open = Vec::new();
    for tag in text.split('<').skip(1) {
        let (tag, after) = tag.split_once('>').unwrap();
        assert!(!after.contains("]]>"), "{after}");
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop().as_deref(), Some(name)),
            None if tag.starts_with(['?', '!']) || tag.ends_with('/') => (),
            None => open.push(tag.split_whitespace().next().unwrap().to_owned()),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn a_cut_that_leaves_nothing_says_what_there_is() {
    let place = place_with(&searches());
    let refused = |flags: &str, code: i32, words: &[&str]| {
        for command in ["flame a.prof -o -", "functions a.prof"] {
            let ended: Ended = place.run(&format!("{command} {flags}")).with(code);
            assert_eq!(ended.stdout, "", "{flags}");
            for word in words {
                assert!(
                    ended.stderr.contains(word),
                    "{flags}: no {word} in {}",
                    ended.stderr
                );
            }
        }
    };
    refused(
        "--operation serch",
        2,
        &[
            "--operation serch",
            "did you mean search?",
            "insert, search",
        ],
    );
    refused("--cohort above_p9", 2, &["did you mean above_p99?"]);
    refused(
        "--cohort above_p99 --against bove_p50",
        2,
        &["--against", "did you mean above_p50?"],
    );
    refused(
        "--thread main",
        2,
        &["--thread main: the profile has no such labels"],
    );
    refused("--label ef=100", 2, &["did you mean ef=200?"]);
    refused("--value wall", 2, &["--value wall", "samples, cpu"]);
    refused(
        "--phase load --cohort above_p99",
        2,
        &["there are no such samples"],
    );
    refused("--against rest", 2, &["--cohort"]);
    refused("--operatoin search", 2, &["--operation"]);
}

#[test]
fn a_file_that_is_no_profile_is_refused() {
    let place = Place::new();
    fs::write(place.path("text.prof"), "not a profile at all").unwrap();
    fs::write(place.path("empty.prof"), "").unwrap();
    let none = profile(&[], &OperationCounts::default());
    fs::write(place.path("none.prof"), pprof::write(&none)).unwrap();
    let whole = pprof::write(&searches());
    fs::write(place.path("half.prof"), &whole[..whole.len() / 2]).unwrap();
    for (file, code, words) in [
        ("nowhere.prof", 1, "nowhere.prof: cannot be read"),
        (".", 1, "cannot be read"),
        ("text.prof", 1, "text.prof: is no profile"),
        ("empty.prof", 1, "it is empty"),
        ("half.prof", 1, "half.prof: is no profile"),
        ("none.prof", 4, "none.prof: holds no samples"),
    ] {
        for command in ["flame -o -", "functions"] {
            let ended = place.run(&format!("{command} {file}")).with(code);
            assert!(
                ended.stderr.contains(words)
                    && ended.stderr.contains("try: ")
                    && !ended.stderr.contains("panicked"),
                "{file}: {}",
                ended.stderr
            );
        }
    }
    fs::write(place.path("a.svg"), &whole).unwrap();
    for flags in ["a.svg --force", "a.svg -o ./a.svg --force"] {
        let ended = place.run(&format!("flame {flags}")).with(2);
        assert!(
            ended.stderr.contains("would replace the profile"),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn the_drawings_need_no_reader() {
    let place = place_with(&searches());
    for command in [
        "flame a.prof -o -",
        "functions a.prof",
        "flame a.prof --format folded -o -",
    ] {
        let mut child = place
            .command(command)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{command}");
        assert!(!String::from_utf8_lossy(&output.stderr).contains("error"));
    }
}
