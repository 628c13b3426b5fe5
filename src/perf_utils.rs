//! [`PerfCounter`]: counts operations and their durations, exact under any number of threads.
//!
//! This file stands alone: std only, no unsafe, and `rustc --test src/perf_utils.rs` builds and tests it.
//!
//! # How it records
//!
//! A counter keeps one *shard* per recording thread, and a shard has one writer. So recording needs no locked
//! instruction: it is plain relaxed loads and stores on cache lines that no other thread writes.
//! A process has 128 slots; a thread takes the lowest free one at its first record and gives it
//! back when it ends. The next thread goes on counting in the same shard: numbers are cumulative and never
//! folded, so a thread that ends loses nothing, and memory follows the threads alive at one time, not all
//! that ever lived. A thread that finds no free slot, or records while its thread-locals are being destroyed,
//! adds to one *shared* shard with atomic read-modify-write: slower, just as exact.
//!
//! # What is not covered
//!
//! Recording from a signal handler can lose the operation it interrupts; recording from a global allocator can
//! deadlock at a thread's first record, which allocates. A forked child goes on with its own copy of the numbers.

use std::cell::Cell;
use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

/// Threads that record without sharing at one time; more share one shard.
const SLOTS: usize = 128;
/// Index of the shard that is shared.
const SHARED: usize = SLOTS;
/// Each power of two is cut into `2^SUB_BITS` buckets: their width is at most 1/64 of their value.
const SUB_BITS: u32 = 6;
/// Buckets in a row, one row per power of two.
const ROW: usize = 1 << SUB_BITS;
/// The longest duration told apart, 292 years; see [`WideSum`] for why not `u64::MAX`.
const LONGEST: u64 = (1 << 63) - 1;
/// Rows that hold every duration up to [`LONGEST`]: one for values below 64 ns, one per power of two from there.
const ROWS: usize = 64 - SUB_BITS as usize;
/// How often a reader tries again to see count and sum of a busy shard together.
const ATTEMPTS: usize = 32;

/// Counts operations and their durations.
///
/// Recording costs a few nanoseconds whatever the number of threads: no lock, no system call, no cache line shared
/// with another thread; only the first records of a thread allocate (about 1 KiB, and 512 bytes for each power of two
/// of nanoseconds it meets). Durations from 0 ns to 292 years (longer ones count as that) land in buckets at most
/// 1/64 wide, so a quantile is off by at most 1/128 of its value (0.78 %); count, sum and maximum are exact.
///
/// Reading never holds up a writer. It sees each running thread at most one operation apart from a consistent
/// state (a few more if that thread records without pause); all operations that ended before are in it.
///
/// ```
/// # use std::time::Duration;
/// # use vecperf::PerfCounter;
/// let counter = PerfCounter::new();
/// for ms in [10, 20, 90] {
///     counter.record_operation(Duration::from_millis(ms));
/// }
/// assert_eq!(counter.average_duration(), Duration::from_millis(40));
/// assert_eq!(counter.max_duration(), Duration::from_millis(90));
/// assert_eq!(counter.quantile(0.5).unwrap().as_millis(), 20); // within 1/128
/// ```
pub struct PerfCounter {
    started: Instant,
    /// By slot, the shared one last. Boxed lazily: most counters meet few threads.
    shards: Box<[OnceLock<Box<Shard>>; SLOTS + 1]>,
}

impl PerfCounter {
    /// A counter at zero; its clock starts now.
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
            shards: Box::new([const { OnceLock::new() }; SLOTS + 1]),
        }
    }

    /// Counts one operation that took `duration`.
    #[inline]
    pub fn record_operation(&self, duration: Duration) {
        let nanos = nanos(duration);
        let slot = Lease::slot();
        let shard = self.shards[slot].get_or_init(Shard::new);
        if slot == SHARED {
            shard.record_shared(nanos);
        } else {
            shard.record(nanos);
        }
    }

    /// Counts one operation that ends now and was due at `intended_start`.
    ///
    /// Under a fixed arrival rate, pass the time at which the request *should* have started, not the time at which
    /// it did. A stall then shows in every request it delayed; timed from the actual start it would
    /// show in one, because a caller who waits sends nothing to be measured (*coordinated omission*). A start in the
    /// future counts as zero.
    #[inline]
    pub fn record_since(&self, intended_start: Instant) {
        self.record_operation(intended_start.elapsed());
    }

    /// The mean duration; zero when nothing was recorded.
    pub fn average_duration(&self) -> Duration {
        self.totals().average()
    }

    /// Operations per second since the counter was made. For the rate of late, see [`PerfSnapshot::since`].
    pub fn operations_per_second(&self) -> f64 {
        rate(self.count(), self.started.elapsed())
    }

    /// How many operations were recorded.
    pub fn count(&self) -> u64 {
        self.totals().count
    }

    /// The longest duration, exact; zero when nothing was recorded.
    pub fn max_duration(&self) -> Duration {
        Duration::from_nanos(self.totals().max)
    }

    /// The duration that a share `q` of the operations did not exceed, within 1/128 of its value; `None`
    /// when nothing was recorded. For several quantiles take one [`snapshot`](Self::snapshot).
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        self.snapshot().quantile(q)
    }

    /// Everything recorded so far. About 1 µs per shard, whatever the number of operations.
    pub fn snapshot(&self) -> PerfSnapshot {
        let mut buckets = vec![0; ROWS * ROW];
        self.for_each_shard(|shard| shard.add_buckets_to(&mut buckets));
        let totals = self.totals();
        PerfSnapshot {
            began: self.started,
            taken: Instant::now(),
            totals,
            buckets,
        }
    }

    fn totals(&self) -> Totals {
        let mut sum = Totals::default();
        self.for_each_shard(|shard| sum.add(&shard.totals()));
        sum
    }

    fn for_each_shard<F: FnMut(&Shard)>(&self, f: F) {
        self.shards
            .iter()
            .filter_map(OnceLock::get)
            .map(|shard| &**shard)
            .for_each(f);
    }
}

impl Default for PerfCounter {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for PerfCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.totals().debug("PerfCounter", f)
    }
}

/// What a [`PerfCounter`] had recorded at one moment, or between two: plain data, about 30 KB.
///
/// Windows need no reset: keep the last snapshot and ask what came [`since`](Self::since). Any number of readers
/// can do so at the same time, each with its own window.
///
/// ```
/// # use std::time::Duration;
/// # let counter = vecperf::PerfCounter::new();
/// # counter.record_operation(Duration::from_secs(9));
/// let before = counter.snapshot();
/// counter.record_operation(Duration::from_millis(5));
/// let window = counter.snapshot().since(&before);
/// assert_eq!((window.count(), window.average_duration()), (1, Duration::from_millis(5)));
/// ```
#[derive(Clone)]
pub struct PerfSnapshot {
    began: Instant,
    taken: Instant,
    totals: Totals,
    buckets: Vec<u64>,
}

impl PerfSnapshot {
    /// What was recorded between `earlier`, an older snapshot of the same counter, and this one.
    pub fn since(&self, earlier: &PerfSnapshot) -> PerfSnapshot {
        let pairs = self.buckets.iter().zip(&earlier.buckets);
        let buckets: Vec<u64> = pairs.map(|(now, then)| now.saturating_sub(*then)).collect();
        let max = if self.totals.max > earlier.totals.max {
            self.totals.max // A new maximum: it was set in this window.
        } else {
            buckets
                .iter()
                .rposition(|n| *n > 0)
                .map_or(0, bucket_middle)
                .min(self.totals.max)
        };
        let totals = Totals {
            count: self.totals.count.saturating_sub(earlier.totals.count),
            nanos: self.totals.nanos.saturating_sub(earlier.totals.nanos),
            max,
        };
        PerfSnapshot {
            began: earlier.taken,
            taken: self.taken,
            totals,
            buckets,
        }
    }

    /// How many operations were recorded.
    pub fn count(&self) -> u64 {
        self.totals.count
    }

    /// The time this covers.
    pub fn elapsed(&self) -> Duration {
        self.taken.saturating_duration_since(self.began)
    }

    /// The mean duration; zero when nothing was recorded.
    pub fn average_duration(&self) -> Duration {
        self.totals.average()
    }

    /// Operations per second of [`elapsed`](Self::elapsed) time.
    pub fn operations_per_second(&self) -> f64 {
        rate(self.count(), self.elapsed())
    }

    /// The longest duration; zero when nothing was recorded. Exact, but for a window without a new overall
    /// maximum, where it is within 1/128 like a quantile.
    pub fn max_duration(&self) -> Duration {
        Duration::from_nanos(self.totals.max)
    }

    /// The duration that a share `q` of the operations did not exceed (`q` is clamped to 0..=1, NaN counts as 0),
    /// within 1/128 of its value; `None` when nothing was recorded.
    pub fn quantile(&self, q: f64) -> Option<Duration> {
        let count: u64 = self.buckets.iter().sum();
        let rank = ((q.max(0.0) * count as f64).ceil() as u64)
            .max(1)
            .min(count);
        let mut seen = 0;
        let bucket = self.buckets.iter().position(|n| {
            seen += n;
            *n > 0 && seen >= rank
        })?;
        Some(Duration::from_nanos(
            bucket_middle(bucket).min(self.totals.max),
        ))
    }
}

impl fmt::Debug for PerfSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.totals.debug("PerfSnapshot", f)
    }
}

/// The part of a counter that one thread writes. On its own pair of cache lines (the prefetcher fetches pairs).
#[repr(align(128))]
struct Shard {
    count: AtomicU64,
    sum: WideSum,
    max: AtomicU64,
    rows: [OnceLock<Box<Row>>; ROWS],
}

/// The buckets of one power of two.
#[repr(align(128))]
struct Row([AtomicU64; ROW]);

impl Shard {
    #[cold]
    fn new() -> Box<Self> {
        Box::new(Self {
            count: AtomicU64::new(0),
            sum: WideSum::default(),
            max: AtomicU64::new(0),
            rows: [const { OnceLock::new() }; ROWS],
        })
    }

    /// Records as the only writer: load and store, no read-modify-write.
    ///
    /// `sum` and `count` are stored with Release and loaded with Acquire. Who sees an operation counted therefore
    /// sees its sum and maximum; who sees it in the sum sees all operations before it counted. On x86 this is free.
    #[inline]
    fn record(&self, nanos: u64) {
        let bucket = self.bucket(nanos);
        bucket.store(bucket.load(Relaxed) + 1, Relaxed);
        if nanos > self.max.load(Relaxed) {
            self.max.store(nanos, Relaxed);
        }
        self.sum.add(nanos);
        self.count.store(self.count.load(Relaxed) + 1, Release);
    }

    /// Records beside other writers.
    #[cold]
    fn record_shared(&self, nanos: u64) {
        self.bucket(nanos).fetch_add(1, Relaxed);
        self.max.fetch_max(nanos, Relaxed);
        self.sum.add_shared(nanos);
        self.count.fetch_add(1, Release);
    }

    #[inline]
    fn bucket(&self, nanos: u64) -> &AtomicU64 {
        let index = bucket_index(nanos);
        let row = self.rows[index / ROW].get_or_init(Row::new);
        &row.0[index % ROW]
    }

    /// Count, sum and maximum, seen together: when the count is the same before and after, the sum has at most
    /// the one operation more that is being recorded. A writer that never pauses can spoil each attempt; then the
    /// last one stands, apart by what was recorded during it.
    fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for _ in 0..ATTEMPTS {
            totals.count = self.count.load(Acquire);
            totals.nanos = self.sum.get();
            totals.max = self.max.load(Relaxed);
            if self.count.load(Relaxed) == totals.count {
                break;
            }
        }
        totals
    }

    fn add_buckets_to(&self, buckets: &mut [u64]) {
        for (row, sums) in self.rows.iter().zip(buckets.chunks_mut(ROW)) {
            let cells = row.get().into_iter().flat_map(|row| &row.0);
            cells
                .zip(sums)
                .for_each(|(cell, sum)| *sum += cell.load(Relaxed));
        }
    }
}

impl Row {
    #[cold]
    fn new() -> Box<Self> {
        Box::new(Row([const { AtomicU64::new(0) }; ROW]))
    }
}

/// A sum of nanoseconds that does not wrap (a `u64` does after 584 thread-years, or two `Duration::MAX`).
///
/// `low` holds bits 0 to 63 and `high` the bits from 63 up: bit 63 stands in both. One addend is below 2^63
/// ([`LONGEST`]), so it moves `high` by at most one. `low` is written first and read last: a reader between
/// the two stores finds the shared bit different and knows that `high` is one behind.
#[derive(Default)]
struct WideSum {
    low: AtomicU64,
    high: AtomicU64,
}

impl WideSum {
    #[inline]
    fn add(&self, nanos: u64) {
        let old = self.low.load(Relaxed);
        let new = old.wrapping_add(nanos);
        self.low.store(new, Release);
        if (old ^ new) > LONGEST {
            self.high.store(self.high.load(Relaxed) + 1, Release);
        }
    }

    fn add_shared(&self, nanos: u64) {
        let old = self.low.fetch_add(nanos, Release);
        if (old ^ old.wrapping_add(nanos)) > LONGEST {
            self.high.fetch_add(1, Release);
        }
    }

    fn get(&self) -> u128 {
        let high = self.high.load(Acquire);
        let low = self.low.load(Acquire);
        let behind = (high ^ (low >> 63)) & 1;
        (u128::from(high + behind) << 63) | u128::from(low & LONGEST)
    }
}

/// Count, sum and maximum of some operations.
#[derive(Clone, Copy, Default)]
struct Totals {
    count: u64,
    nanos: u128,
    max: u64,
}

impl Totals {
    fn add(&mut self, other: &Totals) {
        self.count += other.count;
        self.nanos += other.nanos;
        self.max = self.max.max(other.max);
    }

    fn average(&self) -> Duration {
        // The sum of n durations is at most n * LONGEST, or one more while being recorded: the mean fits.
        let mean = self.nanos.checked_div(u128::from(self.count)).unwrap_or(0);
        Duration::from_nanos(mean.min(u128::from(self.max)) as u64)
    }

    fn debug(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let average = self.average();
        let mut fields = f.debug_struct(name);
        fields
            .field("count", &self.count)
            .field("average", &average);
        fields
            .field("max", &Duration::from_nanos(self.max))
            .finish_non_exhaustive()
    }
}

/// Which slots are taken, a bit each.
///
/// Giving a slot back is a Release, taking it an Acquire of the same word, and every write between is a
/// read-modify-write: the new owner of a shard sees all plain stores of the last one. No lock: nothing to poison, and
/// nothing for a fork to leave locked.
static TAKEN: [AtomicU64; SLOTS / 64] = [const { AtomicU64::new(0) }; SLOTS / 64];

thread_local! {
    static LEASE: Lease = const { Lease { slot: Cell::new(SHARED) } };
}

/// A thread's hold on its slot, given back when the thread ends.
struct Lease {
    slot: Cell<usize>,
}

impl Lease {
    /// This thread's slot, or [`SHARED`] if none is free or the thread is past the end of its lease.
    #[inline]
    fn slot() -> usize {
        let lease = LEASE.try_with(|lease| match lease.slot.get() {
            SHARED => lease.take(),
            slot => slot,
        });
        lease.unwrap_or(SHARED)
    }

    #[cold]
    fn take(&self) -> usize {
        for (index, word) in TAKEN.iter().enumerate() {
            let mut taken = word.load(Relaxed);
            while taken != u64::MAX {
                let bit = (!taken).trailing_zeros();
                match word.compare_exchange_weak(taken, taken | (1 << bit), Acquire, Relaxed) {
                    Ok(_) => {
                        self.slot.set(index * 64 + bit as usize);
                        return self.slot.get();
                    }
                    Err(now) => taken = now,
                }
            }
        }
        SHARED
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let slot = self.slot.replace(SHARED);
        if slot != SHARED {
            TAKEN[slot / 64].fetch_and(!(1 << (slot % 64)), Release);
        }
    }
}

/// Whole nanoseconds, at most [`LONGEST`]. The branch is predicted, so the bucket's address does not wait for a
/// saturating multiplication: 4.3 ns a record instead of 9.2 (Zen 3).
#[inline]
fn nanos(duration: Duration) -> u64 {
    match duration.as_secs() {
        secs if secs < LONGEST / 1_000_000_000 => {
            secs * 1_000_000_000 + u64::from(duration.subsec_nanos())
        }
        _ => LONGEST,
    }
}

/// Below 64 ns the bucket is the value; above, the power of two and the six bits after the leading one.
#[inline]
fn bucket_index(nanos: u64) -> usize {
    let shift = 63 - SUB_BITS - (nanos | ROW as u64).leading_zeros();
    shift as usize * ROW + (nanos >> shift) as usize
}

/// The middle of a bucket, at most 1/128 away from each value in it.
fn bucket_middle(index: usize) -> u64 {
    let shift = (index / ROW).saturating_sub(1);
    let first = ((index - shift * ROW) as u64) << shift;
    first + ((1 << shift) - 1) / 2
}

fn rate(count: u64, elapsed: Duration) -> f64 {
    if elapsed > Duration::ZERO {
        count as f64 / elapsed.as_secs_f64()
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Barrier, Mutex, MutexGuard, PoisonError};
    use std::{mem, thread};

    fn ns(nanos: u64) -> Duration {
        Duration::from_nanos(nanos)
    }

    /// Slots belong to the process: tests that count them, or take them all, take turns.
    fn alone() -> MutexGuard<'static, ()> {
        static TURN: Mutex<()> = Mutex::new(());
        TURN.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn counter_of(nanos: &[u64]) -> PerfCounter {
        let counter = PerfCounter::default();
        nanos.iter().for_each(|n| counter.record_operation(ns(*n)));
        counter
    }

    fn shards_of(counter: &PerfCounter) -> usize {
        counter
            .shards
            .iter()
            .filter(|shard| shard.get().is_some())
            .count()
    }

    #[test]
    fn an_empty_counter_reads_zero() {
        let counter = PerfCounter::new();
        assert_eq!(counter.count(), 0);
        assert_eq!(counter.average_duration(), Duration::ZERO);
        assert_eq!(counter.max_duration(), Duration::ZERO);
        assert_eq!(counter.operations_per_second(), 0.0);
        assert_eq!(counter.quantile(0.5), None);
    }

    #[test]
    fn count_average_and_maximum_are_exact() {
        let counter = counter_of(&[1, 70, 1_000_003]);
        assert_eq!(counter.count(), 3);
        assert_eq!(counter.average_duration(), ns(1_000_074 / 3));
        assert_eq!(counter.max_duration(), ns(1_000_003));
        assert_eq!(
            format!("{:?} {:?}", counter, counter.snapshot()),
            "PerfCounter { count: 3, average: 333.358µs, max: 1.000003ms, .. } \
             PerfSnapshot { count: 3, average: 333.358µs, max: 1.000003ms, .. }"
        );
    }

    #[test]
    fn the_rate_is_operations_over_elapsed_time() {
        let before = Instant::now();
        let counter = counter_of(&[5; 1000]);
        let made = Instant::now();
        let shortest = made.elapsed();
        let rate = counter.operations_per_second();
        assert!(rate >= 1000.0 / before.elapsed().as_secs_f64());
        assert!(shortest.is_zero() || rate <= 1000.0 / shortest.as_secs_f64());
    }

    #[test]
    fn the_longest_durations_neither_wrap_nor_panic() {
        let counter = PerfCounter::new();
        for n in 1..6 {
            counter.record_operation(Duration::MAX);
            assert_eq!(
                (counter.count(), counter.average_duration()),
                (n, ns(LONGEST))
            );
        }
        assert_eq!(counter.max_duration(), ns(LONGEST));
        counter.record_operation(Duration::ZERO);
        assert_eq!(
            counter.average_duration(),
            ns((u128::from(LONGEST) * 5 / 6) as u64)
        );
    }

    #[test]
    fn a_sum_read_between_its_two_stores_is_right() {
        let sum = WideSum {
            low: AtomicU64::new(LONGEST),
            high: AtomicU64::new(0),
        };
        sum.add(LONGEST);
        sum.add_shared(LONGEST);
        assert_eq!(sum.get(), u128::from(LONGEST) * 3);
        sum.high.fetch_sub(1, Relaxed); // As if the last carry were still to come.
        assert_eq!(sum.get(), u128::from(LONGEST) * 3);
    }

    #[test]
    fn every_duration_is_within_a_128th_of_its_bucket() {
        let powers = (0..63).map(|bit| 1u64 << bit);
        let values = powers.flat_map(|p| (0..200).map(move |i| p.saturating_add(p / 200 * i)));
        for value in (0..5000)
            .chain(values.map(|v| v.min(LONGEST)))
            .chain(Some(LONGEST))
        {
            let middle = bucket_middle(bucket_index(value));
            assert!(
                middle.abs_diff(value) <= value / 128,
                "{} read as {}",
                value,
                middle
            );
        }
        assert_eq!(bucket_index(LONGEST), ROWS * ROW - 1);
    }

    #[test]
    fn quantiles_are_ranks() {
        let thousand: Vec<u64> = (1..1001).map(|micros| micros * 1000).collect();
        let snapshot = counter_of(&thousand).snapshot();
        for &(q, micros) in &[
            (0.5, 500.0),
            (0.99, 990.0),
            (0.001, 1.0),
            (-1.0, 1.0),
            (f64::NAN, 1.0),
        ] {
            let read = snapshot.quantile(q).unwrap().as_secs_f64() * 1e6;
            assert!(
                (read - micros).abs() <= micros / 128.0,
                "q{} = {} µs",
                q,
                read
            );
        }
        assert_eq!(snapshot.quantile(2.0), Some(Duration::from_millis(1)));
    }

    #[test]
    fn a_window_holds_only_what_came_in_it() {
        let counter = counter_of(&[1_000_000; 10]);
        let mut before = counter.snapshot();
        counter.record_operation(ns(300));
        counter.record_operation(ns(100));
        let mut after = counter.snapshot();
        before.taken = before.began + Duration::from_secs(1);
        after.taken = before.began + Duration::from_secs(5);
        let window = after.since(&before);
        assert_eq!((window.count(), window.average_duration()), (2, ns(200)));
        assert_eq!(
            (window.elapsed(), window.operations_per_second()),
            (Duration::from_secs(4), 0.5)
        );
        assert!(window.max_duration().as_nanos().abs_diff(300) <= 300 / 128);
        assert!(window.quantile(0.5).unwrap().as_nanos().abs_diff(100) <= 1);
        let reversed = before.since(&after);
        assert_eq!((reversed.count(), reversed.elapsed()), (0, Duration::ZERO));

        counter.record_operation(Duration::from_secs(2));
        assert_eq!(
            counter.snapshot().since(&after).max_duration(),
            Duration::from_secs(2)
        );
    }

    #[test]
    fn a_late_start_counts_from_when_it_was_due() {
        let counter = PerfCounter::new();
        let due = Instant::now();
        let stalled = Duration::from_millis(1);
        while due.elapsed() < stalled {}
        counter.record_since(due);
        assert!(counter.max_duration() >= stalled);
        counter.record_since(Instant::now() + Duration::from_secs(3600));
        assert_eq!(
            (counter.count(), counter.quantile(0.0)),
            (2, Some(Duration::ZERO))
        );
    }

    #[test]
    fn threads_that_end_lose_nothing_and_leave_their_slot() {
        let _turn = alone();
        let counter = PerfCounter::new();
        for _ in 0..2 * SLOTS {
            let record = |n| (0..100).for_each(|_| counter.record_operation(ns(n)));
            thread::scope(|scope| {
                let (one, two) = (scope.spawn(|| record(3)), scope.spawn(|| record(5)));
                // The scope itself waits for the closures only, not for the thread-locals.
                one.join().and(two.join()).unwrap();
            });
        }
        assert_eq!(counter.count(), SLOTS as u64 * 400);
        assert_eq!(counter.totals().nanos, SLOTS as u128 * 1600);
        assert!(
            shards_of(&counter) < SLOTS / 2,
            "{} shards for two threads at a time",
            shards_of(&counter)
        );
    }

    #[test]
    fn more_threads_than_slots_count_exactly() {
        let _turn = alone();
        let (counter, all_began) = (PerfCounter::new(), Barrier::new(2 * SLOTS));
        thread::scope(|scope| {
            for _ in 0..2 * SLOTS {
                scope.spawn(|| {
                    counter.record_operation(ns(1));
                    all_began.wait();
                    (0..50).for_each(|_| counter.record_operation(ns(1)));
                });
            }
        });
        assert_eq!(counter.count(), 2 * SLOTS as u64 * 51);
        assert_eq!(counter.snapshot().buckets[1], counter.count());
        assert!(counter.shards[SHARED].get().is_some());
    }

    #[test]
    fn a_reader_sees_count_and_sum_together() {
        let counter = PerfCounter::new();
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| (0..50_000).for_each(|_| counter.record_operation(ns(9))));
            }
            let mut last = 0;
            while last < 100_000 {
                let now = counter.totals();
                assert!(now.count >= last && now.nanos >= u128::from(now.count) * 9);
                assert!(now.count == 0 || now.average() == ns(9));
                last = now.count;
            }
        });
    }

    #[test]
    fn a_record_from_a_dying_thread_is_counted() {
        static COUNTER: OnceLock<PerfCounter> = OnceLock::new();
        struct Last;
        impl Drop for Last {
            fn drop(&mut self) {
                COUNTER
                    .get_or_init(PerfCounter::new)
                    .record_operation(ns(7));
            }
        }
        thread_local!(static LAST: Last = const { Last });
        let counter = COUNTER.get_or_init(PerfCounter::new);
        let record = move || counter.record_operation(ns(1));
        let before = move || (LAST.with(|_| ()), record()); // Destroyed after the lease, or before it.
        let after = move || (record(), LAST.with(|_| ()));
        thread::spawn(before).join().unwrap();
        thread::spawn(after).join().unwrap();
        assert_eq!((counter.count(), counter.totals().nanos), (4, 16));
    }

    #[test]
    fn no_line_is_shared_between_writers() {
        assert_eq!(
            (mem::align_of::<Shard>(), mem::align_of::<Row>()),
            (128, 128)
        );
        fn shareable<T: Send + Sync>() {}
        shareable::<PerfCounter>();
        shareable::<PerfSnapshot>();
    }
}
