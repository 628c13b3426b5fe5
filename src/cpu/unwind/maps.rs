//! `/proc/PID/maps`: what of a process's address space is executable, and which files it comes from.

use crate::address_space::maps::{self, Line};
use crate::cpu::event::MappedCode;

/// An executable stretch of address space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mapping {
    pub(super) start: u64,
    pub(super) end: u64,
    /// Where in the file it starts.
    pub(super) offset: u64,
    pub(super) device: (u32, u32),
    /// 0: not a file.
    pub(super) inode: u64,
    /// Empty: anonymous.
    pub(super) path: Vec<u8>,
}

impl Mapping {
    /// What of it lies before `address`.
    pub(super) fn before(&self, address: u64) -> Option<Self> {
        (self.start < address).then(|| Self {
            end: self.end.min(address),
            ..self.clone()
        })
    }

    /// What of it lies after `address`.
    pub(super) fn after(&self, address: u64) -> Option<Self> {
        (self.end > address).then(|| Self {
            start: self.start.max(address),
            offset: self.offset + address.saturating_sub(self.start),
            ..self.clone()
        })
    }
}

impl From<&Line<'_>> for Mapping {
    fn from(line: &Line<'_>) -> Self {
        Self {
            start: line.start,
            end: line.end,
            offset: line.offset,
            device: line.device,
            inode: line.inode,
            path: line.path(),
        }
    }
}

impl From<&MappedCode<'_>> for Mapping {
    fn from(code: &MappedCode<'_>) -> Self {
        Self {
            start: code.start,
            end: code.start.saturating_add(code.bytes),
            offset: if code.inode == 0 { 0 } else { code.file_offset },
            device: code.device,
            inode: code.inode,
            path: code.path.to_vec(),
        }
    }
}

/// Executable mappings that are kept, at most; what lies in others is unknown.
pub(super) const MAX_MAPPINGS: usize = 16_384;

/// The executable mappings in the text of a maps file, by address; neighbours that continue each other are one.
pub(super) fn executable(text: &[u8]) -> Vec<Mapping> {
    let mut mappings: Vec<Mapping> = Vec::new();
    let executable = maps::lines(text).filter(|line| line.is_executable);
    for mapping in executable.map(|line| Mapping::from(&line)) {
        match mappings.last_mut() {
            Some(last) if continues(last, &mapping) => last.end = mapping.end,
            Some(last) if mapping.start < last.end => {}
            _ => mappings.push(mapping),
        }
        if mappings.len() > MAX_MAPPINGS {
            mappings.pop();
            break;
        }
    }
    mappings
}

fn continues(last: &Mapping, next: &Mapping) -> bool {
    let follows = last.offset.wrapping_add(last.end - last.start) == next.offset;
    last.end == next.start
        && last.path == next.path
        && (last.inode, last.device) == (next.inode, next.device)
        && (follows || last.inode == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executable_mappings_are_read() {
        let text = b"55ba916d2000-55ba916d4000 r--p 00000000 fe:00 247030                     /usr/bin/cat
55ba916d4000-55ba916d9000 r-xp 00002000 fe:00 247030                     /usr/bin/my cat\\012s (deleted)
7f0000000000-7f0000001000 rwxp 00000000 00:00 0 
7f1b6a25f000-7f1b6a261000 r-xp 00000000 00:00 0                          [vdso]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
";
        let mappings = executable(text);
        let starts: Vec<_> = mappings.iter().map(|mapping| mapping.start).collect();
        assert_eq!(
            starts,
            [
                0x55ba916d4000,
                0x7f0000000000,
                0x7f1b6a25f000,
                0xffffffffff600000
            ]
        );
        let cat = &mappings[0];
        assert_eq!(
            (cat.end, cat.offset, cat.inode),
            (0x55ba916d9000, 0x2000, 247030)
        );
        assert_eq!(
            (cat.device, cat.path.as_slice()),
            ((0xfe, 0), &b"/usr/bin/my cat\ns (deleted)"[..])
        );
        assert_eq!(mappings[1].path, b"");
        assert_eq!(mappings[2].path, b"[vdso]");
    }

    #[test]
    fn neighbours_that_continue_each_other_are_one() {
        let text = b"1000-2000 r-xp 00000000 fe:00 7 /a
2000-3000 rwxp 00001000 fe:00 7 /a
3000-4000 r-xp 00009000 fe:00 7 /a
4000-5000 r-xp 0000a000 fe:00 8 /a
";
        let ranges: Vec<_> = executable(text).iter().map(|m| (m.start, m.end)).collect();
        assert_eq!(
            ranges,
            [(0x1000, 0x3000), (0x3000, 0x4000), (0x4000, 0x5000)]
        );
    }
}
