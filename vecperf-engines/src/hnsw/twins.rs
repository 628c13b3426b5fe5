//! Identical vectors share a node.
//!
//! They must: to the heuristic that picks neighbours, copies are all equally near, so a few dozen of them would fill each
//! other's links and leave none that leads out – or none that leads in.

use std::collections::HashMap;

use crate::Vectors;

/// Which rows of a set of vectors say nothing new.
#[derive(Debug)]
pub(super) struct Twins {
    /// The first row of each distinct vector, in order.
    pub(super) distinct: Vec<u32>,
    /// The later rows that equal a first one, bit by bit.
    later: HashMap<u32, Vec<u32>>,
}

impl Twins {
    /// Finds them by hash: `n log n` in 16 bytes a vector. Two different vectors of one hash are at worst not told to have
    /// further twins.
    pub(super) fn find(vectors: &Vectors) -> Self {
        let mut hashed: Vec<(u64, u32)> = vectors.rows().map(hash).zip(0..).collect();
        hashed.sort_unstable();
        let mut distinct = Vec::with_capacity(hashed.len());
        let mut later: HashMap<u32, Vec<u32>> = HashMap::new();
        for same in hashed.chunk_by(|a, b| a.0 == b.0) {
            let first = same[0].1;
            distinct.push(first);
            for &(_, row) in &same[1..] {
                if bits(vectors.row(row as usize)).eq(bits(vectors.row(first as usize))) {
                    later.entry(first).or_default().push(row);
                } else {
                    distinct.push(row);
                }
            }
        }
        distinct.sort_unstable();
        Self { distinct, later }
    }

    /// `row`, and the rows that equal it.
    #[inline(always)]
    pub(super) fn of(&self, row: u32) -> impl Iterator<Item = u32> {
        let later = if self.later.is_empty() {
            None
        } else {
            self.later.get(&row)
        };
        std::iter::once(row).chain(later.into_iter().flatten().copied())
    }
}

fn bits(row: &[f32]) -> impl Iterator<Item = u32> {
    row.iter().map(|value| value.to_bits())
}

/// Multiply and rotate: fast, and good enough where a collision costs nothing but a twin.
fn hash(row: &[f32]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15; // 2⁶⁴ / golden ratio
    bits(row).fold(0, |hash: u64, bits| {
        (hash.rotate_left(5) ^ u64::from(bits)).wrapping_mul(ODD)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_twins_bit_by_bit() {
        let vectors = Vectors::new(1, vec![2.0, 1.0, 2.0, -0.0, 0.0, 1.0, 2.0]).unwrap();
        let twins = Twins::find(&vectors);
        assert_eq!(twins.distinct, [0, 1, 3, 4]);
        assert_eq!(twins.of(0).collect::<Vec<_>>(), [0, 2, 6]);
        assert_eq!(twins.of(1).collect::<Vec<_>>(), [1, 5]);
        assert_eq!(twins.of(4).collect::<Vec<_>>(), [4]);
    }
}
