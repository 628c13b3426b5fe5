//! What thresholds mean: when they pass, fail, have no data or cannot tell, and the evidence in words.

use std::time::Duration;

use vecperf::resource::MemoryGrowth;
use vecperf::threshold::{Evidence, evaluate, overall, thresholds};
use vecperf::{RecallEstimate, Settings, Snapshot, Status, Verdict};

fn settings(text: &str) -> Settings {
    Settings::from_toml(text, "f.toml").expect("good settings")
}

/// A window of `seconds` in which the process used 100 MiB and half of 4 CPUs.
fn window(seconds: u64) -> Snapshot {
    let mut window = Snapshot {
        to: Duration::from_secs(seconds),
        ..Snapshot::default()
    };
    window.resources.samples = 10 * seconds;
    window.resources.peak_anonymous_swapped_bytes = Some(100 << 20);
    window.resources.cpu_percent = Some(50.0);
    window.resources.cores_used = Some(2.0);
    window.resources.cpus_available = Some(4.0);
    window
}

/// Adds an operation: `fast` runs of 5 ms, `slow` of 212 ms.
fn with(mut window: Snapshot, name: &str, fast: u32, slow: u32) -> Snapshot {
    window.operations.push(Default::default());
    let operation = window.operations.last_mut().expect("just pushed");
    operation.name = name.to_owned();
    (0..fast).for_each(|_| operation.ok.record(Duration::from_millis(5)));
    (0..slow).for_each(|_| operation.ok.record(Duration::from_millis(212)));
    window
}

fn judged(window: &Snapshot, text: &str) -> Vec<Verdict> {
    evaluate(
        Evidence {
            run: window,
            steady: window,
        },
        &thresholds(&settings(text)),
    )
}

/// The verdict on `threshold` of `operation` (empty: the process).
fn find<'v>(verdicts: &'v [Verdict], threshold: &str, operation: &str) -> &'v Verdict {
    let of = |verdict: &&Verdict| verdict.operation.as_deref().unwrap_or_default() == operation;
    verdicts
        .iter()
        .filter(of)
        .find(|verdict| verdict.threshold == threshold)
        .expect(threshold)
}

fn told(verdict: &Verdict) -> (Status, &str) {
    (verdict.status, &verdict.evidence)
}

#[test]
fn within_all_budgets_all_pass() {
    let verdicts = judged(&with(window(10), "search", 1000, 3), "");
    assert_eq!(verdicts.len(), 3);
    assert_eq!(overall(&verdicts), Status::Pass);
    assert_eq!(
        told(find(&verdicts, "max_memory_mb", "")),
        (
            Status::Pass,
            "Anonymous plus swapped memory peaked at 100 MiB in 100 readings; the limit is 1,024 MiB."
        )
    );
    assert_eq!(
        told(find(&verdicts, "max_cpu_percent", "")),
        (
            Status::Pass,
            "2 of 4 available CPUs were busy (50 %) over 10 s; the limit is 80 %."
        )
    );
    let search = find(&verdicts, "max_response_time_ms", "search");
    assert_eq!(
        search.evidence,
        "3 of 1,003 `search` operations (0.299 %) took longer than 100 ms; 1 % may. Slowest: 212 ms."
    );
    assert_eq!((search.limit, search.unit.as_str()), (100.0, "ms"));
    assert!(
        (search.observed.unwrap() - 5.0).abs() < 0.05,
        "the 99th percentile: {search:?}"
    );
}

#[test]
fn more_violations_than_allowed_fail_and_come_first() {
    let verdicts = judged(
        &with(with(window(10), "insert", 500, 0), "search", 900, 100),
        "",
    );
    assert_eq!(overall(&verdicts), Status::Fail);
    assert_eq!(verdicts[0].operation.as_deref(), Some("search"));
    assert_eq!(
        told(&verdicts[0]),
        (
            Status::Fail,
            "100 of 1,000 `search` operations (10 %) took longer than 100 ms; 1 % may. Slowest: 212 ms."
        )
    );
    assert!(verdicts[0].observed.unwrap() > 200.0);
    assert_eq!(
        find(&verdicts, "max_response_time_ms", "insert").status,
        Status::Pass
    );
}

#[test]
fn the_rule_is_literal_at_its_edges_and_the_evidence_says_how_close_it_is() {
    for (fast, slow, status) in [
        (99, 0, Status::NoData),
        (0, 99, Status::NoData),
        (99, 1, Status::Pass),
        (98, 2, Status::Fail),
        (990, 10, Status::Pass),
        (989, 11, Status::Fail),
    ] {
        let verdicts = judged(&with(window(1), "search", fast, slow), "");
        let verdict = find(&verdicts, "max_response_time_ms", "search");
        assert_eq!(
            verdict.status, status,
            "{slow} slow, {fast} fast: {verdict:?}"
        );
        let close = verdict
            .evidence
            .contains("Another run may be judged otherwise: the share lies between");
        assert_eq!(close, status != Status::NoData, "{verdict:?}");
        assert!(
            status == Status::NoData || verdict.evidence.contains("Slowest: 212 ms"),
            "{verdict:?}"
        );
    }
}

#[test]
fn too_few_have_no_data_and_the_slowest_is_still_shown() {
    let verdicts = judged(&with(window(1), "search", 38, 2), "");
    assert_eq!(
        told(find(&verdicts, "max_response_time_ms", "search")),
        (
            Status::NoData,
            "2 of 40 `search` operations took longer than 100 ms; a verdict needs 100. Slowest: 212 ms."
        )
    );
    assert_eq!(overall(&verdicts), Status::NoData);
}

#[test]
fn every_outcome_counts_as_a_violation_and_untimed_operations_do_not_count() {
    let mut window = with(window(1), "search", 190, 0);
    window.operations[0].untimed = 5000;
    for _ in 0..5 {
        let search = &mut window.operations[0];
        search.error.record(Duration::from_secs(1));
        search.cancelled.record(Duration::from_secs(2));
    }
    let verdicts = judged(&window, "");
    let verdict = find(&verdicts, "max_response_time_ms", "search");
    assert_eq!(verdict.status, Status::Fail);
    assert!(
        verdict
            .evidence
            .starts_with("10 of 200 timed `search` operations (5 %)"),
        "{verdict:?}"
    );
    assert!(
        verdict.evidence.contains("Slowest: 2,000 ms."),
        "{verdict:?}"
    );
}

#[test]
fn an_operation_may_have_limits_of_its_own_and_takes_the_rest_from_above() {
    let text = "[thresholds]\nmin_samples = 10\n[thresholds.operations.insert]\nmax_response_time_ms = 500\n";
    let verdicts = judged(
        &with(with(window(1), "search", 20, 20), "insert", 20, 20),
        text,
    );
    let (search, insert) = (
        find(&verdicts, "max_response_time_ms", "search"),
        find(&verdicts, "max_response_time_ms", "insert"),
    );
    assert_eq!((search.status, search.limit), (Status::Fail, 100.0));
    assert_eq!((insert.status, insert.limit), (Status::Pass, 500.0));
    assert_eq!(
        verdicts
            .iter()
            .filter(|verdict| verdict.operation.is_some())
            .count(),
        2
    );
}

#[test]
fn an_operation_named_in_the_settings_that_never_ran_has_no_data() {
    let text = "[thresholds.operations.serach]\nmin_recall = 0.9\n";
    let verdicts = judged(&with(window(1), "search", 200, 0), text);
    assert_eq!(
        told(find(&verdicts, "max_response_time_ms", "serach")),
        (Status::NoData, "No `serach` operation ended.")
    );
    assert_eq!(
        told(find(&verdicts, "min_recall", "serach")),
        (Status::NoData, "No recall was stated for `serach`.")
    );
    assert_eq!(
        find(&verdicts, "max_response_time_ms", "search").status,
        Status::Pass
    );
    assert_eq!(overall(&verdicts), Status::NoData);
}

#[test]
fn memory_counts_over_the_run_the_rest_over_the_steady_phase() {
    let mut run = with(with(window(60), "search", 0, 500), "build", 0, 1);
    run.resources.peak_anonymous_swapped_bytes = Some(2 << 30);
    run.resources.cpu_percent = Some(99.0);
    let steady = with(window(10), "search", 500, 0);
    let text = "[thresholds.operations.build]\nmin_samples = 1\nmax_response_time_ms = 60000\n";
    let verdicts = evaluate(
        Evidence {
            run: &run,
            steady: &steady,
        },
        &thresholds(&settings(text)),
    );
    assert_eq!(
        told(find(&verdicts, "max_memory_mb", "")),
        (
            Status::Fail,
            "Anonymous plus swapped memory peaked at 2,048 MiB in 600 readings; the limit is 1,024 MiB."
        )
    );
    assert_eq!(find(&verdicts, "max_cpu_percent", "").status, Status::Pass);
    assert_eq!(
        find(&verdicts, "max_response_time_ms", "search").status,
        Status::Pass
    );
    // It ended before the steady phase; whoever names it wants it judged.
    let build = find(&verdicts, "max_response_time_ms", "build");
    assert_eq!(build.status, Status::Pass);
    assert!(
        build
            .evidence
            .starts_with("0 of 1 `build` operations in the whole run (0 %)"),
        "{build:?}"
    );
}

#[test]
fn what_could_not_be_measured_is_no_data_with_the_reason() {
    let verdicts = judged(&Snapshot::default(), "[thresholds]\nmin_recall = 0.9\n");
    assert_eq!(overall(&verdicts), Status::NoData);
    for (threshold, reason) in [
        (
            "max_memory_mb",
            "Memory is not known: `memory_tracking` is off, or this system does not tell",
        ),
        (
            "max_cpu_percent",
            "CPU use is not known: the window was too short, or this system does not tell",
        ),
        (
            "max_response_time_ms",
            "No operation ended in the steady phase.",
        ),
        ("min_recall", "No operation stated its recall."),
    ] {
        let verdict = find(&verdicts, threshold, "");
        assert_eq!(
            (verdict.status, verdict.observed),
            (Status::NoData, None),
            "{verdict:?}"
        );
        assert!(verdict.evidence.starts_with(reason), "{verdict:?}");
    }
    let mut torn = window(1);
    torn.resources.cpu_percent = Some(f64::NAN);
    let verdicts = judged(&torn, "");
    assert_eq!(
        find(&verdicts, "max_cpu_percent", "").status,
        Status::NoData,
        "NaN is no observation"
    );
}

#[test]
fn a_limit_reached_exactly_is_kept() {
    let mut window = window(1);
    window.resources.peak_anonymous_swapped_bytes = Some(1024 << 20);
    window.resources.cpu_percent = Some(80.0);
    let verdicts = judged(&window, "");
    assert_eq!(find(&verdicts, "max_memory_mb", "").status, Status::Pass);
    assert_eq!(find(&verdicts, "max_cpu_percent", "").status, Status::Pass);
}

#[test]
fn errors_are_judged_when_asked_for() {
    let mut window = with(window(1), "search", 990, 0);
    (0..10).for_each(|_| window.operations[0].error.record(Duration::from_millis(1)));
    let verdicts = judged(&window, "[thresholds]\nmax_error_percent = 0.1\n");
    let verdict = find(&verdicts, "max_error_percent", "search");
    assert_eq!(
        told(verdict),
        (
            Status::Fail,
            "10 of 1,000 `search` operations (1 %) ended in an error or panic; 0.1 % may."
        )
    );
    assert_eq!((verdict.observed, verdict.unit.as_str()), (Some(1.0), "%"));
    assert!(
        judged(&window, "")
            .iter()
            .all(|verdict| verdict.threshold != "max_error_percent")
    );
    let own = judged(
        &window,
        "[thresholds.operations.search]\nmax_error_percent = 5\n",
    );
    assert_eq!(
        find(&own, "max_error_percent", "search").status,
        Status::Pass
    );
}

#[test]
fn recall_goes_by_its_interval() {
    // 1,000 queries, k 10: 900 perfect, 100 found 5. Mean 0.95, interval about 0.94 to 0.96.
    let estimate = RecallEstimate::from_counts(10, &[0, 0, 0, 0, 0, 100, 0, 0, 0, 0, 900]).unwrap();
    let mut window = with(window(1), "search", 1000, 0);
    window.operations[0].stated_recall = Some(estimate);
    for (min, status) in [
        (0.90, Status::Pass),
        (0.95, Status::Inconclusive),
        (0.955, Status::Inconclusive),
        (0.98, Status::Fail),
    ] {
        let verdicts = judged(&window, &format!("[thresholds]\nmin_recall = {min}\n"));
        let verdict = find(&verdicts, "min_recall", "search");
        assert_eq!(verdict.status, status, "{verdict:?}");
        assert_eq!(verdict.observed, Some(0.95));
        assert!(
            verdict.evidence.starts_with(
                "recall@10 of `search` was 0.95 over 1,000 distinct queries (95 % interval 0.9"
            ),
            "{verdict:?}"
        );
        assert_eq!(
            verdict.evidence.contains("more queries would decide"),
            status == Status::Inconclusive
        );
    }
    let own = judged(
        &window,
        "[thresholds]\nmin_recall = 0.9\n[thresholds.operations.search]\nmin_recall = 0.99\n",
    );
    let recalls: Vec<_> = own
        .iter()
        .filter(|verdict| verdict.threshold == "min_recall")
        .collect();
    assert_eq!(recalls.len(), 1, "{recalls:?}");
    assert_eq!(recalls[0].limit, 0.99);
}

#[test]
fn overall_is_the_gravest_and_has_its_exit_code() {
    let codes = [
        Status::Pass,
        Status::Fail,
        Status::NoData,
        Status::Inconclusive,
    ]
    .map(Status::exit_code);
    assert_eq!(codes, [0, 3, 4, 4]);
    assert_eq!(overall(&[]), Status::Pass);
    let verdicts = judged(
        &with(with(window(1), "a", 10, 0), "b", 0, 500),
        "[thresholds]\nmin_recall = 1\n",
    );
    let statuses: Vec<Status> = verdicts.iter().map(|verdict| verdict.status).collect();
    assert_eq!(
        statuses,
        [
            Status::Fail,
            Status::NoData,
            Status::NoData,
            Status::Pass,
            Status::Pass
        ]
    );
}

#[test]
fn a_hostile_name_breaks_no_line() {
    let verdicts = judged(&with(window(1), "a\n::error::b\u{1b}[31m`", 200, 0), "");
    assert!(
        verdicts
            .iter()
            .all(|verdict| !verdict.evidence.contains(['\n', '\u{1b}'])),
        "{verdicts:?}"
    );
}

/// Memory growth by its interval, with a limit of 60 MiB an hour.
#[test]
fn growth_is_judged_by_its_interval() {
    let verdict = |growth: Option<(f64, f64, f64)>| {
        let mut window = window(300);
        window.resources.memory_growth = growth.map(|(low, middle, high)| MemoryGrowth {
            readings: 300,
            seconds: 299.0,
            mb_per_hour: middle,
            low_mb_per_hour: low,
            high_mb_per_hour: high,
            limit_in: None,
        });
        let text = "[thresholds]\nmax_memory_growth_mb_per_hour = 60\n";
        let verdicts = judged(&window, text);
        find(&verdicts, "max_memory_growth_mb_per_hour", "").clone()
    };
    assert_eq!(verdict(Some((-250.0, -120.0, 10.0))).status, Status::Pass);
    assert_eq!(verdict(Some((20.0, 40.0, 60.0))).status, Status::Pass);
    let spans = verdict(Some((-10.0, 40.0, 90.0)));
    assert_eq!(
        told(&spans),
        (
            Status::Inconclusive,
            "Anonymous plus swapped memory grew by 40 MiB an hour (95 % confidence: -10 to 90) in 300 points over \
             299 s; the limit is 60. A longer run narrows the interval."
        )
    );
    let leaks = verdict(Some((61.0, 80.0, 99.0)));
    assert_eq!((leaks.status, leaks.observed), (Status::Fail, Some(80.0)));
    let short = verdict(None);
    assert_eq!((short.status, short.observed), (Status::NoData, None));
    assert!(short.evidence.contains("24 points"), "{}", short.evidence);
    assert!(
        !judged(&window(300), "")
            .iter()
            .any(|verdict| verdict.threshold.contains("growth")),
        "not judged unless asked for"
    );
}
