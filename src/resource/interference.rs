//! What takes CPU time from the process without its doing, from one reading to another.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What took CPU time from the process without its doing: other machines on the same host, the quota of its cgroup, heat.
///
/// Read once a second, so a window is off by up to a second at either end; one without a reading of its own knows nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CpuInterference {
    /// Seconds in which a CPU of this machine had work and the hypervisor ran others on it (steal), of all CPUs together.
    pub steal_seconds: Option<f64>,
    /// `steal_seconds` in percent of the time that the CPUs had work.
    pub steal_percent: Option<f64>,
    /// Seconds in which threads stood still because the CPU quota of the cgroup was used up, on all CPUs together. `None`:
    /// there is no quota.
    pub throttled_seconds: Option<f64>,
    /// Periods of the quota in which that happened, in percent of those in which a thread ran.
    pub throttled_percent: Option<f64>,
    /// How often a CPU was slowed down because it was too hot, as each CPU counts it of its core and of its package: one
    /// event may be counted by several. `None`: not told, as in a virtual machine.
    pub thermal_throttles: Option<u64>,
}

/// The counters behind [`CpuInterference`], as last read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Interference {
    pub(crate) read_at: Option<Duration>,
    pub(crate) machine: Option<MachineCpu>,
    pub(crate) quota: Option<Throttled>,
    pub(crate) thermal_throttles: Option<u64>,
}

/// Time of all CPUs of the machine, in ticks of 10 ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MachineCpu {
    /// They had work, and the hypervisor ran others.
    pub(crate) steal: u64,
    /// They ran something.
    pub(crate) busy: u64,
}

/// What a CPU quota did.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Throttled {
    /// Its periods in which a thread ran.
    pub(crate) periods: u64,
    /// Those in which it was used up.
    pub(crate) throttled: u64,
    /// How long threads stood still.
    pub(crate) seconds: f64,
}

impl Interference {
    /// What was taken from `first` to this reading; where they are the same one, nothing is known.
    pub(crate) fn since(&self, first: &Self) -> CpuInterference {
        /// `USER_HZ`, which is 100 on every architecture that has it in its interface.
        const TICKS_A_SECOND: f64 = 100.0;
        if first.read_at == self.read_at {
            return CpuInterference::default();
        }
        let percent = |part: f64, all: f64| (all > 0.0).then(|| (100.0 * part / all).min(100.0));
        let machine = self.machine.zip(first.machine);
        let machine = machine.and_then(|(now, then)| {
            let grown = |of: fn(&MachineCpu) -> u64| of(&now).checked_sub(of(&then));
            let seconds = |ticks| ticks as f64 / TICKS_A_SECOND;
            Some((
                seconds(grown(|it| it.steal)?),
                seconds(grown(|it| it.busy)?),
            ))
        });
        let quota = self.quota.zip(first.quota);
        let quota = quota.and_then(|(now, then)| {
            let grown = |of: fn(&Throttled) -> u64| of(&now).checked_sub(of(&then));
            Some(Throttled {
                periods: grown(|it| it.periods)?,
                throttled: grown(|it| it.throttled)?,
                seconds: (now.seconds - then.seconds).max(0.0),
            })
        });
        let heat = self.thermal_throttles.zip(first.thermal_throttles);
        CpuInterference {
            steal_seconds: machine.map(|(steal, _)| steal),
            steal_percent: machine.and_then(|(steal, busy)| percent(steal, steal + busy)),
            throttled_seconds: quota.map(|it| it.seconds),
            throttled_percent: quota.and_then(|it| percent(it.throttled as f64, it.periods as f64)),
            thermal_throttles: heat.and_then(|(now, then)| now.checked_sub(then)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(seconds: u64, steal: u64, throttled: u64, hot: u64) -> Interference {
        Interference {
            read_at: Some(Duration::from_secs(seconds)),
            machine: Some(MachineCpu {
                steal,
                busy: 1000 + seconds * 100,
            }),
            quota: Some(Throttled {
                periods: seconds * 10,
                throttled,
                seconds: throttled as f64 / 2.0,
            }),
            thermal_throttles: Some(hot),
        }
    }

    #[test]
    fn what_others_took_is_a_share_of_the_work_there_was() {
        let expected = CpuInterference {
            steal_seconds: Some(1.0),
            steal_percent: Some(20.0),
            throttled_seconds: Some(2.0),
            throttled_percent: Some(10.0),
            thermal_throttles: Some(2),
        };
        assert_eq!(
            reading(14, 105, 5, 9).since(&reading(10, 5, 1, 7)),
            expected
        );
    }

    #[test]
    fn without_a_reading_of_its_own_a_window_knows_nothing() {
        let only = reading(10, 5, 1, 7);
        assert_eq!(only.since(&only), CpuInterference::default());
        let unread = Interference::default();
        assert_eq!(unread.since(&unread), CpuInterference::default());
        assert_eq!(only.since(&unread), CpuInterference::default());
    }

    #[test]
    fn counters_that_went_back_are_of_something_else() {
        let back = reading(12, 4, 2, 6).since(&reading(10, 5, 3, 7));
        assert_eq!(back, CpuInterference::default());
    }

    #[test]
    fn where_nothing_ran_there_is_no_share() {
        let still = |at| Interference {
            read_at: Some(Duration::from_secs(at)),
            machine: Some(MachineCpu::default()),
            quota: Some(Throttled::default()),
            thermal_throttles: None,
        };
        let expected = CpuInterference {
            steal_seconds: Some(0.0),
            throttled_seconds: Some(0.0),
            ..CpuInterference::default()
        };
        assert_eq!(still(2).since(&still(1)), expected);
    }
}
