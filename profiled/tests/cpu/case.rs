//! One run of a program in a process of its own.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use vecperf_profiled::Truth;

use crate::seen::Seen;

pub(crate) const PERF_EVENT: &str = "perf_event";
pub(crate) const THREAD_TIMER: &str = "thread_timer";
pub(crate) const TICKER: &str = "ticker";

/// A process that is not done then has hung: no run takes a fifth of it on a busy machine.
const HUNG_AFTER: Duration = Duration::from_secs(240);
const NOBODY: u32 = 65_534;

/// The cases share two CPUs with each other otherwise, and each has a process-wide profiler.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The back ends that run here; says so when perf_event does not.
pub(crate) fn back_ends() -> Vec<&'static str> {
    static PERF_EVENT_RUNS: OnceLock<bool> = OnceLock::new();
    let runs = PERF_EVENT_RUNS.get_or_init(|| {
        let tried = Case::new("split")
            .seconds(0.02)
            .back_end(PERF_EVENT)
            .try_run();
        if let Err(why) = &tried {
            eprintln!("SKIPPED for perf_event, which does not run here: {why}");
        }
        tried.is_ok()
    });
    let mut all = vec![PERF_EVENT, THREAD_TIMER, TICKER];
    all.retain(|name| *runs || *name != PERF_EVENT);
    all
}

/// A program and how it is to be run.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    program: &'static str,
    words: Vec<String>,
    user: Option<u32>,
    binary: PathBuf,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) truth: Truth,
    /// What the files say; `None`: the program wrote no profile.
    pub(crate) seen: Option<Seen>,
    /// Seconds that a hypervisor took from this machine meanwhile: they count as CPU time of whom they were taken
    /// from, and no timer fires in them.
    stolen: f64,
}

impl Run {
    /// What the files say, of a program that is to have written a profile.
    pub(crate) fn seen(&self) -> &Seen {
        self.seen.as_ref().expect("the program wrote a profile")
    }

    /// How much of the program's CPU time may have been stolen, at most.
    pub(crate) fn stolen_share(&self) -> f64 {
        self.stolen / self.truth.cpu_seconds.max(f64::MIN_POSITIVE)
    }
}

impl Case {
    pub(crate) fn new(program: &'static str) -> Self {
        Self {
            program,
            words: Vec::new(),
            user: None,
            binary: env!("CARGO_BIN_EXE_vecperf-profiled").into(),
        }
        .seconds(1.5)
    }

    /// Seconds of CPU time, times `PROFILED_SCALE`.
    pub(crate) fn seconds(self, seconds: f64) -> Self {
        self.with("--seconds", &(seconds * scale()).to_string())
    }

    pub(crate) fn back_end(self, name: &str) -> Self {
        self.with("--back-end", name)
    }

    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        self.words.extend([key.to_owned(), value.to_owned()]);
        self
    }

    /// As a user without rights; only root can become one.
    pub(crate) fn without_rights(mut self) -> Self {
        self.user = Some(NOBODY);
        self
    }

    /// Another copy of the program.
    pub(crate) fn binary(mut self, binary: &Path) -> Self {
        self.binary = binary.to_owned();
        self
    }

    /// Runs it; a program that fails fails the test.
    pub(crate) fn run(&self) -> Run {
        self.try_run()
            .unwrap_or_else(|why| panic!("{} {:?}: {why}", self.program, self.words))
    }

    /// Runs it and judges the run. A busy machine, or one whose CPUs a hypervisor gives to others, makes one run untrue by
    /// chance: what is untrue in each of three is so by our doing. A program that fails, fails the test at once.
    pub(crate) fn judge(&self, judge: impl Fn(&Run)) {
        for further in [2, 1] {
            let run = self.run();
            if catch_unwind(AssertUnwindSafe(|| judge(&run))).is_ok() {
                return;
            }
            eprintln!(
                "{} {:?}: {further} more runs to tell it from chance",
                self.program, self.words
            );
        }
        judge(&self.run());
    }

    /// Runs it, or says how it failed.
    pub(crate) fn try_run(&self) -> Result<Run, String> {
        let room = room();
        let output = room.path().join("logs");
        let (out, err) = (room.path().join("out"), room.path().join("err"));
        let mut command = Command::new(self.reachable(room.path()));
        command
            .arg(self.program)
            .args(&self.words)
            .arg("--output")
            .arg(&output)
            .current_dir(room.path())
            // Arenas come and go with threads; what is left of them is no leak of ours.
            .env("MALLOC_ARENA_MAX", "2")
            .stdout(File::create(&out).unwrap())
            .stderr(File::create(&err).unwrap());
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        let stolen = stolen_seconds();
        let status = wait(command)?;
        let text = |path| fs::read_to_string(path).unwrap_or_default();
        if !status.success() {
            return Err(format!("{status}: {}", text(&err)));
        }
        let truth: Truth = serde_json::from_str(text(&out).trim())
            .map_err(|error| format!("{error} in {:?}", text(&out)))?;
        Ok(Run {
            truth,
            seen: Seen::read(&output),
            stolen: stolen_seconds() - stolen,
        })
    }

    /// Where the user can reach the program: the target folder may be root's alone.
    fn reachable(&self, room: &Path) -> PathBuf {
        if self.user.is_none() {
            return self.binary.clone();
        }
        let copy = room.join("program");
        fs::copy(&self.binary, &copy).unwrap();
        copy
    }
}

/// A folder that every user may write to.
fn room() -> TempDir {
    let room = tempfile::tempdir().unwrap();
    fs::set_permissions(room.path(), fs::Permissions::from_mode(0o777)).unwrap();
    room
}

fn wait(mut command: Command) -> Result<ExitStatus, String> {
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let start = Instant::now();
    let patience = HUNG_AFTER.mul_f64(scale().max(1.0));
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Ok(status);
        }
        if start.elapsed() > patience {
            let _ = child.kill();
            let _ = child.wait();
            return Err("hung".to_owned());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The eighth figure of the first line of `/proc/stat`, in ticks of 10 ms.
fn stolen_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let ticks = stat.split_whitespace().nth(8);
    ticks.and_then(|ticks| ticks.parse().ok()).unwrap_or(0.0) / 100.0
}

/// How many times longer than usual the programs run.
pub(crate) fn scale() -> f64 {
    let scale = std::env::var("PROFILED_SCALE").ok();
    scale.and_then(|scale| scale.parse().ok()).unwrap_or(1.0)
}

/// True for root, who can become another user.
pub(crate) fn is_root() -> bool {
    // SAFETY: takes nothing, returns a number.
    unsafe { libc::geteuid() == 0 }
}
