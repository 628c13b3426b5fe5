//! A running program that is looked at: over the socket, over the port, and by those who may not.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use vecperf::live::{Series, State};
use vecperf::serve::Endpoint;
use vecperf::{Monitor, Outcome, Settings};

/// Status and body of an answer to `head`, which ends before its empty line.
fn ask(stream: impl Read + Write, head: &str) -> (u16, String) {
    let mut stream = stream;
    stream
        .write_all(format!("{head}\r\n\r\n").as_bytes())
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap();
    (status.parse().unwrap(), body.to_owned())
}

fn monitor() -> Monitor {
    let mut settings = Settings::default();
    settings.monitoring.cpu_profiling = false;
    settings.monitoring.resource_interval_ms = 20;
    Monitor::in_memory(settings).unwrap()
}

fn port(monitor: &Monitor) -> u16 {
    match monitor.serve(&Endpoint::Port(0)).unwrap() {
        Endpoint::Port(port) => port,
        other => panic!("{other}"),
    }
}

fn over_tcp(port: u16, head: &str) -> (u16, String) {
    ask(TcpStream::connect(("127.0.0.1", port)).unwrap(), head)
}

/// Searches until the state tells of them, which takes two seconds or so.
fn state_of(monitor: &Monitor, ask: impl Fn(&str) -> (u16, String)) -> State {
    let search = monitor.operation("search \u{1b}[2J\"");
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        search.record(Duration::from_millis(2), Outcome::Ok);
        search.record(Duration::from_millis(3), Outcome::Error);
        let (status, body) = ask("GET /state HTTP/1.1\r\nHost: localhost");
        assert_eq!(status, 200, "{body}");
        let state: State = serde_json::from_str(&body).unwrap();
        if state.operations.iter().any(|one| one.window_count > 0) {
            return state;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("no search in the state in a minute");
}

#[test]
fn the_port_tells_what_the_program_does() {
    let monitor = monitor();
    let _graph = monitor.component("graph", || 4096);
    let port = port(&monitor);
    let state = state_of(&monitor, |head| over_tcp(port, head));
    assert_eq!(state.components["graph"], 4096);
    assert_eq!((state.schema_version, state.pid), (1, std::process::id()));
    let search = &state.operations[0];
    assert_eq!(search.name, "search \u{1b}[2J\"");
    assert!(search.rate > 0.0 && search.error_rate > 0.0);
    assert!(search.p50_seconds.is_some_and(|p50| p50 < 0.004));
    assert!(!state.verdicts.is_empty());

    let (_, body) = over_tcp(port, "GET /series?since=0 HTTP/1.1\r\nHost: 127.0.0.1");
    let series: Series = serde_json::from_str(&body).unwrap();
    assert!(!series.at_seconds.is_empty());
    assert_eq!(series.operations[0].ended.len(), series.at_seconds.len());

    let (status, body) = over_tcp(port, "GET /metrics HTTP/1.1\r\nHost: [::1]:1");
    assert!(status == 200 && body.contains("vecperf_"), "{body}");
    let (status, body) = over_tcp(port, "HEAD /state HTTP/1.1\r\nHost: localhost");
    assert_eq!((status, body.as_str()), (200, ""));
    assert!(state.process.own_cpu_seconds > 0.0);
    let report = monitor.finish().unwrap();
    assert!(
        report.self_cost.cpu_seconds >= state.process.own_cpu_seconds,
        "the answers are among it"
    );
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "closed");
}

#[test]
fn what_may_not_or_cannot_be_asked_is_refused() {
    let monitor = monitor();
    let port = port(&monitor);
    for (head, expected) in [
        ("GET /state HTTP/1.1", 403),
        ("GET /state HTTP/1.1\r\nHost: evil.example", 403),
        (
            "GET /state HTTP/1.1\r\nHost: localhost\r\nOrigin: http://a",
            403,
        ),
        ("GET /nowhere HTTP/1.1\r\nHost: localhost", 404),
        ("GET /../state HTTP/1.1\r\nHost: localhost", 404),
        ("POST /state HTTP/1.1\r\nHost: localhost", 405),
        ("PUT /state HTTP/1.1\r\nHost: localhost", 405),
        ("GET /series?since=x HTTP/1.1\r\nHost: localhost", 400),
        ("GET /functions?seconds=-1 HTTP/1.1\r\nHost: localhost", 400),
        (
            "GET /functions?seconds=9999 HTTP/1.1\r\nHost: localhost",
            400,
        ),
        ("GET /functions HTTP/1.1\r\nHost: localhost", 503),
        ("\u{0}\u{1}", 400),
    ] {
        let (status, body) = over_tcp(port, head);
        assert_eq!(status, expected, "{head:?}: {body}");
        assert!(!body.is_empty());
    }
    let long = format!("GET /{} HTTP/1.1", "x".repeat(7000));
    assert_eq!(over_tcp(port, &long).0, 403);
    // As much as is read before it is refused: unread bytes would reset the connection, and the answer with it.
    let mut client = TcpStream::connect(("127.0.0.1", port)).unwrap();
    client.write_all(&[b'x'; 8 << 10]).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    // One that goes away at once, and one that says nothing: the next is answered.
    drop(TcpStream::connect(("127.0.0.1", port)).unwrap());
    let silent = TcpStream::connect(("127.0.0.1", port)).unwrap();
    assert_eq!(over_tcp(port, "GET / HTTP/1.1\r\nHost: localhost").0, 200);
    drop(silent);
}

#[cfg(target_os = "linux")]
#[test]
fn a_scraper_that_asks_for_long_leaves_the_phases_their_edges() {
    let monitor = monitor();
    let port = port(&monitor);
    let phase = monitor.steady_phase("search");
    let held = vec![1_u8; 256 << 20];
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while monitor.snapshot().resources.peak_anonymous_swapped_bytes < Some(256 << 20) {
        assert!(std::time::Instant::now() < deadline, "no beat saw it");
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(std::hint::black_box(held));
    // More than the marks that are kept.
    for _ in 0..600 {
        assert_eq!(
            over_tcp(port, "GET /metrics HTTP/1.1\r\nHost: localhost").0,
            200
        );
    }
    phase.end();
    let report = monitor.finish().unwrap();
    let peak = report.phases[0].resources.peak_anonymous_swapped_bytes;
    assert!(peak >= Some(256 << 20), "{peak:?}");
}

#[test]
fn a_monitor_that_is_dropped_without_an_end_closes_its_port() {
    let monitor = monitor();
    let port = port(&monitor);
    drop(monitor);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn a_port_that_is_taken_is_told_at_the_start() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut settings = Settings::default();
    settings.serve.port = Some(taken.local_addr().unwrap().port());
    let told = Monitor::in_memory(settings).unwrap_err().to_string();
    assert!(told.contains("another program listens there"), "{told}");
}

#[test]
fn a_monitor_that_is_off_or_ended_opens_nothing() {
    assert!(Monitor::off().serve(&Endpoint::Port(0)).is_ok());
    let ended = monitor();
    ended.finish().unwrap();
    let told = ended.serve(&Endpoint::Port(0)).unwrap_err().to_string();
    assert!(told.contains("ended"), "{told}");
}

#[cfg(unix)]
mod socket {
    use std::fs;
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
    use std::os::unix::net::{UnixListener, UnixStream};
    use std::path::Path;

    use super::*;

    fn serving(path: &Path) -> vecperf::Result<Monitor> {
        let mut settings = Settings::default();
        settings.monitoring.cpu_profiling = false;
        settings.serve.socket = Some(path.to_owned());
        Monitor::in_memory(settings)
    }

    #[test]
    fn the_socket_is_for_its_user_and_gone_at_the_end() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("vp.sock");
        let monitor = serving(&path).unwrap();
        let there = fs::symlink_metadata(&path).unwrap();
        assert!(there.file_type().is_socket());
        assert_eq!(there.permissions().mode() & 0o777, 0o600);
        let state = state_of(&monitor, |head| {
            let head = head.replace("\r\nHost: localhost", ""); // needs none here
            ask(UnixStream::connect(&path).unwrap(), &head)
        });
        assert_eq!(state.operations.len(), 1);
        monitor.finish().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn a_dead_programs_socket_is_replaced_and_a_live_ones_is_not() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("vp.sock");
        drop(UnixListener::bind(&path).unwrap()); // leaves its file
        let first = serving(&path).unwrap();
        let told = serving(&path).unwrap_err().to_string();
        assert!(told.contains("a running program listens there"), "{told}");
        assert!(
            UnixStream::connect(&path).is_ok(),
            "the first one still does"
        );
        first.finish().unwrap();
    }

    #[test]
    fn what_is_no_socket_stays() {
        let room = tempfile::tempdir().unwrap();
        let file = room.path().join("precious");
        fs::write(&file, "data").unwrap();
        let told = serving(&file).unwrap_err().to_string();
        assert!(told.contains("no socket; it stays"), "{told}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "data");
        let told = serving(&room.path().join("no/such/vp.sock")).unwrap_err();
        assert!(
            told.to_string().contains("its directory is not there"),
            "{told}"
        );
    }

    /// Waits until `many` threads of this process answer; one that was joined is listed for some microseconds yet.
    #[cfg(target_os = "linux")]
    fn answering(many: usize) -> bool {
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            let threads = fs::read_dir("/proc/self/task").unwrap().flatten();
            let names = threads.filter_map(|one| fs::read_to_string(one.path().join("comm")).ok());
            if names.filter(|name| name.trim() == "vecperf-serve").count() == many {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }

    /// Runs the test called `name` again, in a process where no other one has threads. True there.
    #[cfg(target_os = "linux")]
    fn is_alone(name: &str) -> bool {
        const ALONE: &str = "VECPERF_TEST_ALONE";
        if std::env::var_os(ALONE).is_some() {
            return true;
        }
        let out = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name])
            .env(ALONE, "1")
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&out.stdout);
        assert!(out.status.success() && told.contains("1 passed"), "{told}");
        false
    }

    #[test]
    fn a_socket_that_another_has_put_there_meanwhile_is_left_alone() {
        #[cfg(target_os = "linux")]
        if !is_alone("serve::socket::a_socket_that_another_has_put_there_meanwhile_is_left_alone") {
            return;
        }
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("vp.sock");
        let monitor = serving(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let other = UnixListener::bind(&path).unwrap();
        monitor.finish().unwrap();
        assert!(path.exists());
        drop(other);
        #[cfg(target_os = "linux")]
        {
            assert!(answering(0), "the knock would have gone to the other one");
            let gone = room.path().join("gone.sock");
            let monitor = serving(&gone).unwrap();
            monitor.serve(&Endpoint::Port(0)).unwrap();
            assert!(answering(2));
            fs::remove_file(&gone).unwrap();
            monitor.finish().unwrap();
            assert!(answering(0));
        }
    }
}
