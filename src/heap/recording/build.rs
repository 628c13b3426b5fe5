//! The profile, made of a copy of the ledger. Runs in the thread that asks for it: reading symbols takes time.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use super::ledger::{Ending, Site, Sums, objects};
use crate::cpu::stack_walking::{
    BROKEN, Frame, Modules, OTHER, Places, StackId, Symbolizer, TRUNCATED,
};
use crate::profile::{Builder, Profile, ValueType, names};

/// Stands for a stack that there was no room for.
const UNREAD: &str = "[no stack]";

/// How many values a sample has.
const VALUES: usize = 6;
/// A site and its values.
pub(super) type Row = (Site, [i64; VALUES]);

/// What was known at some moment.
pub(super) struct Counts {
    pub(super) rows: Vec<Row>,
    pub(super) stacks: Vec<Arc<[Frame]>>,
    pub(super) modules: Modules,
    pub(super) phases: Vec<Arc<str>>,
    pub(super) mean: u64,
    pub(super) began: SystemTime,
    pub(super) span_ns: u64,
    pub(super) comments: Vec<String>,
}

/// The profile.
pub(super) fn profile(
    counts: &Counts,
    operation: &dyn Fn(u32) -> Option<String>,
    symbolizer: &mut Symbolizer,
) -> Profile {
    let mut builder = Builder::new(value_types());
    builder.period(
        ValueType::new(names::SPACE, names::BYTES),
        integer(counts.mean),
    );
    let mut places = Places::new(builder, &counts.modules);
    let stack = |site: &Site| counts.stacks.get(site.stack.0 as usize);
    let stacks = counts.rows.iter().filter_map(|(site, _)| stack(site));
    let frames = stacks.flat_map(|stack| stack.iter().copied()).collect();
    places.name(frames, symbolizer);
    let mut rows: Vec<&Row> = counts.rows.iter().collect();
    rows.sort_by_key(|(site, values)| (Reverse((values[VALUES - 1], values[1])), *site));
    for (site, values) in rows {
        let mut locations = stack(site).map_or_else(Vec::new, |stack| places.of(stack));
        drop_ours(&places.builder, &mut locations);
        match site.end {
            Ending::Unread => locations.push(places.words(UNREAD)),
            _ if site.stack == StackId::OTHER => locations.push(places.words(OTHER)),
            Ending::Truncated => locations.push(places.words(TRUNCATED)),
            Ending::Broken => locations.push(places.words(BROKEN)),
            Ending::Root => {}
        }
        let mut labels = Vec::new();
        let builder = &mut places.builder;
        let phase = (site.phase as usize).checked_sub(1);
        if let Some(phase) = phase.and_then(|phase| counts.phases.get(phase)) {
            labels.push(builder.label(names::PHASE, phase));
        }
        if let Some(name) = operation(site.operation) {
            labels.push(builder.label(names::OPERATION, &name));
        }
        builder.sample(locations, values.to_vec(), labels);
    }
    let mut builder = places.builder;
    let began = counts.began.duration_since(SystemTime::UNIX_EPOCH);
    let began = u64::try_from(began.unwrap_or_default().as_nanos()).unwrap_or(0);
    builder.time(integer(began), integer(counts.span_ns));
    for comment in &counts.comments {
        builder.comment(comment.clone());
    }
    builder.finish()
}

/// Readers show the last one unless told otherwise.
fn value_types() -> Vec<ValueType> {
    [
        (names::ALLOC_OBJECTS, names::COUNT),
        (names::ALLOC_SPACE, names::BYTES),
        (names::TEMPORARY_OBJECTS, names::COUNT),
        (names::TEMPORARY_SPACE, names::BYTES),
        (names::INUSE_OBJECTS, names::COUNT),
        (names::INUSE_SPACE, names::BYTES),
    ]
    .map(|(kind, unit)| ValueType::new(kind, unit))
    .into()
}

/// A site's values, in the order of [`value_types`].
fn values(sums: &Sums) -> [i64; VALUES] {
    let [allocated, temporary, in_use] = [sums.allocated, sums.temporary, sums.in_use]
        .map(|weight| [integer(objects(weight)), integer(weight.bytes)]);
    [
        allocated[0],
        allocated[1],
        temporary[0],
        temporary[1],
        in_use[0],
        in_use[1],
    ]
}

/// What the sites hold.
pub(super) fn rows(sites: &[(Site, Sums)]) -> Vec<Row> {
    sites
        .iter()
        .map(|(site, sums)| (*site, values(sums)))
        .collect()
}

/// What the sites hold more at the second moment than at the first; less is negative.
pub(super) fn difference(from: &[(Site, Sums)], to: &[(Site, Sums)]) -> Vec<Row> {
    // Sites never go, so all that were at the first moment are at the second one.
    let before: HashMap<Site, [i64; VALUES]> = rows(from).into_iter().collect();
    let mut rows = rows(to);
    for (site, now) in &mut rows {
        if let Some(before) = before.get(site) {
            now.iter_mut()
                .zip(before)
                .for_each(|(now, before)| *now -= before);
        }
    }
    rows.retain(|(_, values)| values.iter().any(|value| *value != 0));
    rows
}

/// The frames of the allocator itself, which are the first of every stack, tell nothing.
fn drop_ours(builder: &Builder, locations: &mut Vec<u32>) {
    /// So far from the leaf.
    const FIRST: usize = 12;
    let is_ours = |name: &str| {
        name.contains("vecperf::allocation::")
            || ["__rust_alloc", "__rust_realloc", "__rustc::", "__rg_"]
                .iter()
                .any(|start| name.starts_with(start))
    };
    let first = locations.iter().take(FIRST);
    let ours = first
        .map(|location| builder.functions_at(*location).any(is_ours))
        .collect::<Vec<_>>();
    if let Some(last) = ours.iter().rposition(|ours| *ours) {
        locations.drain(..=last);
    }
}

/// pprof counts in signed integers; so many that they can be added up.
fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
