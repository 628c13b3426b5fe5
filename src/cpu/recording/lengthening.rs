//! By how much a sample lengthens the operation that it falls into.
//!
//! Sampling interrupts: some 10 µs. An operation of 50 µs then ends among the slow ones *because* it was sampled, and the
//! profile of the slow ones would show the others' functions. What the latencies are without it is known: a sample falls
//! into an instance in proportion to its time on a CPU, so the median of the sampled instances is that of all, weighted by
//! that time. What it is more is what a sample costs.

use std::collections::HashMap;

use super::splits::by_operation;
use super::tally::Tally;
use crate::cpu::attribute::{Sums, Waited};
use crate::histogram;

/// No sample was seen to cost more; a larger estimate is chance, in operations so long that it does not matter.
const MOST_NS: f64 = 30_000.0;
/// Sampled instances of an operation below which its median says little.
const FEWEST: u64 = 100;

/// The buckets of an operation.
pub(super) type Buckets = Vec<(u16, Waited)>;

/// The cost of a sample, and which instances had one.
#[derive(Debug, Default)]
pub(super) struct Lengthening {
    /// Nanoseconds.
    pub(super) of_a_sample: u64,
    /// Instances longer than this may have had several samples, and hardly mind.
    below_ns: u64,
    /// Samples by operation and latency bucket.
    sampled: HashMap<(u32, u16), u64>,
}

impl Lengthening {
    /// From what was counted, by the period between two samples. Nothing where the latencies were coarsened.
    pub(super) fn new(sums: &Sums, tally: &Tally, period_ns: u64) -> Self {
        let mut lengthening = Self::default();
        if tally.coarseness() != Default::default() {
            return lengthening;
        }
        lengthening.below_ns = period_ns / 2;
        for (key, sum) in tally.iter() {
            let ended = key.instance.filter(|instance| instance.outcome.is_some());
            if let Some(instance) = ended.filter(|it| lengthening.is_short(it.latency_bucket)) {
                let at = (instance.operation, instance.latency_bucket);
                *lengthening.sampled.entry(at).or_default() += sum.samples;
            }
        }
        lengthening.of_a_sample = lengthening.estimate(sums, period_ns as f64);
        lengthening
    }

    /// The mean over the operations, each weighted by how well its median is known.
    fn estimate(&self, sums: &Sums, period_ns: f64) -> u64 {
        let (mut total, mut weights) = (0.0, 0.0);
        for (operation, buckets) in by_operation(sums) {
            let short = buckets.iter().filter(|(bucket, _)| self.is_short(*bucket));
            let (mut sampled, mut expected) = (Vec::new(), Vec::new());
            let mut samples = 0;
            for (bucket, waited) in short {
                let here = self.samples(operation, *bucket);
                samples += here;
                sampled.push((*bucket, here as f64));
                expected.push((*bucket, unsampled_time(*bucket, waited, here, period_ns)));
            }
            let medians = median_ns(&sampled).zip(median_ns(&expected));
            if let Some((sampled, expected)) = medians.filter(|_| samples >= FEWEST) {
                let weight = samples as f64 / (sampled * sampled);
                total += weight * (sampled - expected).clamp(0.0, MOST_NS);
                weights += weight;
            }
        }
        if weights > 0.0 {
            (total / weights) as u64
        } else {
            0
        }
    }

    fn is_short(&self, bucket: u16) -> bool {
        histogram::middle_ns(bucket.into()) < self.below_ns
    }

    fn samples(&self, operation: u32, bucket: u16) -> u64 {
        let at = (operation, bucket);
        self.sampled.get(&at).copied().unwrap_or(0)
    }

    /// The bucket of a sampled instance, had it not been sampled.
    pub(super) fn without(&self, bucket: u16) -> u16 {
        if self.of_a_sample == 0 || !self.is_short(bucket) {
            return bucket;
        }
        let latency = histogram::middle_ns(bucket.into());
        let without = latency.saturating_sub(self.of_a_sample).max(1);
        u16::try_from(histogram::index(without)).unwrap_or(bucket)
    }

    /// An operation's instances by what their latencies would be without samples.
    pub(super) fn undone(&self, operation: u32, buckets: &[(u16, Waited)]) -> Buckets {
        let mut undone: HashMap<u16, Waited> = HashMap::new();
        let mut add = |bucket, instances| undone.entry(bucket).or_default().instances += instances;
        for (bucket, waited) in buckets {
            let sampled = self.samples(operation, *bucket).min(waited.instances);
            add(*bucket, waited.instances - sampled);
            add(self.without(*bucket), sampled);
        }
        let mut undone: Buckets = undone.into_iter().collect();
        undone.sort_unstable_by_key(|bucket| bucket.0);
        undone
    }
}

/// The time on a CPU of a bucket's instances, were none sampled: that of those that were not, of which there are fewer
/// the longer they are.
fn unsampled_time(bucket: u16, waited: &Waited, sampled: u64, period_ns: f64) -> f64 {
    let off = waited.blocked_ns.saturating_add(waited.preempted_ns);
    let on = waited.wall_ns.saturating_sub(off) as f64;
    let unsampled =
        waited.instances.saturating_sub(sampled) as f64 / waited.instances.max(1) as f64;
    let latency = histogram::middle_ns(bucket.into()) as f64;
    on * unsampled / (1.0 - latency / period_ns).max(0.1)
}

/// The latency in the middle of the weights, within its bucket by how much of it lies below; `None` without any.
fn median_ns(weights: &[(u16, f64)]) -> Option<f64> {
    let half = weights.iter().map(|(_, weight)| weight).sum::<f64>() / 2.0;
    let mut below = 0.0;
    for &(bucket, weight) in weights {
        if weight > 0.0 && below + weight >= half {
            let middle = histogram::middle_ns(bucket.into()) as f64;
            let next = histogram::middle_ns(usize::from(bucket) + 1) as f64;
            return Some(middle + (next - middle) * ((half - below) / weight - 0.5));
        }
        below += weight;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::attribute::Instance;
    use crate::cpu::recording::tally::{Key, Sum};
    use crate::cpu::stacks::StackId;
    use crate::cpu::unwind::End;
    use crate::segment::Outcome;

    const PERIOD_NS: u64 = 1_000_000;

    fn bucket(ns: u64) -> u16 {
        histogram::index(ns) as u16
    }

    /// Counts of operation 1: instances by latency, of which a sample hit those in proportion and made them longer.
    fn counted(latencies: &[(u64, u64)], cost_ns: u64) -> (Sums, Tally) {
        let (mut sums, mut tally) = (Sums::default(), Tally::default());
        for &(ns, instances) in latencies {
            let sampled = instances * ns / PERIOD_NS;
            for (ns, instances) in [(ns, instances - sampled), (ns + cost_ns, sampled)] {
                let sum = sums.entry((1, bucket(ns))).or_default();
                sum.instances += instances;
                sum.wall_ns += instances * ns;
            }
            let instance = Instance {
                operation: 1,
                outcome: Some(Outcome::Ok),
                label: 0,
                latency_bucket: bucket(ns + cost_ns),
            };
            let key = Key {
                stack: StackId(0),
                end: End::Root,
                thread: 0,
                phase: 0,
                instance: Some(instance),
            };
            let samples = Sum {
                samples: sampled,
                cpu_ns: sampled * PERIOD_NS,
            };
            tally.add(key, samples);
        }
        (sums, tally)
    }

    /// 30 to 60 µs, evenly, and one in a hundred of 90 µs.
    fn latencies() -> Vec<(u64, u64)> {
        let usual = (0..60).map(|step| (30_000 + 500 * step, 3_300));
        usual.chain([(90_000, 2_000)]).collect()
    }

    #[test]
    fn what_a_sample_costs_is_found_in_the_latencies() {
        for cost_ns in [0, 5_000, 12_000, 20_000] {
            let (sums, tally) = counted(&latencies(), cost_ns);
            let found = Lengthening::new(&sums, &tally, PERIOD_NS).of_a_sample;
            assert!(found.abs_diff(cost_ns) <= 700, "{found} of {cost_ns}");
        }
    }

    #[test]
    fn an_instance_is_not_slow_for_having_been_sampled() {
        let (sums, tally) = counted(&latencies(), 15_000);
        let lengthening = Lengthening::new(&sums, &tally, PERIOD_NS);
        let buckets = &by_operation(&sums)[&1];
        let instances = |buckets: &[(u16, Waited)]| -> u64 {
            let slow = buckets.iter().filter(|it| it.0 > bucket(65_000));
            slow.map(|it| it.1.instances).sum()
        };
        assert!(instances(buckets) > 2_500, "{}", instances(buckets));
        let undone = lengthening.undone(1, buckets);
        assert_eq!(instances(&undone), 2_000);
        let all = |buckets: &[(u16, Waited)]| buckets.iter().map(|it| it.1.instances).sum::<u64>();
        assert_eq!(all(&undone), all(buckets));
        assert!(lengthening.without(bucket(75_000)) <= bucket(61_000));
        let long = bucket(5_000_000);
        assert_eq!(lengthening.without(long), long);
    }

    #[test]
    fn a_few_samples_say_nothing() {
        let (sums, tally) = counted(&[(40_000, 1_000)], 15_000);
        let lengthening = Lengthening::new(&sums, &tally, PERIOD_NS);
        assert_eq!(lengthening.of_a_sample, 0);
        assert_eq!(lengthening.without(bucket(40_000)), bucket(40_000));
    }
}
