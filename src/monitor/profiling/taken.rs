//! What a monitor holds of the profiler.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Stamp, functions, splits, told, traced};
use crate::config::{CpuBackEnd, Settings};
use crate::cpu::{BackEnd, Choice, Context, Options, Recording, Refusal, Statistics, Target};
use crate::environment::cpu_profile;
use crate::error::{Error, ErrorKind, Result};
use crate::export::pprof;
use crate::monitor::page::Ended;
use crate::profile::Profile;
use crate::report::{CpuProfileReport, FunctionReport, PhaseReport, SlowOperation};
use crate::resource::Capability;
use crate::segment::Source;

/// What a monitor holds of the profiler. One that cannot run leaves everything else as it is.
pub(in crate::monitor) struct Profiling {
    settings: Settings,
    source: Option<Arc<dyn Source>>,
    /// The recording of the whole run, or why there is none.
    run: std::result::Result<Recording, Vec<Refusal>>,
    /// The profile, once the run has ended.
    made: Mutex<Option<Made>>,
    /// One profile on demand after the other.
    demand: Mutex<()>,
}

/// What is kept of the run's profile.
struct Made {
    ended: Ended,
    functions: Vec<FunctionReport>,
}

impl Profiling {
    /// Starts sampling where the settings want it; takes up to 10 ms.
    pub(in crate::monitor) fn start(settings: &Settings, source: Option<Arc<dyn Source>>) -> Self {
        let mut profiling = Self {
            settings: settings.clone(),
            source,
            run: Err(Vec::new()),
            made: Mutex::default(),
            demand: Mutex::default(),
        };
        if settings.monitoring.cpu_profiling {
            profiling.run = profiling.record();
        }
        profiling
    }

    fn record(&self) -> std::result::Result<Recording, Vec<Refusal>> {
        let options = Options {
            sample_rate: self.settings.monitoring.sample_rate,
            back_end: match self.settings.monitoring.cpu_back_end {
                CpuBackEnd::Auto => Choice::Auto,
                CpuBackEnd::PerfEvent => Choice::Only(BackEnd::PerfEvent),
                CpuBackEnd::ThreadTimer => Choice::Only(BackEnd::ThreadTimer),
                CpuBackEnd::Ticker => Choice::Only(BackEnd::Ticker),
            },
            ..Options::default()
        };
        let thresholds = self.settings.thresholds.clone();
        let limit = move |operation: &str| thresholds.longest_response(operation);
        let context = Context {
            source: self.source.clone(),
            limit: Box::new(limit),
            comments: vec![format!("settings: {}", self.settings.fingerprint())],
        };
        Recording::start_with(Target::ThisProcess, &options, context)
    }

    /// A phase starts now; its number for [`Profiling::phase_ends`].
    pub(in crate::monitor) fn phase_starts(&self, name: &str) -> Option<u16> {
        self.run.as_ref().ok()?.phase_starts(name)
    }

    /// The phase ends now.
    pub(in crate::monitor) fn phase_ends(&self, phase: Option<u16>) {
        if let (Ok(recording), Some(phase)) = (&self.run, phase) {
            recording.phase_ends(phase);
        }
    }

    /// No more samples. What was recorded can still be had.
    pub(in crate::monitor) fn stop(&self) {
        if let Ok(recording) = &self.run {
            recording.stop();
        }
    }

    /// The profile so far; `None` when none is taken.
    pub(in crate::monitor) fn profile(&self) -> Option<Profile> {
        self.run.as_ref().ok().map(Recording::profile)
    }

    /// The profile of the time from now on: of the recording that runs, or of one of its own.
    ///
    /// # Errors
    /// No back end runs here.
    pub(in crate::monitor) fn profile_of_next(&self, duration: Duration) -> Result<Profile> {
        if let Ok(recording) = &self.run {
            if recording.is_running() {
                return Ok(recording.profile_of_next(duration));
            }
            // One that ended by itself keeps no other from this process.
            recording.stop();
        }
        let _one_at_a_time = lock(&self.demand);
        let recording = self.record().map_err(|refusals| {
            let why = cpu_profile::refused(&refusals);
            let message = format!("no CPU profile: {}; {}", why.reason, why.remedy);
            Error::new(ErrorKind::Unavailable, message)
        })?;
        std::thread::sleep(duration);
        recording.stop();
        Ok(recording.profile())
    }

    /// The functions with the most CPU time.
    pub(in crate::monitor) fn functions(&self, profile: &Profile) -> Vec<FunctionReport> {
        functions::top(profile)
    }

    /// Reads the symbols, once the run has ended; the profile.
    pub(in crate::monitor) fn finish(&self) -> Option<Ended> {
        let recording = self.run.as_ref().ok()?;
        let mut made = lock(&self.made);
        let made = made.get_or_insert_with(|| {
            let profile = recording.profile();
            let functions = functions::top(&profile);
            let file = pprof::write(&profile).into();
            let page = self.settings.output.report_file.is_some();
            let profile = page.then(|| Arc::new(profile));
            Made {
                ended: Ended { file, profile },
                functions,
            }
        });
        Some(made.ended.clone())
    }

    /// The profile in the report; `None` when none is taken.
    pub(in crate::monitor) fn report(&self, file: Option<String>) -> Option<CpuProfileReport> {
        let statistics = self.statistics()?;
        let made = lock(&self.made);
        let functions = made.as_ref().map(|made| made.functions.clone());
        Some(told::report(
            &statistics,
            file,
            functions.unwrap_or_default(),
        ))
    }

    /// States where operations' time went, where that can be seen: in the run, and in the phases by their numbers.
    pub(in crate::monitor) fn split(
        &self,
        run: &mut PhaseReport,
        phases: &mut [(Option<u16>, &mut PhaseReport)],
    ) {
        let (Ok(recording), Some(statistics)) = (&self.run, self.statistics()) else {
            return;
        };
        let Some(source) = self.source.as_deref().filter(|_| statistics.switches) else {
            return;
        };
        let all = recording.splits();
        let state = |phase: &mut PhaseReport, parts: &[_]| {
            splits::state(phase, parts, source, statistics.faults);
        };
        state(run, &all.all);
        for (number, phase) in phases {
            let own = all.by_phase.iter().find(|own| Some(own.0) == *number);
            if let Some((_, parts)) = own {
                state(phase, parts);
            }
        }
    }

    /// Puts what was seen of slow operations beside their receipts; with the names of functions when `named`.
    pub(in crate::monitor) fn trace(&self, slow: &mut [(Stamp, SlowOperation)], named: bool) {
        if let (Ok(recording), Some(statistics)) = (&self.run, self.statistics()) {
            traced::complete(recording, &statistics, slow, named);
        }
    }

    /// CPU time and bytes that the profiler took so far.
    pub(in crate::monitor) fn cost(&self) -> (Duration, u64) {
        let cost = |statistics: Statistics| (statistics.drain_cpu, statistics.bytes);
        self.statistics().map(cost).unwrap_or_default()
    }

    /// Whether a CPU profile is taken, how, and why not.
    pub(in crate::monitor) fn capability(&self) -> Capability {
        match &self.run {
            Err(_) if !self.settings.monitoring.cpu_profiling => cpu_profile::lack(
                "cpu_profiling = false in the settings",
                "set cpu_profiling = true under [monitoring]",
            ),
            Err(refusals) => cpu_profile::refused(refusals),
            Ok(_) => match self.statistics() {
                Some(statistics) => cpu_profile::taken(&statistics),
                None => cpu_profile::lack("the process that is profiled is this one's parent", ""),
            },
        }
    }

    fn statistics(&self) -> Option<Statistics> {
        self.run.as_ref().ok()?.statistics()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
