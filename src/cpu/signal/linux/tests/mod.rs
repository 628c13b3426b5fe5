//! Sampling by signals as a program meets it. SIGPROF belongs to the process: each case runs in one of its own.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a panic is how a test fails; clippy does not know a module that is a test except under loom"
)]

mod life;
mod reach;
mod signals;
mod stack;
mod truth;

use std::collections::HashMap;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use super::sampling::Sampling;
use super::tasks;
use crate::clock;
use crate::cpu::event::{Event, Registers};
use crate::cpu::options::{BackEnd, Options};
use crate::cpu::sampler::{Sampler, Sight};

const ALONE: &str = "VECPERF_TEST_ALONE";
/// Longer than any case takes on a machine that does other things; a case that hangs dies of it.
const PATIENCE_S: u32 = 240;

/// Runs each case in a process of its own: this test binary again, asked for that case only.
macro_rules! alone {
    ($($(#[$attribute:meta])* fn $name:ident() $body:block)*) => {
        $(
            $(#[$attribute])*
            #[test]
            fn $name() {
                super::run_alone(concat!(module_path!(), "::", stringify!($name)), || $body)
            }
        )*
    };
}
pub(super) use alone;

fn run_alone(path: &str, case: fn()) {
    let (_, test) = path.split_once("::").unwrap();
    if std::env::var_os(ALONE).is_some_and(|name| name == *test) {
        // SAFETY: takes a number.
        unsafe { libc::alarm(PATIENCE_S) };
        return case();
    }
    let out = Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(ALONE, test)
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    let (told, errors) = (
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr),
    );
    assert!(out.status.success(), "{}: {told}\n{errors}", out.status);
    assert!(told.contains("1 passed"), "the case did not run: {told}");
    eprint!("{errors}");
}

/// A sample without its stack, of which the length and the first bytes are kept.
#[derive(Clone, Debug)]
struct Sampled {
    thread: u32,
    at_ns: u64,
    weight_ns: u64,
    registers: Registers,
    stack: Vec<u8>,
}

/// What was handed over.
#[derive(Debug, Default)]
struct Seen {
    samples: Vec<Sampled>,
    named: HashMap<u32, String>,
    ended: Vec<u32>,
    lost: u64,
    sight: Sight,
}

impl Seen {
    fn drain(&mut self, sampler: &mut dyn Sampler) {
        sampler.drain(&mut |event| match event {
            Event::Sample(sample) => self.samples.push(Sampled {
                thread: sample.thread,
                at_ns: sample.at_ns,
                weight_ns: sample.weight_ns,
                registers: sample.registers.unwrap(),
                stack: sample.stack.to_vec(),
            }),
            Event::Named { thread, name } => {
                let name = String::from_utf8_lossy(name).into_owned();
                self.named.insert(thread, name);
            }
            Event::Ended { thread, .. } => self.ended.push(thread),
            Event::Lost { records } => self.lost += records,
            other => panic!("{other:?}"),
        });
        self.sight = sampler.sight();
    }

    fn of(&self, thread: u32) -> impl Iterator<Item = &Sampled> {
        self.samples
            .iter()
            .filter(move |sample| sample.thread == thread)
    }

    fn weight_of(&self, thread: u32) -> u64 {
        self.of(thread).map(|sample| sample.weight_ns).sum()
    }
}

fn start(back_end: BackEnd) -> Sampling {
    Sampling::start(back_end, &Options::default()).unwrap()
}

/// Samples while `body` runs, drained by a thread as a recording does it.
fn watched<R>(back_end: BackEnd, body: impl FnOnce() -> R) -> (R, Seen) {
    let (ready, started) = mpsc::channel();
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let drain = scope.spawn(|| {
            let mut sampler = start(back_end);
            ready.send(()).unwrap();
            let mut seen = Seen::default();
            loop {
                let last = ended.load(Ordering::Acquire);
                seen.drain(&mut sampler);
                if last {
                    return seen;
                }
                sampler.wait(std::time::Duration::from_millis(50));
            }
        });
        started.recv().unwrap();
        let result = body();
        ended.store(true, Ordering::Release);
        (result, drain.join().unwrap())
    })
}

/// Uses `millis` of the calling thread's CPU time; how much it was, in nanoseconds, and the thread.
#[inline(never)]
fn burn(millis: u64) -> (u32, u64) {
    let before = clock::thread_cpu_nanos();
    let mut work = 1_u64;
    loop {
        for _ in 0..20_000 {
            work = std::hint::black_box(work.wrapping_mul(6_364_136_223_846_793_005) + 1);
        }
        let used = clock::thread_cpu_nanos() - before;
        if used >= millis * 1_000_000 {
            return (tasks::this_thread(), used);
        }
    }
}

/// What a thread wrote down of itself: CLOCK_MONOTONIC and its CPU time since its birth, again and again.
///
/// A machine whose processors are taken away, as a virtual one's are, misses ticks: CPU time passes and no signal comes. So
/// totals are compared at the last sample, not at the thread's end.
#[derive(Debug)]
struct Log {
    thread: u32,
    points: Vec<(u64, u64)>,
}

impl Log {
    fn new() -> Self {
        Self {
            thread: tasks::this_thread(),
            points: Vec::new(),
        }
    }

    /// Burns `millis` of the calling thread's CPU time.
    fn burn(&mut self, millis: u64) {
        let end = clock::thread_cpu_nanos() + millis * 1_000_000;
        while self.burn_on() < end {}
    }

    /// Burns less than a tenth of a millisecond; the thread's CPU time.
    fn burn_on(&mut self) -> u64 {
        std::hint::black_box((0..20_000_u64).fold(1, |work, n| std::hint::black_box(work ^ n)));
        let point = (clock::monotonic_nanos(), clock::thread_cpu_nanos());
        self.points.push(point);
        point.1
    }

    /// The samples stand for all that the thread had used at the last of them; whether there is one.
    fn agrees_with(&self, seen: &Seen) -> bool {
        const SLACK_NS: u64 = 15_000_000;
        let Some(at_ns) = seen.of(self.thread).map(|sample| sample.at_ns).max() else {
            return false;
        };
        let weight = seen.weight_of(self.thread);
        let after = self.points.partition_point(|point| point.0 < at_ns);
        let low = after
            .checked_sub(1)
            .map_or(0, |before| self.points[before].1);
        let high = self.points.get(after).map_or(u64::MAX, |point| point.1);
        assert!(
            weight + SLACK_NS >= low && weight <= high.saturating_add(SLACK_NS),
            "thread {}: {weight} ns, not {low} to {high}",
            self.thread
        );
        true
    }
}

/// The process's POSIX timers, as the kernel lists them.
fn timers() -> usize {
    let list = std::fs::read_to_string("/proc/self/timers").unwrap();
    list.lines().filter(|line| line.starts_with("ID:")).count()
}

fn entries(directory: &str) -> usize {
    std::fs::read_dir(directory).unwrap().count()
}

/// Waits for a forked child; its exit code, or minus the signal that ended it.
fn wait_for(child: i32) -> i32 {
    let mut status = 0;
    // SAFETY: `status` may be written.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!(waited, child);
    if libc::WIFEXITED(status) {
        libc::WEXITSTATUS(status)
    } else {
        -libc::WTERMSIG(status)
    }
}

/// Runs `child` in a forked child, which then exits with what it returns.
fn forked(child: impl FnOnce() -> i32) -> i32 {
    // SAFETY: the child runs `child` and leaves without unwinding or destructors.
    match unsafe { libc::fork() } {
        0 => {
            // SAFETY: takes a number; a child does not inherit the alarm.
            unsafe { libc::alarm(PATIENCE_S / 4) };
            let code = child();
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(code) }
        }
        number => {
            assert!(number > 0);
            number
        }
    }
}
