//! All operations and gauges of one monitor: names, the series limit, snapshots.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::call_site;
use super::core::Core;
use super::gauge::Gauge;
use super::label;
use super::operation::Operation;
use super::receipts::{self, Kept, Slow, Slowest, WORK};
use super::segments::Reader;
use crate::allocation;
use crate::clock::Moment;
use crate::histogram::nanos_of;
use crate::segment::{Drained, Segment, Source};
use crate::snapshot::{GaugeReading, OperationSnapshot, SelfCost};

/// What takes the operations beyond the series limit.
const OTHERS: &str = "(other operations)";
/// Says how often a gauge beyond it was asked for; values of different gauges have no sum.
const OTHER_GAUGES: &str = "(other gauges)";
/// A longer name is cut at the last whole character before.
const LONGEST_NAME: usize = 255;

#[derive(Debug)]
pub(crate) struct Recorder {
    limit: usize,
    series: Mutex<Series>,
    profile: Mutex<Profile>,
    left: Arc<receipts::Left>,
    kept: Mutex<Kept>,
    slow_above: Longest,
}

/// The longest that an operation of this name should take.
pub(crate) type Limit = dyn Fn(&str) -> Option<Duration> + Send + Sync;

struct Longest(Box<Limit>);

impl fmt::Debug for Longest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Longest")
    }
}

/// What the CPU profile needs of recording.
#[derive(Debug, Default)]
struct Profile {
    /// While it is under way.
    reader: Option<Reader>,
    on_first_segment: Option<fn()>,
}

#[derive(Debug, Default)]
struct Series {
    operations: Vec<Arc<Core>>,
    by_name: HashMap<Arc<str>, usize>,
    gauges: Vec<(String, Arc<AtomicU64>)>,
    others: Option<Arc<Core>>,
    other_gauges: u64,
}

impl Recorder {
    pub(crate) fn new(limit: usize) -> Self {
        // From here on operations know whether their allocations can be counted.
        allocation::installation();
        Self {
            limit: limit.max(1),
            series: Mutex::default(),
            profile: Mutex::default(),
            left: Arc::new(receipts::Left::new()),
            kept: Mutex::default(),
            slow_above: Longest(Box::new(|_| None)),
        }
    }

    /// From the start an operation is slow that takes longer than `limit` says; without that, from when on its 99.9th
    /// percentile is known.
    pub(crate) fn slow_above(
        mut self,
        limit: impl Fn(&str) -> Option<Duration> + Send + Sync + 'static,
    ) -> Self {
        self.slow_above = Longest(Box::new(limit));
        self
    }

    fn core(&self, name: &str) -> Arc<Core> {
        let slow = Slow {
            limit_ns: (self.slow_above.0)(name).map_or(u64::MAX, nanos_of),
            left: Arc::clone(&self.left),
        };
        Core::new(name, slow)
    }

    pub(crate) fn operation(&self, name: &str) -> Operation {
        let name = cut(name);
        let mut series = self.series();
        if let Some(&known) = series.by_name.get(name) {
            return Operation::of(Arc::clone(&series.operations[known]));
        }
        if series.len() >= self.limit || name == OTHERS {
            let others = series.others.get_or_insert_with(|| self.core(OTHERS));
            return Operation::of(Arc::clone(others));
        }
        let core = self.core(name);
        let at = series.operations.len();
        series.by_name.insert(Arc::clone(&core.name), at);
        series.operations.push(Arc::clone(&core));
        Operation::of(core)
    }

    pub(crate) fn gauge(&self, name: &str) -> Gauge {
        let name = cut(name);
        let mut series = self.series();
        if let Some((_, bits)) = series.gauges.iter().find(|gauge| gauge.0 == name) {
            return Gauge::of(Arc::clone(bits));
        }
        if series.len() >= self.limit || name == OTHER_GAUGES {
            series.other_gauges += 1;
            return Gauge::default();
        }
        let bits = Arc::new(AtomicU64::new(f64::NAN.to_bits()));
        series.gauges.push((name.to_owned(), Arc::clone(&bits)));
        Gauge::of(bits)
    }

    /// Every operation, cumulative, in the order of their first use; the overflow operation last.
    pub(crate) fn operations(&self) -> Vec<OperationSnapshot> {
        self.first_operations(usize::MAX)
    }

    /// The first `most` of [`Recorder::operations`].
    pub(crate) fn first_operations(&self, most: usize) -> Vec<OperationSnapshot> {
        // Read without the lock: a new operation must not wait for a snapshot.
        let cores: Vec<Arc<Core>> = self.series().cores().take(most).cloned().collect();
        cores.iter().map(|core| core.snapshot()).collect()
    }

    /// How many of each of the first `most` operations have ended, in the order of their first use, into `counts`.
    /// For every beat: it builds no distribution, so it takes a third of the time of [`Recorder::operations`].
    pub(crate) fn counts(&self, most: usize, counts: &mut Vec<(Arc<str>, u64)>) {
        let cores: Vec<Arc<Core>> = self.series().cores().take(most).cloned().collect();
        counts.clear();
        counts.extend(
            cores
                .iter()
                .map(|core| (Arc::clone(&core.name), core.ended())),
        );
    }

    /// The gauges that were set, and how often one beyond the limit was asked for.
    pub(crate) fn gauges(&self) -> Vec<GaugeReading> {
        let series = self.series();
        let readings = series.gauges.iter().map(|(name, bits)| GaugeReading {
            name: name.clone(),
            value: f64::from_bits(bits.load(Relaxed)),
        });
        let others = (series.other_gauges > 0).then(|| GaugeReading {
            name: OTHER_GAUGES.to_owned(),
            value: series.other_gauges as f64,
        });
        let set = readings.filter(|reading| !reading.value.is_nan());
        set.chain(others).collect()
    }

    /// At every beat: takes in the receipts of slow operations, and judges anew which are. `started`: of the monitor.
    pub(crate) fn keep_receipts(&self, started: Moment) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // Not under the series' lock: a new operation must not wait.
        let cores = || self.series().cores().cloned().collect();
        kept.beat((started, started.elapsed()), &self.left, cores);
    }

    /// The receipts of slow operations that ended from so long after the start on, at most `most`, and what is missing.
    pub(crate) fn receipts(&self, started: Moment, from: Duration, most: usize) -> Slowest {
        self.keep_receipts(started);
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.slowest(started + from, most)
    }

    /// By its number, each of these operations' name, and the names of what [`Receipt::work`] holds.
    pub(crate) fn names(&self, numbers: &HashSet<u32>) -> HashMap<u32, (String, Vec<String>)> {
        let of = |core: &&Arc<Core>| numbers.contains(&core.number);
        // Not under the series' lock: a new operation must not wait.
        let cores: Vec<Arc<Core>> = self.series().cores().filter(of).cloned().collect();
        let names = cores.iter().map(|core| {
            let name = core.name.as_ref().to_owned();
            (core.number, (name, core.counter_names(WORK)))
        });
        names.collect()
    }

    /// Bytes held, series in use, records in the overflow operation.
    pub(crate) fn self_cost(&self) -> SelfCost {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let receipts = kept.bytes() + self.left.bytes();
        drop(kept);
        let series = self.series();
        let operations: usize = series.cores().map(|core| core.bytes()).sum();
        SelfCost {
            bytes: (operations + receipts) as u64,
            overflowed: series.others.as_ref().map_or(0, |core| core.ended()),
            series: series.len() as u64,
            ..SelfCost::default()
        }
    }

    /// Makes this the recorder of `#[measure]`, in place of another one.
    pub(crate) fn install(recorder: &Arc<Self>) {
        call_site::install(recorder);
    }

    /// Ends that, if it is this one.
    pub(crate) fn uninstall(recorder: &Arc<Self>) {
        call_site::uninstall(recorder);
    }

    /// In every profile that begins from now on, each thread calls `hook` at the end of its first operation.
    #[cfg(any(test, all(feature = "cpu", target_os = "linux")))]
    pub(crate) fn on_first_segment(&self, hook: fn()) {
        self.profile().on_first_segment = Some(hook);
    }

    fn profile(&self) -> MutexGuard<'_, Profile> {
        self.profile.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn series(&self) -> MutexGuard<'_, Series> {
        self.series.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Operations leave segments, and nobody wants them: what benchmarks measure.
#[derive(Debug)]
pub struct Unprofiled(Arc<Recorder>);

impl Unprofiled {
    /// `None` while somebody profiles.
    pub(crate) fn begin(recorder: &Arc<Recorder>) -> Option<Self> {
        recorder.begin().then(|| Self(Arc::clone(recorder)))
    }

    /// Reads them, as the profiler does; how many there were, and how many more had been written over.
    pub fn drain(&self) -> (u64, u64) {
        let mut count = 0;
        let drained = self.0.drain(&mut |_| count += 1);
        (count, drained.overrun)
    }
}

impl Drop for Unprofiled {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Source for Recorder {
    fn begin(&self) -> bool {
        let mut profile = self.profile();
        if profile.reader.is_none() {
            profile.reader = Reader::begin(profile.on_first_segment);
        }
        profile.reader.is_some()
    }

    fn drain(&self, take: &mut dyn FnMut(Segment)) -> Drained {
        let mut profile = self.profile();
        let reader = profile.reader.as_mut();
        reader.map_or_else(Drained::default, |reader| reader.drain(take))
    }

    fn end(&self) {
        self.profile().reader = None;
    }

    fn operation(&self, number: u32) -> Option<String> {
        let series = self.series();
        let found = series.cores().find(|core| core.number == number);
        found
            .filter(|_| number != 0)
            .map(|core| core.name.to_string())
    }

    fn label(&self, number: u16) -> Option<String> {
        label::text(number)
    }
}

impl Series {
    fn len(&self) -> usize {
        self.operations.len() + self.gauges.len()
    }

    fn cores(&self) -> impl Iterator<Item = &Arc<Core>> {
        self.operations.iter().chain(&self.others)
    }
}

pub(super) fn cut(name: &str) -> &str {
    &name[..name.floor_char_boundary(LONGEST_NAME)]
}
