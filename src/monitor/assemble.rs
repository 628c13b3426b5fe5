//! Assembles what the rooms hold into windows and the report.

use std::path::PathBuf;
use std::time::Duration;

use super::Watch;
use super::slow::Span;
use super::told::Course;
use crate::clock;
use crate::config::Settings;
use crate::export::files::OutputDirectory;
use crate::record::cost;
use crate::report::{Environment, PhaseReport, Report, SelfCostReport};
use crate::resource::MemoryGrowth;
use crate::snapshot::{Block, SeriesPoint, Snapshot};
use crate::threshold::{self, Evidence};

/// Whether a report lists slow operations, and reads the names of the functions that they were seen in: the first time that
/// takes 50 to 100 ms.
#[derive(Clone, Copy)]
pub(super) enum Names {
    Unlisted,
    Unread,
    Read {
        /// Slow operations before are not told.
        slow_since: Duration,
    },
}

impl Watch {
    /// Everything from the start to now.
    pub(super) fn snapshot(&self) -> Snapshot {
        let to = self.collector.sample_in_passing();
        self.snapshot_at(to)
    }

    fn snapshot_at(&self, to: Duration) -> Snapshot {
        let mut snapshot = Snapshot {
            to,
            operations: self.recorder.operations(),
            gauges: self.recorder.gauges(),
            resources: self.collector.resources_between(Duration::ZERO, to),
            self_cost: self.recorder.self_cost(),
            ..Snapshot::default()
        };
        let collecting = self.collector.self_cost();
        snapshot.self_cost.cpu += self.own_cpu();
        snapshot.self_cost.bytes += collecting.bytes + self.profiling.cost().1 + self.heap.cost().1;
        snapshot.self_cost.missed_beats += collecting.missed_beats;
        self.view.state_recalls(&mut snapshot);
        snapshot
    }

    /// CPU time of our own threads so far, and of what they do on others.
    pub(super) fn own_cpu(&self) -> Duration {
        let profiling = self.profiling.cost().0 + self.heap.cost().0;
        self.collector.self_cost().cpu + profiling + self.memory.cost() + self.serving.cost()
    }

    /// A snapshot at a phase's edge, with a resource sample of exactly this moment.
    pub(super) fn edge(&self) -> Snapshot {
        let to = self.collector.sample_now();
        self.snapshot_at(to)
    }

    /// What was observed between two snapshots of this monitor.
    pub(super) fn window(&self, earlier: &Snapshot, later: &Snapshot) -> Snapshot {
        let mut window = later.since(earlier);
        window.resources = self.collector.resources_between(earlier.to, later.to);
        window
    }

    pub(super) fn report(&self) -> Report {
        self.report_of(&self.edge(), Names::Unread)
    }

    /// The report of the run until `run` was taken.
    pub(super) fn report_of(&self, run: &Snapshot, names: Names) -> Report {
        let series = self.collector.series();
        let mut run = run.clone();
        state_growth(&mut run, &series);
        let run = &run;
        let mut phases = self.phases(run);
        phases
            .iter_mut()
            .for_each(|phase| state_growth(&mut phase.window, &series));
        let steady = phases
            .iter()
            .find(|phase| phase.steady)
            .map_or(run, |phase| &phase.window);
        let verdicts = threshold::evaluate(
            Evidence { run, steady },
            &threshold::thresholds(&self.settings),
        );
        let vectors = self
            .told()
            .workload
            .as_ref()
            .map(|workload| workload.vectors);
        let memory = self.memory_report(run, vectors);
        let spans = phases.iter().map(|phase| Span {
            name: &phase.name,
            time: phase.window.from..=phase.window.to,
        });
        let spans: Vec<_> = spans.collect();
        // Before the lock that the program's notes and phases wait for: names take long to read.
        let (slow_operations, missing) = match names {
            Names::Unlisted => (Vec::new(), Vec::new()),
            Names::Unread => self.slow_operations(Duration::ZERO, &spans, false),
            Names::Read { slow_since } => self.slow_operations(slow_since, &spans, true),
        };
        let told = self.told();
        let mut notes = told.notes();
        notes.extend(self.callbacks.note());
        notes.extend(self.collector.notes());
        notes.extend(infinite_gauges(run));
        notes.extend(missing);
        let mut whole = PhaseReport::from_snapshot("run", false, run);
        let reports = phases.iter_mut().map(|phase| {
            let mut report = PhaseReport::from_snapshot(&phase.name, phase.steady, &phase.window);
            report.blocks = std::mem::take(&mut phase.blocks);
            report
        });
        let mut reports: Vec<_> = reports.collect();
        let numbers = phases.iter().map(|phase| phase.profiled);
        let mut numbered: Vec<_> = numbers.zip(&mut reports).collect();
        self.profiling.split(&mut whole, &mut numbered);
        let file = |path: fn(&OutputDirectory) -> PathBuf| {
            let output = self.output.as_ref();
            output.map(|output| path(output).display().to_string())
        };
        Report {
            schema_version: Report::SCHEMA_VERSION,
            vecperf_version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: humantime::format_rfc3339_millis(self.started_wall).to_string(),
            complete: !told.interrupted,
            notes,
            verdicts,
            workload: told.workload.clone(),
            phases: reports,
            series,
            environment: Environment::watched(
                self.settings.monitoring.memory_tracking,
                [self.profiling.capability(), self.heap.capability()],
            ),
            memory,
            cpu_profile: (self.profiling).report(file(OutputDirectory::profiling_path)),
            heap_profile: self.heap.report(file(OutputDirectory::heap_profile_path)),
            slow_operations,
            self_cost: SelfCostReport::from_snapshot(run, cost::of_one_operation()),
            settings: self.settings.clone(),
            run: whole,
        }
    }

    /// The phases so far; one that is still open ends at `now`.
    fn phases(&self, now: &Snapshot) -> Vec<Phase> {
        let told = self.told();
        let phases = told.phases.iter().enumerate().map(|(index, phase)| Phase {
            name: phase.name.clone(),
            steady: phase.steady,
            blocks: match told.in_blocks == Some(index) {
                true => self.blocks().taken(),
                false => phase.blocks.clone(),
            },
            profiled: phase.profiled,
            window: match &phase.course {
                Course::Open { start } => self.window(start, now),
                Course::Ended { window } => Snapshot::clone(window),
            },
        });
        let mut phases: Vec<Phase> = phases.collect();
        drop(told);
        let steady = phases.iter_mut().filter(|phase| phase.steady);
        self.view
            .state_recalls_once(steady.map(|phase| &mut phase.window));
        phases
    }
}

/// How fast memory grew in the window, which only the whole series can tell.
fn state_growth(window: &mut Snapshot, series: &[SeriesPoint]) {
    let within = window.from.as_secs_f64()..=window.to.as_secs_f64();
    let samples = series.iter().map(|point| &point.resources);
    let samples = samples.filter(|sample| within.contains(&sample.at_seconds));
    let growth = MemoryGrowth::of(samples);
    let headroom = window.resources.memory_headroom.as_ref();
    window.resources.memory_growth = growth.map(|growth| growth.towards(headroom));
}

/// Such a gauge is missing in the report, whose reader should know why.
fn infinite_gauges(run: &Snapshot) -> Option<String> {
    let infinite = run.gauges.iter().filter(|gauge| gauge.value.is_infinite());
    let names: Vec<_> = infinite.map(|gauge| gauge.name.as_str()).collect();
    (!names.is_empty()).then(|| format!("gauges left out, infinite: {}", names.join(", ")))
}

struct Phase {
    name: String,
    steady: bool,
    blocks: Vec<Block>,
    profiled: Option<u16>,
    window: Snapshot,
}

/// The report of a monitor that is off.
pub(super) fn report_of_nothing() -> Report {
    let nothing = Snapshot::default();
    Report {
        schema_version: Report::SCHEMA_VERSION,
        vecperf_version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: humantime::format_rfc3339_millis(clock::wall()).to_string(),
        complete: true,
        notes: vec!["monitoring is off: nothing was measured".to_owned()],
        verdicts: Vec::new(),
        workload: None,
        run: PhaseReport::from_snapshot("run", false, &nothing),
        phases: Vec::new(),
        series: Vec::new(),
        environment: Environment::here(),
        memory: None,
        cpu_profile: None,
        heap_profile: None,
        slow_operations: Vec::new(),
        self_cost: SelfCostReport::default(),
        settings: Settings::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{MemoryHeadroom, ResourceSample};

    #[test]
    fn growth_is_that_of_the_window_and_tells_when_the_limit_is_reached() {
        // 100 s flat, then 1 MiB a second.
        let point = |second: u64| SeriesPoint {
            resources: ResourceSample {
                at_seconds: second as f64,
                anonymous_bytes: Some(second.saturating_sub(100).saturating_add(50) << 20),
                ..ResourceSample::default()
            },
            operations: Default::default(),
            components: Default::default(),
        };
        let series: Vec<_> = (0..=200).map(point).collect();
        let growth = |from, to| {
            let mut window = Snapshot {
                from: Duration::from_secs(from),
                to: Duration::from_secs(to),
                ..Snapshot::default()
            };
            window.resources.memory_headroom = Some(MemoryHeadroom {
                headroom_bytes: 120 << 20,
                ..MemoryHeadroom::default()
            });
            state_growth(&mut window, &series);
            window.resources.memory_growth
        };
        let load = growth(0, 100).unwrap();
        assert!(
            !load.is_significant() && load.limit_in.is_none(),
            "{load:?}"
        );
        let search = growth(100, 200).unwrap();
        assert!((search.mb_per_hour - 3600.0).abs() < 1.0, "{search:?}");
        assert!((search.limit_in.unwrap().minutes - 2.0).abs() < 0.01);
        assert_eq!(growth(190, 195), None);
    }
}
