//! The unwind tables of a file: `.eh_frame` and its index.

use std::sync::Arc;

use framehop::ExplicitModuleSectionInfo;

use super::index;

/// The tables that unwinding reads.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables {
    pub(super) eh_frame: Option<Table>,
    pub(super) eh_frame_hdr: Option<Table>,
    /// Addresses that pointers in the tables may be relative to.
    pub(super) text: u64,
    pub(super) got: u64,
}

/// A table: its address as the file numbers it, and its bytes.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) address: u64,
    pub(super) bytes: Arc<[u8]>,
}

impl Tables {
    /// Bytes kept in memory.
    pub(super) fn size(&self) -> usize {
        [&self.eh_frame, &self.eh_frame_hdr]
            .into_iter()
            .flatten()
            .map(|table| table.bytes.len())
            .sum()
    }

    /// In the shape that `framehop` wants; `base`: the file's lowest address.
    pub(super) fn sections(&self, base: u64) -> ExplicitModuleSectionInfo<Arc<[u8]>> {
        // It asks where sections start, not how long they are.
        let place = |address: u64| Some(address..address);
        let spread = |table: &Option<Table>| match table {
            Some(table) => (place(table.address), Some(table.bytes.clone())),
            None => (None, None),
        };
        let (eh_frame_svma, eh_frame) = spread(&self.eh_frame);
        let (eh_frame_hdr_svma, eh_frame_hdr) = spread(&self.eh_frame_hdr);
        ExplicitModuleSectionInfo {
            base_svma: base,
            text_svma: place(self.text),
            got_svma: place(self.got),
            eh_frame_svma,
            eh_frame,
            eh_frame_hdr_svma,
            eh_frame_hdr,
            ..Default::default()
        }
    }

    /// Keeps the index only if it can be trusted, and makes one that can.
    pub(super) fn settle(&mut self) {
        let bases = index::bases(self);
        let Some(eh_frame) = &self.eh_frame else {
            self.eh_frame_hdr = None;
            return;
        };
        let given = self.eh_frame_hdr.take();
        self.eh_frame_hdr = given
            .filter(|index| index::is_sound(index, eh_frame))
            .or_else(|| index::make(eh_frame, &bases));
        if self.eh_frame_hdr.is_none() {
            self.eh_frame = None;
        }
    }
}
