//! `--cold`: the index moves into a file, the file out of memory, and the first searches are a phase of their own.

use vecperf::report::ColdStart;
use vecperf_engines::Index;

use super::phases::Data;
use super::{Bench, Stop};
use crate::driver::Budget;
use crate::index_file::{self, Evicted, IndexFile};

/// An index that is served from a file, none of which was in memory.
pub(super) struct Evictee {
    pub(super) index: Box<dyn Index>,
    evicted: Evicted,
}

impl Bench {
    /// Saves the index, gives up the one in memory, evicts the file and serves from it.
    pub(super) fn evict(&self, data: &Data, index: Box<dyn Index>) -> Result<Evictee, Stop> {
        let _phase = self.monitor.phase("evict");
        let engine = self.plan.engine;
        let progress = self.progress("evict", engine);
        let file = IndexFile::in_directory(&self.directory, engine)?;
        let path = file.path().to_owned();
        self.apart("evict", move || {
            index.save(&path)?;
            drop(index);
            index_file::evict(&path, None)
        })??;
        let dimensions = data.set.base.dimensions();
        let index = self.monitor.operation("open").measure_result(|| {
            let parameters = &self.plan.build;
            vecperf_engines::open(engine, file.path(), dimensions, data.metric, parameters)
        })?;
        // What opening read is evicted, too: usearch looks at every vector's place.
        let evicted = index_file::evict(file.path(), index.mapped())?;
        self.register_file(index.as_ref());
        progress.done(format_args!(
            "{} MB of {engine} served from {}",
            evicted.file_bytes / 1_000_000,
            file.path().display()
        ));
        if evicted.left_bytes > 0 {
            let percent = 100 * evicted.left_bytes / evicted.file_bytes.max(1);
            let remark = format!(
                "--cold: {percent} % of the index file could not be evicted from memory, so that not all first touches \
                 are reads; a file system in memory (tmpfs) keeps its files there: --output with a directory on a disk"
            );
            self.terminal.remark(&remark);
            self.monitor.note(remark);
        }
        Ok(Evictee { index, evicted })
    }

    /// The first searches after the eviction.
    pub(super) fn cold(
        &self,
        searches: usize,
        data: &Data,
        evictee: &Evictee,
    ) -> Result<ColdStart, Stop> {
        let Evictee { index, evicted } = evictee;
        {
            let _phase = self.monitor.phase("cold");
            let load = self.unmeasured("cold", Budget::Count(searches as u64));
            let tally = self.drive(data, index.as_ref(), &load)?;
            self.go_on_after("cold", &tally)?;
        }
        Ok(ColdStart {
            searches: searches as u64,
            file_bytes: evicted.file_bytes,
            resident_before_bytes: evicted.left_bytes,
            resident_after_bytes: index.mapped().and_then(index_file::resident),
        })
    }
}
