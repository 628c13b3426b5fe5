//! Which byte is sampled, and what a sample stands for.
//!
//! A thread's allocated bytes are sampled as a Poisson process: the gaps between samples are exponential, so a block of
//! `s` bytes holds at least one sampled byte with probability p = 1 − exp(−s ÷ mean), whatever came before it. One such
//! block stands for 1 ÷ p blocks and s ÷ p bytes (Horvitz and Thompson), which is without bias for every size.

/// Objects are estimated in 1024ths, so that a block that leaves takes away exactly what it brought.
pub(crate) const PARTS: u64 = 1024;

/// What a sampled block stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weight {
    /// Blocks, in [`PARTS`].
    pub(crate) object_parts: u64,
    /// Bytes.
    pub(crate) bytes: u64,
}

/// What a sampled block of `size` bytes stands for at this mean; nothing for a size or mean of 0.
pub(crate) fn weight(size: u64, mean: u64) -> Weight {
    if size == 0 || mean == 0 {
        return Weight::default();
    }
    let size = size as f64;
    let objects = -1.0 / (-size / mean as f64).exp_m1();
    Weight {
        object_parts: (objects * PARTS as f64).round() as u64,
        bytes: (objects * size).round() as u64,
    }
}

/// Bytes from here to the next sampled one: at least 1. Rounded up, because a block holds whole bytes: then the chance
/// of a block of `s` bytes is exactly 1 − exp(−s ÷ mean).
pub(super) fn gap(random: &mut u64, mean: u64) -> u64 {
    let uniform = ((next(random) >> 11) as f64 + 1.0) * (1.0 / (1_u64 << 53) as f64); // in (0, 1]
    (-uniform.ln() * mean as f64).ceil().max(1.0) as u64
}

/// G. Steele's SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEAN: u64 = 4096;

    /// Samples of blocks of this size among `bytes` bytes of them, and what those stand for. As the allocator does it, but
    /// blocks before the next sampled one are passed over at once.
    fn sample(seed: u64, size: u64, bytes: u64) -> (u64, Weight) {
        let mut random = seed;
        let mut until = gap(&mut random, MEAN);
        let (mut taken, mut sum) = (0, Weight::default());
        loop {
            let end = until.div_ceil(size) * size;
            if end > bytes {
                return (taken, sum);
            }
            until = end + gap(&mut random, MEAN);
            let one = weight(size, MEAN);
            sum.object_parts += one.object_parts;
            sum.bytes += one.bytes;
            taken += 1;
        }
    }

    /// Count of samples, blocks and bytes, each against its truth, over 200 seeds: the mean of all is within 1 %, and
    /// each run within what its variance allows.
    #[test]
    fn estimates_have_no_bias_at_any_size() {
        const SEEDS: u64 = 200;
        for size in [1, 16, 100, 1000, 4096, 5000, 40_960] {
            let blocks = 2_000 * MEAN.max(size) / size;
            let chance = -(-(size as f64) / MEAN as f64).exp_m1();
            let (mut counts, mut objects, mut bytes) = (0.0, 0.0, 0.0);
            for seed in 0..SEEDS {
                let (taken, sum) = sample(seed * 7919, size, blocks * size);
                let expected = blocks as f64 * chance;
                let deviation = (expected * (1.0 - chance)).sqrt();
                assert!(
                    (taken as f64 - expected).abs() <= 5.0 * deviation + 1.0,
                    "size {size}, seed {seed}: {taken} samples, {expected:.0} expected"
                );
                counts += taken as f64 / expected;
                objects += sum.object_parts as f64 / PARTS as f64 / blocks as f64;
                bytes += sum.bytes as f64 / (blocks * size) as f64;
            }
            for (what, sum) in [("samples", counts), ("objects", objects), ("bytes", bytes)] {
                let bias = sum / SEEDS as f64 - 1.0;
                assert!(bias.abs() < 0.01, "size {size}: {what} are off by {bias}");
            }
        }
    }

    #[test]
    fn gaps_are_exponential_and_never_nothing() {
        let mut random = 1;
        let gaps: Vec<u64> = (0..200_000).map(|_| gap(&mut random, MEAN)).collect();
        let mean = gaps.iter().sum::<u64>() as f64 / gaps.len() as f64;
        assert!((mean / MEAN as f64 - 1.0).abs() < 0.02, "{mean}");
        let longer = gaps.iter().filter(|gap| **gap > 2 * MEAN).count() as f64;
        assert!((longer / gaps.len() as f64 - (-2.0_f64).exp()).abs() < 0.005);
        assert!(gaps.iter().all(|gap| *gap > 0));
        // With a mean of a byte next to every block is sampled.
        assert!((0..10_000).all(|_| gap(&mut random, 1) < 64));
    }

    #[test]
    fn a_weight_is_what_theory_says() {
        let close = |size, objects: f64| {
            let weight = weight(size, 524_288);
            let parts = weight.object_parts as f64 / PARTS as f64;
            assert!((parts / objects - 1.0).abs() < 1e-3, "{size}: {parts}");
            let bytes = weight.bytes as f64 / size as f64;
            assert!((bytes / objects - 1.0).abs() < 1e-3, "{size}: {bytes}");
        };
        close(1, 524_288.5);
        close(524_288, 1.581_976_7);
        close(1 << 40, 1.0);
        assert_eq!(weight(0, 524_288), Weight::default());
        assert_eq!(weight(64, 0), Weight::default());
    }
}
