//! The kernel's records as plain data: pure functions over words, which reject what is short or senseless.

use super::attr::REGISTER_COUNT;
use crate::cpu::event::{MappedCode, Registers};

/// The first word of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    kind: u32,
    misc: u16,
    /// With the header, in bytes.
    size: u16,
}

/// `PERF_RECORD_*`
mod kind {
    pub(super) const LOST: u32 = 2;
    pub(super) const COMM: u32 = 3;
    pub(super) const EXIT: u32 = 4;
    pub(super) const THROTTLE: u32 = 5;
    pub(super) const FORK: u32 = 7;
    pub(super) const SAMPLE: u32 = 9;
    pub(super) const MMAP2: u32 = 10;
    pub(super) const LOST_SAMPLES: u32 = 13;
    pub(super) const SWITCH: u32 = 14;
}

/// `PERF_RECORD_MISC_*`; bit 13 means different things to different records.
mod misc {
    pub(super) const COMM_EXEC: u16 = 1 << 13;
    pub(super) const SWITCH_OUT: u16 = 1 << 13;
    pub(super) const SWITCH_OUT_PREEMPT: u16 = 1 << 14;
}

/// `PERF_SAMPLE_REGS_ABI_64`
const ABI_64: u64 = 2;

/// From here on an entry of a call chain is a marker (`PERF_CONTEXT_MAX`).
const FIRST_MARKER: u64 = -4095_i64 as u64;

/// Words of a sample before what depends on the event: header, identifier, thread, time, CPU, period.
const SAMPLE_HEAD: usize = 6;

/// Words at the end of each other record: thread, time, CPU, identifier (`sample_id_all`).
const TRAILER: usize = 4;

impl Header {
    pub(super) fn of(word: u64) -> Self {
        let bytes = word.to_ne_bytes();
        let [a, b, c, d, e, f, g, h] = bytes;
        Self {
            kind: u32::from_ne_bytes([a, b, c, d]),
            misc: u16::from_ne_bytes([e, f]),
            size: u16::from_ne_bytes([g, h]),
        }
    }

    /// Words of the record; `None` when no record of ours has such a size.
    pub(super) fn words(self) -> Option<usize> {
        let size = usize::from(self.size);
        (size.is_multiple_of(8) && size / 8 > TRAILER).then_some(size / 8)
    }

    /// The word that holds the record's time, in a record of so many words.
    pub(super) fn time_at(self, words: usize) -> usize {
        if self.kind == kind::SAMPLE {
            3
        } else {
            words - TRAILER + 1
        }
    }
}

/// A record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Record<'a> {
    /// The event, or the event that it was inherited from.
    pub(super) id: u64,
    pub(super) process: u32,
    pub(super) thread: u32,
    pub(super) at_ns: u64,
    pub(super) what: What<'a>,
}

/// What a record tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum What<'a> {
    /// So many of what the event counts: nanoseconds of CPU time, page faults. `state` is absent from samples of page faults.
    Sample {
        period: u64,
        state: Option<State<'a>>,
    },
    SwitchedIn,
    SwitchedOut {
        preempted: bool,
    },
    /// The thread has this name now; `executed`: because it executed another program.
    Named {
        name: &'a [u8],
        executed: bool,
    },
    Mapped(MappedCode<'a>),
    /// `thread` of the record made this one.
    Forked {
        child: u32,
    },
    Ended,
    Lost {
        records: u64,
    },
    Throttled,
}

/// The thread's state at a sample of the clock.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct State<'a> {
    pub(super) registers: Option<Registers>,
    pub(super) stack: &'a [u8],
    pub(super) kernel: &'a [u64],
}

/// The record in `words`, header first; `chain`: samples of the clock hold the call chain in the kernel. `None`: not
/// one that we read, or not a whole one.
pub(super) fn parse(words: &[u64], chain: bool) -> Option<Record<'_>> {
    let header = Header::of(*words.first()?);
    if header.words()? != words.len() {
        return None;
    }
    if header.kind == kind::SAMPLE {
        return sample(words, chain);
    }
    let (body, trailer) = words.get(1..)?.split_last_chunk::<TRAILER>()?;
    let [who, at_ns, _cpu, id] = *trailer;
    let (process, mut thread) = halves(who);
    let what = match header.kind {
        kind::SWITCH if header.misc & misc::SWITCH_OUT == 0 => What::SwitchedIn,
        kind::SWITCH => What::SwitchedOut {
            preempted: header.misc & misc::SWITCH_OUT_PREEMPT != 0,
        },
        kind::COMM => {
            thread = halves(*body.first()?).1;
            What::Named {
                name: until_zero(bytes(body.get(1..)?)),
                executed: header.misc & misc::COMM_EXEC != 0,
            }
        }
        kind::MMAP2 => What::Mapped(mapped(body)?),
        kind::FORK => {
            let [processes, threads, ..] = *body else {
                return None;
            };
            let (child, parent) = halves(threads);
            thread = parent;
            // Another process is none of ours.
            let (of_child, of_parent) = halves(processes);
            (of_child == of_parent).then_some(What::Forked { child })?
        }
        kind::EXIT => {
            thread = halves(*body.get(1)?).0;
            What::Ended
        }
        kind::LOST => What::Lost {
            records: *body.get(1)?,
        },
        kind::LOST_SAMPLES => What::Lost {
            records: *body.first()?,
        },
        kind::THROTTLE => What::Throttled,
        _ => return None,
    };
    Some(Record {
        id,
        process,
        thread,
        at_ns,
        what,
    })
}

/// Process and thread, address, length, offset, device, inode and its generation, protection and flags, path.
fn mapped(body: &[u64]) -> Option<MappedCode<'_>> {
    let (numbers, path) = body.split_first_chunk::<8>()?;
    let [_, start, length, file_offset, device, inode, _, _] = *numbers;
    let path = until_zero(bytes(path));
    Some(MappedCode {
        start,
        bytes: length,
        file_offset,
        device: halves(device),
        inode,
        // What maps leave empty.
        path: if path == b"//anon" { b"" } else { path },
    })
}

fn sample(words: &[u64], chain: bool) -> Option<Record<'_>> {
    let (head, rest) = words.split_first_chunk::<SAMPLE_HEAD>()?;
    let [_, id, who, at_ns, _cpu, period] = *head;
    let (process, thread) = halves(who);
    let state = match rest {
        [] => None,
        _ => Some(state(rest, chain)?),
    };
    Some(Record {
        id,
        process,
        thread,
        at_ns,
        what: What::Sample { period, state },
    })
}

/// Call chain, registers, stack: in this order behind a sample's head.
fn state(mut rest: &[u64], chain: bool) -> Option<State<'_>> {
    let mut state = State::default();
    if chain {
        let entries = take(&mut rest, 1)?[0];
        state.kernel = addresses(take(&mut rest, entries)?);
    }
    let abi = take(&mut rest, 1)?[0];
    if abi != 0 {
        let registers = take(&mut rest, REGISTER_COUNT as u64)?;
        state.registers = (abi == ABI_64).then(|| in_order(registers)).flatten();
    }
    let size = take(&mut rest, 1)?[0];
    if size != 0 {
        let stack = bytes(take(&mut rest, size / 8)?);
        let used = usize::try_from(take(&mut rest, 1)?[0]).ok()?;
        state.stack = stack.get(..used).unwrap_or(stack);
    }
    Some(state)
}

/// The first `count` words, which leave `rest`.
fn take<'a>(rest: &mut &'a [u64], count: u64) -> Option<&'a [u64]> {
    rest.split_off(..usize::try_from(count).ok()?)
}

/// The addresses of a call chain that holds those in the kernel only: what is between its first marker and the next.
fn addresses(chain: &[u64]) -> &[u64] {
    let start = chain.iter().take_while(|at| **at >= FIRST_MARKER).count();
    let chain = &chain[start..];
    let length = chain.iter().take_while(|at| **at < FIRST_MARKER).count();
    &chain[..length]
}

/// Registers in the order of their bits in the mask.
#[cfg(target_arch = "x86_64")]
fn in_order(registers: &[u64]) -> Option<Registers> {
    let [frame, stack, instruction] = *registers.first_chunk()?;
    Some(Registers {
        instruction,
        stack,
        frame,
        link: 0,
    })
}

/// Registers in the order of their bits in the mask.
#[cfg(target_arch = "aarch64")]
fn in_order(registers: &[u64]) -> Option<Registers> {
    let [frame, link, stack, instruction] = *registers.first_chunk()?;
    Some(Registers {
        instruction,
        stack,
        frame,
        link,
    })
}

/// Two 32-bit fields, in the order of memory.
fn halves(word: u64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = word.to_ne_bytes();
    (
        u32::from_ne_bytes([a, b, c, d]),
        u32::from_ne_bytes([e, f, g, h]),
    )
}

fn bytes(words: &[u64]) -> &[u8] {
    // SAFETY: the same memory, for the same lifetime; any byte is a valid `u8`, and its alignment is 1.
    unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), size_of_val(words)) }
}

fn until_zero(name: &[u8]) -> &[u8] {
    name.split(|byte| *byte == 0).next().unwrap_or_default()
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
