//! A flame graph for a browser, by `inferno`: width is what is shown; compared, colour is the difference. Of growth, width
//! is what grew.

use inferno::flamegraph::color::{BackgroundColor, Color, MultiPalette};
use inferno::flamegraph::{self, Options, Palette};

use super::folded::frame;
use super::prune::{self, Line};
use super::sides::{Sides, Terms};
use super::stacks::{Pair, Stacks};
use super::unit::Unit;
use crate::exit::{Failure, Result};

/// Darker than a frame without a difference, which is all but white.
const BACKGROUND: Color = Color {
    r: 0xe6,
    g: 0xe8,
    b: 0xeb,
};

/// The picture, and what a reader of it should know that it does not show.
pub(crate) struct Picture {
    pub(crate) svg: Vec<u8>,
    pub(crate) remarks: Vec<String>,
}

/// Draws the stacks, which are in order.
///
/// # Errors
/// Nothing grew where growth is to be drawn. The drawing fails; nothing in a profile makes it.
pub(crate) fn svg(stacks: &Stacks, sides: &Sides<'_>) -> Result<Picture> {
    if !sides.is_growth() {
        return draw(stacks, sides);
    }
    let grown = stacks.differences();
    if grown.totals[0] <= 0.0 {
        let shrunk = sides.unit.show(grown.totals[1]);
        return Err(
            Failure::no_data(format!("{}: nothing grew, {shrunk} shrank", title(sides)))
                .remedy("`vecperf functions` lists what shrank"),
        );
    }
    draw(&grown, sides)
}

fn draw(stacks: &Stacks, sides: &Sides<'_>) -> Result<Picture> {
    let scale = sides.scale(stacks.totals);
    let shown = stacks.totals[0] * scale[0];
    let (resolution, count_name) = resolution(sides, shown);
    let name = |function: u32| frame(&stacks.functions[function as usize].name).into_owned();
    let seen = prune::lines(stacks, scale.map(|scale| scale * resolution), name);
    let lines = whole(&seen.lines, sides.compared());

    let mut options = Options::default();
    options.title = title(sides);
    options.subtitle = Some(subtitle(stacks, sides));
    options.count_name = count_name;
    options.deterministic = true; // the same function has the same colour in every picture
    options.colors = Palette::Multi(MultiPalette::Rust);
    options.bgcolors = Some(BackgroundColor::Flat(BACKGROUND));
    // Not a chart of time: it is the one mode that takes the lines as they come, from the last one on.
    options.flame_chart = true;
    let mut svg = Vec::new();
    let lines = lines.iter().rev().map(String::as_str);
    flamegraph::from_lines(&mut options, lines, &mut svg)
        .map_err(|error| Failure::runtime("the flame graph cannot be drawn").because(&error))?;
    Ok(Picture {
        svg,
        remarks: remarks(seen.unseen / resolution, stacks, sides, scale),
    })
}

/// What to multiply values by so that the narrowest frame is several whole numbers wide, and what is counted then.
fn resolution(sides: &Sides<'_>, shown: f64) -> (f64, String) {
    /// So many to the whole width: ten to the narrowest frame.
    const ENOUGH: f64 = 1e5;
    /// Widths that a browser's numbers hold.
    const MOST: f64 = (1_u64 << 53) as f64;
    let unit = sides.unit.name();
    if sides.compared() && sides.operations().is_some() {
        let parts = [
            (1.0, ""),
            (1e3, "1,000 "),
            (1e6, "million "),
            (1e9, "billion "),
        ];
        let fits = parts.iter().find(|(part, _)| shown * part >= ENOUGH);
        let (part, several) = fits.unwrap_or(&parts[3]);
        let operations = if several.is_empty() {
            "operation"
        } else {
            "operations"
        };
        return (*part, format!("{unit} per {several}{operations}"));
    }
    let coarser = [(1e-6, "ms"), (1e-3, "µs")];
    match (
        &sides.unit,
        coarser.iter().find(|(part, _)| shown * part >= ENOUGH),
    ) {
        (Unit::Time(_), Some((part, name))) => (*part, (*name).to_owned()),
        _ if shown > MOST => (MOST / shown, format!("/ {:.0} {unit}", shown / MOST)),
        _ => (1.0, unit.to_owned()),
    }
}

/// Lines as inferno reads them, in whole numbers. Sums of rounded values drift; differences of rounded sums do not.
fn whole(lines: &[Line], compared: bool) -> Vec<String> {
    let mut sums: Pair = [0.0; 2];
    let mut round = |side: usize, value: f64| {
        let before = sums[side].round();
        sums[side] += value;
        (sums[side].round() - before) as u64
    };
    let mut written = Vec::with_capacity(lines.len());
    for Line { path, values } in lines {
        let (shown, other) = (round(0, values[0]), round(1, values[1]));
        if compared && (shown, other) != (0, 0) {
            written.push(format!("{path} {other} {shown}"));
        } else if !compared && shown > 0 {
            written.push(format!("{path} {shown}"));
        }
    }
    written
}

fn title(sides: &Sides<'_>) -> String {
    let [shown, against] = sides.titles();
    if sides.is_growth() {
        let between = match sides.is_difference() {
            true => String::new(),
            false => format!(" from {against} to {shown}"),
        };
        return format!("{}: what grew{between}", sides.subject());
    }
    match (shown.is_empty(), sides.compared()) {
        (true, _) => sides.subject(),
        (false, false) => format!("{}: {shown}", sides.subject()),
        (false, true) => format!("{}: {shown} against {against}", sides.subject()),
    }
}

fn subtitle(stacks: &Stacks, sides: &Sides<'_>) -> String {
    let unit = &sides.unit;
    let [shown, against] = sides.titles();
    let [total, other] = stacks.totals;
    if sides.is_growth() {
        return format!(
            "{} grew, {} shrank · width: what grew · blue: calls more that shrank",
            unit.show(total),
            unit.show(other)
        );
    }
    match (sides.compared(), sides.operations()) {
        (false, None) => unit.show(total),
        (true, None) if sides.terms() == Terms::AsTheyAre => format!(
            "{} of {shown}, {} of {against} · width: {shown} · red: more, blue: less",
            unit.show(total),
            unit.show(other)
        ),
        (false, Some([count, _])) => format!(
            "{}, {} for each of {count} operations",
            unit.show(total),
            unit.show(total / count as f64)
        ),
        (true, Some([count, others])) => format!(
            "per operation: {} ({count} of {shown}), {} ({others} of {against}) · width: {shown} · red: more, blue: less",
            unit.show(total / count as f64),
            unit.show(other / others as f64),
        ),
        (true, None) => format!(
            "{} of {shown}, {} of {against}, scaled to it (operations were not counted) · red: a larger part, blue: a smaller one",
            unit.show(total),
            unit.show(other),
        ),
    }
}

fn remarks(unseen: f64, stacks: &Stacks, sides: &Sides<'_>, scale: Pair) -> Vec<String> {
    let mut remarks = Vec::new();
    let other = stacks.totals[1] * scale[1];
    let [shown, against] = sides.titles();
    if sides.compared() && unseen > 0.01 * other {
        let per = sides.operations().map_or("", |_| " per operation");
        let unseen = sides.unit.show(unseen);
        let other_way = match sides.has_base() {
            true => "the files",
            false => "`--cohort` and `--against`",
        };
        remarks.push(if sides.is_growth() {
            format!("not in the picture: {unseen} that shrank; `vecperf functions` lists it")
        } else { format!(
            "not in the picture: {unseen}{per} that {against} spends where {shown} spends next to nothing; {other_way} the other way round shows it",
        ) });
    }
    remarks
}
