//! What an engine promises, checked from outside, one module a topic.

mod build;
mod exact;
mod files;
mod hnsw;
mod monitored;
mod points;
#[cfg(feature = "usearch")]
mod usearch;
