//! What a run came to: recall, workload, notes, and how it ends.

use vecperf::RecallEstimate;
use vecperf::report::Workload;
use vecperf_engines::Index;

use super::phases::{Data, Searched};
use super::{Bench, SEARCH};
use crate::dataset::{RecallJudge, metric_name};
use crate::driver::{Answers, Tally};

/// Recall by three definitions, over the distinct queries that were answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Recall {
    /// By distance with ties.
    pub(super) estimate: Option<RecallEstimate>,
    by_id: Option<f64>,
    ann_benchmarks: Option<f64>,
}

impl Recall {
    /// Judges the first answer to each query.
    pub(super) fn of(judge: &RecallJudge, queries: usize, answers: &Answers) -> Self {
        let k = f64::from(judge.k() as u32);
        let judged: Vec<_> = (0..queries)
            .filter_map(|query| Some(judge.judge(query, &answers.of(query)?)))
            .collect();
        let share = |found: u32| f64::from(found) / k;
        let mean = |sum: f64| (!judged.is_empty()).then(|| sum / judged.len() as f64);
        Self {
            estimate: RecallEstimate::from_queries(
                judge.k() as u32,
                judged.iter().map(|it| share(it.by_distance)),
            ),
            by_id: mean(judged.iter().map(|it| share(it.by_id)).sum()),
            ann_benchmarks: mean(judged.iter().map(|it| share(it.ann_benchmarks)).sum()),
        }
    }
}

impl Bench {
    /// What is searched and how, as far as it is known before the search.
    pub(super) fn describe(&self, data: &Data, index: &dyn Index) -> Workload {
        let mut workload = Workload::default();
        workload.dataset.clone_from(&data.set.name);
        workload.vectors = index.len() as u64;
        workload.dimensions = index.dimensions() as u32;
        workload.metric = metric_name(data.metric).to_owned();
        workload.queries = data.set.queries.len() as u64;
        workload.k = self.plan.search.k as u32;
        workload.engine = index.engine().to_owned();
        let parameters = self.plan.parameters().into_iter();
        workload.parameters = parameters
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        workload.threads = self.plan.threads as u32;
        workload.arrival = match self.plan.arrivals {
            Some(_) => "open loop".to_owned(),
            None => "closed loop".to_owned(),
        };
        workload.rate = self.plan.arrivals.as_ref().map(|arrivals| arrivals.rate());
        let components = index.memory().into_iter();
        workload.index_bytes = components
            .map(|(name, bytes)| (name.to_owned(), bytes))
            .collect();
        workload
    }

    /// Tells the monitor how good the answers were and what the driver saw.
    pub(super) fn tell(&self, mut workload: Workload, data: &Data, searched: &Searched) -> Recall {
        let recall = self.state_recall(SEARCH, data, searched);
        if !self.plan.judge {
            self.monitor
                .note("recall was not judged (--recall off): a latency without recall says little");
        }
        workload.recall.clone_from(&recall.estimate);
        workload.id_recall = recall.by_id;
        workload.ann_benchmarks_recall = recall.ann_benchmarks;
        workload.late = self.plan.arrivals.as_ref().map(|_| searched.tally.late);
        self.monitor.set_workload(workload);
        self.remark_on_driver(SEARCH, &searched.tally);
        recall
    }

    /// Judges the answers and tells the monitor; nothing where they are not to be judged.
    pub(super) fn state_recall(&self, operation: &str, data: &Data, searched: &Searched) -> Recall {
        let (Some(judge), Some(answers)) = (&data.judge, &searched.answers) else {
            return Recall::default();
        };
        let recall = Recall::of(judge, data.set.queries.len(), answers);
        if let Some(estimate) = &recall.estimate {
            self.monitor.set_recall(operation, estimate.clone());
        }
        recall
    }

    /// Tells what the driver saw, now and in the report.
    pub(super) fn remark_on_driver(&self, operation: &str, tally: &Tally) {
        for remark in self.remarks(tally) {
            let remark = format!("{operation}: {remark}");
            self.terminal.remark(&remark);
            self.monitor.note(remark);
        }
    }

    /// What the driver saw and a table of latencies does not show.
    fn remarks(&self, tally: &Tally) -> Vec<String> {
        let mut remarks = Vec::new();
        if let (failed @ 1.., Some(error)) = (tally.failed, &tally.first_error) {
            remarks.push(format!("{failed} searches failed; the first: {error}"));
        }
        if let (Some(arrivals), true) = (&self.plan.arrivals, tally.fell_behind()) {
            remarks.push(format!(
                "cannot keep up: {:.0} searches per second arrived, {:.0} were answered; {} arrivals never started, \
                 so that the latencies would have grown on",
                arrivals.rate(),
                tally.per_second(),
                tally.not_started
            ));
        }
        remarks
    }
}
