//! What the texts under `/proc` and in cgroup files say: pure functions, no file is opened here.
//!
//! A line counts only when it is whole: a text that was cut off in the middle of a number gives `None`, never a
//! smaller number.

use crate::resource::{MachineCpu, Throttled};

/// `/proc/self/status`, in bytes. Costs 14 µs to read whatever the process maps; `smaps_rollup` would cost 10 ms
/// for each GB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) anonymous: Option<u64>,
    pub(super) file_backed: Option<u64>,
    pub(super) shared: Option<u64>,
    pub(super) swapped: Option<u64>,
    pub(super) peak_resident: Option<u64>,
    pub(super) threads: Option<u64>,
}

/// Reads `/proc/self/status`. Its context switches are those of the main thread alone and are left out.
pub(super) fn status(text: &str) -> Status {
    let mut status = Status::default();
    for (key, value) in fields(text) {
        match key {
            "RssAnon" => status.anonymous = kilobytes(value),
            "RssFile" => status.file_backed = kilobytes(value),
            "RssShmem" => status.shared = kilobytes(value),
            "VmSwap" => status.swapped = kilobytes(value),
            "VmHWM" => status.peak_resident = kilobytes(value),
            "Threads" => status.threads = value.trim().parse().ok(),
            _ => {}
        }
    }
    status
}

/// `/proc/self/io`: bytes fetched from and sent to storage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Io {
    pub(super) read: Option<u64>,
    pub(super) written: Option<u64>,
}

/// Reads `/proc/self/io`. `rchar` and `wchar` also count what the page cache served, and are left out.
pub(super) fn io(text: &str) -> Io {
    let mut io = Io::default();
    for (key, value) in fields(text) {
        match key {
            "read_bytes" => io.read = value.trim().parse().ok(),
            "write_bytes" => io.written = value.trim().parse().ok(),
            _ => {}
        }
    }
    io
}

/// The value of `key` in a text of `key: value` lines (`/proc/cpuinfo`).
pub(super) fn first<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    fields(text)
        .find(|field| field.0.trim_end() == key)
        .map(|field| field.1.trim())
}

/// The bytes of a `kB` line (`/proc/meminfo`).
pub(super) fn bytes_of(text: &str, key: &str) -> Option<u64> {
    first(text, key).and_then(kilobytes)
}

/// A memory limit or usage of a cgroup, bytes. `max` (v2) and everything from 2^63 − 4096 up (v1: the largest
/// page-aligned `long`) mean *none*.
pub(super) fn cgroup_bytes(text: &str) -> Option<u64> {
    const NONE: u64 = (1 << 63) - 4096;
    whole(text)?.parse().ok().filter(|&bytes| bytes < NONE)
}

/// What of a cgroup's usage the kernel can give back by dropping page cache, by `memory.stat`; version 1 tells it with
/// the children's under `total_`. Pages that are locked or not on a list of files stay.
pub(super) fn reclaimable(text: &str) -> Option<u64> {
    let pair = |active, inactive| named(text, active)?.checked_add(named(text, inactive)?);
    pair("total_active_file", "total_inactive_file")
        .or_else(|| pair("active_file", "inactive_file"))
}

/// Seconds in which tasks waited for memory: some of those that could run, and all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Stalled {
    pub(super) some: f64,
    pub(super) full: f64,
}

/// Reads a pressure file (`memory.pressure`, `/proc/pressure/memory`).
pub(super) fn stalled(text: &str) -> Option<Stalled> {
    let total = |kind: &str| {
        let mut lines = text
            .split_inclusive('\n')
            .filter_map(|line| line.strip_suffix('\n'));
        let line = lines.find_map(|line| line.strip_prefix(kind))?;
        let micros: u64 = line.rsplit_once(" total=")?.1.parse().ok()?;
        Some(micros as f64 / 1e6)
    };
    Some(Stalled {
        some: total("some ")?,
        full: total("full ")?,
    })
}

/// The time of all CPUs of the machine by the first line of `/proc/stat`, in its ticks; guests' time is in that of user mode.
pub(super) fn machine_cpu(line: &str) -> Option<MachineCpu> {
    let mut words = whole(line)?.split_ascii_whitespace();
    let mut ticks = [0u64; 8];
    if words.next() != Some("cpu") {
        return None;
    }
    for tick in &mut ticks {
        *tick = words.next()?.parse().ok()?;
    }
    let [user, nice, system, _idle, _wait, irq, soft_irq, steal] = ticks;
    let busy = [user, nice, system, irq, soft_irq].into_iter();
    let busy = busy.fold(0u64, u64::saturating_add);
    Some(MachineCpu { steal, busy })
}

/// Reads `cpu.stat`: how often the quota was used up, and how long threads stood still then; v1 tells nanoseconds.
pub(super) fn throttled(text: &str) -> Option<Throttled> {
    let of = |key| named(text, key);
    let micros = of("throttled_usec").map(|micros| micros as f64 / 1e6);
    Some(Throttled {
        periods: of("nr_periods")?,
        throttled: of("nr_throttled")?,
        seconds: micros.or_else(|| Some(of("throttled_time")? as f64 / 1e9))?,
    })
}

/// CPUs by `cpu.max` (v2): `max 100000` is none, `150000 100000` is 1.5.
pub(super) fn cpus_by_max(text: &str) -> Option<f64> {
    let mut words = whole(text)?.split_ascii_whitespace();
    ratio(words.next()?, words.next()?)
}

/// CPUs by `cpu.cfs_quota_us` and `cpu.cfs_period_us` (v1); a quota of −1 is none.
pub(super) fn cpus_by_quota(quota: &str, period: &str) -> Option<f64> {
    ratio(whole(quota)?, whole(period)?)
}

/// The first line's text, when the line is whole.
pub(super) fn whole(text: &str) -> Option<&str> {
    text.split_once('\n').map(|(line, _)| line.trim())
}

/// The number after this name and a space, on a line of its own.
fn named(text: &str, key: &str) -> Option<u64> {
    let lines = text
        .split_inclusive('\n')
        .filter_map(|line| line.strip_suffix('\n'));
    let mut values = lines.filter_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
    values.next()?.parse().ok()
}

fn ratio(quota: &str, period: &str) -> Option<f64> {
    let (quota, period): (u64, u64) = (quota.parse().ok()?, period.parse().ok()?);
    (quota > 0 && period > 0).then(|| quota as f64 / period as f64)
}

fn fields(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split_inclusive('\n')
        .filter_map(|line| line.strip_suffix('\n')?.split_once(':'))
}

fn kilobytes(value: &str) -> Option<u64> {
    value
        .trim()
        .strip_suffix("kB")?
        .trim_end()
        .parse::<u64>()
        .ok()?
        .checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STATUS: &str = "Name:\tsearch\nUmask:\t0022\nGroups:\t \nVmPeak:\t 9000000 kB\nVmHWM:\t  271360 kB\n\
        VmRSS:\t  271360 kB\nRssAnon:\t    8912 kB\nRssFile:\t  262448 kB\nRssShmem:\t      64 kB\nVmSwap:\t     128 kB\n\
        Threads:\t17\nvoluntary_ctxt_switches:\t5\nnonvoluntary_ctxt_switches:\t9\n";

    #[test]
    fn status_splits_resident_memory() {
        let expected = Status {
            anonymous: Some(8912 << 10),
            file_backed: Some(262_448 << 10),
            shared: Some(64 << 10),
            swapped: Some(128 << 10),
            peak_resident: Some(271_360 << 10),
            threads: Some(17),
        };
        assert_eq!(status(STATUS), expected);
    }

    #[test]
    fn a_status_cut_off_anywhere_gives_the_true_value_or_none() {
        let whole = status(STATUS);
        for end in 0..STATUS.len() {
            let cut = status(&STATUS[..end]);
            assert!(
                cut.anonymous.is_none() || cut.anonymous == whole.anonymous,
                "at {end}"
            );
            assert!(
                cut.threads.is_none() || cut.threads == whole.threads,
                "at {end}"
            );
            assert!(
                cut.swapped.is_none() || cut.swapped == whole.swapped,
                "at {end}"
            );
        }
    }

    #[test]
    fn a_sandbox_that_does_not_split_gives_none_and_not_zero() {
        let gvisor =
            "Name:\tx\nState:\tR (running)\nVmSize:\t1234 kB\nVmRSS:\t99 kB\nThreads:\t3\n";
        assert_eq!(
            status(gvisor),
            Status {
                threads: Some(3),
                ..Status::default()
            }
        );
        assert_eq!(
            status("RssAnon:\t12 MB\nRssFile:\t-1 kB\nVmSwap:\t99999999999999999 kB\n"),
            Status::default()
        );
    }

    #[test]
    fn io_counts_storage_and_not_the_page_cache() {
        let text = "rchar: 6976\nwchar: 7\nsyscr: 10\nsyscw: 0\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 0\n";
        assert_eq!(
            io(text),
            Io {
                read: Some(4096),
                written: Some(8192)
            }
        );
        assert_eq!(io(""), Io::default());
    }

    #[test]
    fn cgroup_limits_in_both_versions() {
        let check = |text: &str, expected: Option<u64>| {
            assert_eq!(cgroup_bytes(text), expected, "{text:?}");
        };
        check("536870912\n", Some(536_870_912));
        check("0\n", Some(0));
        check("max\n", None);
        check("9223372036854771712\n", None);
        check("18446744073709551615\n", None);
        check("5368709", None); // cut off
        check("-1\n", None);
        check("", None);
    }

    #[test]
    fn cpu_quotas_in_both_versions() {
        assert_eq!(cpus_by_max("150000 100000\n"), Some(1.5));
        assert_eq!(cpus_by_max("max 100000\n"), None);
        assert_eq!(cpus_by_max("150000\n"), None);
        assert_eq!(cpus_by_max("150000 1000"), None); // cut off
        assert_eq!(cpus_by_max("150000 0\n"), None);
        assert_eq!(cpus_by_quota("50000\n", "100000\n"), Some(0.5));
        assert_eq!(cpus_by_quota("-1\n", "100000\n"), None);
    }

    #[test]
    fn page_cache_can_be_given_back_and_shared_memory_cannot() {
        let v2 = "anon 9\nfile 77\nshmem 70\ninactive_file 5\nactive_file 2\n";
        assert_eq!(reclaimable(v2), Some(7));
        let v1 = "inactive_file 1\nactive_file 1\ntotal_inactive_file 5\ntotal_active_file 20\n";
        assert_eq!(reclaimable(v1), Some(25));
        assert_eq!(reclaimable("active_file 2\ninactive_file 5"), None); // cut off
        assert_eq!(reclaimable(""), None);
    }

    #[test]
    fn pressure_is_the_total_in_seconds() {
        let text = "some avg10=1.50 avg60=0.00 avg300=0.00 total=2500000\n\
            full avg10=0.00 avg60=0.00 avg300=0.00 total=1250000\n";
        let expected = Stalled {
            some: 2.5,
            full: 1.25,
        };
        assert_eq!(stalled(text), Some(expected));
        for end in 0..text.len() - 1 {
            assert_eq!(stalled(&text[..end]), None, "at {end}");
        }
    }

    #[test]
    fn machine_time_is_split_into_work_and_steal() {
        let line = "cpu  2992972 1261474 564036 816525 9733 5 4250 40545 0 0\n";
        let busy = 2_992_972 + 1_261_474 + 564_036 + 5 + 4250;
        let expected = MachineCpu {
            steal: 40_545,
            busy,
        };
        assert_eq!(machine_cpu(line), Some(expected));
        for end in 0..line.len() {
            assert_eq!(machine_cpu(&line[..end]), None, "at {end}");
        }
        for other in [
            "cpu0 1 2 3 4 5 6 7 8\n",
            "cpu 1 2 3 4 5 6 7\n",
            "cpu -1 2 3 4 5 6 7 8\n",
        ] {
            assert_eq!(machine_cpu(other), None, "{other:?}");
        }
    }

    #[test]
    fn throttled_time_is_in_seconds_in_both_versions() {
        let expected = Some(Throttled {
            periods: 200,
            throttled: 3,
            seconds: 1.5,
        });
        let v2 =
            "usage_usec 9\nnr_periods 200\nnr_throttled 3\nthrottled_usec 1500000\nnr_bursts 0\n";
        assert_eq!(throttled(v2), expected);
        let v1 = "nr_periods 200\nnr_throttled 3\nthrottled_time 1500000000\n";
        assert_eq!(throttled(v1), expected);
        assert_eq!(throttled("usage_usec 9\nuser_usec 4\n"), None); // the root of v2
        assert_eq!(
            throttled("nr_periods 200\nnr_throttled 3\nthrottled_usec 150"),
            None
        );
    }

    #[test]
    fn first_finds_padded_keys() {
        let cpuinfo = "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC 9R14\n\nprocessor\t: 1\n";
        assert_eq!(first(cpuinfo, "model name"), Some("AMD EPYC 9R14"));
        assert_eq!(
            bytes_of("MemTotal:       24683656 kB\nMemFree: 1 kB\n", "MemTotal"),
            Some(24_683_656 << 10)
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_a_parser_panic(text in "(?s)(RssAnon:|VmSwap:|read_bytes: |max |[0-9]{1,25}|[ \t\n:kB]|.){0,40}") {
            let _ = (status(&text), io(&text), cgroup_bytes(&text), cpus_by_max(&text), cpus_by_quota(&text, &text));
            let _ = (reclaimable(&text), stalled(&text), machine_cpu(&text), throttled(&text));
            let _ = (first(&text, "a"), bytes_of(&text, "a"));
        }
    }
}
