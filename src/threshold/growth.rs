//! The threshold on the growth of memory: judged by the confidence interval of the growth.

use super::judge::{unknown, verdict};
use super::words::{count, limit, number};
use super::{Status, Verdict};
use crate::snapshot::Snapshot;

pub(super) const KEY: &str = "max_memory_growth_mb_per_hour";
pub(super) const UNIT: &str = "MiB/h";

/// Passes when the whole interval is within `max`, fails when none of it is.
pub(super) fn growth(steady: &Snapshot, max: f64) -> Verdict {
    let used = &steady.resources;
    let Some(growth) = &used.memory_growth else {
        let evidence = if used.peak_anonymous_swapped_bytes.is_none() {
            let why = "`memory_tracking` is off, or this system does not tell";
            unknown("Memory", why)
        } else {
            format!(
                "A window of {} s says nothing about an hour: a verdict needs 24 points of the time series over at \
                 least 10 s, and is made when the run ends.",
                number(steady.duration().as_secs_f64())
            )
        };
        return verdict(KEY, None, Status::NoData, (max, None, UNIT), evidence);
    };
    let status = match (growth.low_mb_per_hour, growth.high_mb_per_hour) {
        (_, high) if high <= max => Status::Pass,
        (low, _) if low > max => Status::Fail,
        _ => Status::Inconclusive,
    };
    let mut evidence = format!(
        "Anonymous plus swapped memory grew by {} MiB an hour (95 % confidence: {} to {}) in {} points over {} s; the \
         limit is {}.",
        number(growth.mb_per_hour),
        number(growth.low_mb_per_hour),
        number(growth.high_mb_per_hour),
        count(growth.readings),
        number(growth.seconds),
        limit(max)
    );
    if status == Status::Inconclusive {
        evidence += " A longer run narrows the interval.";
    }
    let observed = Some(growth.mb_per_hour);
    verdict(KEY, None, status, (max, observed, UNIT), evidence)
}
