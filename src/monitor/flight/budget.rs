//! How many captures write themselves: something that happens again and again must not fill the disk, nor use up what is
//! kept for something else.

use std::time::Duration;

/// Why a capture writes itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// A threshold broke.
    Breach,
    /// Somebody sent SIGUSR2.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "there is none"))]
    Signal,
    /// The program panicked.
    Panic,
}

impl Cause {
    /// In a run, at most.
    const fn most(self) -> u32 {
        match self {
            Self::Breach | Self::Signal => 20,
            Self::Panic => 5,
        }
    }

    /// From one to the next, at least.
    const fn pause(self) -> Duration {
        match self {
            Self::Breach => Duration::from_secs(60),
            Self::Signal | Self::Panic => Duration::ZERO,
        }
    }
}

/// Whether a capture may be written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Leave {
    Granted,
    /// The first time that it is not: why.
    Refused(String),
    /// Nor is this one; that was told already.
    RefusedAgain,
}

/// What each cause has used of its own.
#[derive(Debug, Default)]
pub(super) struct Budget([Used; 3]);

#[derive(Debug, Default)]
struct Used {
    written: u32,
    last: Option<Duration>,
    refused: bool,
}

impl Budget {
    /// Asks for a capture, `now` after the start.
    pub(super) fn ask(&mut self, cause: Cause, now: Duration) -> Leave {
        let used = &mut self.0[cause as usize];
        let (most, pause) = (cause.most(), cause.pause());
        let soon = (used.last).is_some_and(|last| now.saturating_sub(last) < pause);
        if !soon && used.written < most {
            used.last = Some(now);
            used.written += 1;
            return Leave::Granted;
        }
        self.refuse(cause, || match soon {
            true => format!("one was written less than {} s before", pause.as_secs()),
            false => format!("{most} of its kind were written"),
        })
    }

    /// There is none, and it uses nothing up.
    pub(super) fn refuse(&mut self, cause: Cause, why: impl FnOnce() -> String) -> Leave {
        match std::mem::replace(&mut self.0[cause as usize].refused, true) {
            true => Leave::RefusedAgain,
            false => Leave::Refused(format!("{}; later ones are not told", why())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn breaches_leave_panics_and_signals_their_own_and_the_first_refusal_is_told() {
        let at = Duration::from_secs;
        let mut budget = Budget::default();
        assert_eq!(budget.ask(Cause::Breach, at(0)), Leave::Granted);
        let refused = budget.ask(Cause::Breach, at(59));
        assert!(matches!(refused, Leave::Refused(why) if why.contains("60 s")));
        assert_eq!(budget.ask(Cause::Breach, at(59)), Leave::RefusedAgain);
        assert_eq!(budget.ask(Cause::Panic, at(59)), Leave::Granted);
        assert_eq!(budget.ask(Cause::Signal, at(59)), Leave::Granted);
        for minute in 1..20 {
            assert_eq!(budget.ask(Cause::Breach, at(60 * minute)), Leave::Granted);
        }
        assert_eq!(budget.ask(Cause::Breach, at(9999)), Leave::RefusedAgain);
        for _ in 1..5 {
            assert_eq!(budget.ask(Cause::Panic, at(9999)), Leave::Granted);
        }
        let refused = budget.ask(Cause::Panic, at(9999));
        assert!(matches!(refused, Leave::Refused(why) if why.starts_with("5 of its kind")));
        assert_eq!(budget.ask(Cause::Signal, at(9999)), Leave::Granted);
        let nowhere = || "no files".to_owned();
        let refused = budget.refuse(Cause::Signal, nowhere);
        assert!(matches!(refused, Leave::Refused(why) if why.starts_with("no files")));
        assert_eq!(budget.refuse(Cause::Signal, nowhere), Leave::RefusedAgain);
    }
}
