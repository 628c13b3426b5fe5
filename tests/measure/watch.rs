//! The installed monitor and what it saw; a poll by hand instead of an executor.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};

use vecperf::{Monitor, Settings};

/// Installs the monitor of this process. Each test has operation names of its own, so all share it.
pub(crate) fn install() {
    monitor();
}

fn monitor() -> &'static Monitor {
    static MONITOR: OnceLock<Monitor> = OnceLock::new();
    MONITOR.get_or_init(|| {
        let monitor = Monitor::in_memory(Settings::default()).unwrap();
        monitor.install();
        monitor
    })
}

/// How many operations called `name` ended ok, in an error, cancelled.
pub(crate) fn ended(name: &str) -> (u64, u64, u64) {
    let snapshot = monitor().report().run;
    let seen = snapshot.operations.iter().find(|seen| seen.name == name);
    seen.map_or((0, 0, 0), |seen| (seen.ok, seen.errors, seen.cancelled))
}

pub(crate) fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Runs a future that never has to wait for long.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = poll(future.as_mut()) {
            return output;
        }
    }
}

/// Pending once.
pub(crate) async fn wait() {
    let mut waited = false;
    std::future::poll_fn(|_| match std::mem::replace(&mut waited, true) {
        true => Poll::Ready(()),
        false => Poll::Pending,
    })
    .await;
}
