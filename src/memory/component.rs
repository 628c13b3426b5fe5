//! A part of the program's memory that it knows the size of.

use super::asking::Handle;

/// A part of the program's memory that it knows the size of, as [`Monitor::component`](crate::Monitor::component)
/// registered it.
///
/// Dropping this changes nothing: the component is asked until it is [removed](Component::remove) or the monitor is
/// finished.
///
/// ```
/// use std::sync::Arc;
///
/// let monitor = vecperf::Monitor::in_memory(vecperf::Settings::default())?;
/// let links: Arc<Vec<u32>> = Arc::new(vec![0; 100_000]);
/// let held = Arc::clone(&links);
/// monitor.component("links", move || (held.capacity() * 4) as u64);
///
/// let report = monitor.finish()?;
/// let memory = report.memory.unwrap();
/// assert_eq!(memory.components[0].bytes, Some(400_000));
/// # Ok::<(), vecperf::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Component {
    handle: Handle,
}

impl Component {
    pub(super) fn new(handle: Handle) -> Self {
        Self { handle }
    }

    /// Says that this memory comes from mappings of the engine's own and not from an allocator: that of `usearch`, say.
    ///
    /// A component in a heap is part of what the heap has given out, and only says whose it is. One outside is counted
    /// beside the heaps. Said of what lies in a heap, it would be counted twice.
    pub fn outside_heap(self) -> Self {
        self.handle.outside_heap();
        self
    }

    /// Asks no more, and drops the callback: at once, or when it comes back from the question it is at.
    pub fn remove(self) {
        self.handle.remove();
    }
}
