//! How much memory may still be taken before something stops it: a cgroup's limit at any level, or the machine's memory.
//!
//! The page cache counts as used in a cgroup, and the kernel gives it back when the limit comes near; so what is left is
//! the limit less what *cannot* be given back.

use std::path::Path;
use std::sync::Arc;

use super::cgroup::{Hierarchy, Version};
use super::kept_file::KeptFile;
use super::procfs;
use crate::resource::MemoryHeadroom;

/// The bound with the least left of all that apply: each limit from the process's cgroup up, and the machine.
///
/// About 20 µs for the machine and 15 µs for each level with a limit; asked once a second.
pub(super) fn tightest(
    group: Option<&Hierarchy>,
    machine: Option<&KeptFile>,
    buffer: &mut Vec<u8>,
) -> Option<Arc<MemoryHeadroom>> {
    let machine = machine.and_then(|file| of_machine(&file.read(buffer).ok()?));
    let levels = group.into_iter().flat_map(|group| {
        let limits = limit_files(group.version);
        let each = group.levels.iter().map(move |level| (group, level));
        each.flat_map(move |(group, level)| limits.iter().map(move |file| (group, level, *file)))
    });
    let all =
        levels.filter_map(|(group, level, file)| of_level(group.version, level, file, buffer));
    all.chain(machine)
        .min_by_key(|bound| bound.headroom_bytes)
        .map(Arc::new)
}

/// `memory.high` does not kill; it slows allocations down until memory is given back, which for a search is as bad.
fn limit_files(version: Version) -> &'static [&'static str] {
    match version {
        Version::V1 => &["memory.limit_in_bytes"],
        Version::V2 => &["memory.max", "memory.high"],
    }
}

fn of_level(
    version: Version,
    level: &Path,
    limit_file: &str,
    buffer: &mut Vec<u8>,
) -> Option<MemoryHeadroom> {
    let mut bytes = |name: &str| {
        let file = KeptFile::open(level.join(name)).ok()?;
        procfs::cgroup_bytes(&file.read(buffer).ok()?)
    };
    let limit_bytes = bytes(limit_file)?;
    let used = bytes(match version {
        Version::V1 => "memory.usage_in_bytes",
        Version::V2 => "memory.current",
    })?;
    // Without the statistics nothing counts as given back: less seems left than is.
    let cache = KeptFile::open(level.join("memory.stat"))
        .ok()
        .and_then(|file| procfs::reclaimable(&file.read(buffer).ok()?));
    let used_bytes = used.saturating_sub(cache.unwrap_or(0));
    Some(MemoryHeadroom {
        limited_by: format!("{limit_file} of {}", level.display()),
        limit_bytes,
        used_bytes,
        headroom_bytes: limit_bytes.saturating_sub(used_bytes),
    })
}

/// `MemAvailable` is the kernel's own estimate of what can be had without swapping.
fn of_machine(meminfo: &str) -> Option<MemoryHeadroom> {
    let limit_bytes = procfs::bytes_of(meminfo, "MemTotal")?;
    let headroom_bytes = procfs::bytes_of(meminfo, "MemAvailable")?.min(limit_bytes);
    Some(MemoryHeadroom {
        limited_by: "the machine's memory".to_owned(),
        limit_bytes,
        used_bytes: limit_bytes - headroom_bytes,
        headroom_bytes,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const MIB: u64 = 1 << 20;

    /// A cgroup tree of (path, MiB or text) and the bound found in it, as `limit, used, left of file`.
    fn check(version: Version, own: &str, files: &[(&str, &str)], meminfo: &str, expected: &str) {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let bytes = text.parse::<u64>().map(|mib| (mib * MIB).to_string());
            std::fs::write(path, bytes.unwrap_or((*text).to_owned()) + "\n").unwrap();
        }
        let levels = Path::new(own)
            .ancestors()
            .map(|level| root.path().join(level));
        let group = Hierarchy {
            version,
            levels: levels.map(|level| level.components().collect()).collect(),
        };
        let mut machine = tempfile::NamedTempFile::new().unwrap();
        machine.write_all(meminfo.as_bytes()).unwrap();
        let machine = KeptFile::open(machine.path()).unwrap();
        let found = tightest(Some(&group), Some(&machine), &mut Vec::new());
        let found = found.map_or("nothing".to_owned(), |bound| {
            let by = bound
                .limited_by
                .replace(&root.path().display().to_string(), "");
            let [limit, used, left] = [bound.limit_bytes, bound.used_bytes, bound.headroom_bytes]
                .map(|bytes| bytes / MIB);
            format!("{limit}, {used}, {left} by {by}")
        });
        assert_eq!(found, expected);
    }

    const MACHINE: &str = "MemTotal: 16777216 kB\nMemFree: 1024 kB\nMemAvailable: 8388608 kB\n";

    #[test]
    fn a_full_parent_is_nearer_than_a_smaller_limit_with_room() {
        let files = [
            ("pod/own/memory.max", "100"),
            ("pod/own/memory.current", "10"),
            ("pod/own/memory.high", "max"),
            ("pod/memory.max", "1000"),
            ("pod/memory.current", "970"), // neighbours took it
            ("pod/memory.high", "max"),
        ];
        let expected = "1000, 970, 30 by memory.max of /pod";
        check(Version::V2, "pod/own", &files, MACHINE, expected);
    }

    #[test]
    fn page_cache_is_not_in_the_way_and_memory_high_is() {
        let stat = format!(
            "anon 5\nactive_file {}\ninactive_file {}\nshmem 7",
            300 * MIB,
            200 * MIB
        );
        let files = [
            ("own/memory.max", "1000"),
            ("own/memory.high", "900"),
            ("own/memory.current", "880"),
            ("own/memory.stat", stat.as_str()),
        ];
        let expected = "900, 380, 520 by memory.high of /own";
        check(Version::V2, "own", &files, MACHINE, expected);
    }

    #[test]
    fn version_1_counts_the_children_in() {
        let stat = format!(
            "inactive_file 0\ntotal_inactive_file {}\ntotal_active_file 0",
            50 * MIB
        );
        let files = [
            ("a/memory.limit_in_bytes", "9223372036854771712\n"),
            ("a/memory.usage_in_bytes", "10"),
            ("memory.limit_in_bytes", "64"),
            ("memory.usage_in_bytes", "60"),
            ("memory.stat", stat.as_str()),
        ];
        let no_limit: Vec<_> = files[1..].to_vec();
        let expected = "64, 10, 54 by memory.limit_in_bytes of ";
        check(Version::V1, "a", &no_limit, MACHINE, expected);
    }

    #[test]
    fn without_limits_the_machine_bounds_and_without_it_nothing_does() {
        let expected = "16384, 8192, 8192 by the machine's memory";
        check(
            Version::V2,
            "a",
            &[("a/memory.max", "max")],
            MACHINE,
            expected,
        );
        check(Version::V2, "a", &[], "MemTotal: 12 kB\n", "nothing"); // a kernel before 3.14
    }

    #[test]
    fn a_limit_that_was_passed_leaves_nothing_and_no_wrap() {
        let files = [("a/memory.max", "10"), ("a/memory.current", "11")];
        check(
            Version::V2,
            "a",
            &files,
            MACHINE,
            "10, 11, 0 by memory.max of /a",
        );
    }
}
