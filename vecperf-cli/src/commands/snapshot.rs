//! `vecperf snapshot`: what a running program's flight recorder holds, written to a file.

use vecperf::Report;
use vecperf::export::files;

use crate::args::SnapshotArgs;
use crate::exit::{Exit, Failure, Result};
use crate::terminal::Terminal;
use crate::watched::{Place, Watched};

pub(crate) fn run(args: &SnapshotArgs, terminal: Terminal) -> Result<Exit> {
    let place = Place::asked_for(&args.watched)?;
    let to_stdout = args.output.as_os_str() == "-";
    let shown = args.output.display();
    // Before the program is asked for anything.
    if !to_stdout && !args.force && args.output.symlink_metadata().is_ok() {
        return Err(Failure::usage(format!("{shown} is there already"))
            .remedy("give another name with -o, or --force to overwrite it"));
    }
    let watched = Watched::at(place.clone());
    // What is no vecperf is found out by a question that changes nothing.
    let told = |silence| Failure::from((&place, silence));
    watched.state().map_err(told)?;
    let capture = watched.capture().map_err(told)?;
    let report: Report = serde_json::from_slice(&capture).map_err(|error| {
        Failure::runtime(format!("{place}: what was answered is no report")).because(&error)
    })?;
    if to_stdout {
        terminal.bytes(&capture)?;
    } else {
        files::replace(&args.output, &capture)?;
        terminal.remark(format_args!(
            "{shown}: {} operations, {} slow ones; `vecperf check {shown}` shows the verdicts",
            report.run.operations.len(),
            report.slow_operations.len()
        ));
    }
    Ok(Exit::Fine)
}
