//! `vecperf snapshot` and `vecperf dash` beside a running search.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use vecperf::Report;

use crate::{Place, SMALL, wait_for};

/// A command that runs until this is dropped.
struct Running {
    child: Child,
}

impl Running {
    /// A search that answers at `live.sock`.
    fn search(place: &Place) -> Self {
        let flags = "--duration 600s -t 1 --warm-up 0 --recall off";
        let mut command = place.command(&format!("bench --dataset {SMALL} {flags}"));
        command
            .env("VECPERF_SERVE__SOCKET", place.path("live.sock"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        wait_for(child.stderr.as_mut().unwrap(), "search:");
        Self { child }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Not SIGINT, which whoever runs the tests may have told its children to ignore.
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn a_snapshot_is_a_report_and_overwrites_nothing_unasked() {
    let place = Place::new();
    let searching = Running::search(&place);
    let taken = place.run("snapshot --socket live.sock").with(0);
    assert!(taken.stderr.contains("capture.json"), "{}", taken.stderr);
    let capture = Report::read(place.path("capture.json")).unwrap();
    assert!(capture.run.operation("search").is_some());
    assert_eq!(capture.workload.unwrap().engine, "hnsw");
    let before = place.read("capture.json");
    let refused = place.run("snapshot --socket live.sock").with(2);
    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    assert_eq!(place.read("capture.json"), before);
    place.run("snapshot --socket live.sock --force").with(0);
    assert_ne!(place.read("capture.json"), before);
    let printed = place.run("snapshot --socket live.sock -o -").with(0);
    assert!(printed.stdout.contains("\"schema_version\""));
    // It tells what came of it like any other report.
    let page = "report capture.json --format html -o page.html";
    place.run(page).with(0);
    assert!(place.read("page.html").contains("Findings"));

    drop(searching);
    let gone = place
        .run("snapshot --socket live.sock -o later.json")
        .with(1);
    assert!(gone.stderr.contains("live.sock"), "{}", gone.stderr);
    assert!(!place.path("later.json").exists());
}

#[test]
fn the_dash_pushes_the_state_to_pages_of_this_machine_only() {
    let place = Place::new();
    let searching = Running::search(&place);
    let mut command = place.command("dash --socket live.sock");
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut dash = Running {
        child: command.spawn().unwrap(),
    };
    let mut address = String::new();
    let mut stdout = BufReader::new(dash.child.stdout.take().unwrap());
    stdout.read_line(&mut address).unwrap();
    let host = address.trim().strip_prefix("http://").unwrap().to_owned();
    let ask = |head: &str| {
        let mut stream = TcpStream::connect(&host).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        write!(stream, "{head}\r\n\r\n").unwrap();
        stream
    };
    let whole = |head: &str| {
        let mut text = String::new();
        ask(head).read_to_string(&mut text).unwrap();
        text
    };

    let page = whole(&format!("GET / HTTP/1.1\r\nHost: {host}"));
    assert!(page.starts_with("HTTP/1.1 200 OK"), "{page}");
    assert!(
        page.contains("default-src 'none'") && page.contains("/events"),
        "{page}"
    );
    // A page of another site that gives its own name to this address.
    let rebound = whole("GET /events HTTP/1.1\r\nHost: example.com");
    assert!(rebound.starts_with("HTTP/1.1 403"), "{rebound}");
    let missing = whole(&format!("GET /nothing HTTP/1.1\r\nHost: {host}"));
    assert!(missing.starts_with("HTTP/1.1 404"), "{missing}");

    let events = BufReader::new(ask(&format!("GET /events HTTP/1.1\r\nHost: {host}")));
    let mut states = events.lines().map_while(Result::ok);
    // One a second.
    let mut some = states.by_ref().take(300);
    assert!(some.any(|line| line.starts_with("data:") && line.contains("\"search\"")));
    // The page is told when the program has gone, and stays.
    drop(searching);
    assert!(states.take(300).any(|line| line == "event: lost"));
}
