//! What takes CPU time from the process without its doing: other machines on the same host (steal), the quota of its
//! cgroup, heat.
//!
//! Sources: <https://docs.kernel.org/filesystems/proc.html>, <https://docs.kernel.org/admin-guide/cgroup-v2.html>, and for
//! the counts of heat `thermal_throttle` in the kernel's `therm_throt.c`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::kept_file::KeptFile;
use super::procfs;
use crate::resource::Interference;

/// Files that tell of heat and are read in one go, once a second; where there are more, more seldom.
const FILES_A_SECOND: usize = 32;

/// The files that tell it.
#[derive(Debug)]
pub(super) struct Sources {
    pub(super) machine: io::Result<KeptFile>,
    /// `cpu.stat` of the cgroup with the smallest quota, from the moment there is one.
    pub(super) quota: Option<KeptFile>,
    /// The counts of each CPU; none in a virtual machine.
    pub(super) heat: Vec<PathBuf>,
    heat_due: Duration,
    read: Interference,
}

impl Sources {
    /// Those of the machine whose `/` is `root`.
    pub(super) fn find(root: &Path) -> Self {
        Self {
            machine: KeptFile::open(root.join("proc/stat")),
            quota: None,
            heat: of_each_cpu(root, "thermal_throttle")
                .into_iter()
                .flat_map(|of| {
                    ["core_throttle_count", "package_throttle_count"].map(|it| of.join(it))
                })
                .filter(|path| path.exists())
                .collect(),
            heat_due: Duration::ZERO,
            read: Interference::default(),
        }
    }

    /// Since the machine started, or the cgroup was made; for once a second.
    /// `limited`: the cgroup with the smallest CPU quota.
    pub(super) fn read(&mut self, at: Duration, limited: Option<&Path>, buffer: &mut Vec<u8>) {
        self.read.read_at = Some(at);
        let machine = self.machine.as_ref().ok();
        let machine = machine.and_then(|file| procfs::machine_cpu(&file.first_line(buffer).ok()?));
        self.read.machine = machine.filter(|cpu| cpu.busy > 0);
        if self.quota.is_none() {
            self.quota = limited.and_then(|level| KeptFile::open(level.join("cpu.stat")).ok());
        }
        let quota = self.quota.as_ref();
        self.read.quota = quota.and_then(|file| procfs::throttled(&file.read(buffer).ok()?));
        if at >= self.heat_due {
            let pause = self.heat.len().div_ceil(FILES_A_SECOND).max(1);
            self.heat_due = at + Duration::from_secs(pause as u64);
            self.read.thermal_throttles = self.hot();
        }
    }

    /// What was read last.
    pub(super) fn last(&self) -> Interference {
        self.read
    }

    fn hot(&self) -> Option<u64> {
        let counts = self.heat.iter().filter_map(|path| {
            let text = fs::read_to_string(path).ok()?;
            procfs::whole(&text)?.parse::<u64>().ok()
        });
        counts.fold(None, |sum: Option<u64>, count| {
            Some(sum.unwrap_or(0).saturating_add(count))
        })
    }
}

/// How the frequency of the CPUs is chosen: `performance`, or several where they differ: `performance, powersave`.
pub(super) fn governor(root: &Path) -> Option<String> {
    let texts = of_each_cpu(root, "cpufreq/scaling_governor").into_iter();
    let texts = texts.filter_map(|path| fs::read_to_string(path).ok());
    let names = texts.filter_map(|text| Some(procfs::whole(&text)?.to_owned()));
    let different: std::collections::BTreeSet<_> = names.filter(|name| !name.is_empty()).collect();
    let different: Vec<_> = different.into_iter().collect();
    (!different.is_empty()).then(|| different.join(", "))
}

/// `below` in the directory of each CPU, where it exists.
fn of_each_cpu(root: &Path, below: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(root.join("sys/devices/system/cpu")) else {
        return Vec::new();
    };
    let is_cpu = |name: &str| {
        let number = name.strip_prefix("cpu");
        number.is_some_and(|it| !it.is_empty() && it.bytes().all(|digit| digit.is_ascii_digit()))
    };
    let cpus = entries.flatten();
    let cpus = cpus.filter(|entry| entry.file_name().to_str().is_some_and(is_cpu));
    let paths = cpus.map(|entry| entry.path().join(below));
    paths.filter(|path| path.exists()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::cgroup::{Hierarchy, Version};
    use super::*;
    use crate::resource::{MachineCpu, Throttled};

    /// A machine of these files.
    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    fn read(sources: &mut Sources, seconds: u64, group: Option<&Hierarchy>) -> Interference {
        let mut buffer = Vec::new();
        let limited = group.and_then(|group| group.quota(&mut buffer));
        let limited = limited.map(|it| it.1);
        sources.read(Duration::from_secs(seconds), limited, &mut buffer);
        sources.last()
    }

    const CPU: &str = "sys/devices/system/cpu";

    #[test]
    fn a_virtual_machine_tells_steal_and_no_heat() {
        let root = machine(&[("proc/stat", "cpu  10 20 30 400 50 6 7 80 9 9\ncpu0 1\n")]);
        let found = read(&mut Sources::find(root.path()), 1, None);
        let machine = Some(MachineCpu {
            steal: 80,
            busy: 73,
        });
        assert_eq!((found.machine, found.thermal_throttles), (machine, None));
        assert_eq!(governor(root.path()), None);
    }

    #[test]
    fn heat_is_summed_over_the_cpus_and_read_anew_a_second_later() {
        let root = machine(&[
            (
                &format!("{CPU}/cpu0/thermal_throttle/core_throttle_count"),
                "3\n",
            ),
            (
                &format!("{CPU}/cpu0/thermal_throttle/package_throttle_count"),
                "4\n",
            ),
            (
                &format!("{CPU}/cpu11/thermal_throttle/core_throttle_count"),
                "5\n",
            ),
            (
                &format!("{CPU}/cpuidle/thermal_throttle/core_throttle_count"),
                "100\n",
            ),
        ]);
        let mut sources = Sources::find(root.path());
        assert_eq!(read(&mut sources, 1, None).thermal_throttles, Some(12));
        let count = root
            .path()
            .join(CPU)
            .join("cpu11/thermal_throttle/core_throttle_count");
        fs::write(count, "6\n").unwrap();
        assert_eq!(read(&mut sources, 2, None).thermal_throttles, Some(13));
        assert_eq!(sources.last().machine, None);
    }

    #[test]
    fn many_cpus_are_asked_more_seldom() {
        let files: Vec<_> = (0..64)
            .map(|at| format!("{CPU}/cpu{at}/thermal_throttle/core_throttle_count"))
            .collect();
        let texts: Vec<_> = files.iter().map(|path| (path.as_str(), "1\n")).collect();
        let root = machine(&texts);
        let mut sources = Sources::find(root.path());
        assert_eq!(read(&mut sources, 1, None).thermal_throttles, Some(64));
        fs::write(root.path().join(&files[0]), "2\n").unwrap();
        assert_eq!(read(&mut sources, 2, None).thermal_throttles, Some(64));
        assert_eq!(read(&mut sources, 3, None).thermal_throttles, Some(65));
    }

    #[test]
    fn each_governor_is_named_once() {
        let of = |cpu, name| (format!("{CPU}/cpu{cpu}/cpufreq/scaling_governor"), name);
        let files = [
            of(0, "powersave\n"),
            of(1, "performance\n"),
            of(2, "powersave\n"),
        ];
        let files = files.each_ref().map(|(path, text)| (path.as_str(), *text));
        let root = machine(&files);
        assert_eq!(
            governor(root.path()),
            Some("performance, powersave".to_owned())
        );
    }

    #[test]
    fn a_quota_is_found_when_it_is_set_and_its_cgroup_is_kept() {
        let root = machine(&[
            ("pod/cpu.max", "max 100000\n"),
            (
                "pod/cpu.stat",
                "nr_periods 100\nnr_throttled 7\nthrottled_usec 2500000\n",
            ),
            ("pod/own/cpu.max", "max 100000\n"),
            (
                "pod/own/cpu.stat",
                "nr_periods 0\nnr_throttled 0\nthrottled_usec 0\n",
            ),
        ]);
        let levels = ["pod/own", "pod"].map(|level| root.path().join(level));
        let group = Hierarchy {
            version: Version::V2,
            levels: levels.to_vec(),
        };
        let mut sources = Sources::find(root.path());
        assert_eq!(read(&mut sources, 1, Some(&group)).quota, None);
        fs::write(root.path().join("pod/cpu.max"), "50000 100000\n").unwrap();
        let expected = Some(Throttled {
            periods: 100,
            throttled: 7,
            seconds: 2.5,
        });
        assert_eq!(read(&mut sources, 2, Some(&group)).quota, expected);
        fs::write(root.path().join("pod/own/cpu.max"), "10000 100000\n").unwrap();
        assert_eq!(read(&mut sources, 3, Some(&group)).quota, expected);
    }
}
