//! What a sampler hands over: borrowed plain data, valid until the next call.

pub(crate) use crate::address_space::stack::Registers;

/// One sample: a thread was found running.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawSample<'a> {
    /// The thread, as the kernel numbers it.
    pub(crate) thread: u32,
    /// CLOCK_MONOTONIC, nanoseconds.
    pub(crate) at_ns: u64,
    /// The CPU time it stands for, nanoseconds: a multiple of the period when some were missed.
    pub(crate) weight_ns: u64,
    /// User-mode registers; `None` for a thread that has none.
    pub(crate) registers: Option<Registers>,
    /// The stack's bytes, from the stack pointer on.
    pub(crate) stack: &'a [u8],
    /// Return addresses in the kernel, leaf first; empty when the thread was in user mode, or may not be looked at there.
    pub(crate) kernel: &'a [u64],
}

/// A stretch of address space that code was mapped to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MappedCode<'a> {
    pub(crate) start: u64,
    pub(crate) bytes: u64,
    /// Where in the file it starts.
    pub(crate) file_offset: u64,
    /// Major and minor number.
    pub(crate) device: (u32, u32),
    /// 0: not a file.
    pub(crate) inode: u64,
    /// As in `/proc/PID/maps`; empty: anonymous.
    pub(crate) path: &'a [u8],
}

/// What happened, in the order of time for each thread.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event<'a> {
    Sample(RawSample<'a>),
    /// The thread left its CPU: it waits (`preempted` false), or another thread took the CPU.
    SwitchedOut {
        thread: u32,
        at_ns: u64,
        preempted: bool,
    },
    SwitchedIn {
        thread: u32,
        at_ns: u64,
    },
    /// A page-fault sample that stands for `count` faults.
    Faults {
        thread: u32,
        at_ns: u64,
        count: u64,
    },
    /// Something was mapped as code (`code`, where the sampler knows what), or the process executed another program
    /// (`everything` is new).
    Mapped {
        everything: bool,
        code: Option<MappedCode<'a>>,
    },
    /// The thread has this name now.
    Named {
        thread: u32,
        name: &'a [u8],
    },
    Ended {
        thread: u32,
        at_ns: u64,
    },
    /// So many records were lost before they could be read.
    Lost {
        records: u64,
    },
}
