//! Totals: what the samples stand for is what the threads used.

use std::time::Duration;

use super::*;
use crate::cpu::signal::linux::arm_this_thread;
use crate::cpu::signal::linux::process::Process;

fn busy(back_end: BackEnd, threads: usize) -> (Vec<Log>, Seen) {
    watched(back_end, || {
        std::thread::scope(|scope| {
            let burn = || {
                let mut log = Log::new();
                log.burn(600);
                log
            };
            let all: Vec<_> = (0..threads).map(|_| scope.spawn(burn)).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        })
    })
}

fn assert_true(back_end: BackEnd, threads: usize) {
    let (logs, seen) = busy(back_end, threads);
    for log in &logs {
        assert!(log.agrees_with(&seen), "thread {} was not seen", log.thread);
        assert!(seen.of(log.thread).is_sorted_by_key(|sample| sample.at_ns));
    }
    assert_eq!(seen.lost, 0);
}

alone! {
    fn a_busy_thread_is_seen_with_all_its_time_by_timers() {
        assert_true(BackEnd::ThreadTimer, 1);
    }

    fn two_busy_threads_are_seen_with_all_their_time_by_timers() {
        assert_true(BackEnd::ThreadTimer, 2);
    }

    fn a_busy_thread_is_seen_with_all_its_time_by_the_ticker() {
        assert_true(BackEnd::Ticker, 1);
    }

    fn two_busy_threads_are_seen_with_all_their_time_by_the_ticker() {
        assert_true(BackEnd::Ticker, 2);
    }

    /// Samples of a busy thread come a tick apart, when nobody takes the processor away between them.
    fn the_highest_rate_is_that_of_the_kernels_tick() {
        let mut sampler = start(BackEnd::ThreadTimer);
        let sight = sampler.sight();
        assert!(sight.kernel);
        let Some(highest) = sight.highest_rate else {
            return; // the tick is no slower than what is asked for
        };
        let tick_ns = 1e9 / f64::from(highest);
        let (ended, threads) = super::life::load(1);
        let mut seen = Seen::default();
        loop {
            seen.drain(&mut sampler);
            let moments: Vec<u64> = seen.samples.iter().map(|sample| sample.at_ns).collect();
            let gaps = moments.windows(2).map(|pair| pair[1].abs_diff(pair[0]) as f64);
            if gaps.filter(|gap| (0.8..1.2).contains(&(gap / tick_ns))).count() >= 5 {
                break; // or the alarm ends it
            }
            sampler.wait(Duration::from_millis(20));
        }
        super::life::end((ended, threads));
    }

    fn a_full_ring_loses_samples_and_no_time() {
        let mut sampler = start(BackEnd::ThreadTimer);
        let mut seen = Seen::default();
        let (full, filled) = mpsc::channel();
        let (go, gone) = mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            arm_this_thread();
            let mut log = Log::new();
            let process = Process::this().unwrap();
            while process.shared.lost() < 20 {
                log.burn_on(); // nobody drains
            }
            full.send(()).unwrap();
            gone.recv().unwrap();
            log.burn(400);
            log
        });
        filled.recv().unwrap();
        seen.drain(&mut sampler);
        go.send(()).unwrap();
        let log = thread.join().unwrap();
        seen.drain(&mut sampler);
        assert!(seen.lost >= 20 && seen.samples.len() >= 256, "{}", seen.samples.len());
        assert!(log.agrees_with(&seen));
    }

    /// Each thread is found by its first operation, and its time from birth counts.
    fn short_threads_that_time_operations_are_seen() {
        let (logs, seen) = watched(BackEnd::ThreadTimer, || {
            let short = || {
                let mut log = Log::new();
                log.burn(2);
                arm_this_thread();
                log.burn(40);
                log
            };
            let one = |_| std::thread::spawn(short).join().unwrap();
            (0..30).map(one).collect::<Vec<_>>()
        });
        let found = logs.iter().filter(|log| log.agrees_with(&seen)).count();
        assert!(found >= 10, "{found} of 30");
    }

    fn a_thread_found_late_brings_the_time_it_used_before() {
        let mut sampler = start(BackEnd::ThreadTimer);
        let mut seen = Seen::default();
        seen.drain(&mut sampler);
        let (ready, started) = mpsc::channel();
        let (go, gone) = mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            let mut log = Log::new();
            log.burn(100); // nobody looks for threads meanwhile
            ready.send(()).unwrap();
            gone.recv().unwrap();
            log.burn(400);
            log
        });
        started.recv().unwrap();
        seen.drain(&mut sampler);
        go.send(()).unwrap();
        let log = thread.join().unwrap();
        seen.drain(&mut sampler);
        assert!(log.agrees_with(&seen));
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
