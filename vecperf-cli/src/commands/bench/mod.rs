//! `vecperf bench`: load, build, evict where asked, warm up, search, judge; the report on stdout and in files.

mod cold;
mod components;
mod conclude;
mod phases;
mod plan;
mod print;

use std::path::PathBuf;
use std::sync::Arc;

use vecperf::Monitor;
use vecperf_engines::{Index, SearchParameters};

use crate::args::BenchArgs;
use crate::commands::settings;
use crate::dataset::Dataset;
use crate::exit::{Exit, Failure, Result};
use crate::interrupt::Interrupt;
use crate::terminal::Terminal;
use phases::Data;
use plan::Plan;
use print::Outcome;

/// The operation of the run's own searches, and the phase that is judged.
const SEARCH: &str = "search";

/// The report page's name, where the settings have none.
const PAGE: &str = "report.html";

/// A run in progress.
struct Bench {
    plan: Plan,
    /// Where the files go.
    directory: PathBuf,
    monitor: Monitor,
    terminal: Terminal,
    interrupt: Interrupt,
}

/// What is searched.
type Held = (Arc<Dataset>, Arc<dyn Index>);

/// Why the phases ended before the last one did.
enum Stop {
    /// Ctrl-C in this phase.
    Interrupted(&'static str),
    /// Something that cannot work.
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

pub(crate) fn run(args: &BenchArgs, terminal: Terminal) -> Result<Exit> {
    let plan = Plan::new(args)?;
    let mut resolved = settings::in_force(args.settings.file.as_deref())?;
    if let Some(directory) = &args.output.output {
        resolved.set("output.directory", directory, "--output")?;
    }
    if resolved.settings.output.report_file.is_none() {
        // Refused where another file of the run has that name: then there is no page.
        let _ = resolved.set("output.report_file", PAGE, "of vecperf bench");
    }
    let settings = resolved.settings;
    plan.check_settings(&settings)?;
    let interrupt = Interrupt::listen(terminal);
    let directory = settings.output.directory.clone();
    // Tells of a directory that cannot be written now, not after the work.
    let monitor = Monitor::new(settings)?;
    Bench {
        plan,
        directory,
        monitor,
        terminal,
        interrupt,
    }
    .run()
}

impl Bench {
    fn run(&self) -> Result<Exit> {
        let mut held = None;
        match self.phases(&mut held) {
            Ok(outcome) => self.conclude(&outcome),
            Err(Stop::Interrupted(phase)) => {
                self.monitor.interrupted(format!(
                    "interrupted in phase {phase}: what was measured until then is here"
                ));
                self.conclude(&Outcome::Interrupted)
            }
            // What came to nothing does not replace the report of the last good run.
            Err(Stop::Failed(failure)) => {
                self.monitor.discard();
                Err(failure)
            }
        }
    }

    /// All phases. A search cut short is judged like a whole one. What is searched is `held` beyond them, until the heap
    /// profile has shown who holds it.
    fn phases(&self, held: &mut Option<Held>) -> Result<Outcome, Stop> {
        let data = self.load()?;
        let mut index = self.build(&data)?;
        let mut cold = None;
        if let Some(searches) = self.plan.cold {
            let evictee = self.evict(&data, index)?;
            cold = Some(self.cold(searches, &data, &evictee)?);
            index = evictee.index;
        }
        let index = Arc::from(index);
        *held = Some((Arc::clone(&data.set), Arc::clone(&index)));
        self.register(&data.set, &index);
        let mut workload = self.describe(&data, index.as_ref());
        workload.cold = cold;
        self.monitor.set_workload(workload.clone());
        self.warm_up(&data, index.as_ref())?;
        let searched = self.search(&data, index.as_ref(), SEARCH, self.plan.search)?;
        let recall = self.tell(workload, &data, &searched);
        let mut tally = searched.tally;
        for ef_search in &self.plan.further {
            if self.interrupt.asked() {
                break;
            }
            tally.failed += self.further(*ef_search, &data, index.as_ref())?;
        }
        if self.interrupt.asked() {
            return Err(Stop::Interrupted(SEARCH));
        }
        Ok(Outcome::Done { tally, recall })
    }

    /// The same searches by another `ef_search`, as an operation of their own: how many failed.
    fn further(&self, ef_search: usize, data: &Data, index: &dyn Index) -> Result<u64, Stop> {
        let parameters = SearchParameters {
            ef_search,
            ..self.plan.search
        };
        index.prepare(parameters)?;
        let operation = format!("{SEARCH} ef_search={ef_search}");
        let searched = self.search(data, index, &operation, parameters)?;
        self.state_recall(&operation, data, &searched);
        self.remark_on_driver(&operation, &searched.tally);
        Ok(searched.tally.failed)
    }
}
