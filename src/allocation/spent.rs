//! What was allocated in a stretch, as plain data.

/// What was allocated in a stretch. Everything but what starts with `own` includes the nested stretches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Blocks allocated; a reallocation is one.
    pub allocations: u64,
    /// Bytes asked for.
    pub bytes: u64,
    /// Bytes allocated less bytes freed; negative where it freed what was there before.
    pub net_bytes: i64,
    /// The most bytes that were held at once beyond those at the start.
    pub peak_bytes: u64,
    /// Blocks allocated outside of nested stretches.
    pub own_allocations: u64,
    /// Bytes asked for outside of nested stretches.
    pub own_bytes: u64,
}

impl Spent {
    /// Both, one after the other.
    #[must_use]
    pub(crate) fn then(self, next: Self) -> Self {
        let sum = |before: u64, next: u64| before.saturating_add(next);
        let peak_of_next = i64::try_from(next.peak_bytes).unwrap_or(i64::MAX);
        let peak_of_next = self.net_bytes.saturating_add(peak_of_next);
        Self {
            allocations: sum(self.allocations, next.allocations),
            bytes: sum(self.bytes, next.bytes),
            net_bytes: self.net_bytes.saturating_add(next.net_bytes),
            peak_bytes: self
                .peak_bytes
                .max(u64::try_from(peak_of_next).unwrap_or(0)),
            own_allocations: sum(self.own_allocations, next.own_allocations),
            own_bytes: sum(self.own_bytes, next.own_bytes),
        }
    }
}
