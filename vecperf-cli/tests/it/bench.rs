//! `vecperf bench`: what is measured, where it goes, how it ends.

use std::fs;

use vecperf::export::pprof;
use vecperf::profile::names;
use vecperf::{Report, Status};

use crate::{Place, SMALL};

/// Limits that no small run on any machine breaks.
const EASY: &str =
    "[thresholds]\nmax_memory_mb = 100000\nmax_cpu_percent = 100\nmax_response_time_ms = 60000\n";

#[test]
fn every_search_is_counted_once_and_in_its_phase() {
    let place = Place::new();
    let ended = place.bench("").with(0);
    let report = place.report();
    assert!(report.complete);
    let phases: Vec<_> = report
        .phases
        .iter()
        .map(|phase| (phase.name.as_str(), phase.steady))
        .collect();
    assert_eq!(
        phases,
        [("load", false), ("build", false), ("search", true)]
    );
    let search = report.steady().operation("search").unwrap();
    assert_eq!((search.count, search.ok, search.errors), (300, 300, 0));
    let insert = report.phases[1].operation("insert").unwrap();
    assert_eq!(insert.count, 500);
    assert!(
        ended.stdout.contains("search") && ended.stdout.contains("recall"),
        "{}",
        ended.stdout
    );
    assert!(
        ended.stderr.contains("performance_metrics.json"),
        "{}",
        ended.stderr
    );
}

#[test]
fn several_settings_make_a_curve_of_recall_against_rate() {
    let place = Place::new();
    let sweep = "--ef-search 64,10,200 --duration 3s -t 1 --warm-up 0";
    let ended = place
        .run(&format!("bench --dataset {SMALL} {sweep}"))
        .with(0);
    let report = place.report();
    let searches: Vec<_> = report.phases.iter().filter(|it| it.steady).collect();
    let names: Vec<_> = searches.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(
        names,
        ["search", "search ef_search=10", "search ef_search=200"]
    );
    for phase in &searches {
        let [search] = &phase.operations[..] else {
            panic!("{:?}", phase.operations)
        };
        assert_eq!(search.name, phase.name);
        assert!(search.recall.is_some() && phase.blocks.len() >= 4);
        let within = phase.start_seconds..=phase.start_seconds + phase.duration_seconds;
        assert!(
            phase
                .blocks
                .iter()
                .all(|it| within.contains(&it.start_seconds))
        );
        assert!(ended.stdout.contains(&format!("{} ", phase.name)));
    }
    let work = |at: usize| searches[at].operations[0].work[0].per_operation;
    assert!(work(1) < work(0) && work(0) < work(2));
    assert_eq!(report.steady().name, "search");
    let recalls = ended.stdout.lines();
    let recalls = recalls.filter(|line| line.starts_with("    recall@10 "));
    assert_eq!(recalls.count(), 3, "{}", ended.stdout);
    let page = fs::read_to_string(place.path("data/logs/report.html")).unwrap();
    assert!(page.contains("Recall against rate"));
    let compared = place.run("compare data/logs data/logs").with(0).stdout;
    let at_equal = compared.lines().filter(|line| line.contains("at recall"));
    assert!(at_equal.count() >= 2, "{compared}");
    assert!(compared.contains("search ef_search=200"), "{compared}");
}

#[test]
fn the_report_says_what_was_searched_and_how() {
    let place = Place::new();
    place.bench("--ef-search 32 --m 8 --metric cosine").with(0);
    let workload = place.report().workload.unwrap();
    assert_eq!(
        (
            workload.vectors,
            workload.dimensions,
            workload.queries,
            workload.k
        ),
        (500, 8, 50, 10)
    );
    assert_eq!(
        (
            workload.engine.as_str(),
            workload.metric.as_str(),
            workload.threads
        ),
        ("hnsw", "cosine", 1)
    );
    assert_eq!(
        (
            workload.parameters["ef_search"].as_str(),
            workload.parameters["m"].as_str()
        ),
        ("32", "8")
    );
    assert_eq!(
        (workload.arrival.as_str(), workload.rate, workload.late),
        ("closed loop", None, None)
    );
    assert!(workload.index_bytes.values().sum::<u64>() >= 500 * 8 * 4);
}

#[test]
fn exact_search_finds_everything_by_every_definition() {
    let place = Place::new();
    place.bench("--engine exact -k 5").with(0);
    let workload = place.report().workload.unwrap();
    let recall = workload.recall.unwrap();
    assert_eq!((recall.k, recall.queries, recall.mean), (5, 50, 1.0));
    assert_eq!(
        (workload.id_recall, workload.ann_benchmarks_recall),
        (Some(1.0), Some(1.0))
    );
    let report = place.report();
    assert_eq!(
        report.steady().operation("search").unwrap().recall,
        Some(recall)
    );
}

#[test]
fn a_worse_search_has_a_worse_recall() {
    let recall = |flags: &str| {
        let place = Place::new();
        let data = "bench --dataset synthetic:n=4000,dim=32,clusters=400,queries=200 -n 200 -t 1 --warm-up 0 -q";
        place.run(&format!("{data} {flags}")).with(0);
        place.report().workload.unwrap().recall.unwrap().mean
    };
    let (poor, good) = (
        recall("--m 2 --ef-construction 2 --ef-search 1"),
        recall("--ef-search 400"),
    );
    assert!(poor < 0.9 && good > 0.98, "{poor} {good}");
}

#[test]
fn a_run_shorter_than_the_query_set_judges_what_it_asked() {
    let place = Place::new();
    place
        .run(&format!("bench --dataset {SMALL} -n 20 --warm-up 0"))
        .with(0);
    assert_eq!(place.report().workload.unwrap().recall.unwrap().queries, 20);
}

#[test]
fn recall_is_left_out_only_when_asked_and_the_report_says_so() {
    let place = Place::new();
    place.bench("--recall off").with(0);
    let report = place.report();
    assert_eq!(report.workload.unwrap().recall, None);
    assert!(
        report
            .notes
            .iter()
            .any(|note| note.contains("--recall off")),
        "{:?}",
        report.notes
    );
}

#[test]
fn threads_share_the_work() {
    let place = Place::new();
    place
        .run(&format!("bench --dataset {SMALL} -n 300 -t 4 --warm-up 0"))
        .with(0);
    let report = place.report();
    assert_eq!(report.steady().operation("search").unwrap().count, 300);
    let recall = report.workload.unwrap().recall.unwrap();
    assert!(recall.queries == 50 && recall.mean > 0.9, "{recall:?}");
}

#[test]
fn an_open_loop_tells_latency_from_service_time() {
    let place = Place::new();
    place.bench("--rate 2000 --arrival uniform").with(0);
    let report = place.report();
    let search = report.steady().operation("search").unwrap();
    let (latency, service) = (
        search.latency.as_ref().unwrap(),
        search.service_time.as_ref().unwrap(),
    );
    assert_eq!((latency.count, service.count), (300, 300));
    assert!(latency.mean_seconds >= service.mean_seconds);
    // The last of 300 arrivals at 2,000 a second is due after 149.5 ms: the schedule was kept, not outrun.
    assert!(
        report.steady().duration_seconds >= 0.149,
        "{}",
        report.steady().duration_seconds
    );
    let workload = report.workload.unwrap();
    assert_eq!(
        (workload.arrival.as_str(), workload.rate),
        ("open loop", Some(2000.0))
    );
    assert!(workload.late.is_some_and(|late| late <= 300));
}

#[test]
fn a_rate_that_cannot_be_kept_up_is_told() {
    let place = Place::new();
    let run = "bench --engine exact --dataset synthetic:n=20000,dim=64,queries=20 --rate 1000000 -d 200ms -t 1 --warm-up 0";
    let ended = place.run(run).with(0);
    assert!(
        ended
            .stderr
            .contains("search: cannot keep up: 1000000 searches per second arrived"),
        "{}",
        ended.stderr
    );
    let report = place.report();
    assert!(
        report
            .notes
            .iter()
            .any(|note| note.starts_with("search: cannot keep up")),
        "{:?}",
        report.notes
    );
    // The wait is part of the latency: half of the run for the median, give or take.
    let latency = report
        .steady()
        .operation("search")
        .unwrap()
        .latency
        .clone()
        .unwrap();
    assert!(latency.p99_seconds > 0.1, "{latency:?}");
}

#[test]
fn a_duration_ends_the_search() {
    let place = Place::new();
    place
        .run(&format!("bench --dataset {SMALL} -d 300ms --warm-up 100ms"))
        .with(0);
    let report = place.report();
    let seconds = |name: &str| {
        report
            .phases
            .iter()
            .find(|phase| phase.name == name)
            .unwrap()
            .duration_seconds
    };
    assert!(seconds("search") >= 0.3 && seconds("warm-up") >= 0.1);
}

#[test]
fn json_on_stdout_is_the_file_and_nothing_else() {
    let place = Place::new();
    let ended = place.bench("--format json").with(0);
    assert_eq!(
        ended.stdout,
        place.read("data/logs/performance_metrics.json")
    );
    assert!(Report::from_json(&ended.stdout).is_ok());
}

#[test]
fn markdown_has_a_table() {
    let ended = Place::new().bench("--format markdown").with(0);
    assert!(
        ended.stdout.contains("| --- ") || ended.stdout.contains("|---"),
        "{}",
        ended.stdout
    );
}

#[test]
fn a_gate_fails_on_a_threshold_and_only_a_gate_does() {
    let place = Place::new();
    place.write(
        "tight.toml",
        "[thresholds]\nmax_response_time_ms = 0.000001\n",
    );
    let ended = place.bench("--config tight.toml --format json").with(0);
    assert!(
        ended.stderr.contains("max_response_time_ms") && ended.stderr.contains("--gate"),
        "{}",
        ended.stderr
    );
    let ended = place.bench("--config tight.toml --gate").with(3);
    assert!(
        ended.stdout.contains("max_response_time_ms"),
        "{}",
        ended.stdout
    );
}

#[test]
fn a_gate_passes_when_all_is_well_and_not_when_it_cannot_know() {
    let place = Place::new();
    place.write("easy.toml", EASY);
    let run = format!("bench --dataset {SMALL} -t 1 --warm-up 0 --config easy.toml --gate");
    place.run(&format!("{run} -d 500ms")).with(0);
    assert!(
        place
            .report()
            .verdicts
            .iter()
            .all(|verdict| verdict.status == Status::Pass)
    );
    place.run(&format!("{run} -n 20")).with(4); // min_samples is 100
}

#[test]
fn the_second_run_in_a_directory_replaces_the_first() {
    let place = Place::new();
    place.bench("").with(0);
    let first = place.report().started_at;
    place.bench("-k 3").with(0);
    let second = place.report();
    assert_eq!(second.workload.unwrap().k, 3);
    assert_ne!(second.started_at, first);
    let left: Vec<_> = fs::read_dir(place.path("data/logs"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    let mut files: Vec<_> = left
        .iter()
        .filter(|name| !name.to_string_lossy().starts_with('.'))
        .collect();
    files.sort();
    // Where CPU samples can be taken, and where stacks can.
    files.retain(|name| *name != "profiling_data.prof" && *name != "heap_profile.prof");
    assert_eq!(files, ["performance_metrics.json", "report.html"]);
}

#[test]
fn the_page_gives_way_to_a_file_of_its_name() {
    let place = Place::new();
    place.write(
        "perf_monitor.toml",
        &format!("{EASY}[output]\nmetrics_file = \"report.html\"\n"),
    );
    place.bench("").with(0);
    let report = fs::read_to_string(place.path("data/logs/report.html")).unwrap();
    assert!(report.starts_with('{'), "the metrics, not a page");
}

#[test]
fn without_monitoring_there_is_no_file_and_still_an_answer() {
    let place = Place::new();
    place.write("perf_monitor.toml", "[monitoring]\nenabled = false\n");
    let ended = place.bench("").with(0);
    assert!(ended.stdout.contains("300 searches"), "{}", ended.stdout);
    assert!(!place.path("data").exists());
    place.bench("--format json").with(2);
    place.bench("--gate").with(4);
}

/// The profile can be cut by what the searches were asked for.
#[test]
fn searches_carry_their_ef_in_the_profile() {
    let place = Place::new();
    place.run(&format!(
        "bench --dataset {SMALL} -n 20000 -t 1 --warm-up 0 --ef-search 32 --recall off"
    ));
    // Where no samples can be taken, or none fell into a search, there is nothing to see.
    let Ok(bytes) = fs::read(place.path("data/logs/profiling_data.prof")) else {
        return;
    };
    let profile = pprof::read(&bytes, 1 << 28).unwrap();
    let searches = profile.samples.iter();
    let mut ended = searches.filter(|sample| {
        sample.has_label(names::OPERATION, "search") && sample.has_label(names::OUTCOME, "ok")
    });
    assert!(ended.all(|sample| sample.has_label(names::LABEL, "ef=32")));
}

/// Where the files are is up to the machine: on a disk the index leaves memory, in a file system in memory it cannot, and
/// that is said.
#[cfg(target_os = "linux")]
#[test]
fn a_cold_start_is_a_phase_of_its_own() {
    let place = Place::new();
    let ended = place.bench("--engine exact --cold=7").with(0);
    let report = place.report();
    let names: Vec<_> = report.phases.iter().map(|phase| &*phase.name).collect();
    assert_eq!(names, ["load", "build", "evict", "cold", "search"]);
    assert_eq!(report.phases[2].operation("open").unwrap().count, 1);
    assert_eq!(report.phases[3].operation("search").unwrap().count, 7);
    assert_eq!(report.steady().operation("search").unwrap().count, 300);

    let workload = report.workload.unwrap();
    assert_eq!(workload.recall.unwrap().mean, 1.0);
    let cold = workload.cold.unwrap();
    assert_eq!(cold.searches, 7);
    // A page, and 500 padded vectors.
    assert!(cold.file_bytes > 4096 + 500 * 64, "{cold:?}");
    assert!(cold.resident_after_bytes.unwrap() >= cold.file_bytes);
    if cold.resident_before_bytes == 0 {
        assert!(
            ended.stdout.contains("7 first searches · 0 B of"),
            "{}",
            ended.stdout
        );
    } else {
        assert!(
            ended.stderr.contains("could not be evicted"),
            "{}",
            ended.stderr
        );
    }
    let left = fs::read_dir(place.path("data/logs")).unwrap();
    let left: Vec<_> = left.map(|file| file.unwrap().file_name()).collect();
    assert!(
        !left
            .iter()
            .any(|file| file.to_string_lossy().starts_with("index-")),
        "{left:?}"
    );
}

/// The file needs a place also where no report does.
#[cfg(target_os = "linux")]
#[test]
fn a_cold_start_needs_no_monitor() {
    let place = Place::new();
    place.write("off.toml", "[monitoring]\nenabled = false\n");
    let ended = place
        .bench("--engine exact --cold --config off.toml -o new/logs")
        .with(0);
    assert!(ended.stderr.contains("cold: "), "{}", ended.stderr);
    assert_eq!(fs::read_dir(place.path("new/logs")).unwrap().count(), 0);
}

#[test]
fn a_run_tells_what_a_search_allocates() {
    let place = Place::new();
    let ended = place.bench("").with(0);
    let report = place.report();
    let search = report.steady().operation("search").unwrap();
    let allocations = search.allocations.as_ref().unwrap();
    assert_eq!(allocations.operations, 300);
    assert!(ended.stdout.contains("allocations"), "{}", ended.stdout);
    // The reference engine searches in room of its own.
    assert!(
        allocations.allocations_per_operation < 1.0,
        "{allocations:?}"
    );
    let insert = report.run.operation("insert").unwrap();
    assert!(insert.allocations.as_ref().unwrap().bytes > 0);

    // A limit that this engine keeps, and the report says so; with the file as for `bench`.
    let limit = "[thresholds]\nmax_allocations_per_operation = 1\n";
    place.write("limit.toml", limit);
    let checked = place.run("check data/logs/performance_metrics.json --config limit.toml");
    let verdict = "max_allocations_per_operation of search";
    assert!(checked.stdout.contains(verdict), "{checked:?}");
}

/// Where stacks can be read, the profile of what the run allocated is there, and the commands open it.
#[cfg(target_os = "linux")]
#[test]
fn a_run_leaves_a_heap_profile() {
    let place = Place::new();
    let ended = place.run("bench --dataset synthetic:n=20000,dim=64,clusters=5,queries=50 --engine exact --recall off -n 100 -t 1 --warm-up 0");
    let ended = ended.with(0);
    let Some(profile) = place.report().heap_profile else {
        let works = cfg!(all(target_os = "linux", target_arch = "x86_64"));
        assert!(!works, "no heap profile");
        return; // `vecperf doctor` says why
    };
    // 5 MB of vectors, twice, at a sample each 512 KiB.
    assert!(profile.samples > 0, "{profile:?}");
    // What was searched is still there when the profile is made.
    assert!(profile.in_use_bytes > 5_000_000, "{profile:?}");
    assert!(ended.stderr.contains("heap profile: "), "{}", ended.stderr);
    let file = profile.file.unwrap();
    let table = place.run(&format!("functions {file} --sort total")).with(0);
    assert!(
        table.stdout.starts_with("inuse_space: "),
        "{}",
        table.stdout
    );
    for flags in [
        "--value alloc_objects",
        "--value inuse_space --format folded",
    ] {
        place.run(&format!("flame {file} -o - {flags}")).with(0);
    }
    // Against itself nothing grew.
    let grown = place
        .run(&format!("flame {file} --base {file} -o -"))
        .with(4);
    assert!(grown.stderr.contains("nothing grew"), "{}", grown.stderr);
}
