//! The process's memory explained: what the program registers, and when the account is taken.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Monitor, Watch};
use crate::memory::{Account, Component, Range, Region};
use crate::report::MemoryReport;
use crate::resource::ResourceSample;
use crate::snapshot::Snapshot;

/// The account that the report shows.
#[derive(Default)]
pub(super) struct Accounts {
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    account: Account,
    sample: Option<ResourceSample>,
    phase: Option<String>,
    /// Taken at the end of the judged phase, or of the run: later ones do not replace it.
    last: bool,
}

impl Accounts {
    fn kept(&self) -> MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Monitor {
    /// Registers a part of the process's memory that the program knows the size of: `"hnsw graph"`, `"vectors"`. The
    /// report shows it, per vector too, and says how much of the memory is explained.
    ///
    /// `bytes` is asked about once a second and at the end of the judged phase, from a thread of vecperf's, until the
    /// component is [removed](Component::remove) or the monitor is finished; it is then dropped. It should take
    /// microseconds: read a counter, or the length of a vector. One that panics is not asked again; one that does not
    /// come back keeps its last figure, marked stale, and holds nobody up for longer than a tenth of a second.
    ///
    /// A component is taken to lie in a heap: of `malloc`, or of Rust's allocator. One that lies in mappings of its own
    /// is to say so: [`Component::outside_heap`].
    ///
    /// ```
    /// let monitor = vecperf::Monitor::in_memory(vecperf::Settings::default())?;
    /// let index_bytes = || 40_000_000; // || index.memory_usage()
    /// monitor.component("graph", index_bytes).outside_heap();
    /// # Ok::<(), vecperf::Error>(())
    /// ```
    ///
    /// At most 200 components and regions; a note counts those beyond. With `memory_tracking = false` nothing is asked.
    pub fn component(&self, name: &str, bytes: impl FnMut() -> u64 + Send + 'static) -> Component {
        self.watch
            .as_ref()
            .map(|watch| watch.memory.component(name, Box::new(bytes)))
            .unwrap_or_default()
    }

    /// Registers a range of addresses, such as an index that is mapped from a file: the report says how much of it is in
    /// memory, and how much of the process's file-backed memory it is.
    ///
    /// Only the addresses are kept, and nothing there is ever read: what the mapping's owner does with it is not held
    /// up. [Remove](Region::remove) a region before it is unmapped; one that is unmapped all the same is reported as
    /// such. Looked at here, which takes some milliseconds at most, and then about once a second; of a region beyond
    /// 256 MiB, 65,536 pages, so that its residency is an estimate, with its margin beside it.
    ///
    /// ```
    /// let monitor = vecperf::Monitor::in_memory(vecperf::Settings::default())?;
    /// let mapped_index = vec![1u8; 1 << 20]; // memmap2::Mmap::map(&file)?
    /// let region = monitor.region("index.bin", &mapped_index);
    /// // …
    /// region.remove();
    /// # Ok::<(), vecperf::Error>(())
    /// ```
    pub fn region(&self, name: &str, addresses: &[u8]) -> Region {
        self.watch
            .as_ref()
            .map(|watch| watch.memory.region(name, Range::of(addresses)))
            .unwrap_or_default()
    }
}

impl Watch {
    /// Takes the account that the report shows: at the end of the first steady phase, else of the run.
    pub(super) fn take_account(&self, edge: &Snapshot, phase: Option<&str>) {
        if self.accounts.kept().as_ref().is_none_or(|kept| !kept.last) {
            let taken = self.account(edge, phase, true);
            *self.accounts.kept() = taken;
        }
    }

    fn account(&self, edge: &Snapshot, phase: Option<&str>, last: bool) -> Option<Kept> {
        // No lock is held here: what is asked may ask the monitor.
        let account = self.memory.account(last)?;
        Some(Kept {
            account,
            sample: edge.resources.last.clone(),
            phase: phase.map(str::to_owned),
            last,
        })
    }

    /// The memory explained, as it is in the report of the run until `run`.
    pub(super) fn memory_report(
        &self,
        run: &Snapshot,
        vectors: Option<u64>,
    ) -> Option<MemoryReport> {
        if self.accounts.kept().as_ref().is_none_or(|kept| !kept.last) {
            let now = self.account(run, None, false);
            *self.accounts.kept() = now;
        }
        let kept = self.accounts.kept();
        let kept = kept.as_ref()?;
        Some(MemoryReport::explain(
            &kept.account,
            kept.sample.as_ref(),
            kept.phase.as_deref(),
            vectors,
        ))
    }
}
