//! The calling thread's stack, and the registers that unwinding starts from.

/// The registers that unwinding starts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Registers {
    pub(crate) instruction: u64,
    pub(crate) stack: u64,
    pub(crate) frame: u64,
    /// The link register; 0 on x86-64.
    pub(crate) link: u64,
}

/// The lowest address of the calling thread's stack and the one after its highest, as the C library knows them; a
/// coroutine may run on another one. Of the main thread it reads `/proc`, and it may allocate by the C library's `malloc`.
pub(crate) fn bounds() -> Option<(usize, usize)> {
    // SAFETY: all bit patterns are valid for this C structure.
    let mut attributes: libc::pthread_attr_t = unsafe { std::mem::zeroed() };
    // SAFETY: takes nothing.
    let this = unsafe { libc::pthread_self() };
    // SAFETY: the thread is the calling one, and lives; `attributes` is written before it is read.
    if unsafe { libc::pthread_getattr_np(this, &raw mut attributes) } != 0 {
        return None;
    }
    let (mut low, mut bytes) = (std::ptr::null_mut(), 0_usize);
    // SAFETY: `attributes` was filled by the call above.
    let status =
        unsafe { libc::pthread_attr_getstack(&raw const attributes, &raw mut low, &raw mut bytes) };
    // SAFETY: as above, and not used afterwards.
    unsafe { libc::pthread_attr_destroy(&raw mut attributes) };
    let high = low.addr().checked_add(bytes)?;
    (status == 0).then_some((low.addr(), high))
}
