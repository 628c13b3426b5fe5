//! The profile, made of a copy of the counts. Runs in the thread that asks for it: reading symbols takes time.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::cohorts::{Cohorts, Set};
use super::comments;
use super::lengthening::Lengthening;
use super::shared::Context;
use super::splits::Sums;
use super::tally::{Key, Sum, Tally};
use crate::cpu::places::{BROKEN, OTHER, Places, TRUNCATED};
use crate::cpu::stacks::StackId;
use crate::cpu::statistics::Statistics;
use crate::cpu::symbol::Symbolizer;
use crate::cpu::unwind::{End, Frame, Modules};
use crate::profile::{Builder, Label, Profile, names};
use crate::segment::Outcome;

/// What the drain thread had counted at some moment.
pub(super) struct Counts {
    pub(super) tally: Tally,
    pub(super) stacks: Vec<Arc<[Frame]>>,
    pub(super) threads: Vec<Arc<str>>,
    pub(super) phases: Vec<Arc<str>>,
    pub(super) modules: Modules,
    pub(super) sums: Sums,
    pub(super) statistics: Statistics,
    pub(super) began: SystemTime,
    pub(super) span: Range<u64>,
}

/// Stands for CPU time that no sample can tell of.
const KERNEL: &str = "[kernel (not sampled)]";

/// What samples of the profile are told apart by: a key with its latency turned into cohorts.
#[derive(PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Row {
    stack: u32,
    end: u8,
    thread: u16,
    phase: u16,
    instance: Option<(u32, u8, u16, Set)>,
}

/// The profile of these counts.
pub(super) fn profile(counts: &Counts, context: &Context, symbolizer: &mut Symbolizer) -> Profile {
    let source = context.source.as_deref();
    let period = counts.statistics.achieved_period_ns().unwrap_or(0);
    // Without switches nobody knows an instance's time on a CPU, which it is reckoned by.
    let lengthening = match counts.statistics.switches {
        true => Lengthening::new(&counts.sums, &counts.tally, period),
        false => Lengthening::default(),
    };
    let coarseness = counts.tally.coarseness();
    let cohorts = Cohorts::new(&counts.sums, coarseness, lengthening, |operation| {
        let name = source?.operation(operation)?;
        let limit = (context.limit)(&name);
        Some((name, limit))
    });
    let rows = rows(&counts.tally, &cohorts);
    let mut making = Making {
        places: Places::new(Builder::cpu(integer(period)), &counts.modules),
        counts,
        context,
    };
    making.frames(&rows, symbolizer);
    for (row, sum) in &rows {
        making.sample(row, *sum);
    }
    making.kernel_not_sampled();
    let mut builder = making.places.builder;
    let began = counts.began.duration_since(SystemTime::UNIX_EPOCH);
    let began = u64::try_from(began.unwrap_or_default().as_nanos()).unwrap_or(0);
    builder.time(
        integer(began),
        integer(counts.span.end.saturating_sub(counts.span.start)),
    );
    builder.operations(&cohorts.counts);
    comments::of(&counts.statistics)
        .into_iter()
        .chain(comments::lengthening(cohorts.of_a_sample()))
        .chain(context.comments.iter().cloned())
        .for_each(|comment| builder.comment(comment));
    builder.finish()
}

/// The counts by row, in an order that does not depend on chance.
fn rows(tally: &Tally, cohorts: &Cohorts) -> Vec<(Row, Sum)> {
    let mut rows: HashMap<Row, Sum> = HashMap::new();
    for (key, sum) in tally.iter() {
        rows.entry(row(key, cohorts)).or_default().add(*sum);
    }
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.sort_unstable_by(|a, b| (b.1.cpu_ns, &a.0).cmp(&(a.1.cpu_ns, &b.0)));
    rows
}

fn row(key: &Key, cohorts: &Cohorts) -> Row {
    let outcome = |outcome| match outcome {
        Some(Outcome::Ok) => 0,
        Some(Outcome::Error) => 1,
        Some(Outcome::Cancelled) => 2,
        None => 3,
    };
    Row {
        stack: key.stack.0,
        end: match key.end {
            End::Root => 0,
            End::Truncated => 1,
            End::Broken => 2,
        },
        thread: key.thread,
        phase: key.phase,
        instance: key.instance.map(|instance| {
            let set = cohorts.of(instance.operation, instance.latency_bucket);
            (
                instance.operation,
                outcome(instance.outcome),
                instance.label,
                set,
            )
        }),
    }
}

/// A profile that is being made.
struct Making<'a> {
    places: Places<'a>,
    counts: &'a Counts,
    context: &'a Context,
}

impl Making<'_> {
    /// Names every frame of the rows, all at once.
    fn frames(&mut self, rows: &[(Row, Sum)], symbolizer: &mut Symbolizer) {
        let stacks = rows.iter().filter_map(|(row, _)| self.stack(row.stack));
        let frames = stacks.flat_map(|stack| stack.iter().copied()).collect();
        self.places.name(frames, symbolizer);
    }

    fn stack(&self, number: u32) -> Option<&Arc<[Frame]>> {
        self.counts.stacks.get(number as usize)
    }

    fn sample(&mut self, row: &Row, sum: Sum) {
        let mut locations: Vec<u32> = match self.stack(row.stack) {
            Some(stack) => self.places.of(stack),
            None => Vec::new(),
        };
        match row.end {
            _ if row.stack == StackId::OTHER.0 => locations.push(self.places.words(OTHER)),
            1 => locations.push(self.places.words(TRUNCATED)),
            2 => locations.push(self.places.words(BROKEN)),
            _ => {}
        }
        let labels = self.labels(row);
        let values = vec![integer(sum.samples), integer(sum.cpu_ns)];
        self.places.builder.sample(locations, values, labels);
    }

    fn labels(&mut self, row: &Row) -> Vec<Label> {
        let mut labels = Vec::new();
        let mut add = |builder: &mut Builder, key: &str, text: &str| {
            if !text.is_empty() {
                labels.push(builder.label(key, text));
            }
        };
        let builder = &mut self.places.builder;
        let name = |names: &[Arc<str>], number: u16| names.get(usize::from(number)).cloned();
        if let Some(name) = name(&self.counts.threads, row.thread) {
            add(builder, names::THREAD, &name);
        }
        if let Some(name) = name(&self.counts.phases, row.phase) {
            add(builder, names::PHASE, &name);
        }
        let source = self.context.source.as_deref();
        let (Some((operation, outcome, label, set)), Some(source)) = (row.instance, source) else {
            return labels;
        };
        let Some(operation) = source.operation(operation) else {
            return labels;
        };
        add(builder, names::OPERATION, &operation);
        let outcome = ["ok", "error", "cancelled", "not ended"][usize::from(outcome).min(3)];
        add(builder, names::OUTCOME, outcome);
        if let Some(label) = source.label(label).filter(|_| label != 0) {
            add(builder, names::LABEL, &label);
        }
        Cohorts::names(set).for_each(|cohort| add(builder, names::COHORT, cohort));
        labels
    }

    /// CPU time that no sample can tell of; no sample either.
    fn kernel_not_sampled(&mut self) {
        let kernel = self.counts.statistics.kernel_not_sampled;
        if kernel > Duration::ZERO {
            let location = self.places.words(KERNEL);
            let nanos = integer(u64::try_from(kernel.as_nanos()).unwrap_or(u64::MAX));
            (self.places.builder).sample(vec![location], vec![0, nanos], Vec::new());
        }
    }
}

/// pprof counts in signed integers.
fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
