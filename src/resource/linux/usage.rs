//! `getrusage`: CPU time, faults and context switches of the whole process, ended threads included.

use std::mem::MaybeUninit;
use std::time::Duration;

use super::ResourceSample;

/// What the kernel accounts to this process.
pub(super) struct Usage(libc::rusage);

/// Of the process: 0.7 µs.
pub(super) fn of_process() -> Option<Usage> {
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: the pointer is to memory of the right type and size, which the kernel only writes.
    let result = unsafe { libc::getrusage(libc::RUSAGE_SELF, usage.as_mut_ptr()) };
    // SAFETY: all fields are integers; they were zeroed, so every one is initialised whatever the call did.
    let usage = unsafe { usage.assume_init() };
    (result == 0).then_some(Usage(usage))
}

impl Usage {
    /// User mode and kernel together. The kernel knows this sum to the microsecond and *estimates* the split.
    pub(super) fn cpu(&self) -> Duration {
        time(self.0.ru_utime) + time(self.0.ru_stime)
    }

    pub(super) fn fill(&self, sample: &mut ResourceSample) {
        let count = |value: libc::c_long| u64::try_from(value).ok();
        sample.cpu_user_seconds = Some(time(self.0.ru_utime).as_secs_f64());
        sample.cpu_system_seconds = Some(time(self.0.ru_stime).as_secs_f64());
        sample.minor_faults = count(self.0.ru_minflt);
        sample.major_faults = count(self.0.ru_majflt);
        sample.voluntary_switches = count(self.0.ru_nvcsw);
        sample.involuntary_switches = count(self.0.ru_nivcsw);
    }
}

fn time(time: libc::timeval) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let micros = u64::try_from(time.tv_usec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(micros)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::thread_cpu;

    #[test]
    fn work_shows_in_this_thread_and_in_the_process() {
        let (thread, process) = (thread_cpu().unwrap(), of_process().unwrap().cpu());
        let mut sum = 0u64;
        while thread_cpu().unwrap() < thread + Duration::from_millis(20) {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(of_process().unwrap().cpu() >= process + Duration::from_millis(15));
    }

    #[test]
    fn a_first_touch_is_a_minor_fault() {
        let faults = || {
            let mut sample = ResourceSample::default();
            of_process().unwrap().fill(&mut sample);
            sample.minor_faults.unwrap()
        };
        let before = faults();
        let pages = std::hint::black_box(vec![1u8; 16 << 20]);
        assert!(faults() > before, "{}", pages.len());
    }
}
