//! Which slow operations keep their receipt: of each second the slowest, of these the latest. And from when on an operation
//! is slow: from its limit, or from the 99.9th percentile of its kind so far; where too many are, from what the slowest take.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::super::core::Core;
use super::leaving::{Left, Reader};
use super::receipt::Receipt;
use crate::clock::Moment;

/// Of one second.
const PER_SECOND: usize = 20;
/// Five minutes of full seconds, some 1.5 MB.
const MOST: usize = 300 * PER_SECOND;
/// Fewer instances have no 99.9th percentile.
const FEWEST: u64 = 1000;

/// The receipts of one recorder's slow operations.
#[derive(Debug, Default)]
pub(in crate::record) struct Kept {
    reader: Reader,
    /// In the order of their seconds, each with how many times as long as it should it took.
    receipts: VecDeque<(Receipt, f32)>,
    /// The last one, and how many of the receipts are of it.
    second: (u64, usize),
    /// The second in which it was last judged from when on operations are slow.
    judged: u64,
    missing: Missing,
    operations: HashMap<u32, Slowness>,
}

/// Slow operations without a receipt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Missing {
    /// Others of their second were slower.
    pub(crate) left_out: u64,
    /// They could not be left: too many between two beats, or on too many threads at once.
    pub(crate) lost: u64,
    /// Those that ended until then had to go for later ones.
    pub(crate) dropped_until: Option<Moment>,
}

/// The slowest operations of a stretch of time.
#[derive(Debug)]
pub(crate) struct Slowest {
    pub(crate) receipts: Vec<Receipt>,
    /// Others of the stretch that have a receipt.
    pub(crate) unlisted: usize,
    pub(crate) missing: Missing,
}

/// From when on instances of one operation are slow.
#[derive(Debug)]
struct Slowness {
    limit_ns: u64,
    /// The limit, or the percentile that is below it.
    base_ns: u64,
    /// Where too many were slower than that.
    raised_ns: Option<u64>,
    /// Instances when the percentile was taken.
    judged: u64,
    /// Of this second: how many were slow, and how long the slowest took.
    passed: usize,
    slowest: BinaryHeap<Reverse<u64>>,
}

impl Kept {
    /// At every beat, by one thread at a time, `since` the start: takes in what was left, and judges anew where a second is
    /// over. `cores` are asked for only then, and where something was left.
    pub(in crate::record) fn beat(
        &mut self,
        (started, since): (Moment, Duration),
        left: &Left,
        cores: impl FnOnce() -> Vec<Arc<Core>>,
    ) {
        let mut came = Vec::new();
        self.missing.lost += self.reader.read(left, &mut |receipt| came.push(receipt));
        let is_over = since.as_secs() > self.judged;
        if came.is_empty() && !is_over {
            return;
        }
        let mut cores = cores();
        cores.retain(|core| core.number != 0);
        for core in &cores {
            let slowness = || Slowness::new(core.bar.nanos());
            self.operations.entry(core.number).or_insert_with(slowness);
        }
        for receipt in came {
            let second = receipt.ended.since(started).as_secs();
            self.take(receipt, second);
        }
        for core in &cores {
            let Some(slowness) = self.operations.get_mut(&core.number) else {
                continue;
            };
            if is_over {
                slowness.end_second(core);
            }
            slowness.limit_rate();
            let bar = slowness.raised_ns.unwrap_or(slowness.base_ns);
            // Each second also where it stays: the clock may have changed its unit.
            if is_over || bar != core.bar.nanos() {
                core.bar.set(bar);
            }
        }
        if is_over {
            self.judged = since.as_secs();
        }
    }

    /// Keeps the receipt of an operation that ended in that second, unless enough others in it were slower.
    fn take(&mut self, receipt: Receipt, second: u64) {
        // Threads are read one after the other: what ended before counts with the second under way.
        if second > self.second.0 {
            self.second = (second, 0);
        }
        let slowness = self.operations.get_mut(&receipt.operation);
        let times = slowness.map_or(0.0, |slowness| slowness.saw(receipt.latency_ns));
        if self.second.1 >= PER_SECOND {
            self.missing.left_out += 1;
            let first = self.receipts.len().saturating_sub(PER_SECOND);
            let of_second = self.receipts.range(first..).enumerate();
            let least = of_second.min_by(|a, b| a.1.1.total_cmp(&b.1.1));
            match least {
                Some((at, least)) if least.1 < times => _ = self.receipts.remove(first + at),
                _ => return,
            }
            self.receipts.push_back((receipt, times));
            return;
        }
        if self.receipts.len() >= MOST {
            let oldest = self.receipts.pop_front().map(|(oldest, _)| oldest.ended);
            self.missing.dropped_until = oldest.max(self.missing.dropped_until);
        }
        self.receipts.push_back((receipt, times));
        self.second.1 += 1;
    }

    /// Those that ended from a moment on and took longest for their kind, at most `most`, in the order of their ends.
    pub(in crate::record) fn slowest(&self, from: Moment, most: usize) -> Slowest {
        let since = self
            .receipts
            .iter()
            .filter(|(receipt, _)| receipt.ended >= from);
        let mut since: Vec<_> = since.collect();
        since.sort_by(|a, b| b.1.total_cmp(&a.1));
        let unlisted = since.len().saturating_sub(most);
        since.truncate(most);
        let mut receipts: Vec<_> = since.into_iter().map(|(receipt, _)| *receipt).collect();
        receipts.sort_by_key(|receipt| receipt.ended);
        Slowest {
            receipts,
            unlisted,
            missing: self.missing,
        }
    }

    /// Bytes held, about.
    pub(in crate::record) fn bytes(&self) -> usize {
        let slowness = size_of::<(u32, Slowness)>() + PER_SECOND * size_of::<u64>();
        self.receipts.capacity() * size_of::<(Receipt, f32)>() + self.operations.len() * slowness
    }
}

impl Slowness {
    fn new(limit_ns: u64) -> Self {
        Self {
            limit_ns,
            base_ns: limit_ns,
            raised_ns: None,
            judged: 0,
            passed: 0,
            slowest: BinaryHeap::new(),
        }
    }

    /// One that was slow; how many times as long as it should it took.
    fn saw(&mut self, latency_ns: u64) -> f32 {
        self.passed += 1;
        self.slowest.push(Reverse(latency_ns));
        if self.slowest.len() > PER_SECOND {
            self.slowest.pop();
        }
        latency_ns as f32 / self.base_ns.max(1) as f32
    }

    /// Where many more are slow than a second keeps, only those are from here on that are as slow as those it keeps.
    fn limit_rate(&mut self) {
        if self.passed > 2 * PER_SECOND
            && let Some(Reverse(least)) = self.slowest.peek()
        {
            self.raised_ns = self.raised_ns.max(Some(*least));
        }
    }

    fn end_second(&mut self, core: &Core) {
        self.limit_rate();
        if self.passed < PER_SECOND / 2
            && let Some(raised_ns) = self.raised_ns
        {
            let above = raised_ns.saturating_sub(self.base_ns) / 2;
            self.raised_ns = (above > self.base_ns / 16).then(|| self.base_ns + above);
        }
        (self.passed, self.slowest) = (0, BinaryHeap::new());
        let ended = core.ended();
        // A percentile of so many changes little until there are a quarter more.
        if ended >= FEWEST && ended >= self.judged + self.judged / 4 {
            self.judged = ended;
            let latencies = core.latencies();
            let p999 = latencies
                .quantile(0.999)
                .filter(|_| latencies.count() >= FEWEST);
            let p999 = p999.map_or(u64::MAX, crate::histogram::nanos_of);
            // Beyond its bucket, which others may share.
            self.base_ns = self.limit_ns.min(p999.saturating_add(p999 / 64));
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::segment::Outcome;

    fn receipt(operation: u32, latency_ns: u64) -> Receipt {
        Receipt {
            operation,
            thread: 7,
            label: 0,
            outcome: Outcome::Ok,
            ended: Moment::now(),
            latency_ns,
            on_threads_ns: Some(latency_ns),
            spent: None,
            majors: None,
            work: None,
        }
    }

    fn kept(limits: &[(u32, u64)]) -> Kept {
        let slowness = limits
            .iter()
            .map(|&(number, limit)| (number, Slowness::new(limit)));
        Kept {
            operations: slowness.collect(),
            ..Kept::default()
        }
    }

    fn all(kept: &Kept) -> Vec<Receipt> {
        kept.receipts.iter().map(|kept| kept.0).collect()
    }

    fn latencies(kept: &Kept) -> Vec<u64> {
        let mut all: Vec<_> = all(kept).iter().map(|receipt| receipt.latency_ns).collect();
        all.sort_unstable();
        all
    }

    #[test]
    fn a_second_keeps_its_slowest_and_counts_the_others() {
        let mut kept = kept(&[(1, 100)]);
        // Neither the first nor the last ones.
        (0..1000).for_each(|n| kept.take(receipt(1, 101 + n * 617 % 1000), 5));
        let slowest: Vec<_> = (1081..=1100).collect();
        assert_eq!(latencies(&kept), slowest);
        assert_eq!(kept.missing.left_out, 980);
        kept.take(receipt(1, 101), 6);
        kept.take(receipt(1, 102), 5); // another thread's, read later
        assert_eq!(all(&kept).len(), PER_SECOND + 2);
        assert_eq!(kept.missing.left_out, 980);
    }

    #[test]
    fn an_operation_that_always_takes_long_does_not_push_out_a_short_one_that_takes_long_for_once()
    {
        let mut kept = kept(&[(1, 1_000_000), (2, 1_000)]);
        kept.take(receipt(2, 9_000), 0);
        (0..100).for_each(|n| kept.take(receipt(1, 1_000_001 + n), 0));
        assert_eq!(latencies(&kept)[0], 9_000);
    }

    #[test]
    fn the_oldest_go_and_that_is_told() {
        let mut kept = kept(&[(1, 100)]);
        (0..MOST as u64 + 2).for_each(|second| kept.take(receipt(1, 101 + second), second));
        assert_eq!(latencies(&kept)[0], 103);
        assert_eq!(all(&kept).len(), MOST);
        assert!(kept.missing.dropped_until < all(&kept).first().map(|first| first.ended));
        assert!(kept.missing.dropped_until.is_some() && kept.missing.left_out == 0);
    }

    #[test]
    fn a_report_lists_those_that_took_longest_for_their_kind() {
        let started = Moment::now();
        let mut kept = kept(&[(1, 100), (2, 10_000)]);
        for second in 0..10 {
            let mut one = receipt(1 + second as u32 % 2, 20_000 + second);
            one.ended = started + Duration::from_secs(second);
            kept.take(one, second);
        }
        let slowest = kept.slowest(started + Duration::from_secs(3), 3);
        let listed: Vec<_> = slowest.receipts.iter().map(|one| one.latency_ns).collect();
        assert_eq!(
            (listed, slowest.unlisted),
            (vec![20_004, 20_006, 20_008], 4)
        );
    }

    #[test]
    fn a_second_ends_also_when_slow_ones_ended_after_it() {
        let (started, left) = (Moment::now(), Left::new());
        let core = Core::new("search", super::super::Slow::default());
        let mut kept = kept(&[(core.number, 100)]);
        let beat = |kept: &mut Kept, milliseconds: u64, slow: u64| {
            for n in 0..slow {
                let mut one = receipt(core.number, 1_000 + n);
                one.ended = started + Duration::from_millis(milliseconds);
                left.leave(&one);
            }
            let since = Duration::from_millis(milliseconds);
            kept.beat((started, since), &left, || vec![Arc::clone(&core)]);
            (kept.operations[&core.number].passed, core.bar.nanos())
        };
        // Twice as many as a second keeps, and one at the first beat of the next ones.
        assert_eq!(beat(&mut kept, 500, 41).1, 1_021);
        let over = beat(&mut kept, 1_050, 1);
        assert_eq!(over.0, 0, "counted anew");
        assert!(beat(&mut kept, 2_050, 1).1 < 1_021, "it comes down again");
        assert_eq!(all(&kept).len(), PER_SECOND + 2);
        assert_eq!((kept.missing.left_out, kept.missing.lost), (21, 0));
        let asked = || panic!("nothing was left, and the second goes on");
        kept.beat((started, Duration::from_millis(2_100)), &left, asked);
    }

    #[test]
    fn where_too_many_are_slow_the_bar_rises_to_the_slowest_and_comes_down_again() {
        let core = Core::new("search", super::super::Slow::default());
        let mut slowness = Slowness::new(100);
        (0..10_000).for_each(|n| _ = slowness.saw(101 + n));
        slowness.end_second(&core);
        assert_eq!(slowness.raised_ns, Some(10_081));
        (0..PER_SECOND as u64).for_each(|n| _ = slowness.saw(10_082 + n));
        slowness.end_second(&core);
        assert_eq!(slowness.raised_ns, Some(10_081), "as many as are kept");
        let quiet: Vec<_> = (0..12)
            .map(|_| {
                slowness.end_second(&core);
                slowness.raised_ns
            })
            .collect();
        assert_eq!(quiet[0], Some(5090));
        assert_eq!(quiet.last(), Some(&None));
    }
}
