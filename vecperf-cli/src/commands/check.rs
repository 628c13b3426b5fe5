//! `vecperf check FILE`: the verdicts of a saved report, as exit code and as text.

use vecperf::{Report, Verdict};

use super::{settings, show};
use crate::args::CheckArgs;
use crate::exit::{Exit, Result};
use crate::terminal::Terminal;

pub(crate) fn run(args: &CheckArgs, terminal: Terminal) -> Result<Exit> {
    let report = Report::read(&args.report)?;
    let verdicts = verdicts(args, &report)?;
    show::verdicts(&verdicts, args.format, terminal)?;
    if verdicts.is_empty() {
        terminal.remark(format_args!(
            "{}: no threshold was judged",
            args.report.display()
        ));
    }
    if !report.complete {
        terminal.remark(format_args!(
            "{}: the run was cut short",
            args.report.display()
        ));
    }
    Ok(Exit::of_verdicts(&verdicts))
}

/// The saved verdicts, or new ones from the saved numbers.
fn verdicts(args: &CheckArgs, report: &Report) -> Result<Vec<Verdict>> {
    match &args.config {
        None => Ok(report.verdicts.clone()),
        Some(file) => {
            let settings = settings::in_force(Some(file))?.settings;
            Ok(report.judge(&settings))
        }
    }
}
