//! The driver against a scripted engine: what is asked, what is kept, when it ends.

use std::sync::Mutex;
use std::sync::atomic::AtomicBool;

use vecperf::Monitor;
use vecperf_engines::{EngineError, Metric, Neighbor, Searcher, Work};

use super::*;

/// An engine that answers query `q` with ids `q`, `q + 1`, … and does what the script says on the way.
#[derive(Default)]
struct Scripted {
    asked: Mutex<Vec<u32>>,
    fail_on: Option<u32>,
    interrupt_on: Option<(u32, Interrupt)>,
    panic: AtomicBool,
}

struct ScriptedSearcher<'a> {
    script: &'a Scripted,
    found: Vec<Neighbor>,
}

impl Index for Scripted {
    fn engine(&self) -> &'static str {
        "scripted"
    }
    fn len(&self) -> usize {
        100
    }
    fn dimensions(&self) -> usize {
        1
    }
    fn metric(&self) -> Metric {
        Metric::L2
    }
    fn memory(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }
    fn searcher(&self) -> Box<dyn Searcher + '_> {
        Box::new(ScriptedSearcher {
            script: self,
            found: Vec::new(),
        })
    }
}

impl Searcher for ScriptedSearcher<'_> {
    fn search(
        &mut self,
        query: &[f32],
        parameters: SearchParameters,
    ) -> Result<&[Neighbor], EngineError> {
        let query = query[0] as u32;
        self.script.asked.lock().unwrap().push(query);
        assert!(
            !self.script.panic.load(Ordering::Relaxed),
            "the script says so"
        );
        if self.script.fail_on == Some(query) {
            return Err(EngineError::Engine("disk on fire".to_owned()));
        }
        if let Some((on, interrupt)) = &self.script.interrupt_on
            && *on == query
        {
            interrupt.ask();
        }
        let ids = (query..).take(parameters.k);
        self.found = ids.map(|id| Neighbor { id, distance: 0.0 }).collect();
        Ok(&self.found)
    }
    fn work(&self) -> Work {
        Work::default()
    }
}

/// Queries whose only value is their number.
fn numbered(queries: usize) -> Vectors {
    Vectors::new(1, (0..queries).map(|i| i as f32).collect()).unwrap()
}

struct Setup {
    queries: Vectors,
    threads: usize,
    budget: Budget,
    arrivals: Option<Arrivals>,
    answers: Option<Answers>,
    interrupt: Interrupt,
}

impl Setup {
    fn count(queries: usize, count: u64) -> Self {
        Self {
            queries: numbered(queries),
            threads: 2,
            budget: Budget::Count(count),
            arrivals: None,
            answers: Some(Answers::new(queries, 3)),
            interrupt: Interrupt::default(),
        }
    }

    fn drive(&self, index: &Scripted) -> crate::exit::Result<Tally> {
        let run = Run {
            index,
            operation: &Operation::off(),
            monitor: &Monitor::off(),
            queries: &self.queries,
            parameters: SearchParameters {
                k: 3,
                ef_search: 10,
            },
            threads: self.threads,
            budget: self.budget,
            arrivals: self.arrivals.as_ref(),
            answers: self.answers.as_ref(),
            interrupt: &self.interrupt,
        };
        run.drive(|_| ())
    }
}

#[test]
fn every_query_is_asked_in_turn_and_its_first_answer_kept() {
    let (setup, engine) = (Setup::count(5, 12), Scripted::default());
    let tally = setup.drive(&engine).unwrap();
    assert_eq!(
        (tally.answered, tally.failed, tally.late, tally.not_started),
        (12, 0, 0, 0)
    );

    let mut asked = engine.asked.into_inner().unwrap();
    asked.sort_unstable();
    assert_eq!(asked, [0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 4]);
    let answers = setup.answers.unwrap();
    assert!(
        (0..5).all(|query| answers.of(query as usize) == Some(vec![query, query + 1, query + 2]))
    );
}

#[test]
fn a_short_run_judges_only_what_was_asked() {
    let (setup, engine) = (Setup::count(5, 2), Scripted::default());
    setup.drive(&engine).unwrap();
    let answers = setup.answers.unwrap();
    assert_eq!(
        (0..5).filter(|&query| answers.of(query).is_some()).count(),
        2
    );
}

#[test]
fn a_failed_search_is_counted_and_the_run_goes_on() {
    let (setup, engine) = (
        Setup::count(4, 8),
        Scripted {
            fail_on: Some(1),
            ..Scripted::default()
        },
    );
    let tally = setup.drive(&engine).unwrap();
    assert_eq!((tally.answered, tally.failed), (6, 2));
    assert_eq!(tally.first_error.as_deref(), Some("disk on fire"));
    assert_eq!(setup.answers.unwrap().of(1), None);
}

#[test]
fn an_interrupt_ends_the_run_early() {
    let mut setup = Setup::count(10, u64::MAX);
    setup.threads = 1;
    let engine = Scripted {
        interrupt_on: Some((6, setup.interrupt.clone())),
        ..Scripted::default()
    };
    assert_eq!(setup.drive(&engine).unwrap().answered, 7);
}

#[test]
fn a_panic_in_the_engine_is_an_error_with_its_words() {
    let (setup, engine) = (
        Setup::count(1, 5),
        Scripted {
            panic: true.into(),
            ..Scripted::default()
        },
    );
    let failure = setup.drive(&engine).unwrap_err();
    assert_eq!(
        failure.to_string(),
        "the engine panicked in a search: the script says so"
    );
}

#[test]
fn an_open_loop_serves_each_arrival_once() {
    let mut setup = Setup::count(3, 50);
    setup.arrivals = Some(Arrivals::new(Arrival::Poisson, 1e6, 1));
    let engine = Scripted::default();
    let tally = setup.drive(&engine).unwrap();
    assert_eq!((tally.answered, tally.not_started), (50, 0));
    assert!(tally.late <= 50);
}

#[test]
fn an_open_loop_that_cannot_keep_up_says_how_many_it_left() {
    let mut setup = Setup::count(3, 0);
    setup.budget = Budget::Time(Duration::from_millis(5));
    setup.arrivals = Some(Arrivals::new(Arrival::Uniform, 1e9, 1)); // 5 million due in 5 ms
    let engine = Scripted::default();
    let tally = setup.drive(&engine).unwrap();
    assert_eq!(tally.answered + tally.not_started, 5_000_000);
    assert!(tally.fell_behind(), "{tally:?}");
    // On a busy machine the time may be up before the first thread runs.
    assert!(tally.late > 0 || tally.answered == 0, "{tally:?}");
}

#[test]
fn a_pause_at_the_very_end_is_not_called_falling_behind() {
    let tally = |answered, not_started| Tally {
        answered,
        not_started,
        ..Tally::default()
    };
    assert!(!tally(2_012, 0).fell_behind() && !tally(2_012, 24).fell_behind());
    assert!(tally(960, 40).fell_behind() && tally(0, 1).fell_behind());
}

#[test]
fn arrivals_after_the_end_are_not_waited_for() {
    let mut setup = Setup::count(3, 0);
    setup.budget = Budget::Time(Duration::from_secs(500)); // long enough for the first on any machine
    setup.arrivals = Some(Arrivals::new(Arrival::Uniform, 0.001, 1)); // the second is due in 1,000 s
    let tally = setup.drive(&Scripted::default()).unwrap();
    assert_eq!((tally.answered, tally.not_started), (1, 0));
}
