//! A hash for keys that are numbers we gave out ourselves: one multiplication each, where the standard one takes 20 ns.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map by such numbers.
pub(super) type ByNumber<K, V> = HashMap<K, V, Numbers>;
pub(crate) type Numbers = BuildHasherDefault<Multiplying>;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Multiplying(u64);

impl Multiplying {
    /// 2^64 divided by the golden ratio: neighbours come to lie far from each other (Knuth, volume 3, 6.4).
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

    fn take(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(26) ^ number).wrapping_mul(Self::FACTOR);
    }
}

impl Hasher for Multiplying {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.take((*byte).into()));
    }

    fn write_u16(&mut self, number: u16) {
        self.take(number.into());
    }

    fn write_u32(&mut self, number: u32) {
        self.take(number.into());
    }

    /// The table takes its place from the low bits, which a product has worst.
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::hash::{BuildHasher, Hash};

    use super::*;

    fn spread<K: Hash>(keys: impl Iterator<Item = K>) -> usize {
        let hasher = Numbers::default();
        let places: HashSet<u64> = keys.map(|key| hasher.hash_one(key) % 1024).collect();
        places.len()
    }

    #[test]
    fn keys_in_a_row_are_spread() {
        assert!(spread(0..1024_u32) > 600);
        assert!(spread((0..1024_u32).map(|n| n * 1024)) > 600);
        let pairs = (0..16_u32).flat_map(|a| (1500..1564_u16).map(move |b| (a, b)));
        assert!(spread(pairs) > 600);
    }
}
