//! The collector: one thread that takes a resource sample and the operations' counts at every beat, and turns
//! all of it into snapshots.
