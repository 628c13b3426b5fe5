//! Two estimates to a judgement.

use super::metric::Metric;
use super::student;
use super::{Change, Judgement};

/// All intervals of a comparison hold together with this probability. An end that says "worse" of equals is to be wrong in one
/// of a hundred at most: 0.98 would be just that, and recorded noise, which is like no formula, came to 1.1 %.
pub(crate) const CONFIDENCE: f64 = 0.985;
/// What a change that is there is seen with.
const POWER_TAIL: f64 = 0.05;
/// A change before it is judged.
pub(super) struct Raw {
    pub(super) operation: Option<String>,
    pub(super) setting: Option<String>,
    pub(super) metric: Metric,
    pub(super) base: f64,
    pub(super) new: f64,
    pub(super) spread: Spread,
    pub(super) reason: Option<String>,
    /// Why a change may be none of the program's: it is then inconclusive.
    pub(super) doubt: Option<String>,
}

/// How far the change may be off.
pub(super) enum Spread {
    /// Of the difference of logarithms: standard errors, each with its degrees of freedom; the widest counts.
    Log {
        difference: f64,
        errors: Vec<(f64, f64)>,
    },
    /// Of the difference of shares: normal standard errors down and up.
    Share { down: f64, up: f64 },
    /// Nothing is known.
    Unknown,
}

impl Raw {
    /// The judgement, as one of `judged`.
    pub(super) fn judge(self, effect: f64, judged: usize) -> Change {
        let metric = self.metric;
        let tail = (1.0 - CONFIDENCE) / 2.0 / judged as f64;
        let effect = if metric.is_share() {
            effect / 5.0
        } else {
            effect
        };
        let tolerance = effect / 5.0;
        let (change, interval, error) = self.interval(tail);
        // From here on more is worse.
        let harm = interval.map(|(low, high)| {
            if metric.more_is_better() {
                (-high, -low)
            } else {
                (low, high)
            }
        });
        let judgement = match harm {
            Some((low, high)) if !(low.is_finite() && high.is_finite()) => Judgement::Inconclusive,
            Some((low, _)) if low > tolerance => Judgement::Regressed,
            Some((_, high)) if high < -tolerance => Judgement::Improved,
            Some((low, high)) if low >= -effect && high <= effect => Judgement::Same,
            _ => Judgement::Inconclusive,
        };
        let doubted = self
            .doubt
            .clone()
            .filter(|_| matches!(judgement, Judgement::Regressed | Judgement::Improved));
        let judgement = if doubted.is_some() {
            Judgement::Inconclusive
        } else {
            judgement
        };
        let visible = interval.map(|(low, high)| {
            let half = if metric.more_is_better() {
                high - change
            } else {
                change - low
            };
            tolerance + half + error
        });
        let finite = |it: f64| Some(it).filter(|it| it.is_finite());
        Change {
            operation: self.operation,
            setting: self.setting,
            metric,
            base: self.base,
            new: self.new,
            change: finite(change).unwrap_or(0.0),
            low: interval.and_then(|it| finite(it.0)),
            high: interval.and_then(|it| finite(it.1)),
            visible: visible.and_then(finite),
            judgement,
            reason: doubted.or(self.reason),
        }
    }

    /// The change, its interval, and how far beyond it one must be to be seen nineteen times in twenty.
    fn interval(&self, tail: f64) -> (f64, Option<(f64, f64)>, f64) {
        let floor = self.metric.floor();
        let scale = (self.base + floor) / self.base.max(floor).max(f64::MIN_POSITIVE);
        match &self.spread {
            Spread::Share { down, up } => {
                let change = self.new - self.base;
                let z = student::quantile(tail, f64::INFINITY);
                let power = student::quantile(POWER_TAIL, f64::INFINITY);
                let both = (change - z * down, change + z * up);
                (change, Some(both), power * down.max(*up))
            }
            Spread::Log { difference, errors } => {
                let relative = |log: f64| log.exp_m1() * scale;
                let half = |tail: f64| {
                    let halves = errors
                        .iter()
                        .map(|(error, freedom)| error * student::quantile(tail, *freedom));
                    halves.fold(0.0, f64::max)
                };
                let wide = half(tail);
                let both = (relative(difference - wide), relative(difference + wide));
                (
                    relative(*difference),
                    Some(both),
                    relative(half(POWER_TAIL)),
                )
            }
            Spread::Unknown => {
                let change = if self.metric.is_share() {
                    self.new - self.base
                } else {
                    (self.new - self.base) / self.base.max(floor)
                };
                (change, None, 0.0)
            }
        }
    }
}
