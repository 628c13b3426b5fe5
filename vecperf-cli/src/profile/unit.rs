//! What a profile's values count, and how they are written.

use vecperf::export::quantity;
use vecperf::profile::ValueType;

use super::names;

/// What is counted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Unit {
    /// Time; so many nanoseconds each.
    Time(f64),
    /// Memory.
    Bytes,
    /// Things of this name.
    Count(String),
}

impl Unit {
    /// What the file says.
    pub(super) fn of(value: &ValueType) -> Self {
        match value.unit.as_str() {
            "nanoseconds" | "ns" => Self::Time(1.0),
            "microseconds" | "us" => Self::Time(1e3),
            "milliseconds" | "ms" => Self::Time(1e6),
            "seconds" | "s" => Self::Time(1e9),
            "bytes" => Self::Bytes,
            "count" | "" => Self::Count(names::short(&value.kind, 30)),
            other => Self::Count(names::short(other, 30)),
        }
    }

    /// What to multiply the file's values by: times become nanoseconds.
    pub(super) fn factor(&self) -> f64 {
        match self {
            Self::Time(nanoseconds) => *nanoseconds,
            _ => 1.0,
        }
    }

    /// The unit's name, after a number.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Time(_) => "ns",
            Self::Bytes => "bytes",
            Self::Count(name) => name,
        }
    }

    /// `1.23 s`, `14.1 MiB`, `1,234 samples`.
    pub(crate) fn show(&self, value: f64) -> String {
        match self {
            Self::Time(_) => quantity::duration(value * 1e-9),
            Self::Bytes => quantity::bytes(value.max(0.0).round() as u64),
            Self::Count(name) => format!("{} {name}", quantity::number(value)),
        }
    }

    /// As [`Unit::show`], in a column whose head names the things.
    pub(crate) fn show_bare(&self, value: f64) -> String {
        match self {
            _ if value == 0.0 => "0".to_owned(),
            Self::Count(_) => quantity::number(value),
            _ => self.show(value),
        }
    }
}

/// What kind of thing a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quantity {
    /// Memory held at the end: a state, nothing that operations spend.
    Held,
    /// Memory allocated since the start.
    Allocated,
    /// Time, samples, and whatever else there is.
    Other,
}

impl Quantity {
    /// By the names that profiles of Go, jemalloc and vecperf give.
    pub(super) fn of(value: &ValueType) -> Self {
        match value {
            _ if value.kind.starts_with("inuse_") => Self::Held,
            _ if value.kind.starts_with("alloc_") || value.unit == "bytes" => Self::Allocated,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_told_in_the_unit_that_fits() {
        for (kind, unit, value, shown) in [
            ("cpu", "nanoseconds", 1.5e9, "1.50 s"),
            ("wall", "microseconds", 1.5e9, "1.50 s"),
            ("inuse_space", "bytes", 2048.0, "2.00 KiB"),
            ("samples", "count", 1234.0, "1,234 samples"),
            ("x", "bytes", -1.0, "0 B"),
            ("\x1b[2J", "count", 1.0, "1.00 \\u{1b}[2J"),
        ] {
            assert_eq!(
                Unit::of(&ValueType {
                    kind: kind.into(),
                    unit: unit.into()
                })
                .show(value),
                shown
            );
        }
    }
}
