//! The seconds of the last 15 minutes, joined from the answers, and what of them fits into a row of a few columns.

use std::collections::HashMap;

use vecperf::live::Series;

/// Seconds shown: as many as the program keeps.
const SECONDS: usize = 900;

/// What can be drawn of one operation over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Curve {
    /// Operations a second.
    Rate,
    /// The 99th percentile, µs.
    P99,
}

/// Second by second; `None` is unknown.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    pub(super) cores: Vec<Option<f64>>,
    pub(super) memory: Vec<Option<f64>>,
    operations: HashMap<String, [Vec<Option<f64>>; 2]>,
}

impl History {
    /// Adds what came since the last answer.
    pub(super) fn add(&mut self, series: &Series) {
        let before = self.cores.len();
        let added = series.at_seconds.len();
        self.cores.extend(padded(&series.cores_used, added));
        let memory = padded(&series.memory_bytes, added);
        self.memory
            .extend(memory.map(|bytes| bytes.map(|bytes| bytes as f64)));
        for operation in &series.operations {
            let curves = self.operations.entry(operation.name.clone()).or_default();
            let ended = operation.ended.iter().map(|ended| Some(*ended as f64));
            let slow = operation.p99_micros.iter().map(|p99| p99.map(f64::from));
            curves[0].resize(before, None);
            curves[0].extend(ended.take(added));
            curves[1].resize(before, None);
            curves[1].extend(slow.take(added));
        }
        let all = before + added;
        for curve in self.operations.values_mut().flatten() {
            curve.resize(all, None);
            forget(curve);
        }
        forget(&mut self.cores);
        forget(&mut self.memory);
    }

    /// One operation's curve; empty for one that is not kept.
    pub(super) fn curve(&self, operation: &str, which: Curve) -> &[Option<f64>] {
        let curves = self.operations.get(operation);
        curves.map_or(&[], |curves| &curves[which as usize])
    }
}

fn padded<T: Copy>(column: &[Option<T>], length: usize) -> impl Iterator<Item = Option<T>> {
    let missing = length.saturating_sub(column.len());
    let there = column.iter().copied().take(length);
    there.chain(std::iter::repeat_n(None, missing))
}

fn forget(curve: &mut Vec<Option<f64>>) {
    let too_many = curve.len().saturating_sub(SECONDS);
    curve.drain(..too_many);
}

/// The curve in `columns` equal parts of 15 minutes, the newest at the right: the largest of each, so that a peak shows.
pub(super) fn columns(curve: &[Option<f64>], columns: usize) -> Vec<Option<f64>> {
    let missing = SECONDS.saturating_sub(curve.len());
    let at = |second: usize| {
        let inside = second.checked_sub(missing)?;
        curve.get(inside).copied().flatten()
    };
    let part = |column: usize| {
        let (from, to) = (column * SECONDS / columns, (column + 1) * SECONDS / columns);
        (from..to.max(from + 1)).filter_map(at).reduce(f64::max)
    };
    (0..columns).map(part).collect()
}

/// One row: the height of each column is its part of the largest. What is unknown is empty.
pub(super) fn spark(curve: &[Option<f64>], width: usize) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let values = columns(curve, width);
    let largest = values.iter().flatten().copied().fold(0.0, f64::max);
    let bar = |value: &Option<f64>| match value {
        None => ' ',
        Some(value) if largest > 0.0 => {
            BARS[((value / largest * 8.0).ceil() as usize).clamp(1, 8) - 1]
        }
        Some(_) => BARS[0],
    };
    values.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use vecperf::live::OperationSeries;

    use super::*;

    fn seconds(from: u64, count: u64, name: &str) -> Series {
        Series {
            at_seconds: (from..from + count).map(|at| at as f64).collect(),
            cores_used: vec![Some(1.0); count as usize],
            memory_bytes: vec![Some(1); count as usize],
            operations: vec![OperationSeries {
                name: name.to_owned(),
                ended: vec![5; count as usize],
                p99_micros: vec![Some(2.0); count as usize],
                ..OperationSeries::default()
            }],
            ..Series::default()
        }
    }

    #[test]
    fn answers_join_and_columns_stay_of_one_length() {
        let mut history = History::default();
        history.add(&seconds(0, 10, "search"));
        history.add(&seconds(10, 3, "insert"));
        history.add(&seconds(13, 2000, "search"));
        for name in ["search", "insert"] {
            for curve in [Curve::Rate, Curve::P99] {
                assert_eq!(history.curve(name, curve).len(), 900, "{name}");
            }
        }
        assert_eq!(history.cores.len(), 900);
    }

    #[test]
    fn a_program_that_answers_columns_of_odd_lengths_breaks_nothing() {
        let mut history = History::default();
        let mut odd = seconds(0, 5, "search");
        odd.cores_used.clear();
        odd.operations[0].ended.push(7);
        odd.operations[0].p99_micros.clear();
        history.add(&odd);
        assert_eq!(history.cores, [None; 5]);
        assert_eq!(history.curve("search", Curve::Rate).len(), 5);
        assert_eq!(history.curve("search", Curve::P99), [None; 5]);
        assert!(history.curve("nobody", Curve::P99).is_empty());
    }

    #[test]
    fn the_newest_is_at_the_right_and_a_peak_shows() {
        let mut curve = vec![Some(1.0); 450];
        curve[449] = Some(8.0);
        assert_eq!(spark(&curve, 4), "  ▁█");
        assert_eq!(spark(&[], 4), "    ");
        assert_eq!(spark(&[Some(0.0)], 4), "   ▁");
        assert_eq!(spark(&curve, 0), "");
    }
}
