//! A program that is asked again and again, whatever process answers.

use vecperf::live::{Series, State};

use super::{Silence, Watched};

/// What has been heard so far.
#[derive(Debug)]
pub(crate) struct Following {
    watched: Watched,
    /// Process number and start of the run that answered last. In a container the number is 1 before a restart and after.
    run: (u32, String),
    /// The end of the last second that is known of it.
    since: f64,
}

impl Following {
    /// From now on.
    pub(crate) fn new(watched: Watched) -> Self {
        Self {
            watched,
            run: Default::default(),
            since: BEFORE_ALL,
        }
    }

    /// The state, and the seconds that are new: of another run all that it has.
    pub(crate) fn news(&mut self) -> Result<(State, Series), Silence> {
        let state = self.watched.state()?;
        self.hear((state.pid, &state.started_at));
        let series = self.watched.series(self.since)?;
        if self.hear((series.pid, &series.started_at)) {
            // Its seconds before those that the last run had reached are missing: next time.
            let why = "it was started anew while it was asked".to_owned();
            return Err(Silence::Gone(why));
        }
        self.since = series.at_seconds.last().copied().unwrap_or(self.since);
        Ok((state, series))
    }

    /// True when another run answers than before.
    fn hear(&mut self, (pid, started_at): (u32, &str)) -> bool {
        let is_new = (self.run.0, self.run.1.as_str()) != (pid, started_at);
        if is_new {
            (self.run, self.since) = ((pid, started_at.to_owned()), BEFORE_ALL);
        }
        is_new
    }
}

/// Before the first second of any run.
const BEFORE_ALL: f64 = -1.0;

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::watched::Place;

    /// A program that answers with one run after the other, and what it was asked for.
    fn scripted(runs: Vec<(u32, &'static str)>) -> (Place, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        listener.set_nonblocking(true).unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        let answer = move |(pid, started_at): (u32, &str)| {
            // One that is asked less often than it should be does not wait for ever.
            let mut client = loop {
                match listener.accept() {
                    Ok((client, _)) => break client,
                    Err(error) => assert!(Instant::now() < deadline, "{error}"),
                }
                std::thread::sleep(Duration::from_millis(1));
            };
            client.set_nonblocking(false).unwrap();
            let mut head = [0; 1024];
            let read = client.read(&mut head).unwrap();
            let body = format!(
                r#"{{"schema_version": 1, "pid": {pid}, "started_at": "{started_at}", "at_seconds": SECONDS}}"#
            );
            let asked = String::from_utf8_lossy(&head[..read]).into_owned();
            let is_series = asked.contains("/series");
            let body = body.replace("SECONDS", if is_series { "[1.0, 2.0]" } else { "2.0" });
            write!(client, "HTTP/1.1 200 OK\r\n\r\n{body}").unwrap();
            asked.split(' ').nth(1).unwrap_or_default().to_owned()
        };
        let thread = std::thread::spawn(move || runs.into_iter().map(answer).collect());
        let host = "127.0.0.1".to_owned();
        (Place::Url { host, port }, thread)
    }

    #[test]
    fn a_run_that_has_the_same_number_is_asked_for_all_its_seconds() {
        let (first, second) = ((1, "2026-01-01"), (1, "2026-01-02"));
        let (place, answered) = scripted(vec![
            first, first, first, first, second, second, second, first,
        ]);
        let mut following = Following::new(Watched::at(place));
        for run in [first, first, second] {
            let (state, series) = following.news().unwrap();
            assert_eq!((state.started_at.as_str(), series.pid), (run.1, run.0));
        }
        // It is started anew between the two questions.
        assert!(matches!(following.news(), Err(Silence::Gone(_))));
        let asked = answered.join().unwrap();
        let series: Vec<_> = asked.iter().filter(|one| one.contains("series")).collect();
        assert_eq!(
            series,
            [
                "/series?since=-1",
                "/series?since=2",
                "/series?since=-1",
                "/series?since=2"
            ]
        );
    }
}
