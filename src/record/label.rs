//! Labels: what a thread does at the moment, beside the operation, for the CPU profile and receipts.
//!
//! A number for each text, one table for the process: a thread has one label, whichever monitor it records for.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use super::recorder::cut;
use super::segments::{self, LABELS};

/// What takes the labels beyond the limit.
const OTHERS: &str = "(other labels)";
/// Its number, the last one.
const OTHER: u16 = (LABELS - 1) as u16;

static TEXTS: LazyLock<RwLock<Texts>> = LazyLock::new(RwLock::default);

#[derive(Default)]
struct Texts {
    /// The label with number `n` is at `n - 1`.
    texts: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u16>,
}

/// A label in force on this thread, until it is dropped; made by [`Monitor::label`](crate::Monitor::label). Then the
/// one before is in force again.
#[derive(Debug)]
#[must_use = "the label is in force until this is dropped"]
pub struct LabelGuard {
    /// `None`: none was set.
    before: Option<u16>,
    /// It is the thread's: it must not be dropped on another one.
    of_this_thread: PhantomData<*const ()>,
}

impl LabelGuard {
    pub(crate) fn off() -> Self {
        Self {
            before: None,
            of_this_thread: PhantomData,
        }
    }

    pub(crate) fn new(text: &str) -> Self {
        Self {
            before: Some(segments::set_label(number(cut(text)))),
            of_this_thread: PhantomData,
        }
    }
}

impl Drop for LabelGuard {
    fn drop(&mut self) {
        if let Some(before) = self.before {
            segments::set_label(before);
        }
    }
}

/// The label's number, the same for the same text. The empty text is no label.
fn number(text: &str) -> u16 {
    if text.is_empty() {
        return 0;
    }
    let known = |texts: &Texts| texts.numbers.get(text).copied();
    let found = known(&TEXTS.read().unwrap_or_else(PoisonError::into_inner));
    found.unwrap_or_else(|| {
        let mut texts = TEXTS.write().unwrap_or_else(PoisonError::into_inner);
        known(&texts).unwrap_or_else(|| texts.add(text))
    })
}

/// The label with this number.
pub(super) fn text(number: u16) -> Option<String> {
    if number == OTHER {
        return Some(OTHERS.to_owned());
    }
    let texts = TEXTS.read().unwrap_or_else(PoisonError::into_inner);
    let text = texts.texts.get(usize::from(number).checked_sub(1)?)?;
    Some(text.to_string())
}

impl Texts {
    fn add(&mut self, text: &str) -> u16 {
        let number = self.texts.len() as u16 + 1;
        if number == OTHER {
            return OTHER;
        }
        let text: Arc<str> = Arc::from(text);
        self.texts.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        number
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn labels_nest_and_belong_to_their_thread() {
        let in_force = || {
            let now = segments::set_label(0);
            segments::set_label(now);
            text(now)
        };
        let outer = LabelGuard::new("ef=100");
        {
            let _inner = LabelGuard::new("ef=200");
            let _off = LabelGuard::off();
            assert_eq!(in_force().as_deref(), Some("ef=200"));
            let elsewhere = std::thread::scope(|scope| scope.spawn(in_force).join());
            assert_eq!(elsewhere.unwrap(), None);
            let _none = LabelGuard::new("");
            assert_eq!(in_force(), None);
        }
        assert_eq!(in_force().as_deref(), Some("ef=100"));
        drop(outer);
        assert_eq!(in_force(), None);
    }

    #[test]
    fn beyond_the_limit_labels_share_one() {
        let mut texts = Texts::default();
        let numbers: Vec<_> = (0..3000).map(|n| texts.add(&format!("ef={n}"))).collect();
        assert_eq!(numbers[..2], [1, 2]);
        assert_eq!(
            numbers[1021..],
            [[1022].as_slice(), &[OTHER; 1978]].concat()
        );
        assert_eq!(texts.texts.len(), 1022);
        assert_eq!(text(OTHER).as_deref(), Some(OTHERS));
    }

    #[test]
    fn the_same_text_has_the_same_number_on_every_thread() {
        let numbers: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| number("k=10"))).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert!(numbers.iter().all(|number| *number == numbers[0]));
    }
}
