//! The report as a page for a browser: one file, which loads nothing from elsewhere.
//!
//! What matters stands in the page as text, tables and a drawing, so that it can be read without scripts, by a screen
//! reader and on paper. A script of ours adds what must move: the charts over time and the flame graph.
//!
//! ```text
//!  markup.rs        the page being written: the one way in for data is as text
//!  summary.rs       the head: what ran, the verdicts, the figures that matter
//!  findings.rs      what stands out, and what to do next
//!  operations.rs    the percentiles by phase, and where the time went
//!  distribution.rs  the latencies, drawn
//!  recall.rs        how good the answers were, and against the rate
//!  timeline.rs      what is drawn over time, as data for the script
//!  slow.rs          the slowest operations, one by one
//!  memory.rs        what the memory is made of
//!  profiles.rs      the functions, by operation
//!  frames.rs        what the functions of a profile are called
//!  flame.rs         the profiles, as data for the script
//!  tree.rs          their stacks, cut to the largest
//!  environment.rs   the machine, what watching cost, the settings
//! ```
//!
//! The script and the style are made from `assets/report`, whose script `build.mjs` says how.

mod distribution;
mod environment;
mod findings;
mod flame;
mod frames;
mod markup;
mod memory;
mod operations;
mod profiles;
mod recall;
mod slow;
mod summary;
mod timeline;
mod tree;

use std::io::{self, Write};

use serde::Serialize;

use crate::export::Exporter;
use crate::profile::Profile;
use crate::report::Report;
use frames::Frames;
use markup::Markup;

/// The style, the script, and the script's SHA-256 in base64: a browser runs this one and no other.
const STYLE: &str = include_str!("../../../assets/report/dist/report.css");
const SCRIPT: &str = include_str!("../../../assets/report/dist/report.js");
const SCRIPT_HASH: &str = include_str!("../../../assets/report/dist/report.js.sha256");

/// The report as a page: one HTML file with everything in it.
///
/// Without the profiles it has no flame graph, and of the functions what the report itself says.
///
/// ```
/// use vecperf::export::{Exporter, Html};
///
/// # fn write(report: &vecperf::Report, cpu: &vecperf::profile::Profile) -> vecperf::Result<()> {
/// let page = Html { cpu_profile: Some(cpu), ..Html::default() }.to_bytes(report)?;
/// # Ok(())
/// # }
/// ```
///
/// What the profiles and the series add to the page is bounded whatever they hold; `cargo bench --bench page` tells how long it takes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Html<'a> {
    /// The CPU profile of the run.
    pub cpu_profile: Option<&'a Profile>,
    /// The heap profile of the run.
    pub heap_profile: Option<&'a Profile>,
}

impl Exporter for Html<'_> {
    fn name(&self) -> &str {
        "html"
    }

    fn export(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(self.page(report).as_bytes())
    }
}

/// What the script reads.
#[derive(Serialize)]
struct Data {
    /// The operation that the flame graph shows first.
    operation: Option<String>,
    timeline: timeline::Timeline,
    flames: Vec<flame::Flame>,
}

/// The sections, in order: their anchor, their name in the list at the top, and who draws them; one with nothing to
/// show draws nothing and is not listed.
type Section = (&'static str, &'static str, fn(&mut Markup, &Shown<'_>));

/// What a section draws from.
struct Shown<'a> {
    report: &'a Report,
    /// The CPU profile and its frames.
    cpu: Option<(&'a Profile, &'a Frames)>,
    data: &'a Data,
}

const SECTIONS: [Section; 10] = [
    ("verdicts", "Verdicts", summary::verdicts),
    ("findings", "Findings", findings::section),
    ("latency", "Latency", distribution::section),
    ("operations", "Operations", operations::section),
    ("recall", "Recall", recall::section),
    ("timeline", "Over time", timeline::section),
    ("flame", "CPU and heap", profiles::section),
    ("slow", "Slow operations", slow::section),
    ("memory", "Memory", memory::section),
    ("environment", "Environment", environment::section),
];

impl Html<'_> {
    fn page(&self, report: &Report) -> String {
        let main = report.steady().main_operation();
        let framed = |profile| (profile, Frames::of(profile));
        let (cpu, heap) = (self.cpu_profile.map(framed), self.heap_profile.map(framed));
        let data = Data {
            operation: main.map(|it| markup::shown(&it.name).into_owned()),
            timeline: timeline::of(report),
            flames: [&cpu, &heap]
                .into_iter()
                .flatten()
                .filter_map(|(profile, frames)| flame::of(profile, frames))
                .collect(),
        };
        let shown = Shown {
            report,
            cpu: cpu.as_ref().map(|(profile, frames)| (*profile, frames)),
            data: &data,
        };
        let drawn: Vec<_> = SECTIONS
            .iter()
            .map(|(anchor, name, draw)| {
                let mut section = Markup::default();
                draw(&mut section, &shown);
                (anchor, name, section)
            })
            .filter(|(_, _, section)| !section.is_empty())
            .collect();
        let mut page = Markup::default();
        head(&mut page, report);
        summary::masthead(&mut page, report);
        page.html("<nav aria-label=\"Sections\"><ul>");
        for (anchor, name, _) in &drawn {
            page.html("<li><a href=\"#").html(anchor).html("\">");
            page.html(name).html("</a></li>");
        }
        page.html("</ul></nav>\n<main id=\"main\" tabindex=\"-1\">\n");
        for (anchor, name, section) in drawn {
            page.html("<section id=\"").html(anchor);
            page.html("\" aria-labelledby=\"").html(anchor);
            page.html("-title\">\n<h2 id=\"").html(anchor);
            page.html("-title\">").html(name).html("</h2>\n");
            page.append(section).html("</section>\n");
        }
        page.html("</main>\n");
        summary::footer(&mut page, report);
        page.html("<script type=\"application/json\" id=\"data\">");
        page.json(&data).html("</script>\n<script>");
        page.html(SCRIPT).html("</script>\n</body>\n</html>\n");
        page.finish()
    }
}

/// Everything before the body. The page may load nothing, send nothing and run one script.
fn head(page: &mut Markup, report: &Report) {
    page.html("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.html("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; ");
    page.html("form-action 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-");
    page.html(SCRIPT_HASH).html("'\">\n");
    page.html("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.html("<meta name=\"color-scheme\" content=\"light dark\">\n");
    page.html("<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
    page.text(&summary::title(report))
        .html(" · vecperf</title>\n<style>");
    page.html(STYLE).html("</style>\n</head>\n<body>\n");
    page.html("<a class=\"skip\" href=\"#main\">Skip to the report</a>\n");
}
