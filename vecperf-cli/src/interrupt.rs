//! Ctrl-C: the first one asks the run to end early with a valid report, a second one ends the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use vecperf::Moment;

use crate::exit::{Exit, Failure, Result};
use crate::terminal::Terminal;

/// Between two looks at whether the user asked to stop, while others work.
const LISTEN: Duration = Duration::from_millis(20);

/// A second signal this soon is the first one's echo: `timeout`, a shell script and a process supervisor signal both
/// the command and its process group.
const ECHO: Duration = Duration::from_millis(500);

/// True once the user asked to stop. Cheap to ask: one relaxed load.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens for Ctrl-C (and SIGTERM, SIGHUP) from now on. Where no handler can be set, Ctrl-C ends the
    /// process as it always does.
    pub(crate) fn listen(terminal: Terminal) -> Self {
        let interrupt = Self::default();
        let asked = interrupt.clone();
        let mut first = None;
        let _ = ctrlc::set_handler(move || match first {
            None => {
                first = Some(Moment::now());
                asked.0.store(true, Ordering::Relaxed);
                terminal.remark(
                    "interrupted: writing what was measured so far (Ctrl-C again to stop at once)",
                );
            }
            Some(first) if first.elapsed() < ECHO => (),
            Some(_) => std::process::exit(Exit::Interrupted.code().into()),
        });
        interrupt
    }

    /// Whether the user asked to stop.
    #[inline]
    pub(crate) fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Does `work`, named `what` in errors, on a thread of its own; `None` when the user asks to stop before it is
    /// done. Work that knows no stopping is then left behind: the process is about to end.
    ///
    /// # Errors
    /// `work` panicked, or the thread cannot be started.
    pub(crate) fn unless_asked<T: Send + 'static>(
        &self,
        what: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Option<T>> {
        let (sender, result) = mpsc::channel();
        let thread = std::thread::Builder::new().name(what.to_owned());
        thread.spawn(move || sender.send(work())).map_err(|error| {
            Failure::runtime(format!("{what}: cannot start a thread")).because(&error)
        })?;
        while !self.asked() {
            match result.recv_timeout(LISTEN) {
                Ok(value) => return Ok(Some(value)),
                Err(RecvTimeoutError::Timeout) => (),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Failure::runtime(format!(
                        "{what}: panicked; the words are above"
                    )));
                }
            }
        }
        Ok(None)
    }

    /// Asks to stop, as Ctrl-C does.
    #[cfg(test)]
    pub(crate) fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_done_unless_the_user_asks_to_stop() {
        let interrupt = Interrupt::default();
        assert_eq!(interrupt.unless_asked("add", || 1 + 1).ok(), Some(Some(2)));

        let failure = interrupt
            .unless_asked("build", || panic!("on purpose"))
            .err();
        assert!(failure.is_some_and(|failure| failure.to_string().starts_with("build: panicked")));

        let (never, wait) = mpsc::channel::<()>();
        let asking = interrupt.clone();
        let work = move || {
            asking.ask();
            wait.recv() // until the end of the test
        };
        assert!(
            interrupt
                .unless_asked("wait", work)
                .is_ok_and(|done| done.is_none())
        );
        drop(never);
    }
}
