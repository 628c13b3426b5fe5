//! The heap profile.

use super::plural;
use crate::export::quantity::{bytes, count, percent};
use crate::report::Report;

/// The profile in one line, then its notes.
pub(in crate::export) fn heap_profile(report: &Report) -> Vec<String> {
    let Some(profile) = &report.heap_profile else {
        return Vec::new();
    };
    let mut parts = vec![
        format!("one byte in {} sampled", bytes(profile.mean_bytes)),
        plural(profile.samples, "sample"),
        format!(
            "{} allocated, {} of it in use",
            bytes(profile.allocated_bytes),
            bytes(profile.in_use_bytes)
        ),
    ];
    let of_samples = [
        (profile.truncated_share, "cut off"),
        (profile.broken_share, "broken"),
        (profile.in_other_share, "in [other]"),
    ];
    parts.extend(
        of_samples
            .into_iter()
            .filter(|(share, _)| *share > 0.0)
            .map(|(share, what)| format!("{} {what}", percent(share * 100.0))),
    );
    for (number, what) in [
        (profile.lost, "lost"),
        (profile.without_stack, "without a stack"),
    ] {
        if number > 0 {
            parts.push(format!("{} {what}", count(number)));
        }
    }
    parts.extend(profile.file.clone());
    let notes = profile.notes.iter().cloned();
    std::iter::once(parts.join(" · ")).chain(notes).collect()
}

/// The functions that hold the most: name, bytes in use, bytes allocated.
pub(in crate::export) fn heap_sites(report: &Report, most: usize) -> Vec<[String; 3]> {
    let sites = report.heap_profile.iter().flat_map(|it| &it.sites);
    let row = sites.take(most).map(|site| {
        let [in_use, allocated] = [site.in_use_bytes, site.allocated_bytes].map(bytes);
        [site.function.clone(), in_use, allocated]
    });
    row.collect()
}
