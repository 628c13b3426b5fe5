//! The Rust heap in the memory explained.

use vecperf::report::MemoryReport;
use vecperf::{Monitor, Settings};

const MIB: u64 = 1 << 20;

fn explained() -> MemoryReport {
    let mut settings = Settings::default();
    settings.monitoring.cpu_profiling = false;
    settings.monitoring.heap_sample_bytes = 0;
    let monitor = Monitor::in_memory(settings).unwrap();
    monitor.finish().unwrap().memory.unwrap()
}

#[test]
fn what_rust_holds_is_in_the_heap() {
    let held = std::hint::black_box(vec![1u8; 32 * MIB as usize]);
    let memory = explained();
    let rust = memory.rust_heap_bytes.unwrap();
    assert!(rust >= 32 * MIB, "{memory:?}");
    assert!(memory.heap_bytes >= Some(rust), "{memory:?}");
    drop(held);
}

/// Where the allocator tells. Tests beside this one allocate, too, and may hide for a while whose it is.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn what_c_holds_is_in_the_other_heap() {
    const SIZE: usize = 48 << 20;
    let block = unsafe { libc::malloc(SIZE) };
    assert!(!block.is_null());
    let told: Vec<_> = (0..20)
        .map(|_| explained())
        .filter(|memory| memory.other_heap_bytes.is_some())
        .collect();
    unsafe { libc::free(block) };
    let is_there = |memory: &MemoryReport| memory.other_heap_bytes >= Some(SIZE as u64);
    assert!(told.is_empty() || told.iter().any(is_there), "{told:?}");
}
