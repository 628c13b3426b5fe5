//! `vecperf record --pid N`: a process that runs already, until it ends, the time is up, or Ctrl-C.

#[cfg(target_os = "linux")]
use std::{fs, path::PathBuf};

use vecperf::Moment;

use super::{LISTEN, Plan};
#[cfg(target_os = "linux")]
use crate::exit::Failure;
use crate::exit::{Exit, Result};

impl Plan<'_> {
    pub(super) fn watch_process(&self, process: u32) -> Result<Exit> {
        check(process)?;
        let recording = self.start(process)?;
        let start = Moment::now();
        while recording.is_running() && !self.is_up(start) && !self.interrupt.asked() {
            std::thread::sleep(LISTEN);
        }
        let cut_short = self.interrupt.asked() && self.args.seconds.is_some();
        self.conclude(&recording)?;
        Ok(if cut_short {
            Exit::Interrupted
        } else {
            Exit::Fine
        })
    }
}

/// # Errors
/// There is no such process, or it is not ours to look at.
#[cfg(target_os = "linux")]
fn check(process: u32) -> Result<()> {
    use std::os::unix::fs::MetadataExt;

    let folder = PathBuf::from(format!("/proc/{process}"));
    let Ok(theirs) = fs::metadata(&folder) else {
        return Err(
            Failure::runtime(format!("process {process}: there is none"))
                .remedy("`pgrep -a NAME` lists processes with their numbers"),
        );
    };
    if let Ok(ours) = fs::metadata("/proc/self")
        && ours.uid() != 0
        && ours.uid() != theirs.uid()
    {
        return Err(
            Failure::runtime(format!("process {process}: it belongs to another user"))
                .remedy("run vecperf as that user, or as root"),
        );
    }
    Ok(())
}

/// The recording refuses it in its own words.
#[cfg(not(target_os = "linux"))]
fn check(_: u32) -> Result<()> {
    Ok(())
}
