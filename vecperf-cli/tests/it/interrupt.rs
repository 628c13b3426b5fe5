//! Ctrl-C in each phase leaves a valid partial report; a second one ends the process at once.
#![cfg(unix)]

use std::io::Write;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::{Place, interrupt, wait_for};

/// Starts `vecperf bench FLAGS` and waits until it is in `phase`.
fn until(place: &Place, phase: &str, flags: &str) -> Child {
    let mut command = place.command(&format!("bench {flags}"));
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for(child.stderr.as_mut().unwrap(), &format!("{phase}:"));
    child
}

/// Ctrl-C in `phase` of `vecperf bench FLAGS`: everything that was measured until then is there.
fn interrupted_in(phase: &str, flags: &str, phases: &[&str]) {
    let place = Place::new();
    let child = until(&place, phase, flags);
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{phase}: {stderr}");
    assert!(
        stderr.contains("interrupted") && !stderr.contains("panicked"),
        "{phase}: {stderr}"
    );

    let report = place.report();
    assert!(!report.complete);
    let note = format!("interrupted in phase {phase}");
    assert!(
        report.notes.iter().any(|it| it.starts_with(&note)),
        "{phase}: {:?}",
        report.notes
    );
    let names: Vec<_> = report
        .phases
        .iter()
        .map(|phase| phase.name.as_str())
        .collect();
    assert_eq!(names, phases);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains(&note), "{phase}: {stdout}");
}

#[test]
fn while_loading() {
    interrupted_in("load", "--dataset synthetic:n=3000000,dim=100", &["load"]);
}

#[test]
fn while_building() {
    let flags = "--dataset synthetic:n=60000,dim=64,queries=2 --ef-construction 1000 --recall off";
    interrupted_in("build", flags, &["load", "build"]);
}

#[test]
fn while_warming_up() {
    interrupted_in(
        "warm-up",
        &format!("--dataset {} --warm-up 60s", crate::SMALL),
        &["load", "build", "warm-up"],
    );
}

#[test]
fn while_searching() {
    let flags = format!("--dataset {} --warm-up 0 -d 60s", crate::SMALL);
    interrupted_in("search", &flags, &["load", "build", "search"]);
}

#[test]
fn while_waiting_for_an_arrival() {
    let flags = format!("--dataset {} --warm-up 0 -d 600s --rate 0.01", crate::SMALL);
    interrupted_in("search", &flags, &["load", "build", "search"]);
}

#[test]
fn a_search_cut_short_is_judged_all_the_same() {
    let place = Place::new();
    let mut child = until(
        &place,
        "search",
        &format!("--dataset {} --warm-up 0 -d 60s --rate 2000", crate::SMALL),
    );
    std::thread::sleep(Duration::from_millis(300)); // some 600 arrivals
    interrupt(&child);
    child.wait().unwrap();
    let report = place.report();
    assert!(
        report
            .steady()
            .operation("search")
            .is_some_and(|search| search.count > 0)
    );
    assert!(
        report
            .workload
            .unwrap()
            .recall
            .is_some_and(|recall| recall.queries > 0 && recall.mean > 0.9)
    );
}

/// `timeout -s INT` signals the command, then its process group: both reach it.
#[test]
fn an_echo_of_the_signal_does_not_cost_the_report() {
    let place = Place::new();
    let flags = format!("--dataset {} --warm-up 0 -d 60s", crate::SMALL);
    let mut child = until(&place, "search", &flags);
    interrupt(&child);
    wait_for(child.stderr.as_mut().unwrap(), "interrupted");
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(!place.report().complete);
}

#[test]
fn a_second_interrupt_ends_the_process_at_once() {
    let place = Place::new();
    // Nobody reads this full pipe: without the second Ctrl-C the report would wait for a reader for ever.
    let (_reader, mut pipe) = std::io::pipe().unwrap();
    pipe.write_all(&[b' '; 65536]).unwrap();
    let mut command = place.command(&format!(
        "bench --dataset {} --warm-up 0 -d 60s",
        crate::SMALL
    ));
    let mut child = command.stdout(pipe).stderr(Stdio::piped()).spawn().unwrap();
    let stderr = child.stderr.as_mut().unwrap();
    wait_for(stderr, "search:");
    interrupt(&child);
    let stderr = child.stderr.as_mut().unwrap();
    wait_for(stderr, "interrupted");
    // Not at once: that would be taken for the echo of the first.
    let status = loop {
        std::thread::sleep(Duration::from_millis(100));
        interrupt(&child);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
    };
    assert_eq!(status.code(), Some(130));
}
