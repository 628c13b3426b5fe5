//! How far two vectors are apart: the inner loops of every engine here.
//!
//! One loop body ([`body`]), written over a handful of vector operations; each instruction set supplies these in its own
//! file. Which one runs is chosen once, at run time.

#[macro_use]
mod body;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
mod prefetch;
mod rows;
mod storage;
#[cfg(test)]
mod tests;

use crate::Metric;

pub(crate) use prefetch::prefetch;
pub(crate) use rows::{Rows, check};

/// An instruction set that the kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InstructionSet {
    /// What the compiler makes of plain code for the target.
    Portable,
    /// x86-64 with 256-bit vectors and fused multiply-add.
    Avx2,
    /// x86-64 with 512-bit vectors.
    Avx512,
    /// 64-bit ARM.
    Neon,
}

impl InstructionSet {
    /// All of them, from the least to the most capable of each architecture.
    pub const ALL: [Self; 4] = [Self::Portable, Self::Avx2, Self::Avx512, Self::Neon];

    /// True when this CPU has it. Cheap: the standard library keeps the answer.
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                std::arch::is_x86_feature_detected!("avx2")
                    && std::arch::is_x86_feature_detected!("fma")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => std::arch::is_x86_feature_detected!("avx512f"),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            _ => false,
        }
    }

    /// The most capable one this CPU has.
    pub fn best() -> Self {
        Self::ALL
            .into_iter()
            .rev()
            .find(|set| set.is_available())
            .unwrap_or(Self::Portable)
    }
}

/// Compares vectors by one metric, with one instruction set.
///
/// `Cosine` is the inner product here: whoever uses it keeps vectors of unit length.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    metric: Metric,
    /// Private, so that it only ever names an instruction set this CPU has.
    set: InstructionSet,
}

/// Calls the same function in the module of the chosen instruction set.
macro_rules! dispatch {
    ($set:expr, $function:ident::<$form:ty>($($argument:expr),*)) => {
        match $set {
            // SAFETY: a `Kernel` holds AVX2 (and FMA) only where this CPU has it.
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => unsafe { avx2::$function::<$form>($($argument),*) },
            // SAFETY: a `Kernel` holds AVX-512F only where this CPU has it.
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 => unsafe { avx512::$function::<$form>($($argument),*) },
            // SAFETY: a `Kernel` holds NEON only where this CPU has it.
            #[cfg(target_arch = "aarch64")]
            InstructionSet::Neon => unsafe { neon::$function::<$form>($($argument),*) },
            _ => portable::$function::<$form>($($argument),*),
        }
    };
}

impl Kernel {
    /// By `metric`, with the best instruction set of this CPU.
    pub fn new(metric: Metric) -> Self {
        Self {
            metric,
            set: InstructionSet::best(),
        }
    }

    /// By `metric`, with `set`; `None` when this CPU lacks it.
    pub fn with(metric: Metric, set: InstructionSet) -> Option<Self> {
        set.is_available().then_some(Self { metric, set })
    }

    /// The instruction set in use.
    pub fn instruction_set(&self) -> InstructionSet {
        self.set
    }

    /// The distance of `a` and `b`, over the values that both have. About 8 ns for 100 dimensions in cache.
    ///
    /// ```
    /// use vecperf_engines::{Kernel, Metric};
    /// assert_eq!(Kernel::new(Metric::L2).distance(&[1.0, 2.0], &[4.0, 6.0]), 25.0);
    /// assert_eq!(Kernel::new(Metric::InnerProduct).distance(&[1.0, 2.0], &[4.0, 6.0]), -15.0);
    /// ```
    pub fn distance(&self, a: &[f32], b: &[f32]) -> f32 {
        match self.metric {
            Metric::L2 => dispatch!(self.set, one::<SquaredL2>(a, b)),
            Metric::Cosine | Metric::InnerProduct => dispatch!(self.set, one::<Dot>(a, b)),
        }
    }

    /// The distances of `query` and each of `ids`, written over `out`. One call for many rows: the query's values are
    /// loaded once for four rows, and four rows are fetched from memory at a time.
    pub(crate) fn distances(&self, query: &[f32], rows: &Rows, ids: &[u32], out: &mut Vec<f32>) {
        out.resize(ids.len(), 0.0);
        match self.metric {
            Metric::L2 => dispatch!(self.set, many::<SquaredL2>(query, rows, ids, out)),
            Metric::Cosine | Metric::InnerProduct => {
                dispatch!(self.set, many::<Dot>(query, rows, ids, out));
            }
        }
    }
}

/// What is summed up over two vectors, and what the sum means.
trait Form {
    /// True: the difference is squared; false: the values are multiplied.
    const DIFFERENCE: bool;
    /// The distance that a sum stands for.
    fn distance(sum: f32) -> f32;
}

/// Σ (a − b)².
struct SquaredL2;

/// 1 − Σ a·b.
struct Dot;

impl Form for SquaredL2 {
    const DIFFERENCE: bool = true;
    fn distance(sum: f32) -> f32 {
        sum
    }
}

impl Form for Dot {
    const DIFFERENCE: bool = false;
    fn distance(sum: f32) -> f32 {
        1.0 - sum
    }
}
