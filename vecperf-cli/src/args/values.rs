//! Readers of single values. Each refusal says what is allowed; clap puts flag and value in front of it.

use std::time::Duration;

/// A count of something that makes no sense without one.
pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err("must be a whole number, at least 1".to_owned()),
    }
}

/// Search threads.
pub(super) fn threads(text: &str) -> Result<usize, String> {
    const MOST: usize = 4096;
    match at_least_one(text) {
        Ok(number) if number > MOST => Err(format!("must be at most {MOST}")),
        Err(error) => Err(format!(
            "{error}; leave the flag out for half of the available CPUs"
        )),
        number => number,
    }
}

/// Arrivals per second.
pub(super) fn rate(text: &str) -> Result<f64, String> {
    const MOST: f64 = 1e7;
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= MOST => Ok(rate),
        _ => Err(format!(
            "must be a number of searches per second above 0, at most {MOST}; leave the flag out for a closed loop"
        )),
    }
}

/// Percent of a change, as a share.
pub(super) fn effect(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_end_matches('%').trim_end();
    match number.parse::<f64>() {
        Ok(percent) if (0.1..=100.0).contains(&percent) => Ok(percent / 100.0),
        _ => Err("must be a number of percent from 0.1 to 100".to_owned()),
    }
}

/// Samples per second of CPU time.
pub(super) fn sample_rate(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(rate @ 1..=10_000) => Ok(rate),
        _ => Err("must be a whole number of samples per second, 1 to 10000".to_owned()),
    }
}

/// The number of a process.
pub(super) fn process(text: &str) -> Result<u32, String> {
    const MOST: u32 = i32::MAX as u32;
    match text.parse() {
        Ok(number @ 1..=MOST) => Ok(number),
        _ => Err("must be the number of a process, as `ps` and `pgrep` show it".to_owned()),
    }
}

/// A time that may be nothing: `0`, `500ms`, `10` (seconds), `1m 30s`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    const MOST: Duration = Duration::from_secs(7 * 24 * 3600);
    const ALLOWED: &str =
        "must be a time like 10s, 500ms or 2m (a bare number is seconds), at most 7 days";
    let time = match text.trim().parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).map_err(|_| ALLOWED)?,
        Err(_) => humantime::parse_duration(text).map_err(|_| ALLOWED)?,
    };
    if time > MOST {
        Err(ALLOWED.to_owned())
    } else {
        Ok(time)
    }
}

/// Between two looks: not so often that looking is all that happens.
pub(super) fn interval(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        time if time < Duration::from_millis(100) => Err("must be at least 100ms".to_owned()),
        time if time > Duration::from_secs(60) => Err("must be at most 1m".to_owned()),
        time => Ok(time),
    }
}

/// Host and port of `http://127.0.0.1:9187`, `127.0.0.1:9187` or `http://[::1]:9187/`.
pub(super) fn address(text: &str) -> Result<(String, u16), String> {
    const ALLOWED: &str = "must be an address with a port, such as http://127.0.0.1:9187";
    if text.starts_with("https:") {
        return Err(
            "a program is asked over http, on its own machine; from elsewhere through `ssh -L`"
                .to_owned(),
        );
    }
    let rest = text.strip_prefix("http://").unwrap_or(text);
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = authority.rsplit_once(':').ok_or(ALLOWED)?;
    let port: u16 = port.parse().map_err(|_| ALLOWED)?;
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let host = bare.unwrap_or(host);
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    if port == 0
        || host.is_empty()
        || !host.chars().all(plain)
        || (bare.is_none() && host.contains(':'))
    {
        return Err(ALLOWED.to_owned());
    }
    Ok((host.to_owned(), port))
}

/// A time that takes some.
pub(super) fn some_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("must be longer than 0, e.g. 10s or 500ms".to_owned()),
        time => Ok(time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_start_at_one() {
        assert_eq!(at_least_one("3"), Ok(3));
        for wrong in ["0", "-1", "1.5", "", "many", "99999999999999999999999"] {
            assert!(at_least_one(wrong).is_err(), "{wrong}");
        }
        assert!(threads("0").is_err_and(|error| error.contains("half of the available CPUs")));
        assert!(threads("1000000").is_err());
    }

    #[test]
    fn rates_are_above_nothing_and_finite() {
        assert_eq!(rate("0.5"), Ok(0.5));
        for wrong in ["0", "-0", "-5", "nan", "NaN", "inf", "1e300", "fast", ""] {
            assert!(
                rate(wrong).is_err_and(|error| error.contains("closed loop")),
                "{wrong}"
            );
        }
    }

    #[test]
    fn addresses_have_a_port_and_nothing_else() {
        for (text, host) in [
            ("http://127.0.0.1:9187", "127.0.0.1"),
            ("localhost:9187", "localhost"),
            ("http://[::1]:9187/", "::1"),
        ] {
            assert_eq!(address(text), Ok((host.to_owned(), 9187)), "{text}");
        }
        for wrong in [
            "",
            "9187",
            "http://a",
            "a:0",
            "a:99999",
            "a b:1",
            "a/b:1",
            "::1:9",
            "a:1/state",
            "u@h:1",
        ] {
            assert!(
                address(wrong).is_err_and(|error| error.contains("with a port")),
                "{wrong}"
            );
        }
        assert!(address("https://a:1").is_err_and(|error| error.contains("ssh")));
    }

    #[test]
    fn times_have_units() {
        assert_eq!(duration("10"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("1.5"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("1m 30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        for wrong in ["-1", "nan", "inf", "soon", "", "1e300", "10 parsecs", "8d"] {
            assert!(
                duration(wrong).is_err_and(|error| error.contains("10s")),
                "{wrong}"
            );
        }
        for wrong in ["0", "0s", "0.0"] {
            assert!(
                some_duration(wrong).is_err_and(|error| error.contains("longer than 0")),
                "{wrong}"
            );
        }
    }
}
