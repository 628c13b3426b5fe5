//! Profiles of a stretch of the recording: what a caller asks for while it goes on.

use std::ops::Range;

use super::tally::{Key, Sum, Tally};

/// Windows that may be open at once, so that no caller can slow the others down.
const MOST_WINDOWS: usize = 8;

/// The windows that are open.
#[derive(Debug, Default)]
pub(super) struct Windows {
    open: Vec<Window>,
    numbered: u64,
}

#[derive(Debug)]
struct Window {
    number: u64,
    span: Range<u64>,
    tally: Tally,
}

impl Windows {
    /// Opens a window over samples of this time; its number, `None` when too many are open.
    pub(super) fn open(&mut self, span: Range<u64>) -> Option<u64> {
        if self.open.len() >= MOST_WINDOWS {
            return None;
        }
        self.numbered += 1;
        self.open.push(Window {
            number: self.numbered,
            span,
            tally: Tally::default(),
        });
        Some(self.numbered)
    }

    pub(super) fn close(&mut self, number: u64) {
        self.open.retain(|window| window.number != number);
    }

    pub(super) fn add(&mut self, at_ns: u64, key: Key, sum: Sum) {
        let over = self.open.iter_mut();
        over.filter(|window| window.span.contains(&at_ns))
            .for_each(|window| window.tally.add(key, sum));
    }

    pub(super) fn get(&self, number: u64) -> Option<(Tally, Range<u64>)> {
        let window = self.open.iter().find(|window| window.number == number)?;
        Some((window.tally.clone(), window.span.clone()))
    }

    pub(super) fn bytes(&self) -> usize {
        self.open.iter().map(|window| window.tally.bytes()).sum()
    }
}
