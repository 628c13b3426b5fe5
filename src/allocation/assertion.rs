//! `assert_allocations!`: a limit on allocations as a test.

use std::fmt;

use super::{Spent, installation, spent};

/// Fails unless something allocates at most so often: `<= N`, `< N` or `== N` blocks (a reallocation is one).
///
/// A closure is called, its allocations on the calling thread are counted, and its value is returned:
///
/// ```standalone_crate
/// #[global_allocator]
/// static ALLOCATOR: vecperf::Allocator = vecperf::Allocator::system();
///
/// let mut found: Vec<u32> = vecperf::assert_allocations!(|| Vec::with_capacity(10), <= 1);
/// vecperf::assert_allocations!(|| found.extend(0..10), == 0);
/// ```
///
/// Of an operation, each instance so far is held to the limit; their most counts:
///
/// ```standalone_crate
/// # #[global_allocator]
/// # static ALLOCATOR: vecperf::Allocator = vecperf::Allocator::system();
/// # let monitor = vecperf::Monitor::in_memory(vecperf::Settings::default())?;
/// let search = monitor.operation("search");
/// for query in 0..3 {
///     let _timer = search.start();
///     std::hint::black_box(vec![query; 10]);
/// }
/// vecperf::assert_allocations!(&search, <= 1);
/// # Ok::<(), vecperf::Error>(())
/// ```
///
/// It fails with a text that says what to do where [`Allocator`](crate::Allocator) is not the program's allocator, and
/// where no instance of the operation was counted.
#[macro_export]
macro_rules! assert_allocations {
    ($what:expr, <= $most:expr $(,)?) => {
        $crate::allocation::assert_allocations(
            $what,
            $crate::allocation::Bound::AtMost($most),
            stringify!($what),
        )
    };
    ($what:expr, < $most:expr $(,)?) => {
        $crate::allocation::assert_allocations(
            $what,
            $crate::allocation::Bound::Below($most),
            stringify!($what),
        )
    };
    ($what:expr, == $exactly:expr $(,)?) => {
        $crate::allocation::assert_allocations(
            $what,
            $crate::allocation::Bound::Exactly($exactly),
            stringify!($what),
        )
    };
}

/// What may be asserted of a number of allocations.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Bound {
    /// `<= N`
    AtMost(u64),
    /// `< N`
    Below(u64),
    /// `== N`
    Exactly(u64),
}

impl Bound {
    /// Whether so many keep it.
    pub fn holds(self, allocations: u64) -> bool {
        match self {
            Self::AtMost(most) => allocations <= most,
            Self::Below(limit) => allocations < limit,
            Self::Exactly(exactly) => allocations == exactly,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(most) => write!(f, "at most {most}"),
            Self::Below(limit) => write!(f, "fewer than {limit}"),
            Self::Exactly(exactly) => write!(f, "{exactly}"),
        }
    }
}

/// Something whose allocations can be asserted; `R` is what comes of it.
#[doc(hidden)]
pub trait Allocating<R> {
    /// What comes of it, or what is wrong; `what` is it in the source.
    fn check(self, bound: Bound, what: &str) -> Result<R, String>;
}

impl<R, F: FnOnce() -> R> Allocating<R> for F {
    fn check(self, bound: Bound, what: &str) -> Result<R, String> {
        let (done, spent) = spent(self);
        let Some(Spent {
            allocations, bytes, ..
        }) = spent
        else {
            return Err(uncounted());
        };
        if bound.holds(allocations) {
            Ok(done)
        } else {
            Err(format!(
                "`{what}` made {allocations} allocations ({bytes} bytes); allowed: {bound}"
            ))
        }
    }
}

/// Why nothing was counted, and what to do.
pub(crate) fn uncounted() -> String {
    match installation().lack() {
        Some((why, remedy)) => format!("allocations are not counted: {why}; {remedy}"),
        None => "allocations were not counted: too many operations are under way inside each other"
            .to_owned(),
    }
}

/// What the macro expands to.
///
/// # Panics
/// When the assertion does not hold.
#[doc(hidden)]
#[track_caller]
pub fn assert_allocations<R>(what: impl Allocating<R>, bound: Bound, source: &str) -> R {
    match what.check(bound, source) {
        Ok(done) => done,
        #[expect(clippy::panic, reason = "an assertion")]
        Err(wrong) => panic!("{wrong}"),
    }
}
