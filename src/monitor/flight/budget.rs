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

    const fn index(self) -> usize {
        match self {
            Self::Breach => 0,
            Self::Signal => 1,
            Self::Panic => 2,
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
        let used = &mut self.0[cause.index()];
        let (most, pause) = (cause.most(), cause.pause());
        let soon = (used.last).is_some_and(|last| now.saturating_sub(last) < pause);
        if !soon && used.written < most {
            used.last = Some(now);
            used.written += 1;
            return Leave::Granted;
        }
        if std::mem::replace(&mut used.refused, true) {
            return Leave::RefusedAgain;
        }
        Leave::Refused(if soon {
            let pause = pause.as_secs();
            format!("one was written less than {pause} s before; later ones are not told")
        } else {
            format!("{most} of its kind were written; later ones are not told")
        })
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
    }
}
