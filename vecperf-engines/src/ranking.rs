//! Distances as integers that sort the same way, so that distance and number fit one machine word.

/// An integer for `distance`: smaller distance, smaller integer. A total order: NaN has a place too.
#[inline(always)]
pub(crate) fn ordered(distance: f32) -> u32 {
    let bits = distance.to_bits();
    // Bits of floats order like integers once negative ones are inverted and positive ones get the top bit.
    if bits >> 31 == 1 {
        !bits
    } else {
        bits | 1 << 31
    }
}

/// The distance behind [`ordered`].
#[inline(always)]
pub(crate) fn distance(ordered: u32) -> f32 {
    f32::from_bits(if ordered >> 31 == 1 {
        ordered & !(1 << 31)
    } else {
        !ordered
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_order_like_distances_and_lead_back() {
        let values = [
            f32::NEG_INFINITY,
            -2.5,
            -1e-40,
            -0.0,
            0.0,
            1e-40,
            1.0,
            1.0 + f32::EPSILON,
            f32::INFINITY,
        ];
        for pair in values.windows(2) {
            assert!(ordered(pair[0]) < ordered(pair[1]), "{pair:?}");
        }
        for value in values {
            assert_eq!(distance(ordered(value)).to_bits(), value.to_bits());
        }
    }
}
