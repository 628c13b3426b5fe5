//! Work of a known name and size.

use std::hint::black_box;
use std::sync::OnceLock;
use std::time::Duration;

use crate::clock;

macro_rules! spinners {
    ($($(#[$doc:meta])* $name:ident = $factor:literal;)*) => {$(
        $(#[$doc])*
        /// Spins; [`units`] says how long a unit is. Never inlined, and unlike the others, so that no linker folds them.
        #[inline(never)]
        pub fn $name(units: u64) -> u64 {
            let mut x: u64 = $factor;
            for at in 0..units {
                x = black_box(x.wrapping_mul($factor) ^ at);
            }
            x
        }
    )*};
}

spinners! {
    /// Nine tenths.
    ninety = 6_364_136_223_846_793_005;
    /// A tenth of that.
    nine = 3_935_559_000_370_003_845;
    /// A hundredth.
    one = 2_862_933_555_777_941_757;
    /// One of two that alternate.
    alpha = 4_768_777_513_237_032_717;
    /// The other.
    beta = 1_865_811_235_122_147_685;
    /// What each operation does.
    usual_path = 1_181_783_497_276_652_981;
    /// What few operations do besides.
    slow_path = 8_372_773_778_140_471_301;
    /// What runs in a child process, and belongs in no profile of its parent.
    in_the_child = 9_600_629_759_793_949_339;
    /// Computing, between two things that are not.
    compute = 7_046_029_254_386_353_131;
}

/// Units of spinning that take this long on an undisturbed CPU; measured at the first call.
pub fn units(time: Duration) -> u64 {
    static PER_MICROSECOND: OnceLock<f64> = OnceLock::new();
    let per_microsecond = PER_MICROSECOND.get_or_init(|| {
        const UNITS: u64 = 200_000;
        let batch = |_| {
            let start = clock::thread_cpu();
            black_box(usual_path(UNITS));
            clock::thread_cpu() - start
        };
        let fastest = (0..9).map(batch).min().unwrap_or_default();
        UNITS as f64 / (fastest.as_secs_f64() * 1e6)
    });
    (time.as_secs_f64() * 1e6 * per_microsecond) as u64
}

/// Units for a time drawn between half and three halves of it: no rhythm that a sampler could beat against.
pub fn jittered(time: Duration) -> u64 {
    units(time.mul_f64(0.5 + fastrand::f64()))
}
