//! Which operations are looked at for major faults, and what is found.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::*;
use crate::clock::Moment;

/// Longer than the distance between two samples.
fn spin() {
    let started = Moment::now();
    while started.elapsed() < Duration::from_micros(300) {
        std::hint::spin_loop();
    }
}

#[test]
fn long_operations_are_sampled_and_nested_ones_too() {
    let recorder = Recorder::new(10);
    let (outer, inner) = (recorder.operation("outer"), recorder.operation("inner"));
    for _ in 0..200 {
        let _outer = outer.start();
        let _inner = inner.start();
        spin();
    }
    for seen in recorder.operations() {
        let sampled = seen.faults.map_or(0, |faults| faults.sampled);
        assert!((20..=180).contains(&sampled), "{}: {sampled}", seen.name);
    }
}

#[test]
fn a_first_operation_and_those_after_a_pause_are_always_sampled() {
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    let sampled = std::thread::scope(|scope| {
        let on_a_new_thread = scope.spawn(|| {
            for _ in 0..20 {
                drop(search.start());
                (0..2).for_each(|_| spin());
            }
            only(&recorder).faults.map_or(0, |faults| faults.sampled)
        });
        on_a_new_thread.join().unwrap()
    });
    assert_eq!(sampled, 20);
}

#[test]
fn short_operations_are_sampled_seldom() {
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    let started = Moment::now();
    for _ in 0..100_000 {
        drop(search.start());
    }
    let most = started.elapsed().as_micros() / 256 + 5;
    let sampled = only(&recorder).faults.map_or(0, |faults| faults.sampled);
    assert!(u128::from(sampled) <= most, "{sampled} of at most {most}");
}

#[test]
fn what_ends_on_another_thread_is_recorded_and_not_looked_at() {
    let recorder = Recorder::new(10);
    let search = recorder.operation("search");
    std::thread::scope(|scope| {
        for _ in 0..20 {
            spin();
            let timer = search.start();
            scope.spawn(move || drop(timer)).join().unwrap();
        }
    });
    let seen = only(&recorder);
    assert_eq!((seen.count(), seen.faults), (20, None));
}

/// Pending so often, then ready.
struct Polled(u32);

impl Future for Polled {
    type Output = ();

    fn poll(mut self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        match self.0 {
            0 => Poll::Ready(()),
            _ => {
                self.0 -= 1;
                Poll::Pending
            }
        }
    }
}

#[test]
fn futures_are_sampled_over_their_polls_unless_there_are_many() {
    let sampled = |polls: u32| {
        let recorder = Recorder::new(10);
        let search = recorder.operation("search");
        for _ in 0..40 {
            // What earlier polls read is paid for by waiting.
            (0..=polls.min(64)).for_each(|_| spin());
            let mut future = pin!(search.instrument(Polled(polls)));
            let mut context = Context::from_waker(Waker::noop());
            while future.as_mut().poll(&mut context).is_pending() {}
        }
        let seen = only(&recorder);
        assert_eq!(seen.count(), 40);
        seen.faults.map_or(0, |faults| faults.sampled)
    };
    assert!(sampled(3) >= 5);
    assert_eq!(sampled(100), 0);
}

/// A file in the page cache, mapped; the cache can be dropped.
#[cfg(target_os = "linux")]
mod mapped {
    use std::fs::File;
    use std::os::fd::AsRawFd;

    pub(super) const PAGES: usize = 512;
    const PAGE: usize = 4096;

    pub(super) struct Mapped {
        file: File,
        at: *mut libc::c_void,
    }

    impl Mapped {
        pub(super) fn new() -> Self {
            let file = tempfile::tempfile().expect("a temporary file");
            std::io::Write::write_all(&mut &file, &vec![7; PAGES * PAGE]).expect("room for it");
            let (read, shared) = (libc::PROT_READ, libc::MAP_SHARED);
            // SAFETY: a new mapping of a file that this test alone has open, at an address of the kernel's choice.
            let at = unsafe {
                libc::mmap(
                    std::ptr::null_mut(),
                    PAGES * PAGE,
                    read,
                    shared,
                    file.as_raw_fd(),
                    0,
                )
            };
            assert!(at != libc::MAP_FAILED);
            // Without reading ahead, each page is a fault of its own.
            // SAFETY: the mapping is ours and of this length.
            unsafe { libc::madvise(at, PAGES * PAGE, libc::MADV_RANDOM) };
            Self { file, at }
        }

        /// False where the pages stay, as on a file system in memory.
        pub(super) fn evict(&self) -> bool {
            self.file.sync_all().expect("it can be synced");
            let length = PAGES * PAGE;
            // SAFETY: the mapping is ours and of this length; its contents stay in the file.
            unsafe { libc::madvise(self.at, length, libc::MADV_DONTNEED) };
            let advice = libc::POSIX_FADV_DONTNEED;
            // SAFETY: an open descriptor; the call only drops what can be read again.
            unsafe { libc::posix_fadvise(self.file.as_raw_fd(), 0, 0, advice) };
            let mut resident = vec![0_u8; PAGES];
            // SAFETY: one byte for each page of the mapping, which is ours.
            let known = unsafe { libc::mincore(self.at, length, resident.as_mut_ptr()) };
            known == 0 && resident.iter().filter(|page| **page & 1 == 1).count() < PAGES / 4
        }

        pub(super) fn read(&self, page: usize) -> u8 {
            assert!(page < PAGES);
            let at = self.at.cast::<u8>().wrapping_add(page * PAGE);
            // SAFETY: inside of the mapping, which is readable and lives as long as `self`.
            unsafe { at.read_volatile() }
        }
    }

    impl Drop for Mapped {
        fn drop(&mut self) {
            // SAFETY: nothing refers to the mapping any more.
            unsafe { libc::munmap(self.at, PAGES * PAGE) };
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn operations_that_wait_for_storage_are_cold_and_the_others_warm() {
    let mapped = mapped::Mapped::new();
    if !mapped.evict() {
        return; // a file system in memory: nothing is ever cold
    }
    let recorder = Recorder::new(10);
    let (cold, warm) = (recorder.operation("cold"), recorder.operation("warm"));
    for operation in [cold, warm] {
        for page in 0..mapped::PAGES {
            // Operations of a few µs, so far apart that each may be sampled.
            spin();
            operation.measure(|| assert_eq!(mapped.read(page), 7));
        }
    }
    let seen = recorder.operations();
    let [cold, warm] = [&seen[0], &seen[1]].map(|operation| operation.faults.unwrap());
    assert!(cold.sampled > 50 && warm.sampled > 50, "{cold:?} {warm:?}");
    // The kernel may have kept or dropped a page of its own accord.
    assert!(10 * cold.cold > 7 * cold.sampled, "{cold:?}");
    assert!(cold.major_faults >= cold.cold && cold.cold_nanos > 0);
    assert!(10 * warm.cold < warm.sampled, "{warm:?}");
}
