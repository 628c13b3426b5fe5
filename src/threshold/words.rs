//! Numbers and names for people.

/// `1234567` as `1,234,567`.
pub(super) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// About three significant digits, without trailing zeros: `0.3`, `12.7`, `1,024`.
pub(super) fn number(value: f64) -> String {
    if value < 0.0 {
        return format!("-{}", number(-value));
    }
    let magnitude = value;
    if (100.0..1e15).contains(&magnitude) {
        return count(value.round() as u64);
    }
    let decimals = match magnitude {
        m if m >= 10.0 => 1,
        m if m >= 1.0 => 2,
        m if m >= 0.1 => 3,
        _ => 5,
    };
    trimmed(format!("{value:.decimals$}"))
}

/// A limit as it was set: all its digits.
pub(super) fn limit(value: f64) -> String {
    if value.fract() == 0.0 && (0.0..1e15).contains(&value) {
        count(value as u64)
    } else {
        value.to_string()
    }
}

/// A ratio with four digits after the point, rounded away from nothing: 0.99996 is not 1.
pub(super) fn ratio(value: f64) -> String {
    let text = format!("{value:.4}");
    if value < 1.0 && text == "1.0000" {
        "0.9999".to_owned()
    } else {
        trimmed(text)
    }
}

/// `part` of `whole` in percent.
pub(super) fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        100.0 * part as f64 / whole as f64
    }
}

/// An operation's name as code, on one line.
pub(super) fn name(name: &str) -> String {
    format!(
        "`{}`",
        name.replace(|c: char| c.is_control() || c == '`', "\u{FFFD}")
    )
}

fn trimmed(text: String) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}
