//! Words, and the alarm's hysteresis. What thresholds mean is tested in `tests/it/thresholds.rs`.

use super::alarm::{Alarm, Change};
use super::words::{count, limit, name, number, ratio};
use super::{Status, Verdict};

#[test]
fn numbers_read_well() {
    assert_eq!(
        [count(7), count(1000), count(1_234_567)],
        ["7", "1,000", "1,234,567"]
    );
    let numbers = [0.0, 0.3, 0.031_26, 1.0, 2.5, 12.66, 99.96, 1024.4, 1e20].map(number);
    assert_eq!(
        numbers,
        [
            "0",
            "0.3",
            "0.03126",
            "1",
            "2.5",
            "12.7",
            "100",
            "1,024",
            "100000000000000000000"
        ]
    );
    assert_eq!(
        [limit(1024.0), limit(0.125), limit(80.0)],
        ["1,024", "0.125", "80"]
    );
    assert_eq!(
        [ratio(0.95), ratio(0.999_99), ratio(1.0), ratio(0.0)],
        ["0.95", "0.9999", "1", "0"]
    );
    assert_eq!(name("a`b\nc"), "`a\u{FFFD}b\u{FFFD}c`");
}

fn verdict(operation: &str, status: Status) -> Verdict {
    Verdict {
        threshold: "max_response_time_ms".to_owned(),
        operation: Some(operation.to_owned()),
        status,
        limit: 1.0,
        observed: None,
        unit: "ms".to_owned(),
        evidence: String::new(),
    }
}

/// One letter a beat: F fail, P pass, N no data, ? inconclusive. The answer has B and C where the alarm speaks.
fn heard(beats: &str) -> String {
    let mut alarm = Alarm::new(2, 3);
    let hear = |beat| {
        let status = match beat {
            'F' => Status::Fail,
            'P' => Status::Pass,
            'N' => Status::NoData,
            _ => Status::Inconclusive,
        };
        match alarm.hear(&[verdict("search", status)]).first() {
            Some((Change::Breached, _)) => 'B',
            Some((Change::Cleared, _)) => 'C',
            None => '.',
        }
    };
    beats.chars().map(hear).collect()
}

#[test]
fn an_alarm_speaks_once_and_does_not_flap() {
    for (beats, said) in [
        ("FFFFFF", ".B...."),
        ("FPFPFPFP", "........"),
        ("FFPPP", ".B..C"),
        ("FFPPFPPFPPP", ".B........C"),
        ("FNNF", "...B"),
        ("FFNNN??PPNP", ".B........C"),
        ("PPPP", "...."),
        ("FFPPPFF", ".B..C.B"),
    ] {
        assert_eq!(heard(beats), said, "{beats}");
    }
}

#[test]
fn operations_are_told_apart() {
    let mut alarm = Alarm::new(1, 1);
    let beat = [
        verdict("search", Status::Fail),
        verdict("insert", Status::Pass),
    ];
    assert_eq!(alarm.hear(&beat), [(Change::Breached, &beat[0])]);
    let breached: Vec<_> = alarm.breached().collect();
    assert_eq!(breached, [("max_response_time_ms", Some("search"))]);
}

#[test]
fn zero_beats_count_as_one() {
    assert_eq!(
        Alarm::new(0, 0)
            .hear(&[verdict("search", Status::Fail)])
            .len(),
        1
    );
}
