//! The last 15 minutes in bounded memory, so that whoever looks late, or looks again, has missed nothing.

use std::collections::VecDeque;
use std::sync::Arc;

use super::{OperationSeries, Program, SCHEMA_VERSION, Series};
use crate::resource::ResourceUse;
use crate::snapshot::{OperationSnapshot, Snapshot};

/// Seconds kept: 15 minutes.
const SECONDS: usize = 900;
/// Operations kept: the first ones used.
const OPERATIONS: usize = 32;

/// What happened in one second.
#[derive(Clone, Debug)]
struct Second {
    at_seconds: f64,
    cores_used: Option<f64>,
    memory_bytes: Option<u64>,
    /// In the order of the history's names.
    operations: Vec<Tick>,
}

/// One operation in one second.
#[derive(Clone, Copy, Debug, Default)]
struct Tick {
    ended: u64,
    errors: u64,
    p50_micros: Option<f32>,
    p99_micros: Option<f32>,
}

/// The seconds, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    names: Vec<Arc<str>>,
    seconds: VecDeque<Second>,
}

impl History {
    /// Adds the second that `window` is; the oldest goes when there are too many.
    pub(crate) fn add(&mut self, window: &Snapshot, used: &ResourceUse) {
        for operation in &window.operations {
            let known = self.names.iter().any(|name| **name == *operation.name);
            if !known && self.names.len() < OPERATIONS {
                self.names.push(Arc::from(operation.name.as_str()));
            }
        }
        let tick = |name: &Arc<str>| window.operation(name).map(Tick::of).unwrap_or_default();
        if self.seconds.len() == SECONDS {
            self.seconds.pop_front();
        }
        self.seconds.push_back(Second {
            at_seconds: window.to.as_secs_f64(),
            cores_used: used.cores_used,
            memory_bytes: used.peak_anonymous_swapped_bytes,
            operations: self.names.iter().map(tick).collect(),
        });
    }

    /// The seconds that end after `since`.
    pub(crate) fn series(&self, program: &Program, since: f64) -> Series {
        let wanted = |second: &&Second| second.at_seconds > since;
        let seconds: Vec<&Second> = self.seconds.iter().filter(wanted).collect();
        Series {
            schema_version: SCHEMA_VERSION,
            pid: program.pid,
            started_at: program.started_at.clone(),
            at_seconds: seconds.iter().map(|second| second.at_seconds).collect(),
            cores_used: seconds.iter().map(|second| second.cores_used).collect(),
            memory_bytes: seconds.iter().map(|second| second.memory_bytes).collect(),
            operations: (self.names.iter().enumerate())
                .map(|(index, name)| column(name, index, &seconds))
                .collect(),
        }
    }
}

/// One operation's column; before its first use nothing ended.
fn column(name: &str, index: usize, seconds: &[&Second]) -> OperationSeries {
    let mut column = OperationSeries {
        name: name.to_owned(),
        ..OperationSeries::default()
    };
    for second in seconds {
        let tick = second.operations.get(index).copied().unwrap_or_default();
        column.ended.push(tick.ended);
        column.errors.push(tick.errors);
        column.p50_micros.push(tick.p50_micros);
        column.p99_micros.push(tick.p99_micros);
    }
    column
}

impl Tick {
    fn of(operation: &OperationSnapshot) -> Self {
        let latency = operation.latency();
        let micros = |q| {
            let quantile = latency.quantile(q);
            quantile.map(|latency| (latency.as_secs_f64() * 1e6) as f32)
        };
        Self {
            ended: operation.count(),
            errors: operation.error.count(),
            p50_micros: micros(0.5),
            p99_micros: micros(0.99),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn second(to: u64, name: &str, ended: u64) -> Snapshot {
        let mut operation = OperationSnapshot {
            name: name.to_owned(),
            ..OperationSnapshot::default()
        };
        for _ in 0..ended {
            operation.ok.record(Duration::from_millis(2));
        }
        Snapshot {
            from: Duration::from_secs(to - 1),
            to: Duration::from_secs(to),
            operations: vec![operation],
            ..Snapshot::default()
        }
    }

    #[test]
    fn fifteen_minutes_are_kept_and_columns_have_one_length() {
        let mut history = History::default();
        for to in 1..=1000 {
            let name = if to > 990 { "late" } else { "search" };
            history.add(&second(to, name, 3), &ResourceUse::default());
        }
        let series = history.series(&Program::default(), 0.0);
        assert_eq!(series.at_seconds.len(), 900);
        assert_eq!(series.at_seconds[0], 101.0);
        assert!(series.operations.iter().all(|one| one.ended.len() == 900));
        let late = &series.operations[1];
        assert_eq!((late.ended[0], late.ended[899]), (0, 3));
        assert!((late.p50_micros[899].unwrap_or(0.0) - 2000.0).abs() < 20.0);
        assert_eq!(late.p50_micros[0], None);
    }

    #[test]
    fn who_has_some_gets_the_rest() {
        let mut history = History::default();
        for to in 1..=10 {
            history.add(&second(to, "search", 1), &ResourceUse::default());
        }
        let rest = history.series(&Program::default(), 8.0);
        assert_eq!(rest.at_seconds, [9.0, 10.0]);
        assert_eq!(rest.operations[0].ended, [1, 1]);
    }

    #[test]
    fn names_without_end_stay_bounded() {
        let mut history = History::default();
        for to in 1..=100 {
            history.add(
                &second(to, &format!("user {to}"), 1),
                &ResourceUse::default(),
            );
        }
        let series = history.series(&Program::default(), 0.0);
        assert_eq!(series.operations.len(), OPERATIONS);
    }
}
