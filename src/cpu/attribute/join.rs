//! Samples to operation instances.

use super::{Instance, Pending};
use crate::segment::Segment;

/// What is kept, at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Samples that wait for their operation's end.
    pub(crate) pending: usize,
    /// How long one waits, nanoseconds.
    pub(crate) patience_ns: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pending: 65_536,
            patience_ns: 60_000_000_000,
        }
    }
}

/// Holds samples until their operation has ended.
#[derive(Debug)]
pub(crate) struct Attribution<T> {
    limits: Limits,
    pending: Vec<Pending<T>>,
}

impl<T: Copy> Attribution<T> {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            pending: Vec::new(),
        }
    }

    /// A sample. Samples of one thread come in the order of time.
    pub(crate) fn sample(&mut self, sample: Pending<T>) {
        self.pending.push(sample);
    }

    /// An ended segment; segments of one thread come in the order of their ends. Every sample whose operation instance
    /// is known by it goes to `take`.
    pub(crate) fn segment(
        &mut self,
        _segment: &Segment,
        _take: &mut dyn FnMut(Pending<T>, Instance),
    ) {
    }

    /// Everything up to `now_ns` has arrived: those that waited too long go to `take` as outside of any operation.
    pub(crate) fn settle(&mut self, now_ns: u64, take: &mut dyn FnMut(Pending<T>)) {
        let patience = self.limits.patience_ns;
        self.pending.retain(|sample| {
            let stays = sample.at_ns + patience > now_ns;
            if !stays {
                take(*sample);
            }
            stays
        });
    }

    /// Those that still wait, for a look at the recording while it goes on.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &Pending<T>> {
        self.pending.iter()
    }

    /// The end: all that still wait are outside of any operation that ended.
    pub(crate) fn finish(&mut self, take: &mut dyn FnMut(Pending<T>)) {
        self.pending.drain(..).for_each(take);
    }
}
