//! The trait at the joint, and the choice of a back end by trying.

use std::time::Duration;

use super::event::Event;
use super::options::{BackEnd, Choice, Options, Target};
pub(super) use super::refusal::Refusal;
use super::{perf_event, signal};

/// Takes samples, from its creation until it is dropped. Used by one thread, which it does not sample when that thread
/// made it.
pub(crate) trait Sampler: Send {
    fn back_end(&self) -> BackEnd;
    /// Waits until something should be drained, at most this long. May return early.
    fn wait(&mut self, at_most: Duration);
    /// Hands over what has come.
    fn drain(&mut self, take: &mut dyn FnMut(Event<'_>));
    /// Asks for this many bytes of stack with each sample. Fails without harm: the old size stays.
    fn set_stack_bytes(&mut self, bytes: usize) -> Result<(), Refusal>;
    fn stack_bytes(&self) -> usize;
    /// What it can and cannot see.
    fn sight(&self) -> Sight;
    /// Bytes that its rings take.
    fn bytes(&self) -> usize {
        0
    }
    /// All threads of the process have ended, as of the last wait: what was not drained yet is all that will come.
    fn ended(&self) -> bool {
        false
    }
}

/// What a sampler can and cannot see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sight {
    /// CPU time in the kernel is sampled, too.
    pub(crate) kernel: bool,
    /// Context switches are seen.
    pub(crate) switches: bool,
    /// Page faults are seen.
    pub(crate) faults: bool,
    /// The most samples a second that a thread can get; `None`: as many as asked for.
    pub(crate) highest_rate: Option<u32>,
    /// What a reader should know: smaller rings, threads not covered.
    pub(crate) notes: Vec<String>,
}

/// A sampler that runs, and why no better one does.
pub(crate) struct Chosen {
    pub(crate) sampler: Box<dyn Sampler>,
    pub(crate) refusals: Vec<Refusal>,
}

/// The best back end that runs here; without one, all the reasons.
pub(crate) fn choose(target: Target, options: &Options) -> Result<Chosen, Vec<Refusal>> {
    let order: &[BackEnd] = match (options.back_end, target) {
        (Choice::Only(BackEnd::PerfEvent), _) | (Choice::Auto, Target::Process(_)) => {
            &[BackEnd::PerfEvent]
        }
        (Choice::Only(BackEnd::ThreadTimer), _) => &[BackEnd::ThreadTimer],
        (Choice::Only(BackEnd::Ticker), _) => &[BackEnd::Ticker],
        (Choice::Auto, Target::ThisProcess) => &[BackEnd::PerfEvent, BackEnd::ThreadTimer],
    };
    let mut refusals = Vec::new();
    for back_end in order {
        let started = match back_end {
            BackEnd::PerfEvent => perf_event::start(target, options),
            BackEnd::ThreadTimer | BackEnd::Ticker => signal::start(*back_end, target, options),
        };
        match started {
            Ok(sampler) => return Ok(Chosen { sampler, refusals }),
            Err(refusal) => refusals.push(refusal),
        }
    }
    Err(refusals)
}
