//! `madvise` lets go of a mapping's pages, `posix_fadvise` asks for them to be dropped, `mincore` tells whether they were.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::Duration;

use memmap2::Mmap;

use super::Evicted;

/// The kernel drops no page that is being written or read ahead just now; a little later it does.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(20);

/// `mapped`: where this process has mapped the file, from its start, to be read only.
pub(super) fn evict(path: &Path, mapped: Option<&[u8]>) -> io::Result<Evicted> {
    let file = File::open(path)?;
    file.sync_all()?; // a page that is not on the disk yet stays
    // SAFETY: only looked at by its addresses, never read.
    let to_look_at = unsafe { Mmap::map(&file) }?;
    let mut left_bytes = 0;
    for attempt in 0..TRIES {
        if attempt > 0 {
            std::thread::sleep(PAUSE);
        }
        if let Some(mapped) = mapped {
            let address = mapped.as_ptr().cast_mut().cast();
            // SAFETY: a mapping of a file that nobody writes to: what is let go of is read from the file again.
            if unsafe { libc::madvise(address, mapped.len(), libc::MADV_DONTNEED) } != 0 {
                return Err(io::Error::last_os_error());
            }
        }
        // SAFETY: a plain system call on an open file; 0 bytes means to its end.
        let refused =
            unsafe { libc::posix_fadvise(file.as_raw_fd(), 0, 0, libc::POSIX_FADV_DONTNEED) };
        if refused != 0 {
            return Err(io::Error::from_raw_os_error(refused));
        }
        left_bytes = resident(&to_look_at)?;
        if left_bytes == 0 {
            break;
        }
    }
    Ok(Evicted {
        file_bytes: to_look_at.len() as u64,
        left_bytes,
    })
}

/// How much of a mapping is in memory, in bytes, whole pages; without touching any.
pub(super) fn resident(mapped: &[u8]) -> io::Result<u64> {
    /// A byte each.
    const PAGES_AT_A_TIME: usize = 1 << 16;
    if mapped.is_empty() {
        return Ok(0);
    }
    // SAFETY: asks for a constant of the system.
    let page = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) })
        .ok()
        .filter(|page| page.is_power_of_two())
        .ok_or_else(io::Error::last_os_error)?;
    // The call wants the start of a page; what lies before the slice on its first page is asked about, too.
    let start = mapped.as_ptr().addr() & !(page - 1);
    let end = mapped.as_ptr().addr() + mapped.len();
    let mut pages = 0;
    let mut flags = vec![0_u8; PAGES_AT_A_TIME];
    for start in (start..end).step_by(PAGES_AT_A_TIME * page) {
        let length = (end - start).min(PAGES_AT_A_TIME * page);
        let address = std::ptr::without_provenance_mut(start);
        // SAFETY: mapped for as long as the slice is borrowed; one flag is written for each page, for which there is room.
        if unsafe { libc::mincore(address, length, flags.as_mut_ptr()) } != 0 {
            return Err(io::Error::last_os_error());
        }
        let asked = &flags[..length.div_ceil(page)];
        pages += asked.iter().filter(|flag| **flag & 1 == 1).count();
    }
    Ok((pages * page) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_touched_is_in_memory_and_nothing_else() {
        let page = 65_536; // of every machine, or several of it
        let mapped = memmap2::MmapMut::map_anon(64 * page).unwrap();
        assert_eq!(resident(&mapped[..page]).unwrap(), 0);
        let mut mapped = mapped;
        mapped[5 * page] = 1;
        assert!(resident(&mapped[5 * page..6 * page]).unwrap() > 0);
        assert_eq!(resident(&mapped[40 * page..41 * page]).unwrap(), 0);
        assert_eq!(resident(&[]).unwrap(), 0);
    }

    #[test]
    fn a_file_that_is_not_there_is_an_error() {
        assert!(evict(Path::new("/nowhere/at/all"), None).is_err());
    }
}
