//! An exporter of one's own: a report is plain data, an exporter turns it into bytes.
//!
//! `cargo run --example custom_exporter`

use std::io::Write;

use vecperf::export::Exporter;
use vecperf::{Error, ErrorKind, Monitor, Report, Settings};

/// One line per operation in the line protocol that InfluxDB and friends read.
struct LineProtocol;

impl Exporter for LineProtocol {
    fn name(&self) -> &str {
        "line protocol"
    }

    fn export(&self, report: &Report, out: &mut dyn Write) -> std::io::Result<()> {
        for operation in &report.run.operations {
            let name = operation.name.replace([' ', ',', '='], "_");
            let p99 = operation
                .latency
                .as_ref()
                .map_or(0.0, |latency| latency.p99_seconds);
            writeln!(
                out,
                "vecperf,operation={name} count={}i,p99_seconds={p99}",
                operation.count
            )?;
        }
        Ok(())
    }
}

fn main() -> vecperf::Result<()> {
    let monitor = Monitor::in_memory(Settings::default())?;
    let insert = monitor.operation("insert");
    for i in 0..1000_u64 {
        insert.measure(|| std::hint::black_box(i.pow(2)));
    }
    LineProtocol
        .export(&monitor.finish()?, &mut std::io::stdout())
        .map_err(|error| Error::new(ErrorKind::Io, "the lines cannot be written").because(error))
}
