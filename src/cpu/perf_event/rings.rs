//! One ring for each CPU, as large as may be locked into memory.

use super::fault::{Call, Fault};
use super::ring::Ring;

/// Data of a ring at most: what each user may lock for each CPU (`perf_event_mlock_kb`) unless it was changed. 32
/// samples with 16 KiB of stack.
const MOST: usize = 512 << 10;

/// Data of a ring at least: with less, samples are lost between two looks.
const LEAST: usize = 32 << 10;

/// The period of 1,000 samples a second, and a little less.
const SELDOM_NS: u64 = 990_000;

/// Samples that a ring must hold.
const SAMPLES: usize = 8;

/// Rings for the CPUs, of one size, for samples of this period.
pub(super) fn open(cpus: &[u32], period_ns: u64) -> Result<Vec<Ring>, Fault> {
    let page = page_size();
    let mut bytes = MOST.max(page);
    loop {
        let opened = cpus
            .iter()
            .map(|cpu| Ring::open(*cpu, bytes, wake(bytes, period_ns), page))
            .collect();
        match opened {
            // The user may lock less.
            Err(Fault::Answer {
                call: Call::Map,
                error: libc::EPERM | libc::ENOMEM,
            }) if bytes / 2 >= LEAST.max(page) => bytes /= 2,
            other => return other,
        }
    }
}

/// More rings, of the size that the others have.
pub(super) fn more(rings: &mut Vec<Ring>, cpus: &[u32], period_ns: u64) -> Result<(), Fault> {
    let page = page_size();
    let bytes = rings.first().map_or(MOST.max(page), Ring::bytes);
    for cpu in cpus {
        rings.push(Ring::open(*cpu, bytes, wake(bytes, period_ns), page)?);
    }
    Ok(())
}

/// Bytes of data to be written until the ring wakes us. Waking costs more than a sample, the thread that is sampled, too;
/// what is left of the ring must last until we run: some 15 ms.
fn wake(bytes: usize, period_ns: u64) -> usize {
    let roomy = bytes >= MOST && period_ns >= SELDOM_NS;
    bytes / if roomy { 2 } else { 4 }
}

/// The rings are smaller than they should be.
pub(super) fn small(rings: &[Ring]) -> bool {
    rings.iter().any(|ring| ring.bytes() < MOST)
}

/// The most stack a sample may have with these rings.
pub(super) fn most_stack(rings: &[Ring]) -> usize {
    let smallest = rings.iter().map(Ring::bytes).min();
    smallest.unwrap_or(MOST) / SAMPLES
}

fn page_size() -> usize {
    // SAFETY: asks for a constant of the system.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).unwrap_or(4096)
}
