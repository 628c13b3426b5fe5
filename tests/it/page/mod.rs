//! The report as a page: what it says, and that no name in it acts on whoever opens it.

mod dom;
mod hostile;
mod payloads;
mod profiles;

use std::collections::BTreeSet;

use serde_json::Value;
use vecperf::config::Output;
use vecperf::export::{Exporter, Html, html};
use vecperf::{Monitor, Report, Settings};

use crate::report_sample::sample;
use dom::Dom;

/// The page of the sample with everything that it can show.
fn page() -> String {
    let (cpu, heap) = (profiles::cpu("search"), profiles::heap("search"));
    let html = Html {
        cpu_profile: Some(&cpu),
        heap_profile: Some(&heap),
    };
    String::from_utf8(html.to_bytes(&sample()).unwrap()).unwrap()
}

#[test]
fn verdicts_come_first_and_what_matters_is_text() {
    let page = Dom::of(&page());
    let headings = page.texts("h2");
    assert_eq!(
        headings,
        [
            "Verdicts",
            "Findings",
            "Latency",
            "Operations",
            "Recall",
            "Over time",
            "CPU and heap",
            "Slow operations",
            "Memory",
            "Environment"
        ]
    );
    let text = page.text();
    for said in [
        "1 of 5 thresholds failed",
        "48.3 % of 2 CPUs over the search phase (10.0 s), more than 40 %",
        "Next:",
        "280 µs",
        "0.951",
        "thread_timer",
        "hnsw::graph::Graph::link",
        "no cgroup file system is mounted",
        "thresholds.max_memory_mb",
    ] {
        assert!(text.contains(said), "{said}");
    }
    let slowest = page.texts("summary");
    let told = |took: &str| slowest.iter().any(|summary| summary.contains(took));
    assert!(told("search: 213 ms, ended 11.20 s after the start") && told("31.0 ms"));
    for said in [
        "2 waited for storage",
        "311 hops",
        "label: ef=200",
        "distance ← search",
    ] {
        assert!(text.contains(said), "{said}");
    }
    let captions = page.texts("caption");
    let different: BTreeSet<_> = captions.iter().collect();
    assert_eq!(different.len(), captions.len(), "{captions:?}");
}

#[test]
fn memory_says_all_that_the_console_says() {
    let page = Dom::of(&page());
    let text = page.text();
    for said in [
        "41.0 MiB anonymous + swapped at the end of search, 76.0 % explained.",
        "Rust heap",
        "4.00 MiB in huge pages",
        "50.0 % ± 0.977 %",
        "10.0 MiB file-backed: 6.00 MiB in 1 region · 4.00 MiB in other files",
        "as of 2.50 s: it has not answered since",
        "more than the whole process holds",
        "components and regions beyond 200 are not kept: 3",
    ] {
        assert!(text.contains(said), "{said}");
    }
}

#[test]
fn a_name_of_what_cannot_be_seen_is_the_same_in_the_graph_and_in_the_table() {
    let name = "\u{1}".repeat(300);
    let profile = profiles::cpu(&name);
    let html = Html {
        cpu_profile: Some(&profile),
        ..Html::default()
    };
    let page = String::from_utf8(html.to_bytes(&sample()).unwrap()).unwrap();
    let page = Dom::of(&page);
    let shown = "\\u{1}".repeat(300);
    let data: Value = serde_json::from_str(&page.texts("script")[0]).unwrap();
    let names = data["flames"][0]["names"].as_array().unwrap();
    assert!(names.contains(&shown.as_str().into()), "{names:?}");
    assert!(page.texts("th").contains(&shown));
}

/// The sample with a search phase for each of these settings, recall and searches a second.
fn sweep(settings: &[(&str, f64, f64)]) -> Report {
    let mut report = sample();
    let search = report.phases.pop().unwrap();
    for (at, &(name, recall, per_second)) in settings.iter().enumerate() {
        let mut phase = search.clone();
        phase.name = name.to_owned();
        phase.steady = at == 0;
        let operation = &mut phase.operations[0];
        operation.per_second = per_second;
        let estimate = operation.recall.as_mut().unwrap();
        (estimate.mean, estimate.low, estimate.high) = (recall, recall - 0.01, recall + 0.008);
        report.phases.push(phase);
    }
    report
}

#[test]
fn several_settings_are_drawn_against_the_rate_and_one_is_not() {
    let drawn = |report: &Report| Dom::of(&html(report)).texts("h3");
    let heading = "Recall against rate".to_owned();
    assert!(!drawn(&sample()).contains(&heading));
    let settings = [("ef 50", 0.9, 9000.0), ("ef 200", 0.98, 3000.0)];
    assert!(drawn(&sweep(&settings)).contains(&heading));
}

#[test]
fn the_page_may_load_nothing_and_names_nothing_elsewhere() {
    let page = page();
    assert!(page.contains("default-src 'none'"), "no policy");
    let dom = Dom::of(&page);
    for (element, name, value) in dom.attributes() {
        let link = ["src", "href", "action", "srcset", "data", "poster"].contains(&name.as_str());
        assert!(
            !link || value.starts_with('#'),
            "<{element} {name}={value}>"
        );
    }
    assert_eq!(dom.elements("link").len(), 0);
}

#[test]
fn a_report_of_nothing_is_a_page() {
    let report = Monitor::off().report();
    let page = Dom::of(&html(&report));
    assert_eq!(page.texts("h2"), ["Verdicts", "Environment"]);
    assert!(page.text().contains("no thresholds were set"));
}

#[test]
fn its_size_is_bounded_whatever_the_profile_holds() {
    let bundle = html(&sample()).len();
    let wide = profiles::wide(20_000);
    let html = Html {
        cpu_profile: Some(&wide),
        ..Html::default()
    };
    let grown = html.to_bytes(&sample()).unwrap().len() - bundle;
    assert!(grown < 1_000_000, "{grown} bytes for 20,000 stacks");

    let roots = profiles::many_roots(20_000, 200);
    let html = Html {
        cpu_profile: Some(&roots),
        ..Html::default()
    };
    let page = String::from_utf8(html.to_bytes(&sample()).unwrap()).unwrap();
    let grown = page.len() - bundle;
    assert!(
        grown < 1_500_000,
        "{grown} bytes for 20,000 roots × 200 operations"
    );
    // What is not kept is not lost: all CPU time is there.
    let data = Dom::of(&page).texts("script").swap_remove(0);
    let data: Value = serde_json::from_str(&data).unwrap();
    let flame = &data["flames"][0];
    let values = flame["values"][0].as_array().unwrap();
    let sum: i64 = values.iter().filter_map(Value::as_i64).sum();
    assert_eq!(sum, 20_000 * 5 * 1_000_000);
    assert!(
        flame["names"]
            .as_array()
            .unwrap()
            .contains(&"[other]".into())
    );
    assert!(flame["node_names"].as_array().unwrap().len() <= 12_001);
}

#[test]
fn its_size_is_bounded_however_many_operations_there_are() {
    let many = profiles::many_roots(3_000, 2_000);
    let html = Html {
        cpu_profile: Some(&many),
        ..Html::default()
    };
    let page = String::from_utf8(html.to_bytes(&sample()).unwrap()).unwrap();
    let data = Dom::of(&page).texts("script").swap_remove(0);
    let data: Value = serde_json::from_str(&data).unwrap();
    let keys = data["flames"][0]["keys"].as_array().unwrap();
    assert!(keys.len() <= 201, "{} keys", keys.len());
    assert!(keys.iter().any(|key| key["operation"] == "[other]"));
}

#[test]
fn a_long_series_is_thinned_and_its_peaks_stay() {
    let mut report = sample();
    let point = report.series[0].clone();
    report.series = (0..100_000u32)
        .map(|at| {
            let mut point = point.clone();
            point.resources.at_seconds = f64::from(at);
            point.resources.anonymous_bytes = Some(if at == 777 { 1 << 40 } else { 1 << 20 });
            point.operations = [("search".to_owned(), u64::from(at) * 10)].into();
            point
        })
        .collect();
    let page = html(&report);
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    let data = Dom::of(&page).texts("script").swap_remove(0);
    let data: Value = serde_json::from_str(&data).unwrap();
    let timeline = &data["timeline"];
    let points = timeline["times"].as_array().unwrap().len();
    assert!((1_000..=2_000).contains(&points), "{points} points");
    assert!(Dom::of(&page).text().contains("1.00 MiB to 1.00 TiB"));
    let rates = timeline["charts"][0]["lines"][0]["values"]
        .as_array()
        .unwrap();
    assert_eq!(rates.len(), points);
    assert!(rates[1..].iter().all(|rate| rate.as_f64() == Some(10.0)));
}

#[test]
fn the_largest_registered_parts_are_drawn_with_the_memory() {
    let mut report = sample();
    let doubted = report
        .memory
        .as_mut()
        .unwrap()
        .components
        .last_mut()
        .unwrap();
    doubted.name = "boast".to_owned();
    doubted.doubt = Some("more than the whole process holds".to_owned());
    let mut point = report.series[0].clone();
    for (name, mib) in [
        ("boast", 1 << 30),
        ("a", 1),
        ("b", 7),
        ("c", 5),
        ("d", 3),
        ("e", 9),
    ] {
        point.components.insert(name.to_owned(), mib << 20);
    }
    point.components.remove("graph");
    point.resources.at_seconds = 9.0;
    report.series.push(point);
    let data = Dom::of(&html(&report)).texts("script").swap_remove(0);
    let data: Value = serde_json::from_str(&data).unwrap();
    let charts = data["timeline"]["charts"].as_array().unwrap();
    let memory = charts.iter().find(|chart| chart["id"] == "chart-memory");
    let lines = memory.unwrap()["lines"].as_array().unwrap();
    let values = |name: &str| {
        let line = lines
            .iter()
            .find(|line| line["name"] == format!("{name} (registered)"));
        line.map(|line| line["values"].as_array().unwrap().clone())
    };
    let graph = values("graph").unwrap();
    assert_eq!(
        (graph[0].as_f64(), graph.last().unwrap()),
        (Some(12_582_912.0), &Value::Null)
    );
    let drawn = ["boast", "a", "b", "c", "d", "e"].map(|name| values(name).is_some());
    assert_eq!(drawn, [false, false, true, true, false, true]);
}

#[test]
fn a_name_without_end_is_cut_once_and_says_how_much_more_there_is() {
    let mut report = sample();
    report.phases[0].name = "x".repeat(1 << 20);
    let page = Dom::of(&html(&report));
    let start = "x".repeat(1000);
    let cut = format!("{start}… ({} bytes more)", (1 << 20) - 1000);
    assert!(page.texts("th").contains(&cut));
    let data: Value = serde_json::from_str(&page.texts("script")[0]).unwrap();
    assert_eq!(data["timeline"]["phases"][0]["name"], cut);
}

#[test]
fn it_is_written_where_the_settings_name_it_and_nowhere_else() {
    let directory = tempfile::tempdir().unwrap();
    let mut settings = Settings::default();
    settings.monitoring.cpu_profiling = false;
    settings.output.directory = directory.path().join("logs");
    let there = || directory.path().join("logs").join("report.html");

    let monitor = Monitor::new(settings.clone()).unwrap();
    assert_eq!(monitor.page_path(), None);
    monitor.finish().unwrap();
    assert!(!there().exists());
    drop(monitor);

    settings.output.report_file = Some("report.html".into());
    let monitor = Monitor::new(settings).unwrap();
    monitor.operation("search").measure(|| {});
    assert_eq!(monitor.page_path(), Some(there()));
    monitor.finish().unwrap();
    let page = std::fs::read_to_string(there()).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("search"));
}

#[test]
fn it_may_not_replace_another_file_of_the_run() {
    let mut settings = Settings::default();
    settings.output.report_file = Some(Output::default().metrics_file);
    let error = settings.validate().unwrap_err().to_string();
    assert!(
        error.contains("output.report_file") && error.contains("output.metrics_file"),
        "{error}"
    );
}
