//! Operations that wait, and operations that do not.

use std::hint::black_box;
use std::thread;
use std::time::Duration;

use super::Run;
use crate::spin::{self, jittered};
use crate::{Ledger, clock};

/// Every second operation sleeps 3 ms. Tells how long they slept, by the clock around each sleep.
pub(super) fn sleeping(run: &Run<'_>) -> Ledger {
    let (sleeper, busy) = (run.operation("sleeper"), run.operation("busy"));
    run.repeat(1.0, |ledger| {
        let units = jittered(Duration::from_millis(1));
        let slept = sleeper.measure(|| {
            black_box(spin::alpha(units));
            let (wall, cpu) = (clock::monotonic(), clock::thread_cpu());
            thread::sleep(Duration::from_millis(3));
            // The way into the kernel and back is CPU time.
            (clock::monotonic() - wall).saturating_sub(clock::thread_cpu() - cpu)
        });
        ledger.count("slept_seconds", slept.as_secs_f64());
        ledger.count("sleeps", 1.0);
        busy.measure(|| black_box(spin::beta(units)));
    })
}
