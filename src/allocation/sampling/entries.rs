//! The sampled blocks: one entry each, from the allocation until the ledger has heard of its end.
//!
//! An entry is told of twice: when its block was allocated (`born`) and when it was freed (`freed`). Both are lists
//! through the entries themselves, pushed to by any thread and taken whole by the one reader; so telling cannot fail,
//! and nothing grows. The reader takes what was freed first, then what was born: then it knows every block that it hears
//! the end of, because its birth was told before.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

use super::numbers::Numbers;
use super::pages;

/// No copy of a stack.
pub(super) const NO_STACK: u32 = u32::MAX;

/// A sampled block. Written by who allocates it, before it is told of.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Entry {
    /// The next one born before it, or free.
    below: AtomicU32,
    /// The next one freed before it.
    freed_below: AtomicU32,
    pub(super) bytes: AtomicUsize,
    pub(super) session: AtomicU32,
    /// The copy of its stack.
    pub(super) stack: AtomicU32,
    pub(super) thread: AtomicU32,
    pub(super) phase: AtomicU32,
    /// The operation whose stretch was under way on the thread, the stretch's number, 0 for none, and its place.
    pub(super) operation: AtomicU32,
    pub(super) stretch: AtomicU64,
    pub(super) stretch_at: AtomicU32,
    /// It was freed while that stretch was under way.
    pub(super) temporary: AtomicBool,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Entries {
    all: &'static [Entry],
    numbers: Numbers,
    /// The newest plus one; 0: none.
    born: AtomicU32,
    freed: AtomicU32,
}

impl Entries {
    pub(super) fn new(most: u32) -> io::Result<Self> {
        Ok(Self {
            // SAFETY: all zeroes is a `false` and atomic numbers.
            all: unsafe { pages::zeroed(most as usize) }?,
            numbers: Numbers::new(most),
            born: AtomicU32::new(0),
            freed: AtomicU32::new(0),
        })
    }

    /// The entry with a number that was taken.
    pub(super) fn get(&self, number: u32) -> &'static Entry {
        &self.all[number as usize]
    }

    /// An entry for the caller to fill; `None`: all are in use.
    pub(super) fn take(&self) -> Option<u32> {
        self.numbers.take(|number| &self.get(number).below)
    }

    /// Gives back an entry that nobody will be told of any longer.
    pub(super) fn give(&self, number: u32) {
        self.numbers.give(number, |number| &self.get(number).below);
    }

    /// Tells that the entry's block was allocated.
    pub(super) fn tell_born(&self, number: u32) {
        push(&self.born, number, &self.get(number).below);
    }

    /// Tells that its block was freed.
    pub(super) fn tell_freed(&self, number: u32) {
        push(&self.freed, number, &self.get(number).freed_below);
    }

    /// What was freed and what was born since the last call, each the oldest first; call it on one thread at a time.
    pub(super) fn heard(&self) -> (Vec<u32>, Vec<u32>) {
        let freed = self.taken(&self.freed, |entry| &entry.freed_below);
        let born = self.taken(&self.born, |entry| &entry.below);
        (freed, born)
    }

    fn taken(&self, head: &AtomicU32, below: impl Fn(&Entry) -> &AtomicU32) -> Vec<u32> {
        let mut next = head.swap(0, Ordering::Acquire);
        let list = std::iter::from_fn(|| {
            let number = next.checked_sub(1)?;
            next = below(self.get(number)).load(Ordering::Relaxed);
            Some(number)
        });
        let mut list: Vec<u32> = list.collect();
        list.reverse();
        list
    }
}

fn push(head: &AtomicU32, number: u32, below: &AtomicU32) {
    let mut newest = head.load(Ordering::Relaxed);
    loop {
        below.store(newest, Ordering::Relaxed);
        // Release: the reader, and through it the next owner, sees what was written. Acquire keeps the births before it.
        match head.compare_exchange_weak(newest, number + 1, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => return,
            Err(now) => newest = now,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn what_is_told_is_heard_once_and_in_order() {
        let entries = Entries::new(8).unwrap();
        let numbers: Vec<u32> = (0..5).map(|_| entries.take().unwrap()).collect();
        numbers.iter().for_each(|number| entries.tell_born(*number));
        entries.tell_freed(numbers[3]);
        entries.tell_freed(numbers[1]);
        let (freed, born) = entries.heard();
        assert_eq!(freed, [numbers[3], numbers[1]]);
        assert_eq!(born, numbers);
        assert_eq!(entries.heard(), (Vec::new(), Vec::new()));
    }

    /// Blocks that are allocated on four threads and freed on others, while a reader listens: it never hears the end of
    /// one that it does not know, and in the end knows of none.
    #[test]
    fn no_end_is_heard_before_its_beginning() {
        const EACH: usize = 20_000;
        let entries = Entries::new(64).unwrap();
        let (mut live, mut ended) = (HashSet::new(), 0);
        let told = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                let (give, get) = std::sync::mpsc::channel();
                let (entries, told) = (&entries, &told);
                scope.spawn(move || {
                    for _ in 0..EACH {
                        if let Some(number) = entries.take() {
                            entries.tell_born(number);
                            told.fetch_add(1, Ordering::Relaxed);
                            give.send(number).unwrap();
                        }
                    }
                });
                scope.spawn(move || get.iter().for_each(|number| entries.tell_freed(number)));
            }
            let mut quiet = 0;
            while quiet < 200 {
                let (freed, born) = entries.heard();
                quiet = if freed.is_empty() { quiet + 1 } else { 0 };
                if quiet > 0 {
                    std::thread::sleep(std::time::Duration::from_millis(1));
                }
                live.extend(born);
                for number in freed {
                    assert!(live.remove(&number), "{number} ended before it began");
                    ended += 1;
                    entries.give(number);
                }
            }
        });
        let (freed, born) = entries.heard();
        live.extend(born);
        freed.iter().for_each(|number| assert!(live.remove(number)));
        assert!(live.is_empty());
        assert_eq!(ended + freed.len(), told.load(Ordering::Relaxed));
    }
}
