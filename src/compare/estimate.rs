//! A metric of one run: over the whole phase, and drawn from its blocks. How it varies is told by `within`, the difference of two
//! sides by `spread`.

use std::collections::BTreeMap;

use super::metric::Metric;
use super::random::Random;
use super::within::{FEWEST_BLOCKS, Lacking, Within};
use crate::report::{Block, Distribution, PhaseReport};

/// How often blocks are drawn.
const DRAWS: usize = 200;
/// Percent of steal from which on the host is taken to be shared: elsewhere there is none.
const STOLEN: f64 = 0.1;

/// An operation in one run.
pub(super) struct Run {
    blocks: Vec<Stretch>,
    /// Bucket indexes of the columns of `latencies`.
    columns: Vec<i32>,
    /// A row a block.
    latencies: Vec<f64>,
    /// The whole judged phase.
    whole: Sums,
    /// Percent of the CPU time asked for that the hypervisor gave to others; 0 where it is not told.
    stolen: f64,
}

/// What a block adds to the sums.
#[derive(Clone, Copy, Debug, Default)]
struct Stretch {
    seconds: f64,
    cpu: f64,
    count: f64,
    timed: f64,
    sum: f64,
    allocating: f64,
    allocations: f64,
}

/// Sums of blocks, and the latencies in them.
#[derive(Clone, Debug, Default)]
struct Sums {
    all: Stretch,
    latencies: Vec<f64>,
}

impl Stretch {
    fn add(&mut self, other: &Self, times: f64) {
        self.seconds += times * other.seconds;
        self.cpu += times * other.cpu;
        self.count += times * other.count;
        self.timed += times * other.timed;
        self.sum += times * other.sum;
        self.allocating += times * other.allocating;
        self.allocations += times * other.allocations;
    }

    fn of(block: &Block, name: &str) -> Self {
        let mut stretch = Self {
            seconds: block.duration_seconds,
            cpu: block.cpu_seconds.unwrap_or(f64::NAN),
            ..Self::default()
        };
        if let Some(operation) = block.operation(name) {
            stretch.count = operation.count as f64;
            stretch.timed = operation.buckets.iter().map(|it| it.1 as f64).sum();
            stretch.sum = operation.sum_seconds;
            stretch.allocating = operation.allocating as f64;
            stretch.allocations = operation.allocations as f64;
        }
        stretch
    }
}

impl Run {
    /// `name` in `phase`; `None` when it did not end there.
    pub(super) fn new(phase: &PhaseReport, name: &str) -> Option<Self> {
        let operation = phase.operation(name)?;
        let mut columns = BTreeMap::new();
        let whole_buckets = operation.latency.iter().flat_map(|it| it.buckets.iter());
        let in_blocks = phase
            .blocks
            .iter()
            .filter_map(|block| block.operation(name));
        for &(index, _) in whole_buckets
            .clone()
            .chain(in_blocks.flat_map(|it| it.buckets.iter()))
        {
            columns.entry(index).or_insert(0);
        }
        columns
            .values_mut()
            .enumerate()
            .for_each(|(at, column)| *column = at);
        let row = |buckets: &mut dyn Iterator<Item = &(i32, u64)>| {
            let mut row = vec![0.0; columns.len()];
            for (index, count) in buckets {
                if let Some(&column) = columns.get(index) {
                    row[column] += *count as f64;
                }
            }
            row
        };
        let mut latencies = Vec::with_capacity(phase.blocks.len() * columns.len());
        for block in &phase.blocks {
            let buckets = block.operation(name).map(|it| it.buckets.as_slice());
            latencies.extend(row(&mut buckets.unwrap_or_default().iter()));
        }
        let latency = operation.latency.as_ref();
        let used = &phase.resources;
        let cpu = used.cpu_user_seconds.zip(used.cpu_system_seconds);
        let timed = latency.map_or(0.0, |it| it.count as f64);
        let whole = Sums {
            all: Stretch {
                seconds: phase.duration_seconds,
                cpu: cpu.map_or(f64::NAN, |(user, system)| user + system),
                count: operation.count as f64,
                timed,
                sum: latency.map_or(0.0, |it| it.mean_seconds * timed),
                allocating: operation
                    .allocations
                    .as_ref()
                    .map_or(0.0, |it| it.operations as f64),
                allocations: operation
                    .allocations
                    .as_ref()
                    .map_or(0.0, |it| it.allocations as f64),
            },
            latencies: row(&mut whole_buckets.into_iter()),
        };
        let blocks: Vec<_> = phase
            .blocks
            .iter()
            .map(|block| Stretch::of(block, name))
            .collect();
        Some(Self {
            blocks,
            columns: columns.keys().copied().collect(),
            latencies,
            whole,
            stolen: used.cpu_interference.steal_percent.unwrap_or(0.0),
        })
    }

    /// The value over the whole phase; NaN where the report does not tell.
    pub(super) fn value(&self, metric: Metric) -> f64 {
        self.log(&self.whole, metric).exp() - metric.floor()
    }

    /// Whether others had its CPUs, too.
    pub(super) fn shares_its_cpus(&self) -> bool {
        self.stolen >= STOLEN
    }

    /// Durations that the value rests on.
    pub(super) fn timed(&self) -> f64 {
        self.whole.all.timed
    }

    fn sums(&self, weights: &[f64]) -> Sums {
        let mut sums = Sums {
            all: Stretch::default(),
            latencies: vec![0.0; self.columns.len()],
        };
        let rows = self.latencies.chunks(self.columns.len().max(1));
        for ((block, weight), row) in self.blocks.iter().zip(weights).zip(rows) {
            if *weight > 0.0 {
                sums.all.add(block, *weight);
                sums.latencies
                    .iter_mut()
                    .zip(row)
                    .for_each(|(sum, count)| *sum += weight * count);
            }
        }
        sums
    }

    /// How much the logarithm of each of `metrics` varies, or why that is not known.
    pub(super) fn estimates(&self, metrics: &[Metric], seed: u64) -> Vec<Result<Within, Lacking>> {
        let blocks = self.blocks.len();
        if blocks < FEWEST_BLOCKS {
            return vec![Err(Lacking::Blocks); metrics.len()];
        }
        let mut random = Random::new(seed);
        let mut drawn = vec![Vec::with_capacity(DRAWS); metrics.len()];
        for _ in 0..DRAWS {
            let mut weights = vec![0.0; blocks];
            (0..blocks).for_each(|_| weights[random.below(blocks)] += 1.0);
            let sums = self.sums(&weights);
            for (values, &metric) in drawn.iter_mut().zip(metrics) {
                values.push(self.log(&sums, metric));
            }
        }
        let mut singles = vec![Vec::with_capacity(blocks); metrics.len()];
        for at in 0..blocks {
            let mut weights = vec![0.0; blocks];
            weights[at] = 1.0;
            let sums = self.sums(&weights);
            for (values, &metric) in singles.iter_mut().zip(metrics) {
                values.push(self.log(&sums, metric));
            }
        }
        let together = drawn.iter().zip(&singles);
        together
            .map(|(drawn, singles)| Within::new(drawn, singles).ok_or(Lacking::Ended))
            .collect()
    }

    /// The logarithm of the metric and its floor; not finite where nothing is known.
    fn log(&self, sums: &Sums, metric: Metric) -> f64 {
        let all = &sums.all;
        let value = match metric {
            Metric::LatencyP50 => return self.log_quantile(sums, 0.5),
            Metric::LatencyP99 => return self.log_quantile(sums, 0.99),
            Metric::LatencyMean => all.sum / all.timed,
            Metric::Throughput => all.count / all.seconds,
            Metric::CpuPerOperation => all.cpu / all.count,
            Metric::Allocations => all.allocations / all.allocating,
            Metric::Recall | Metric::Errors | Metric::PeakMemory => f64::NAN,
        };
        (value + metric.floor()).ln()
    }

    /// The logarithm of the quantile, with equal density within a bucket: without steps, of which a spread of few
    /// buckets would show none or too much.
    fn log_quantile(&self, sums: &Sums, q: f64) -> f64 {
        let all: f64 = sums.latencies.iter().sum();
        let mut seen = 0.0;
        for (count, &index) in sums.latencies.iter().zip(&self.columns) {
            if *count > 0.0 && seen + count >= q * all {
                let within = ((q * all - seen) / count).clamp(0.0, 1.0);
                let place = f64::from(index) - 1.0 + within;
                return Distribution::log2_seconds(place) * std::f64::consts::LN_2;
            }
            seen += count;
        }
        f64::NAN
    }
}
