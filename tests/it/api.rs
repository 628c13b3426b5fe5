//! What a program relies on without thinking of it: things can be sent, shared, printed, and named.

use std::fmt::Debug;

use vecperf::{config, export, perf_utils, recall, record, report, resource, snapshot, threshold};

fn shared<T: Send + Sync + Debug + 'static>() {}
fn sent<T: Send + Debug>() {}
fn copied_plainly<T: Clone + PartialEq>() {}

#[test]
fn handles_go_to_other_threads() {
    shared::<vecperf::Monitor>();
    shared::<vecperf::Phase>();
    shared::<vecperf::Operation>();
    shared::<vecperf::Counter>();
    shared::<vecperf::Gauge>();
    shared::<vecperf::PerfCounter>();
    shared::<perf_utils::PerfSnapshot>();
    shared::<export::files::OutputDirectory>();
    shared::<threshold::Alarm>();
    // A future under measurement moves between the threads of its runtime, and a timer with it.
    sent::<vecperf::Timer<'static>>();
    shared::<record::Instrumented<std::future::Ready<()>>>();
}

#[test]
fn data_are_plain() {
    shared::<vecperf::Error>();
    shared::<vecperf::Settings>();
    shared::<config::Resolved>();
    shared::<vecperf::Snapshot>();
    shared::<vecperf::Report>();
    copied_plainly::<vecperf::Moment>();
    copied_plainly::<vecperf::Histogram>();
    copied_plainly::<vecperf::RecallEstimate>();
    copied_plainly::<recall::JudgedQueries>();
    copied_plainly::<snapshot::OperationSnapshot>();
    copied_plainly::<snapshot::GaugeReading>();
    copied_plainly::<resource::ResourceUse>();
    copied_plainly::<vecperf::threshold::Threshold>();
    copied_plainly::<threshold::Limit>();
    copied_plainly::<vecperf::Verdict>();
    copied_plainly::<report::PhaseReport>();
    copied_plainly::<vecperf::Settings>();
}

#[test]
fn errors_work_with_the_question_mark() {
    fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        vecperf::Settings::from_toml("[monitoring]\nenabled = 1\n", "x.toml")?;
        Ok(())
    }
    assert!(
        main()
            .unwrap_err()
            .to_string()
            .contains("monitoring.enabled")
    );
}

#[test]
fn the_root_names_no_more_than_twenty_things() {
    let lib = include_str!("../../src/lib.rs");
    let names = |line: &str| {
        let list = line.split_once('{').map_or("one", |(_, list)| list);
        list.split(',').count()
    };
    let exports = lib.lines().filter(|line| line.starts_with("pub use "));
    let count: usize = exports
        .filter(|line| !line.contains("vecperf_macros"))
        .map(names)
        .sum();
    assert!(
        (1..=20).contains(&count),
        "{count} names at the root: the tour gets lost"
    );
}

#[test]
fn without_the_allocator_allocations_are_unavailable_and_it_says_what_to_do() {
    let failed = std::panic::catch_unwind(|| vecperf::assert_allocations!(|| (), <= 1_000));
    let text = failed.unwrap_err().downcast::<String>().unwrap();
    assert!(text.contains("install vecperf::Allocator"), "{text}");
    let environment = vecperf::report::Environment::here();
    let capability = environment
        .capabilities
        .iter()
        .find(|one| one.name == "allocations");
    let capability = capability.unwrap();
    assert!(!capability.available && capability.remedy.contains("#[global_allocator]"));
}
