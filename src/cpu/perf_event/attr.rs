//! What the kernel is asked for: `struct perf_event_attr`, and the three kinds of event we make of it.

/// `struct perf_event_attr` of linux/perf_event.h up to `sample_max_stack` (its fifth revision, Linux 4.8). Older
/// kernels accept it as long as what they do not know is zero.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Attr {
    kind: u32,
    size: u32,
    config: u64,
    sample_period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup_watermark: u32,
    breakpoint_type: u32,
    config1: u64,
    config2: u64,
    branch_sample_type: u64,
    sample_regs_user: u64,
    sample_stack_user: u32,
    clock: i32,
    sample_regs_intr: u64,
    aux_watermark: u32,
    sample_max_stack: u16,
    reserved: u16,
}

/// `PERF_TYPE_SOFTWARE`
const SOFTWARE: u32 = 1;

/// `PERF_COUNT_SW_*`
mod count {
    pub(super) const TASK_CLOCK: u64 = 1;
    pub(super) const PAGE_FAULTS: u64 = 2;
    pub(super) const DUMMY: u64 = 9;
}

/// Bits of the attribute's bit field.
mod flag {
    pub(super) const DISABLED: u64 = 1 << 0;
    pub(super) const INHERIT: u64 = 1 << 1;
    pub(super) const EXCLUDE_KERNEL: u64 = 1 << 5;
    pub(super) const EXCLUDE_HYPERVISOR: u64 = 1 << 6;
    pub(super) const MMAP: u64 = 1 << 8;
    pub(super) const COMM: u64 = 1 << 9;
    pub(super) const TASK: u64 = 1 << 13;
    pub(super) const WATERMARK: u64 = 1 << 14;
    pub(super) const SAMPLE_ID_ALL: u64 = 1 << 18;
    pub(super) const EXCLUDE_CALLCHAIN_USER: u64 = 1 << 22;
    pub(super) const MMAP2: u64 = 1 << 23;
    pub(super) const COMM_EXEC: u64 = 1 << 24;
    pub(super) const USE_CLOCKID: u64 = 1 << 25;
    pub(super) const CONTEXT_SWITCH: u64 = 1 << 26;
    pub(super) const INHERIT_THREAD: u64 = 1 << 35;
}

/// `PERF_SAMPLE_*`
mod field {
    pub(super) const TID: u64 = 1 << 1;
    pub(super) const TIME: u64 = 1 << 2;
    pub(super) const CALLCHAIN: u64 = 1 << 5;
    pub(super) const CPU: u64 = 1 << 7;
    pub(super) const PERIOD: u64 = 1 << 8;
    pub(super) const REGS_USER: u64 = 1 << 12;
    pub(super) const STACK_USER: u64 = 1 << 13;
    pub(super) const IDENTIFIER: u64 = 1 << 16;
    /// Of every record of ours; `record.rs` reads them at fixed places.
    pub(super) const ALWAYS: u64 = IDENTIFIER | TID | TIME | CPU | PERIOD;
}

/// `enum perf_event_x86_regs`: BP, SP, IP. The kernel writes them in the order of their bits.
#[cfg(target_arch = "x86_64")]
const REGISTERS: u64 = 1 << 6 | 1 << 7 | 1 << 8;
/// `enum perf_event_arm_regs`: X29 (frame), LR, SP, PC.
#[cfg(target_arch = "aarch64")]
const REGISTERS: u64 = 1 << 29 | 1 << 30 | 1 << 31 | 1 << 32;

/// How many registers a sample holds.
pub(super) const REGISTER_COUNT: usize = REGISTERS.count_ones() as usize;

/// The most stack a sample can hold: a record's size is 16 bits.
const MOST_STACK: usize = 63 << 10;

/// `bytes` as the kernel takes it: a multiple of 8, at most what a record can hold.
pub(super) fn stack_size(bytes: usize) -> usize {
    bytes.clamp(8, MOST_STACK).next_multiple_of(8)
}

/// What sampling can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) period_ns: u64,
    /// As [`stack_size`] gives it.
    pub(super) stack_bytes: usize,
    /// Samples in kernel code, too, with their call chain there.
    pub(super) kernel: bool,
    /// Child processes are left out. Linux 5.13.
    pub(super) threads_only: bool,
    pub(super) switches: bool,
}

impl Attr {
    fn software(count: u64) -> Self {
        Self {
            kind: SOFTWARE,
            size: size_of::<Self>() as u32,
            config: count,
            flags: flag::DISABLED
                | flag::EXCLUDE_HYPERVISOR
                | flag::WATERMARK
                | flag::SAMPLE_ID_ALL
                | flag::USE_CLOCKID,
            sample_type: field::ALWAYS,
            clock: libc::CLOCK_MONOTONIC,
            ..Self::default()
        }
    }

    /// Counts nothing: owns a ring, so that the ring outlives the events that write into it.
    pub(super) fn ring_owner(wakeup_bytes: u32) -> Self {
        let mut attr = Self::software(count::DUMMY);
        attr.flags |= flag::EXCLUDE_KERNEL;
        attr.wakeup_watermark = wakeup_bytes;
        attr
    }

    /// Samples registers and stack each period of the thread's CPU time, and tells what happens to the thread.
    pub(super) fn clock(wish: &Wish) -> Self {
        let mut attr = Self::inherited(count::TASK_CLOCK, wish);
        attr.sample_period = wish.period_ns;
        attr.sample_type |= field::REGS_USER | field::STACK_USER;
        attr.sample_regs_user = REGISTERS;
        attr.sample_stack_user = wish.stack_bytes as u32;
        attr.flags |= flag::MMAP | flag::MMAP2 | flag::COMM | flag::COMM_EXEC | flag::TASK;
        if wish.kernel {
            attr.sample_type |= field::CALLCHAIN;
            attr.flags |= flag::EXCLUDE_CALLCHAIN_USER;
        }
        if wish.switches {
            attr.flags |= flag::CONTEXT_SWITCH;
        }
        attr
    }

    /// Tells of each page fault, without a stack: a receipt's count is exact, for 56 bytes of ring and a microsecond a fault
    /// (`docs/measuring/cpu.md`). One of several would be cheaper, and a slow operation's few faults a guess.
    pub(super) fn faults(wish: &Wish) -> Self {
        let mut attr = Self::inherited(count::PAGE_FAULTS, wish);
        attr.sample_period = 1;
        attr
    }

    fn inherited(count: u64, wish: &Wish) -> Self {
        let mut attr = Self::software(count);
        attr.flags |= flag::INHERIT;
        if wish.threads_only {
            attr.flags |= flag::INHERIT_THREAD;
        }
        if !wish.kernel {
            attr.flags |= flag::EXCLUDE_KERNEL;
        }
        attr
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    #[test]
    fn the_layout_is_the_kernels() {
        // PERF_ATTR_SIZE_VER5, and the offsets of linux/perf_event.h.
        assert_eq!(size_of::<Attr>(), 112);
        assert_eq!(align_of::<Attr>(), 8);
        assert_eq!(offset_of!(Attr, sample_type), 24);
        assert_eq!(offset_of!(Attr, flags), 40);
        assert_eq!(offset_of!(Attr, wakeup_watermark), 48);
        assert_eq!(offset_of!(Attr, branch_sample_type), 72);
        assert_eq!(offset_of!(Attr, sample_regs_user), 80);
        assert_eq!(offset_of!(Attr, sample_stack_user), 88);
        assert_eq!(offset_of!(Attr, clock), 92);
        assert_eq!(offset_of!(Attr, sample_max_stack), 108);
    }

    #[test]
    fn a_stack_size_is_one_the_kernel_takes() {
        assert_eq!(stack_size(0), 8);
        assert_eq!(stack_size(16 << 10), 16 << 10);
        assert_eq!(stack_size(1001), 1008);
        assert_eq!(stack_size(usize::MAX) % 8, 0);
        assert!(stack_size(usize::MAX) < usize::from(u16::MAX));
    }
}
