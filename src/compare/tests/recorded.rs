//! Recorded noise: blocks of real runs, drawn again as stretches of neighbours.

use super::synthetic::report;
use crate::Histogram;
use crate::compare::random::Random;
use crate::report::{Block, BlockOperation, Distribution, Report};

/// How they were recorded is written at its top.
const RECORDED: &str = include_str!("recorded.txt");
/// So many neighbours are drawn together: what a block has in common with the next ones stays.
const STRETCH: usize = 5;
/// What the host took of those of which that was not recorded: not what, but that it did.
const UNKNOWN: f64 = 1.0;

/// The blocks of one run.
pub(super) struct Recording {
    blocks: Vec<Block>,
    /// Percent of the CPU time that the host gave to others.
    stolen: f64,
}

/// The recordings of a kind.
pub(super) fn recordings(kind: &str) -> Vec<Recording> {
    let mut recordings: Vec<Recording> = Vec::new();
    let mut is_ours = false;
    for line in RECORDED.lines().filter(|line| !line.starts_with('#')) {
        if line.starts_with(char::is_alphabetic) {
            is_ours = line.starts_with(kind);
            if is_ours {
                let stolen = line
                    .split(' ')
                    .nth(2)
                    .map_or(UNKNOWN, |it| it.parse().unwrap());
                recordings.push(Recording {
                    blocks: Vec::new(),
                    stolen,
                });
            }
        } else if is_ours {
            recordings.last_mut().unwrap().blocks.push(block(line));
        }
    }
    assert_eq!(recordings.len(), 8, "{kind}");
    recordings
}

/// `µs of time, of CPU, in searches, the first bucket, its count and those of the next`; `-n`: n empty ones.
fn block(line: &str) -> Block {
    let cells: Vec<&str> = line.split(' ').collect();
    let seconds = |at: usize| cells[at].parse::<f64>().unwrap() / 1e6;
    let mut index: i32 = cells[3].parse().unwrap();
    let mut buckets = Vec::new();
    for cell in cells[4].split(',') {
        match cell.parse::<i32>().unwrap() {
            empty if empty < 0 => index -= empty,
            count => {
                buckets.push((index, u64::try_from(count).unwrap()));
                index += 1;
            }
        }
    }
    Block {
        duration_seconds: seconds(0),
        cpu_seconds: Some(seconds(1)),
        operations: vec![BlockOperation {
            name: "search".into(),
            count: buckets.iter().map(|it| it.1).sum(),
            sum_seconds: seconds(2),
            buckets,
            ..BlockOperation::default()
        }],
        ..Block::default()
    }
}

impl Recording {
    /// A run of as many blocks, in stretches from anywhere in this one, `factor` as slow, with a recall like this one.
    pub(super) fn drawn(&self, random: &mut Random, factor: f64, recall: f64) -> Report {
        let count = self.blocks.len();
        let mut blocks = Vec::with_capacity(count);
        while blocks.len() < count {
            let start = random.below(count);
            let stretch = (start..start + STRETCH).map(|at| &self.blocks[at % count]);
            let left = count - blocks.len();
            blocks.extend(
                stretch
                    .take(left)
                    .map(|block| slower(block, random, factor)),
            );
        }
        made(blocks, random, recall)
    }

    /// The run as it was, with what the host took.
    pub(super) fn whole(&self, random: &mut Random, recall: f64) -> Report {
        let mut report = made(self.blocks.clone(), random, recall);
        let used = &mut report.phases[0].resources;
        used.cpu_interference.steal_percent = Some(self.stolen);
        report
    }
}

/// Each operation takes `factor` as long: it is in another bucket, or the one after that.
fn slower(block: &Block, random: &mut Random, factor: f64) -> Block {
    let steps = 64.0 * factor.log2();
    let mut block = block.clone();
    block.duration_seconds *= factor;
    block.cpu_seconds = block.cpu_seconds.map(|it| it * factor);
    for operation in &mut block.operations {
        operation.sum_seconds *= factor;
        let mut moved = std::collections::BTreeMap::new();
        for &(index, count) in &operation.buckets {
            let (whole, part) = (steps.floor() as i32, steps - steps.floor());
            let further = (0..count).filter(|_| random.share() < part).count() as u64;
            *moved.entry(index + whole).or_insert(0) += count - further;
            *moved.entry(index + whole + 1).or_insert(0) += further;
        }
        moved.retain(|_, count| *count > 0);
        operation.buckets = moved.into_iter().collect();
    }
    block
}

fn made(blocks: Vec<Block>, random: &mut Random, recall: f64) -> Report {
    let mut buckets = std::collections::BTreeMap::new();
    let operations = || blocks.iter().flat_map(|it| &it.operations);
    for &(index, count) in operations().flat_map(|it| &it.buckets) {
        *buckets.entry(index).or_insert(0) += count;
    }
    let count: u64 = buckets.values().sum();
    let of_all = |of: fn(&Block) -> f64| blocks.iter().map(of).sum::<f64>();
    let sum = of_all(|it| it.operations.iter().map(|it| it.sum_seconds).sum());
    let cpu = of_all(|it| it.cpu_seconds.unwrap_or(0.0));
    let whole = Distribution {
        count,
        mean_seconds: sum / count as f64,
        p50_seconds: 0.0,
        p90_seconds: 0.0,
        p99_seconds: 0.0,
        p999_seconds: 0.0,
        max_seconds: 1.0,
        bucket_schema: Histogram::SCHEMA,
        buckets: buckets.into_iter().collect(),
    };
    let mut report = report(blocks, &whole.to_histogram(), recall, random);
    let used = &mut report.phases[0].resources;
    (used.cpu_user_seconds, used.cpu_system_seconds) = (Some(cpu), Some(0.0));
    report
}
