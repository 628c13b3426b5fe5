//! Threads that wait for work: profiling must not wake them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::profiling::Session;
use crate::{Arguments, Truth, clock};

const THREADS: usize = 64;
const WAIT_MS: i32 = 200;

/// 64 threads that wait: CPU time and interrupted waits without a profile, then with one.
pub(super) fn idle(asked: &Arguments) -> Result<Truth, String> {
    let (stop, interrupted) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| wait(&stop, &interrupted));
        }
        thread::sleep(Duration::from_millis(100));
        let truth = compare(asked, &interrupted);
        stop.store(true, Ordering::Relaxed);
        truth
    })
}

fn wait(stop: &AtomicBool, interrupted: &AtomicU64) {
    while !stop.load(Ordering::Relaxed) {
        // SAFETY: no descriptors, so that nothing is written.
        if unsafe { libc::poll(std::ptr::null_mut(), 0, WAIT_MS) } < 0 {
            interrupted.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn compare(asked: &Arguments, interrupted: &AtomicU64) -> Result<Truth, String> {
    let window = Duration::from_secs_f64(asked.seconds);
    let observe = || {
        let (cpu, interrupts) = (clock::process_cpu(), interrupted.load(Ordering::Relaxed));
        thread::sleep(window);
        let cpu = clock::process_cpu() - cpu;
        let interrupts = interrupted.load(Ordering::Relaxed) - interrupts;
        (
            100.0 * cpu.as_secs_f64() / asked.seconds,
            interrupts as f64 / asked.seconds,
        )
    };
    let alone = observe();
    let session = Session::start(asked)?;
    thread::sleep(Duration::from_millis(100)); // starting is not what is looked at
    let profiled = observe();
    let mut truth = Truth::default();
    session.stop(&mut truth)?;
    let facts = [
        ("cpu_percent_alone", alone.0),
        ("cpu_percent", profiled.0),
        ("interrupted_per_second_alone", alone.1),
        ("interrupted_per_second", profiled.1),
    ];
    let owned = facts.map(|(name, amount)| (name.to_owned(), amount));
    truth.facts.extend(owned);
    Ok(truth)
}
