//! What the screen shows, and how it changes: no terminal and no program in here.

use vecperf::live::{Functions, OperationState, State};
use vecperf::report::SlowOperation;
use vecperf::{Status, Verdict};

use super::ask::News;
use super::columns::Column;
use super::history::History;

/// What is known of the program.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) state: State,
    pub(super) history: History,
}

/// How the program is heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// It answers.
    Good,
    /// It does not: why.
    Lost(String),
}

/// The profile on demand.
#[derive(Clone, Debug)]
pub(super) enum Profile {
    /// Being taken, for so many seconds.
    Taking(u64),
    /// Its functions.
    Taken(Functions),
    /// Why there is none.
    Failed(String),
}

/// What a capture told.
#[derive(Clone, Debug, Default)]
pub(super) struct Capture {
    /// When it was made, in seconds from the program's start.
    pub(super) at_seconds: f64,
    /// The slowest operations of the last minutes, the slowest first.
    pub(super) slowest: Vec<SlowOperation>,
}

/// The slowest operations, from a capture.
#[derive(Clone, Debug)]
pub(super) enum Slowest {
    /// The capture is being made.
    Asked,
    Told(Capture),
    /// Why there is none.
    Failed(String),
}

/// What lies over the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Panel {
    Help,
    Profile,
    Slowest,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Model {
    /// Where the program is.
    pub(super) place: String,
    /// As it is now.
    live: Seen,
    /// As it was when the screen was stopped.
    stopped: Option<Seen>,
    pub(super) line: Line,
    /// Another process answers than at first.
    pub(super) restarted: bool,
    pub(super) sort: Column,
    /// Small values first.
    pub(super) ascending: bool,
    /// What a name must contain.
    pub(super) filter: String,
    /// The filter is being typed.
    pub(super) typing: bool,
    pub(super) panel: Option<Panel>,
    pub(super) profile: Option<Profile>,
    pub(super) slowest: Option<Slowest>,
    /// The operation under the bar; the first one while it is not there.
    selected: Option<String>,
}

impl Model {
    pub(super) fn new(place: String, first: State) -> Self {
        Self {
            place,
            live: Seen {
                state: first,
                history: History::default(),
            },
            stopped: None,
            line: Line::Good,
            restarted: false,
            sort: Column::Rate,
            ascending: false,
            filter: String::new(),
            typing: false,
            panel: None,
            profile: None,
            slowest: None,
            selected: None,
        }
    }

    /// What is to be shown: the present, or the moment of the stop.
    pub(super) fn seen(&self) -> &Seen {
        self.stopped.as_ref().unwrap_or(&self.live)
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.is_some()
    }

    /// Stops the screen, or lets it go on; what happens meanwhile is not lost.
    pub(super) fn stop_or_go_on(&mut self) {
        self.stopped = match self.stopped {
            Some(_) => None,
            None => Some(self.live.clone()),
        };
    }

    pub(super) fn hear(&mut self, news: News) {
        match news {
            News::Answered(state, series) => {
                let before = &self.live.state;
                if (state.pid, &state.started_at) != (before.pid, &before.started_at) {
                    self.restarted = true;
                    self.slowest = None;
                    self.live.history = History::default();
                }
                self.live.history.add(&series);
                self.live.state = *state;
                self.line = Line::Good;
            }
            News::Silent(silence) => self.line = Line::Lost(silence.to_string()),
            News::Slowest(Ok(capture)) => self.slowest = Some(Slowest::Told(capture)),
            News::Slowest(Err(silence)) => {
                self.slowest = Some(Slowest::Failed(silence.to_string()));
            }
            News::Profile(Ok(functions)) => self.profile = Some(Profile::Taken(functions)),
            News::Profile(Err(silence)) => {
                self.profile = Some(Profile::Failed(silence.to_string()));
            }
        }
    }

    /// The operations that the filter lets through, sorted; equal ones in the order of their first use.
    pub(super) fn operations(&self) -> Vec<&OperationState> {
        let wanted = self.filter.to_lowercase();
        let all = self.seen().state.operations.iter();
        let mut shown: Vec<&OperationState> = all
            .filter(|operation| operation.name.to_lowercase().contains(&wanted))
            .collect();
        shown.sort_by(|a, b| self.sort.compare(a, b, self.ascending));
        shown
    }

    /// Where the bar is among [`Model::operations`].
    pub(super) fn position(&self) -> usize {
        let name = self.selected.as_deref();
        let shown = self.operations();
        shown
            .iter()
            .position(|operation| Some(operation.name.as_str()) == name)
            .unwrap_or(0)
    }

    /// Moves the bar.
    pub(super) fn select(&mut self, by: isize) {
        let shown = self.operations();
        let last = shown.len().saturating_sub(1);
        let position = self.position().saturating_add_signed(by).min(last);
        self.selected = shown.get(position).map(|operation| operation.name.clone());
    }

    /// How `operation` fares: the gravest verdict about its response times, errors, recall or allocations.
    pub(super) fn verdict(&self, operation: &str, threshold: &str) -> Option<&Verdict> {
        let all = self.seen().state.verdicts.iter();
        all.filter(|verdict| verdict.operation.as_deref() == Some(operation))
            .find(|verdict| verdict.threshold.starts_with(threshold))
    }

    /// Whether the process breaks its own `threshold`.
    pub(super) fn process_fails(&self, threshold: &str) -> bool {
        let all = self.seen().state.verdicts.iter();
        let mut of_process = all.filter(|verdict| verdict.operation.is_none());
        of_process.any(|verdict| {
            verdict.threshold.starts_with(threshold) && verdict.status == Status::Fail
        })
    }
}

#[cfg(test)]
mod tests {
    use vecperf::live::Series;

    use super::*;
    use crate::watched::Silence;

    fn state(pid: u32, rates: &[(&str, f64)]) -> State {
        let operation = |&(name, rate): &(&str, f64)| OperationState {
            name: name.to_owned(),
            rate,
            ..OperationState::default()
        };
        State {
            pid,
            operations: rates.iter().map(operation).collect(),
            ..State::default()
        }
    }

    fn names(model: &Model) -> Vec<&str> {
        let shown = model.operations();
        shown.iter().map(|one| one.name.as_str()).collect()
    }

    #[test]
    fn operations_are_sorted_and_filtered_and_the_bar_follows_its_own() {
        let first = state(1, &[("search", 5.0), ("insert", 9.0), ("Search slow", 1.0)]);
        let mut model = Model::new(String::new(), first);
        assert_eq!(names(&model), ["insert", "search", "Search slow"]);
        model.select(1);
        assert_eq!(model.position(), 1);
        model.ascending = true;
        assert_eq!(model.position(), 1);
        model.filter = "search".to_owned();
        assert_eq!(names(&model), ["Search slow", "search"]);
        model.select(-9);
        assert_eq!(model.position(), 0);
        model.select(99);
        assert_eq!(model.position(), 1);
    }

    #[test]
    fn a_stopped_screen_stands_still_and_catches_up() {
        let mut model = Model::new(String::new(), state(1, &[("search", 5.0)]));
        model.stop_or_go_on();
        let news = state(1, &[("search", 7.0)]);
        model.hear(News::Answered(Box::new(news), Series::default()));
        assert_eq!(model.operations()[0].rate, 5.0);
        model.stop_or_go_on();
        assert_eq!(model.operations()[0].rate, 7.0);
    }

    #[test]
    fn a_lost_program_stays_on_the_screen_and_another_is_told() {
        let mut model = Model::new(String::new(), state(1, &[("search", 5.0)]));
        model.hear(News::Silent(Silence::Gone(
            "nobody listens there".to_owned(),
        )));
        assert_eq!(model.line, Line::Lost("nobody listens there".to_owned()));
        assert_eq!(names(&model), ["search"]);
        let news = state(2, &[("insert", 1.0)]);
        model.hear(News::Answered(Box::new(news.clone()), Series::default()));
        assert!(model.restarted && model.line == Line::Good);

        // In a container the number is the same.
        model.restarted = false;
        model.hear(News::Answered(Box::new(news.clone()), Series::default()));
        assert!(!model.restarted);
        let news = State {
            started_at: "2026-01-02T00:00:00.000Z".to_owned(),
            ..news
        };
        model.hear(News::Answered(Box::new(news), Series::default()));
        assert!(model.restarted);
    }
}
