//! 256-bit vectors with fused multiply-add.

use std::arch::x86_64::*;

type Lanes = __m256;
const LANES: usize = 8;

kernels!("avx2,fma");

#[inline]
#[target_feature(enable = "avx2,fma")]
fn zero() -> Lanes {
    _mm256_setzero_ps()
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn load(values: &[f32; LANES]) -> Lanes {
    // SAFETY: the reference is valid for the eight values read; this load needs no alignment.
    unsafe { _mm256_loadu_ps(values.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn add(a: Lanes, b: Lanes) -> Lanes {
    _mm256_add_ps(a, b)
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn subtract(a: Lanes, b: Lanes) -> Lanes {
    _mm256_sub_ps(a, b)
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn multiply_add(a: Lanes, b: Lanes, sum: Lanes) -> Lanes {
    _mm256_fmadd_ps(a, b, sum)
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn horizontal_sum(lanes: Lanes) -> f32 {
    let [sum, ..] = horizontal_sums([lanes; 4]);
    sum
}

/// Adds up four vectors at once: three horizontal additions instead of four times three shuffles.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn horizontal_sums([a, b, c, d]: [Lanes; 4]) -> [f32; 4] {
    let pairs = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
    let sums = _mm_add_ps(
        _mm256_castps256_ps128(pairs),
        _mm256_extractf128_ps::<1>(pairs),
    );
    let mut out = [0.0; 4];
    // SAFETY: `out` has room for the four values written; this store needs no alignment.
    unsafe { _mm_storeu_ps(out.as_mut_ptr(), sums) };
    out
}
