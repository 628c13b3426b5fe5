//! What a signal of ours carries in `si_value`: that it is ours, and whose it is.

/// Marks our signals among those of a program's own timers.
const MARK: u64 = 0x7650; // "vP"

/// An entry of the thread table, and which of its holders is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cookie {
    /// Never 0, and never given to another holder of an entry.
    pub(super) generation: u32,
    pub(super) entry: u16,
}

impl Cookie {
    pub(super) const fn to_bits(self) -> u64 {
        MARK << 48 | (self.generation as u64) << 16 | self.entry as u64
    }

    /// `None`: not ours.
    #[inline(always)]
    pub(super) const fn from_bits(bits: u64) -> Option<Self> {
        if bits >> 48 != MARK {
            return None;
        }
        Some(Self {
            generation: (bits >> 16) as u32,
            entry: bits as u16,
        })
    }
}

/// The head of a `siginfo_t` as the kernel writes it for a POSIX timer, on 64-bit systems
/// (include/uapi/asm-generic/siginfo.h: `_timer`). libc has no name for the overrun.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(super) struct TimerSignal {
    pub(super) signal: i32,
    pub(super) errno: i32,
    pub(super) code: i32,
    pub(super) padding: i32,
    pub(super) timer: i32,
    /// Expirations beyond the first since the last signal.
    pub(super) overrun: i32,
    pub(super) value: u64,
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn only_what_we_wrote_is_read_back() {
        for cookie in [
            Cookie {
                generation: 1,
                entry: 0,
            },
            Cookie {
                generation: u32::MAX,
                entry: u16::MAX,
            },
        ] {
            assert_eq!(Cookie::from_bits(cookie.to_bits()), Some(cookie));
        }
        for foreign in [
            0,
            1,
            u64::MAX,
            0x0000_7fff_dead_beef,
            MARK,
            (MARK + 1) << 48,
        ] {
            assert_eq!(Cookie::from_bits(foreign), None, "{foreign:#x}");
        }
    }

    #[test]
    fn the_head_of_a_signal_is_where_the_kernel_writes_it() {
        assert!(size_of::<TimerSignal>() <= size_of::<libc::siginfo_t>());
        assert_eq!(std::mem::offset_of!(TimerSignal, code), 8);
        assert_eq!(std::mem::offset_of!(TimerSignal, overrun), 20);
        let head = TimerSignal {
            value: 0x1234_5678_9abc,
            ..TimerSignal::default()
        };
        // SAFETY: all bit patterns are valid for this C structure.
        let mut full: libc::siginfo_t = unsafe { std::mem::zeroed() };
        // SAFETY: the head fits into the structure, as asserted above, and is aligned like it.
        unsafe { (&raw mut full).cast::<TimerSignal>().write(head) };
        // SAFETY: a signal of a timer has a value.
        let value = unsafe { full.si_value() };
        assert_eq!(value.sival_ptr as u64, head.value);
    }
}
