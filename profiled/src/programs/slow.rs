//! One operation in a hundred takes a path that the others do not, worth 12 percent of the CPU time.

use std::hint::black_box;
use std::sync::Mutex;
use std::time::Duration;

use super::Run;
use crate::spin::{self, jittered};
use crate::{Ledger, clock};

/// Long beside the slices of a scheduler, so that a disturbed usual operation is still faster than a slow one.
const USUAL: Duration = Duration::from_millis(1);
/// 13.6 times as long, in one of a hundred: 12 percent.
const SLOW: Duration = Duration::from_micros(13_636);
const HUNDRED: usize = 100;

/// One operation as its thread saw it.
struct Instance {
    wall: Duration,
    usual: Duration,
    slow: Duration,
}

/// Exactly one of each hundred is slow, at a place left to chance. Tells, too, what a cut to the slowest hundredth *should*
/// show: on a busy machine operations are slow that only had to wait.
pub(super) fn slow(run: &Run<'_>) -> Ledger {
    let operation = run.operation("query");
    let instances = Mutex::new(Vec::new());
    let mut all = run.on_two_threads(|ledger| {
        let which = fastrand::usize(..HUNDRED);
        for at in 0..HUNDRED {
            let instance = query(&operation, at == which);
            ledger.spent("usual_path", instance.usual);
            ledger.spent("slow_path", instance.slow);
            instances.lock().unwrap().push(instance);
        }
    });
    all.count(
        "share_above_p99",
        share_above_p99(instances.into_inner().unwrap()),
    );
    all
}

fn query(operation: &vecperf::Operation, slow: bool) -> Instance {
    let usual_units = jittered(USUAL);
    let slow_units = if slow { jittered(SLOW) } else { 0 };
    let start = clock::monotonic();
    let (before, between, after) = operation.measure(|| {
        let before = clock::thread_cpu();
        black_box(spin::usual_path(usual_units));
        let between = clock::thread_cpu();
        black_box(spin::slow_path(slow_units));
        (before, between, clock::thread_cpu())
    });
    Instance {
        wall: clock::monotonic() - start,
        usual: between - before,
        slow: after - between,
    }
}

/// The slow path's share of the CPU time of operations that took longer than 99 percent of them.
fn share_above_p99(mut instances: Vec<Instance>) -> f64 {
    instances.sort_by_key(|instance| instance.wall);
    let above = &instances[instances.len() - instances.len() / HUNDRED..];
    let sum = |part: fn(&Instance) -> Duration| above.iter().map(part).sum::<Duration>();
    let (usual, slow) = (sum(|one| one.usual), sum(|one| one.slow));
    slow.as_secs_f64() / (usual + slow).as_secs_f64()
}
