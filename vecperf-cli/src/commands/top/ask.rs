//! The thread that asks the program, so that the screen never waits for it.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use vecperf::Report;
use vecperf::live::{Functions, Series, State};

use super::model::Capture;
use crate::watched::{self, Following, Silence, Watched};

/// What there is to tell.
#[derive(Debug)]
pub(super) enum News {
    /// The program answered.
    Answered(Box<State>, Series),
    /// It did not.
    Silent(Silence),
    /// The profile that was asked for, or why there is none.
    Profile(Result<Functions, Silence>),
    /// The slowest operations, the slowest first, or why they are not told.
    Slowest(Result<Capture, Silence>),
}

/// Asks again and again, until the process ends.
pub(super) struct Asking {
    watched: Watched,
    tell: Sender<News>,
    told: Receiver<News>,
}

impl Asking {
    /// Asks `watched` every `interval` from now on.
    pub(super) fn start(watched: &Watched, interval: Duration) -> Self {
        let (tell, told) = channel();
        let (asked, news) = (watched.clone(), tell.clone());
        // Without the thread the screen says that it hears nothing.
        drop(thread::Builder::new().spawn(move || again_and_again(&asked, interval, &news)));
        Self {
            watched: watched.clone(),
            tell,
            told,
        }
    }

    /// What has come since the last call.
    pub(super) fn news(&self) -> impl Iterator<Item = News> {
        self.told.try_iter()
    }

    /// Asks for a profile of the next `seconds`.
    pub(super) fn profile(&self, seconds: u64) {
        let (watched, tell) = (self.watched.clone(), self.tell.clone());
        drop(thread::Builder::new().spawn(move || {
            let _ = tell.send(News::Profile(watched.functions(seconds)));
        }));
    }

    /// Asks for the slowest operations of the last minutes.
    pub(super) fn slowest(&self) {
        let (watched, tell) = (self.watched.clone(), self.tell.clone());
        drop(thread::Builder::new().spawn(move || {
            let _ = tell.send(News::Slowest(slowest(&watched)));
        }));
    }
}

/// As many as a screen may have lines for.
const SLOWEST: usize = 200;

fn slowest(watched: &Watched) -> Result<Capture, Silence> {
    let no_report = |why| Silence::Refused(format!("what was answered is no report: {why}"));
    let capture: Report = watched::read(&watched.capture()?).map_err(no_report)?;
    let mut slowest = capture.slow_operations;
    slowest.sort_by(|a, b| b.latency_seconds.total_cmp(&a.latency_seconds));
    slowest.truncate(SLOWEST);
    Ok(Capture {
        at_seconds: capture.run.start_seconds + capture.run.duration_seconds,
        slowest,
    })
}

fn again_and_again(watched: &Watched, interval: Duration, tell: &Sender<News>) {
    let mut following = Following::new(watched.clone());
    loop {
        let news = match following.news() {
            Ok((state, series)) => News::Answered(Box::new(state), series),
            Err(silence) => News::Silent(silence),
        };
        if tell.send(news).is_err() {
            return;
        }
        thread::sleep(interval);
    }
}
