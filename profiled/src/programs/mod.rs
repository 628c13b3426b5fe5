//! The programs, by name. Most run with the profile around them; some start it themselves, when all is in place.

mod children;
mod computing;
mod idle;
mod kernel;
mod many;
mod mixed;
mod plugins;
mod sleeping;
mod slow;

use std::time::Duration;

use vecperf::Operation;

pub use kernel::touch;
pub(crate) use plugins::Plugin;

use crate::profiling::{Account, Session};
use crate::{Arguments, Ledger, Truth, clock, limits, stress};

/// How a program is run.
enum Program {
    /// The profile runs from before its first to after its last line.
    Inside(fn(&Run<'_>) -> Ledger),
    /// It starts and stops the profile.
    Own(fn(&Arguments) -> Result<Truth, String>),
}

const PROGRAMS: &[(&str, Program)] = &[
    ("split", Program::Inside(computing::split)),
    ("alternating", Program::Inside(computing::alternating)),
    ("recursion", Program::Inside(computing::recursion)),
    ("inlined", Program::Inside(computing::inlined)),
    ("cpp", Program::Inside(mixed::cpp)),
    ("libc", Program::Inside(mixed::libc_calls)),
    ("syscalls", Program::Inside(kernel::system_calls)),
    ("faults", Program::Inside(kernel::page_faults)),
    ("plugins", Program::Inside(plugins::plugins)),
    ("slow", Program::Inside(slow::slow)),
    ("sleeping", Program::Inside(sleeping::sleeping)),
    ("children", Program::Inside(children::children)),
    ("churn", Program::Inside(many::churn)),
    ("many", Program::Own(many::many)),
    ("idle", Program::Own(idle::idle)),
    ("stress", Program::Own(stress::stress)),
];

/// The names of all programs.
pub fn names() -> Vec<&'static str> {
    PROGRAMS.iter().map(|(name, _)| *name).collect()
}

/// Runs the program that is asked for.
///
/// # Errors
/// There is no such program, or it could not be profiled.
pub fn run(asked: &Arguments) -> Result<Truth, String> {
    limits::apply(asked)?;
    let known = PROGRAMS.iter().find(|(name, _)| *name == asked.program);
    match known {
        Some((_, Program::Inside(program))) => profiled(asked, *program),
        Some((_, Program::Own(program))) => program(asked),
        None => Err(format!("{}: no such program", asked.program)),
    }
}

/// Runs `program` under the profile.
pub(crate) fn profiled(
    asked: &Arguments,
    program: impl FnOnce(&Run<'_>) -> Ledger,
) -> Result<Truth, String> {
    crate::spin::units(Duration::ZERO); // calibrates outside of the profile
    let session = Session::start(asked)?;
    let account = Account::open();
    let ledger = program(&Run {
        session: &session,
        seconds: asked.seconds,
    });
    let mut truth = Truth::default();
    account.close(&mut truth);
    ledger.tell(&mut truth);
    session.stop(&mut truth)?;
    Ok(truth)
}

/// What a program has while it runs.
pub(crate) struct Run<'a> {
    pub(crate) session: &'a Session,
    /// How long to work in all.
    pub(crate) seconds: f64,
}

impl Run<'_> {
    pub(crate) fn operation(&self, name: &str) -> Operation {
        self.session.operation(name)
    }

    /// Repeats `work` on this thread until it has used its part of the CPU time.
    pub(crate) fn repeat(&self, part: f64, mut work: impl FnMut(&mut Ledger)) -> Ledger {
        let mut ledger = Ledger::default();
        let until = clock::thread_cpu() + Duration::from_secs_f64(self.seconds * part);
        while clock::thread_cpu() < until {
            work(&mut ledger);
        }
        ledger
    }

    /// As [`Run::repeat`], half of it on each of two threads.
    pub(crate) fn on_two_threads(&self, work: impl Fn(&mut Ledger) + Sync) -> Ledger {
        let half = || self.repeat(0.5, &work);
        std::thread::scope(|scope| {
            let threads = [scope.spawn(half), scope.spawn(half)];
            let mut all = Ledger::default();
            for thread in threads {
                all.merge(thread.join().unwrap());
            }
            all
        })
    }
}
