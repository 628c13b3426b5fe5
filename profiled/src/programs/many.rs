//! More threads than one would think of, and threads that come and go.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use super::Run;
use crate::profiling::{Account, Session};
use crate::spin::{self, units};
use crate::{Arguments, Ledger, Truth};

const THREADS: usize = 1_000;
const SMALL_STACK: usize = 128 * 1024;

/// A thousand threads that exist before the profile starts, and share the work.
pub(super) fn many(asked: &Arguments) -> Result<Truth, String> {
    let each = units(Duration::from_secs_f64(asked.seconds / THREADS as f64));
    let begin = Barrier::new(THREADS + 1);
    let end = Barrier::new(THREADS + 1);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|at| {
                thread::Builder::new()
                    .name(format!("worker {at}"))
                    .stack_size(SMALL_STACK)
                    .spawn_scoped(scope, || {
                        begin.wait();
                        let mut ledger = Ledger::default();
                        ledger.spend("compute", || black_box(spin::compute(each)));
                        end.wait();
                        ledger
                    })
            })
            .collect::<Result<_, _>>()
            .unwrap();
        let session = Session::start(asked);
        let account = Account::open();
        begin.wait();
        end.wait();
        let mut truth = Truth::default();
        account.close(&mut truth);
        let mut all = Ledger::default();
        for thread in threads {
            all.merge(thread.join().unwrap());
        }
        all.tell(&mut truth);
        session?.stop(&mut truth)?;
        Ok(truth)
    })
}

/// Threads that live for 20 ms of CPU time each, two at a time.
pub(super) fn churn(run: &Run<'_>) -> Ledger {
    let operation = run.operation("compute");
    let each = units(Duration::from_millis(20));
    let work = || {
        let mut ledger = Ledger::default();
        ledger.spend("compute", || {
            operation.measure(|| black_box(spin::compute(each)))
        });
        ledger
    };
    let mut all = Ledger::default();
    for _ in 0..(run.seconds / 0.04).ceil() as usize {
        thread::scope(|scope| {
            for thread in [scope.spawn(work), scope.spawn(work)] {
                all.merge(thread.join().unwrap());
            }
        });
    }
    all
}
