//! Where the values of rows are kept: in memory of the process, or in a file that is mapped.

use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;

use memmap2::Mmap;

/// Values that do not move while it lives. Reading them costs what reading a `Vec` does: where they are is decided once.
pub(super) struct Storage {
    values: NonNull<[f32]>,
    owner: Owner,
}

enum Owner {
    /// A boxed slice, given up to `values`.
    Memory,
    /// Keeps the file mapped.
    File(Mmap),
}

// SAFETY: the values are owned as by a `Box`, or lie in a mapping, which is as good on any thread.
unsafe impl Send for Storage {}
// SAFETY: shared it gives out shared references only.
unsafe impl Sync for Storage {}

impl Storage {
    pub(super) fn of(values: Vec<f32>) -> Self {
        Self {
            values: NonNull::from(Box::leak(values.into_boxed_slice())),
            owner: Owner::Memory,
        }
    }

    /// The values from byte `start` of `file` to its end; `None` when these are not whole values in their places.
    pub(super) fn mapped(file: Mmap, start: usize) -> Option<Self> {
        let bytes = file.get(start..)?;
        let first = bytes.as_ptr().cast::<f32>();
        let count = bytes.len() / size_of::<f32>();
        if !first.is_aligned() || !bytes.len().is_multiple_of(size_of::<f32>()) {
            return None;
        }
        let values = NonNull::slice_from_raw_parts(NonNull::new(first.cast_mut())?, count);
        Some(Self {
            values,
            owner: Owner::File(file),
        })
    }

    /// The values to be written; `None` of a file.
    #[inline(always)]
    pub(super) fn values_mut(&mut self) -> Option<&mut [f32]> {
        match self.owner {
            // SAFETY: they came of a box, which this is the only one to know, and `self` is borrowed alone.
            Owner::Memory => Some(unsafe { self.values.as_mut() }),
            Owner::File(_) => None,
        }
    }

    /// The bytes of the file.
    pub(super) fn file(&self) -> Option<&[u8]> {
        match &self.owner {
            Owner::Memory => None,
            Owner::File(file) => Some(file),
        }
    }
}

impl Deref for Storage {
    type Target = [f32];

    #[inline(always)]
    fn deref(&self) -> &[f32] {
        // SAFETY: a boxed slice that was given up to it, or aligned values inside a mapping that `owner` keeps; any bits
        // are an `f32`. Who changes a mapped file meanwhile is told not to where it is opened.
        unsafe { self.values.as_ref() }
    }
}

impl Drop for Storage {
    fn drop(&mut self) {
        if let Owner::Memory = self.owner {
            // SAFETY: it came of a box and is given back once.
            drop(unsafe { Box::from_raw(self.values.as_ptr()) });
        }
    }
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.owner {
            Owner::Memory => "in memory",
            Owner::File(_) => "in a file",
        };
        write!(f, "{} values {place}", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_where_they_are() {
        let mut owned = Storage::of(vec![1.0, 2.0]);
        owned.values_mut().unwrap()[1] = 3.0;
        assert_eq!(*owned, [1.0, 3.0]);
        assert!(owned.file().is_none());
        assert!(Storage::of(Vec::new()).is_empty());
    }
}
