//! Something that is made at its first use, seen by every thread from then on, and never replaced.
//!
//! A `OnceLock<Box<T>>` does the same with twice the memory and one more load on the hot path: there are thousands of
//! these, most of them empty for ever.

use std::marker::PhantomData;
use std::ptr;
use std::sync::OnceLock;

use super::sync::{AtomicPtr, Ordering};
use crate::allocation::apart;

pub(super) struct Published<T> {
    /// Null, or from `Box::into_raw`.
    place: AtomicPtr<T>,
    /// Sent and shared like the `OnceLock` it stands for; a bare pointer would be whatever `T` is.
    like: PhantomData<OnceLock<Box<T>>>,
}

impl<T> Published<T> {
    #[cfg(not(all(test, loom)))]
    pub(super) const fn empty() -> Self {
        Self {
            place: AtomicPtr::new(ptr::null_mut()),
            like: PhantomData,
        }
    }

    #[cfg(all(test, loom))]
    pub(super) fn empty() -> Self {
        Self {
            place: AtomicPtr::new(ptr::null_mut()),
            like: PhantomData,
        }
    }

    #[inline(always)]
    pub(super) fn get(&self) -> Option<&T> {
        let found = self.place.load(Ordering::Acquire);
        // SAFETY: null, or a box given up in `publish`, whose making the acquire load orders before this. Nothing writes
        // to it again or frees it before `drop`, which needs `self` for itself.
        unsafe { found.as_ref() }
    }

    /// What is here, or else what `make` makes. Of two threads that make it at once one wins, and both get that.
    #[inline(always)]
    pub(super) fn get_or(&self, make: impl FnOnce() -> Box<T>) -> &T {
        match self.get() {
            Some(found) => found,
            None => self.publish(make),
        }
    }

    // A call of its own: what `make` needs of the stack shall not burden who only looks.
    #[cold]
    #[inline(never)]
    fn publish(&self, make: impl FnOnce() -> Box<T>) -> &T {
        // It is not the program that allocates here.
        let made = apart(|| Box::into_raw(make()));
        let empty = ptr::null_mut();
        let order = (Ordering::AcqRel, Ordering::Acquire);
        match self.place.compare_exchange(empty, made, order.0, order.1) {
            // SAFETY: as in `get`.
            Ok(_) => unsafe { &*made },
            Err(first) => {
                // SAFETY: it was not published, so this thread still owns it.
                drop(unsafe { Box::from_raw(made) });
                // SAFETY: as in `get`; the exchange failed because this is not null.
                unsafe { &*first }
            }
        }
    }
}

impl<T> Drop for Published<T> {
    fn drop(&mut self) {
        let found = self.place.load(Ordering::Relaxed);
        if !found.is_null() {
            // SAFETY: from `Box::into_raw`; `&mut self` says that nobody holds a reference from `get` any more.
            drop(unsafe { Box::from_raw(found) });
        }
    }
}
