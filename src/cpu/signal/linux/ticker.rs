//! The ticker: a thread of ours that looks at each thread's CPU clock and signals those that have used CPU time.
//!
//! Its signals look like a timer's (`SI_TIMER`), not like `sigqueue`'s: a process may give its own signals any code, and
//! the kernel throws pending signals of timers away when a program executes another one. A pending SIGPROF of another
//! kind would end that program, where its action is the default again.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::cookie::{Cookie, TimerSignal};
use super::handler::SI_TIMER;
use super::process::Process;
use super::shared::Entry;
use super::tasks;
use crate::clock;

/// Runs until it is dropped.
#[derive(Debug)]
pub(super) struct Ticker {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    /// Its thread's number.
    pub(super) number: u32,
}

impl Ticker {
    /// Signals each thread of the table that has used at least a quarter of `period` since it was last signalled.
    ///
    /// # Errors
    /// No thread could be started.
    pub(super) fn start(process: &'static Process, period: Duration) -> io::Result<Self> {
        let ended = Arc::new(AtomicBool::new(false));
        let (tell, told) = mpsc::channel();
        let thread = {
            let ended = Arc::clone(&ended);
            std::thread::Builder::new()
                .name("vecperf-ticker".to_owned())
                .spawn(move || {
                    keep_to_ourselves();
                    let _ = tell.send(tasks::this_thread());
                    tick(process, period, &ended);
                })?
        };
        let number = told.recv().map_err(io::Error::other)?;
        Ok(Self {
            ended,
            thread: Some(thread),
            number,
        })
    }

    /// In a forked child, where its thread is not.
    pub(super) fn forget(&mut self) {
        std::mem::forget(self.thread.take());
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The program's signals are for the program's threads; and sleeping is exact to a microsecond instead of 50.
fn keep_to_ourselves() {
    let mut all = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
    // SAFETY: the set may be written.
    unsafe { libc::sigfillset(all.as_mut_ptr()) };
    // SAFETY: the set was filled above; the old one is not asked for.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), std::ptr::null_mut()) };
    // SAFETY: takes a number.
    unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1_000) };
}

/// What the ticker remembers of the thread at an entry.
#[derive(Clone, Copy, Debug, Default)]
struct Watch {
    generation: u32,
    /// Its CPU clock when it was last signalled.
    signalled_ns: u64,
    /// Its CPU clock at the last look.
    seen_ns: u64,
    /// Ticks to pass over: a thread that waits is looked at less often.
    rest: u8,
    idle: u8,
}

/// A thread that wakes is looked at after so many ticks at the latest; its first sample stands for all it used.
const LONGEST_REST: u8 = 8;

fn tick(process: &Process, period: Duration, ended: &AtomicBool) {
    let period_ns = period.as_nanos() as u64;
    let mut watches: Vec<Watch> = Vec::new();
    let mut next = clock::monotonic_nanos() + period_ns;
    while !ended.load(Ordering::Acquire) {
        for (index, entry) in process.shared.entries() {
            let place = usize::from(index);
            if place >= watches.len() {
                watches.resize(place + 1, Watch::default());
            }
            look(index, entry, &mut watches[place], period_ns);
        }
        let now = clock::monotonic_nanos();
        if let Some(left) = next.checked_sub(now) {
            std::thread::sleep(Duration::from_nanos(left));
        }
        next = next.max(now) + period_ns;
    }
}

fn look(index: u16, entry: &Entry, watch: &mut Watch, period_ns: u64) {
    let generation = entry.generation.load(Ordering::Acquire);
    if generation != watch.generation {
        let counted_ns = entry.sampled_ns.load(Ordering::Relaxed);
        *watch = Watch {
            generation,
            signalled_ns: counted_ns,
            seen_ns: counted_ns,
            ..Watch::default()
        };
    }
    if generation == 0 || watch.rest > 0 {
        watch.rest = watch.rest.saturating_sub(1);
        return;
    }
    let thread = entry.thread.load(Ordering::Relaxed);
    let Some(used_ns) = clock::cpu_nanos_of(thread) else {
        return;
    };
    if used_ns == watch.seen_ns {
        watch.idle = (watch.idle + 1).min(LONGEST_REST);
        watch.rest = watch.idle;
        return;
    }
    watch.idle = 0;
    watch.seen_ns = used_ns;
    if used_ns.saturating_sub(watch.signalled_ns) >= period_ns / 4 {
        watch.signalled_ns = used_ns;
        send(
            thread,
            Cookie {
                generation,
                entry: index,
            },
        );
    }
}

/// Signals the thread as a timer would. If it has just ended, nothing happens, also when its number was given away:
/// the signal handler finds another generation.
fn send(thread: u32, cookie: Cookie) {
    // SAFETY: all bit patterns are valid for this C structure.
    let mut information: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let head = TimerSignal {
        signal: libc::SIGPROF,
        code: SI_TIMER,
        value: cookie.to_bits(),
        ..TimerSignal::default()
    };
    // SAFETY: the head is the beginning of this structure: not longer, and aligned alike.
    unsafe { (&raw mut information).cast::<TimerSignal>().write(head) };
    // SAFETY: `information` lives through the call, which reads it; a thread that is not there is an error.
    unsafe {
        libc::syscall(
            libc::SYS_rt_tgsigqueueinfo,
            libc::c_long::from(std::process::id()),
            libc::c_long::from(thread),
            libc::c_long::from(libc::SIGPROF),
            &raw const information,
        )
    };
}
