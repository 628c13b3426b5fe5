//! House rules that are not lints: which room may name which, who may read time and settings, what a file looks like.

use std::fs;
use std::path::{Path, PathBuf};

/// Each room of `src/` and the rooms it may name with `crate::`. Arrows point down only; rooms on one level never
/// name each other; only `monitor` joins them.
const ARROWS: &[(&str, &[&str])] = &[
    ("address_space", &[]),
    ("allocation", &["address_space"]),
    ("error", &[]),
    ("clock", &[]),
    ("histogram", &[]),
    ("recall", &[]),
    ("perf_utils", &[]),
    ("config", &["error"]),
    ("snapshot", &["histogram", "recall", "resource"]),
    (
        "record",
        &[
            "allocation",
            "clock",
            "histogram",
            "recall",
            "snapshot",
            "segment",
        ],
    ),
    (
        "cpu",
        &[
            "address_space",
            "clock",
            "histogram",
            "segment",
            "signals",
            "profile",
        ],
    ),
    ("segment", &[]),
    ("signals", &[]),
    ("profile", &[]),
    (
        "memory",
        &["address_space", "allocation", "clock", "signals"],
    ),
    ("resource", &["clock"]),
    ("environment", &["allocation", "clock", "cpu", "resource"]),
    (
        "heap",
        &[
            "address_space",
            "allocation",
            "clock",
            "cpu",
            "profile",
            "signals",
        ],
    ),
    (
        "collect",
        &[
            "memory", "record", "resource", "signals", "snapshot", "clock",
        ],
    ),
    ("threshold", &["config", "snapshot", "recall", "histogram"]),
    (
        "report",
        &[
            "environment",
            "config",
            "environment",
            "memory",
            "threshold",
            "resource",
            "recall",
            "snapshot",
            "histogram",
            "error",
        ],
    ),
    (
        "finding",
        &[
            "report",
            "threshold",
            "config",
            "quantity",
            "recall",
            "resource",
        ],
    ),
    ("quantity", &[]),
    ("compare", &["report", "profile", "quantity", "recall"]),
    (
        "export",
        &[
            "compare",
            "finding",
            "profile",
            "quantity",
            "report",
            "threshold",
            "config",
            "recall",
            "resource",
            "histogram",
            "error",
        ],
    ),
    (
        "live",
        &["recall", "report", "resource", "snapshot", "threshold"],
    ),
    ("serve", &["clock", "config", "error", "signals"]),
    (
        "monitor",
        &[
            "clock",
            "collect",
            "config",
            "cpu",
            "environment",
            "error",
            "export",
            "heap",
            "histogram",
            "live",
            "memory",
            "profile",
            "recall",
            "record",
            "report",
            "resource",
            "segment",
            "serve",
            "signals",
            "snapshot",
            "threshold",
        ],
    ),
];

#[test]
fn rooms_name_only_what_is_below_them() {
    for (room, file, text) in rooms() {
        let allowed = ARROWS.iter().find(|row| row.0 == room).unwrap_or_else(|| {
            panic!(
                "{}: a new room needs a row in ARROWS and in ARCHITECTURE.md",
                file.display()
            )
        });
        for named in names_after(&product_code(&text), "crate::") {
            let is_room = ARROWS.iter().any(|row| row.0 == named);
            assert!(
                !is_room || named == room || allowed.1.contains(&named.as_str()),
                "{}: `{room}` may not name `{named}`; allowed: {:?}",
                file.display(),
                allowed.1
            );
        }
    }
}

#[test]
fn only_the_clock_reads_time() {
    for (room, file, text) in rooms() {
        if ["clock", "perf_utils"].contains(&room.as_str()) {
            continue;
        }
        for read in ["Instant::now", "SystemTime::now", "clock_gettime", "_rdtsc"] {
            assert!(
                !uncommented(&text).contains(read),
                "{}: {read} belongs in src/clock",
                file.display()
            );
        }
    }
}

#[test]
fn only_the_settings_read_the_environment() {
    for (room, file, text) in rooms() {
        if room == "config" {
            continue;
        }
        assert!(
            !product_code(&text).contains("env::var"),
            "{}: environment variables are settings",
            file.display()
        );
    }
}

#[test]
fn only_serve_opens_sockets() {
    for (room, file, text) in rooms() {
        if room == "serve" {
            continue;
        }
        for socket in [
            "TcpListener",
            "TcpStream",
            "UdpSocket",
            "UnixListener",
            "UnixStream",
            "libc::socket",
        ] {
            assert!(
                !product_code(&text).contains(socket),
                "{}: {socket}",
                file.display()
            );
        }
    }
}

#[test]
fn every_file_says_what_it_is_and_stays_readable() {
    for file in sources(&[
        "src",
        "vecperf-macros/src",
        "vecperf-engines/src",
        "vecperf-cli/src",
        "tests/it",
        "examples",
        "benches",
        "profiled",
    ]) {
        let text = read(&file);
        assert!(
            text.starts_with("//!"),
            "{}: the first line says what the file is (//! …)",
            file.display()
        );
        let code = product_code(&text)
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .count();
        assert!(
            code <= 600,
            "{}: {code} lines of code; a file is read at one sitting (≤ 300, never > 600)",
            file.display()
        );
        let stem = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        for drawer in ["util", "utils", "helper", "helpers", "misc", "common"] {
            assert!(
                stem != drawer,
                "{}: a file is named after what is in it",
                file.display()
            );
        }
    }
}

#[test]
fn the_architecture_names_every_room() {
    let architecture = read(&root().join("ARCHITECTURE.md"));
    for (room, _) in ARROWS {
        assert!(
            architecture.contains(&format!("`{room}")),
            "ARCHITECTURE.md does not speak of `{room}`"
        );
    }
}

/// (room, file, text) of each file of the library.
fn rooms() -> Vec<(String, PathBuf, String)> {
    let src = root().join("src");
    sources(&["src"])
        .into_iter()
        .filter(|file| *file != src.join("lib.rs") && !holds_only_tests(file))
        .map(|file| {
            let inside = file.strip_prefix(&src).unwrap_or(&file);
            let first = inside
                .components()
                .next()
                .map(|part| part.as_os_str().to_string_lossy().into_owned());
            let room = first.unwrap_or_default().trim_end_matches(".rs").to_owned();
            let text = read(&file);
            (room, file, text)
        })
        .collect()
}

/// In a folder `tests`, or `…_tests.rs`: they may do as they like.
fn holds_only_tests(file: &Path) -> bool {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    stem.ends_with("_tests") || file.components().any(|part| part.as_os_str() == "tests")
}

/// The text before the tests, which may do as they like.
fn product_code(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    text[..end].to_owned()
}

/// The same without whole lines of comment, which may speak of anything.
fn uncommented(text: &str) -> String {
    let code = product_code(text);
    let lines = code.lines();
    lines
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The first path segment after each `marker`, also inside `use crate::{a, b}`.
fn names_after(text: &str, marker: &str) -> Vec<String> {
    let ident = |text: &str| -> String {
        text.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    let code = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let mut names = Vec::new();
    for (at, _) in code.match_indices(marker) {
        let rest = &code[at + marker.len()..];
        match rest.strip_prefix('{') {
            Some(list) => {
                let list = list.split("};").next().unwrap_or("");
                names.extend(list.split(',').map(|part| ident(part.trim())));
            }
            None => names.push(ident(rest)),
        }
    }
    names
}

fn sources(folders: &[&str]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && path.file_stem().is_some_and(|stem| stem != "tests")
            {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}
