//! `vecperf report FILE|DIR`: a saved report in another format, from the file alone; the page with the profiles beside it.

use vecperf::export::{Console, Csv, Exporter, Github, Html, Json, Junit, Markdown};

use super::runs;
use super::telling;
use crate::args::{ReportArgs, Telling};
use crate::exit::{Exit, Result};
use crate::terminal::Terminal;

pub(crate) fn run(args: &ReportArgs, terminal: Terminal) -> Result<Exit> {
    let place = &args.telling;
    telling::check(place)?;
    let saved = runs::Saved::read(runs::one(&args.report)?)?;
    let report = &saved.report;
    let (cpu, heap) = match place.format {
        Telling::Html => (
            runs::or_remark(saved.profile(), terminal),
            runs::or_remark(saved.heap_profile(), terminal),
        ),
        _ => (None, None),
    };
    let html = Html {
        cpu_profile: cpu.as_ref(),
        heap_profile: heap.as_ref(),
    };
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
        Telling::Html => &html,
    };
    let bytes = exporter.to_bytes(report)?;
    if place.format == Telling::Github {
        telling::summarize(&Markdown.to_bytes(report)?)?;
    }
    telling::tell(place, &bytes, terminal)?;
    Ok(Exit::Fine)
}
