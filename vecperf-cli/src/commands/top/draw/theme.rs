//! Colours, and what stands for them without: every state has a sign or a word beside its colour.

use ratatui::style::{Color, Modifier, Style};
use vecperf::Status;

/// With or without colours.
#[derive(Clone, Copy, Debug)]
pub(in crate::commands::top) struct Theme {
    colour: bool,
}

impl Theme {
    pub(in crate::commands::top) fn new(colour: bool) -> Self {
        Self { colour }
    }

    fn of(self, colour: Color) -> Style {
        if self.colour {
            Style::new().fg(colour)
        } else {
            Style::new()
        }
    }

    pub(super) fn plain(self) -> Style {
        Style::new()
    }

    pub(super) fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Less important.
    pub(super) fn faint(self) -> Style {
        if self.colour {
            Style::new().add_modifier(Modifier::DIM)
        } else {
            Style::new()
        }
    }

    pub(super) fn graph(self) -> Style {
        self.of(Color::Cyan)
    }

    /// The row under the bar.
    pub(super) fn bar(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    pub(super) fn bad(self) -> Style {
        self.of(Color::Red).add_modifier(Modifier::BOLD)
    }

    pub(super) fn good(self) -> Style {
        self.of(Color::Green)
    }

    pub(super) fn doubtful(self) -> Style {
        self.of(Color::Yellow)
    }

    pub(super) fn of_status(self, status: Status) -> Style {
        match status {
            Status::Pass => self.good(),
            Status::Fail => self.bad(),
            Status::Inconclusive => self.doubtful(),
            Status::NoData => self.faint(),
        }
    }

    /// Sign and word, ten columns.
    pub(super) fn word(status: Status) -> &'static str {
        match status {
            Status::Pass => "✔ pass   ",
            Status::Fail => "✘ FAIL   ",
            Status::Inconclusive => "? unclear",
            Status::NoData => "· no data",
        }
    }
}
