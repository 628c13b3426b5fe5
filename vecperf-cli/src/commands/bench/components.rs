//! What the run's memory is made of, as far as the data set and the engine know.

use std::sync::{Arc, Weak};

use vecperf_engines::{Index, Vectors};

use super::Bench;
use crate::dataset::Dataset;

impl Bench {
    /// Has the report say how much of the file that the index is served from is in memory: now, and at the end of the
    /// search.
    pub(super) fn register_file(&self, index: &dyn Index) {
        if let Some(file) = index.mapped() {
            self.monitor.region("index file", file);
        }
    }

    /// Has the report say what of the memory is data set and what is index, part by part. What is dropped before the
    /// end counts 0 from then on.
    pub(super) fn register(&self, set: &Arc<Dataset>, index: &Arc<dyn Index>) {
        for (name, vectors) in [("base", &set.base), ("queries", &set.queries)] {
            let vectors = Arc::downgrade(vectors);
            let bytes = move || vectors.upgrade().map_or(0, |vectors| size_of_all(&vectors));
            self.monitor.component(&format!("data set {name}"), bytes);
        }
        let file = index.mapped();
        // What is served from a file lies in no heap; arenas stay arenas.
        let held = index.held().into_iter();
        for (name, _) in held.filter(|_| file.is_none() || index.is_outside_heap()) {
            let part = Part {
                index: Arc::downgrade(index),
                name,
            };
            let name = format!("index {name}");
            let component = self.monitor.component(&name, move || part.bytes());
            if index.is_outside_heap() {
                component.outside_heap();
            }
        }
    }
}

fn size_of_all(vectors: &Vectors) -> u64 {
    size_of_val(vectors.values()) as u64
}

/// A part of an index that may be dropped.
struct Part {
    index: Weak<dyn Index>,
    name: &'static str,
}

impl Part {
    fn bytes(&self) -> u64 {
        let Some(index) = self.index.upgrade() else {
            return 0;
        };
        let held = index.held().into_iter();
        held.filter(|(name, _)| *name == self.name)
            .map(|(_, bytes)| bytes)
            .sum()
    }
}
