//! What a program knows about itself: CPU time by the clocks of its threads, and what else it counted.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock;

/// What a run came to; the last line on its standard output.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Truth {
    /// What took the samples; `None`: nothing.
    pub back_end: Option<String>,
    /// Why no better back end did.
    pub refusals: Vec<String>,
    /// CPU seconds of the process while the profile ran, by getrusage, without the profiler's own thread.
    pub cpu_seconds: f64,
    /// CPU seconds of the profiler's own threads meanwhile.
    pub profiler_cpu_seconds: f64,
    /// Samples per second of CPU time that were asked for.
    pub asked_rate: f64,
    /// Samples taken.
    pub samples: u64,
    /// CPU seconds in each function, which the operation around it is called after.
    pub functions: BTreeMap<String, f64>,
    /// What else the program counted.
    pub facts: BTreeMap<String, f64>,
}

impl Truth {
    /// One line.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The share of a function in the CPU time of all of them.
    pub fn share(&self, function: &str) -> f64 {
        let all: f64 = self.functions.values().sum();
        self.functions.get(function).copied().unwrap_or_default() / all
    }

    /// Something counted; NaN when it was not.
    pub fn fact(&self, name: &str) -> f64 {
        self.facts.get(name).copied().unwrap_or(f64::NAN)
    }
}

/// CPU time by function and what else was counted, of one thread; of several when merged.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    functions: BTreeMap<&'static str, Duration>,
    facts: BTreeMap<&'static str, f64>,
}

impl Ledger {
    /// Does `work`, whose CPU time is the function's.
    pub fn spend<R>(&mut self, function: &'static str, work: impl FnOnce() -> R) -> R {
        let start = clock::thread_cpu();
        let result = work();
        *self.functions.entry(function).or_default() += clock::thread_cpu() - start;
        result
    }

    /// Adds CPU time to a function.
    pub fn spent(&mut self, function: &'static str, cpu: Duration) {
        *self.functions.entry(function).or_default() += cpu;
    }

    /// Adds to a fact.
    pub fn count(&mut self, fact: &'static str, amount: f64) {
        *self.facts.entry(fact).or_default() += amount;
    }

    /// Takes over what another thread noted.
    pub fn merge(&mut self, other: Self) {
        for (function, cpu) in other.functions {
            self.spent(function, cpu);
        }
        for (fact, amount) in other.facts {
            self.count(fact, amount);
        }
    }

    /// Writes it into the truth.
    pub fn tell(self, truth: &mut Truth) {
        let seconds = |(name, cpu): (&str, Duration)| (name.to_owned(), cpu.as_secs_f64());
        truth
            .functions
            .extend(self.functions.into_iter().map(seconds));
        let owned = |(name, amount): (&str, f64)| (name.to_owned(), amount);
        truth.facts.extend(self.facts.into_iter().map(owned));
    }
}
