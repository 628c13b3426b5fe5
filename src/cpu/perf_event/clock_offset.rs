//! The kernel stamps records with its own CLOCK_MONOTONIC; in a time namespace (some containers) the process's differs.

use std::fs;

/// The process's CLOCK_MONOTONIC less the kernel's, nanoseconds; to be added with wrap.
pub(super) fn nanos() -> u64 {
    // Absent on kernels without time namespaces.
    let text = fs::read_to_string("/proc/self/timens_offsets").unwrap_or_default();
    parse(&text).unwrap_or(0) as u64
}

/// Lines of a clock's name, seconds and nanoseconds.
fn parse(text: &str) -> Option<i64> {
    let line = text
        .lines()
        .find_map(|line| line.trim_start().strip_prefix("monotonic"))?;
    let mut numbers = line.split_whitespace().map(str::parse::<i64>);
    let (seconds, nanos) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    seconds.checked_mul(1_000_000_000)?.checked_add(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_seconds_and_nanoseconds_of_either_sign() {
        let text = "monotonic           0         0\nboottime            5         0\n";
        assert_eq!(parse(text), Some(0));
        assert_eq!(
            parse("boottime 1 1\nmonotonic  -2  500\n"),
            Some(-1_999_999_500)
        );
        assert_eq!(parse("monotonic x"), None);
        assert_eq!(parse(""), None);
    }
}
