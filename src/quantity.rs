//! How a number is written for people: three significant digits, the unit that fits, thousands apart.
//!
//! ```
//! use vecperf::quantity;
//!
//! assert_eq!(quantity::duration(0.000_280_4), "280 µs");
//! assert_eq!(quantity::rate(3411.7), "3,412/s");
//! assert_eq!(quantity::bytes(1_500_000), "1.43 MiB");
//! assert_eq!(quantity::count(25_000), "25,000");
//! ```

/// Seconds in the unit that fits, from `ns` to `h`: `17.4 ns`, `280 µs`, `1.02 ms`, `12.3 s`, `20.8 min`.
pub fn duration(seconds: f64) -> String {
    const UNITS: [(f64, &str); 6] = [
        (1e-9, "ns"),
        (1e-6, "µs"),
        (1e-3, "ms"),
        (1.0, "s"),
        (60.0, "min"),
        (3600.0, "h"),
    ];
    if seconds == 0.0 {
        return "0 s".to_owned();
    }
    if !seconds.is_finite() {
        return "–".to_owned();
    }
    // Minutes from ten on: below, seconds are easier to compare.
    let limit = |unit: &str| {
        if unit == "s" || unit == "min" {
            600.0
        } else {
            1000.0
        }
    };
    let fits = |&&(size, unit): &&(f64, &str)| round(seconds.abs() / size) < limit(unit);
    let (size, unit) = *UNITS.iter().find(fits).unwrap_or(&UNITS[5]);
    format!("{} {unit}", number(seconds / size))
}

/// Bytes in the unit that fits, powers of 1,024: `512 B`, `14.1 MiB`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while round(value) >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 {
        return format!("{bytes} B");
    }
    format!("{} {}", number(value), UNITS[unit])
}

/// A whole number, exact: `1,234,567`.
pub fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Events a second: `3,412/s`, `0.25/s`, `12.3 M/s`.
pub fn rate(per_second: f64) -> String {
    if per_second.abs() >= 1e7 {
        return format!("{} M/s", number(per_second / 1e6));
    }
    format!("{}/s", number(per_second))
}

/// Percent, the value given in percent: `48.3 %`.
pub fn percent(percent: f64) -> String {
    format!("{} %", number(percent))
}

/// A share from 0 to 1 with three decimals, as recall is quoted: `0.951`. Only 1 itself is `1.000`, so that what
/// is not perfect does not look so.
pub fn share(share: f64) -> String {
    if !share.is_finite() {
        return "–".to_owned();
    }
    let shown = format!("{share:.3}");
    if shown == "1.000" && share < 1.0 {
        "0.999".to_owned()
    } else {
        shown
    }
}

/// Any number, to three significant digits, whole from 100 on: `0.031`, `1.02`, `48.3`, `1,234`.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let value = round(value.abs());
    if value >= 1e15 {
        return format!("{sign}{value:.2e}");
    }
    if value >= 100.0 || value == 0.0 {
        return format!("{sign}{}", count(value.round() as u64));
    }
    if value < 1e-4 {
        return format!("{sign}{value:.2e}");
    }
    let decimals = (2 - value.log10().floor() as i32).max(0) as usize;
    format!("{sign}{value:.decimals$}")
}

/// To three significant digits, or to a whole number from 1,000 on.
fn round(value: f64) -> f64 {
    if value == 0.0 || value >= 100.0 {
        return value.round();
    }
    let digits = 2 - value.log10().floor() as i32;
    let scale = 10f64.powi(digits.min(300));
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_take_the_unit_that_fits() {
        for (seconds, shown) in [
            (0.0, "0 s"),
            (1e-9, "1.00 ns"),
            (17.44e-9, "17.4 ns"),
            (999.4e-9, "999 ns"),
            (999.6e-9, "1.00 µs"),
            (280e-6, "280 µs"),
            (0.999_96, "1.00 s"),
            (0.01, "10.0 ms"),
            (599.0, "599 s"),
            (1250.0, "20.8 min"),
            (7200.0, "120 min"),
            (86400.0 * 30.0, "720 h"),
            (-0.5, "-500 ms"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(duration(seconds), shown);
        }
    }

    #[test]
    fn sizes_are_binary() {
        for (size, shown) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "0.977 KiB"),
            (1024, "1.00 KiB"),
            (1_048_000, "0.999 MiB"),
            (5 << 30, "5.00 GiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(bytes(size), shown);
        }
    }

    #[test]
    fn numbers_keep_three_digits() {
        for (value, shown) in [
            (0.0, "0"),
            (0.0312, "0.0312"),
            (0.000_012_3, "1.23e-5"),
            (1.0, "1.00"),
            (9.996, "10.0"),
            (99.96, "100"),
            (1234.5, "1,235"),
            (-48.31, "-48.3"),
            (1e18, "1.00e18"),
            (f64::INFINITY, "–"),
        ] {
            assert_eq!(number(value), shown);
        }
    }

    #[test]
    fn counts_are_exact_and_rates_short() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(rate(0.254), "0.254/s");
        assert_eq!(rate(52_300_000.0), "52.3 M/s");
        assert_eq!(percent(48.31), "48.3 %");
    }

    #[test]
    fn only_perfect_looks_perfect() {
        assert_eq!(
            (share(1.0), share(0.9996), share(0.95149)),
            ("1.000".into(), "0.999".into(), "0.951".into())
        );
    }
}
