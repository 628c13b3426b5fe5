//! A session of sampling by signals: finds threads, drains the ring, and ends it all when dropped.

use std::time::Duration;

use super::disposition::{self, Disposition};
use super::loader::Loaded;
use super::notes::Notes;
use super::process::Process;
use super::roster::Since;
use super::shared::{Record, SLOTS};
use super::stacks::MAX_STACK;
use super::tasks::{self, Name, Task, Tasks};
use super::ticker::Ticker;
use crate::clock;
use crate::cpu::event::Event;
use crate::cpu::options::{BackEnd, Options};
use crate::cpu::sampler::{Refusal, Sampler, Sight};

/// Drained at least this often.
const PAUSE: Duration = Duration::from_millis(20);
/// And when many threads fill the ring, at most this often.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
/// Bytes of stack copied, if nobody asks for more or less.
const FIRST_STACK: usize = 16 * 1024;

#[derive(Debug)]
pub(super) struct Sampling {
    back_end: BackEnd,
    process: &'static Process,
    period_ns: u64,
    ticker: Option<Ticker>,
    tasks: Tasks,
    /// Where in the table the next thread is looked at more closely.
    verified: usize,
    pause: Duration,
    lost_told: u64,
    /// As of the last drain.
    loaded: Loaded,
    notes: Notes,
}

/// Threads that came and went.
#[derive(Debug, Default)]
struct Changes {
    named: Vec<(u32, Name)>,
    ended: Vec<u32>,
}

impl Sampling {
    /// Starts a session; the calling thread is not sampled.
    ///
    /// # Errors
    /// What of it this machine or this program does not allow.
    pub(super) fn start(back_end: BackEnd, options: &Options) -> Result<Self, Refusal> {
        let refuse = |reason: String, remedy: &str| Refusal {
            back_end,
            reason,
            remedy: remedy.to_owned(),
        };
        let process = Process::this()
            .map_err(|error| refuse(format!("mmap of 8 MiB for stacks: {error}"), "free memory"))?;
        if !process.claim() {
            return Err(refuse(
                "another recording by signals runs in this process".to_owned(),
                "stop it first",
            ));
        }
        // From here on dropping it ends what has begun.
        let mut sampling = Self {
            back_end,
            process,
            period_ns: options.period_ns(),
            ticker: None,
            tasks: Tasks::default(),
            verified: 0,
            pause: PAUSE,
            lost_told: 0,
            loaded: Loaded::now(),
            notes: Notes::default(),
        };
        if !process.is_quiet() {
            return Err(refuse(
                "a signal handler of an earlier recording has not returned: its thread is held"
                    .to_owned(),
                "let the debugger continue that thread",
            ));
        }
        disposition::install().map_err(|(reason, remedy)| refuse(reason, &remedy))?;
        sampling.begin();
        sampling.try_one().map_err(|reason| {
            refuse(
                reason,
                "allow the timer_create system call, raise `ulimit -i`",
            )
        })?;
        sampling.discover(Since::Now);
        if back_end == BackEnd::Ticker {
            let ticker = Ticker::start(process, Duration::from_nanos(sampling.period_ns)).map_err(
                |error| refuse(format!("starting a thread: {error}"), "raise `ulimit -u`"),
            )?;
            let mut roster = process.roster();
            roster.exclude(ticker.number);
            roster.dismiss(&process.shared, ticker.number); // a drain by now might have found it
            drop(roster);
            sampling.ticker = Some(ticker);
        }
        Ok(sampling)
    }

    fn begin(&mut self) {
        let shared = &self.process.shared;
        let timer_period = match self.back_end {
            BackEnd::Ticker => 0,
            _ => self.period_ns,
        };
        self.discard();
        self.process
            .roster()
            .begin(timer_period, vec![tasks::this_thread()]);
        shared.begin(timer_period);
        let _ = self.set_stack_bytes(FIRST_STACK);
        self.lost_told = shared.lost();
        self.process.open();
    }

    /// Samples that came after the last session's last drain.
    fn discard(&self) {
        // SAFETY: this session has the process for itself, and is read by the thread that has it.
        while unsafe { self.process.shared.ring.pop(|_, _| ()) }.is_some() {}
    }

    /// Whether a thread of this process can have a timer.
    fn try_one(&self) -> Result<(), String> {
        if self.back_end == BackEnd::Ticker {
            return Ok(());
        }
        super::timer::try_one(tasks::this_thread()).map_err(|error| {
            format!("timer_create(a thread's CPU clock, SIGEV_THREAD_ID): {error}")
        })
    }

    /// Finds threads that came or went since the last call.
    fn discover(&mut self, since: Since) -> Changes {
        let mut changes = Changes::default();
        match self.tasks.look() {
            Ok(Some(listed)) => changes.ended = self.compare(&listed, since),
            Ok(None) => {}
            Err(error) => self.notes.undiscovered = Some(error.to_string()),
        }
        if since == Since::Birth {
            changes.ended.extend(self.verify_one());
        }
        changes.named = self.process.roster().take_named();
        changes
    }

    /// Admits those that are new; those that ended.
    fn compare(&self, listed: &[u32], since: Since) -> Vec<u32> {
        let shared = &self.process.shared;
        let (new, ended) = {
            let mut roster = self.process.roster();
            let ended = roster.dismiss_ended(shared, listed);
            let new: Vec<u32> = listed
                .iter()
                .copied()
                .filter(|thread| !roster.knows(*thread))
                .collect();
            (new, ended)
        };
        // Without the lock: a thread that begins its first operation shall not wait for /proc.
        let tasks: Vec<(u32, Task)> = new
            .into_iter()
            .filter_map(|thread| Some((thread, tasks::task(thread)?)))
            .collect();
        let mut roster = self.process.roster();
        for (thread, task) in tasks {
            roster.admit(shared, thread, task, since);
        }
        ended
    }

    /// Looks at one thread at a time: at its name, which may have changed, and whether its number is another thread's.
    fn verify_one(&mut self) -> Option<u32> {
        let shared = &self.process.shared;
        let used = shared.used.load(std::sync::atomic::Ordering::Acquire);
        self.verified = (self.verified + 1) % used.max(1);
        let thread = shared.holder(self.verified)?;
        let task = tasks::task(thread);
        let mut roster = self.process.roster();
        if roster.has_ended(thread) {
            return roster.dismiss(shared, thread).then_some(thread);
        }
        roster.rename(thread, task?.name);
        None
    }

    /// Hands the samples over; how many.
    fn samples(&self, take: &mut dyn FnMut(Event<'_>)) -> usize {
        let shared = &self.process.shared;
        let mut count = 0;
        // A ring that fills as fast as it is read does not keep the thread from its other work.
        while count < 4 * SLOTS {
            let hand_over = |slot: usize, record: &Record| {
                let part: *const u8 = shared.stacks.part(slot);
                let bytes = record.stack_len.min(MAX_STACK);
                // SAFETY: the slot's part, of which the signal handler wrote that much before it published the record;
                // it is written again when the slot is free again, after this.
                let stack = unsafe { std::slice::from_raw_parts(part, bytes) };
                take(Event::Sample(record.with(stack)));
            };
            // SAFETY: this session has the process for itself, and `&mut self` of `drain` makes it one call at a time.
            let popped = unsafe { shared.ring.pop(hand_over) };
            if popped.is_none() {
                break;
            }
            count += 1;
        }
        count
    }

    /// Somebody else has SIGPROF now: our signals would go there.
    fn make_way(&mut self) {
        if self.notes.replaced.is_some() {
            return;
        }
        match disposition::current() {
            Ok(Disposition::Ours) | Err(_) => {}
            Ok(other) => {
                self.notes.replaced = Some(other);
                self.ticker = None;
                self.process.close();
            }
        }
    }

    /// Keeps the ring at most a quarter full.
    fn adapt_pause(&mut self, samples: usize) {
        let wanted = SLOTS / 4;
        self.pause = if samples > wanted {
            self.pause * wanted as u32 / samples as u32
        } else {
            self.pause * 2
        }
        .clamp(SHORTEST_PAUSE, PAUSE);
    }
}

impl Sampler for Sampling {
    fn back_end(&self) -> BackEnd {
        self.back_end
    }

    fn wait(&mut self, at_most: Duration) {
        std::thread::sleep(at_most.min(self.pause));
    }

    fn drain(&mut self, take: &mut dyn FnMut(Event<'_>)) {
        if !self.process.is_this() {
            return;
        }
        self.make_way();
        let changes = match self.notes.replaced {
            None => self.discover(Since::Birth),
            Some(_) => Changes::default(),
        };
        for (thread, name) in &changes.named {
            take(Event::Named {
                thread: *thread,
                name: name.bytes(),
            });
        }
        // Before the samples: a library in the place of another one would get the other's names.
        let loaded = Loaded::now();
        if std::mem::replace(&mut self.loaded, loaded) != loaded {
            take(Event::Mapped {
                everything: false,
                code: None,
            });
        }
        let samples = self.samples(take);
        self.adapt_pause(samples);
        let lost = self.process.shared.lost();
        if lost != self.lost_told {
            take(Event::Lost {
                records: lost.wrapping_sub(self.lost_told),
            });
            self.lost_told = lost;
        }
        let at_ns = clock::monotonic_nanos();
        for thread in changes.ended {
            take(Event::Ended { thread, at_ns });
        }
    }

    fn set_stack_bytes(&mut self, bytes: usize) -> Result<(), Refusal> {
        if bytes > MAX_STACK {
            return Err(Refusal {
                back_end: self.back_end,
                reason: format!("{bytes} bytes of stack: a slot has {MAX_STACK}"),
                remedy: String::new(),
            });
        }
        self.process.shared.set_stack_bytes(bytes);
        Ok(())
    }

    fn stack_bytes(&self) -> usize {
        self.process.shared.stack_bytes()
    }

    fn sight(&self) -> Sight {
        Sight {
            kernel: true,
            switches: false,
            faults: false,
            highest_rate: self.highest_rate(),
            notes: self.notes.in_words(self.process),
        }
    }
}

impl Sampling {
    /// A timer of CPU time is looked at once a kernel tick.
    fn highest_rate(&self) -> Option<u32> {
        let tick_ns = clock::kernel_tick_nanos()?;
        let limited = self.back_end == BackEnd::ThreadTimer && self.period_ns < tick_ns;
        limited.then(|| u32::try_from((1_000_000_000 + tick_ns / 2) / tick_ns).unwrap_or(u32::MAX))
    }
}

impl Drop for Sampling {
    fn drop(&mut self) {
        if !self.process.is_this() {
            // A forked child: the session is its parent's.
            if let Some(ticker) = &mut self.ticker {
                ticker.forget();
            }
            return;
        }
        self.ticker = None;
        self.process.close();
        self.process.shared.stacks.release();
        self.process.give_back();
    }
}
