//! The sampler made of events and rings.

use std::fs;
use std::os::fd::{AsFd, AsRawFd};
use std::process;
use std::time::Duration;

use super::attr::{Wish, stack_size};
use super::descriptors::Descriptors;
use super::events::{Events, Plan};
use super::fault::{self, Call, Fault};
use super::merge::Merge;
use super::record::{Record, State, What, parse};
use super::ring::Ring;
use super::watched::Watched;
use super::{call, clock_offset, rings, threads};
use crate::clock;
use crate::cpu::event::{Event, RawSample};
use crate::cpu::options::{BackEnd, Options, Target};
use crate::cpu::sampler::{Refusal, Sampler, Sight};

/// Bytes of stack with each sample at first: what searches need with room to spare, and what async code does.
const FIRST_STACK: usize = 16 << 10;

/// Sampling by `perf_event_open`, until it is dropped.
#[derive(Debug)]
pub(super) struct PerfEvent {
    /// The newest last; earlier ones as long as records of theirs may come.
    events: Vec<Events>,
    rings: Vec<Ring>,
    merge: Merge,
    watched: Watched,
    plan: Plan,
    /// Rings to poll, then the process.
    polled: Vec<libc::pollfd>,
    clock_offset: u64,
    highest_rate: Option<u32>,
    /// Why code in the kernel is not sampled.
    kernel_denied: Option<i32>,
    throttled: u64,
    /// The process that started it: a forked child has no part in it.
    process: u32,
}

impl PerfEvent {
    pub(super) fn start(target: Target, options: &Options) -> Result<Self, Fault> {
        let rings = rings::open(&threads::cpus(&threads::list(target)?)?)?;
        let (options, highest_rate) = within_the_kernels_rate(options);
        let mut plan = Plan {
            target,
            except: call::this_thread(),
            wish: Wish {
                period_ns: options.period_ns(),
                stack_bytes: stack_size(FIRST_STACK.min(rings::most_stack(&rings))),
                kernel: true,
                threads_only: true,
                switches: options.switches,
            },
            faults: options.faults,
        };
        let mut kernel_denied = None;
        let events = loop {
            let denied = match Events::open(&plan, &rings, allowed(&rings)) {
                Err(Fault::Answer {
                    call: Call::Open,
                    error,
                }) => error,
                other => break other?,
            };
            match denied {
                libc::EACCES | libc::EPERM if plan.wish.kernel => {
                    plan.wish.kernel = false;
                    kernel_denied = Some(denied);
                }
                libc::EINVAL if plan.wish.threads_only => plan.wish.threads_only = false,
                error => {
                    return Err(Fault::Answer {
                        call: Call::Open,
                        error,
                    });
                }
            }
        };
        events.enable()?;
        let watched = Watched::new(target);
        Ok(Self {
            polled: polled(&rings, &watched),
            events: vec![events],
            rings,
            merge: Merge::default(),
            watched,
            plan,
            clock_offset: clock_offset::nanos(),
            highest_rate,
            kernel_denied,
            throttled: 0,
            process: process::id(),
        })
    }

    /// Now, by the clock that stamps the records.
    fn now_ns(&self) -> u64 {
        clock::monotonic_nanos().wrapping_sub(self.clock_offset)
    }

    /// Opens events with another stack in place of the present ones.
    fn reopen(&mut self, stack_bytes: usize) -> Result<(), Fault> {
        let most = rings::most_stack(&self.rings);
        if stack_bytes > most {
            return Err(Fault::StackTooLarge {
                bytes: stack_bytes,
                ring: most,
            });
        }
        let mut plan = self.plan;
        plan.wish.stack_bytes = stack_bytes;
        let mut next = Events::open(&plan, &self.rings, allowed(&self.rings))?;
        next.enable()?;
        let now = self.now_ns();
        if let Some(last) = self.events.last_mut() {
            last.hand_over(&mut next, now);
        }
        self.events.push(next);
        self.plan = plan;
        Ok(())
    }
}

impl Sampler for PerfEvent {
    fn back_end(&self) -> BackEnd {
        BackEnd::PerfEvent
    }

    fn wait(&mut self, at_most: Duration) {
        let milliseconds = libc::c_int::try_from(at_most.as_millis()).unwrap_or(libc::c_int::MAX);
        for file in &mut self.polled {
            file.revents = 0;
        }
        // SAFETY: the pointer and the length are those of a vector of entries; their descriptors are open as long as
        // `self` is, or negative, which is ignored.
        let answer = unsafe {
            libc::poll(
                self.polled.as_mut_ptr(),
                self.polled.len() as libc::nfds_t,
                milliseconds,
            )
        };
        let Some((process, rings)) = self.polled.split_last_mut() else {
            return;
        };
        self.watched.polled(answer > 0 && process.revents != 0);
        process.fd = self.watched.descriptor();
        // The thread that opened the rings has ended: they go on, but wake nobody any longer.
        for ring in rings
            .iter_mut()
            .filter(|ring| ring.revents & libc::POLLHUP != 0)
        {
            ring.fd = -1;
        }
    }

    fn drain(&mut self, take: &mut dyn FnMut(Event<'_>)) {
        // A forked child has not even the mappings.
        if process::id() != self.process {
            return;
        }
        let now = self.now_ns();
        let Self {
            events,
            rings,
            merge,
            plan,
            clock_offset,
            throttled,
            ..
        } = self;
        let process = match plan.target {
            Target::ThisProcess => self.process,
            Target::Process(id) => id,
        };
        merge.drain(rings, now, |words| {
            let Some(words) = words else {
                return take(Event::Lost { records: 1 });
            };
            let Some(record) = parse(words, plan.wish.kernel) else {
                return;
            };
            if let What::Lost { records } = record.what {
                events.iter_mut().for_each(Events::lost);
                return take(Event::Lost { records });
            }
            if record.process != process || !events.iter_mut().any(|of| of.accept(&record)) {
                return;
            }
            if record.what == What::Throttled {
                *throttled += 1;
            }
            hand_over(&record, *clock_offset, take);
        });
        events.retain(|of| !of.over_by(now));
    }

    fn set_stack_bytes(&mut self, bytes: usize) -> Result<(), Refusal> {
        let bytes = stack_size(bytes);
        if bytes == self.plan.wish.stack_bytes {
            return Ok(());
        }
        self.reopen(bytes)
            .map_err(|fault| fault.refusal(self.plan.target))
    }

    fn stack_bytes(&self) -> usize {
        self.plan.wish.stack_bytes
    }

    fn sight(&self) -> Sight {
        let faults = self.events.last().is_some_and(|events| events.faults);
        Sight {
            kernel: self.plan.wish.kernel,
            switches: self.plan.wish.switches,
            faults,
            highest_rate: self.highest_rate,
            notes: self.notes(faults),
        }
    }

    fn bytes(&self) -> usize {
        self.rings.iter().map(Ring::bytes).sum()
    }

    fn ended(&self) -> bool {
        self.watched.ended()
    }
}

impl PerfEvent {
    fn notes(&self, faults: bool) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(error) = self.kernel_denied {
            notes.push(format!(
                "code in the kernel is not sampled: perf_event_open with it was answered with {}; CAP_PERFMON or \
                 sysctl kernel.perf_event_paranoid=1 allows it",
                fault::name(error)
            ));
        }
        if rings::small(&self.rings) {
            notes.push(format!(
                "this user may lock little memory: samples have at most {} KiB of stack, and more may be lost; \
                 a larger sysctl kernel.perf_event_mlock_kb or ulimit -l helps",
                rings::most_stack(&self.rings) >> 10
            ));
        }
        if !self.plan.wish.threads_only {
            notes.push(
                "child processes are sampled, too, and left out afterwards: Linux before 5.13"
                    .to_owned(),
            );
        }
        if self.plan.faults && !faults {
            notes.push(
                "page faults are not sampled: too few file descriptors (ulimit -n)".to_owned(),
            );
        }
        if self.throttled > 0 {
            notes.push(format!(
                "the kernel held samples back {} times: kernel.perf_event_max_sample_rate",
                self.throttled
            ));
        }
        notes
    }
}

fn hand_over(record: &Record<'_>, clock_offset: u64, take: &mut dyn FnMut(Event<'_>)) {
    let Record { thread, .. } = *record;
    let at_ns = record.at_ns.wrapping_add(clock_offset);
    match record.what {
        // The clock's samples say at least which registers there are not.
        What::Sample {
            period,
            state: None,
        } => take(Event::Faults {
            thread,
            at_ns,
            count: period,
        }),
        What::Sample {
            period,
            state:
                Some(State {
                    registers,
                    stack,
                    kernel,
                }),
        } => {
            take(Event::Sample(RawSample {
                thread,
                at_ns,
                weight_ns: period,
                registers,
                stack,
                kernel,
            }));
        }
        What::SwitchedIn => take(Event::SwitchedIn { thread, at_ns }),
        What::SwitchedOut { preempted } => take(Event::SwitchedOut {
            thread,
            at_ns,
            preempted,
        }),
        What::Mapped => take(Event::Mapped { everything: false }),
        What::Named { name, executed } => {
            if executed {
                take(Event::Mapped { everything: true });
            }
            take(Event::Named { thread, name });
        }
        What::Ended => take(Event::Ended { thread, at_ns }),
        What::Lost { .. } | What::Forked { .. } | What::Throttled => {}
    }
}

/// The options with a rate that the kernel does not throttle, and that rate if it is lower than what was asked for.
fn within_the_kernels_rate(options: &Options) -> (Options, Option<u32>) {
    let highest = fs::read_to_string("/proc/sys/kernel/perf_event_max_sample_rate")
        .ok()
        .and_then(|rate| rate.trim().parse().ok())
        .unwrap_or(Options::MOST_SAMPLES)
        .clamp(1, Options::MOST_SAMPLES);
    let mut options = options.clone();
    let lower = options.sample_rate > highest;
    options.sample_rate = options.sample_rate.min(highest);
    (options, lower.then_some(highest))
}

fn allowed(rings: &[Ring]) -> Descriptors {
    Descriptors::now(rings.iter().map(|ring| ring.as_fd().as_raw_fd()).max())
}

fn polled(rings: &[Ring], watched: &Watched) -> Vec<libc::pollfd> {
    rings
        .iter()
        .map(|ring| ring.as_fd().as_raw_fd())
        .chain([watched.descriptor()])
        .map(|fd| libc::pollfd {
            fd,
            events: libc::POLLIN,
            revents: 0,
        })
        .collect()
}
