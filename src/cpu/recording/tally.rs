//! What was counted: samples and CPU time by stack, thread name, phase and operation instance.

use std::collections::HashMap;

use crate::cpu::attribute::Instance;
use crate::cpu::stacks::StackId;
use crate::cpu::unwind::End;

/// Keys that are kept apart, about 80 bytes each.
const MOST_KEYS: usize = 1 << 17;

/// What samples are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) stack: StackId,
    pub(super) end: End,
    /// The thread's name, a number of [`super::threads`].
    pub(super) thread: u16,
    /// A number of [`super::phases`]; 0: none.
    pub(super) phase: u16,
    /// `None`: outside of any operation, or in one that has not ended.
    pub(super) instance: Option<Instance>,
}

/// What was counted of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) samples: u64,
    pub(super) cpu_ns: u64,
}

impl Sum {
    pub(super) fn add(&mut self, other: Self) {
        self.samples += other.samples;
        self.cpu_ns += other.cpu_ns;
    }
}

/// The counts. Does not grow with the run's length: when it is full, latency buckets are joined, 8 and then 64 at a
/// time, then all; when that does not help, new keys lose their stack, and in the end all but their operation.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    sums: HashMap<Key, Sum>,
    coarseness: Coarseness,
    /// Samples that lost their stack here.
    pub(super) others: u64,
}

/// How many latency buckets count as one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Coarseness {
    shift: u16,
}

impl Coarseness {
    /// The bucket's first companion.
    pub(super) fn of(self, bucket: u16) -> u16 {
        bucket.checked_shr(self.shift.into()).unwrap_or(0) << self.shift.min(15)
    }

    fn next(self) -> Option<Self> {
        let shift = match self.shift {
            0 => 3,
            3 => 6,
            6 => 16,
            _ => return None,
        };
        Some(Self { shift })
    }
}

impl Tally {
    pub(super) fn add(&mut self, key: Key, sum: Sum) {
        self.add_within(key, sum, MOST_KEYS);
    }

    fn add_within(&mut self, key: Key, sum: Sum, most: usize) {
        let mut key = self.coarse(key);
        if let Some(known) = self.sums.get_mut(&key) {
            return known.add(sum);
        }
        while self.sums.len() >= most {
            let Some(next) = self.coarseness.next() else {
                self.others += sum.samples;
                key = without_stack(key);
                if self.sums.len() >= most + most / 8 && !self.sums.contains_key(&key) {
                    key = of_its_operation(key);
                }
                break;
            };
            self.coarseness = next;
            for (known, sum) in std::mem::take(&mut self.sums) {
                let known = self.coarse(known);
                self.sums.entry(known).or_default().add(sum);
            }
            key = self.coarse(key);
        }
        self.sums.entry(key).or_default().add(sum);
    }

    fn coarse(&self, mut key: Key) -> Key {
        if let Some(instance) = &mut key.instance {
            instance.latency_bucket = self.coarseness.of(instance.latency_bucket);
        }
        key
    }

    pub(super) fn coarseness(&self) -> Coarseness {
        self.coarseness
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Key, &Sum)> {
        self.sums.iter()
    }

    /// Bytes held, about.
    pub(super) fn bytes(&self) -> usize {
        self.sums.capacity() * (size_of::<(Key, Sum)>() + 1)
    }
}

fn without_stack(key: Key) -> Key {
    Key {
        stack: StackId::OTHER,
        end: End::Root,
        ..key
    }
}

/// What few keys have in common: an operation and how it ended.
fn of_its_operation(key: Key) -> Key {
    Key {
        thread: 0,
        phase: 0,
        instance: key.instance.map(|instance| Instance {
            label: 0,
            ..instance
        }),
        ..key
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::Outcome;

    const ONE: Sum = Sum {
        samples: 1,
        cpu_ns: 10,
    };

    fn key(stack: u32, latency_bucket: u16) -> Key {
        Key {
            stack: StackId(stack),
            end: End::Root,
            thread: 0,
            phase: 0,
            instance: Some(Instance {
                operation: 1,
                outcome: Some(Outcome::Ok),
                label: 0,
                latency_bucket,
            }),
        }
    }

    fn total(tally: &Tally) -> Sum {
        let mut total = Sum::default();
        tally.iter().for_each(|(_, sum)| total.add(*sum));
        total
    }

    #[test]
    fn a_full_tally_joins_latency_buckets_before_it_gives_up_stacks() {
        let mut tally = Tally::default();
        for bucket in 0..1000 {
            tally.add_within(key(1, bucket), ONE, 100);
        }
        assert!(tally.iter().count() <= 100);
        assert_eq!(tally.others, 0);
        assert_eq!(total(&tally).samples, 1000);
        // Fast and slow instances are still apart.
        assert_ne!(tally.coarseness().of(100), tally.coarseness().of(900));
    }

    #[test]
    fn without_end_memory_stays_bounded_and_nothing_is_lost() {
        let mut tally = Tally::default();
        for n in 0..5000_u32 {
            tally.add_within(key(n, (n % 2000) as u16), ONE, 100);
        }
        let sum = total(&tally);
        assert_eq!((sum.samples, sum.cpu_ns), (5000, 50_000));
        assert!(tally.iter().count() <= 101);
        let other = tally.iter().find(|(key, _)| key.stack == StackId::OTHER);
        assert_eq!(other.map(|(_, sum)| sum.samples), Some(tally.others));
    }

    #[test]
    fn threads_phases_and_labels_without_end_stay_bounded_too() {
        let mut tally = Tally::default();
        for n in 0..5000_u16 {
            let mut many = key(n.into(), 0);
            (many.thread, many.phase) = (n % 1000, n / 1000);
            many.instance.iter_mut().for_each(|it| it.label = n % 512);
            tally.add_within(many, ONE, 100);
        }
        assert_eq!(total(&tally).samples, 5000);
        assert!(tally.iter().count() <= 113, "{}", tally.iter().count());
    }

    #[test]
    fn coarser_buckets_keep_their_order() {
        let mut coarseness = Coarseness::default();
        while let Some(next) = coarseness.next() {
            coarseness = next;
            let coarse: Vec<_> = (0..2752).map(|bucket| coarseness.of(bucket)).collect();
            assert!(coarse.is_sorted());
        }
        assert_eq!(coarseness.of(2751), 0);
    }
}
