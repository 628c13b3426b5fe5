//! A child process goes on with what its parent had counted.

use vecperf::allocation::totals;

use super::truth::truth;

#[test]
fn a_child_goes_on_counting() {
    let kept: Vec<Vec<u8>> = (0..1_000).map(|_| vec![1; 100]).collect();
    let child = unsafe { libc::fork() };
    assert!(child >= 0);
    if child == 0 {
        let right = std::panic::catch_unwind(|| counts_in_the_child(kept));
        unsafe { libc::_exit(i32::from(!right.unwrap_or(false))) };
    }
    let mut status = 0;
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert!(libc::WIFEXITED(status), "the child was killed: {status}");
    assert_eq!(libc::WEXITSTATUS(status), 0, "the child counted wrongly");
}

/// Alone in its process; another thread of the parent may have been between the two counts, so only what is added is
/// compared.
fn counts_in_the_child(kept: Vec<Vec<u8>>) -> bool {
    let (counted, true_counts) = (totals().unwrap(), truth());
    drop(kept);
    for _ in 0..4 {
        std::thread::spawn(|| std::hint::black_box(vec![1_u8; 5_000]).len())
            .join()
            .unwrap();
    }
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(10);
    // Until the last thread's end has been counted.
    while std::time::Instant::now() < patience {
        let (counted_now, true_now) = (totals().unwrap(), truth());
        let allocated = counted_now.allocated_bytes - counted.allocated_bytes;
        let freed = counted_now.freed_bytes - counted.freed_bytes;
        if allocated >= 20_000
            && freed >= 100_000
            && allocated == true_now.allocated_bytes - true_counts.allocated_bytes
            && freed == true_now.freed_bytes - true_counts.freed_bytes
        {
            return true;
        }
        std::thread::yield_now();
    }
    false
}
