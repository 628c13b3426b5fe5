//! A steady window in 16 to 32 blocks of equal length, however long it takes: when there are 32, neighbours join and the
//! next ones are twice as long.
//!
//! A block ends at a beat. The distributions are read once a block, so an hour reads them about 150 times, and only those of
//! the operations used first: neither a block nor the work at a beat grows with the number of operations.

use std::time::Duration;

use crate::snapshot::{Block, BlockOperation, OperationSnapshot};

/// Blocks at most.
const MOST: usize = Block::MOST;

/// The blocks of a window.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    open: Option<Open>,
    taken: Vec<Block>,
    /// Beats in a block.
    beats: u32,
}

/// The block under way.
#[derive(Debug)]
struct Open {
    /// Where it began, and what had been counted then; `None` until the first beat of the window.
    since: Option<(Duration, Vec<OperationSnapshot>)>,
    beats: u32,
    cpu: Option<f64>,
}

impl Open {
    fn at(since: Option<(Duration, Vec<OperationSnapshot>)>) -> Self {
        Self {
            since,
            beats: 0,
            cpu: Some(0.0),
        }
    }
}

impl Blocks {
    /// A window opens: forgets the blocks of the one before it.
    pub(crate) fn begin(&mut self) {
        *self = Self {
            open: Some(Open::at(None)),
            taken: Vec::new(),
            beats: 1,
        };
    }

    /// The window ends: its whole blocks. What came after the last of them is left out.
    pub(crate) fn end(&mut self) -> Vec<Block> {
        self.open = None;
        std::mem::take(&mut self.taken)
    }

    /// A beat at `now`, with the CPU time since the one before it; `read` gives the counts of so many operations at
    /// most, those used first.
    pub(crate) fn beat(
        &mut self,
        now: Duration,
        cpu: Option<f64>,
        read: impl FnOnce(usize) -> Vec<OperationSnapshot>,
    ) {
        let Some(open) = &mut self.open else { return };
        let Some((from, before)) = &open.since else {
            open.since = Some((now, read(Block::OPERATIONS)));
            return;
        };
        open.beats += 1;
        open.cpu = open.cpu.zip(cpu).map(|(sum, cpu)| sum + cpu);
        if open.beats < self.beats {
            return;
        }
        let counted = read(Block::OPERATIONS);
        let ended = counted.iter().filter_map(|operation| {
            let earlier = before.iter().find(|it| it.name == operation.name);
            let window =
                earlier.map_or_else(|| operation.clone(), |earlier| operation.since(earlier));
            (window.count() > 0).then(|| BlockOperation::from_snapshot(&window))
        });
        self.taken.push(Block {
            start_seconds: from.as_secs_f64(),
            duration_seconds: now.saturating_sub(*from).as_secs_f64(),
            cpu_seconds: open.cpu,
            operations: ended.take(Block::OPERATIONS).collect(),
        });
        self.open = Some(Open::at(Some((now, counted))));
        if self.taken.len() >= MOST {
            self.halve();
        }
    }

    /// Neighbours join.
    fn halve(&mut self) {
        let pairs = self.taken.chunks(2).map(|pair| {
            let mut block = pair[0].clone();
            pair[1..].iter().for_each(|later| block.join(later));
            block
        });
        self.taken = pairs.collect();
        self.beats = self.beats.saturating_mul(2);
    }

    /// The whole blocks so far.
    pub(crate) fn taken(&self) -> Vec<Block> {
        self.taken.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::histogram::Histogram;

    /// A search each millisecond, of as many microseconds as milliseconds have passed.
    fn searches(upto_ms: u64) -> Vec<OperationSnapshot> {
        let mut ok = Histogram::default();
        (0..upto_ms).for_each(|at| ok.record(Duration::from_micros(1 + at)));
        vec![OperationSnapshot {
            name: "search".into(),
            ok,
            ..OperationSnapshot::default()
        }]
    }

    fn blocks(beats: u64) -> Vec<Block> {
        let mut blocks = Blocks::default();
        blocks.begin();
        for beat in 0..=beats {
            let at = beat * 10;
            blocks.beat(Duration::from_millis(at), Some(0.01), |_| searches(at));
        }
        let taken = blocks.end();
        blocks.beat(Duration::from_secs(99), Some(1.0), |_| {
            panic!("the window has ended")
        });
        taken
    }

    #[test]
    fn there_are_sixteen_to_thirty_two_of_one_length_and_nothing_is_counted_twice() {
        for beats in [1, 5, 31, 32, 33, 100, 257] {
            let blocks = blocks(beats);
            assert!(
                blocks.len() < MOST && (beats < 32 || blocks.len() >= MOST / 2),
                "{beats}"
            );
            let length = blocks[0].duration_seconds;
            let counts: Vec<_> = blocks.iter().map(|it| it.operations[0].count).collect();
            assert!(counts.iter().all(|&it| it == counts[0]), "{counts:?}");
            for block in &blocks {
                assert!((block.duration_seconds - length).abs() < 1e-9);
                assert!((block.cpu_seconds.unwrap() - length).abs() < 1e-9);
                let search = &block.operations[0];
                assert_eq!(
                    search.buckets.iter().map(|it| it.1).sum::<u64>(),
                    search.count
                );
            }
            let all: u64 = counts.iter().sum();
            let covered = blocks.iter().map(|it| it.duration_seconds).sum::<f64>();
            assert_eq!(all, (covered * 1000.0).round() as u64);
        }
    }

    #[test]
    fn of_many_operations_the_same_first_ones_are_in_every_block() {
        let mut blocks = Blocks::default();
        blocks.begin();
        for beat in 0..=100 {
            let all = (0..2000).map(|at| OperationSnapshot {
                name: format!("{at}"),
                ..searches(beat).remove(0)
            });
            blocks.beat(Duration::from_millis(beat), Some(0.0), |most| {
                all.take(most).collect()
            });
        }
        for block in blocks.taken() {
            let names: Vec<_> = block.operations.iter().map(|it| &*it.name).collect();
            assert_eq!(names.len(), Block::OPERATIONS, "{names:?}");
            assert_eq!((names[0], names[15]), ("0", "15"));
        }
    }

    #[test]
    fn without_a_window_nothing_is_read() {
        let mut blocks = Blocks::default();
        blocks.beat(Duration::ZERO, None, |_| panic!("nobody asked"));
        assert!(blocks.taken().is_empty());
    }
}
