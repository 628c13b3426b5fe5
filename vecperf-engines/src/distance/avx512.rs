//! 512-bit vectors.

use std::arch::x86_64::*;

type Lanes = __m512;
const LANES: usize = 16;

kernels!("avx512f");

#[inline]
#[target_feature(enable = "avx512f")]
fn zero() -> Lanes {
    _mm512_setzero_ps()
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(values: &[f32; LANES]) -> Lanes {
    // SAFETY: the reference is valid for the sixteen values read; this load needs no alignment.
    unsafe { _mm512_loadu_ps(values.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn add(a: Lanes, b: Lanes) -> Lanes {
    _mm512_add_ps(a, b)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn subtract(a: Lanes, b: Lanes) -> Lanes {
    _mm512_sub_ps(a, b)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn multiply_add(a: Lanes, b: Lanes, sum: Lanes) -> Lanes {
    _mm512_fmadd_ps(a, b, sum)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn horizontal_sum(lanes: Lanes) -> f32 {
    _mm512_reduce_add_ps(lanes)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn horizontal_sums([a, b, c, d]: [Lanes; 4]) -> [f32; 4] {
    [
        horizontal_sum(a),
        horizontal_sum(b),
        horizontal_sum(c),
        horizontal_sum(d),
    ]
}
