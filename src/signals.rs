//! Signals stay the program's.

#[cfg(target_os = "linux")]
pub(crate) mod asked;

/// Blocks all signals on the calling thread. A program may block a signal everywhere and wait for it on one thread;
/// a thread of ours that left it open would get it instead, and the default action would end the program.
///
/// A fault of this thread's own (SIGSEGV, …) still ends the process: the kernel lets nobody block those.
pub(crate) fn leave_to_the_program() {
    #[cfg(target_os = "linux")]
    {
        let mut all = std::mem::MaybeUninit::<libc::sigset_t>::zeroed();
        // SAFETY: the pointer is to memory of the right type, which the call only writes.
        unsafe { libc::sigfillset(all.as_mut_ptr()) };
        // SAFETY: `all` lives through the call and holds a set (all zeroes would be the empty one); only the calling
        // thread's mask changes, and the old one is not asked for.
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), std::ptr::null_mut()) };
    }
}
