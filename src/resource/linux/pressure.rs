//! Memory pressure: how long tasks stood still because memory had to be made free first (PSI).
//!
//! Source: <https://docs.kernel.org/accounting/psi.html>

use std::io;
use std::path::PathBuf;

use super::cgroup::{self, Controller, Version};
use super::kept_file::KeptFile;
use super::procfs::{self, Stalled};
use crate::resource::PressureScope;

/// The file that tells it, and whose stalls it counts.
#[derive(Debug)]
pub(super) struct Pressure {
    pub(super) scope: PressureScope,
    file: KeptFile,
}

impl Pressure {
    /// That of the process's cgroup, else of the whole machine.
    ///
    /// # Errors
    /// The kernel tells neither: it has no `CONFIG_PSI`, or was started with `psi=0`.
    pub(super) fn find(cgroup: &str, mountinfo: &str) -> io::Result<Self> {
        let own = own_file(cgroup, mountinfo).and_then(|path| KeptFile::open(path).ok());
        let found = match own {
            Some(file) => Self {
                scope: PressureScope::Cgroup,
                file,
            },
            None => Self {
                scope: PressureScope::Machine,
                file: KeptFile::open("/proc/pressure/memory")?,
            },
        };
        // With `psi=0` the file can be opened, and not read.
        found.file.read(&mut Vec::new())?;
        Ok(found)
    }

    /// Since the cgroup or the machine came to be.
    pub(super) fn read(&self, buffer: &mut Vec<u8>) -> Option<Stalled> {
        procfs::stalled(&self.file.read(buffer).ok()?)
    }
}

/// Only version 2 has it. The root has no `cgroup.type`, and its pressure is the machine's.
fn own_file(cgroup: &str, mountinfo: &str) -> Option<PathBuf> {
    let group = cgroup::locate_version(cgroup, mountinfo, Controller::Memory, Version::V2)?;
    let own = group.levels.first()?;
    own.join("cgroup.type")
        .exists()
        .then(|| own.join("memory.pressure"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &str) -> String {
        std::fs::read_to_string(path).unwrap_or_default()
    }

    #[test]
    fn the_cgroup_tells_its_own_and_the_root_the_machine_s() {
        let root = tempfile::tempdir().unwrap();
        let own = root.path().join("own");
        std::fs::create_dir(&own).unwrap();
        std::fs::write(own.join("cgroup.type"), "domain\n").unwrap();
        let point = root.path().display();
        let mounts = format!("35 24 0:30 / {point} rw - cgroup2 cgroup2 rw\n");
        assert_eq!(
            own_file("0::/own\n", &mounts),
            Some(own.join("memory.pressure"))
        );
        assert_eq!(own_file("0::/\n", &mounts), None);
        assert_eq!(own_file("4:memory:/own\n", &mounts), None);
    }

    #[test]
    fn stalls_here_never_go_back_or_the_kernel_does_not_tell() {
        let (cgroup, mounts) = (text("/proc/self/cgroup"), text("/proc/self/mountinfo"));
        match Pressure::find(&cgroup, &mounts) {
            Ok(pressure) => {
                let first = pressure.read(&mut Vec::new()).unwrap();
                let later = pressure.read(&mut Vec::new()).unwrap();
                assert!(
                    later.some >= first.some && first.some >= first.full,
                    "{first:?} {later:?}"
                );
            }
            Err(_) => assert!(std::fs::read("/proc/pressure/memory").is_err()),
        }
    }
}
