//! The back end at work, on the kernel that runs the tests.

mod alone;
mod samples;
mod told;

use std::collections::HashMap;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::call::this_thread;
use crate::clock::{monotonic_nanos, thread_cpu};
use crate::cpu::event::Event;
use crate::cpu::options::{Options, Target};
use crate::cpu::perf_event;
use crate::cpu::sampler::{Refusal, Sampler};

/// Set in the process of a test that runs alone.
const ALONE: &str = "VECPERF_TEST_ALONE";

/// Runs the test in a process of its own: what it looks at, or changes, belongs to the whole process.
fn alone(test: &str, body: impl FnOnce()) {
    if std::env::var_os(ALONE).is_some() {
        return body();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "--test-threads=1"])
        .arg(format!("cpu::perf_event::tests::alone::{test}"))
        .env(ALONE, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    eprint!("{errors}");
    assert!(output.status.success(), "{text}\n{errors}");
    assert!(text.contains("1 passed"), "{text}");
}

/// The sampler, unless the machine refuses it.
fn started(target: Target) -> Option<Box<dyn Sampler>> {
    match perf_event::start(target, &Options::default()) {
        Ok(sampler) => Some(sampler),
        Err(refusal) => {
            eprintln!("SKIPPED: {refusal:?}");
            None
        }
    }
}

fn refused(target: Target) -> Refusal {
    match perf_event::start(target, &Options::default()) {
        Ok(_) => panic!("was not refused"),
        Err(refusal) => refusal,
    }
}

/// Nanoseconds between two samples.
fn period() -> u64 {
    Options::default().period_ns()
}

/// What was told of one thread.
#[derive(Debug, Default)]
struct Told {
    samples: u64,
    newest_ns: u64,
    in_order: bool,
    largest_stack: usize,
    /// True: left the CPU.
    switches: Vec<(bool, u64)>,
    faults: u64,
    names: Vec<String>,
    ended: u64,
}

/// What was told.
#[derive(Debug, Default)]
struct Heard {
    threads: HashMap<u32, Told>,
    mapped: u64,
    executed: u64,
    lost: u64,
}

impl Heard {
    fn of(&self, thread: u32) -> &Told {
        static NOTHING: std::sync::LazyLock<Told> = std::sync::LazyLock::new(Told::default);
        self.threads.get(&thread).unwrap_or(&NOTHING)
    }

    fn drain(&mut self, sampler: &mut dyn Sampler) {
        sampler.drain(&mut |event| self.hear(event));
    }

    fn at(&mut self, thread: u32, at_ns: u64) -> &mut Told {
        let told = self.threads.entry(thread).or_insert_with(|| Told {
            in_order: true,
            ..Told::default()
        });
        told.in_order &= told.newest_ns <= at_ns;
        told.newest_ns = at_ns;
        told
    }

    fn hear(&mut self, event: Event<'_>) {
        match event {
            Event::Sample(sample) => {
                assert_eq!(sample.weight_ns, period());
                let told = self.at(sample.thread, sample.at_ns);
                told.samples += 1;
                told.largest_stack = told.largest_stack.max(sample.stack.len());
                if let Some(registers) = sample.registers {
                    assert_ne!(registers.instruction, 0);
                    assert_ne!(registers.stack, 0);
                }
            }
            Event::SwitchedOut { thread, at_ns, .. } => {
                self.at(thread, at_ns).switches.push((true, at_ns));
            }
            Event::SwitchedIn { thread, at_ns } => {
                self.at(thread, at_ns).switches.push((false, at_ns));
            }
            Event::Faults {
                thread,
                at_ns,
                count,
            } => self.at(thread, at_ns).faults += count,
            Event::Mapped {
                everything: false, ..
            } => self.mapped += 1,
            Event::Mapped {
                everything: true, ..
            } => self.executed += 1,
            Event::Named { thread, name } => {
                let told = self.threads.entry(thread).or_default();
                told.names.push(String::from_utf8_lossy(name).into_owned());
            }
            Event::Ended { thread, at_ns } => self.at(thread, at_ns).ended += 1,
            Event::Lost { records } => self.lost += records,
        }
    }

    /// Drains until the thread's work is done.
    fn until_done<T>(&mut self, sampler: &mut dyn Sampler, work: thread::JoinHandle<T>) -> T {
        while !work.is_finished() {
            sampler.wait(Duration::from_millis(5));
            self.drain(sampler);
        }
        let result = work.join().unwrap();
        self.drain(sampler);
        result
    }

    /// The thread was sampled once a period of its CPU time, give or take a noisy machine.
    fn assert_share(&self, work: &Work) {
        let asked = work.cpu.as_nanos() as u64 / period();
        let told = self.of(work.thread);
        // What was lost may have been this thread's.
        assert!(
            (told.samples + self.lost) * 10 >= asked * 7,
            "{asked} {told:?} lost {}",
            self.lost
        );
        assert!(told.samples <= asked + asked / 5 + 2, "{asked} {told:?}");
        assert!(told.in_order, "{told:?}");
    }
}

/// What a thread did.
struct Work {
    thread: u32,
    cpu: Duration,
}

/// Uses so much CPU time on this thread.
fn burn(milliseconds: u64) -> Work {
    let start = thread_cpu().unwrap();
    let mut work = 0_u64;
    loop {
        for _ in 0..10_000 {
            work = std::hint::black_box(work.wrapping_mul(31) + 1);
        }
        let cpu = thread_cpu().unwrap() - start;
        if cpu >= Duration::from_millis(milliseconds) {
            return Work {
                thread: this_thread(),
                cpu,
            };
        }
    }
}

/// A thread that exists before the sampler and begins its work at the signal.
fn waiting<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> (mpsc::Sender<()>, thread::JoinHandle<T>) {
    let (go, wait) = mpsc::channel();
    let (here, is_here) = mpsc::channel();
    let thread = thread::spawn(move || {
        here.send(()).unwrap();
        // A test that is skipped sends no signal.
        let _ = wait.recv();
        work()
    });
    is_here.recv().unwrap();
    (go, thread)
}

/// What a sampler of this process hears of a thread that it found: of all of its work, and the work's result. `None`: refused.
fn heard_of<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<(Heard, T, Box<dyn Sampler>)> {
    let (go, work) = waiting(work);
    let mut sampler = started(Target::ThisProcess)?;
    go.send(()).unwrap();
    let mut heard = Heard::default();
    let result = heard.until_done(&mut *sampler, work);
    Some((heard, result, sampler))
}

/// Nanoseconds that the thread was off its CPU; it leaves and comes back in turns.
fn off_cpu(told: &Told) -> u64 {
    let switches = match told.switches.as_slice() {
        [(false, _), rest @ ..] => rest,
        all => all,
    };
    let pairs = switches.chunks_exact(2);
    let pairs = pairs.map(|pair| match *pair {
        [(true, out), (false, back)] => back - out,
        _ => panic!("{told:?}"),
    });
    pairs.sum()
}

/// Touches so many new pages of 4 KiB, one by one.
fn touch(pages: usize) {
    let bytes = pages * 4096;
    let (protection, flags) = (
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
    );
    // SAFETY: a new mapping at a place that the kernel chooses replaces nothing.
    let memory = unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, flags, -1, 0) };
    assert_ne!(memory, libc::MAP_FAILED);
    // SAFETY: our own mapping; only advice.
    unsafe { libc::madvise(memory, bytes, libc::MADV_NOHUGEPAGE) };
    for page in 0..pages {
        // SAFETY: within the mapping.
        let first = unsafe { memory.cast::<u8>().add(page * 4096) };
        // SAFETY: our own mapping, which may be written.
        unsafe { first.write_volatile(1) };
    }
    // SAFETY: our own mapping, not used any longer.
    unsafe { libc::munmap(memory, bytes) };
}
