//! Stands in for `tsc.rs` where no counter is used: other systems, other processors.

/// Never called: [`trusted`] refuses.
#[inline(always)]
pub(super) fn read() -> u64 {
    0
}

/// Always an error, which says why.
pub(super) fn trusted() -> Result<(), String> {
    Err("a time-stamp counter is used on Linux on x86-64 only".to_owned())
}
