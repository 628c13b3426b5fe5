//! Totals: what the samples stand for is what the threads used.

use std::time::Duration;

use super::*;
use crate::cpu::signal::linux::arm_this_thread;

/// Of `seen`, thread by thread, within `tolerance` of the truth.
fn assert_true(seen: &Seen, truth: &[(u32, u64)], tolerance: f64) {
    for (thread, used) in truth {
        let ratio = seen.weight_of(*thread) as f64 / *used as f64;
        assert!((ratio - 1.0).abs() < tolerance, "thread {thread}: {ratio}");
    }
    assert_eq!(seen.lost, 0);
}

fn busy(back_end: BackEnd, threads: usize) -> (Vec<(u32, u64)>, Seen) {
    watched(back_end, || {
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..threads).map(|_| scope.spawn(|| burn(600))).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        })
    })
}

alone! {
    fn a_busy_thread_is_seen_with_all_its_time_by_timers() {
        let (truth, seen) = busy(BackEnd::ThreadTimer, 1);
        assert_true(&seen, &truth, 0.1);
    }

    fn two_busy_threads_are_seen_with_all_their_time_by_timers() {
        let (truth, seen) = busy(BackEnd::ThreadTimer, 2);
        assert_true(&seen, &truth, 0.1);
        for (thread, _) in truth {
            assert!(seen.of(thread).is_sorted_by_key(|sample| sample.at_ns));
        }
    }

    fn a_busy_thread_is_seen_with_all_its_time_by_the_ticker() {
        let (truth, seen) = busy(BackEnd::Ticker, 1);
        assert_true(&seen, &truth, 0.1);
    }

    fn two_busy_threads_are_seen_with_all_their_time_by_the_ticker() {
        let (truth, seen) = busy(BackEnd::Ticker, 2);
        assert_true(&seen, &truth, 0.1);
    }

    /// Samples a second are what the kernel's tick allows, and the sight says so: never more. How many less depends on
    /// how often other work takes the CPU between two ticks: 31 % were seen on a busy machine.
    fn the_highest_rate_is_the_one_achieved() {
        let (truth, seen) = busy(BackEnd::ThreadTimer, 1);
        let (thread, used) = truth[0];
        let achieved = seen.of(thread).count() as f64 / (used as f64 / 1e9);
        let highest = f64::from(seen.sight.highest_rate.unwrap_or(1_000));
        let ratio = achieved / highest;
        assert!((0.3..1.05).contains(&ratio), "{achieved} of {highest}");
        assert!(seen.sight.kernel);
    }

    fn a_full_ring_loses_samples_and_no_time() {
        let mut sampler = start(BackEnd::ThreadTimer);
        let mut seen = Seen::default();
        let truth = std::thread::spawn(move || {
            // Nobody drains: at least a hundred samples a second, into 256 slots.
            arm_this_thread();
            let (thread, first) = burn(4_000);
            seen.drain(&mut sampler);
            let (_, second) = burn(100);
            seen.drain(&mut sampler);
            drop(sampler);
            (thread, first + second, seen)
        });
        let (thread, used, seen) = truth.join().unwrap();
        assert!(seen.lost > 0, "{} samples", seen.samples.len());
        let ratio = seen.weight_of(thread) as f64 / used as f64;
        assert!((ratio - 1.0).abs() < 0.1, "{ratio}");
    }

    /// Each thread is found by its first operation, and its time from birth counts.
    fn short_threads_that_time_operations_are_seen() {
        let (truth, seen) = watched(BackEnd::ThreadTimer, || {
            (0..60)
                .map(|_| {
                    std::thread::spawn(|| {
                        arm_this_thread();
                        burn(20)
                    })
                    .join()
                    .unwrap()
                })
                .collect::<Vec<_>>()
        });
        let used: u64 = truth.iter().map(|(_, used)| used).sum();
        let seen_ns: u64 = truth.iter().map(|(thread, _)| seen.weight_of(*thread)).sum();
        // What a thread uses after its last sample is missing: half a tick of 4 ms in 20, once a thread.
        let ratio = seen_ns as f64 / used as f64;
        assert!((0.75..1.1).contains(&ratio), "{ratio}");
    }

    fn a_thread_found_late_brings_the_time_it_used_before() {
        let mut sampler = start(BackEnd::ThreadTimer);
        let mut seen = Seen::default();
        seen.drain(&mut sampler);
        let (ready, started) = mpsc::channel();
        let (go, gone) = mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            burn(100); // nobody looks for threads meanwhile
            ready.send(()).unwrap();
            gone.recv().unwrap();
            burn(200);
            (tasks::this_thread(), clock::thread_cpu_nanos())
        });
        started.recv().unwrap();
        seen.drain(&mut sampler);
        go.send(()).unwrap();
        let (thread, used) = thread.join().unwrap();
        seen.drain(&mut sampler);
        let ratio = seen.weight_of(thread) as f64 / used as f64;
        assert!((ratio - 1.0).abs() < 0.1, "{ratio}");
    }

    fn threads_have_names_and_ends() {
        let mut sampler = start(BackEnd::ThreadTimer);
        let mut seen = Seen::default();
        let (go, gone) = mpsc::channel::<()>();
        let named = |name: &str| std::thread::Builder::new().name(name.to_owned());
        let foreign = named("foreign").spawn(move || {
            let _ = gone.recv();
            tasks::this_thread()
        });
        let names = |seen: &Seen, name: &str| seen.named.values().any(|known| known == name);
        while !names(&seen, "foreign") {
            seen.drain(&mut sampler); // it may be found before it has its name
        }
        let own = named("operates").spawn(|| {
            arm_this_thread();
            burn(10).0
        });
        let own = own.unwrap().join().unwrap();
        drop(go);
        let foreign = foreign.unwrap().join().unwrap();
        // The kernel lets go of a thread a moment after it was joined.
        while seen.ended.len() < 2 {
            seen.drain(&mut sampler);
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(seen.named[&foreign], "foreign");
        assert_eq!(seen.named[&own], "operates");
        assert!(seen.ended.contains(&own) && seen.ended.contains(&foreign));
        assert!(!seen.named.contains_key(&tasks::this_thread()), "it drains");
    }
}
