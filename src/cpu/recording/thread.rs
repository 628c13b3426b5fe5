//! The drain thread's life.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::SyncSender;

use super::pace::Pace;
use super::shared::Shared;
use super::usage::Usage;
use crate::cpu::sampler::{self, Chosen, Refusal, Sampler};
use crate::signals;

/// Makes the sampler, says how that went, and drains until it is told to stop. The thread that makes the sampler is
/// the one that is not sampled.
pub(super) fn run(shared: &Shared, began: &SyncSender<Result<(), Vec<Refusal>>>) {
    let start = || sampler::choose(shared.target, &shared.options);
    run_with(shared, began, start);
}

/// As [`run`], with a sampler of the caller's.
pub(super) fn run_with(
    shared: &Shared,
    began: &SyncSender<Result<(), Vec<Refusal>>>,
    start: impl FnOnce() -> Result<Chosen, Vec<Refusal>>,
) {
    signals::leave_to_the_program();
    let chosen = match catch_unwind(AssertUnwindSafe(start)) {
        Ok(Ok(chosen)) => chosen,
        Ok(Err(refusals)) => return drop(began.send(Err(refusals))),
        // The receiver sees that nothing was sent.
        Err(_) => return,
    };
    {
        let mut state = shared.state();
        state.back_end = chosen.sampler.back_end();
        state.refusals = chosen.refusals;
        state.sight = chosen.sampler.sight();
        state.stack_bytes = chosen.sampler.stack_bytes();
    }
    if let Some(source) = &shared.context.source {
        let joined = source.begin();
        shared.state().unjoined = !joined;
    }
    let mut sampler = chosen.sampler;
    let _ = began.send(Ok(()));
    if catch_unwind(AssertUnwindSafe(|| drain(shared, &mut *sampler))).is_err() {
        let note = "the drain thread panicked: the recording ended there";
        shared.state().ended = Some(note);
    }
    let _ = catch_unwind(AssertUnwindSafe(|| {
        if let Some(source) = &shared.context.source {
            source.end();
        }
        drop(sampler);
    }));
    let mut state = shared.state();
    state.own = Usage::of_this_thread().unwrap_or(state.own);
    state.over = true;
    drop(state);
    shared.ring();
}

fn drain(shared: &Shared, sampler: &mut dyn Sampler) {
    let mut pace = Pace::default();
    loop {
        sampler.wait(pace.interval());
        let last = shared.is_asked_to_stop() || sampler.ended();
        let mut state = shared.state();
        let source = shared.context.source.as_deref();
        let phases = || shared.phases().clone();
        pace.saw(state.drain.round(sampler, source, phases, last));
        shared.take_usage(&mut state);
        state.sight = sampler.sight();
        if let Some(bytes) = state.drain.stack_size.wish(sampler.stack_bytes()) {
            // When it is refused the old size stays, and is asked about again after as many samples.
            let _ = sampler.set_stack_bytes(bytes);
        }
        state.stack_bytes = sampler.stack_bytes();
        state.ring_bytes = sampler.bytes();
        drop(state);
        shared.ring();
        if last {
            return;
        }
    }
}
