//! What the drain thread and those who hold the recording share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::drain::Drain;
use super::phases::Phases;
use super::usage::Usage;
use crate::clock;
use crate::cpu::options::{BackEnd, Options, Target};
use crate::cpu::refusal::Refusal;
use crate::cpu::sampler::Sight;
use crate::cpu::statistics::Statistics;
use crate::segment::Source;

/// What the crate's own caller adds to a recording.
pub(crate) struct Context {
    /// Where operations come from.
    pub(crate) source: Option<Arc<dyn Source>>,
    /// The longest that an operation of this name should take.
    pub(crate) limit: Limit,
    /// Further comments of the profile.
    pub(crate) comments: Vec<String>,
}

/// An operation's limit by its name.
pub(crate) type Limit = Box<dyn Fn(&str) -> Option<Duration> + Send + Sync>;

impl Default for Context {
    fn default() -> Self {
        Self {
            source: None,
            limit: Box::new(|_| None),
            comments: Vec::new(),
        }
    }
}

/// Locks are held for the length of a round of draining, or of a copy of its counts.
pub(super) struct Shared {
    pub(super) target: Target,
    pub(super) options: Options,
    pub(super) context: Context,
    pub(super) started_wall: SystemTime,
    pub(super) started_ns: u64,
    usage_at_start: Option<Usage>,
    state: Mutex<State>,
    bell: Condvar,
    stop: AtomicBool,
    /// Apart from the state, so that a program that starts a phase does not wait for a round.
    phases: Mutex<Phases>,
    pub(super) symbols_ns: AtomicU64,
}

/// What a round changes.
pub(super) struct State {
    pub(super) drain: Drain,
    pub(super) back_end: BackEnd,
    pub(super) refusals: Vec<Refusal>,
    pub(super) sight: Sight,
    pub(super) stack_bytes: usize,
    pub(super) ring_bytes: usize,
    /// CPU time of the drain thread.
    pub(super) own: Usage,
    /// CPU time of the target, at the last round that could see it.
    pub(super) used: Usage,
    /// Why the recording ended by itself.
    pub(super) ended: Option<&'static str>,
    /// Operations are another one's.
    pub(super) unjoined: bool,
    /// The drain thread does nothing any longer.
    pub(super) over: bool,
}

impl Shared {
    pub(super) fn new(target: Target, options: Options, context: Context) -> Self {
        let started_ns = clock::monotonic_nanos();
        Self {
            target,
            context,
            started_wall: clock::wall(),
            started_ns,
            usage_at_start: Usage::of(target),
            state: Mutex::new(State {
                drain: Drain::new(target, started_ns),
                back_end: BackEnd::PerfEvent,
                refusals: Vec::new(),
                sight: Sight::default(),
                stack_bytes: 0,
                ring_bytes: 0,
                own: Usage::default(),
                used: Usage::default(),
                ended: None,
                unjoined: false,
                over: false,
            }),
            bell: Condvar::new(),
            stop: AtomicBool::new(false),
            phases: Mutex::default(),
            symbols_ns: AtomicU64::new(0),
            options,
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn phases(&self) -> MutexGuard<'_, Phases> {
        self.phases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn ask_to_stop(&self) {
        self.stop.store(true, Ordering::Release);
    }

    pub(super) fn is_asked_to_stop(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// Tells those who wait that a round is done.
    pub(super) fn ring(&self) {
        self.bell.notify_all();
    }

    /// Waits until everything up to a moment is counted, or the recording is over, at most this long.
    pub(super) fn wait_until(&self, settled_ns: u64, at_most: Duration) -> MutexGuard<'_, State> {
        let pending = |state: &mut State| !state.over && state.drain.settled_ns < settled_ns;
        let waited = self.bell.wait_timeout_while(self.state(), at_most, pending);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// After a round: what the system says was used.
    pub(super) fn take_usage(&self, state: &mut State) {
        state.own = Usage::of_this_thread().unwrap_or(state.own);
        if let (Some(now), Some(start)) = (Usage::of(self.target), self.usage_at_start) {
            state.used = now.since(start);
        }
    }

    pub(super) fn statistics(&self, state: &State) -> Statistics {
        let own = match self.target {
            Target::ThisProcess => state.own,
            Target::Process(_) => Usage::default(),
        };
        let used = state.used.since(own);
        let quality = &state.drain.quality;
        let others = state.drain.counted.tally.others + state.drain.stacks.others;
        let until = if state.over {
            state.drain.settled_ns
        } else {
            clock::monotonic_nanos()
        };
        let mut notes = state.sight.notes.clone();
        notes.extend(state.ended.map(str::to_owned));
        if state.unjoined {
            notes.push("operations are joined to another profile of this process".to_owned());
        }
        if quality.given_up > 0 {
            notes.push(format!(
                "not joined to operations for want of room: {}",
                quality.given_up
            ));
        }
        if quality.panics > 0 {
            let panics = quality.panics;
            notes.push(format!(
                "stacks that could not be followed for a fault of ours: {panics}"
            ));
        }
        let statistics = Statistics {
            back_end: state.back_end,
            refusals: state.refusals.clone(),
            asked_rate: f64::from(self.options.sample_rate),
            achieved_rate: 0.0,
            highest_rate: state.sight.highest_rate,
            duration: Duration::from_nanos(until.saturating_sub(self.started_ns)),
            cpu: used.total(),
            samples: quality.samples,
            lost: quality.lost,
            truncated: quality.truncated,
            broken: quality.broken,
            frames: quality.frames,
            unknown_frames: quality.unknown_frames,
            joined: quality.joined,
            segments: quality.segments,
            overrun: quality.overrun + quality.unattributed,
            others,
            kernel: state.sight.kernel,
            switches: state.sight.switches,
            faults: state.sight.faults,
            kernel_not_sampled: if state.sight.kernel {
                Duration::ZERO
            } else {
                used.kernel
            },
            drain_cpu: state.own.total(),
            stack_bytes: state.stack_bytes,
            bytes: (state.drain.bytes() + state.ring_bytes) as u64,
            symbols: Duration::from_nanos(self.symbols_ns.load(Ordering::Relaxed)),
            notes,
        };
        statistics.rate()
    }
}
