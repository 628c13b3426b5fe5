//! Rounds: every case runs once in each, so that a noisy moment of the machine hits all of them alike; what is shown
//! is the median of the rounds. Shared by the benchmarks of recording, with and without the peers.

use std::cell::Cell;
use std::hint::black_box;
use std::sync::Barrier;
use std::time::Instant;

/// Something that is done many times.
pub(crate) struct Case<'a> {
    name: String,
    repeats: u64,
    run: Box<dyn Fn(u64) + Sync + 'a>,
}

/// Nanoseconds each, median of the rounds.
pub(crate) struct Figure {
    pub name: String,
    /// On one thread.
    pub alone: f64,
    /// On two threads at the same time, by the slower of them.
    pub together: f64,
    /// On one thread, less the first case of the same round: what is added to it.
    pub added: f64,
    /// The same on two threads.
    pub added_together: f64,
}

impl<'a> Case<'a> {
    /// `run(n)` does it `n` times; a round is `repeats` of them.
    pub(crate) fn new(
        name: impl Into<String>,
        repeats: u64,
        run: impl Fn(u64) + Sync + 'a,
    ) -> Self {
        Self {
            name: name.into(),
            repeats,
            run: Box::new(run),
        }
    }

    fn alone(&self) -> f64 {
        (self.run)(self.repeats / 20);
        self.timed()
    }

    fn together(&self) -> f64 {
        let start = Barrier::new(2);
        let one = || {
            (self.run)(self.repeats / 20);
            start.wait();
            self.timed()
        };
        std::thread::scope(|scope| {
            let other = scope.spawn(one);
            let mine = one();
            other.join().map_or(f64::NAN, |other| mine.max(other))
        })
    }

    fn timed(&self) -> f64 {
        let start = Instant::now();
        (self.run)(self.repeats);
        start.elapsed().as_nanos() as f64 / self.repeats as f64
    }
}

/// Runs the cases in turn, `rounds` times; `between` is called after each case, outside of what is timed.
pub(crate) fn run(cases: &[Case<'_>], rounds: usize, mut between: impl FnMut()) -> Vec<Figure> {
    let mut seen = vec![[const { Vec::new() }; 4]; cases.len()];
    for _ in 0..rounds {
        let mut first = None;
        for (case, seen) in cases.iter().zip(&mut seen) {
            let (alone, together) = (case.alone(), case.together());
            let bare = *first.get_or_insert((alone, together));
            let times = [alone, together, alone - bare.0, together - bare.1];
            seen.iter_mut()
                .zip(times)
                .for_each(|(seen, time)| seen.push(time));
            between();
        }
    }
    let figures =
        cases
            .iter()
            .zip(&mut seen)
            .map(|(case, [alone, together, added, added_together])| Figure {
                name: case.name.clone(),
                alone: median(alone),
                together: median(together),
                added: median(added),
                added_together: median(added_together),
            });
    figures.collect()
}

/// Nanoseconds each of `repeats` times.
#[allow(dead_code, reason = "not every benchmark compares by itself")]
pub(crate) fn each(repeats: u64, run: impl Fn(u64)) -> f64 {
    run(repeats / 20);
    let start = Instant::now();
    run(repeats);
    start.elapsed().as_nanos() as f64 / repeats as f64
}

/// The middle one.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Rounds asked for on the command line, or `default`.
pub(crate) fn rounds(default: usize) -> usize {
    std::env::args()
        .skip(1)
        .find_map(|word| word.parse().ok())
        .unwrap_or(default)
}

thread_local! { static LAST: Cell<f32> = const { Cell::new(0.0) } }

/// About 50 ns: additions, each of which needs the one before; calls do not need each other, so that the processor
/// works on the next one already. What is added is what it can no longer look ahead.
#[allow(dead_code, reason = "not every benchmark is of operations")]
pub(crate) fn work() {
    black_box(sum_of_squares(0.0, &[1.0; 84]));
}

/// About 50 ns: the same, where each call needs the one before. What is added is what does not fit in its shadow.
#[allow(dead_code, reason = "not every benchmark is of operations")]
pub(crate) fn chained_work() {
    LAST.set(sum_of_squares(LAST.get() * 1e-9, &[1.0; 45]));
}

#[allow(dead_code, reason = "not every benchmark is of operations")]
#[inline(always)]
fn sum_of_squares(start: f32, vector: &[f32]) -> f32 {
    black_box(vector).iter().fold(start, |sum, x| sum + x * x)
}
