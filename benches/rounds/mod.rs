//! Rounds: every case runs once in each, so that a noisy moment of the machine hits all of them alike; what is shown
//! is the median of the rounds. Shared by the benchmarks of recording, with and without the peers.

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
    let mut seen = vec![[const { Vec::new() }; 3]; cases.len()];
    for _ in 0..rounds {
        let mut first = None;
        for (case, [alone, together, added]) in cases.iter().zip(&mut seen) {
            let time = case.alone();
            alone.push(time);
            added.push(time - *first.get_or_insert(time));
            together.push(case.together());
            between();
        }
    }
    let figures = cases
        .iter()
        .zip(&mut seen)
        .map(|(case, [alone, together, added])| Figure {
            name: case.name.clone(),
            alone: median(alone),
            together: median(together),
            added: median(added),
        });
    figures.collect()
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
