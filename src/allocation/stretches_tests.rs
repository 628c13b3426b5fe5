//! Stretches against a model that looks at every event again.

use proptest::prelude::*;

use super::cells::Cells;
use super::spent::Spent;
use super::stretches::{DEPTH, Stretches};

#[derive(Clone, Debug)]
enum Step {
    Begin,
    /// Which of the open ones, from the innermost.
    End(usize),
    EndOfPoll(usize),
    EndElsewhere(usize),
    Allocate(u64),
    Free(u64),
    Reallocate(u64, u64),
    NotTheProgram(u64),
}

/// An event as the model keeps it: blocks, bytes, change of what is held.
type Event = (u64, u64, i64);

fn count(cells: &Cells, bytes: u64) {
    if cells.allocated(bytes) {
        cells.attend();
    }
}

struct Known {
    number: u64,
    begun: usize,
    /// When it ended and was counted.
    ended: Option<usize>,
    open: bool,
}

#[derive(Default)]
struct Model {
    events: Vec<Event>,
    stretches: Vec<Known>,
}

impl Model {
    fn open(&self, from_the_innermost: usize) -> Option<usize> {
        let open: Vec<_> = (0..self.stretches.len())
            .filter(|at| self.stretches[*at].open)
            .collect();
        (!open.is_empty()).then(|| open[open.len() - 1 - from_the_innermost % open.len()])
    }

    /// Of the stretch `at`, if it ended now.
    fn spent(&self, at: usize) -> Spent {
        let begun = self.stretches[at].begun;
        let mut spent = Spent::default();
        let (mut net, mut peak) = (0, 0);
        for (time, (blocks, bytes, change)) in self.events.iter().enumerate().skip(begun) {
            spent.allocations += blocks;
            spent.bytes += bytes;
            net += change;
            peak = peak.max(net);
            let nested = self.stretches[at + 1..].iter().any(|other| {
                let until = other.ended.or(other.open.then_some(usize::MAX));
                other.begun <= time && until.is_some_and(|until| time < until)
            });
            if !nested {
                spent.own_allocations += blocks;
                spent.own_bytes += bytes;
            }
        }
        spent.net_bytes = net;
        spent.peak_bytes = peak as u64;
        spent
    }
}

fn steps(odd: bool) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => Just(Step::Begin),
        4 => Just(Step::End(0)),
        if odd { 2 } else { 1 } => (0..4_usize).prop_map(Step::End),
        8 => prop_oneof![1..100_u64, 1..1_000_000_u64].prop_map(Step::Allocate),
        6 => prop_oneof![1..100_u64, 1..1_000_000_u64].prop_map(Step::Free),
        2 => (1..1_000_u64, 1..1_000_u64).prop_map(|(old, new)| Step::Reallocate(old, new)),
        1 => (1..1_000_u64).prop_map(Step::NotTheProgram),
        if odd { 1 } else { 0 } => (0..4_usize).prop_map(Step::EndOfPoll),
        if odd { 1 } else { 0 } => (0..4_usize).prop_map(Step::EndElsewhere),
    ];
    prop::collection::vec(step, 0..120)
}

/// Runs `steps`; what each stretch said at its end, and what the model says.
fn run(steps: &[Step]) -> Vec<(Option<Spent>, Spent)> {
    let (cells, stretches) = (Cells::new(), Stretches::new(3));
    let mut model = Model::default();
    let mut ends = Vec::new();
    for step in steps {
        match *step {
            Step::Begin => {
                let number = stretches.begin(&cells, 0);
                if number != 0 {
                    let begun = model.events.len();
                    model.stretches.push(Known {
                        number,
                        begun,
                        ended: None,
                        open: true,
                    });
                }
            }
            Step::End(which) | Step::EndOfPoll(which) | Step::EndElsewhere(which) => {
                let Some(at) = model.open(which) else {
                    continue;
                };
                let number = model.stretches[at].number;
                if let Step::EndElsewhere(_) = step {
                    stretches.ended_elsewhere(number);
                    model.stretches[at].open = false;
                    continue;
                }
                let spent = if let Step::EndOfPoll(_) = step {
                    for inside in &mut model.stretches[at + 1..] {
                        inside.open = false;
                    }
                    stretches.end_poll(&cells, number)
                } else {
                    stretches.end(&cells, number)
                };
                ends.push((spent, model.spent(at)));
                model.stretches[at].open = false;
                model.stretches[at].ended = spent.map(|_| model.events.len());
            }
            Step::Allocate(bytes) => {
                count(&cells, bytes);
                model.events.push((1, bytes, bytes as i64));
            }
            Step::Free(bytes) => {
                if cells.freed(bytes) {
                    cells.settle();
                }
                model.events.push((0, 0, -(bytes as i64)));
            }
            Step::Reallocate(old, new) => {
                let _ = cells.reallocated(old, new);
                model.events.push((0, 0, -(old as i64)));
                model.events.push((1, new, new as i64));
            }
            Step::NotTheProgram(bytes) => {
                let (before, height) = (cells.counted(), cells.height());
                count(&cells, 2 * bytes);
                if cells.freed(bytes) {
                    cells.settle();
                }
                stretches.leave_out(&cells, before, height);
            }
        }
    }
    ends
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Begun and ended on the thread, in whatever order: all of it is counted, and right.
    #[test]
    fn stretches_of_one_thread_are_right(steps in steps(false)) {
        for (said, right) in run(&steps) {
            prop_assert_eq!(said, Some(right));
        }
    }

    /// Some end on other threads, some are cut off by the end of a poll: what is counted is right.
    #[test]
    fn what_is_counted_is_right(steps in steps(true)) {
        for (said, right) in run(&steps) {
            prop_assert!(said.is_none_or(|said| said == right), "{said:?} {right:?}");
        }
    }
}

#[test]
fn beyond_the_depth_nothing_is_counted_and_nothing_is_lost() {
    let (cells, stretches) = (Cells::new(), Stretches::new(1));
    let numbers: Vec<u64> = (0..DEPTH).map(|_| stretches.begin(&cells, 0)).collect();
    assert!(numbers.iter().all(|number| *number != 0));
    assert_eq!(stretches.begin(&cells, 0), 0);
    count(&cells, 10);
    for (depth, number) in numbers.into_iter().enumerate().rev() {
        let spent = stretches.end(&cells, number).unwrap();
        assert_eq!((spent.allocations, spent.bytes), (1, 10));
        assert_eq!(spent.own_bytes, if depth == DEPTH - 1 { 10 } else { 0 });
    }
}

#[test]
fn one_that_ended_elsewhere_makes_room_again() {
    let (cells, stretches) = (Cells::new(), Stretches::new(1));
    for _ in 0..10 * DEPTH {
        let moved = stretches.begin(&cells, 0);
        assert_ne!(moved, 0, "the thread ran out of places");
        stretches.ended_elsewhere(moved);
        let next = stretches.begin(&cells, 0);
        count(&cells, 5);
        assert_eq!(
            stretches.end(&cells, next).map(|spent| spent.bytes),
            Some(5)
        );
        assert_eq!(stretches.end(&cells, moved), None);
    }
}

#[test]
fn numbers_of_another_page_are_not_found_here() {
    let cells = Cells::new();
    let (here, there) = (Stretches::new(1), Stretches::new(2));
    let (first, second) = (here.begin(&cells, 0), there.begin(&cells, 0));
    assert_eq!(
        (Stretches::page_of(first), Stretches::page_of(second)),
        (1, 2)
    );
    assert_eq!(here.end(&cells, second), None);
    assert!(here.end(&cells, first).is_some());
}
