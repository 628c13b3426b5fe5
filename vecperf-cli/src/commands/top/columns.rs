//! The columns of the table: what each holds, how wide it is, and how it sorts.

use std::cmp::Ordering;

use vecperf::export::quantity;
use vecperf::live::OperationState;

/// A column of figures. Those that matter most come first: what does not fit is left out from the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Name,
    Rate,
    P50,
    P99,
    Errors,
    Recall,
    Allocations,
    Slowest,
    Bytes,
    Count,
}

impl Column {
    /// In the order of the screen.
    pub(super) const FIGURES: [Self; 9] = [
        Self::Rate,
        Self::P50,
        Self::P99,
        Self::Errors,
        Self::Recall,
        Self::Allocations,
        Self::Slowest,
        Self::Bytes,
        Self::Count,
    ];

    /// The one that `s` goes on to.
    pub(super) fn next(self) -> Self {
        let at = Self::FIGURES.iter().position(|column| *column == self);
        match at {
            None => Self::Rate,
            Some(at) => Self::FIGURES.get(at + 1).copied().unwrap_or(Self::Name),
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Name => "operation",
            Self::Rate => "rate",
            Self::P50 => "p50",
            Self::P99 => "p99",
            Self::Errors => "errors",
            Self::Recall => "recall",
            Self::Allocations => "alloc/op",
            Self::Slowest => "slowest",
            Self::Bytes => "bytes/op",
            Self::Count => "total",
        }
    }

    /// Columns of the terminal, with the space before it.
    pub(super) fn width(self) -> usize {
        match self {
            Self::Name => 0,
            Self::Recall => 8,
            Self::Count => 13,
            _ => 9,
        }
    }

    /// Whether a graph is worth more.
    pub(super) fn is_optional(self) -> bool {
        matches!(self, Self::Slowest | Self::Bytes | Self::Count)
    }

    /// Which threshold is about it.
    pub(super) fn threshold(self) -> Option<&'static str> {
        match self {
            Self::P99 => Some("max_response_time"),
            Self::Errors => Some("max_error"),
            Self::Recall => Some("min_recall"),
            Self::Allocations => Some("max_allocations"),
            _ => None,
        }
    }

    /// The figure; `–` is unknown.
    pub(super) fn text(self, operation: &OperationState) -> String {
        let unknown = || "–".to_owned();
        let known = |value: Option<f64>, show: fn(f64) -> String| value.map_or_else(unknown, show);
        match self {
            Self::Name => operation.name.clone(),
            Self::Rate => quantity::rate(operation.rate),
            Self::P50 => known(operation.p50_seconds, quantity::duration),
            Self::P99 => known(operation.p99_seconds, quantity::duration),
            Self::Slowest => known(operation.max_seconds, quantity::duration),
            Self::Errors if operation.window_count == 0 => unknown(),
            Self::Errors => quantity::percent(error_percent(operation)),
            Self::Recall => known(self.value(operation), quantity::share),
            Self::Allocations => known(operation.allocations_per_operation, quantity::number),
            Self::Bytes => known(operation.allocated_bytes_per_operation, |bytes| {
                quantity::bytes(bytes as u64)
            }),
            Self::Count => quantity::count(operation.count),
        }
    }

    fn value(self, operation: &OperationState) -> Option<f64> {
        match self {
            Self::Name => None,
            Self::Rate => Some(operation.rate),
            Self::P50 => operation.p50_seconds,
            Self::P99 => operation.p99_seconds,
            Self::Slowest => operation.max_seconds,
            Self::Errors => Some(error_percent(operation)),
            Self::Recall => operation.recall.as_ref().map(|recall| recall.mean),
            Self::Allocations => operation.allocations_per_operation,
            Self::Bytes => operation.allocated_bytes_per_operation,
            Self::Count => Some(operation.count as f64),
        }
    }

    /// Large values first, names by the alphabet; `reversed` the other way round. What is unknown comes last either way.
    pub(super) fn compare(
        self,
        a: &OperationState,
        b: &OperationState,
        reversed: bool,
    ) -> Ordering {
        let order = match (self, self.value(a), self.value(b)) {
            (Self::Name, _, _) => a.name.cmp(&b.name),
            (_, Some(a), Some(b)) => b.total_cmp(&a),
            (_, None, None) => return Ordering::Equal,
            (_, None, Some(_)) => return Ordering::Greater,
            (_, Some(_), None) => return Ordering::Less,
        };
        if reversed { order.reverse() } else { order }
    }
}

fn error_percent(operation: &OperationState) -> f64 {
    if operation.rate > 0.0 {
        100.0 * operation.error_rate / operation.rate
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_comes_last_either_way() {
        let known = |p99| OperationState {
            p99_seconds: p99,
            ..OperationState::default()
        };
        let (small, large, unknown) = (known(Some(1.0)), known(Some(2.0)), known(None));
        for reversed in [false, true] {
            let order = Column::P99.compare(&unknown, &small, reversed);
            assert_eq!(order, Ordering::Greater);
            let order = Column::P99.compare(&small, &unknown, reversed);
            assert_eq!(order, Ordering::Less);
        }
        assert_eq!(Column::P99.compare(&large, &small, false), Ordering::Less);
        assert_eq!(Column::P99.compare(&large, &small, true), Ordering::Greater);
        assert_eq!(Column::P99.text(&unknown), "–");
    }

    #[test]
    fn sorting_goes_round() {
        let mut column = Column::Rate;
        for _ in 0..=Column::FIGURES.len() {
            column = column.next();
        }
        assert_eq!(column, Column::Rate);
    }
}
