//! Callbacks that panic, never come back, or call back.

use std::sync::mpsc;

use super::*;
use crate::memory::{Answering, ComponentReading};

fn memory() -> Memory {
    Memory::new(true, Moment::now())
}

fn bytes(account: &Account) -> Vec<(&str, Option<u64>, Answering)> {
    let components = account.components.iter();
    components
        .map(|it| (it.name.as_str(), it.bytes, it.answering))
        .collect()
}

#[test]
fn an_account_has_the_figures_of_its_moment() {
    let memory = memory();
    let mut asked = 0;
    let _ = memory.component(
        "grows",
        Box::new(move || {
            asked += 1;
            asked
        }),
    );
    let one = memory.account(true).unwrap().components[0].bytes.unwrap();
    let two = memory.account(true).unwrap().components[0].bytes.unwrap();
    assert!(two > one, "{one} then {two}");
    memory.stop();
}

/// Asks until the answers are as they should be: on a busy machine one may come too late for its round.
fn until(memory: &Memory, is_right: impl Fn(&Account) -> bool) -> Account {
    let mut last = None;
    for _ in 0..50 {
        let account = memory.account(true).unwrap();
        if is_right(&account) {
            return account;
        }
        last = Some(account);
    }
    panic!("at last: {last:?}")
}

#[test]
fn a_panic_costs_its_component_and_no_other() {
    let memory = memory();
    // Without the hook, whose output would have the reader of a test's log look for an error.
    let bad = || std::panic::resume_unwind(Box::new("the callback's own"));
    let _ = memory.component("bad", Box::new(bad));
    let _ = memory.component("good", Box::new(|| 7));
    until(&memory, |account| {
        bytes(account)
            == [
                ("bad", None, Answering::Panicked),
                ("good", Some(7), Answering::Fresh),
            ]
    });
    memory.stop();
}

#[test]
fn callbacks_that_never_come_back_hold_up_nobody_else() {
    let memory = memory();
    let mut keys = Vec::new();
    for _ in 0..MOST_LEFT - 1 {
        let (key, lock) = mpsc::channel::<()>();
        keys.push(key);
        let mut answered = false;
        let stuck = move || {
            if std::mem::replace(&mut answered, true) {
                let _ = lock.recv();
            }
            5
        };
        let _ = memory.component("stuck", Box::new(stuck));
    }
    let _ = memory.component("good", Box::new(|| 7));
    let others_are_stuck = |account: &Account| {
        let (good, stuck) = account.components.split_last().unwrap();
        let stale = |it: &ComponentReading| (it.bytes, it.answering) == (Some(5), Answering::Stale);
        stuck.iter().all(stale) && (good.bytes, good.answering) == (Some(7), Answering::Fresh)
    };
    until(&memory, others_are_stuck);
    // With nobody to give up any more, an account waits for nobody.
    until(&memory, others_are_stuck);
    drop(keys);
    until(&memory, |account| {
        let all = &account.components;
        all.iter().all(|it| it.answering == Answering::Fresh)
    });
    memory.stop();
}

#[test]
fn a_callback_may_ask_the_room_that_asks_it() {
    let memory = memory();
    let inner = memory.clone();
    let component = Arc::new(Mutex::new(None::<Component>));
    let own = Arc::clone(&component);
    let nosy = move || {
        drop(inner.account(false));
        if let Some(component) = own.lock().unwrap().take() {
            component.remove();
        }
        1
    };
    *component.lock().unwrap() = Some(memory.component("nosy", Box::new(nosy)));
    drop(memory.account(true));
    memory.stop();
}

#[test]
fn a_removed_component_is_dropped_and_a_stopped_room_drops_all() {
    let memory = memory();
    let held = Arc::new(());
    let copies: Vec<_> = (0..2).map(|_| Arc::clone(&held)).collect();
    let mut components: Vec<_> = copies
        .into_iter()
        .map(|copy| memory.component("part", Box::new(move || Arc::strong_count(&copy) as u64)))
        .collect();
    drop(memory.account(true));
    components.pop().unwrap().remove();
    assert_eq!(Arc::strong_count(&held), 2);
    memory.stop();
    assert_eq!(Arc::strong_count(&held), 1);
    let after = memory.account(true).unwrap();
    assert_eq!(after.components.len(), 1, "what was said can still be read");
}

#[test]
fn off_it_has_no_thread_and_knows_nothing() {
    let memory = Memory::new(false, Moment::now());
    memory.component("part", Box::new(|| 7)).remove();
    memory.beat();
    assert!(memory.account(true).is_none());
    memory.stop();
}
