//! The commands, one file each.

pub(crate) mod baseline;
pub(crate) mod bench;
pub(crate) mod check;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod dash;
pub(crate) mod dataset;
pub(crate) mod doctor;
pub(crate) mod flame;
pub(crate) mod functions;
pub(crate) mod init;
pub(crate) mod man;
pub(crate) mod record;
pub(crate) mod report;
pub(crate) mod schema;
pub(crate) mod snapshot;
pub(crate) mod top;

mod runs;
mod settings;
mod show;
mod telling;
