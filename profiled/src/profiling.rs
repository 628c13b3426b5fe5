//! The CPU profile, started and stopped as users do it, and the CPU time that it ought to hold.

use std::time::Duration;

use vecperf::cpu::{Options, Recording, Target};
use vecperf::{Monitor, Operation, Settings};

use crate::{Arguments, Truth, clock};

/// What the profiler's own threads are called.
const OUR_THREADS: &str = "vecperf-cpu";

/// A monitor, and a profile that it takes.
pub struct Session {
    monitor: Monitor,
    recording: Option<Recording>,
}

impl Session {
    /// Starts the profile as `asked`.
    ///
    /// # Errors
    /// Why nothing could be profiled here.
    pub fn start(asked: &Arguments) -> Result<Self, String> {
        let mut session = Self::without_profile(asked)?;
        if asked.back_end.is_some() {
            session.recording = Some(recording(asked)?);
        }
        Ok(session)
    }

    /// A monitor whose profiles are taken by [`Session::profile_for`].
    ///
    /// # Errors
    /// The settings are wrong.
    pub fn without_profile(asked: &Arguments) -> Result<Self, String> {
        let mut settings = Settings::default();
        settings.monitoring.sample_rate = asked.rate;
        let monitor = match &asked.output {
            Some(directory) => {
                settings.output.directory.clone_from(directory);
                Monitor::new(settings)
            }
            None => Monitor::in_memory(settings),
        };
        Ok(Self {
            monitor: monitor.map_err(|error| error.to_string())?,
            recording: None,
        })
    }

    /// An operation's handle.
    pub fn operation(&self, name: &str) -> Operation {
        self.monitor.operation(name)
    }

    /// The monitor.
    pub fn monitor(&self) -> &Monitor {
        &self.monitor
    }

    /// Profiles for so long, from start to stop. How many samples there were.
    ///
    /// # Errors
    /// Why nothing could be profiled.
    pub fn profile_for(&self, asked: &Arguments, time: Duration) -> Result<u64, String> {
        let recording = asked.back_end.map(|_| recording(asked)).transpose()?;
        std::thread::sleep(time);
        if let Some(recording) = recording {
            recording.stop();
        }
        Ok(0)
    }

    /// Ends the profile; what it says about itself goes into the truth.
    ///
    /// # Errors
    /// A file could not be written.
    pub fn stop(self, _truth: &mut Truth) -> Result<(), String> {
        if let Some(recording) = &self.recording {
            recording.stop();
        }
        self.monitor.finish().map_err(|error| error.to_string())?;
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
