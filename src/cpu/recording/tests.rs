//! Recordings with a scripted sampler and scripted operations: no clock, kernel or unwinder decides what comes out.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::shared::{Context, Shared};
use super::thread::run_with;
use super::windows::Windows;
use super::*;
use crate::clock;
use crate::cpu::event::{Event, RawSample};
use crate::cpu::options::{BackEnd, Options, Target};
use crate::cpu::refusal::Refusal;
use crate::cpu::sampler::{Chosen, Sampler, Sight};
use crate::profile::{LabelValue, Profile, names};
use crate::segment::{Drained, Outcome, Part, Segment, Source};

const THREAD: u32 = 4_000_000; // no such thread
const MS: u64 = 1_000_000;

/// What a scripted sampler hands over in one round.
type Round = Vec<Event<'static>>;

/// Hands over a round a drain; panics where it is told to.
struct Script {
    rounds: Arc<Mutex<VecDeque<Round>>>,
    panics: Arc<AtomicBool>,
    sight: Sight,
}

impl Sampler for Script {
    fn back_end(&self) -> BackEnd {
        BackEnd::ThreadTimer
    }
    fn wait(&mut self, at_most: Duration) {
        std::thread::sleep(at_most.min(Duration::from_millis(2)));
    }
    fn drain(&mut self, take: &mut dyn FnMut(Event<'_>)) {
        assert!(!self.panics.load(Ordering::Relaxed), "as the test wants");
        let round = self.rounds.lock().unwrap().pop_front();
        round.into_iter().flatten().for_each(take);
    }
    fn set_stack_bytes(&mut self, _: usize) -> Result<(), Refusal> {
        Ok(())
    }
    fn stack_bytes(&self) -> usize {
        16_384
    }
    fn sight(&self) -> Sight {
        self.sight.clone()
    }
}

/// Operations that end when the test says so. Number 1 is `search`.
#[derive(Default)]
struct Operations {
    segments: Mutex<Vec<Segment>>,
    kept: AtomicBool,
}

impl Source for Operations {
    fn begin(&self) -> bool {
        !self.kept.swap(true, Ordering::Relaxed)
    }
    fn drain(&self, take: &mut dyn FnMut(Segment)) -> Drained {
        self.segments.lock().unwrap().drain(..).for_each(take);
        Drained::default()
    }
    fn end(&self) {
        self.kept.store(false, Ordering::Relaxed);
    }
    fn operation(&self, number: u32) -> Option<String> {
        (number == 1).then(|| "search".to_owned())
    }
    fn label(&self, number: u16) -> Option<String> {
        (number == 9).then(|| "ef=200".to_owned())
    }
}

/// A recording by a script.
struct Play {
    recording: Recording,
    rounds: Arc<Mutex<VecDeque<Round>>>,
    panics: Arc<AtomicBool>,
    operations: Arc<Operations>,
}

fn play(kernel: bool) -> Play {
    let (rounds, panics) = (Arc::default(), Arc::default());
    let operations = Arc::new(Operations::default());
    let script = Script {
        rounds: Arc::clone(&rounds),
        panics: Arc::clone(&panics),
        sight: Sight {
            kernel,
            switches: true,
            ..Sight::default()
        },
    };
    let context = Context {
        source: Some(operations.clone()),
        limit: Box::new(|_| Some(Duration::from_millis(100))),
        comments: vec!["settings: 17".to_owned()],
    };
    let life = move |shared: &Shared, began: &_| {
        let chosen = Chosen {
            sampler: Box::new(script),
            refusals: Vec::new(),
        };
        run_with(shared, began, || Ok(chosen));
    };
    // As another process: this one may be recorded by another test.
    let target = Target::Process(std::process::id());
    Play {
        recording: Recording::start_on(target, &Options::default(), context, life).unwrap(),
        rounds,
        panics,
        operations,
    }
}

impl Play {
    /// Hands over a round, and waits until all of it is counted.
    fn round(&self, events: Round) {
        self.rounds.lock().unwrap().push_back(events);
        self.settle();
    }

    /// Waits until what happened before now is counted.
    fn settle(&self) {
        let now = clock::monotonic_nanos();
        let state = self
            .recording
            .shared
            .wait_until(now, Duration::from_secs(60));
        assert!(state.over || state.drain.settled_ns >= now);
    }

    fn ends(&self, segment: Segment) {
        self.operations.segments.lock().unwrap().push(segment);
    }
}

fn sample(at_ns: u64) -> Event<'static> {
    Event::Sample(RawSample {
        thread: THREAD,
        at_ns,
        weight_ns: MS,
        registers: None,
        stack: &[],
        kernel: &[],
    })
}

fn search(start_ns: u64, end_ns: u64) -> Segment {
    Segment {
        thread: THREAD,
        start_ns,
        end_ns,
        operation: 1,
        label: 9,
        part: Part::Whole {
            outcome: Outcome::Error,
            latency_ns: end_ns - start_ns,
        },
        slow: None,
    }
}

#[test]
fn a_slow_operation_leaves_a_trace_with_its_waits_and_where_it_was() {
    let play = play(true);
    let start = clock::monotonic_nanos();
    let (thread, preempted) = (THREAD, false);
    std::thread::sleep(Duration::from_millis(25));
    play.round(vec![
        sample(start + 5 * MS),
        sample(start + 11 * MS),
        Event::SwitchedOut {
            thread,
            at_ns: start + 12 * MS,
            preempted,
        },
        Event::SwitchedIn {
            thread,
            at_ns: start + 18 * MS,
        },
        sample(start + 19 * MS),
    ]);
    play.ends(search(start, start + 9 * MS));
    play.ends(Segment {
        slow: Some(77),
        ..search(start + 10 * MS, start + 20 * MS)
    });
    play.settle();
    let [trace] = play.recording.traces()[..] else {
        panic!("{:?}", play.recording.traces());
    };
    assert_eq!(
        (trace.operation, trace.thread, trace.stamp),
        (1, THREAD, 77)
    );
    assert_eq!(
        (trace.waited.wall_ns, trace.waited.blocked_ns),
        (10 * MS, 6 * MS)
    );
    assert_eq!(trace.samples, 2);
    let [(stack, 2), (_, 0), (_, 0)] = trace.stacks else {
        panic!("{trace:?}");
    };
    let functions = play.recording.functions(&[stack, u32::MAX]);
    // A scripted sample has no frames.
    assert_eq!(functions, [vec![], vec!["[other]".to_owned()]]);
}

fn samples(profile: &Profile) -> i64 {
    profile.total(0)
}

fn label(profile: &Profile, key: &str, text: &str) -> i64 {
    let with = profile.samples.iter().filter(|sample| {
        let mut labels = sample.labels(key);
        labels.any(|label| matches!(label, LabelValue::Text(found) if **found == *text))
    });
    with.map(|sample| sample.values[0]).sum()
}

#[test]
fn what_was_sampled_is_in_the_profile_while_it_goes_on_and_after() {
    let play = play(true);
    let now = clock::monotonic_nanos();
    play.round(vec![
        Event::Named {
            thread: THREAD,
            name: b"search-0",
        },
        sample(now),
        sample(now + 1),
        Event::Lost { records: 7 },
    ]);
    let meanwhile = play.recording.profile();
    assert_eq!(samples(&meanwhile), 2);
    play.recording.stop();
    assert!(!play.recording.is_running());
    let after = play.recording.profile();
    assert_eq!(samples(&after), 2);
    assert_eq!(after.total(1), 2 * MS as i64);
    assert_eq!(label(&after, names::THREAD, "search-0"), 2);
    assert!(
        after
            .comments
            .iter()
            .any(|comment| comment == "settings: 17")
    );
    let statistics = play.recording.statistics().unwrap();
    assert_eq!((statistics.samples, statistics.lost), (2, 7));
    assert_eq!(statistics.back_end, BackEnd::ThreadTimer);
    assert_eq!(statistics.kernel_not_sampled, Duration::ZERO);
}

#[test]
fn phases_are_told_apart_by_time() {
    let play = play(true);
    let phase = play.recording.phase_starts("search");
    let inside = clock::monotonic_nanos();
    play.recording.phase_ends(phase.unwrap());
    let outside = clock::monotonic_nanos();
    play.round(vec![sample(inside - MS), sample(inside), sample(outside)]);
    play.recording.stop();
    assert_eq!(label(&play.recording.profile(), names::PHASE, "search"), 1);
}

#[test]
fn a_window_holds_what_was_sampled_in_it() {
    let play = play(true);
    let now = clock::monotonic_nanos();
    let windows = |change: &dyn Fn(&mut Windows) -> Option<u64>| {
        change(&mut play.recording.shared.state().drain.counted.windows)
    };
    let [first, second] = [now..now + MS, now..now + 9 * MS].map(|span| {
        let opened = windows(&|windows| windows.open(span.clone()));
        opened.unwrap()
    });
    play.round(vec![sample(now - 1), sample(now), sample(now + MS)]);
    let counted = |window| {
        let tally = play.recording.shared.state().drain.tally(window);
        tally.map(|tally| tally.iter().map(|(_, sum)| sum.samples).sum::<u64>())
    };
    assert_eq!(counted(Some(first)), Some(1));
    assert_eq!(counted(Some(second)), Some(2));
    assert_eq!(counted(None), Some(3));
    windows(&|windows| {
        windows.close(first);
        None
    });
    assert_eq!(counted(Some(first)), None);
    while windows(&|windows| windows.open(0..1)).is_some() {}
    let crowded = play.recording.profile_of_next(Duration::from_millis(1));
    assert_eq!(samples(&crowded), 0, "windows are bounded");
}

#[test]
fn a_profile_of_the_next_moments_is_not_one_of_the_last() {
    let play = play(true);
    play.round(vec![sample(clock::monotonic_nanos())]);
    for _ in 0..20 {
        let next = play.recording.profile_of_next(Duration::from_millis(1));
        assert_eq!(samples(&next), 0);
        assert_eq!(next.duration_nanos, MS as i64);
    }
    assert_eq!(samples(&play.recording.profile()), 1);
}

#[test]
fn kernel_time_that_cannot_be_sampled_is_told() {
    let play = play(false);
    play.recording.shared.state().used.kernel = Duration::from_secs(3);
    let statistics = play.recording.statistics().unwrap();
    play.recording.stop();
    // The system's count came after ours: whatever it is, the profile has it.
    let kernel = play.recording.statistics().unwrap().kernel_not_sampled;
    let profile = play.recording.profile();
    assert_eq!(profile.total(1), kernel.as_nanos() as i64);
    assert!(statistics.kernel_not_sampled <= Duration::from_secs(3));
    assert!(
        profile
            .comments
            .iter()
            .any(|comment| comment.starts_with("kernel: not sampled"))
    );
}

#[test]
fn a_panic_of_the_sampler_ends_the_recording_and_says_so() {
    let play = play(true);
    let now = clock::monotonic_nanos();
    play.round(vec![sample(now)]);
    play.panics.store(true, Ordering::Relaxed);
    let state = play
        .recording
        .shared
        .wait_until(u64::MAX, Duration::from_secs(60));
    assert!(state.over);
    drop(state);
    assert!(!play.recording.is_running());
    assert!(
        !play.operations.kept.load(Ordering::Relaxed),
        "operations cost what they did"
    );
    assert_eq!(samples(&play.recording.profile()), 1);
    let notes = play.recording.statistics().unwrap().notes;
    assert!(
        notes.iter().any(|note| note.contains("panicked")),
        "{notes:?}"
    );
    play.recording.stop();
}

#[test]
fn a_sampler_that_cannot_start_says_why() {
    let refusal = Refusal {
        back_end: BackEnd::Ticker,
        reason: "the test wants it".to_owned(),
        remedy: String::new(),
    };
    let target = Target::Process(std::process::id());
    let said = refusal.clone();
    let life = move |shared: &Shared, began: &_| run_with(shared, began, || Err(vec![said]));
    let refused = Recording::start_on(target, &Options::default(), Context::default(), life);
    assert_eq!(refused.unwrap_err(), [refusal]);
    let life = |shared: &Shared, began: &_| run_with(shared, began, || panic!("as the test wants"));
    let refused = Recording::start_on(target, &Options::default(), Context::default(), life);
    assert!(refused.unwrap_err()[0].reason.contains("panicked"));
}

/// What needs attribution to be real: see `segment` for its own tests.
#[test]
fn samples_are_joined_to_operations_that_end_later_or_not_at_all() {
    let play = play(true);
    let now = clock::monotonic_nanos();
    play.round(vec![sample(now), sample(now + MS), sample(now + 5 * MS)]);
    play.ends(search(now - MS, now + 2 * MS));
    play.settle();
    std::thread::sleep(Duration::from_millis(20)); // the segment's end lies in the future
    play.settle();
    play.recording.stop();
    let profile = play.recording.profile();
    assert_eq!(samples(&profile), 3);
    let counts = profile.operations();
    if counts.of(Some("search"), names::ALL).is_some() {
        assert_eq!(label(&profile, names::OPERATION, "search"), 2);
        assert_eq!(label(&profile, names::OUTCOME, "error"), 2);
        assert_eq!(label(&profile, names::LABEL, "ef=200"), 2);
    }
}

#[test]
fn in_a_child_that_was_forked_every_answer_is_empty() {
    let mut play = play(true);
    play.round(vec![sample(clock::monotonic_nanos())]);
    play.recording.stop();
    play.recording.process = u32::MAX;
    // Another thread may have held it when the child was made.
    let held = Arc::clone(&play.recording.shared);
    let _held = held.state();
    let recording = &play.recording;
    assert_eq!(samples_of(&recording.profile()), 0);
    assert_eq!(samples_of(&recording.profile_of_next(Duration::MAX)), 0);
    assert_eq!(recording.stop(), Duration::ZERO);
    assert!(recording.statistics().is_none() && !recording.is_running());
    assert_eq!(recording.phase_starts("search"), None);
    assert!(recording.splits().all.is_empty());
    drop(play.recording); // does not wait for the lock
}

fn samples_of(profile: &Profile) -> usize {
    profile.samples.len()
}
