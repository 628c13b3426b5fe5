//! Samples to operation instances.

use super::futures::{Ending, Futures, Open};
use super::numbers::ByNumber;
use super::thread::{Kind, Stretch, Thread};
use super::{Instance, Pending, bucket};
use crate::segment::{Part, Segment};

/// What is kept, at most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Samples that wait for their operation's end; as many again for that of a future. What comes between two calls of
    /// [`Attribution::settle`] is on top.
    pub(crate) pending: usize,
    /// How long one waits, nanoseconds.
    pub(crate) patience_ns: u64,
    /// Segments kept for samples that are still to come.
    pub(crate) segments: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pending: 131_072,
            patience_ns: 600_000_000_000,
            segments: 131_072,
        }
    }
}

/// How attribution fared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Statistics {
    /// Samples joined to an operation instance.
    pub(crate) joined: u64,
    /// Of these, in futures that had not ended.
    pub(crate) unfinished: u64,
    /// Samples outside of every operation that ended.
    pub(crate) outside: u64,
    /// Of these, given up for want of room or patience: an operation that was still under way may have held them.
    pub(crate) given_up: u64,
    /// Segments let go, for want of room, before all samples in them had come.
    pub(crate) forgotten: u64,
}

/// Where samples go: joined to an instance, or outside of every operation.
type Take<'a, T> = &'a mut dyn FnMut(Pending<T>, Option<Instance>);

/// Holds samples until their operation has ended.
#[derive(Debug)]
pub(crate) struct Attribution<T> {
    limits: Limits,
    threads: ByNumber<u32, Thread<T>>,
    /// Samples that wait in threads.
    waiting: usize,
    /// Segments kept in threads.
    kept: usize,
    /// All samples up to here have come.
    complete_ns: u64,
    ends: Ends<T>,
}

/// Where joined samples go: out, or to their future.
#[derive(Debug)]
struct Ends<T> {
    futures: Futures<Vec<(Pending<T>, u16)>>,
    /// Samples that wait in futures.
    waiting: usize,
    statistics: Statistics,
}

impl<T: Copy> Attribution<T> {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            threads: ByNumber::default(),
            waiting: 0,
            kept: 0,
            complete_ns: 0,
            ends: Ends {
                futures: Futures::new(),
                waiting: 0,
                statistics: Statistics::default(),
            },
        }
    }

    /// A sample, by and large in the order of time for each thread; after the last `settle`'s moment.
    pub(crate) fn sample(&mut self, sample: Pending<T>) {
        self.waiting += 1;
        self.threads.entry(sample.thread).or_default().push(sample);
    }

    /// An ended segment; segments of one thread come in the order of their ends. Every sample whose operation instance
    /// is known by it goes to `take`.
    pub(crate) fn segment(&mut self, segment: &Segment, take: Take<'_, T>) {
        let Some(stretch) = Stretch::of(segment) else {
            return self.ends.ended(segment, take);
        };
        // All samples in it have come.
        let complete = stretch.end_ns <= self.complete_ns;
        let thread = match self.threads.get_mut(&segment.thread) {
            Some(thread) => thread,
            None if complete => return,
            None => self.threads.entry(segment.thread).or_default(),
        };
        let mut joined = |sample, stretch: &Stretch| {
            self.waiting -= 1;
            self.ends.join(sample, stretch, take);
        };
        thread.look_up(&mut joined);
        thread.take_in(&stretch, &mut joined);
        if complete {
            return;
        }
        if self.kept >= self.limits.segments {
            self.ends.statistics.forgotten += 1;
            if !thread.forget_one() {
                return;
            }
            self.kept -= 1;
        }
        self.kept += 1;
        thread.keep(stretch);
    }

    /// The thread has ended; its number may be another one's from here on.
    pub(crate) fn ended(&mut self, thread: u32, at_ns: u64) {
        if let Some(thread) = self.threads.get_mut(&thread) {
            thread.ended_ns = Some(at_ns);
        }
    }

    /// All samples, segments and ends of threads up to `now_ns` have come. What cannot be in any operation, or has
    /// waited too long for one, goes to `take`.
    pub(crate) fn settle(&mut self, now_ns: u64, take: Take<'_, T>) {
        self.complete_ns = self.complete_ns.max(now_ns);
        let give_up_ns = now_ns.saturating_sub(self.limits.patience_ns);
        for thread in self.threads.values_mut() {
            thread.look_up(|sample, stretch| {
                self.waiting -= 1;
                self.ends.join(sample, stretch, take);
            });
            self.kept -= thread.forget(now_ns);
            if let Some(ended_ns) = thread.ended_ns.filter(|ended_ns| *ended_ns <= now_ns) {
                thread.ended_ns = None;
                // The next one of this number starts later.
                let alone = thread.take_before(ended_ns.saturating_add(1));
                self.waiting -= self.ends.outside(alone, take);
            }
            let given_up = self.ends.outside(thread.take_before(give_up_ns), take);
            self.waiting -= given_up;
            self.ends.statistics.given_up += given_up as u64;
        }
        self.threads.retain(|_, thread| !thread.is_empty());
        self.make_room(take);
        self.ends.give_up(give_up_ns, self.limits.pending, take);
    }

    /// Those who wait longest in the thread where most wait, until there is room.
    fn make_room(&mut self, take: Take<'_, T>) {
        while self.waiting > self.limits.pending {
            let most = self.threads.values_mut();
            let Some(thread) = most.max_by_key(|thread| thread.waiting().len()) else {
                return;
            };
            let too_many = self.waiting - self.limits.pending;
            let count = thread.waiting().len().div_ceil(8).min(too_many);
            let given_up = self.ends.outside(thread.take_oldest(count), take);
            self.waiting -= given_up;
            self.ends.statistics.given_up += given_up as u64;
            if given_up == 0 {
                return;
            }
        }
    }

    /// Those that still wait, and the instance of which they would be if nothing came any more: for a look at the
    /// recording while it goes on.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = (&Pending<T>, Option<Instance>)> {
        let in_threads = self.threads.values().flat_map(Thread::waiting);
        let in_futures = self.ends.futures.open().flat_map(|open| {
            let so_far = unfinished(open);
            let each = open.what.iter();
            each.map(move |&(ref at, label)| (at, Some(Instance { label, ..so_far })))
        });
        in_threads.map(|sample| (sample, None)).chain(in_futures)
    }

    /// The end: nothing comes any more. Those in futures that have not ended belong to them, all others are outside of
    /// any operation that ended.
    pub(crate) fn finish(&mut self, take: Take<'_, T>) {
        for (_, mut thread) in self.threads.drain() {
            thread.look_up(|sample, stretch| self.ends.join(sample, stretch, take));
            self.ends.outside(thread.take_oldest(usize::MAX), take);
        }
        (self.waiting, self.kept) = (0, 0);
        self.ends.give_up(u64::MAX, 0, take);
    }

    /// Samples that wait in futures count as joined.
    pub(crate) fn statistics(&self) -> Statistics {
        let waiting = self.ends.waiting as u64;
        let mut statistics = self.ends.statistics;
        statistics.joined += waiting;
        statistics.unfinished += waiting;
        statistics
    }

    /// Bytes held, about.
    pub(crate) fn bytes(&self) -> usize {
        let in_futures = self.ends.waiting * size_of::<(Pending<T>, u16)>();
        let threads = self.threads.values().map(Thread::bytes);
        threads.sum::<usize>() + self.ends.futures.bytes() + in_futures
    }
}

impl<T> Ends<T> {
    /// The sample's innermost segment is found.
    fn join(&mut self, sample: Pending<T>, stretch: &Stretch, take: Take<'_, T>) {
        let instance = match stretch.kind {
            Kind::Whole(outcome, latency_ns) => Instance {
                operation: stretch.operation,
                outcome: Some(outcome),
                label: stretch.label,
                latency_bucket: bucket(latency_ns),
            },
            Kind::Poll(future) => {
                let poll = (stretch.start_ns, stretch.end_ns);
                match self.futures.polled(future, stretch.operation, poll) {
                    Ok(ending) => ending.instance(stretch.label),
                    Err(kept) => {
                        self.waiting += 1;
                        return kept.push((sample, stretch.label));
                    }
                }
            }
        };
        self.statistics.joined += 1;
        take(sample, Some(instance));
    }

    /// A future has ended: what waits for that goes out.
    fn ended(&mut self, segment: &Segment, take: Take<'_, T>) {
        let Part::End { future, outcome } = segment.part else {
            return;
        };
        let ending = Ending {
            operation: segment.operation,
            outcome,
            latency_bucket: bucket(segment.end_ns.saturating_sub(segment.start_ns)),
        };
        for (sample, label) in self.futures.ended(future, ending).unwrap_or_default() {
            self.waiting -= 1;
            self.statistics.joined += 1;
            take(sample, Some(ending.instance(label)));
        }
    }

    /// Samples of no operation; how many.
    fn outside(&mut self, samples: impl Iterator<Item = Pending<T>>, take: Take<'_, T>) -> usize {
        let count = samples.map(|sample| take(sample, None)).count();
        self.statistics.outside += count as u64;
        count
    }

    /// Futures not polled since `before_ns`, or too many samples in them: their operation is known, their end is not.
    fn give_up(&mut self, before_ns: u64, most: usize, take: Take<'_, T>) {
        self.unfinished(before_ns, take);
        while self.waiting > most {
            let before = self.futures.oldest_quarter();
            self.unfinished(before, take);
        }
    }

    fn unfinished(&mut self, before_ns: u64, take: Take<'_, T>) {
        let mut count = 0;
        for open in self.futures.give_up(before_ns) {
            let so_far = unfinished(&open);
            for (sample, label) in open.what {
                count += 1;
                take(sample, Some(Instance { label, ..so_far }));
            }
        }
        self.waiting -= count;
        self.statistics.joined += count as u64;
        self.statistics.unfinished += count as u64;
    }
}

fn unfinished<X>(open: &Open<X>) -> Instance {
    Instance {
        operation: open.operation,
        outcome: None,
        label: 0,
        latency_bucket: bucket(open.latency_so_far()),
    }
}
