//! Linux: `mincore` tells which pages are in memory, `/proc/self/pagemap` which of them this process has in its page
//! table. Neither touches a page.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};

use super::mappings;
use super::{Look, Pages, Range, strata};
use crate::address_space::maps::Line;
use crate::memory::{Identity, Inode};

/// Pages asked for in one system call.
const CHUNK: usize = 8192;
/// Bits of an entry of `/proc/self/pagemap`.
const PRESENT: u64 = 1 << 63;
const SWAPPED: u64 = 1 << 62;
const OF_A_FILE: u64 = 1 << 61;

const HIDDEN: &str =
    "the kernel tells which pages of a file are in memory only to who owns it or may write to it";

/// Which pages are in memory. At most 65,536 pages are looked at, in some milliseconds whatever the region's size.
pub(in crate::memory) fn look(range: Range, identity: Option<&Identity>) -> Look {
    let page = page_size();
    let start = range.start / page * page;
    let end = (range.start + range.bytes).next_multiple_of(page);
    let pages = if range.bytes == 0 {
        0
    } else {
        (end - start) / page
    };
    let runs = strata::runs(pages, seed(start));
    let resident = match resident(start, page, &runs) {
        Ok(counts) => Ok(counts),
        // ENOMEM: part of it is not mapped.
        Err(error) if error.raw_os_error() == Some(libc::ENOMEM) => return Look::Unmapped,
        Err(error) => Err(format!("mincore: {error}")),
    };
    let table = table(start, page, &runs);
    if let (Err(one), Err(other)) = (&resident, &table) {
        return Look::Unknown(format!("{one}; {other}"));
    }
    let mut margin = 0;
    let mut bytes = |counts: Vec<usize>| {
        let (estimate, wide) = strata::estimate(counts.into_iter(), pages);
        margin = margin.max(wide * page as u64);
        Some(estimate * page as u64)
    };
    let (resident, hidden) = match resident.and_then(|counts| trusted(counts, &runs, identity)) {
        Ok(counts) => (bytes(counts), None),
        Err(why) => (None, Some(why)),
    };
    let (mapped, anonymous, swapped) = match table {
        Ok(counts) => {
            let of = |which: fn(&Counts) -> usize| counts.iter().map(which).collect::<Vec<_>>();
            (
                bytes(of(|it| it.mapped)),
                bytes(of(|it| it.anonymous)),
                bytes(of(|it| it.swapped)),
            )
        }
        Err(_) => (None, None, None),
    };
    Look::Seen(Pages {
        resident,
        hidden,
        mapped,
        anonymous,
        swapped,
        margin,
    })
}

/// What lies there, by the kernel's list of mappings: some microseconds for each of them.
pub(in crate::memory) fn identity(range: Range) -> Identity {
    let Ok(text) = fs::read("/proc/self/maps") else {
        return Identity::Mixed;
    };
    let end = range.start + range.bytes;
    let touched = mappings::touched(&text, range.start, end);
    let Some(first) = touched.first() else {
        return Identity::Mixed;
    };
    let file = |mapping: &Line<'_>| (mapping.device, mapping.inode);
    if !mappings::are_whole(&touched, range.start, end)
        || touched.iter().any(|it| file(it) != file(first))
    {
        return Identity::Mixed;
    }
    if first.inode == 0 {
        return Identity::Anonymous;
    }
    let inode = Inode {
        id: file(first),
        path: String::from_utf8_lossy(&first.path()).into_owned(),
    };
    if lies_in_memory(&inode.path) {
        Identity::Shared(inode)
    } else {
        Identity::File(inode)
    }
}

/// Shared memory, or a file of a file system that has no storage.
fn lies_in_memory(path: &str) -> bool {
    let nameless = [
        "/memfd:",
        "/SYSV",
        "/dev/zero",
        "/anon_hugepage",
        "/dev/shm/",
    ];
    if nameless.iter().any(|prefix| path.starts_with(prefix)) {
        return true;
    }
    // Of a deleted file, the folder that it was in tells.
    let path = path.strip_suffix(" (deleted)").unwrap_or(path);
    let folder = std::path::Path::new(path).parent();
    folder.is_some_and(is_on_tmpfs)
}

fn is_on_tmpfs(folder: &std::path::Path) -> bool {
    use std::os::unix::ffi::OsStrExt;
    let Ok(path) = std::ffi::CString::new(folder.as_os_str().as_bytes()) else {
        return false;
    };
    let mut found = std::mem::MaybeUninit::<libc::statfs>::zeroed();
    // SAFETY: the path ends in a zero byte, and the second pointer is to memory of the right type, which the call only
    // writes.
    let failed = unsafe { libc::statfs(path.as_ptr(), found.as_mut_ptr()) } != 0;
    // SAFETY: all zeroes is a valid value of this structure of numbers.
    let found = unsafe { found.assume_init() };
    !failed && found.f_type == libc::TMPFS_MAGIC
}

/// Of somebody else's file the kernel says that all of it is in memory, so that nobody learns what others read.
fn trusted(
    counts: Vec<usize>,
    runs: &[(usize, usize)],
    identity: Option<&Identity>,
) -> Result<Vec<usize>, String> {
    let all = counts.iter().zip(runs).all(|(count, run)| *count == run.1);
    let others = match identity {
        Some(Identity::File(inode) | Identity::Shared(inode)) => !may_be_told(inode),
        _ => false,
    };
    if all && others {
        return Err(HIDDEN.to_owned());
    }
    Ok(counts)
}

fn may_be_told(inode: &Inode) -> bool {
    // SAFETY: no argument, no effect.
    let us = unsafe { libc::geteuid() };
    if us == 0 {
        return true;
    }
    let Ok(found) = fs::metadata(&inode.path) else {
        return false; // deleted: whose it was cannot be asked any more
    };
    found.uid() == us || may_write(&inode.path)
}

fn may_write(path: &str) -> bool {
    let Ok(path) = std::ffi::CString::new(path) else {
        return false;
    };
    let (here, how) = (libc::AT_FDCWD, libc::AT_EACCESS);
    // SAFETY: the path ends in a zero byte and lives through the call, which only asks.
    unsafe { libc::faccessat(here, path.as_ptr(), libc::W_OK, how) == 0 }
}

/// How many pages of each run are in memory.
fn resident(start: usize, page: usize, runs: &[(usize, usize)]) -> io::Result<Vec<usize>> {
    let mut buffer = vec![0u8; CHUNK];
    let mut count = |&(first, pages): &(usize, usize)| -> io::Result<usize> {
        let mut found = 0;
        for at in (first..first + pages).step_by(CHUNK) {
            let length = CHUNK.min(first + pages - at);
            let address = std::ptr::without_provenance_mut::<libc::c_void>(start + at * page);
            // SAFETY: the kernel checks the range, which it does not touch, and writes one byte a page into the
            // buffer, which has `CHUNK` of them and lives through the call.
            let answer = unsafe { libc::mincore(address, length * page, buffer.as_mut_ptr()) };
            if answer != 0 {
                return Err(io::Error::last_os_error());
            }
            found += buffer[..length]
                .iter()
                .filter(|&&byte| byte & 1 != 0)
                .count();
        }
        Ok(found)
    };
    runs.iter().map(&mut count).collect()
}

/// Pages of a run by what the page table says.
#[derive(Clone, Copy, Default)]
struct Counts {
    mapped: usize,
    anonymous: usize,
    swapped: usize,
}

fn table(start: usize, page: usize, runs: &[(usize, usize)]) -> Result<Vec<Counts>, String> {
    let read = || -> io::Result<Vec<Counts>> {
        let file = File::open("/proc/self/pagemap")?;
        let mut buffer = vec![0u8; CHUNK * 8];
        let mut count = |&(first, pages): &(usize, usize)| -> io::Result<Counts> {
            let mut counts = Counts::default();
            for at in (first..first + pages).step_by(CHUNK) {
                let length = CHUNK.min(first + pages - at);
                let entries = &mut buffer[..length * 8];
                file.read_exact_at(entries, (start / page + at) as u64 * 8)?;
                for entry in entries.chunks_exact(8) {
                    counts.add(u64::from_ne_bytes(entry.try_into().unwrap_or_default()));
                }
            }
            Ok(counts)
        };
        runs.iter().map(&mut count).collect()
    };
    read().map_err(|error| format!("/proc/self/pagemap: {error}"))
}

impl Counts {
    fn add(&mut self, entry: u64) {
        if entry & PRESENT == 0 {
            self.swapped += usize::from(entry & SWAPPED != 0);
        } else if entry & OF_A_FILE != 0 {
            self.mapped += 1;
        } else {
            self.anonymous += 1;
        }
    }
}

fn page_size() -> usize {
    // SAFETY: no pointer is passed; the call reads a constant of the system.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size)
        .ok()
        .filter(|&size| size > 0)
        .unwrap_or(4096)
}

/// Other pages each time.
fn seed(start: usize) -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static LOOKS: AtomicU64 = AtomicU64::new(1);
    let look = LOOKS.fetch_add(1, Ordering::Relaxed);
    (start as u64 ^ look.wrapping_mul(0x9e37_79b9_7f4a_7c15)) | 1
}
