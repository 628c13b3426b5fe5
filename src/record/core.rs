//! What all handles of one operation share: its name, its shards, its work counters' names.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::shard::{COUNTERS, Kind, Shard, Writer, gather};
use super::slots::{self, OVERFLOW, SLOTS};
use crate::recall::JudgedQueries;
use crate::snapshot::{CounterReading, OperationSnapshot};

pub(super) struct Core {
    pub(super) name: Arc<str>,
    shards: [OnceLock<Box<Shard>>; SLOTS],
    told: Mutex<Told>,
}

/// What is told seldom.
#[derive(Default)]
struct Told {
    counters: Vec<String>,
    judged: JudgedQueries,
}

impl Core {
    pub(super) fn new(name: &str) -> Arc<Self> {
        Arc::new(Self {
            name: Arc::from(name),
            shards: [const { OnceLock::new() }; SLOTS],
            told: Mutex::default(),
        })
    }

    /// The calling thread's shard, and how to write it.
    #[inline(always)]
    pub(super) fn shard(&self) -> (&Shard, Writer) {
        let slot = slots::current();
        let shard = self.shards[slot].get_or_init(Shard::new);
        (
            shard,
            if slot == OVERFLOW {
                Writer::Shared
            } else {
                Writer::Owner
            },
        )
    }

    /// The number of the work counter called `name`; beyond the sixteenth, one that counts nothing.
    pub(super) fn counter(&self, name: &str) -> usize {
        let mut told = self.told();
        let known = told.counters.iter().position(|known| known == name);
        known.unwrap_or_else(|| {
            if told.counters.len() < COUNTERS {
                told.counters.push(name.to_owned());
                told.counters.len() - 1
            } else {
                COUNTERS
            }
        })
    }

    pub(super) fn record_recall(&self, found: u32, k: u32) {
        self.told().judged.record(found, k);
    }

    pub(super) fn snapshot(&self) -> OperationSnapshot {
        let told = self.told();
        let names = told.counters.iter().enumerate();
        let counters = names.map(|(at, name)| CounterReading {
            name: name.clone(),
            total: self
                .shards()
                .fold(0, |sum, shard| sum.wrapping_add(shard.counter(at))),
        });
        OperationSnapshot {
            name: self.name.to_string(),
            counters: counters.collect(),
            judged: told.judged.clone(),
            stated_recall: None,
            untimed: self.shards().map(Shard::untimed).sum(),
            ok: gather(self.shards(), Kind::Ok),
            error: gather(self.shards(), Kind::Error),
            cancelled: gather(self.shards(), Kind::Cancelled),
            service: gather(self.shards(), Kind::Service),
            polling: gather(self.shards(), Kind::Polling),
        }
    }

    pub(super) fn ended(&self) -> u64 {
        self.shards().map(Shard::ended).sum()
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.shards().map(Shard::bytes).sum::<usize>()
    }

    fn shards(&self) -> impl Iterator<Item = &Shard> {
        self.shards
            .iter()
            .filter_map(OnceLock::get)
            .map(|shard| &**shard)
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
