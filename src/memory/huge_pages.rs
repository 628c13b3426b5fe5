//! How much of the process's anonymous memory lies in huge pages.

/// Bytes, by `/proc/self/smaps_rollup`; `None` where the kernel does not tell. The kernel walks all page tables for it:
/// 10 to 50 ms for each GiB.
pub(super) fn anonymous() -> Option<u64> {
    of(&std::fs::read_to_string("/proc/self/smaps_rollup").ok()?)
}

fn of(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("AnonHugePages:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_anonymous_ones_count() {
        let text = "Rss:  9 kB\nAnonHugePages:    104448 kB\nShmemPmdMapped:  4 kB\n";
        assert_eq!(of(text), Some(102 << 20));
        assert_eq!(of("AnonHugePages: 12 MB\n"), None);
        assert_eq!(of("Rss:  9 kB\n"), None);
    }
}
