//! From a saved file back to the report, with errors that say what is wrong with the file and what to do.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;

use crate::error::{Error, ErrorKind, Result};
use crate::histogram::Histogram;
use crate::report::{Block, Distribution, PhaseReport, Report};

/// The largest file read; a report of 600 beats and 2,000 series has less than 20 MiB.
const MAX_BYTES: u64 = 256 << 20;

/// Bucket indexes that durations of 1 ns to `u64::MAX` ns can have: 2^-30 s to 2^35 s.
const BUCKET_INDEXES: std::ops::RangeInclusive<i32> = -30 * 64..=35 * 64;

/// What every version of the layout has.
#[derive(Deserialize)]
struct Version {
    schema_version: Option<serde_json::Value>,
    vecperf_version: Option<serde_json::Value>,
}

impl Report {
    /// The report that `json` holds.
    ///
    /// Fields this version does not know are ignored, so that a later vecperf may add some without a new
    /// [`Report::SCHEMA_VERSION`].
    ///
    /// # Errors
    /// [`ErrorKind::Data`]: not JSON, cut off, another layout, or a value of the wrong type, named by its path.
    pub fn from_json(json: &str) -> Result<Self> {
        // Windows' editors and shells put a byte order mark in front.
        let json = json.trim_start_matches('\u{feff}');
        check_version(json)?;
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let report: Self =
            serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
                let path = error.path().to_string();
                data(format!(
                    "`{path}` is not what a report has there: {}",
                    error.inner()
                ))
            })?;
        check_distributions(&report)?;
        Ok(report)
    }

    /// The report in the file at `path`.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] when it cannot be read; [`ErrorKind::Data`] as [`Report::from_json`], and for a file of
    /// more than 256 MiB. Both name the file.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let named = |message: String| format!("{}: {message}", visible(&path.to_string_lossy()));
        let bytes = bytes(path)?;
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            let at = error.valid_up_to();
            data(named(format!(
                "not UTF-8 at byte {at}: this is no report, or it was converted; save it as UTF-8"
            )))
        })?;
        Self::from_json(text).map_err(|error| Error::new(error.kind(), named(error.to_string())))
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>> {
    let shown = visible(&path.to_string_lossy());
    let io = |error: std::io::Error| {
        let remedy = match error.kind() {
            std::io::ErrorKind::NotFound => {
                "check the path, or make a report first with `vecperf bench`"
            }
            std::io::ErrorKind::PermissionDenied => "let this user read it",
            _ => "check the file and its disk",
        };
        Error::new(
            ErrorKind::Io,
            format!("{shown}: cannot be read: {error}; {remedy}"),
        )
        .because(error)
    };
    if std::fs::metadata(path).map_err(io)?.is_dir() {
        let remedy = "name the file in it, by default `performance_metrics.json`";
        return Err(Error::new(
            ErrorKind::Io,
            format!("{shown}: is a directory; {remedy}"),
        ));
    }
    let mut bytes = Vec::new();
    // The limit holds for what is read, not for what the metadata says: a pipe or a growing file has no size.
    File::open(path)
        .map_err(io)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(io)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(data(format!(
            "{shown}: is larger than 256 MiB; no report is, so this is another file"
        )));
    }
    Ok(bytes)
}

/// Tells a file of another layout, or of another kind, from a damaged report.
fn check_version(json: &str) -> Result<()> {
    if json.trim().is_empty() {
        return Err(data("is empty; make the report again"));
    }
    let version: Version = serde_json::from_str(json).map_err(|error| {
        data(match error.classify() {
            serde_json::error::Category::Eof => {
                format!(
                    "ends too early ({error}): it was cut off while copied; copy or make it again"
                )
            }
            serde_json::error::Category::Data => format!("is JSON, but not a report ({error})"),
            _ => format!("is not JSON ({error}); a report is the file that `metrics_file` names"),
        })
    })?;
    let writer = version
        .vecperf_version
        .as_ref()
        .and_then(|version| version.as_str())
        .unwrap_or("of unknown version");
    let ours = u64::from(Report::SCHEMA_VERSION);
    match version.schema_version.map(|found| (found.as_u64(), found)) {
        Some((Some(found), _)) if found == ours => Ok(()),
        Some((Some(found), _)) if found > ours => Err(data(format!(
            "has schema_version {found}, written by vecperf {writer}; this vecperf {} reads {ours}: \
             update vecperf",
            env!("CARGO_PKG_VERSION"),
        ))),
        Some((Some(found), _)) => Err(data(format!(
            "has schema_version {found}, older than the {ours} this vecperf {} reads: make the \
             report again, or read it with the vecperf that wrote it ({writer})",
            env!("CARGO_PKG_VERSION"),
        ))),
        Some((None, found)) => Err(data(format!(
            "`schema_version` is {found}, not a whole number"
        ))),
        None => Err(data(
            "is JSON, but not a report: it has no `schema_version`".to_owned(),
        )),
    }
}

/// A histogram with impossible buckets would give impossible quantiles later, far from the file that is to blame.
fn check_distributions(report: &Report) -> Result<()> {
    check_phase("run", &report.run)?;
    report
        .phases
        .iter()
        .enumerate()
        .try_for_each(|(at, phase)| check_phase(&format!("phases[{at}]"), phase))
}

fn check_phase(path: &str, phase: &PhaseReport) -> Result<()> {
    for (at, operation) in phase.operations.iter().enumerate() {
        let distributions = [
            ("latency", &operation.latency),
            ("error_latency", &operation.error_latency),
            ("cancelled_latency", &operation.cancelled_latency),
            ("service_time", &operation.service_time),
            ("poll_time", &operation.poll_time),
        ];
        for (field, distribution) in distributions {
            if let Some(wrong) = distribution.as_ref().and_then(wrong_with) {
                return Err(data(format!(
                    "`{path}.operations[{at}].{field}` {wrong}; the file was changed or damaged"
                )));
            }
        }
    }
    match wrong_with_blocks(&phase.blocks) {
        Some(wrong) => Err(data(format!(
            "`{path}.blocks{wrong}; the file was changed or damaged"
        ))),
        None => Ok(()),
    }
}

/// A comparison takes memory for each block and each bucket that is in one of them.
fn wrong_with_blocks(blocks: &[Block]) -> Option<String> {
    if blocks.len() > Block::MOST {
        let (count, most) = (blocks.len(), Block::MOST);
        return Some(format!("` are {count}, and there are {most} at most"));
    }
    for (at, block) in blocks.iter().enumerate() {
        if block.operations.len() > Block::OPERATIONS {
            let (count, most) = (block.operations.len(), Block::OPERATIONS);
            return Some(format!(
                "[{at}].operations` are {count}, and a block has {most} at most"
            ));
        }
        for (number, operation) in block.operations.iter().enumerate() {
            if let Some(index) = impossible(&operation.buckets) {
                return Some(format!(
                    "[{at}].operations[{number}]` has a bucket {index}, which no duration falls into"
                ));
            }
        }
    }
    None
}

/// The index of a bucket that no duration falls into.
fn impossible(buckets: &[(i32, u64)]) -> Option<i32> {
    let mut indexes = buckets.iter().map(|bucket| bucket.0);
    indexes.find(|index| !BUCKET_INDEXES.contains(index))
}

fn wrong_with(distribution: &Distribution) -> Option<String> {
    let schema = distribution.bucket_schema;
    if schema != Histogram::SCHEMA {
        return Some(format!(
            "has bucket_schema {schema}, and only {} is known",
            Histogram::SCHEMA
        ));
    }
    if let Some(index) = impossible(&distribution.buckets) {
        return Some(format!(
            "has a bucket {index}, which no duration falls into"
        ));
    }
    let sum = distribution
        .buckets
        .iter()
        .try_fold(0u64, |sum, &(_, count)| sum.checked_add(count));
    let count = distribution.count;
    (sum != Some(count)).then(|| format!("says count {count}, and its buckets hold another number"))
}

/// What is wrong may be quoted from the file; a hostile one does not reach the terminal through the error.
fn data(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Data, visible(&message.into()))
}

fn visible(text: &str) -> String {
    let shown = |c: char| match c {
        '"' | '\'' | '\\' => c.to_string(),
        _ => c.escape_debug().to_string(),
    };
    text.chars().map(shown).collect()
}
