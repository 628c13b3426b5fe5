//! The standard library's atomics and cell, or, in the models that check every interleaving, loom's.

#[cfg(not(all(test, loom)))]
pub(super) use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering, fence};

#[cfg(all(test, loom))]
pub(super) use loom::sync::atomic::{AtomicU32, AtomicUsize, Ordering, fence};

#[cfg(all(test, loom))]
pub(super) use loom::cell::UnsafeCell;

/// The standard library's, with the part of loom's interface that is used here.
#[cfg(not(all(test, loom)))]
#[derive(Debug, Default)]
#[repr(transparent)]
pub(super) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(all(test, loom)))]
impl<T> UnsafeCell<T> {
    pub(super) fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    #[inline(always)]
    pub(super) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.0.get())
    }

    #[inline(always)]
    pub(super) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.0.get())
    }
}
