//! Runs whose noise has a shape that is known.

use std::time::Duration;

use crate::compare::random::Random;
use crate::report::{Block, BlockOperation, OperationReport, PhaseReport, Report};
use crate::snapshot::Snapshot;
use crate::{Histogram, Monitor, RecallEstimate};

/// How latencies vary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Noise {
    /// ±10 % around the mean.
    Normal,
    /// A long tail.
    Lognormal,
    /// One in five takes four times as long.
    Bimodal,
    /// Blocks that resemble those before them: ρ = 0.6, 0.75 %.
    Autocorrelated,
    /// 4 % slower from the first block to the last.
    Drift,
    /// Single slow blocks: a neighbour on the machine.
    Bursts,
    /// ±20 % from block to block: too much to see 5 % in.
    Wild,
}

/// Shapes in which 5 % can be seen with one run a side.
pub(super) const QUIET: [Noise; 5] = [
    Noise::Normal,
    Noise::Lognormal,
    Noise::Bimodal,
    Noise::Autocorrelated,
    Noise::Bursts,
];
pub(super) const ALL: [Noise; 7] = [
    Noise::Normal,
    Noise::Lognormal,
    Noise::Bimodal,
    Noise::Autocorrelated,
    Noise::Bursts,
    Noise::Drift,
    Noise::Wild,
];

pub(super) const BLOCKS: usize = 24;
pub(super) const EACH: u64 = 400;

pub(super) fn normal(random: &mut Random) -> f64 {
    let (one, another) = (random.share().max(1e-12), random.share());
    (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * another).cos()
}

/// A run of `search`, `factor` as slow as others, of this recall; `shift` is the run's own.
pub(super) fn run(
    noise: Noise,
    random: &mut Random,
    factor: f64,
    recall: f64,
    shift: f64,
) -> Report {
    let mut blocks = Vec::new();
    let (mut whole, mut level) = (Histogram::default(), 0.0);
    for at in 0..BLOCKS {
        let step = normal(random);
        level = match noise {
            Noise::Autocorrelated => 0.6 * level + 0.006 * step,
            Noise::Drift => 0.04 * at as f64 / BLOCKS as f64 + 0.002 * step,
            Noise::Bursts if random.below(12) == 0 => 0.05,
            Noise::Wild => 0.2 * step,
            _ => 0.003 * step,
        };
        let mut histogram = Histogram::default();
        let mut sum = 0.0;
        for _ in 0..EACH {
            let shape = match noise {
                Noise::Lognormal => (0.25 * normal(random)).exp(),
                Noise::Bimodal if random.below(5) == 0 => 4.0 + 0.2 * normal(random),
                _ => 1.0 + 0.1 * normal(random),
            };
            let seconds = 1e-4 * factor * (1.0 + shift) * (1.0 + level).max(0.1) * shape.max(0.05);
            histogram.record(Duration::from_secs_f64(seconds));
            sum += seconds;
        }
        whole.merge(&histogram);
        blocks.push(Block {
            start_seconds: at as f64,
            // A closed loop: it takes as long as its operations.
            duration_seconds: sum,
            cpu_seconds: Some(sum * 0.98),
            operations: vec![BlockOperation {
                name: "search".into(),
                count: EACH,
                sum_seconds: sum,
                allocating: EACH,
                allocations: 3 * EACH,
                buckets: histogram.buckets().to_vec(),
            }],
        });
    }
    report(blocks, &whole, recall, random)
}

pub(super) fn report(
    blocks: Vec<Block>,
    whole: &Histogram,
    recall: f64,
    random: &mut Random,
) -> Report {
    let seconds: f64 = blocks.iter().map(|it| it.duration_seconds).sum();
    let snapshot = Snapshot {
        to: Duration::from_secs_f64(seconds),
        ..Snapshot::default()
    };
    let mut report = Monitor::off().report();
    let mut phase = PhaseReport::from_snapshot("search", true, &snapshot);
    let operation = crate::snapshot::OperationSnapshot {
        name: "search".into(),
        ok: whole.clone(),
        ..Default::default()
    };
    let mut operation = OperationReport::from_snapshot(&operation, snapshot.duration());
    operation.recall = judged(recall, random);
    phase.operations = vec![operation];
    phase.resources.cpu_user_seconds = Some(0.9 * seconds);
    phase.resources.cpu_system_seconds = Some(0.08 * seconds);
    phase.blocks = blocks;
    report.run.resources.peak_anonymous_swapped_bytes =
        Some((200 << 20) + (random.below(1 << 20) as u64));
    report.phases = vec![phase];
    report
}

/// 10,000 queries that find each of ten neighbours with this probability.
pub(super) fn judged(recall: f64, random: &mut Random) -> Option<RecallEstimate> {
    let mut counts = [0_u64; 11];
    for _ in 0..10_000 {
        let found = (0..10).filter(|_| random.share() < recall).count();
        counts[found] += 1;
    }
    RecallEstimate::from_counts(10, &counts)
}
