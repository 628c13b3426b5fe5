//! `vecperf snapshot`: what a running program's flight recorder holds, written to a file.

use vecperf::Report;
use vecperf::export::files;

use crate::args::SnapshotArgs;
use crate::exit::{Exit, Failure, Result};
use crate::terminal::Terminal;
use crate::watched::{self, Place, Watched};

pub(crate) fn run(args: &SnapshotArgs, terminal: Terminal) -> Result<Exit> {
    let place = Place::asked_for(&args.watched)?;
    let to_stdout = args.output.as_os_str() == "-";
    let shown = args.output.display();
    // Before the program is asked for anything.
    if !to_stdout && !args.force && args.output.symlink_metadata().is_ok() {
        return Err(Failure::usage(format!("{shown} is there already"))
            .remedy("give another name with -o, or --force to overwrite it"));
    }
    let program = Watched::at(place.clone());
    // What is no vecperf is found out by a question that changes nothing.
    let told = |silence| Failure::from((&place, silence));
    program.state().map_err(told)?;
    let capture = program.capture().map_err(told)?;
    let report: Report = watched::read(&capture).map_err(|why| {
        Failure::runtime(format!("{place}: what was answered is no report: {why}"))
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
