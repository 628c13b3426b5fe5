//! The lines of `/proc/PID/maps`: pure, no file is opened here. Lines that are not understood are passed over.

/// One line: `7f00-7f80 r-xp 00026000 fe:00 326279      /usr/lib/libc.so.6`; a path may hold blanks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'t> {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) is_executable: bool,
    /// Where in the file it starts.
    pub(crate) offset: u64,
    /// Major and minor number.
    pub(crate) device: (u32, u32),
    /// 0: not a file.
    pub(crate) inode: u64,
    /// As the system writes it, in which a line feed is `\012`.
    written_path: &'t [u8],
}

/// The lines of the text that say of a mapping.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    text.split(|byte| *byte == b'\n').filter_map(Line::read)
}

impl<'t> Line<'t> {
    fn read(line: &'t [u8]) -> Option<Self> {
        let mut fields = line.splitn(6, |byte| *byte == b' ');
        let (start, end) = pair(fields.next()?, b'-')?;
        let is_executable = fields.next()?.get(2) == Some(&b'x');
        let offset = hexadecimal(fields.next()?)?;
        let (major, minor) = pair(fields.next()?, b':')?;
        let inode = str::from_utf8(fields.next()?).ok()?.parse().ok()?;
        let written_path = fields.next().unwrap_or_default().trim_ascii_start();
        (start < end).then_some(Self {
            start,
            end,
            is_executable,
            offset,
            device: (u32::try_from(major).ok()?, u32::try_from(minor).ok()?),
            inode,
            written_path,
        })
    }

    /// The file's path or the system's name for it; empty: anonymous. A file that was removed has ` (deleted)` behind it.
    pub(crate) fn path(&self) -> Vec<u8> {
        const LINE_FEED: &[u8] = b"\\012";
        let mut plain = Vec::with_capacity(self.written_path.len());
        let mut rest = self.written_path;
        while let Some(byte) = rest.first() {
            if let Some(after) = rest.strip_prefix(LINE_FEED) {
                plain.push(b'\n');
                rest = after;
            } else {
                plain.push(*byte);
                rest = &rest[1..];
            }
        }
        plain
    }
}

fn pair(field: &[u8], separator: u8) -> Option<(u64, u64)> {
    let at = field.iter().position(|byte| *byte == separator)?;
    Some((hexadecimal(&field[..at])?, hexadecimal(&field[at + 1..])?))
}

fn hexadecimal(digits: &[u8]) -> Option<u64> {
    u64::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_is_read_with_its_path() {
        let text =
            b"55ba916d4000-55ba916d9000 r-xp 00002000 fe:0a 247030                     /usr/bin/my cat\\012s (deleted)\n\
7f0000300000-7f0000400000 rw-p 00000000 00:00 0 \n";
        let lines: Vec<_> = lines(text).collect();
        let cat = lines[0];
        assert_eq!((cat.start, cat.end), (0x55ba_916d_4000, 0x55ba_916d_9000));
        assert_eq!(
            (cat.offset, cat.device, cat.inode),
            (0x2000, (0xfe, 0xa), 247_030)
        );
        assert!(cat.is_executable && !lines[1].is_executable);
        assert_eq!(cat.path(), b"/usr/bin/my cat\ns (deleted)");
        assert_eq!((lines[1].inode, lines[1].path()), (0, Vec::new()));
    }

    #[test]
    fn lines_that_are_not_understood_are_passed_over() {
        let text = b"nonsense\n1000 r-xp\n-- r-xp 0 0:0 0\n2000-1000 r-xp 0 0:0 0 /a\n\xff\xfe-1 r-xp\n1-2 r-xp 0 1:2 3 /b";
        assert_eq!(lines(text).count(), 1);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "([0-9a-f]{1,20}-|[0-9a-f]{1,20}| |:|r--s|/a b|\n|.){0,40}") {
            lines(text.as_bytes()).for_each(|line| drop(line.path()));
        }
    }
}
