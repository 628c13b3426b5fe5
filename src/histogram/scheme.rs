//! Which bucket a duration falls into: integer arithmetic only, exact at every boundary.
//!
//! Prometheus' native schema 6 has 64 buckets per power of two, with boundaries at 2^(i/64) *seconds*. A duration is
//! an integer of nanoseconds, so within a power of two of nanoseconds the 64 boundaries are rotated: the seconds'
//! grid starts at 10^9 = 1.86 · 2^29. One table look-up by the top seven bits of the mantissa and one comparison give
//! the bucket, since no cell of the table holds two boundaries.

/// Buckets per power of two.
pub(crate) const SUB_BUCKETS: usize = 64;
/// Powers of two of nanoseconds: 1 ns to 2^43 ns (2 h 26 min). Longer durations fall into the last bucket.
pub(crate) const OCTAVES: usize = 43;
/// Buckets in all.
pub(crate) const BUCKETS: usize = OCTAVES * SUB_BUCKETS;
/// The dense index of the bucket that ends at 1 second.
const ONE_SECOND: i32 = 1913;

/// 2^(1/64) · 2^63, rounded down.
const ROOT: u128 = 0x8164_d1f3_bc03_0773;
const CELLS: usize = 128;
/// A boundary is computed to within 2^7 of 2^63; integers below 2^43 lie 2^20 apart there. Lifted by this much, a
/// boundary that is an integer (1 s, 2 s, 4 s …) is not missed by rounding, and no other integer is caught.
const LIFT: u64 = 1 << 12;

/// A cell of mantissas: the boundaries below it, and the one inside it (or none: the largest value).
#[derive(Clone, Copy)]
struct Cell {
    boundary: u64,
    below: u32,
}

static TABLE: [Cell; CELLS] = table();

/// A duration in the last bucket, which takes all longer ones.
const LONGEST: u64 = boundaries()[SUB_BUCKETS - 1] >> (64 - OCTAVES);

/// The dense index of a duration's bucket: `octave · 64 + sub-bucket`.
#[inline(always)]
pub(crate) fn index(ns: u64) -> usize {
    // Limited here, not at the end: where the caller knows that it is short, the compiler leaves it out.
    let ns = ns.min(LONGEST);
    // Zero goes where one nanosecond goes: its mantissa is not above the first boundary either.
    let zeros = (ns | 1).leading_zeros();
    let mantissa = ns << zeros;
    let cell = &TABLE[(mantissa >> 56) as usize & (CELLS - 1)];
    let place = cell.below as usize + usize::from(mantissa > cell.boundary);
    (63 - zeros as usize) * SUB_BUCKETS + place
}

/// The Prometheus index of a dense index: bucket `i` ends at 2^(i/64) seconds.
pub(crate) const fn prometheus(dense: usize) -> i32 {
    dense as i32 - ONE_SECOND
}

const fn table() -> [Cell; CELLS] {
    let boundaries = boundaries();
    let mut table = [Cell {
        boundary: u64::MAX,
        below: 0,
    }; CELLS];
    let mut cell = 0;
    let mut below = 0;
    while cell < CELLS {
        table[cell].below = below as u32;
        let end = ((CELLS + cell + 1) as u128) << 56;
        if below < SUB_BUCKETS && (boundaries[below] as u128) < end {
            table[cell].boundary = boundaries[below];
            below += 1;
        }
        cell += 1;
    }
    table
}

/// The mantissas, as multiples of 2^-63, of 10^9 · 2^(i/64) for 64 consecutive i, ascending.
const fn boundaries() -> [u64; SUB_BUCKETS] {
    let mut boundaries = [0_u64; SUB_BUCKETS];
    let mut mantissa = 1_000_000_000_u128 << 34;
    let mut i = 0;
    while i < SUB_BUCKETS {
        // Insert in order; the sequence wraps once.
        let mut at = i;
        let lifted = mantissa as u64 + LIFT;
        while at > 0 && boundaries[at - 1] > lifted {
            boundaries[at] = boundaries[at - 1];
            at -= 1;
        }
        boundaries[at] = lifted;
        mantissa = (mantissa * ROOT) >> 63;
        if mantissa >> 64 != 0 {
            mantissa >>= 1;
        }
        i += 1;
    }
    boundaries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ns: u64) {
        let seconds = ns as f64 * 1e-9;
        let expected = (seconds.log2() * 64.0 - 1e-9).ceil() as i32;
        let last = prometheus(BUCKETS - 1);
        assert_eq!(prometheus(index(ns)), expected.min(last), "{ns} ns");
    }

    #[test]
    fn agrees_with_the_definition() {
        (1..200_000).for_each(check);
        let mut random = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..2_000_000 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            check((random >> 21 >> (random % 42)).max(1));
        }
    }

    #[test]
    fn whole_powers_of_two_seconds_end_their_bucket() {
        for power in 0..12 {
            let ns = 1_000_000_000_u64 << power;
            assert_eq!(prometheus(index(ns)), 64 * power);
            assert_eq!(prometheus(index(ns + 1)), 64 * power + 1);
        }
    }

    #[test]
    fn extremes_stay_inside() {
        assert_eq!(index(0), index(1));
        assert_eq!(index(u64::MAX), BUCKETS - 1);
        assert_eq!(index((1 << 43) - 1), BUCKETS - 1);
        let two_hours = 7_200_000_000_000;
        assert!(index(two_hours) < index(two_hours / 100 * 102));
    }
}
