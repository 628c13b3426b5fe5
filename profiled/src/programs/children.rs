//! Child processes: forked with much memory to copy, executed, spawned.

use std::hint::black_box;
use std::process::Command;
use std::time::Duration;

use vecperf::Monitor;

use super::Run;
use crate::spin::{self, jittered, units};
use crate::{Ledger, clock};

const CHILDREN: usize = 100;
/// Copying its page tables takes longer than a sampling period: a `fork` that a signal interrupts starts over.
const TOUCHED: usize = 256 << 20;
const IN_THE_CHILD: Duration = Duration::from_millis(2);

/// A hundred children each of three kinds, while another thread computes. Counts those that ended well.
pub(super) fn children(run: &Run<'_>) -> Ledger {
    let memory = vec![1_u8; TOUCHED];
    let fork = run.operation("fork");
    let units_of_child = units(IN_THE_CHILD);
    let mut all = std::thread::scope(|scope| {
        let busy = scope.spawn(|| compute(run));
        let mut ledger = Ledger::default();
        let start = clock::thread_cpu();
        for _ in 0..CHILDREN {
            let forked = fork.measure(|| forked(units_of_child));
            ledger.count("forked", f64::from(u8::from(forked)));
            ledger.count("executed", f64::from(u8::from(executed())));
            ledger.count("spawned", f64::from(u8::from(spawned())));
        }
        let written = finished_in_a_child(run.session.monitor());
        ledger.count("written_by_children", f64::from(u8::from(written)));
        ledger.count(
            "parent_seconds",
            (clock::thread_cpu() - start).as_secs_f64(),
        );
        ledger.merge(busy.join().unwrap());
        ledger
    });
    all.count("children", CHILDREN as f64);
    black_box(memory);
    all
}

fn compute(run: &Run<'_>) -> Ledger {
    let operation = run.operation("compute");
    run.repeat(1.0, |ledger| {
        let units = jittered(Duration::from_micros(500));
        ledger.spend("compute", || {
            operation.measure(|| black_box(spin::compute(units)))
        });
    })
}

/// A child that computes and ends as a program does: destructors of statics, `atexit`.
fn forked(units: u64) -> bool {
    // SAFETY: the child takes no lock that another thread may have held: it computes and ends.
    match unsafe { libc::fork() } {
        0 => {
            black_box(spin::in_the_child(units));
            // SAFETY: ends the child without running what its parent registered.
            unsafe { libc::_exit(0) }
        }
        -1 => false,
        child => ended_well(child),
    }
}

/// True when a child that ends the monitor it inherited is not told that it is not its to end.
fn finished_in_a_child(monitor: &Monitor) -> bool {
    // SAFETY: what `finish` may take is what it looks at first: whose monitor it is.
    match unsafe { libc::fork() } {
        0 => {
            let written = monitor.finish().is_ok();
            // SAFETY: ends the child.
            unsafe { libc::_exit(i32::from(written)) }
        }
        child => !ended_well(child),
    }
}

/// A child that executes another program: fork, then exec.
fn executed() -> bool {
    let arguments = [c"true".as_ptr(), std::ptr::null()];
    // SAFETY: the child calls only execv and _exit, which are async-signal-safe.
    match unsafe { libc::fork() } {
        0 => {
            // SAFETY: a path and a list that ends with null, made before the fork.
            unsafe { libc::execv(c"/bin/true".as_ptr(), arguments.as_ptr()) };
            // SAFETY: exec failed; ends the child.
            unsafe { libc::_exit(1) }
        }
        -1 => false,
        child => ended_well(child),
    }
}

fn ended_well(child: libc::pid_t) -> bool {
    let mut status = -1;
    loop {
        // SAFETY: our child, not waited for yet; `status` is an int to write to.
        if unsafe { libc::waitpid(child, &raw mut status, 0) } == child {
            return status == 0;
        }
    }
}

/// By `posix_spawn`, which is what the standard library does.
fn spawned() -> bool {
    Command::new("/bin/true")
        .status()
        .is_ok_and(|status| status.success())
}
