//! The CPU profile, started and stopped as users do it, and the CPU time that it ought to hold.

use std::time::Duration;

use vecperf::config::CpuBackEnd;
use vecperf::cpu::{BackEnd, Choice, Options, Recording, Target};
use vecperf::{Monitor, Operation, Settings};

use crate::{Arguments, Truth, clock};

/// What the profiler's own threads are called.
const OUR_THREADS: &str = "vecperf-cpu";

/// A monitor that takes a profile, or one that takes none.
pub struct Session {
    monitor: Monitor,
}

impl Session {
    /// Starts the profile as `asked`. Where none can be taken, everything else works, and [`Session::stop`] tells why.
    ///
    /// # Errors
    /// The settings are wrong, or the output directory is.
    pub fn start(asked: &Arguments) -> Result<Self, String> {
        Self::new(asked, asked.back_end.is_some())
    }

    /// A monitor whose profiles are taken by [`Monitor::profile`].
    ///
    /// # Errors
    /// As [`Session::start`].
    pub fn without_profile(asked: &Arguments) -> Result<Self, String> {
        Self::new(asked, false)
    }

    fn new(asked: &Arguments, profiled: bool) -> Result<Self, String> {
        let mut settings = Settings::default();
        settings.monitoring.sample_rate = asked.rate;
        settings.monitoring.cpu_profiling = profiled;
        settings.monitoring.cpu_back_end = match asked.back_end {
            Some(Choice::Only(BackEnd::PerfEvent)) => CpuBackEnd::PerfEvent,
            Some(Choice::Only(BackEnd::ThreadTimer)) => CpuBackEnd::ThreadTimer,
            Some(Choice::Only(BackEnd::Ticker)) => CpuBackEnd::Ticker,
            Some(Choice::Auto) | None => CpuBackEnd::Auto,
        };
        let monitor = match &asked.output {
            Some(directory) => {
                settings.output.directory.clone_from(directory);
                Monitor::new(settings)
            }
            None => Monitor::in_memory(settings),
        };
        let monitor = monitor.map_err(|error| error.to_string())?;
        Ok(Self { monitor })
    }

    /// An operation's handle.
    pub fn operation(&self, name: &str) -> Operation {
        self.monitor.operation(name)
    }

    /// The monitor.
    pub fn monitor(&self) -> &Monitor {
        &self.monitor
    }

    /// Ends the profile; what it says about itself goes into the truth.
    ///
    /// # Errors
    /// A file could not be written.
    pub fn stop(self, truth: &mut Truth) -> Result<(), String> {
        let report = self.monitor.finish().map_err(|error| error.to_string())?;
        let Some(profile) = report.cpu_profile else {
            let capabilities = report.environment.capabilities.into_iter();
            let lacking = capabilities.filter(|one| !one.available);
            truth.refusals = lacking.map(|one| one.reason).collect();
            return Ok(());
        };
        truth.back_end = Some(profile.back_end);
        truth.asked_rate = profile.asked_rate;
        truth.samples = profile.samples;
        let refusals = profile.refusals.into_iter();
        truth.refusals = refusals
            .map(|refusal| format!("{}: {}", refusal.back_end, refusal.reason))
            .collect();
        let facts = [
            ("achieved_rate", profile.achieved_rate),
            ("lost", profile.lost as f64),
            ("truncated_share", profile.truncated_share),
            ("broken_share", profile.broken_share),
            ("unknown_frames_share", profile.unknown_frames_share),
            ("in_operations_share", profile.in_operations_share),
            ("operations_overrun", profile.operations_overrun as f64),
            (
                "kernel_not_sampled_seconds",
                profile.kernel_not_sampled_seconds,
            ),
            ("stack_bytes", profile.stack_bytes as f64),
            ("symbol_seconds", profile.symbol_seconds),
        ];
        let owned = facts.map(|(name, amount)| (name.to_owned(), amount));
        truth.facts.extend(owned);
        Ok(())
    }
}

/// A recording without a monitor.
///
/// # Errors
/// Why nothing could be profiled.
pub fn recording(asked: &Arguments) -> Result<Recording, String> {
    let options = Options {
        sample_rate: asked.rate,
        back_end: asked.back_end.unwrap_or_default(),
        ..Options::default()
    };
    Recording::start(Target::ThisProcess, &options).map_err(|refusals| {
        let reasons = refusals.into_iter().map(|refusal| refusal.reason);
        reasons.collect::<Vec<_>>().join("; ")
    })
}

/// The CPU time of the process from now on.
pub struct Account {
    process: Duration,
    profiler: Duration,
}

impl Account {
    /// Starts counting.
    pub fn open() -> Self {
        Self {
            process: clock::process_cpu(),
            profiler: profiler_cpu(),
        }
    }

    /// Tells what was used since.
    pub fn close(self, truth: &mut Truth) {
        let profiler = profiler_cpu().saturating_sub(self.profiler);
        let process = clock::process_cpu() - self.process;
        truth.cpu_seconds = process.saturating_sub(profiler).as_secs_f64();
        truth.profiler_cpu_seconds = profiler.as_secs_f64();
    }
}

/// CPU time of the profiler's threads so far.
pub fn profiler_cpu() -> Duration {
    let ours = clock::threads()
        .into_iter()
        .filter(|(name, _)| name.starts_with(OUR_THREADS));
    ours.map(|(_, cpu)| cpu).sum()
}
