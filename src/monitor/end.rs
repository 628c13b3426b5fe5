//! How a run ends: everything is stopped, the files are written.

use std::time::Duration;

use super::assemble::Names;
use super::{Handle, Watch, page};
use crate::error::{Error, ErrorKind, Result};
use crate::export::{Exporter, Json};
use crate::record::Recorder;
use crate::report::Report;

impl Watch {
    pub(super) fn finish(&self) -> Result<Report> {
        // Before any lock: in the child, one that another thread of the parent held stays locked for ever.
        if self.collector.is_elsewhere() {
            return Err(forked());
        }
        self.serving.stop();
        self.profiling.stop();
        self.heap.stop();
        let run = self.edge();
        self.take_account(&run, None);
        self.stop();
        // After the last reading of memory: it takes some of its own.
        let profile = self.profiling.finish();
        let heap_profile = self.heap.finish();
        let names = Names::Read {
            slow_since: Duration::ZERO,
        };
        let report = self.report_of(&run, names);
        self.told().finished = true;
        if let Some(output) = &self.output {
            let names = &self.settings.output;
            output.write(&names.metrics_file, &Json.to_bytes(&report)?)?;
            if let Some(profile) = &profile {
                output.write(&names.profiling_file, &profile.file)?;
            }
            if let Some(profile) = &heap_profile {
                output.write(&names.heap_profile_file, &profile.file)?;
            }
            if let Some(name) = &names.report_file {
                let page = page::page(&report, profile.as_ref(), heap_profile.as_ref())?;
                output.write(name, &page)?;
            }
        }
        Ok(report)
    }

    pub(super) fn stop(&self) {
        Recorder::uninstall(&self.recorder);
        self.serving.stop();
        self.profiling.stop();
        self.heap.stop();
        self.collector.stop();
        self.memory.stop();
        self.callbacks.forget();
    }
}

/// The last handle of a monitor that was never finished: the program returned early or panicked. What was measured
/// until then is written, marked incomplete, because that is when one wants it most.
impl Drop for Handle {
    fn drop(&mut self) {
        // A child that was forked must not write over what its parent will write.
        if self.collector.is_elsewhere() || self.told().finished {
            return;
        }
        self.told()
            .interrupt("the monitor was dropped without finish()".to_owned());
        // Nobody is left to tell of an error; the file that was there is intact.
        let _ = self.finish();
    }
}

fn forked() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "this monitor belongs to the process that this one was forked from, which writes its files; make a monitor of \
         its own in the child",
    )
}
