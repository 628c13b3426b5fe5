//! Linux: `/proc`, `getrusage` and cgroups.
//!
//! A beat reads kept-open files into one reused buffer. What changes seldom and costs more (quota, limit, affinity, what
//! others took) is read once a second.

mod affinity;
mod capabilities;
mod cgroup;
mod headroom;
mod interference;
mod kept_file;
pub(crate) mod machine;
mod pressure;
mod procfs;
mod usage;

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use self::cgroup::{Controller, Hierarchy};
use self::kept_file::KeptFile;
use self::pressure::Pressure;
use super::{Capability, MemoryHeadroom, Probe, Reading, ResourceSample};

/// How long the quota, limits and affinity last read are taken to hold.
const BOUNDS_LAST: Duration = Duration::from_secs(1);

/// Reads what this process uses from the Linux kernel.
#[derive(Debug)]
pub(crate) struct SystemProbe {
    memory: bool,
    status: io::Result<KeptFile>,
    io: io::Result<KeptFile>,
    memory_group: Option<Hierarchy>,
    cpu_group: Option<Hierarchy>,
    pressure: io::Result<Pressure>,
    interference: interference::Sources,
    machine_memory: Option<KeptFile>,
    bounds: Bounds,
    buffer: Vec<u8>,
}

/// What bounds the process, as read at `at`.
#[derive(Debug, Default)]
struct Bounds {
    at: Option<Duration>,
    cpus: Option<f64>,
    memory: Option<u64>,
    usage: Option<(PathBuf, KeptFile)>,
    headroom: Option<Arc<MemoryHeadroom>>,
}

impl SystemProbe {
    pub(crate) fn new(memory: bool) -> Self {
        let text = |path| fs::read_to_string(path).unwrap_or_default();
        let (group, mounts) = (text("/proc/self/cgroup"), text("/proc/self/mountinfo"));
        Self {
            memory,
            status: KeptFile::open("/proc/self/status"),
            io: KeptFile::open("/proc/self/io"),
            memory_group: cgroup::locate(&group, &mounts, Controller::Memory),
            cpu_group: cgroup::locate(&group, &mounts, Controller::Cpu),
            pressure: Pressure::find(&group, &mounts),
            interference: interference::Sources::find(Path::new("/")),
            machine_memory: KeptFile::open("/proc/meminfo").ok(),
            bounds: Bounds::default(),
            buffer: Vec::with_capacity(4096),
        }
    }

    fn refresh_bounds(&mut self, at: Duration) {
        if self
            .bounds
            .at
            .is_some_and(|last| at.saturating_sub(last) < BOUNDS_LAST)
        {
            return;
        }
        let quota = self
            .cpu_group
            .as_ref()
            .and_then(|group| group.quota(&mut self.buffer));
        let affinity = affinity::cpus().map(f64::from);
        let of_quota = quota.map(|it| it.0);
        self.bounds.cpus = affinity.into_iter().chain(of_quota).min_by(f64::total_cmp);
        if let Some(group) = self.memory_group.as_ref().filter(|_| self.memory) {
            let (limit, usage) = group.memory(&mut self.buffer);
            self.bounds.memory = limit;
            if self
                .bounds
                .usage
                .as_ref()
                .is_none_or(|kept| kept.0 != usage)
            {
                self.bounds.usage = KeptFile::open(&usage).ok().map(|file| (usage, file));
            }
        }
        if self.memory {
            let (group, machine) = (self.memory_group.as_ref(), self.machine_memory.as_ref());
            self.bounds.headroom = headroom::tightest(group, machine, &mut self.buffer);
        }
        let limited = quota.map(|it| it.1);
        self.interference.read(at, limited, &mut self.buffer);
        self.bounds.at = Some(at);
    }

    fn read_status(&mut self, sample: &mut ResourceSample) {
        let Some(text) = self
            .status
            .as_ref()
            .ok()
            .and_then(|file| file.read(&mut self.buffer).ok())
        else {
            return;
        };
        let status = procfs::status(&text);
        sample.threads = status.threads;
        if self.memory {
            sample.anonymous_bytes = status.anonymous;
            sample.file_backed_bytes = status.file_backed;
            sample.shared_bytes = status.shared;
            sample.swapped_bytes = status.swapped;
            sample.peak_resident_bytes = status.peak_resident;
        }
    }

    fn read_io(&mut self, sample: &mut ResourceSample) {
        let Some(text) = self
            .io
            .as_ref()
            .ok()
            .and_then(|file| file.read(&mut self.buffer).ok())
        else {
            return;
        };
        let io = procfs::io(&text);
        (sample.read_bytes, sample.written_bytes) = (io.read, io.written);
    }

    fn read_pressure(&mut self, sample: &mut ResourceSample) {
        let pressure = self.pressure.as_ref().ok().filter(|_| self.memory);
        if let Some(stalled) = pressure.and_then(|pressure| pressure.read(&mut self.buffer)) {
            sample.memory_some_stalled_seconds = Some(stalled.some);
            sample.memory_all_stalled_seconds = Some(stalled.full);
        }
    }

    fn cgroup_usage(&mut self) -> Option<u64> {
        let (_, file) = self.bounds.usage.as_ref()?;
        procfs::cgroup_bytes(&file.read(&mut self.buffer).ok()?)
    }
}

impl Probe for SystemProbe {
    fn read(&mut self, at: Duration) -> Reading {
        self.refresh_bounds(at);
        let mut sample = ResourceSample {
            at_seconds: at.as_secs_f64(),
            ..ResourceSample::default()
        };
        self.read_status(&mut sample);
        self.read_io(&mut sample);
        self.read_pressure(&mut sample);
        sample.open_files = open_files();
        sample.cgroup_memory_bytes = self.cgroup_usage();
        let usage = usage::of_process();
        if let Some(usage) = &usage {
            usage.fill(&mut sample);
        }
        Reading {
            sample,
            cpu_seconds: usage.map(|usage| usage.cpu().as_secs_f64()),
            cpus_available: self.bounds.cpus,
            cgroup_memory_limit_bytes: self.bounds.memory,
            memory_headroom: self.bounds.headroom.clone(),
            interference: self.interference.last(),
            pressure_scope: self.pressure.as_ref().ok().map(|pressure| pressure.scope),
        }
    }

    fn capabilities(&mut self) -> Vec<Capability> {
        let reading = self.read(self.bounds.at.unwrap_or_default());
        capabilities::list(self, &reading)
    }
}

/// Open descriptors: the size of `/proc/self/fd`, which Linux gives since 6.2 whatever their number.
///
/// Older kernels give 0 and would have us list the directory, at a cost that grows with the descriptors; a search
/// server has ten thousands of them, so there it is unavailable.
fn open_files() -> Option<u64> {
    fs::metadata("/proc/self/fd")
        .ok()
        .map(|directory| directory.size())
        .filter(|&count| count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_a_thread_memory_and_open_files() {
        let reading = SystemProbe::new(true).read(Duration::from_secs(2));
        let sample = reading.sample;
        assert_eq!(sample.at_seconds, 2.0);
        assert!(sample.anonymous_bytes > Some(64 << 10), "{sample:?}");
        assert!(sample.file_backed_bytes > Some(64 << 10), "{sample:?}");
        assert!(
            sample.peak_resident_bytes >= sample.anonymous_bytes,
            "{sample:?}"
        );
        assert!(sample.threads >= Some(2), "{sample:?}"); // the harness and this test
        assert!(reading.cpu_seconds > Some(0.0));
        assert!(reading.cpus_available > Some(0.0));
    }

    #[test]
    fn an_opened_file_is_counted() {
        if let Some(before) = open_files() {
            let many: Vec<_> = (0..500)
                .map(|_| fs::File::open("/dev/null").unwrap())
                .collect();
            let after = open_files().unwrap();
            assert!(after >= before + 400, "{before} then {after}"); // other tests may close some
            drop(many);
        }
    }

    #[test]
    fn without_memory_tracking_memory_is_none_and_the_rest_is_there() {
        let reading = SystemProbe::new(false).read(Duration::ZERO);
        let sample = reading.sample;
        assert_eq!(
            (
                sample.anonymous_bytes,
                sample.swapped_bytes,
                sample.cgroup_memory_bytes
            ),
            (None, None, None)
        );
        assert!(sample.threads.is_some() && sample.minor_faults.is_some());
    }

    #[test]
    fn a_denied_file_gives_none_and_a_reason() {
        let mut probe = SystemProbe::new(true);
        probe.io = Err(io::ErrorKind::PermissionDenied.into());
        assert_eq!(probe.read(Duration::ZERO).sample.read_bytes, None);
        let all = probe.capabilities();
        let io = all
            .iter()
            .find(|capability| capability.name == "I/O")
            .unwrap();
        assert!(
            !io.available && io.reason.contains("permission denied") && !io.remedy.is_empty(),
            "{io:?}"
        );
    }

    #[test]
    fn bounds_are_read_anew_after_a_second() {
        let mut probe = SystemProbe::new(true);
        let known = probe.read(Duration::ZERO).cpus_available;
        probe.bounds.cpus = Some(-1.0);
        assert_eq!(
            probe.read(Duration::from_millis(999)).cpus_available,
            Some(-1.0)
        );
        assert_eq!(
            probe.read(Duration::from_millis(1000)).cpus_available,
            known
        );
    }

    /// The reason for judging anonymous memory: an index that is mapped from a file is cache, not consumption.
    #[test]
    fn touching_a_mapped_file_moves_file_backed_memory_and_not_anonymous() {
        const SIZE: usize = 64 << 20;
        let file = tempfile::tempfile().unwrap();
        file.set_len(SIZE as u64).unwrap();
        // SAFETY: a new private mapping of a file that this test alone has open, at an address of the kernel's choice.
        let address = unsafe {
            let (read, private) = (libc::PROT_READ, libc::MAP_SHARED);
            libc::mmap(
                std::ptr::null_mut(),
                SIZE,
                read,
                private,
                std::os::fd::AsRawFd::as_raw_fd(&file),
                0,
            )
        };
        assert!(address != libc::MAP_FAILED);
        let mut probe = SystemProbe::new(true);
        let before = probe.read(Duration::ZERO).sample;
        // SAFETY: the mapping is `SIZE` bytes long, readable, and lives until the `munmap` below.
        let bytes = unsafe { std::slice::from_raw_parts(address.cast::<u8>(), SIZE) };
        let sum: u64 = bytes
            .iter()
            .step_by(4096)
            .map(|&byte| u64::from(byte))
            .sum();
        let after = probe.read(Duration::ZERO).sample;
        // SAFETY: nothing refers to the mapping any more.
        unsafe { libc::munmap(address, SIZE) };
        let grown =
            |now: Option<u64>, then: Option<u64>| now.unwrap().saturating_sub(then.unwrap());
        let (file, shared) = (
            grown(after.file_backed_bytes, before.file_backed_bytes),
            grown(after.shared_bytes, before.shared_bytes),
        );
        let anonymous = grown(after.anonymous_bytes, before.anonymous_bytes);
        // Where /tmp is a tmpfs the pages count as shared. Tests beside this one move a few MiB of either kind.
        assert!(
            sum == 0 && file.max(shared) >= 60 << 20,
            "file {file}, shared {shared}"
        );
        assert!(anonymous <= 40 << 20, "anonymous {anonymous}");
    }

    #[test]
    fn the_cgroup_that_this_process_is_in_is_found() {
        let mut probe = SystemProbe::new(true);
        let reading = probe.read(Duration::ZERO);
        let Some(used) = reading.sample.cgroup_memory_bytes else {
            return; // no cgroup shows it here: `doctor` says so, and the recorded texts are tested beside
        };
        // At least what this process alone holds of private memory, unless pages were charged to another cgroup.
        assert!(used > 64 << 10, "{used}");
        assert!(
            reading
                .cgroup_memory_limit_bytes
                .is_none_or(|limit| limit >= used / 2),
            "{reading:?}"
        );
    }
}
