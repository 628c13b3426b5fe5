//! What a recorder holds after many records, each in a process of its own.
//!
//! The program starts itself again with the name of one recorder; the child records and says how far its resident
//! memory grew. Nothing is drained, as in a program whose scraper is away.

use std::error::Error;
use std::fmt;
use std::process::Command;

use metrics_exporter_prometheus::PrometheusBuilder;
use vecperf::Monitor;

use crate::recorders;

const RECORDS: u64 = 5_000_000;
const FLAG: &str = "--memory-of";
const RECORDERS: [&str; 3] = ["vecperf", "metrics", "hotpath"];

/// Growth of the resident memory, KiB.
pub(crate) struct Held {
    /// After the last record.
    after: u64,
    peak: u64,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.after, self.peak)
    }
}

/// In a child: records, and returns what that took.
pub(crate) fn asked() -> Result<Option<Held>, Box<dyn Error>> {
    let mut words = std::env::args().skip_while(|word| word != FLAG).skip(1);
    let Some(recorder) = words.next() else {
        return Ok(None);
    };
    let held = match recorder.as_str() {
        "vecperf" => {
            let monitor = Monitor::in_memory(recorders::unprofiled())?;
            let operation = monitor.operation("work");
            growth(|| drop(operation.start()))
        }
        "metrics" => {
            let _exporter = PrometheusBuilder::new().install_recorder()?;
            let histogram = metrics::histogram!("work_seconds");
            growth(|| histogram.record(1e-6))
        }
        "hotpath" => {
            let _on = recorders::hotpath();
            growth(|| hotpath::measure_block!("work", ()))
        }
        other => Err(format!("{other}: no such recorder"))?,
    };
    held.map(Some)
}

/// Resident memory now less that after the first record, which sets things up.
fn growth(record: impl Fn()) -> Result<Held, Box<dyn Error>> {
    record();
    let before = resident()?;
    (1..RECORDS).for_each(|_| record());
    let now = resident()?;
    let more = |now: u64, before: u64| now.saturating_sub(before);
    Ok(Held {
        after: more(now.after, before.after),
        peak: more(now.peak, before.after),
    })
}

/// `VmRSS` and `VmHWM` of `/proc/self/status`.
fn resident() -> Result<Held, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")
        .map_err(|error| format!("resident memory: {error}; it is read from Linux' /proc"))?;
    let kib = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.ok_or_else(|| format!("/proc/self/status has no {key}"))
    };
    Ok(Held {
        after: kib("VmRSS:")?,
        peak: kib("VmHWM:")?,
    })
}

/// Runs a child for each recorder and prints what they say.
pub(crate) fn compare() -> Result<(), Box<dyn Error>> {
    println!(
        "### Resident memory grown by {} M operations of 0 ns on one thread, KiB\n",
        RECORDS / 1_000_000
    );
    println!("| | after the last | at most |\n|---|---:|---:|");
    for recorder in RECORDERS {
        let program = std::env::current_exe()?;
        let said = Command::new(program).args([FLAG, recorder]).output()?;
        let text = String::from_utf8_lossy(&said.stdout);
        match text.split_whitespace().collect::<Vec<_>>()[..] {
            [after, peak] => println!("| {recorder} | {after} | {peak} |"),
            _ => println!(
                "| {recorder} | unavailable: {} | |",
                String::from_utf8_lossy(&said.stderr).trim()
            ),
        }
    }
    Ok(())
}
