//! Rounds of asking, as data.

use super::*;

fn answered(roster: &mut Roster, bytes: Option<u64>, at: u64) {
    match roster.next() {
        Some(Task::Ask(id, ask)) => {
            drop(roster.answer(id, ask, bytes, Duration::from_secs(at)));
        }
        _ => panic!("a component is due"),
    }
}

fn with_two() -> Roster {
    let mut roster = Roster::default();
    for name in ["graph", "graph"] {
        assert!(roster.add_component(name, Box::new(|| 0)).is_ok());
    }
    roster
}

#[test]
fn each_is_asked_once_a_round() {
    let mut roster = with_two();
    assert!(roster.next().is_none(), "no round has begun");
    roster.begin_round(false);
    answered(&mut roster, Some(5), 1);
    assert!(roster.is_waiting());
    answered(&mut roster, Some(7), 1);
    assert!(roster.next().is_none() && !roster.is_waiting());
    roster.begin_round(false);
    answered(&mut roster, Some(3), 2);
    let (components, _) = roster.readings();
    let shown: Vec<_> = components
        .iter()
        .map(|it| (it.name.as_str(), it.bytes, it.highest, it.answering))
        .collect();
    assert_eq!(
        shown,
        [
            ("graph", Some(3), Some(5), Answering::Fresh),
            ("graph (2)", Some(7), Some(7), Answering::Stale),
        ]
    );
}

#[test]
fn one_that_was_left_joins_again_when_it_returns() {
    let mut roster = with_two();
    roster.begin_round(false);
    let Some(Task::Ask(id, stuck)) = roster.next() else {
        panic!("a component is due")
    };
    assert!(roster.leave());
    assert!(roster.is_waiting(), "the other one is still due");
    answered(&mut roster, Some(1), 1);
    assert!(!roster.is_waiting());
    roster.begin_round(false);
    answered(&mut roster, Some(2), 2);
    assert!(
        roster.next().is_none(),
        "the stuck one is not asked meanwhile"
    );
    assert_eq!(roster.readings().0[0].answering, Answering::Stale);
    drop(roster.answer(id, stuck, Some(9), Duration::from_secs(3)));
    assert_eq!(roster.readings().0[0].bytes, Some(9), "late, but an answer");
    answered(&mut roster, Some(10), 3);
    assert_eq!(roster.readings().0[0].answering, Answering::Fresh);
}

#[test]
fn one_that_panicked_is_not_asked_again_and_keeps_its_figure() {
    let mut roster = with_two();
    roster.begin_round(false);
    answered(&mut roster, Some(4), 1);
    answered(&mut roster, Some(4), 1);
    roster.begin_round(false);
    answered(&mut roster, None, 2);
    answered(&mut roster, Some(4), 2);
    assert!(!roster.is_waiting());
    let (components, _) = roster.readings();
    assert_eq!(components[0].answering, Answering::Panicked);
    assert_eq!(components[0].bytes, Some(4));
    roster.begin_round(false);
    answered(&mut roster, Some(4), 3);
    assert!(roster.next().is_none());
}

#[test]
fn one_removed_while_it_is_asked_is_given_back_to_be_dropped() {
    let mut roster = with_two();
    roster.begin_round(false);
    let Some(Task::Ask(id, ask)) = roster.next() else {
        panic!("a component is due")
    };
    assert!(
        roster.remove(id).is_none(),
        "its callback is with the worker"
    );
    assert!(roster.answer(id, ask, Some(1), Duration::ZERO).is_some());
    assert_eq!(roster.readings().0.len(), 1);
}

#[test]
fn their_number_is_bounded_and_the_rest_is_counted() {
    let mut roster = Roster::default();
    let added = (0..MOST + 3)
        .filter(|_| roster.add_component("part", Box::new(|| 0)).is_ok())
        .count();
    assert_eq!(added, MOST);
    assert!(roster.note().is_some_and(|note| note.ends_with(": 3")));
    assert!(roster.add_region("index", Range::of(b"")).is_none());
}
