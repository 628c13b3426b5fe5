//! A moment to compare with.

/// The heap at a moment, as its profile saw it: see [`Monitor::heap_mark`](crate::Monitor::heap_mark). A few hundred
/// bytes for each place in the program that allocated until then.
#[derive(Clone, Debug, Default)]
pub struct HeapMark {
    #[cfg(all(
        feature = "cpu",
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64")
    ))]
    pub(super) taken: Option<std::sync::Arc<super::recording::Taken>>,
}
