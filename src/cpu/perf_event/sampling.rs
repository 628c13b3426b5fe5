//! The sampler made of events and rings.

use std::os::fd::{AsFd, AsRawFd};
use std::process;
use std::time::Duration;

use super::attr::{Wish, stack_size};
use super::descriptors::Descriptors;
use super::events::{Events, Plan};
use super::fault::Fault;
use super::limits::Limits;
use super::merge::Merge;
use super::record::{Record, State, What, parse};
use super::ring::Ring;
use super::watched::Watched;
use super::{attempt, call, clock_offset, rings, threads};
use crate::clock;
use crate::cpu::event::{Event, RawSample};
use crate::cpu::options::{BackEnd, Options, Target};
use crate::cpu::sampler::{Refusal, Sampler, Sight};

/// Bytes of stack with each sample at first: what searches need with room to spare, and what async code does.
const FIRST_STACK: usize = 16 << 10;

/// How often it is looked on which CPUs threads may run: 20 µs, and less than 1 µs a thread.
const CPUS_ASKED_EVERY_NS: u64 = 1_000_000_000;

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
    /// When it was looked on which CPUs threads may run.
    cpus_asked_ns: u64,
    limits: Limits,
    /// The process that started it: a forked child has no part in it.
    process: u32,
}

impl PerfEvent {
    pub(super) fn start(target: Target, options: &Options) -> Result<Self, Fault> {
        let (options, highest_rate) = attempt::within_the_kernels_rate(options);
        let period_ns = options.period_ns();
        let rings = rings::open(&threads::cpus(&threads::list(target)?)?, period_ns)?;
        let mut plan = Plan {
            target,
            except: call::this_thread(),
            wish: Wish {
                period_ns,
                stack_bytes: stack_size(FIRST_STACK.min(rings::most_stack(&rings))),
                kernel: true,
                threads_only: true,
                switches: options.switches,
            },
            faults: options.faults,
        };
        let (events, kernel_denied) = attempt::open(&mut plan, &rings)?;
        events.enable()?;
        let watched = Watched::new(target);
        let clock_offset = clock_offset::nanos();
        Ok(Self {
            polled: polled(&rings, &watched),
            events: vec![events],
            rings,
            merge: Merge::default(),
            watched,
            plan,
            clock_offset,
            cpus_asked_ns: now_ns(clock_offset),
            limits: Limits {
                highest_rate,
                kernel_denied,
                ..Limits::default()
            },
            process: process::id(),
        })
    }

    /// Opens events with so much stack, and on all CPUs that there are rings for, in place of the present ones.
    fn reopen(&mut self, stack_bytes: usize) -> Result<(), Fault> {
        let most = rings::most_stack(&self.rings);
        if stack_bytes > most {
            return Err(Fault::StackTooLarge {
                bytes: stack_bytes,
                most,
            });
        }
        let mut plan = self.plan;
        plan.wish.stack_bytes = stack_bytes;
        let mut next = Events::open(&plan, &self.rings, Descriptors::beside(&self.rings))?;
        next.enable()?;
        let now = now_ns(self.clock_offset);
        if let Some(last) = self.events.last_mut() {
            last.hand_over(&mut next, now);
        }
        self.events.push(next);
        self.plan = plan;
        Ok(())
    }

    /// Threads may run on CPUs now that none could when it started (`sched_setaffinity`): these are covered, too.
    fn follow_to_other_cpus(&mut self) -> Result<(), Fault> {
        let mut others = threads::cpus(&threads::list(self.plan.target)?)?;
        others.retain(|cpu| {
            let covered = self.rings.iter().any(|ring| ring.cpu() == *cpu);
            !covered && !self.limits.cpus_not_covered.contains(cpu)
        });
        if others.is_empty() {
            return Ok(());
        }
        let before = self.rings.len();
        let covered = rings::more(&mut self.rings, &others, self.plan.wish.period_ns)
            .and_then(|()| self.reopen(self.plan.wish.stack_bytes));
        if covered.is_err() {
            self.rings.truncate(before);
            self.limits.cpus_not_covered.extend(others);
        }
        self.polled = polled(&self.rings, &self.watched);
        covered
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
        let now = now_ns(self.clock_offset);
        if now.saturating_sub(self.cpus_asked_ns) > CPUS_ASKED_EVERY_NS {
            self.cpus_asked_ns = now;
            // What cannot be covered is noted; a process that has ended has no CPUs.
            let _ = self.follow_to_other_cpus();
        }
        let Self {
            events,
            rings,
            merge,
            plan,
            clock_offset,
            limits,
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
                limits.throttled += 1;
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
            highest_rate: self.limits.highest_rate,
            notes: self.limits.notes(&self.plan, &self.rings, faults),
        }
    }

    fn bytes(&self) -> usize {
        self.rings.iter().map(Ring::bytes).sum()
    }

    fn ended(&self) -> bool {
        self.watched.ended()
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
        What::Mapped(code) => take(Event::Mapped {
            everything: false,
            code: Some(code),
        }),
        What::Named { name, executed } => {
            if executed {
                take(Event::Mapped {
                    everything: true,
                    code: None,
                });
            }
            take(Event::Named { thread, name });
        }
        What::Ended => take(Event::Ended { thread, at_ns }),
        What::Lost { .. } | What::Forked { .. } | What::Throttled => {}
    }
}

/// Now, by the clock that stamps the records.
fn now_ns(clock_offset: u64) -> u64 {
    clock::monotonic_nanos().wrapping_sub(clock_offset)
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
