//! The report as a page: what it says, and that no name in it acts on whoever opens it.

mod dom;
mod hostile;
mod payloads;
mod profiles;

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
    let each_once = page.texts("caption");
    assert!(each_once.iter().all(|caption| !caption.is_empty()));
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
