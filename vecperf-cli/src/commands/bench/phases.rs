//! The phases of a run, in their order: load, build, warm-up, search; `cold` has the rest.

use std::sync::Arc;

use indicatif::HumanCount;
use vecperf_engines::{Index, Metric, SearchParameters};

use super::{Bench, SEARCH, Stop};
use crate::dataset::{self, Dataset, Origin, RecallJudge, metric_name};
use crate::driver::{Answers, Arrivals, Beat, Budget, Run, Tally};
use crate::exit::Failure;
use crate::progress::Phase;

/// What is searched, and who judges the answers.
pub(super) struct Data {
    pub(super) set: Arc<Dataset>,
    pub(super) metric: Metric,
    pub(super) judge: Option<RecallJudge>,
}

/// Searches of one kind.
pub(super) struct Load<'a> {
    /// What the phase is called while it runs.
    pub(super) phase: &'static str,
    /// What each search is recorded as.
    pub(super) operation: &'a str,
    pub(super) parameters: SearchParameters,
    pub(super) budget: Budget,
    pub(super) arrivals: Option<&'a Arrivals>,
    /// Where the first answer to each query is kept, when it is to be judged.
    pub(super) answers: Option<&'a Answers>,
}

/// What the search came to.
pub(super) struct Searched {
    pub(super) tally: Tally,
    /// The first answer to each query, when they are to be judged.
    pub(super) answers: Option<Answers>,
}

impl Bench {
    pub(super) fn load(&self) -> Result<Data, Stop> {
        let _phase = self.monitor.phase("load");
        let progress = self.progress("load", &self.plan.source.dataset);
        let (source, shown) = (self.plan.source.clone(), Arc::clone(&progress));
        let set = self.apart("load", move || dataset::load(&source, shown.as_ref()))??;
        self.plan.check(&set)?;

        let metric = self.plan.metric.or(set.metric).unwrap_or(Metric::L2);
        let set = Arc::new(set);
        set.notes.iter().for_each(|note| self.monitor.note(note));
        let (judge, truth) = match self.plan.judge {
            true => self
                .judge(&set, metric, &progress)
                .map(|(judge, origin)| (Some(judge), in_words(origin)))?,
            false => (None, ""),
        };
        progress.done(format_args!(
            "{}: {} × {} vectors, {} queries, metric {}{truth}",
            set.name,
            HumanCount(set.base.len() as u64),
            set.base.dimensions(),
            HumanCount(set.queries.len() as u64),
            metric_name(metric)
        ));
        Ok(Data { set, metric, judge })
    }

    /// The judge of answers to this data set, and how the true neighbours were come by.
    fn judge(
        &self,
        set: &Arc<Dataset>,
        metric: Metric,
        progress: &Arc<Phase>,
    ) -> Result<(RecallJudge, Origin), Stop> {
        let (k, threads, cache) = (
            self.plan.search.k,
            self.plan.build.threads,
            self.plan.cache.clone(),
        );
        let (of, shown) = (Arc::clone(set), Arc::clone(progress));
        let truth = self.apart("load", move || {
            dataset::truth(&of, metric, k, threads, &cache, shown.as_ref())
        })??;
        truth.notes.iter().for_each(|note| self.monitor.note(note));
        let (base, queries) = (Arc::clone(&set.base), Arc::clone(&set.queries));
        Ok((
            RecallJudge::new(base, queries, metric, &truth.neighbors, k),
            truth.origin,
        ))
    }

    pub(super) fn build(&self, data: &Data) -> Result<Box<dyn Index>, Stop> {
        let _phase = self.monitor.phase("build");
        let (engine, parameters) = (self.plan.engine, self.plan.build.clone());
        let total = data.set.base.len() as u64;
        let progress = self.progress("build", engine);
        progress.step(engine, total);
        let (vectors, metric) = (Arc::clone(&data.set.base), data.metric);
        let (monitor, shown) = (self.monitor.clone(), Arc::clone(&progress));
        let index = self.apart("build", move || {
            vecperf_engines::build(
                engine,
                &vectors,
                metric,
                &parameters,
                &monitor,
                &|inserted| {
                    shown.advance(inserted as u64);
                },
            )
        })??;
        let bytes: u64 = index.memory().iter().map(|(_, bytes)| bytes).sum();
        progress.done(format_args!(
            "{}, {} bytes per vector",
            self.plan.engine_in_words(),
            HumanCount(bytes / total.max(1))
        ));
        Ok(index)
    }

    pub(super) fn warm_up(&self, data: &Data, index: &dyn Index) -> Result<(), Stop> {
        if self.plan.warm_up.is_zero() {
            return Ok(());
        }
        let _phase = self.monitor.phase("warm-up");
        let budget = Budget::Time(self.plan.warm_up);
        let tally = self.drive(data, index, &self.unmeasured("warm-up", budget))?;
        self.go_on_after("warm-up", &tally)
    }

    /// Searches that are not measured, one right after the other.
    pub(super) fn unmeasured(&self, phase: &'static str, budget: Budget) -> Load<'_> {
        Load {
            phase,
            operation: SEARCH,
            parameters: self.plan.search,
            budget,
            arrivals: None,
            answers: None,
        }
    }

    /// Whether searches that are not measured leave something to go on for.
    pub(super) fn go_on_after(&self, phase: &'static str, tally: &Tally) -> Result<(), Stop> {
        if self.interrupt.asked() {
            return Err(Stop::Interrupted(phase));
        }
        match (tally.answered, &tally.first_error) {
            (0, Some(error)) => {
                Err(Failure::runtime(format!("every search failed: {error}")).into())
            }
            _ => Ok(()),
        }
    }

    /// The measured search as `operation`, in a phase of the same name; interrupted it returns what there is.
    pub(super) fn search(
        &self,
        data: &Data,
        index: &dyn Index,
        operation: &str,
        parameters: SearchParameters,
    ) -> Result<Searched, Stop> {
        let answers = data
            .judge
            .as_ref()
            .map(|_| Answers::new(data.set.queries.len(), parameters.k));
        let _phase = self.monitor.steady_phase(operation);
        let load = Load {
            phase: SEARCH,
            operation,
            parameters,
            budget: self.plan.budget,
            arrivals: self.plan.arrivals.as_ref(),
            answers: answers.as_ref(),
        };
        let tally = self.drive(data, index, &load)?;
        Ok(Searched { tally, answers })
    }

    /// Sends the queries and shows how far it has come.
    pub(super) fn drive(
        &self,
        data: &Data,
        index: &dyn Index,
        load: &Load<'_>,
    ) -> Result<Tally, Stop> {
        let &Load {
            phase,
            operation,
            parameters,
            budget,
            arrivals,
            answers,
        } = load;
        let words = self.plan.load_in_words(arrivals, parameters);
        let progress = self.progress(phase, &words);
        let total = match budget {
            Budget::Time(time) => u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
            Budget::Count(count) => count,
        };
        progress.step(phase, total);
        let run = Run {
            index,
            operation: &self.monitor.operation(operation),
            monitor: &self.monitor,
            queries: &data.set.queries,
            parameters,
            threads: self.plan.threads,
            budget,
            arrivals,
            answers,
            interrupt: &self.interrupt,
        };
        let tally = run.drive(|Beat { elapsed, searches }| {
            let position = match budget {
                Budget::Time(_) => elapsed.as_millis() as u64,
                Budget::Count(_) => searches,
            };
            let message = format!("{} searches, {words}", HumanCount(searches));
            progress.at(position.min(total), message);
        })?;
        progress.done(format_args!(
            "{} searches, {} per second, {words}",
            HumanCount(tally.answered),
            HumanCount(tally.per_second() as u64)
        ));
        Ok(tally)
    }

    pub(super) fn progress(
        &self,
        name: &'static str,
        subject: impl std::fmt::Display,
    ) -> Arc<Phase> {
        Arc::new(Phase::begin(self.terminal, name, subject))
    }

    /// Does `work` on its own thread, so that Ctrl-C is heard at any point of it.
    pub(super) fn apart<T: Send + 'static>(
        &self,
        phase: &'static str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Stop> {
        self.interrupt
            .unless_asked(phase, work)?
            .ok_or(Stop::Interrupted(phase))
    }
}

/// How the true neighbours were come by.
fn in_words(origin: Origin) -> &'static str {
    match origin {
        Origin::Given => "",
        Origin::Cached => ", true neighbours cached",
        Origin::Computed => ", true neighbours computed",
    }
}
