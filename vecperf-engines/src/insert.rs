//! Inserting vectors from several threads, each insert an operation of the monitor.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use vecperf::{Monitor, Outcome};

use crate::EngineError;

/// Inserts between two calls of `progress`.
const PROGRESS_STEP: usize = 64;

/// Calls `insert` once for each of `0..count`, in order, from `threads` threads, each with its own `worker`. It returns the
/// distances it computed, where it knows. `progress` is called with the number of inserts since its last call.
///
/// # Errors
/// The first error of an `insert`; the other threads stop at their next one.
pub(crate) fn insert_all<W>(
    count: usize,
    threads: usize,
    monitor: &Monitor,
    progress: &(dyn Fn(usize) + Sync),
    worker: impl Fn() -> W + Sync,
    insert: impl Fn(&mut W, usize) -> Result<Option<u64>, EngineError> + Sync,
) -> Result<(), EngineError> {
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let operation = monitor.operation("insert");
    let distance_computations = operation.counter("distance_computations");
    let work = || -> Result<(), EngineError> {
        let mut worker = worker();
        let mut unreported = 0;
        while !failed.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count {
                break;
            }
            let mut timer = operation.start().drop_as(Outcome::Error);
            let distances =
                insert(&mut worker, at).inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
            timer.add(distance_computations, distances.unwrap_or(0));
            timer.end(Outcome::Ok);
            unreported += 1;
            if unreported == PROGRESS_STEP {
                progress(std::mem::take(&mut unreported));
            }
        }
        if unreported > 0 {
            progress(unreported);
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(count)).map(|_| scope.spawn(work)).collect();
        let mut result = work();
        for other in others {
            result = result.and(
                other
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            );
        }
        result
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    #[test]
    fn each_is_inserted_once_and_progress_sums_up() {
        for (count, threads) in [(0, 4), (1, 4), (63, 1), (64, 2), (1000, 3)] {
            let inserted: Vec<_> = (0..count).map(|_| AtomicU32::new(0)).collect();
            let told = AtomicUsize::new(0);
            let progress = |n| {
                assert_ne!(n, 0);
                told.fetch_add(n, Ordering::Relaxed);
            };
            let insert = |_: &mut (), at: usize| {
                inserted[at].fetch_add(1, Ordering::Relaxed);
                Ok(None)
            };
            insert_all(count, threads, &Monitor::off(), &progress, || (), insert).unwrap();
            assert!(
                inserted
                    .iter()
                    .all(|times| times.load(Ordering::Relaxed) == 1)
            );
            assert_eq!(told.load(Ordering::Relaxed), count);
        }
    }

    #[test]
    fn an_error_stops_everybody() {
        let inserted = AtomicUsize::new(0);
        let insert = |_: &mut (), at: usize| {
            inserted.fetch_add(1, Ordering::Relaxed);
            if at == 10 {
                Err(EngineError::Engine("full".to_owned()))
            } else {
                Ok(None)
            }
        };
        let error = insert_all(1 << 40, 2, &Monitor::off(), &|_| (), || (), insert).unwrap_err();
        assert_eq!(error.to_string(), "full");
    }
}
