//! How long the drain thread sleeps.

use std::time::Duration;

/// The longest sleep: how old a profile of a running recording can be.
const LONGEST: Duration = Duration::from_millis(50);
/// The usual one is at least this.
const USUAL: Duration = Duration::from_millis(20);
/// The shortest one, when operations end faster than their rings can hold.
const SHORTEST: Duration = Duration::from_millis(2);

/// From one drain to the next.
#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { interval: USUAL }
    }
}

impl Pace {
    pub(super) fn interval(&self) -> Duration {
        self.interval
    }

    /// The fullest ring was so full, 0 to 1. Over half: twice as often. Under an eighth: less often.
    pub(super) fn saw(&mut self, fullest: f32) {
        self.interval = match fullest {
            full if full > 0.5 => (self.interval / 2).max(SHORTEST),
            empty if empty < 0.125 => (self.interval * 5 / 4).min(LONGEST),
            _ => self.interval,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_rings_are_drained_sooner() {
        let mut pace = Pace::default();
        pace.saw(0.9);
        assert!(pace.interval() < USUAL);
        (0..100).for_each(|_| pace.saw(1.0));
        assert_eq!(pace.interval(), SHORTEST);
        pace.saw(0.3);
        assert_eq!(pace.interval(), SHORTEST, "it fits");
        (0..100).for_each(|_| pace.saw(0.0));
        assert_eq!(pace.interval(), LONGEST);
    }
}
