//! What the drain thread knows, and one round of its work: events and segments in, counts out.

use super::phases::Phases;
use super::splits::Splits;
use super::tally::{Key, Sum, Tally};
use super::threads::Threads;
use super::windows::Windows;
use crate::clock;
use crate::cpu::attribute::{Attribution, Instance, Limits, Pending};
use crate::cpu::event::{Event, RawSample};
use crate::cpu::options::Target;
use crate::cpu::sampler::Sampler;
use crate::cpu::stack_size::StackSize;
use crate::cpu::stacks::Stacks;
use crate::cpu::unwind::{End, Frame, Unwinder};
use crate::segment::{Part, Source};

/// A record may be under way for so long after the moment it tells of.
const UNDER_WAY_NS: u64 = 2_000_000;

/// What a sample saw, while it waits for its operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// Its instance is still to come.
    pub(super) key: Key,
    pub(super) weight_ns: u64,
}

/// What was counted beside the tally.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Quality {
    pub(super) samples: u64,
    pub(super) cpu_ns: u64,
    pub(super) lost: u64,
    pub(super) truncated: u64,
    pub(super) broken: u64,
    pub(super) frames: u64,
    pub(super) unknown_frames: u64,
    /// Samples that were joined to an operation.
    pub(super) joined: u64,
    pub(super) segments: u64,
    /// Segments overwritten before they were read.
    pub(super) overrun: u64,
    /// Segments that had no place.
    pub(super) unattributed: u64,
    /// Samples and segments let go for want of room before they could be joined.
    pub(super) given_up: u64,
    /// Samples at which unwinding failed in a way that it must not.
    pub(super) panics: u64,
}

/// The state that the drain thread works on. Bounded, each part by itself.
#[derive(Debug)]
pub(super) struct Drain {
    unwinder: Unwinder,
    frames: Vec<Frame>,
    pub(super) stacks: Stacks,
    pub(super) threads: Threads,
    pub(super) phases: Phases,
    pub(super) counted: Counted,
    attribution: Attribution<Seen>,
    /// There are operations to join samples to.
    joins: bool,
    pub(super) splits: Splits,
    pub(super) stack_size: StackSize,
    pub(super) quality: Quality,
    /// Everything up to this moment has been counted.
    pub(super) settled_ns: u64,
}

/// Where counted samples go.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub(super) tally: Tally,
    pub(super) windows: Windows,
}

impl Counted {
    fn add(&mut self, sample: &Pending<Seen>, instance: Option<Instance>) {
        let (key, sum) = counted(sample, instance);
        self.tally.add(key, sum);
        self.windows.add(sample.at_ns, key, sum);
    }
}

/// What a sample of the instance adds.
fn counted(sample: &Pending<Seen>, instance: Option<Instance>) -> (Key, Sum) {
    let key = Key {
        instance,
        ..sample.what.key
    };
    let sum = Sum {
        samples: 1,
        cpu_ns: sample.what.weight_ns,
    };
    (key, sum)
}

impl Drain {
    pub(super) fn new(target: Target, now_ns: u64) -> Self {
        Self {
            unwinder: Unwinder::new(target),
            frames: Vec::new(),
            stacks: Stacks::default(),
            threads: Threads::new(target),
            phases: Phases::default(),
            counted: Counted::default(),
            attribution: Attribution::new(Limits::default()),
            joins: false,
            splits: Splits::default(),
            stack_size: StackSize::default(),
            quality: Quality::default(),
            settled_ns: now_ns,
        }
    }

    /// One round; how full the fullest ring of segments was. `phases` tells those so far; `last`: nothing comes after it.
    pub(super) fn round(
        &mut self,
        sampler: &mut dyn Sampler,
        source: Option<&dyn Source>,
        phases: impl FnOnce() -> Phases,
        last: bool,
    ) -> f32 {
        // Segments are read by the counter, samples by the system: the two must agree now, not on average.
        clock::refine();
        let now = clock::monotonic_nanos();
        let until = if last {
            u64::MAX
        } else {
            now.saturating_sub(UNDER_WAY_NS)
        };
        // After the clock was read: what begins or ends later than it is seen in time for the next round.
        self.phases = phases();
        self.joins = source.is_some();
        sampler.drain(&mut |event| self.event(event));
        let fullest = source.map_or(0.0, |source| self.read_segments(source));
        for (at_ns, phase, starts) in self.phases.edges(self.settled_ns, until) {
            self.splits.waits.settle(at_ns);
            self.splits.edge(phase, starts);
        }
        self.settle(until);
        self.settled_ns = until.min(now);
        fullest
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Sample(sample) => self.sample(&sample),
            Event::SwitchedOut {
                thread,
                at_ns,
                preempted,
            } => self.splits.waits.switched_out(thread, at_ns, preempted),
            Event::SwitchedIn { thread, at_ns } => self.splits.waits.switched_in(thread, at_ns),
            Event::Faults {
                thread,
                at_ns,
                count,
            } => self.splits.waits.faults(thread, at_ns, count),
            Event::Mapped {
                code: Some(code), ..
            } => self.unwinder.mapped(&code),
            Event::Mapped { everything, .. } => self.unwinder.modules_changed(everything),
            Event::Named { thread, name } => {
                self.threads.named(thread, name);
            }
            Event::Ended { thread, at_ns } => {
                self.threads.ended(thread);
                self.attribution.ended(thread, at_ns);
                self.splits.waits.ended(thread, at_ns);
            }
            Event::Lost { records } => {
                self.quality.lost += records;
                self.splits.waits.lost();
            }
        }
    }

    fn sample(&mut self, sample: &RawSample<'_>) {
        let unwound = self.unwinder.unwind(sample, &mut self.frames);
        self.stack_size.note(unwound);
        let unknown = |frame: &&Frame| matches!(frame, Frame::Unknown(_));
        let quality = &mut self.quality;
        quality.samples += 1;
        quality.cpu_ns += sample.weight_ns;
        quality.truncated += u64::from(unwound.end == End::Truncated);
        quality.broken += u64::from(unwound.end == End::Broken);
        quality.frames += self.frames.len() as u64;
        quality.unknown_frames += self.frames.iter().filter(unknown).count() as u64;
        let key = Key {
            stack: self.stacks.intern(&self.frames),
            end: unwound.end,
            thread: self.threads.seen(sample.thread),
            phase: self.phases.at(sample.at_ns),
            instance: None,
        };
        let sample = Pending {
            thread: sample.thread,
            at_ns: sample.at_ns,
            what: Seen {
                key,
                weight_ns: sample.weight_ns,
            },
        };
        if self.joins {
            let stack = key.stack.0;
            (self.splits.waits.traces).sampled(sample.thread, sample.at_ns, stack);
            self.attribution.sample(sample);
        } else {
            self.counted.add(&sample, None);
        }
    }

    fn read_segments(&mut self, source: &dyn Source) -> f32 {
        let Self {
            attribution,
            counted,
            splits,
            quality,
            ..
        } = self;
        let drained = source.drain(&mut |segment| {
            quality.segments += 1;
            let is_slow_future = segment.slow.is_some() && matches!(segment.part, Part::End { .. });
            let traces = &mut splits.waits.traces;
            attribution.segment(&segment, &mut |sample, instance| {
                if is_slow_future {
                    traces.future_sampled(sample.what.key.stack.0);
                }
                counted.add(&sample, instance);
            });
            splits.waits.segment(&segment);
        });
        quality.overrun += drained.overrun;
        quality.unattributed += drained.unattributed;
        drained.fullest
    }

    fn settle(&mut self, until: u64) {
        let counted = &mut self.counted;
        let mut take = |sample: Pending<Seen>, instance| counted.add(&sample, instance);
        if until == u64::MAX {
            self.attribution.finish(&mut take);
        } else {
            self.attribution.settle(until, &mut take);
        }
        self.splits.waits.settle(until);
        let joining = self.attribution.statistics();
        self.quality.joined = joining.joined;
        self.quality.given_up = joining.given_up + joining.forgotten + self.splits.waits.given_up();
        self.quality.panics = self.unwinder.panics();
    }

    /// Everything counted so far, samples that wait for their operation's end included.
    pub(super) fn tally(&self, window: Option<u64>) -> Option<Tally> {
        let (mut tally, span) = match window {
            Some(window) => self.counted.windows.get(window)?,
            None => (self.counted.tally.clone(), 0..u64::MAX),
        };
        for (sample, instance) in self.attribution.waiting() {
            if span.contains(&sample.at_ns) {
                let (key, sum) = counted(sample, instance);
                tally.add(key, sum);
            }
        }
        Some(tally)
    }

    pub(super) fn modules(&self) -> crate::cpu::unwind::Modules {
        self.unwinder.modules().clone()
    }

    /// Bytes held, about.
    pub(super) fn bytes(&self) -> usize {
        self.stacks.bytes()
            + self.counted.tally.bytes()
            + self.counted.windows.bytes()
            + self.attribution.bytes()
            + self.splits.waits.bytes()
    }
}
