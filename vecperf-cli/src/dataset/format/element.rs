//! The types of numbers that files hold, and how their bytes become ours.

/// A number in a file; little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    /// IEEE 754 binary16.
    F16,
    /// IEEE 754 binary32.
    F32,
    /// IEEE 754 binary64; rounded to the nearest 32-bit float.
    F64,
    /// Signed byte.
    I8,
    /// Unsigned byte.
    U8,
    /// Unsigned 32-bit integer; signed ones that are not negative look the same.
    U32,
    /// Unsigned 64-bit integer; signed ones that are not negative look the same.
    U64,
}

impl Element {
    /// Bytes of one.
    pub(super) fn size(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::F16 => 2,
            Self::F32 | Self::U32 => 4,
            Self::F64 | Self::U64 => 8,
        }
    }

    /// As people call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::F16 => "16-bit floats",
            Self::F32 => "32-bit floats",
            Self::F64 => "64-bit floats",
            Self::I8 => "signed bytes",
            Self::U8 => "bytes",
            Self::U32 => "32-bit integers",
            Self::U64 => "64-bit integers",
        }
    }

    /// True for the types of neighbour ids; the others are coordinates.
    pub(super) fn is_id(self) -> bool {
        matches!(self, Self::U32 | Self::U64)
    }

    /// Appends the coordinates in `bytes` to `values`; ids are no coordinates and append nothing.
    pub(super) fn coordinates(self, bytes: &[u8], values: &mut Vec<f32>) {
        match self {
            Self::F16 => values.extend(
                bytes
                    .as_chunks()
                    .0
                    .iter()
                    .map(|&b| half(u16::from_le_bytes(b))),
            ),
            Self::F32 => values.extend(bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b))),
            Self::F64 => values.extend(
                bytes
                    .as_chunks()
                    .0
                    .iter()
                    .map(|&b| f64::from_le_bytes(b) as f32),
            ),
            Self::I8 => values.extend(bytes.iter().map(|&b| f32::from(b as i8))),
            Self::U8 => values.extend(bytes.iter().map(|&b| f32::from(b))),
            Self::U32 | Self::U64 => {}
        }
    }

    /// Appends the ids in `bytes` to `ids`, those beyond 32 bits as `u32::MAX`; coordinates are no ids and append nothing.
    pub(super) fn ids(self, bytes: &[u8], ids: &mut Vec<u32>) {
        match self {
            Self::U32 => ids.extend(bytes.as_chunks().0.iter().map(|&b| u32::from_le_bytes(b))),
            Self::U64 => {
                let wide = bytes.as_chunks().0.iter().map(|&b| u64::from_le_bytes(b));
                ids.extend(wide.map(|id| u32::try_from(id).unwrap_or(u32::MAX)));
            }
            _ => {}
        }
    }
}

/// The value of an IEEE 754 binary16, exact.
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1024.0 + fraction) * 2f32.powi(exponent - 25),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_floats_have_the_values_the_standard_says() {
        let cases = [
            (0x0000, 0.0),
            (0x0001, 5.960_464_5e-8), // the least above zero
            (0x03ff, 6.097_555e-5),   // the greatest subnormal
            (0x0400, 6.103_515_6e-5), // the least normal
            (0x3555, 0.333_251_95),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0xfc00, f32::NEG_INFINITY),
        ];
        for (bits, value) in cases {
            assert_eq!(half(bits), value, "{bits:#06x}");
        }
        assert!(half(0x7e00).is_nan());
    }
}
