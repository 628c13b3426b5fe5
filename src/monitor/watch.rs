//! Live thresholds: judged once a second over the last ten, told to the program's callbacks and to whoever looks.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::collect::{BeatWindow, Blocks, COMPONENTS};
use crate::config::Settings;
use crate::memory::Memory;
use crate::record::Recorder;
use crate::resource::{ResourceUse, Window};
use crate::snapshot::Snapshot;
use crate::threshold::{self, Alarm, Change, Evidence, Threshold, Verdict};

use super::flight::Flight;
use super::view::{Observed, View};

/// How many intervals of a second a judged window spans. They end at the first beat of each second, so that beats which
/// are a little late do not add up.
const INTERVALS: usize = 10;

type Callback = Box<dyn FnMut(&Verdict) + Send>;

/// The program's callbacks.
#[derive(Default)]
pub(super) struct Callbacks {
    list: Mutex<Vec<Callback>>,
    panics: Mutex<u64>,
}

impl Callbacks {
    pub(super) fn add(&self, react: Callback) {
        self.list().push(react);
    }

    /// Lets go of all: one that holds a handle of its monitor would keep it alive for ever.
    pub(super) fn forget(&self) {
        let forgotten = std::mem::take(&mut *self.list());
        drop(catch_unwind(AssertUnwindSafe(|| drop(forgotten))));
    }

    /// Tells every callback. The list is taken out meanwhile, so that a callback may add another one.
    fn tell(&self, verdict: &Verdict) {
        let mut told = std::mem::take(&mut *self.list());
        for react in &mut told {
            if catch_unwind(AssertUnwindSafe(|| react(verdict))).is_err() {
                *self.panics.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            }
        }
        let mut list = self.list();
        told.append(&mut list);
        *list = told;
    }

    /// A note for the report when a callback panicked.
    pub(super) fn note(&self) -> Option<String> {
        let panics = *self.panics.lock().unwrap_or_else(PoisonError::into_inner);
        (panics > 0).then(|| format!("callbacks of on_breach panicked, times: {panics}"))
    }

    fn list(&self) -> MutexGuard<'_, Vec<Callback>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Goes on to this beat with the blocks of the judged window.
pub(super) fn cut(blocks: &Mutex<Blocks>, beat: &BeatWindow, recorder: &Recorder) {
    let mut blocks = blocks.lock().unwrap_or_else(PoisonError::into_inner);
    let used = beat.used.resources();
    let cpu = used.cpu_user_seconds.zip(used.cpu_system_seconds);
    blocks.beat(beat.to, cpu.map(|(user, system)| user + system), |most| {
        recorder.first_operations(most)
    });
}

/// Who hears of what is judged.
pub(super) struct Listeners {
    pub(super) callbacks: Arc<Callbacks>,
    pub(super) view: Arc<View>,
    pub(super) flight: Arc<Flight>,
}

/// Judges at the collector's beat.
pub(super) struct Live {
    thresholds: Vec<Threshold>,
    recorder: Arc<Recorder>,
    memory: Memory,
    listeners: Listeners,
    /// Cumulative snapshots, one an interval, oldest first.
    history: VecDeque<Snapshot>,
    /// What was used in the intervals since each of them.
    used: VecDeque<Window>,
    alarm: Alarm,
}

impl Live {
    pub(super) fn new(
        settings: &Settings,
        (recorder, memory): (Arc<Recorder>, Memory),
        listeners: Listeners,
    ) -> Self {
        Self {
            thresholds: threshold::thresholds(settings),
            recorder,
            memory,
            listeners,
            history: VecDeque::with_capacity(INTERVALS + 1),
            used: VecDeque::with_capacity(INTERVALS + 1),
            alarm: Alarm::default(),
        }
    }

    /// Costs nothing while nobody listens or looks, and between two intervals.
    pub(super) fn beat(&mut self, beat: &BeatWindow) {
        if let Some(interval) = self.used.back_mut() {
            interval.join(&beat.used);
        }
        let due = self
            .history
            .back()
            .is_none_or(|last| beat.to.as_secs() > last.to.as_secs());
        self.listeners.flight.beat();
        let looked_at = self.listeners.view.is_open();
        if !due || (self.listeners.callbacks.list().is_empty() && !looked_at) {
            return;
        }
        let mut now = Snapshot {
            to: beat.to,
            operations: self.recorder.operations(),
            ..Snapshot::default()
        };
        if let Some(oldest) = self.history.front() {
            let mut window = now.since(oldest);
            window.resources = self.used_since_oldest();
            if looked_at {
                self.listeners.view.state_recalls(&mut window);
            }
            let evidence = Evidence {
                run: &window,
                steady: &window,
            };
            let verdicts = threshold::evaluate(evidence, &self.thresholds);
            for (change, verdict) in self.alarm.hear(&verdicts) {
                if change == Change::Breached {
                    self.listeners.flight.breached(&verdict.threshold);
                }
                self.listeners.callbacks.tell(verdict);
            }
            if looked_at {
                self.show(&mut now, window, verdicts);
            }
        }
        self.history.push_back(now);
        self.used.push_back(beat.used.next());
        if self.history.len() > INTERVALS {
            self.history.pop_front();
            self.used.pop_front();
        }
    }

    /// Leaves this second for whoever looks.
    fn show(&self, now: &mut Snapshot, window: Snapshot, verdicts: Vec<Verdict>) {
        let (Some(last), Some(used)) = (self.history.back(), self.used.back()) else {
            return;
        };
        let second = now.since(last);
        now.gauges = self.recorder.gauges();
        let mut run = now.clone();
        self.listeners.view.state_recalls(&mut run);
        let resources = used.resources();
        let components = self.memory.named_sizes(COMPONENTS);
        let flight = &self.listeners.flight;
        flight.keep(&run, resources.last.clone(), &components);
        let observed = Observed {
            run,
            window,
            components,
            verdicts,
        };
        self.listeners.view.take(observed, &second, &resources);
    }

    fn used_since_oldest(&self) -> ResourceUse {
        let mut intervals = self.used.iter();
        let Some(mut all) = intervals.next().cloned() else {
            return ResourceUse::default();
        };
        intervals.for_each(|interval| all.join(interval));
        all.resources()
    }
}
