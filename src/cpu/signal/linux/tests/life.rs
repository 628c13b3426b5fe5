//! Sessions, threads and processes that begin and end.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use super::*;
use crate::cpu::signal::linux::arm_this_thread;

/// Threads that burn until the returned flag is set.
pub(super) fn load(threads: usize) -> (Arc<AtomicBool>, Vec<std::thread::JoinHandle<()>>) {
    let ended = Arc::new(AtomicBool::new(false));
    let running = Arc::new(AtomicUsize::new(0));
    let all = (0..threads)
        .map(|_| {
            let (ended, running) = (Arc::clone(&ended), Arc::clone(&running));
            std::thread::spawn(move || {
                running.fetch_add(1, Ordering::Release);
                while !ended.load(Ordering::Acquire) {
                    arm_this_thread();
                    burn(1);
                }
            })
        })
        .collect();
    while running.load(Ordering::Acquire) < threads {
        std::thread::yield_now();
    }
    (ended, all)
}

pub(super) fn end(load: (Arc<AtomicBool>, Vec<std::thread::JoinHandle<()>>)) {
    load.0.store(true, Ordering::Release);
    load.1.into_iter().for_each(|thread| thread.join().unwrap());
}

alone! {
    fn sessions_begin_and_end_under_load_and_leave_nothing() {
        let load = load(2);
        drop(start(BackEnd::ThreadTimer)); // the first one makes what is kept
        let left = || (timers(), entries("/proc/self/fd"), entries("/proc/self/task"), resident_kib());
        let before = left();
        let mut samples = 0;
        for round in 0..200 {
            let mut sampler = start([BackEnd::ThreadTimer, BackEnd::Ticker][round % 2]);
            let mut seen = Seen::default();
            while round % 10 == 0 && seen.samples.is_empty() {
                seen.drain(&mut sampler);
            }
            samples += seen.samples.len();
        }
        let after = left();
        assert_eq!((after.0, after.1, after.2), (before.0, before.1, before.2));
        assert_eq!(after.0, 0);
        assert!(after.3 < before.3 + 16 * 1024, "{} -> {} KiB", before.3, after.3);
        assert!(samples >= 20);
        end(load);
    }

    fn threads_that_end_leave_no_timer() {
        let mut sampler = start(BackEnd::ThreadTimer);
        let mut seen = Seen::default();
        let resting = timers();
        let mut most = 0;
        for round in 0..40 {
            let batch: Vec<_> = (0..10)
                .map(|number| std::thread::spawn(move || {
                    if number % 2 == 0 {
                        arm_this_thread();
                    }
                    burn(1).0
                }))
                .collect();
            if round % 3 == 0 {
                seen.drain(&mut sampler); // some are found while they live
            }
            for thread in batch {
                thread.join().unwrap();
            }
            seen.drain(&mut sampler);
            most = most.max(timers());
        }
        while timers() > resting {
            seen.drain(&mut sampler);
        }
        // Two batches of ten, and those of which the kernel had not let go yet.
        assert!(most <= resting + 40, "{most} timers");
        assert!(seen.ended.len() >= 200, "{} ends", seen.ended.len());
        drop(sampler);
        assert_eq!(timers(), 0);
    }

    fn more_threads_than_a_system_allows_timers_for_are_counted() {
        limit_signals_pending(20);
        let mut sampler = start(BackEnd::ThreadTimer);
        let (go, gone) = mpsc::channel::<()>();
        let gone = Arc::new(std::sync::Mutex::new(gone));
        let all: Vec<_> = (0..64)
            .map(|_| {
                let gone = Arc::clone(&gone);
                std::thread::spawn(move || gone.lock().unwrap().recv().is_ok())
            })
            .collect();
        let mut seen = Seen::default();
        seen.drain(&mut sampler);
        drop(go);
        for thread in all {
            thread.join().unwrap();
        }
        assert!(seen.sight.notes.iter().any(|note| note.contains("got no timer")), "{:?}", seen.sight);
    }

    fn a_forked_child_is_not_sampled_and_may_sample_itself() {
        for back_end in [BackEnd::ThreadTimer, BackEnd::Ticker] {
            let load = load(2);
            let mut sampler = start(back_end);
            let mut seen = Seen::default();
            for _ in 0..20 {
                let child = forked(|| in_the_child(&mut sampler, back_end));
                seen.drain(&mut sampler);
                assert_eq!(wait_for(child), 0);
            }
            let before = seen.samples.len();
            while seen.samples.len() < before + 10 {
                seen.drain(&mut sampler); // the parent goes on
            }
            drop(sampler);
            end(load);
        }
    }

    /// Pending signals outlive `execve`, and the new program has SIGPROF's default action.
    fn a_sampled_thread_may_execute_another_program() {
        for round in 0..40 {
            let back_end = [BackEnd::ThreadTimer, BackEnd::Ticker][round % 2];
            let child = forked(|| {
                let sampler = start(back_end);
                let busy = std::thread::spawn(|| {
                    arm_this_thread();
                    burn(8);
                    execute_true();
                });
                let _ = busy.join();
                drop(sampler);
                1
            });
            assert_eq!(wait_for(child), 0, "round {round}");
        }
    }

    fn a_sampled_program_may_start_others() {
        let load = load(1);
        let mut sampler = start(BackEnd::ThreadTimer);
        let mut seen = Seen::default();
        for _ in 0..20 {
            assert!(Command::new("true").status().unwrap().success());
            seen.drain(&mut sampler);
        }
        let before = seen.samples.len();
        while seen.samples.len() < before + 10 {
            seen.drain(&mut sampler); // the program goes on, or the alarm ends it
        }
        end(load);
    }
}

/// Reads as the child of a sampled process: 0, or which of its expectations failed.
fn in_the_child(sampler: &mut Sampling, back_end: BackEnd) -> i32 {
    arm_this_thread();
    burn(10);
    if timers() != 0 {
        return 2;
    }
    let mut seen = Seen::default();
    sampler.drain(&mut |_| ());
    // SAFETY: the child's copy, used for the last time: the child leaves without destructors.
    drop(unsafe { std::ptr::read(sampler) });
    let mut own = start(back_end);
    let (ended, threads) = load(1);
    while seen.samples.is_empty() {
        seen.drain(&mut own); // or the alarm ends it
    }
    end((ended, threads));
    drop(own);
    i32::from(timers() != 0) * 3
}

fn execute_true() {
    let arguments = [c"true".as_ptr(), std::ptr::null()];
    // SAFETY: strings and their list live until the program is gone.
    unsafe { libc::execv(c"/bin/true".as_ptr(), arguments.as_ptr()) };
}

fn limit_signals_pending(most: u64) {
    let limit = libc::rlimit {
        rlim_cur: most,
        rlim_max: most,
    };
    // SAFETY: the limit lives through the call.
    let status = unsafe { libc::setrlimit(libc::RLIMIT_SIGPENDING, &raw const limit) };
    assert_eq!(status, 0);
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
