//! How a run ends: files, stdout, plain words on stderr, exit code.

use indicatif::HumanCount;
use vecperf::export::plain;
use vecperf::{Report, Status};

use super::Bench;
use super::conclude::Recall;
use crate::args::Format;
use crate::commands::show;
use crate::driver::Tally;
use crate::exit::{Exit, Result};

/// What the phases came to.
pub(super) enum Outcome {
    /// All of them ran.
    Done { tally: Tally, recall: Recall },
    /// Ctrl-C; the monitor knows where.
    Interrupted,
}

impl Bench {
    /// Writes the files, prints the report and says how it went.
    ///
    /// # Errors
    /// A file or stdout cannot be written; the report is printed even when its file cannot be written.
    pub(super) fn conclude(&self, outcome: &Outcome) -> Result<Exit> {
        if !self.monitor.is_on() {
            return self.conclude_unmonitored(outcome);
        }
        let (path, page) = (self.monitor.metrics_path(), self.monitor.page_path());
        let written = self.monitor.finish();
        let (report, failure) = match written {
            Ok(report) => (report, None),
            Err(error) => (self.monitor.report(), Some(error)),
        };
        show::report(&report, self.plan.format, self.terminal)?;
        if let Some(error) = failure {
            return Err(error.into());
        }
        if let Some(path) = path {
            self.terminal
                .remark(format_args!("report: {}", path.display()));
        }
        if let Some(page) = page {
            self.terminal
                .remark(format_args!("page: {}", page.display()));
        }
        self.remark_on_profiles(&report);
        Ok(match outcome {
            Outcome::Interrupted => Exit::Interrupted,
            Outcome::Done { tally, .. } if tally.failed > 0 => Exit::Runtime,
            Outcome::Done { .. } if self.plan.gate => Exit::of_verdicts(&report.verdicts),
            Outcome::Done { .. } => {
                self.remark_on(&report);
                Exit::Fine
            }
        })
    }

    /// Where the profiles are, and what to do with them.
    fn remark_on_profiles(&self, report: &Report) {
        let profile = report.cpu_profile.as_ref();
        if let Some(file) = profile.and_then(|profile| profile.file.as_deref()) {
            let file = plain(file);
            self.terminal.remark(format_args!(
                "profile: {file}\nnext: vecperf functions {file} --operation search\n      vecperf flame {file} --operation search --cohort above_p99 --against rest"
            ));
        }
        let heap = report.heap_profile.as_ref();
        if let Some(file) = heap.and_then(|profile| profile.file.as_deref()) {
            let file = plain(file);
            self.terminal.remark(format_args!(
                "heap profile: {file}\nnext: vecperf functions {file} --sort total"
            ));
        }
    }

    /// Without a gate a failed threshold does not change the exit code. The table ends with the verdicts; where JSON or
    /// Markdown went to stdout, they are told here.
    fn remark_on(&self, report: &Report) {
        let mut failed = report
            .verdicts
            .iter()
            .filter(|verdict| verdict.status == Status::Fail)
            .peekable();
        if failed.peek().is_none() {
            return;
        }
        if self.plan.format != Format::Table {
            failed.for_each(|verdict| {
                self.terminal.remark(format_args!(
                    "failed: {}: {}",
                    show::subject(verdict),
                    plain(&verdict.evidence)
                ));
            });
        }
        self.terminal
            .remark("a threshold failed; with --gate that is exit code 3");
    }

    /// `monitoring.enabled = false`: what the driver itself counted, e.g. to see what monitoring costs.
    fn conclude_unmonitored(&self, outcome: &Outcome) -> Result<Exit> {
        let Outcome::Done { tally, recall } = outcome else {
            self.terminal
                .remark("monitoring.enabled = false: no report, no files");
            return Ok(Exit::Interrupted);
        };
        let recall = recall
            .estimate
            .as_ref()
            .map(|it| format!(", recall@{} {:.4}", it.k, it.mean));
        self.terminal.data(&format!(
            "monitoring.enabled = false: no report, no files\n{} searches in {:.2?}: {:.1} per second{}\n",
            HumanCount(tally.answered),
            tally.elapsed,
            tally.per_second(),
            recall.unwrap_or_default()
        ))?;
        Ok(match (tally.failed, self.plan.gate) {
            (1.., _) => Exit::Runtime,
            (0, true) => Exit::Inconclusive,
            (0, false) => Exit::Fine,
        })
    }
}
