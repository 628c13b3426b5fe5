//! What one `PerfCounter::record_operation` costs, beside the obvious counter: two `fetch_add` on one cache line.
//!
//! `cargo bench --bench perf_utils [ROUNDS]`. All cases take turns within one run; a row is the median of the
//! rounds, a round the slower thread's time per record. `loop` is what the loop itself costs.

#![expect(clippy::print_stdout, reason = "a benchmark shows its result")]

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use vecperf::PerfCounter;

/// Records of one thread in one round.
const RECORDS: u64 = 500_000;

/// The counter that everybody writes first; [`PerfCounter`] must not lose to it.
#[derive(Default)]
struct TwoFetchAdds {
    operations: AtomicU64,
    nanos: AtomicU64,
}

impl TwoFetchAdds {
    #[inline]
    fn record_operation(&self, duration: Duration) {
        self.operations.fetch_add(1, Ordering::Relaxed);
        self.nanos
            .fetch_add(duration.as_nanos() as u64, Ordering::Relaxed);
    }
}

/// Nanoseconds per record of the slowest of `threads` threads that record at the same time.
fn round(threads: usize, record: impl Fn(Duration) + Sync) -> f64 {
    let durations: Vec<Duration> = (0..1024u64)
        .map(|i| Duration::from_nanos(100 + i * i))
        .collect();
    let start = Barrier::new(threads);
    let run = || {
        start.wait();
        let began = Instant::now();
        for i in 0..RECORDS {
            record(durations[(i % 1024) as usize]);
        }
        began.elapsed().as_nanos() as f64 / RECORDS as f64
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap_or(f64::NAN))
            .fold(0.0, f64::max)
    })
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    let rounds = std::env::args()
        .filter_map(|word| word.parse().ok())
        .next()
        .unwrap_or(101);
    let (ours, seed) = (PerfCounter::new(), TwoFetchAdds::default());
    let mut times = [const { Vec::new() }; 6];
    for _ in 0..rounds {
        for threads in [1, 2] {
            times[threads - 1].push(round(threads, |duration| _ = black_box(duration)));
            times[threads + 1].push(round(threads, |duration| seed.record_operation(duration)));
            times[threads + 3].push(round(threads, |duration| ours.record_operation(duration)));
        }
    }
    let [loop_1, loop_2, seed_1, seed_2, ours_1, ours_2] = times.map(|mut case| median(&mut case));
    println!("ns per record        1 thread  2 threads   ({rounds} rounds, median)");
    println!("loop                 {loop_1:8.2} {loop_2:10.2}");
    println!("two fetch_add        {seed_1:8.2} {seed_2:10.2}");
    println!("PerfCounter          {ours_1:8.2} {ours_2:10.2}");
    println!(
        "two fetch_add / ours {:8.2} {:10.2}",
        seed_1 / ours_1,
        seed_2 / ours_2
    );
}
