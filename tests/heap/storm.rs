//! Allocation storms while the CPU profiler interrupts them a thousand times a second.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use vecperf::{Monitor, Settings};

use super::seen;

#[inline(never)]
fn storm(seed: u64, ended: &AtomicBool, give: &mpsc::SyncSender<Vec<u64>>) -> u64 {
    let mut state = seed | 1;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut held: Vec<Vec<u64>> = Vec::new();
    let mut rounds = 0;
    while !ended.load(Ordering::Relaxed) {
        let most = match random(10) {
            0 => 20_000,
            1 => 2_000,
            _ => 60,
        };
        let length = 1 + random(most) as usize;
        let mark = rounds ^ seed;
        let mut block = vec![mark; length];
        if random(3) == 0 {
            block.reserve_exact(length);
        }
        assert!(block.iter().all(|word| *word == mark));
        match random(4) {
            0 => held.push(block),
            1 => drop(give.try_send(block)),
            _ => {}
        }
        if held.len() > 100 {
            let at = random(held.len() as u64) as usize;
            let block = held.swap_remove(at);
            assert!(block.iter().all(|word| *word == block[0]));
        }
        rounds += 1;
    }
    rounds
}

#[test]
fn a_storm_under_the_profiler_loses_nothing() {
    let (turn, other) = seen::monitor(1_000);
    drop(other);
    let mut settings = Settings::default();
    settings.monitoring.heap_sample_bytes = 4_096;
    settings.monitoring.sample_rate = 1_000;
    let monitor = Monitor::in_memory(settings).unwrap();
    let ended = AtomicBool::new(false);
    let (give, get) = mpsc::sync_channel::<Vec<u64>>(64);
    std::thread::scope(|scope| {
        for seed in 1..4 {
            let (give, ended) = (give.clone(), &ended);
            scope.spawn(move || assert!(storm(seed * 7_919, ended, &give) > 0));
        }
        drop(give);
        scope.spawn(move || {
            for block in get {
                assert!(block.iter().all(|word| *word == block[0]));
            }
        });
        // Threads that come and go, each with a block or two.
        let end = Instant::now() + Duration::from_millis(1_500);
        while Instant::now() < end {
            let thread = scope.spawn(|| std::hint::black_box(vec![1_u8; 10_000]).len());
            assert_eq!(thread.join().unwrap(), 10_000);
        }
        ended.store(true, Ordering::Relaxed);
    });
    let profile = monitor.heap_profile().unwrap();
    let seen = seen::of(&profile, "storm::storm");
    assert!(seen.alloc_objects > 1_000, "{seen:?}");
    assert_eq!((seen.inuse_objects, seen.inuse_space), (0, 0), "{seen:?}");
    let report = monitor.finish().unwrap();
    let heap = report.heap_profile.unwrap();
    assert_eq!(heap.lost, 0);
    drop(turn);
}
