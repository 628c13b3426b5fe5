//! Receipts of slow operations: what each of them did. The thread that ends one leaves it; the collector's thread keeps the
//! slowest of each second.
//!
//! ```text
//!  bar.rs       from when on an operation is slow        receipt.rs   one of them, and its words in a ring
//!  leaving.rs   the thread's side                        kept.rs      which are kept
//! ```
//!
//! An operation that is not slow pays for one comparison.

mod bar;
mod kept;
mod leaving;
mod receipt;

use std::sync::Arc;

pub(super) use bar::Bar;
pub(super) use kept::Kept;
pub(crate) use kept::{Missing, Slowest};
pub(super) use leaving::Left;
pub(crate) use receipt::Receipt;
pub(super) use receipt::{WORK, Work};

/// What an operation needs for its receipts.
#[derive(Clone, Debug)]
pub(super) struct Slow {
    /// It is slow when it takes longer than so many nanoseconds, at first; `u64::MAX`: not yet known.
    pub(super) limit_ns: u64,
    pub(super) left: Arc<Left>,
}

impl Default for Slow {
    fn default() -> Self {
        Self {
            limit_ns: u64::MAX,
            left: Arc::new(Left::new()),
        }
    }
}
