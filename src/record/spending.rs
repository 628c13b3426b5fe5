//! What the operations of one shard allocated.

use super::shard::Writer;
use super::sync::{AtomicU64, Ordering};
use crate::allocation::Spent;
use crate::snapshot::AllocationSnapshot;

/// Made when an operation is first counted. Aligned like a shard.
#[repr(align(128))]
pub(super) struct Spending {
    allocations: AtomicU64,
    bytes: AtomicU64,
    /// Two's complement.
    net_bytes: AtomicU64,
    own_allocations: AtomicU64,
    own_bytes: AtomicU64,
    most_allocations: AtomicU64,
    highest_peak_bytes: AtomicU64,
    operations: AtomicU64,
}

impl Spending {
    pub(super) fn new() -> Box<Self> {
        Box::new(Self {
            allocations: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            net_bytes: AtomicU64::new(0),
            own_allocations: AtomicU64::new(0),
            own_bytes: AtomicU64::new(0),
            most_allocations: AtomicU64::new(0),
            highest_peak_bytes: AtomicU64::new(0),
            operations: AtomicU64::new(0),
        })
    }

    #[inline]
    pub(super) fn add(&self, writer: Writer, spent: &Spent) {
        // Many operations neither allocate nor free.
        if spent.allocations | spent.net_bytes.cast_unsigned() != 0 {
            writer.add(&self.allocations, spent.allocations);
            writer.add(&self.bytes, spent.bytes);
            writer.add(&self.net_bytes, spent.net_bytes.cast_unsigned());
            writer.add(&self.own_allocations, spent.own_allocations);
            writer.add(&self.own_bytes, spent.own_bytes);
            writer.raise(&self.most_allocations, spent.allocations);
            writer.raise(&self.highest_peak_bytes, spent.peak_bytes);
        }
        writer.count(&self.operations);
    }

    /// Adds what is here to `sum`.
    pub(super) fn gather(&self, sum: &mut AllocationSnapshot) {
        // First, because it is written last.
        sum.operations += self.operations.load(Ordering::Acquire);
        let get = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        sum.allocations = sum.allocations.wrapping_add(get(&self.allocations));
        sum.bytes = sum.bytes.wrapping_add(get(&self.bytes));
        let net = get(&self.net_bytes).cast_signed();
        sum.net_bytes = sum.net_bytes.wrapping_add(net);
        sum.own_allocations = sum.own_allocations.wrapping_add(get(&self.own_allocations));
        sum.own_bytes = sum.own_bytes.wrapping_add(get(&self.own_bytes));
        sum.max_allocations = sum.max_allocations.max(Some(get(&self.most_allocations)));
        sum.max_peak_bytes = sum.max_peak_bytes.max(Some(get(&self.highest_peak_bytes)));
    }
}
