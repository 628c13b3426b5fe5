//! Copies of stacks on their way to who unwinds them. The thread that allocates copies its registers and the bytes from
//! its stack pointer on, which takes well under a microsecond; who called whom is found out elsewhere.

use std::arch::asm;
use std::cell::Cell;
use std::io;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use super::numbers::Numbers;
use super::pages;
use crate::address_space::stack::{self, Registers};

/// Bytes of a stack that are copied, at most.
pub(super) const MAX_STACK: usize = 32 * 1024;
/// Copies that wait to be read, at most.
const COPIES: u32 = 256;
/// The reader is woken when so many wait.
pub(super) const MANY: u32 = COPIES / 8;

/// What a copy is beside its bytes.
#[derive(Debug)]
struct Head {
    link: AtomicU32,
    registers: [AtomicU64; 4],
    bytes: AtomicUsize,
}

#[derive(Debug)]
pub(super) struct Copies {
    numbers: Numbers,
    heads: &'static [Head],
    memory: &'static [[AtomicU64; MAX_STACK / 8]],
    /// Bytes to be copied; at most [`MAX_STACK`].
    pub(super) wanted: AtomicUsize,
    /// Copies that are taken.
    waiting: AtomicU32,
}

impl Copies {
    pub(super) fn new() -> io::Result<Self> {
        // SAFETY: all zeroes is atomic numbers.
        let memory: &[[AtomicU64; MAX_STACK / 8]] = unsafe { pages::zeroed(COPIES as usize) }?;
        // Both only save memory: without them it works as well. A child does not read its parent's copies.
        let _ = pages::advise(
            memory.as_ptr().cast(),
            size_of_val(memory),
            libc::MADV_NOHUGEPAGE,
        );
        let _ = pages::advise(
            memory.as_ptr().cast(),
            size_of_val(memory),
            libc::MADV_DONTFORK,
        );
        Ok(Self {
            numbers: Numbers::new(COPIES),
            // SAFETY: as above.
            heads: unsafe { pages::zeroed(COPIES as usize) }?,
            memory,
            wanted: AtomicUsize::new(MAX_STACK / 2),
            waiting: AtomicU32::new(0),
        })
    }

    /// Copies the calling thread's stack. The copy's number and how many wait now; `None`: too many do.
    #[inline(never)]
    pub(super) fn copy(&self) -> Option<(u32, u32)> {
        let number = self
            .numbers
            .take(|number| &self.heads[number as usize].link)?;
        let head = &self.heads[number as usize];
        let registers = stack::registers_here();
        let words = [
            registers.instruction,
            registers.stack,
            registers.frame,
            registers.link,
        ];
        for (place, word) in head.registers.iter().zip(words) {
            place.store(word, Ordering::Relaxed);
        }
        let from = registers.stack as usize;
        let bytes = above(from)
            .min(self.wanted.load(Ordering::Relaxed))
            .min(MAX_STACK)
            & !15;
        // SAFETY: the thread's stack is readable from its stack pointer to its end, and whole frames of it do not change
        // while this function is active; the copy is the caller's alone and has room for `MAX_STACK` bytes.
        unsafe {
            copy_words(
                from as *const u8,
                self.memory[number as usize].as_ptr().cast_mut().cast(),
                bytes,
            )
        };
        head.bytes.store(bytes, Ordering::Relaxed);
        Some((number, self.waiting.fetch_add(1, Ordering::Relaxed) + 1))
    }

    /// Hands a copy to `read`, then frees it. Its owner's word came to the caller in order.
    pub(super) fn read<R>(&self, number: u32, read: impl FnOnce(Registers, &[u8]) -> R) -> R {
        let head = &self.heads[number as usize];
        let word = |index: usize| head.registers[index].load(Ordering::Relaxed);
        let registers = Registers {
            instruction: word(0),
            stack: word(1),
            frame: word(2),
            link: word(3),
        };
        let memory = &self.memory[number as usize];
        let bytes = head.bytes.load(Ordering::Relaxed).min(MAX_STACK);
        // SAFETY: written before the copy was told of, and by nobody until it is given back below.
        let bytes = unsafe { std::slice::from_raw_parts(memory.as_ptr().cast::<u8>(), bytes) };
        let result = read(registers, bytes);
        self.numbers
            .give(number, |number| &self.heads[number as usize].link);
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        result
    }
}

thread_local! {
    /// The thread's stack: its lowest address and the one after its highest. Both 0: not asked for yet; 1: not known.
    static BOUNDS: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// Bytes of this thread's stack from `from` on; 0 when it is another stack (a coroutine's) or its end is not known.
fn above(from: usize) -> usize {
    if BOUNDS.get() == (0, 0) {
        // Asking may allocate by the C library's malloc, which may come back here.
        BOUNDS.set((1, 1));
        BOUNDS.set(stack::bounds().unwrap_or((1, 1)));
    }
    let (low, high) = BOUNDS.get();
    if low <= from {
        high.saturating_sub(from)
    } else {
        0
    }
}

/// Copies whole words. By the processor and not by a function: bytes of other frames are not initialised as Rust sees
/// it, and what checks memory accesses would take the gaps between variables for errors.
///
/// # Safety
/// `bytes`, a multiple of 16, can be read at `from` and written at `to`, and do not overlap.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn copy_words(from: *const u8, to: *mut u8, bytes: usize) {
    // SAFETY: as the caller says; the direction flag is clear by the calling convention.
    unsafe {
        asm!(
            "rep movsq",
            inout("rcx") bytes / 8 => _,
            inout("rsi") from => _,
            inout("rdi") to => _,
            options(nostack, preserves_flags),
        );
    }
}

/// As above.
///
/// # Safety
/// As above.
#[cfg(target_arch = "aarch64")]
#[inline(always)]
unsafe fn copy_words(from: *const u8, to: *mut u8, bytes: usize) {
    // SAFETY: as the caller says.
    unsafe {
        asm!(
            "cbz {left}, 3f",
            "2:",
            "ldp {one}, {two}, [{from}], #16",
            "stp {one}, {two}, [{to}], #16",
            "subs {left}, {left}, #16",
            "b.ne 2b",
            "3:",
            left = inout(reg) bytes => _,
            from = inout(reg) from => _,
            to = inout(reg) to => _,
            one = out(reg) _,
            two = out(reg) _,
            options(nostack),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_holds_what_is_on_the_stack() {
        let copies = Copies::new().unwrap();
        let marked = std::hint::black_box([0x5eed_5eed_0bad_cafe_u64; 8]);
        let (number, waiting) = copies.copy().unwrap();
        assert_eq!(waiting, 1);
        copies.read(number, |registers, bytes| {
            assert!(bytes.len() > 512, "{}", bytes.len());
            let into = (&raw const marked) as u64 - registers.stack;
            let copied = &bytes[into as usize..][..64];
            assert!(copied.chunks(8).all(|word| word == marked[0].to_ne_bytes()));
        });
        assert_eq!(copies.waiting.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn too_many_are_refused_and_room_comes_back() {
        let copies = Copies::new().unwrap();
        let taken: Vec<u32> = std::iter::from_fn(|| copies.copy())
            .map(|copy| copy.0)
            .collect();
        assert_eq!(taken.len() as u32, COPIES);
        copies.read(taken[5], |_, _| ());
        assert_eq!(copies.copy().map(|copy| copy.0), Some(taken[5]));
    }

    #[test]
    fn deep_stacks_are_cut_and_shallow_ones_end_at_their_end() {
        let copies = Copies::new().unwrap();
        fn deep(levels: u32, copies: &Copies) -> usize {
            let room = std::hint::black_box([levels; 512]);
            if levels == 0 {
                let (number, _) = copies.copy().unwrap();
                return copies.read(number, |_, bytes| bytes.len());
            }
            deep(levels - 1, copies) + (room[1] - levels) as usize
        }
        std::thread::scope(|scope| {
            let length = scope.spawn(|| deep(40, &copies)).join().unwrap();
            assert_eq!(length, MAX_STACK / 2);
            let thread = std::thread::Builder::new().stack_size(64 << 10);
            let shallow = thread.spawn_scoped(scope, || deep(0, &copies)).unwrap();
            let shallow = shallow.join().unwrap();
            assert!((1..MAX_STACK / 2).contains(&shallow), "{shallow}");
        });
    }
}
