//! The calling thread's stretches, as operations use them.

use super::installation::counts;
use super::spent::Spent;
use super::threads;

/// An open stretch of the thread that entered it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch(u64);

impl Stretch {
    /// None: nothing is counted.
    pub(crate) const NONE: Self = Self(0);

    #[inline(always)]
    pub(crate) const fn is_open(self) -> bool {
        self.0 != 0
    }
}

/// From here on the calling thread's allocations belong to this stretch, too, of the operation with this number (0: of
/// none). One predictable branch where the allocator is not installed.
#[inline(always)]
pub(crate) fn enter(operation: u32) -> Stretch {
    if counts() {
        Stretch(threads::begin(operation))
    } else {
        Stretch::NONE
    }
}

/// Ends a stretch; `None`: it was not counted, or was entered on another thread.
#[inline]
pub(crate) fn exit(stretch: Stretch) -> Option<Spent> {
    stretch.is_open().then(|| threads::end(stretch.0))?
}

/// As [`exit`] at the end of a poll: what was entered inside and is still open goes on in a later poll, while the
/// thread does something else in between. It is not counted.
#[inline]
pub(crate) fn exit_poll(stretch: Stretch) -> Option<Spent> {
    stretch.is_open().then(|| threads::end_poll(stretch.0))?
}

/// Does what is vecperf's own and not the program's: it is in the process's totals, and in no stretch.
pub(crate) fn apart<R>(work: impl FnOnce() -> R) -> R {
    if !counts() {
        return work();
    }
    let before = threads::mark();
    let done = work();
    if let Some(before) = before {
        threads::leave_out(before);
    }
    done
}

/// Does `work`, and tells what it allocated on the calling thread; what it lets other threads do is not in it.
///
/// `None` unless [`Allocator`](super::Allocator) is the program's allocator, once
/// ([`installation`](super::installation())), or where 48 of these and of operations are under way inside each other.
///
/// ```standalone_crate
/// #[global_allocator]
/// static ALLOCATOR: vecperf::Allocator = vecperf::Allocator::system();
///
/// let (vector, spent) = vecperf::allocation::spent(|| vec![0_u8; 1000]);
/// let spent = spent.expect("installed above");
/// assert_eq!((spent.allocations, spent.bytes, spent.net_bytes), (1, 1000, 1000));
/// # drop(vector);
/// ```
pub fn spent<R>(work: impl FnOnce() -> R) -> (R, Option<Spent>) {
    super::installation();
    let stretch = enter(0);
    let guard = Guard(stretch);
    let done = work();
    std::mem::forget(guard);
    (done, exit(stretch))
}

/// Ends the stretch where the work panics.
struct Guard(Stretch);

impl Drop for Guard {
    fn drop(&mut self) {
        exit(self.0);
    }
}
