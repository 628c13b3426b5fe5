//! The names of threads, each once.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;

use crate::cpu::options::Target;

/// Distinct names that are kept; a thread with a later one is called `[other]`.
const MOST_NAMES: usize = 1024;
/// Threads whose name is remembered; beyond them all are asked anew.
const MOST_THREADS: usize = 32_768;
/// The number of `[other]`.
const OTHER: u16 = 1;

/// Thread numbers to names. Number 0 is the empty name: not known.
#[derive(Debug)]
pub(super) struct Threads {
    target: Target,
    names: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u16>,
    threads: HashMap<u32, u16>,
}

impl Threads {
    pub(super) fn new(target: Target) -> Self {
        Self {
            target,
            names: vec!["".into(), "[other]".into()],
            numbers: HashMap::new(),
            threads: HashMap::new(),
        }
    }

    /// The name's number of a thread that was seen.
    pub(super) fn seen(&mut self, thread: u32) -> u16 {
        if let Some(&number) = self.threads.get(&thread) {
            return number;
        }
        let name = self.ask(thread);
        self.named(thread, name.trim_end().as_bytes())
    }

    /// The thread has this name now.
    pub(super) fn named(&mut self, thread: u32, name: &[u8]) -> u16 {
        if self.threads.len() >= MOST_THREADS {
            self.threads.clear();
        }
        let number = self.number(&String::from_utf8_lossy(name));
        self.threads.insert(thread, number);
        number
    }

    /// The thread has ended; its number may be another one's soon.
    pub(super) fn ended(&mut self, thread: u32) {
        self.threads.remove(&thread);
    }

    /// The names by number.
    pub(super) fn names(&self) -> Vec<Arc<str>> {
        self.names.clone()
    }

    fn number(&mut self, name: &str) -> u16 {
        if name.is_empty() {
            return 0;
        }
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        if self.names.len() >= MOST_NAMES {
            return OTHER;
        }
        let number = u16::try_from(self.names.len()).unwrap_or(OTHER);
        let name: Arc<str> = name.into();
        self.names.push(Arc::clone(&name));
        self.numbers.insert(name, number);
        number
    }

    /// What the kernel says; empty when the thread has ended.
    fn ask(&self, thread: u32) -> String {
        let path = match self.target {
            Target::ThisProcess => format!("/proc/self/task/{thread}/comm"),
            Target::Process(process) => format!("/proc/{process}/task/{thread}/comm"),
        };
        fs::read_to_string(path).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_asked_for_and_forgotten() {
        let mut threads = Threads::new(Target::ThisProcess);
        let told = threads.named(7, b"search-0");
        assert_eq!(threads.seen(7), told);
        assert_eq!(&*threads.names()[usize::from(told)], "search-0");
        threads.ended(u32::MAX);
        assert_eq!(threads.seen(u32::MAX), 0, "no such thread");
        let main = threads.seen(std::process::id());
        assert_ne!(&*threads.names()[usize::from(main)], "");
    }

    #[test]
    fn a_program_that_numbers_its_threads_does_not_fill_the_memory() {
        let mut threads = Threads::new(Target::ThisProcess);
        for thread in 0..100_000 {
            threads.named(thread, format!("worker-{thread}").as_bytes());
        }
        assert_eq!(threads.names().len(), MOST_NAMES);
        assert!(threads.threads.len() <= MOST_THREADS);
        assert_eq!(threads.seen(99_999), OTHER);
    }
}
