//! The process's memory explained: what its anonymous memory is made of, and which mapped files are in memory.
//!
//! Each byte is counted once. A heap's figure holds everything that its allocator has given out, so a component that
//! lies in a heap says whose part of it is, and adds nothing. A component outside of the heaps adds to them.

use serde::{Deserialize, Serialize};

use crate::memory::{
    Account, Answering, ComponentReading, HeapReading, Identity, Look, Pages, RegionReading,
    RustHeap, Within,
};
use crate::resource::ResourceSample;

/// The process's memory at one moment: the end of the judged phase, else of the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MemoryReport {
    /// The moment, seconds from the monitor's start.
    pub at_seconds: f64,
    /// The phase at whose end that was; absent: none, the run's end or the moment of the report.
    pub phase: Option<String>,
    /// Anonymous and swapped memory: what is to be explained. Absent where the system does not tell.
    pub anonymous_swapped_bytes: Option<u64>,
    /// What the heaps have given out, rounding and headers included; absent where no allocator tells.
    pub heap_bytes: Option<u64>,
    /// Whose statistics `heap_bytes` is made of.
    pub heap_sources: Vec<String>,
    /// Of `heap_bytes`, what Rust code holds; absent unless `vecperf::Allocator` is installed.
    pub rust_heap_bytes: Option<u64>,
    /// Of `heap_bytes`, what other code (C, C++) holds, and the allocator's rounding; absent unless Rust's part is known.
    pub other_heap_bytes: Option<u64>,
    /// What the allocators keep for later, as far as it can still be in memory; absent where no allocator tells.
    pub heap_free_bytes: Option<u64>,
    /// Components outside of the heaps, together.
    pub outside_heap_bytes: u64,
    /// What is left when all of these are taken away: stacks, data of programs, mappings that nobody registered.
    pub unexplained_bytes: Option<u64>,
    /// 1 − `unexplained_bytes` ÷ `anonymous_swapped_bytes`.
    pub explained_share: Option<f64>,
    /// By how much the parts are more than the memory: they count what was given out, touched or not.
    pub untouched_bytes: Option<u64>,
    /// Anonymous memory that lies in huge pages; absent where the kernel does not tell.
    pub huge_page_bytes: Option<u64>,
    /// File-backed memory. Absent where the system does not tell.
    pub file_backed_bytes: Option<u64>,
    /// Of it, what lies in registered regions; absent where that cannot be told.
    pub file_backed_in_regions_bytes: Option<u64>,
    /// What the program says of its parts, as it registered them.
    pub components: Vec<ComponentReport>,
    /// Ranges of addresses that the program registered.
    pub regions: Vec<RegionReport>,
    /// What the reader should know: what is missing, and why.
    pub notes: Vec<String>,
}

/// A part of the memory, as the program tells its size.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ComponentReport {
    /// Its name.
    pub name: String,
    /// True: it lies in mappings of its own. False: in a heap, and is part of `heap_bytes`.
    pub outside_heap: bool,
    /// What it said last; absent when it never answered.
    pub bytes: Option<u64>,
    /// The most that it said.
    pub highest_bytes: Option<u64>,
    /// `bytes` ÷ the workload's vectors.
    pub bytes_per_vector: Option<f64>,
    /// When it said so, seconds from the monitor's start.
    pub answered_at_seconds: Option<f64>,
    /// True when its callback has not come back since: this is what it said before.
    pub stale: bool,
    /// Why the figure is not to be trusted; absent when it is. Such a component explains nothing.
    pub doubt: Option<String>,
}

/// A range of addresses: a mapped index, and what of it is in memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RegionReport {
    /// Its name.
    pub name: String,
    /// The file that is mapped there; absent: none, or it cannot be told.
    pub file: Option<String>,
    /// Its length.
    pub bytes: u64,
    /// Of it, in memory: reading it waits for no storage. Absent where it cannot be told.
    pub resident_bytes: Option<u64>,
    /// The same when it was first looked at.
    pub first_resident_bytes: Option<u64>,
    /// Of it, in this process's page table as pages of a file: its part of the file-backed memory.
    pub mapped_bytes: Option<u64>,
    /// Of it, in this process's page table as pages of its own: its part of the anonymous memory.
    pub anonymous_bytes: Option<u64>,
    /// Of it, swapped out.
    pub swapped_bytes: Option<u64>,
    /// Half the width of the 95 % confidence interval of these; 0 where each page was looked at.
    pub margin_bytes: u64,
    /// What is wrong with it: unmapped, something else mapped there, not to be looked at.
    pub doubt: Option<String>,
}

impl MemoryReport {
    /// Explains `account`, taken when the process used `sample`, at the end of `phase`.
    pub(crate) fn explain(
        account: &Account,
        sample: Option<&ResourceSample>,
        phase: Option<&str>,
        vectors: Option<u64>,
    ) -> Self {
        let anonymous = sample
            .and_then(|sample| sample.anonymous_bytes)
            .map(|bytes| bytes.saturating_add(swapped(sample)));
        let file_backed = sample.and_then(|sample| sample.file_backed_bytes);
        let most = most_possible(sample);
        let components: Vec<_> = account
            .components
            .iter()
            .map(|reading| component(reading, most, vectors))
            .collect();
        let regions: Vec<_> = account.regions.iter().map(region).collect();
        let mut report = Self {
            at_seconds: account.at.as_secs_f64(),
            phase: phase.map(str::to_owned),
            anonymous_swapped_bytes: anonymous,
            file_backed_bytes: file_backed,
            file_backed_in_regions_bytes: in_regions(account, file_backed),
            huge_page_bytes: account.huge_page_bytes,
            outside_heap_bytes: sum(&components, true),
            components,
            regions,
            notes: account.notes.clone(),
            ..Self::default()
        };
        report.heaps(account);
        report.balance();
        report
    }

    fn heaps(&mut self, account: &Account) {
        let sources = account.heaps.iter().map(|heap| heap.allocator.to_owned());
        self.heap_sources = sources.collect();
        let total =
            |of: fn(&HeapReading) -> u64| account.heaps.iter().map(of).fold(0, u64::saturating_add);
        let told = (!account.heaps.is_empty()).then(|| total(|heap| heap.in_use));
        self.heap_free_bytes = told.map(|_| total(|heap| heap.free));
        if let Some(rust) = account.rust {
            self.rust_heap_bytes = Some(rust.live);
            self.divide(rust, told);
        } else {
            self.heap_bytes = told;
        }
        if told.is_none() {
            let note = "no allocator of this process tells what it has given out: glibc from 2.33 and jemalloc do";
            self.notes.push(note.to_owned());
        }
    }

    /// What the allocators tell, `told`, into Rust's part and the others'.
    fn divide(&mut self, rust: RustHeap, told: Option<u64>) {
        let live = rust.live;
        let Some(told) = told else {
            self.heap_bytes = Some(live);
            return;
        };
        match rust.within {
            // What was asked for is in what was given out. Readings some microseconds apart may say otherwise.
            Within::Allocator(_) => {
                self.heap_bytes = Some(told.max(live));
                self.other_heap_bytes = Some(told.saturating_sub(live));
            }
            Within::NoneOfThem => {
                self.heap_bytes = Some(told.saturating_add(live));
                self.other_heap_bytes = Some(told);
                let note = "what Rust's allocator keeps for later and rounds up by is not told by it, and is in the rest (jemalloc \
                            tells where it is built with statistics)";
                self.notes.push(note.to_owned());
            }
            Within::Unknown => {
                self.heap_bytes = Some(told.max(live));
                let note = "other threads allocated too much for it to be found out which allocator Rust's requests end in: \
                            the heap is not divided";
                self.notes.push(note.to_owned());
            }
        }
    }

    /// Takes the parts away from the whole.
    fn balance(&mut self) {
        let Some(whole) = self.anonymous_swapped_bytes else {
            return;
        };
        let said = sum(&self.components, false);
        // Where no allocator tells, what lies in the heaps is at least what the program says of it.
        let heap = self.heap_bytes.unwrap_or(said);
        let parts = heap.saturating_add(self.outside_heap_bytes);
        if let Some(known) = self.heap_bytes.filter(|known| said > *known) {
            self.notes.push(format!(
                "components in a heap say {said} bytes together, and the heaps have given out {known}: those that lie \
                 elsewhere are to be registered with outside_heap()"
            ));
        }
        self.untouched_bytes = Some(parts.saturating_sub(whole));
        let rest = whole.saturating_sub(parts);
        // What was freed may have been given back to the kernel: it is there at most as far as something is left.
        self.heap_free_bytes = self.heap_free_bytes.map(|free| free.min(rest));
        let unexplained = rest - self.heap_free_bytes.unwrap_or(0);
        self.unexplained_bytes = Some(unexplained);
        self.explained_share = (whole > 0).then(|| 1.0 - unexplained as f64 / whole as f64);
    }
}

fn swapped(sample: Option<&ResourceSample>) -> u64 {
    sample.and_then(|sample| sample.swapped_bytes).unwrap_or(0)
}

/// More than this no part of the process can hold; `None` where the system does not tell.
fn most_possible(sample: Option<&ResourceSample>) -> Option<u64> {
    let sample = sample?;
    let parts = [
        sample.anonymous_bytes?,
        sample.file_backed_bytes.unwrap_or(0),
        sample.shared_bytes.unwrap_or(0),
        swapped(Some(sample)),
    ];
    Some(parts.into_iter().fold(0, u64::saturating_add))
}

/// What components say together, in the heaps or outside of them; the doubtful ones say nothing.
fn sum(components: &[ComponentReport], outside_heap: bool) -> u64 {
    let trusted = components
        .iter()
        .filter(|it| it.outside_heap == outside_heap && it.doubt.is_none());
    trusted
        .filter_map(|it| it.bytes)
        .fold(0, u64::saturating_add)
}

fn component(
    reading: &ComponentReading,
    most: Option<u64>,
    vectors: Option<u64>,
) -> ComponentReport {
    let bytes = reading.bytes;
    let doubt = match (reading.answering, bytes, most) {
        (Answering::Panicked, _, _) => {
            Some("its callback panicked and is not asked again".to_owned())
        }
        (Answering::Stale, None, _) => Some("its callback has not come back yet".to_owned()),
        (_, Some(bytes), Some(most)) if bytes > most => {
            Some("more than the whole process holds".to_owned())
        }
        _ => None,
    };
    // A figure that was true a while ago still explains; that it is old is said.
    let stale = matches!((reading.answering, bytes), (Answering::Stale, Some(_)));
    let per_vector = bytes.zip(vectors.filter(|&vectors| vectors > 0));
    ComponentReport {
        name: reading.name.clone(),
        outside_heap: reading.outside_heap,
        bytes,
        highest_bytes: reading.highest,
        bytes_per_vector: per_vector.map(|(bytes, vectors)| bytes as f64 / vectors as f64),
        answered_at_seconds: reading.answered_at.map(|at| at.as_secs_f64()),
        stale,
        doubt,
    }
}

fn region(reading: &RegionReading) -> RegionReport {
    let mut report = RegionReport {
        name: reading.name.clone(),
        bytes: reading.bytes,
        ..RegionReport::default()
    };
    if let Some(Identity::File(inode) | Identity::Shared(inode)) = &reading.identity {
        report.file = Some(inode.path.clone());
    }
    if let Some(Look::Seen(first)) = &reading.first {
        report.first_resident_bytes = first.resident;
    }
    match &reading.last {
        Some(Look::Seen(pages)) => {
            report.resident_bytes = pages.resident;
            report.mapped_bytes = pages.mapped;
            report.anonymous_bytes = pages.anonymous;
            report.swapped_bytes = pages.swapped;
            report.margin_bytes = pages.margin;
            report.doubt = pages.hidden.clone();
        }
        Some(Look::Unmapped) => {
            report.doubt = Some("it is not mapped any more, or not all of it".to_owned());
        }
        Some(Look::Unknown(why)) => report.doubt = Some(why.clone()),
        None => report.doubt = Some("nobody has looked at it yet".to_owned()),
    }
    if reading.identity == Some(Identity::Replaced) {
        report.doubt = Some("something else is mapped there now".to_owned());
    }
    report
}

/// What of the file-backed memory lies in regions over files; `None` where one of them cannot be told.
fn in_regions(account: &Account, file_backed: Option<u64>) -> Option<u64> {
    let of_files = account
        .regions
        .iter()
        .filter(|region| matches!(region.identity, Some(Identity::File(_))));
    let mut all = 0u64;
    for region in of_files {
        match &region.last {
            Some(Look::Seen(Pages {
                mapped: Some(mapped),
                ..
            })) => all = all.saturating_add(*mapped),
            Some(Look::Unmapped) => {}
            _ => return None,
        }
    }
    // The kernel's own sum lags behind by some pages a CPU.
    file_backed.map(|whole| all.min(whole))
}

#[cfg(test)]
#[path = "memory_tests.rs"]
mod tests;
