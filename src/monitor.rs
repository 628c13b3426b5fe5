//! Joins the rooms.

use std::path::Path;

use crate::clock::Moment;
use crate::config::Settings;
use crate::error::Result;
use crate::recall::RecallEstimate;
use crate::record::{Gauge, Operation, Recorder};
use crate::report::{Report, Workload};
use crate::snapshot::Snapshot;

/// Watches this process.
#[derive(Debug)]
pub struct Monitor {
    _settings: Settings,
    _started: Moment,
    recorder: Recorder,
}

/// A phase of the run; ends when dropped.
#[derive(Debug)]
#[must_use = "the phase ends when this is dropped"]
pub struct PhaseGuard<'a> {
    _monitor: &'a Monitor,
}

impl Monitor {
    /// A monitor by these settings.
    ///
    /// # Errors
    /// A setting out of range.
    pub fn new(settings: Settings) -> Result<Self> {
        let recorder = Recorder::new(settings.monitoring.series_limit);
        Ok(Self {
            _settings: settings,
            _started: Moment::now(),
            recorder,
        })
    }
    /// A monitor by a settings file and the environment.
    ///
    /// # Errors
    /// As [`Settings::load`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        Self::new(Settings::load(path.as_ref())?)
    }
    /// A monitor that does nothing and costs nothing.
    pub fn off() -> Self {
        Self {
            _settings: Settings::default(),
            _started: Moment::now(),
            recorder: Recorder::default(),
        }
    }
    /// The operation called `name`.
    pub fn operation(&self, name: &str) -> Operation {
        self.recorder.operation(name)
    }
    /// The gauge called `name`.
    pub fn gauge(&self, name: &str) -> Gauge {
        self.recorder.gauge(name)
    }
    /// Starts a phase.
    pub fn phase(&self, _name: &str) -> PhaseGuard<'_> {
        PhaseGuard { _monitor: self }
    }
    /// Starts the phase whose CPU use and response times are judged.
    pub fn steady_phase(&self, name: &str) -> PhaseGuard<'_> {
        self.phase(name)
    }
    /// States the recall of `operation`, judged outside.
    pub fn set_recall(&self, _operation: &str, _recall: RecallEstimate) {}
    /// States what was searched and how.
    pub fn set_workload(&self, _workload: Workload) {}
    /// Adds a note for the reader of the report.
    pub fn note(&self, _note: impl Into<String>) {}
    /// Everything since the monitor's start.
    pub fn snapshot(&self) -> Snapshot {
        let _ = (self.recorder.operations(), self.recorder.gauges());
        Snapshot::default()
    }
    /// The report so far.
    pub fn report(&self) -> Report {
        unimplemented!("follows")
    }
    /// Ends the run, writes the files that the settings name and returns the report.
    ///
    /// # Errors
    /// A file cannot be written; the error names it. The report is written to the other places all the same.
    pub fn finish(self) -> Result<Report> {
        Ok(self.report())
    }
}
