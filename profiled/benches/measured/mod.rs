//! Pairs, their median and how sure it is; shared by the measurements.

#![allow(dead_code, reason = "no measurement uses all of it")]

use vecperf::cpu::Choice;
use vecperf_profiled::Arguments;

/// The middle of many values, and the interval that holds it in 95 of 100 repetitions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Median {
    pub(crate) value: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Median {
    /// By order statistics: the ranks n/2 ± 0.98 √n (a binomial of n and ½), which suppose no distribution.
    pub(crate) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let n = values.len() as f64;
        let at = |rank: f64| {
            let rank = rank.clamp(0.0, n - 1.0) as usize;
            values.get(rank).copied().unwrap_or(f64::NAN)
        };
        let reach = 0.98 * n.sqrt();
        Self {
            value: at(n / 2.0),
            low: at((n / 2.0 - reach).floor()),
            high: at((n / 2.0 + reach).ceil()),
        }
    }

    /// `value (low to high)` with so many digits.
    pub(crate) fn show(&self, digits: usize) -> String {
        format!(
            "{:.digits$} ({:.digits$} to {:.digits$})",
            self.value, self.low, self.high
        )
    }
}

/// The back ends by name that run here.
pub(crate) fn back_ends() -> Vec<Arguments> {
    let asked = ["perf_event", "thread_timer", "ticker"].map(asked);
    let runs = |asked: &Arguments| vecperf_profiled::profiling::recording(asked).is_ok();
    asked.into_iter().filter(runs).collect()
}

/// What asks for a back end; `none` for no profile.
pub(crate) fn asked(back_end: &str) -> Arguments {
    let words = ["", "--back-end", back_end].map(str::to_owned);
    Arguments::parse(words).unwrap_or_default()
}

/// What was asked for, as the settings write it.
pub(crate) fn name(asked: &Arguments) -> &'static str {
    match asked.back_end {
        Some(Choice::Only(back_end)) => back_end.name(),
        Some(Choice::Auto) => "auto",
        None => "none",
    }
}

/// The first number on the command line, or `default`.
pub(crate) fn number(default: f64) -> f64 {
    let mut words = std::env::args().skip(1);
    words.find_map(|word| word.parse().ok()).unwrap_or(default)
}
