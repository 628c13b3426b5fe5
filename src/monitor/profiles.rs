//! The profiles that a program can ask its monitor for.

use std::time::Duration;

use super::Monitor;
use crate::error::{Error, ErrorKind, Result};
use crate::heap::HeapMark;
use crate::profile::Profile;

impl Monitor {
    /// The CPU profile of the time from now on: waits that long, and reads the functions' names. Works whether or not
    /// the settings have `cpu_profiling`, any number of times.
    ///
    /// # Errors
    /// No profile can be taken: why, and what to change. A monitor that is off takes none.
    pub fn profile(&self, duration: Duration) -> Result<Profile> {
        match &self.watch {
            Some(watch) => watch.profiling.profile_of_next(duration),
            None => Err(Error::new(
                ErrorKind::Unavailable,
                "no CPU profile: the monitor is off; set enabled = true under [monitoring]",
            )),
        }
    }

    /// The CPU profile so far; `None` when none is taken: [`Report::environment`](crate::Report::environment) says why.
    /// Reads the functions' names, which takes 50 to 100 ms the first time.
    pub fn cpu_profile(&self) -> Option<Profile> {
        self.watch.as_ref()?.profiling.profile()
    }

    /// The heap profile so far: who allocated what since the monitor's start, and what of it is in use. `None` when none
    /// is taken: [`Report::environment`](crate::Report::environment) says why. It needs
    /// [`vecperf::Allocator`](crate::Allocator) as the program's allocator.
    ///
    /// Values are `alloc_objects`, `alloc_space`, `temporary_objects`, `temporary_space` (freed before the operation ended
    /// that allocated them), `inuse_objects` and `inuse_space`: estimates from samples, one byte in
    /// [`heap_sample_bytes`](crate::config::Monitoring::heap_sample_bytes). Labels are `operation` and `phase`. Reads the
    /// functions' names, which takes 50 to 100 ms the first time.
    pub fn heap_profile(&self) -> Option<Profile> {
        self.watch.as_ref()?.heap.profile()
    }

    /// The heap at this moment, to compare with another one: see [`Monitor::heap_growth`]. Copies some tens of bytes for
    /// each place that has allocated.
    pub fn heap_mark(&self) -> HeapMark {
        self.watch
            .as_ref()
            .map(|watch| watch.heap.mark())
            .unwrap_or_default()
    }

    /// What changed from one mark to the other: values as of [`Monitor::heap_profile`], negative where there is less.
    /// `None` when no heap profile is taken, or when a mark is another monitor's.
    ///
    /// ```standalone_crate
    /// #[global_allocator]
    /// static ALLOCATOR: vecperf::Allocator = vecperf::Allocator::system();
    ///
    /// let monitor = vecperf::Monitor::in_memory(vecperf::Settings::default())?;
    /// let before = monitor.heap_mark();
    /// let kept: Vec<Vec<u8>> = (0..64).map(|_| vec![1; 1 << 20]).collect();
    /// let after = monitor.heap_mark();
    /// if let Some(growth) = monitor.heap_growth(&before, &after) {
    ///     let space = growth.value_index("inuse_space").unwrap();
    ///     assert!(growth.total(space) > 32 << 20);
    /// }
    /// # drop(kept);
    /// # Ok::<(), vecperf::Error>(())
    /// ```
    pub fn heap_growth(&self, from: &HeapMark, to: &HeapMark) -> Option<Profile> {
        self.watch.as_ref()?.heap.growth(from, to)
    }
}
