//! Computed ground truth, kept between runs under a name made of what it is about.
//!
//! An entry is `MAGIC`, queries and `k` (64-bit), the ids, the distances, and the XXH3-128 of everything before; all little-endian.
//! Its name is the XXH3-128 of both sets' values, the metric and `k`, so it never outlives the data.

use std::io;
use std::path::{Path, PathBuf};

use vecperf_engines::{GroundTruth, Metric, Vectors};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::{Dataset, metric_name, save};

/// Names the layout and the definition of a distance; another of either is another magic.
const MAGIC: &[u8; 16] = b"vecperf truth 1\n";

/// Entries kept; the ones written longest ago go first.
const MOST: usize = 64;

/// Where computed ground truth is kept between runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cache {
    directory: Option<PathBuf>,
}

impl Cache {
    /// The user's: `$VECPERF_CACHE_DIR`, else `vecperf` in the system's directory for caches; off where there is none. The
    /// one place of the command that reads the environment for it.
    pub(crate) fn of_user() -> Self {
        let variable = |name: &str| {
            std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        // The XDG base directory specification says to ignore relative paths.
        let absolute = |name: &str| variable(name).filter(|path| path.is_absolute());
        let system = if cfg!(windows) {
            absolute("LOCALAPPDATA")
        } else {
            absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        };
        Self {
            directory: variable("VECPERF_CACHE_DIR")
                .or_else(|| system.map(|system| system.join("vecperf"))),
        }
    }

    /// Keeps nothing (`--no-cache`).
    pub(crate) fn off() -> Self {
        Self { directory: None }
    }

    /// The entry for these data.
    pub(super) fn entry(&self, dataset: &Dataset, metric: Metric, k: usize) -> Entry {
        let path = self.directory.as_ref().map(|directory| {
            let key = key(&dataset.base, &dataset.queries, metric, k);
            directory
                .join("ground-truth")
                .join(format!("{key:032x}.truth"))
        });
        Entry {
            path,
            queries: dataset.queries.len(),
            base: dataset.base.len(),
            k,
        }
    }
}

/// Where one ground truth is or will be.
#[derive(Debug)]
pub(super) struct Entry {
    path: Option<PathBuf>,
    queries: usize,
    base: usize,
    k: usize,
}

/// What was found there.
#[derive(Debug)]
pub(super) enum Kept {
    Whole(GroundTruth),
    /// Something else; a note about it.
    Damaged(String),
    Nothing,
}

impl Entry {
    pub(super) fn read(&self) -> Kept {
        let Some(path) = &self.path else {
            return Kept::Nothing;
        };
        // The length is known, so a file of another is not even read.
        let length = std::fs::metadata(path).map(|metadata| metadata.len());
        let bytes = match length {
            Ok(length) if length != self.length() => Err(format!(
                "{length} bytes long, expected are {}",
                self.length()
            )),
            Ok(_) => std::fs::read(path).map_err(|error| error.to_string()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Kept::Nothing,
            Err(error) => Err(error.to_string()),
        };
        let truth = bytes.and_then(|bytes| {
            self.parse(&bytes)
                .ok_or_else(|| "its checksum or content is wrong".to_owned())
        });
        truth.map_or_else(
            |what| {
                Kept::Damaged(format!(
                    "{}: damaged ({what}), so the ground truth was computed again",
                    path.display()
                ))
            },
            Kept::Whole,
        )
    }

    /// Keeps `truth`; a failure is a note.
    pub(super) fn write(&self, truth: &GroundTruth) -> Result<(), String> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let bytes = self.bytes(truth);
        let directory = path.parent().unwrap_or(path);
        let made = std::fs::create_dir_all(directory)
            .map_err(|error| format!("{}: {error}", directory.display()));
        let written = made.and_then(|()| {
            save::replace(path, |out| out.write_all(&bytes)).map_err(|error| format!("{error:?}"))
        });
        written.map_err(|what| {
            format!("the ground truth could not be kept for the next run ({what}); VECPERF_CACHE_DIR names another directory")
        })?;
        prune(directory);
        Ok(())
    }

    fn length(&self) -> u64 {
        MAGIC.len() as u64 + 16 + (self.queries * self.k) as u64 * 8 + 16
    }

    fn bytes(&self, truth: &GroundTruth) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend((self.queries as u64).to_le_bytes());
        bytes.extend((self.k as u64).to_le_bytes());
        bytes.extend(truth.ids.iter().flat_map(|id| id.to_le_bytes()));
        bytes.extend(
            truth
                .distances
                .iter()
                .flat_map(|distance| distance.to_le_bytes()),
        );
        bytes.extend(xxh3_128(&bytes).to_le_bytes());
        bytes
    }

    fn parse(&self, bytes: &[u8]) -> Option<GroundTruth> {
        let (content, checksum) = bytes.split_last_chunk()?;
        let rest = content.strip_prefix(MAGIC)?;
        let (queries, rest) = rest.split_first_chunk()?;
        let (k, rest) = rest.split_first_chunk()?;
        let whole = u128::from_le_bytes(*checksum) == xxh3_128(content)
            && u64::from_le_bytes(*queries) == self.queries as u64
            && u64::from_le_bytes(*k) == self.k as u64;
        let (ids, distances) = rest.split_at_checked(self.queries * self.k * 4)?;
        let ids: Vec<u32> = ids
            .as_chunks()
            .0
            .iter()
            .map(|&id| u32::from_le_bytes(id))
            .collect();
        let distances = distances
            .as_chunks()
            .0
            .iter()
            .map(|&distance| f32::from_le_bytes(distance))
            .collect();
        let inside = ids.iter().all(|&id| (id as usize) < self.base);
        (whole && inside).then_some(GroundTruth {
            k: self.k,
            ids,
            distances,
        })
    }
}

/// The name of the ground truth of these data.
fn key(base: &Vectors, queries: &Vectors, metric: Metric, k: usize) -> u128 {
    let mut hash = Xxh3::new();
    hash.update(MAGIC);
    hash.update(metric_name(metric).as_bytes());
    for number in [k, base.dimensions(), base.len(), queries.len()] {
        hash.update(&(number as u64).to_le_bytes());
    }
    let mut bytes = Vec::new();
    for values in base
        .values()
        .chunks(1 << 14)
        .chain(queries.values().chunks(1 << 14))
    {
        bytes.clear();
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        hash.update(&bytes);
    }
    hash.digest128()
}

/// Removes the entries written longest ago. What cannot be looked at or removed stays.
fn prune(directory: &Path) {
    let Ok(files) = std::fs::read_dir(directory) else {
        return;
    };
    let entries = files.flatten().filter(|file| {
        file.path()
            .extension()
            .is_some_and(|extension| extension == "truth")
    });
    let mut dated: Vec<_> = entries
        .filter_map(|file| Some((file.metadata().ok()?.modified().ok()?, file.path())))
        .collect();
    dated.sort();
    let surplus = dated.len().saturating_sub(MOST);
    for (_, path) in &dated[..surplus] {
        let _ = std::fs::remove_file(path);
    }
}

#[cfg(test)]
impl Cache {
    /// In a directory of the test's own.
    pub(super) fn at(directory: &Path) -> Self {
        Self {
            directory: Some(directory.to_owned()),
        }
    }
}
