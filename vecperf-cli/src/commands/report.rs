//! `vecperf report FILE|DIR`: a saved report in another format, from the file alone.

use vecperf::export::{Console, Csv, Exporter, Github, Json, Junit, Markdown};

use super::runs;
use super::telling;
use crate::args::{ReportArgs, Telling};
use crate::exit::{Exit, Result};
use crate::terminal::Terminal;

pub(crate) fn run(args: &ReportArgs, terminal: Terminal) -> Result<Exit> {
    let place = &args.telling;
    telling::check(place)?;
    let report = vecperf::Report::read(runs::one(&args.report)?)?;
    let to_terminal = place.output.is_none();
    let console = Console {
        width: if to_terminal {
            terminal.stdout_width()
        } else {
            80
        },
        colour: to_terminal && terminal.stdout_color(),
    };
    let exporter: &dyn Exporter = match place.format {
        Telling::Text => &console,
        Telling::Markdown => &Markdown,
        Telling::Json => &Json,
        Telling::Junit => &Junit,
        Telling::Github => &Github,
        Telling::Csv => &Csv,
    };
    let bytes = exporter.to_bytes(&report)?;
    if place.format == Telling::Github {
        telling::summarize(&Markdown.to_bytes(&report)?)?;
    }
    telling::tell(place, &bytes, terminal)?;
    Ok(Exit::Fine)
}
