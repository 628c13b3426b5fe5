//! A child process goes on with its parent's sampled blocks.

use std::alloc::{GlobalAlloc, Layout};

use super::{ALLOCATOR, seen};

#[inline(never)]
fn kept_across_the_fork() -> Vec<Vec<u8>> {
    (0..100).map(|n| vec![n as u8; 100 + n * 900]).collect()
}

#[test]
fn a_child_frees_and_reallocates_what_was_sampled() {
    let (_turn, monitor) = seen::monitor(1);
    monitor.heap_mark(); // reads what has come so far, so that there is room for the stacks of what comes
    let kept = kept_across_the_fork();
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        let right = std::panic::catch_unwind(|| is_usable_in_the_child(kept));
        unsafe { libc::_exit(i32::from(!right.unwrap_or(false))) };
    }
    let mut status = 0;
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert!(libc::WIFEXITED(status), "the child was killed: {status}");
    assert_eq!(libc::WEXITSTATUS(status), 0, "the child went wrong");
    let seen = seen::of(&monitor.heap_profile().unwrap(), "kept_across_the_fork");
    assert_eq!(seen.inuse_objects, 101, "the parent's are as they were");
    drop(kept);
    let seen = seen::of(&monitor.heap_profile().unwrap(), "kept_across_the_fork");
    assert_eq!(seen.inuse_objects, 0);
}

fn is_usable_in_the_child(kept: Vec<Vec<u8>>) -> bool {
    let right = kept.iter().enumerate().all(|(n, block)| {
        block.len() == 100 + n * 900 && block.iter().all(|byte| *byte == n as u8)
    });
    for (n, mut block) in kept.into_iter().enumerate() {
        block.reserve_exact(50_000);
        assert!(block.iter().all(|byte| *byte == n as u8));
    }
    // Sampling is off here, and what was the region's stays usable.
    for size in [64, 5_000, 100_000] {
        let layout = Layout::from_size_align(size, 16).unwrap();
        for _ in 0..1_000 {
            let place = unsafe { ALLOCATOR.alloc_zeroed(layout) };
            assert_eq!(unsafe { place.add(size - 1).read() }, 0);
            unsafe { ALLOCATOR.dealloc(place, layout) };
        }
    }
    // A monitor of the child's own works, without a heap profile.
    let mut settings = vecperf::Settings::default();
    settings.monitoring.cpu_profiling = false;
    let own = vecperf::Monitor::in_memory(settings).unwrap();
    own.operation("in the child").measure(|| ());
    right && own.heap_profile().is_none() && own.finish().unwrap().heap_profile.is_none()
}
