//! Values that go up and down.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A value that goes up and down, e.g. the vectors in the index. A cheap, cloneable handle.
#[derive(Clone, Debug, Default)]
pub struct Gauge {
    bits: Option<Arc<AtomicU64>>,
}

impl Gauge {
    pub(super) fn of(bits: Arc<AtomicU64>) -> Self {
        Self { bits: Some(bits) }
    }

    /// Sets the value; the last writer wins, NaN unsets it. One store; not for every operation of many threads.
    pub fn set(&self, value: f64) {
        if let Some(bits) = &self.bits {
            bits.store(value.to_bits(), Relaxed);
        }
    }
}
