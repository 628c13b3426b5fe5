//! Where the process's cgroup lies, and its limits: v1, v2 and hybrid, in containers and out.
//!
//! A limit may stand at any level, so all levels up to the mount point are read and the smallest counts.

use std::fmt;
use std::path::{Path, PathBuf};

use super::kept_file::KeptFile;
use super::procfs;

/// What a cgroup hierarchy limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Controller {
    Memory,
    Cpu,
}

impl Controller {
    fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Cpu => "cpu",
        }
    }
}

/// The layout of a cgroup's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    V1,
    V2,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        })
    }
}

/// The directories of the process's cgroup and of those above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hierarchy {
    pub(super) version: Version,
    /// The process's own cgroup first, the mount point last.
    pub(super) levels: Vec<PathBuf>,
}

/// Finds the hierarchy of `controller` in the texts of `/proc/self/cgroup` and `/proc/self/mountinfo`.
///
/// A v1 hierarchy that carries the controller wins: in a hybrid set-up a controller bound to v1 does not exist in v2.
pub(super) fn locate(cgroup: &str, mountinfo: &str, controller: Controller) -> Option<Hierarchy> {
    let [v1, v2] = [Version::V1, Version::V2];
    locate_version(cgroup, mountinfo, controller, v1)
        .or_else(|| locate_version(cgroup, mountinfo, controller, v2))
}

/// As [`locate`], in one version only; in version 2 a cgroup has files even for a controller that is bound to v1.
pub(super) fn locate_version(
    cgroup: &str,
    mountinfo: &str,
    controller: Controller,
    version: Version,
) -> Option<Hierarchy> {
    let name = controller.name();
    let named = |names: &str| names.split(',').any(|one| one == name);
    let levels = match version {
        Version::V1 => levels(own_path(cgroup, named)?, mountinfo, |mount| {
            mount.kind == "cgroup" && named(mount.options)
        }),
        Version::V2 => levels(own_path(cgroup, str::is_empty)?, mountinfo, |mount| {
            mount.kind == "cgroup2"
        }),
    }?;
    Some(Hierarchy { version, levels })
}

impl Hierarchy {
    /// The smallest memory limit, and the file that holds the usage it limits: that of the cgroup with the
    /// smallest limit, or of the process's own where there is none.
    pub(super) fn memory(&self, buffer: &mut Vec<u8>) -> (Option<u64>, PathBuf) {
        let (limit_file, usage_file) = match self.version {
            Version::V1 => ("memory.limit_in_bytes", "memory.usage_in_bytes"),
            Version::V2 => ("memory.max", "memory.current"),
        };
        let limits = self.levels.iter().filter_map(|level| {
            let text = KeptFile::open(level.join(limit_file)).ok()?;
            Some((procfs::cgroup_bytes(&text.read(buffer).ok()?)?, level))
        });
        let smallest = limits.min_by_key(|limit| limit.0);
        let own = self
            .levels
            .iter()
            .find(|level| level.join(usage_file).exists());
        let level = smallest
            .map(|limit| limit.1)
            .or(own)
            .or(self.levels.first());
        (
            smallest.map(|limit| limit.0),
            level
                .map(|level| level.join(usage_file))
                .unwrap_or_default(),
        )
    }

    /// The smallest CPU quota, in CPUs, and the cgroup that has it; `None`: no quota.
    pub(super) fn quota(&self, buffer: &mut Vec<u8>) -> Option<(f64, &Path)> {
        self.levels
            .iter()
            .filter_map(|level| Some((self.quota_of(level, buffer)?, level.as_path())))
            .min_by(|one, other| one.0.total_cmp(&other.0))
    }

    fn quota_of(&self, level: &Path, buffer: &mut Vec<u8>) -> Option<f64> {
        let file = |name: &str| KeptFile::open(level.join(name)).ok();
        match self.version {
            Version::V2 => procfs::cpus_by_max(&file("cpu.max")?.read(buffer).ok()?),
            Version::V1 => {
                let quota = file("cpu.cfs_quota_us")?.read(buffer).ok()?.into_owned();
                procfs::cpus_by_quota(&quota, &file("cpu.cfs_period_us")?.read(buffer).ok()?)
            }
        }
    }
}

/// A line of `/proc/self/mountinfo`.
struct Mount<'t> {
    root: String,
    point: String,
    kind: &'t str,
    options: &'t str,
}

fn mounts(text: &str) -> impl Iterator<Item = Mount<'_>> {
    text.split_inclusive('\n').filter_map(|line| {
        let (front, back) = line.strip_suffix('\n')?.split_once(" - ")?;
        let mut front = front.split(' ').skip(3);
        let mut back = back.split(' ');
        let (root, point) = (unescape(front.next()?), unescape(front.next()?));
        Some(Mount {
            root,
            point,
            kind: back.next()?,
            options: back.nth(1)?,
        })
    })
}

/// mountinfo writes space, tab, newline and backslash as `\` and three octal digits.
fn unescape(field: &str) -> String {
    let mut plain = String::with_capacity(field.len());
    let mut rest = field;
    while let Some((before, after)) = rest.split_once('\\') {
        plain.push_str(before);
        let code = after
            .get(..3)
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code {
            Some(code) => plain.push(char::from(code)),
            None => plain.push('\\'),
        }
        rest = if code.is_some() { &after[3..] } else { after };
    }
    plain + rest
}

/// The path of the first line of `/proc/self/cgroup` whose controllers are right.
fn own_path(text: &str, right: impl Fn(&str) -> bool) -> Option<&str> {
    text.split_inclusive('\n').find_map(|line| {
        let mut parts = line.strip_suffix('\n')?.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        (right(controllers) && path.starts_with('/')).then_some(path)
    })
}

/// The directories from the process's own cgroup up to the mount point, in the mount that shows most of them.
fn levels(path: &str, mountinfo: &str, right: impl Fn(&Mount<'_>) -> bool) -> Option<Vec<PathBuf>> {
    let below = mounts(mountinfo)
        .filter(right)
        .filter_map(|mount| Some((below(&mount.root, path)?, mount.point)));
    let (below, point) = below.max_by_key(|(below, _)| below.components().count())?;
    let levels = below.ancestors().map(|level| Path::new(&point).join(level));
    Some(levels.map(|level| level.components().collect()).collect())
}

/// Where cgroup `path` lies below a mount whose root is cgroup `root`; empty when only an ancestor is visible.
///
/// Both may begin with `/..` when they lie above the root of the process's cgroup namespace. `None`: the mount shows
/// another branch, whose limits are not ours.
fn below(root: &str, path: &str) -> Option<PathBuf> {
    let up = |path: &str| path.split('/').filter(|part| *part == "..").count();
    if let Ok(below) = Path::new(path).strip_prefix(root)
        && up(path) == up(root)
    {
        return Some(below.to_owned());
    }
    // The mount's root lies further up (an ancestor whose name we cannot see), or the container runtime shows our
    // cgroup under another name (no namespace, bind mount): the mount point is what applies to us.
    (up(root) > up(path) || up(root) == 0 && up(path) == 0).then(PathBuf::new)
}

#[cfg(test)]
#[path = "cgroup_tests.rs"]
mod tests;
