//! The copied bytes of a stack, and how deep unwinding reached into them.

/// The largest frame that is thought possible: a read further beyond the copied bytes is not of this stack.
const LARGEST_FRAME: usize = 1 << 20;
/// A word of the stack.
const WORD: usize = size_of::<u64>();

/// The bytes of a stack from the stack pointer on.
#[derive(Debug)]
pub(super) struct CopiedStack<'a> {
    pointer: u64,
    bytes: &'a [u8],
    deepest: usize,
    missed: Missed,
}

/// What was wrong with the last read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missed {
    Nothing,
    /// It lies behind the copied bytes.
    Behind,
    /// It lies elsewhere.
    Elsewhere,
}

impl<'a> CopiedStack<'a> {
    pub(super) fn new(pointer: u64, bytes: &'a [u8]) -> Self {
        Self {
            pointer,
            bytes,
            deepest: 0,
            missed: Missed::Nothing,
        }
    }

    /// The word at `address`.
    pub(super) fn read(&mut self, address: u64) -> Result<u64, ()> {
        let word = self.word(address);
        match word {
            Ok(_) => self.missed = Missed::Nothing,
            Err(missed) => self.missed = missed,
        }
        word.map_err(|_| ())
    }

    fn word(&mut self, address: u64) -> Result<u64, Missed> {
        let into = address.checked_sub(self.pointer).ok_or(Missed::Elsewhere)?;
        let into = usize::try_from(into).map_err(|_| Missed::Elsewhere)?;
        if into > self.bytes.len().saturating_add(LARGEST_FRAME) {
            return Err(Missed::Elsewhere);
        }
        self.deepest = self.deepest.max(into + WORD);
        let word = self.bytes.get(into..into + WORD).ok_or(Missed::Behind)?;
        word.try_into()
            .map(u64::from_ne_bytes)
            .map_err(|_| Missed::Behind)
    }

    /// Forgets what was wrong before.
    pub(super) fn begin(&mut self) {
        self.missed = Missed::Nothing;
    }

    /// What was wrong with the last read, since `begin`.
    pub(super) fn missed(&self) -> Missed {
        self.missed
    }

    /// Bytes from the stack pointer to the end of the deepest word that was asked for.
    pub(super) fn depth_bytes(&self) -> usize {
        self.deepest
    }
}
