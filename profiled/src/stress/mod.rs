//! Everything that a profiler may trip over, all at once, while the profile is started and stopped every 200 ms. At the end
//! the process must own what it owned before.

mod hostile;
mod owned;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::profiling::{self, Session};
use crate::{Arguments, Ledger, Truth, clock};
use owned::Owned;

const BETWEEN_RESTARTS: Duration = Duration::from_millis(200);
/// The first rounds, after which everything that stays for good is there: caches, arenas, the signal's disposition.
const WARM_UP: Duration = Duration::from_secs(2);

/// Runs it for `--seconds` of wall time.
pub fn stress(asked: &Arguments) -> Result<Truth, String> {
    std::panic::set_hook(Box::new(|_| ())); // they are meant
    rounds(asked, WARM_UP)?;
    let before = Owned::now();
    let mut all = rounds(asked, Duration::from_secs_f64(asked.seconds))?;
    Owned::now().compare(&before, &mut all);
    let mut truth = Truth::default();
    all.tell(&mut truth);
    Ok(truth)
}

/// Everything hostile, from the first thread's start to the last one's end.
fn rounds(asked: &Arguments, time: Duration) -> Result<Ledger, String> {
    let stop = AtomicBool::new(false);
    let session = Session::without_profile(asked)?;
    thread::scope(|scope| {
        let threads: Vec<_> = hostile::ALL
            .iter()
            .map(|(name, act)| {
                let (stop, operation) = (&stop, session.operation(name));
                scope.spawn(move || {
                    let mut ledger = Ledger::default();
                    while !stop.load(Ordering::Relaxed) {
                        operation.measure(act);
                        ledger.count(name, 1.0);
                    }
                    ledger
                })
            })
            .collect();
        let restarted = restart(asked, &session, time);
        stop.store(true, Ordering::Relaxed);
        let mut all = Ledger::default();
        for thread in threads {
            all.merge(thread.join().map_err(|_| "a hostile thread panicked")?);
        }
        all.merge(restarted?);
        Ok(all)
    })
}

/// Starts and stops the profile: in turn joined to operations and with names, and bare.
fn restart(asked: &Arguments, session: &Session, time: Duration) -> Result<Ledger, String> {
    let mut ledger = Ledger::default();
    let end = clock::monotonic() + time;
    for joined in [true, false].into_iter().cycle() {
        if clock::monotonic() >= end {
            break;
        }
        let samples = if joined {
            profile_joined(session)?
        } else {
            record_bare(asked)?
        };
        ledger.count("restarts", 1.0);
        ledger.count("samples", samples);
    }
    Ok(ledger)
}

fn profile_joined(session: &Session) -> Result<f64, String> {
    let profile = session.monitor().profile(BETWEEN_RESTARTS);
    let profile = profile.map_err(|error| error.to_string())?;
    let samples = profile.value_index("samples").map(|at| profile.total(at));
    Ok(samples.unwrap_or_default() as f64)
}

fn record_bare(asked: &Arguments) -> Result<f64, String> {
    let recording = profiling::recording(asked)?;
    thread::sleep(BETWEEN_RESTARTS);
    recording.stop();
    let statistics = recording.statistics();
    Ok(statistics.map_or(0, |statistics| statistics.samples) as f64)
}
