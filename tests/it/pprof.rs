//! A written profile, looked at with the tools it is for: `go tool pprof`. And profiles that others wrote, whole and
//! damaged.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use vecperf::export::pprof;
use vecperf::profile::{Builder, Function, Line, Location, Mapping, Profile, names};

/// `main` calls `index::search`, into which a C++ functor with a long name was inlined; one in ten samples is slow and
/// ends in a stripped library.
fn profile() -> Profile {
    let mut builder = Builder::cpu(1_000_000);
    builder.time(1_700_000_000_000_000_000, 100_000_000);
    builder.comment("vecperf 0.1.0");
    let program = builder.mapping(Mapping {
        start: 0x5000,
        end: 0x9000,
        file_offset: 0x1000,
        file: "/no/such/search".into(),
        build_id: "deadbeef01".into(),
        has_functions: true,
    });
    let stripped = builder.mapping(Mapping {
        start: 0x7f00_0000,
        end: 0x7f01_0000,
        file: "/no/such/libstripped.so".into(),
        build_id: "0123456789".into(),
        ..Mapping::default()
    });
    let mut line = |name: &str, system_name: &str, line| Line {
        function: builder.function(Function {
            name: name.into(),
            system_name: system_name.into(),
            file: "src/search.rs".into(),
            start_line: 0,
        }),
        line,
    };
    let root = vec![line("main", "", 3)];
    let search = vec![
        line(
            "metric<…>::operator()",
            "metric<int, float>::operator()",
            12,
        ),
        line("<core::iter::Map<…> as Iterator>::next", "", 40),
    ];
    let mut place = |mapping, address, lines| {
        builder.location(Location {
            mapping: Some(mapping),
            address,
            lines,
        })
    };
    let root = place(program, 0x5010, root);
    let search = place(program, 0x5020, search);
    let unknown = place(stripped, 0x7f00_1234, Vec::new());
    let fast = vec![builder.label(names::OPERATION, "search")];
    let mut slow = fast.clone();
    slow.push(builder.label(names::COHORT, names::ABOVE_P50));
    slow.push(builder.label(names::COHORT, names::ABOVE_P99));
    builder.sample(vec![search, root], vec![90, 90_000_000], fast);
    builder.sample(vec![unknown, search, root], vec![10, 10_000_000], slow);
    builder.finish()
}

/// What `go tool pprof` prints; `None`, and said so, where Go is missing.
fn go(file: &Path, flags: &[&str]) -> Option<String> {
    let ran = Command::new("go")
        .args(["tool", "pprof"])
        .args(flags)
        .arg(file)
        .output();
    let Ok(output) = ran else {
        eprintln!("SKIPPED: Go is not installed (apt-get install golang-go)");
        return None;
    };
    assert!(output.status.success(), "{output:?}");
    // What it cannot open is a remark on stderr: a mapping that is to be named anew, a field it does not know.
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn go_shows_the_functions_labels_and_cohorts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("profiling_data.prof");
    std::fs::write(&file, pprof::write(&profile())).unwrap();
    let cases: &[(&[&str], &[&str])] = &[
        // CPU time first, C++ and Rust names whole, inlined functions told.
        (
            &["-top"],
            &[
                "Type: cpu",
                "Duration: 100ms, Total samples = 100ms",
                "90ms 90.00% 90.00%      100ms   100%  metric<…>::operator() (inline)",
                "<core::iter::Map<…> as Iterator>::next",
                "10ms 10.00%   100%       10ms 10.00%  [libstripped.so]",
            ],
        ),
        (
            &["-tags"],
            &["operation: Total 100.0ms", "above_p99", "above_p50"],
        ),
        // The slow ones only.
        (
            &["-top", "-tagfocus=cohort=above_p99"],
            &["Total samples = 100ms", "10ms, 10.00% of 100ms total"],
        ),
        (
            &["-traces"],
            &["cohort:  above_p50 above_p99", "[libstripped.so]"],
        ),
        (
            &["-raw"],
            &[
                "PeriodType: cpu nanoseconds",
                "Period: 1000000",
                "/no/such/search deadbeef01 [FN][FL][LN][IN]",
                "/no/such/libstripped.so 0123456789",
                "(metric<int, float>::operator())",
            ],
        ),
    ];
    for (flags, expected) in cases {
        let Some(text) = go(&file, flags) else { return };
        for expected in *expected {
            assert!(
                text.contains(expected),
                "{flags:?}: {expected:?} is not in\n{text}"
            );
        }
    }
}

/// The seeds of the fuzz target: written by vecperf in several forms, and by Go's runtime.
fn seeds() -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/pprof");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().collect();
    assert!(files.len() >= 7, "seeds are missing: {files:?}");
    files
        .into_iter()
        .map(|file| file.unwrap().path())
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect()
}

const LIMIT: usize = 1 << 24;

#[test]
fn what_others_wrote_is_read_and_written_back() {
    for (path, bytes) in seeds() {
        let profile =
            pprof::read(&bytes, LIMIT).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        assert_eq!(profile.check(), Ok(()), "{path:?}");
        assert_eq!(
            pprof::read(&pprof::write(&profile), LIMIT).unwrap(),
            profile,
            "{path:?}"
        );
        if path.ends_with("go-cpu.prof") {
            let cpu = profile.value_index("cpu").unwrap();
            assert!(profile.total(cpu) > 0);
            assert!(
                profile
                    .functions
                    .iter()
                    .any(|function| function.name == "main.work")
            );
            let searches = profile.totals_by_label(names::OPERATION, cpu);
            assert!(searches.contains_key("search"), "{searches:?}");
        }
    }
}

/// Each seed cut off at some 500 places, and with one bit flipped at as many, packed and unpacked.
#[test]
fn a_damaged_profile_is_sound_or_an_error() {
    let survives = |bytes: &[u8]| {
        if let Ok(profile) = pprof::read(bytes, LIMIT) {
            assert_eq!(profile.check(), Ok(()));
        }
    };
    for (_, bytes) in seeds() {
        let mut plain = Vec::new();
        let unpacked = flate2::read::MultiGzDecoder::new(&*bytes).read_to_end(&mut plain);
        let plain = unpacked.map_or_else(|_| bytes.clone(), |_| plain);
        for mut bytes in [bytes, plain] {
            for at in (0..bytes.len()).step_by(bytes.len() / 500 + 1) {
                survives(&bytes[..at]);
                let bit = 1 << (at % 8);
                bytes[at] ^= bit;
                survives(&bytes);
                bytes[at] ^= bit;
            }
        }
    }
}
