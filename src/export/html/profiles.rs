//! Why it took so long: the flame graph's frame, and the first functions of each operation.

use std::collections::{HashMap, HashSet};

use super::Shown;
use super::frames::Frames;
use super::markup::Markup;
use crate::export::quantity::{duration, percent};
use crate::export::view;
use crate::profile::{LabelValue, Profile, names};

/// Operations that have a table, at most: those that took most.
const MOST_OPERATIONS: usize = 6;
/// Functions in a table.
const MOST_FUNCTIONS: usize = 12;

/// The flame graph, then the functions.
pub(super) fn section(page: &mut Markup, shown: &Shown<'_>) {
    let report = shown.report;
    if !shown.data.flames.is_empty() {
        frame(page);
    }
    match shown.cpu {
        Some((profile, frames)) => by_operation(page, profile, frames),
        None => {
            let rows = view::functions(report, usize::MAX);
            page.table(
                "CPU time by function",
                &["function", "own", "with what it called"],
                1,
                rows.into_iter().map(Vec::from),
            );
        }
    }
    let sites = view::heap_sites(report, usize::MAX);
    page.table(
        "Heap by the function that allocated",
        &["function", "in use at the end", "allocated"],
        1,
        sites.into_iter().map(Vec::from),
    );
}

/// The controls and the frame that the script draws into.
fn frame(page: &mut Markup) {
    page.html(
        r#"<noscript><p class="remark">The flame graph is drawn by a script, which this browser does not run. The tables
below have its largest parts.</p></noscript>
<div class="flame" id="flame-graph" hidden>
<form class="controls" id="flame-controls" aria-label="What the flame graph shows">
<label>Value <select id="flame-value"></select></label>
<label>Operation <select id="flame-operation"></select></label>
<label>Phase <select id="flame-phase"></select></label>
<label>Instances <select id="flame-cohort"></select></label>
<label>Compared with <select id="flame-against"></select></label>
<label>Find <input id="flame-search" type="search" autocomplete="off" spellcheck="false" placeholder="part of a name"></label>
<button id="flame-reset" type="button">Whole graph</button>
</form>
<p id="flame-told" role="status"></p>
<div id="flame-chart" role="application" tabindex="0" aria-label="Flame graph" aria-describedby="flame-keys"></div>
<p id="flame-frame" class="what" aria-live="polite"></p>
<p id="flame-keys" class="what">A bar is a function, as wide as what was measured in it and in what it called, which
stands below it. A click zooms to it. By keyboard: Tab to the graph, the arrows move, Enter zooms, Escape shows the
whole.</p>
</div>
"#,
    );
}

/// What a function took of an operation's CPU time.
#[derive(Default)]
struct Taken {
    own: i64,
    all: i64,
    own_of_slow: i64,
}

/// An operation, or what lay outside of any.
#[derive(Default)]
struct Group {
    all: i64,
    slow: i64,
    functions: HashMap<u32, Taken>,
}

/// What was taken by each stack, in each operation and whether in its slow instances: what many samples share is looked
/// at once.
fn by_stack(profile: &Profile, value: usize) -> HashMap<(Option<&LabelValue>, bool, &[u32]), i64> {
    let mut sums = HashMap::new();
    for sample in &profile.samples {
        let operation = sample.label(names::OPERATION);
        let slow = sample.has_label(names::COHORT, names::ABOVE_P99);
        let sum: &mut i64 = sums
            .entry((operation, slow, sample.locations.as_slice()))
            .or_default();
        *sum = sum.saturating_add(sample.value(value).max(0));
    }
    sums
}

fn by_operation(page: &mut Markup, profile: &Profile, frames: &Frames) {
    let Some(value) = profile.value_index(names::CPU) else {
        return;
    };
    let mut groups: HashMap<Option<String>, Group> = HashMap::new();
    for ((operation, slow, stack), taken) in by_stack(profile, value) {
        let operation = operation.map(ToString::to_string);
        let group = groups.entry(operation).or_default();
        group.all = group.all.saturating_add(taken);
        if slow {
            group.slow = group.slow.saturating_add(taken);
        }
        let mut seen = HashSet::new();
        let mut last = None;
        for name in frames.stack(stack) {
            last = Some(name);
            // A function that calls itself took its time once.
            if seen.insert(name) {
                let function = group.functions.entry(name).or_default();
                function.all = function.all.saturating_add(taken);
            }
        }
        if let Some(function) = last.and_then(|leaf| group.functions.get_mut(&leaf)) {
            function.own = function.own.saturating_add(taken);
            if slow {
                function.own_of_slow = function.own_of_slow.saturating_add(taken);
            }
        }
    }
    let mut groups: Vec<_> = groups.into_iter().filter(|(_, it)| it.all > 0).collect();
    // Operations first, those that took most before the others; what lay outside of any comes last.
    groups.sort_by(|(a, left), (b, right)| {
        let key = |name: &Option<String>, group: &Group| (name.is_none(), -group.all);
        key(a, left).cmp(&key(b, right)).then_with(|| a.cmp(b))
    });
    let outside = groups.pop_if(|(name, _)| name.is_none());
    groups.truncate(MOST_OPERATIONS);
    for (operation, group) in groups.into_iter().chain(outside) {
        table(page, operation.as_deref(), &group, frames);
    }
}

fn table(page: &mut Markup, operation: Option<&str>, group: &Group, frames: &Frames) {
    let mut functions: Vec<_> = group.functions.iter().collect();
    functions.sort_by_key(|(name, taken)| (-taken.own, -taken.all, **name));
    let time = duration(group.all as f64 / 1e9);
    let caption = match operation {
        Some(operation) => format!("CPU time of {operation}: {time} in all, by function"),
        None => format!("CPU time outside of operations: {time} in all, by function"),
    };
    let share = |part: i64, all: i64| percent(part as f64 / all.max(1) as f64 * 100.0);
    let rows = functions.into_iter().take(MOST_FUNCTIONS);
    let rows = rows.map(|(name, taken)| {
        let mut row = vec![
            frames.name(*name).unwrap_or_default().to_owned(),
            share(taken.own, group.all),
            share(taken.all, group.all),
        ];
        if group.slow > 0 {
            let (slow, rest) = (group.slow, group.all - group.slow);
            row.push(share(taken.own_of_slow, slow));
            row.push(share(taken.own - taken.own_of_slow, rest));
        }
        row
    });
    let header = [
        "function",
        "own",
        "with what it called",
        "own, slower than p99",
        "own, the rest",
    ];
    let columns = if group.slow > 0 { 5 } else { 3 };
    page.table(&caption, &header[..columns], 1, rows);
}
