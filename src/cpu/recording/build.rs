//! The profile, made of a copy of the counts. Runs in the thread that asks for it: reading symbols takes time.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::cohorts::{Cohorts, Set};
use super::comments;
use super::lengthening::Lengthening;
use super::shared::Context;
use super::splits::Sums;
use super::stacks::StackId;
use super::tally::{Key, Sum, Tally};
use crate::cpu::statistics::Statistics;
use crate::cpu::symbol::{Functions, Symbol, Symbolizer, hex};
use crate::cpu::unwind::{End, Frame, ModuleId, Modules};
use crate::profile::{Builder, Function, Label, Line, Location, Mapping, Profile, names};
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

/// Frames that stand for what has no address.
const KERNEL: &str = "[kernel (not sampled)]";
const OTHER: &str = "[other]";
const TRUNCATED: &str = "[truncated]";
const BROKEN: &str = "[broken]";

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
        builder: Builder::cpu(integer(period)),
        counts,
        context,
        locations: HashMap::new(),
        named: HashSet::new(),
    };
    making.frames(&rows, symbolizer);
    for (row, sum) in &rows {
        making.sample(row, *sum);
    }
    making.kernel_not_sampled();
    let mut builder = making.builder;
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
    builder: Builder,
    counts: &'a Counts,
    context: &'a Context,
    locations: HashMap<Frame, u32>,
    /// Modules of which a frame has a name. A reader looks elsewhere, by build id, for the names of the others.
    named: HashSet<ModuleId>,
}

impl Making<'_> {
    /// Names every frame of the rows, all at once.
    fn frames(&mut self, rows: &[(Row, Sum)], symbolizer: &mut Symbolizer) {
        let stacks = rows.iter().filter_map(|(row, _)| self.stack(row.stack));
        let mut frames: Vec<Frame> = stacks.flat_map(|stack| stack.iter().copied()).collect();
        frames.sort_unstable();
        frames.dedup();
        let functions = symbolizer.functions(&self.counts.modules, &frames);
        let named = frames.iter().zip(&functions);
        self.named = named
            .filter(|(_, functions)| !functions.is_empty())
            .filter_map(|(frame, _)| match frame {
                Frame::Code { module, .. } => Some(*module),
                Frame::Kernel(_) | Frame::Unknown(_) => None,
            })
            .collect();
        self.program_first();
        for (frame, functions) in frames.into_iter().zip(functions) {
            let location = self.location(frame, &functions);
            self.locations.insert(frame, location);
        }
    }

    /// Readers take the first mapping for the program's own. Linux maps a program below all of its libraries.
    fn program_first(&mut self) {
        let files = self.counts.modules.iter();
        let files = files.filter(|(_, module)| module.file.is_some());
        if let Some((program, _)) = files.min_by_key(|(_, module)| module.start) {
            self.mapping(program);
        }
    }

    fn stack(&self, number: u32) -> Option<&Arc<[Frame]>> {
        self.counts.stacks.get(number as usize)
    }

    fn location(&mut self, frame: Frame, functions: &Functions) -> u32 {
        let lines = functions.iter().map(|symbol| self.line(symbol)).collect();
        let location = match frame {
            Frame::Code { module, address } => {
                let bias = self
                    .counts
                    .modules
                    .get(module)
                    .map_or(0, |module| module.bias);
                Location {
                    mapping: self.mapping(module),
                    address: address.wrapping_add(bias),
                    lines,
                }
            }
            Frame::Kernel(address) => Location {
                mapping: Some(self.kernel_mapping()),
                address,
                lines,
            },
            Frame::Unknown(address) => Location {
                mapping: None,
                address,
                lines,
            },
        };
        self.builder.location(location)
    }

    fn line(&mut self, symbol: &Symbol) -> Line {
        let function = self.builder.function(Function {
            name: symbol.name.clone(),
            system_name: symbol.system_name.clone(),
            file: symbol.file.clone(),
            start_line: 0,
        });
        Line {
            function,
            line: symbol.line.into(),
        }
    }

    fn mapping(&mut self, id: ModuleId) -> Option<u32> {
        let module = self.counts.modules.get(id)?;
        let mapping = Mapping {
            start: module.start,
            end: module.end,
            file_offset: module.file_offset,
            file: module.path.clone(),
            build_id: module.build_id.as_deref().map_or_else(String::new, hex),
            has_functions: self.named.contains(&id),
        };
        Some(self.builder.mapping(mapping))
    }

    fn kernel_mapping(&mut self) -> u32 {
        self.builder.mapping(Mapping {
            start: 0xffff_0000_0000_0000,
            end: u64::MAX,
            file: "[kernel]".to_owned(),
            has_functions: true,
            ..Mapping::default()
        })
    }

    /// A location without an address.
    fn words(&mut self, name: &str) -> u32 {
        let function = self.builder.function(Function {
            name: name.to_owned(),
            ..Function::default()
        });
        self.builder.location(Location {
            lines: vec![Line { function, line: 0 }],
            ..Location::default()
        })
    }

    fn sample(&mut self, row: &Row, sum: Sum) {
        let mut locations: Vec<u32> = match self.stack(row.stack) {
            Some(stack) => stack
                .iter()
                .filter_map(|frame| self.locations.get(frame).copied())
                .collect(),
            None => Vec::new(),
        };
        match row.end {
            _ if row.stack == StackId::OTHER.0 => locations.push(self.words(OTHER)),
            1 => locations.push(self.words(TRUNCATED)),
            2 => locations.push(self.words(BROKEN)),
            _ => {}
        }
        let labels = self.labels(row);
        let values = vec![integer(sum.samples), integer(sum.cpu_ns)];
        self.builder.sample(locations, values, labels);
    }

    fn labels(&mut self, row: &Row) -> Vec<Label> {
        let mut labels = Vec::new();
        let mut add = |builder: &mut Builder, key: &str, text: &str| {
            if !text.is_empty() {
                labels.push(builder.label(key, text));
            }
        };
        let builder = &mut self.builder;
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
            let location = self.words(KERNEL);
            let nanos = integer(u64::try_from(kernel.as_nanos()).unwrap_or(u64::MAX));
            self.builder
                .sample(vec![location], vec![0, nanos], Vec::new());
        }
    }
}

/// pprof counts in signed integers.
fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
