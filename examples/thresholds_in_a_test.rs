//! Budgets in an ordinary test: fails when a search is too slow, or recall too low.
//!
//! `cargo test --example thresholds_in_a_test`, or `cargo run --example thresholds_in_a_test`

#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use vecperf::{Monitor, Settings, Status};

fn main() -> vecperf::Result<()> {
    search_keeps_its_budget()
}

#[cfg_attr(test, test)]
fn search_keeps_its_budget() -> vecperf::Result<()> {
    let settings = Settings::from_toml(
        "[thresholds.operations.search]\nmax_response_time_ms = 250\nmin_recall = 0.9\n",
        "the budget of this test",
    )?;
    let monitor = Monitor::in_memory(settings)?;
    let search = monitor.operation("search");
    for query in 0..200_u64 {
        let found = search.measure(|| (0..10).filter(|rank| (query + rank) % 97 != 0).count());
        search.record_recall(found as u32, 10); // a real test compares with the exact neighbours
    }

    for verdict in monitor.finish()?.verdicts {
        println!(
            "{:?} {}: {}",
            verdict.status, verdict.threshold, verdict.evidence
        );
        assert_ne!(verdict.status, Status::Fail, "{}", verdict.evidence);
    }
    Ok(())
}
