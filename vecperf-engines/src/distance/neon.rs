//! 64-bit ARM's 128-bit vectors.

use std::arch::aarch64::*;

type Lanes = float32x4_t;
const LANES: usize = 4;

kernels!("neon");

#[inline]
#[target_feature(enable = "neon")]
fn zero() -> Lanes {
    vdupq_n_f32(0.0)
}

#[inline]
#[target_feature(enable = "neon")]
fn load(values: &[f32; LANES]) -> Lanes {
    // SAFETY: the reference is valid for the four values read; this load needs no alignment beyond `f32`'s.
    unsafe { vld1q_f32(values.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
fn add(a: Lanes, b: Lanes) -> Lanes {
    vaddq_f32(a, b)
}

#[inline]
#[target_feature(enable = "neon")]
fn subtract(a: Lanes, b: Lanes) -> Lanes {
    vsubq_f32(a, b)
}

#[inline]
#[target_feature(enable = "neon")]
fn multiply_add(a: Lanes, b: Lanes, sum: Lanes) -> Lanes {
    vfmaq_f32(sum, a, b)
}

#[inline]
#[target_feature(enable = "neon")]
fn horizontal_sum(lanes: Lanes) -> f32 {
    vaddvq_f32(lanes)
}

#[inline]
#[target_feature(enable = "neon")]
fn horizontal_sums([a, b, c, d]: [Lanes; 4]) -> [f32; 4] {
    [
        horizontal_sum(a),
        horizontal_sum(b),
        horizontal_sum(c),
        horizontal_sum(d),
    ]
}
