//! The machine, how it was watched and at what cost, and the settings.

use super::Shown;
use super::markup::Markup;
use crate::export::quantity::bytes;
use crate::export::view;
use crate::report::Report;

/// Everything that one needs to know before comparing this run with another.
pub(super) fn section(page: &mut Markup, shown: &Shown<'_>) {
    let report = shown.report;
    let row = |(name, text): (&str, String)| vec![name.to_owned(), text];
    page.table(
        "The machine",
        &["what", "as it was"],
        2,
        machine(report).into_iter().map(row),
    );
    let watching = std::iter::once(("watching", view::self_cost(report)));
    let profile = view::profile(report)
        .into_iter()
        .map(|it| ("CPU profile", it));
    let heap = view::heap_profile(report)
        .into_iter()
        .map(|it| ("heap profile", it));
    let lines = view::resources(report)
        .into_iter()
        .chain(profile)
        .chain(heap)
        .chain(watching);
    page.table(
        "What the run took, and what watching it cost",
        &["what", "how much"],
        2,
        lines.map(row),
    );
    let notes = view::notes(report);
    if !notes.is_empty() {
        page.heading("Notes");
        page.list(notes.iter().map(|(_, note)| note));
    }
    refusals(page, report);
    capabilities(page, report);
    settings(page, report);
}

fn machine(report: &Report) -> Vec<(&'static str, String)> {
    let of = &report.environment;
    let cpus = match of.cpus_available {
        Some(available) => {
            let available = (available * 100.0).round() / 100.0;
            format!("{}, {available} available", of.cpus)
        }
        None => of.cpus.to_string(),
    };
    let known = [
        ("system", format!("{} {}", of.os, of.kernel)),
        ("processor", of.cpu_model.clone()),
        ("architecture", of.architecture.clone()),
        ("CPUs", cpus),
        ("memory", of.memory_bytes.map(bytes).unwrap_or_default()),
        (
            "frequency governor",
            of.frequency_governor.clone().unwrap_or_default(),
        ),
        ("clock", of.clock.clone()),
        ("started", report.started_at.clone()),
        ("vecperf", report.vecperf_version.clone()),
        ("settings", report.settings.fingerprint()),
    ];
    known
        .into_iter()
        .filter(|(_, text)| !text.trim().is_empty())
        .collect()
}

fn refusals(page: &mut Markup, report: &Report) {
    let refusals = report.cpu_profile.iter().flat_map(|it| &it.refusals);
    let rows = refusals.map(|it| vec![it.back_end.clone(), it.reason.clone(), it.remedy.clone()]);
    page.table(
        "Ways to take samples that were tried and refused",
        &["back end", "why not", "what to change"],
        3,
        rows,
    );
}

fn capabilities(page: &mut Markup, report: &Report) {
    if report.environment.capabilities.is_empty() {
        return;
    }
    page.html("<details><summary>What could be measured on this machine</summary>\n");
    let rows = report.environment.capabilities.iter().map(|one| {
        let measured = if one.available { "yes" } else { "no" };
        vec![
            one.name.clone(),
            measured.to_owned(),
            one.reason.clone(),
            one.remedy.clone(),
        ]
    });
    page.table(
        "What could be measured, and how, or why not",
        &["what", "measured", "how, or why not", "what to change"],
        4,
        rows,
    );
    page.html("</details>\n");
}

fn settings(page: &mut Markup, report: &Report) {
    page.html("<details><summary>The settings in force</summary>\n");
    let entries = report.settings.entries();
    let rows = entries
        .into_iter()
        .filter_map(|entry| Some(vec![entry.key, entry.value?.to_string()]));
    page.table("The settings in force", &["key", "value"], 2, rows);
    page.html("</details>\n");
}
