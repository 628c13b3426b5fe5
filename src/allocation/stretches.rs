//! Stretches of a thread: what it allocated between two moments, nested stretches told apart.
//!
//! The open ones lie in the thread's page, the innermost last. Almost always it is the innermost that ends. One that
//! ends before what was begun inside it leaves an empty place, which goes when it is the last one. One that ends on
//! another thread is not counted: that thread empties the place, because only an ending knows that it will not come.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use super::cells::{Cells, Counted, add};
use super::place::{ENDED, LOST, LOST_UNSURE, Place, SERIAL_BITS, UNSURE, is_empty, lost};
use super::spent::Spent;

/// How deep stretches nest. Those deeper are not counted.
pub(super) const DEPTH: usize = 48;

/// A stretch under way.
#[cfg(all(
    feature = "cpu",
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct UnderWay {
    /// Its place among the thread's.
    pub(super) at: u32,
    /// Unlike that of any other stretch of the process; 0: there is none.
    pub(super) number: u64,
    /// The operation's number; 0: it is of none.
    pub(super) operation: u32,
}

/// A thread's open stretches.
#[repr(C)]
pub(super) struct Stretches {
    depth: AtomicU32,
    /// Unlike that of any other page; 0: the numbers ran out, and nothing is counted.
    page: AtomicU32,
    begun: AtomicU64,
    places: [Place; DEPTH],
}

impl Stretches {
    pub(super) const fn new(page: u32) -> Self {
        Self {
            depth: AtomicU32::new(0),
            page: AtomicU32::new(if page >> (u64::BITS - SERIAL_BITS) == 0 {
                page
            } else {
                0
            }),
            begun: AtomicU64::new(0),
            places: [const { Place::new() }; DEPTH],
        }
    }

    /// The page that the stretch with this number began in.
    pub(super) fn page_of(number: u64) -> u32 {
        (number >> SERIAL_BITS) as u32
    }

    pub(super) fn page(&self) -> u32 {
        self.page.load(Relaxed)
    }

    /// Begins a stretch of the operation with this number; the stretch's own, or 0: too deep.
    #[inline(always)]
    pub(super) fn begin(&self, cells: &Cells, operation: u32) -> u64 {
        let (depth, page) = (self.depth.load(Relaxed) as usize, self.page.load(Relaxed));
        if page == 0 {
            return 0;
        }
        // The outermost has a place that does not depend on what is read: the processor need not wait for the depth that
        // the last one has just written, and there is no height to keep for one around it.
        if depth == 0 {
            cells.set_height_here();
            return self.begin_at(&self.places[0], cells, operation, (page, 1));
        }
        let Some(place) = self.places.get(depth) else {
            return 0;
        };
        let height = cells.height();
        place.highest_before.store(height, Relaxed);
        cells.set_height_here();
        self.begin_at(place, cells, operation, (page, depth as u32 + 1))
    }

    #[inline(always)]
    fn begin_at(
        &self,
        place: &Place,
        cells: &Cells,
        operation: u32,
        (page, depth): (u32, u32),
    ) -> u64 {
        let serial = self.begun.load(Relaxed).wrapping_add(1);
        self.begun.store(serial, Relaxed);
        let number = u64::from(page) << SERIAL_BITS | (serial & (UNSURE - 1));
        place.begin(number, operation, cells.counted());
        self.depth.store(depth, Relaxed);
        number
    }

    /// Ends the stretch with this number; `None`: it is not one of this thread's open stretches.
    #[inline(always)]
    pub(super) fn end(&self, cells: &Cells, number: u64) -> Option<Spent> {
        if let Some(spent) = self.end_outermost(cells, number) {
            return Some(spent);
        }
        match self.innermost() {
            Some((at, place)) if place.number.load(Relaxed) == number => {
                Some(self.end_innermost(cells, at, place))
            }
            _ => self.end_with_care(cells, number),
        }
    }

    /// Where it is the only one; nothing is done where it is not.
    #[inline(always)]
    fn end_outermost(&self, cells: &Cells, number: u64) -> Option<Spent> {
        let place = &self.places[0];
        if self.depth.load(Relaxed) != 1 || place.number.load(Relaxed) != number {
            return None;
        }
        self.depth.store(0, Relaxed);
        Some(place.spent(cells.counted(), cells.height()))
    }

    /// As [`Stretches::end`]; stretches that were begun inside and are still open are not counted: they go on when this
    /// thread does something else.
    #[inline(always)]
    pub(super) fn end_poll(&self, cells: &Cells, number: u64) -> Option<Spent> {
        if let Some(spent) = self.end_outermost(cells, number) {
            return Some(spent);
        }
        match self.innermost() {
            Some((at, place)) if place.number.load(Relaxed) == number => {
                Some(self.end_innermost(cells, at, place))
            }
            _ => self.end_with_all_inside(cells, number),
        }
    }

    #[cold]
    #[inline(never)]
    fn end_with_all_inside(&self, cells: &Cells, number: u64) -> Option<Spent> {
        let at = self.position_in_doubt(number)?;
        for inside in &self.places[at + 1..self.depth()] {
            let number = inside.number.load(Relaxed);
            if !is_empty(number) {
                inside.number.store(lost(number), Relaxed);
            }
        }
        self.end_with_care(cells, number)
    }

    /// Another thread ended the stretch with this number.
    pub(super) fn ended_elsewhere(&self, number: u64) {
        for place in &self.places {
            for number in [number, number | UNSURE] {
                let _ = place
                    .number
                    .compare_exchange(number, lost(number), Relaxed, Relaxed);
            }
        }
    }

    /// The thread ended.
    #[cfg(target_os = "linux")]
    pub(super) fn close(&self) {
        for place in &self.places {
            place.number.store(LOST, Relaxed);
        }
        self.depth.store(0, Relaxed);
    }

    /// What happened between `before` and now was not the program's: it belongs to no open stretch.
    pub(super) fn leave_out(&self, cells: &Cells, before: Counted, height: i64) {
        let now = cells.counted();
        let allocated = now.allocated_bytes.wrapping_sub(before.allocated_bytes);
        let freed = now.freed_bytes.wrapping_sub(before.freed_bytes);
        let blocks = now.allocations.wrapping_sub(before.allocations);
        let net = allocated.wrapping_sub(freed) as i64;
        for place in &self.places[..self.depth()] {
            // In an empty place they mean something else, or nothing.
            if !is_empty(place.number.load(Relaxed)) {
                add(&place.allocations, blocks);
                add(&place.allocated_bytes, allocated);
                add(&place.freed_bytes, freed);
            }
            let highest = place.highest_before.load(Relaxed).saturating_add(net);
            place.highest_before.store(highest, Relaxed);
        }
        cells.set_height(now.net(), height.saturating_add(net));
    }

    /// The innermost stretch.
    #[cfg(all(
        feature = "cpu",
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64")
    ))]
    pub(super) fn under_way(&self) -> Option<UnderWay> {
        let (at, place) = self.innermost()?;
        let number = place.number.load(Relaxed);
        (!is_empty(number)).then(|| UnderWay {
            at: at as u32,
            number: number & !UNSURE,
            operation: place.operation.load(Relaxed),
        })
    }

    /// Whether the stretch with this number is at this place still.
    #[cfg(all(
        feature = "cpu",
        target_os = "linux",
        any(target_arch = "x86_64", target_arch = "aarch64")
    ))]
    pub(super) fn is_under_way(&self, at: u32, number: u64) -> bool {
        let place = self.places[..self.depth()].get(at as usize);
        place.is_some_and(|place| place.number.load(Relaxed) & !UNSURE == number)
    }

    fn depth(&self) -> usize {
        (self.depth.load(Relaxed) as usize).min(DEPTH)
    }

    #[inline(always)]
    fn innermost(&self) -> Option<(usize, &Place)> {
        let at = (self.depth.load(Relaxed) as usize).checked_sub(1)?;
        Some((at, self.places.get(at)?))
    }

    fn position(&self, number: u64) -> Option<usize> {
        let open = self.places[..self.depth()].iter();
        open.map(|place| place.number.load(Relaxed))
            .rposition(|open| open == number)
    }

    fn position_in_doubt(&self, number: u64) -> Option<usize> {
        self.position(number)
            .or_else(|| self.position(number | UNSURE))
    }

    #[inline(always)]
    fn end_innermost(&self, cells: &Cells, at: usize, place: &Place) -> Spent {
        let highest = cells.height();
        let spent = place.spent(cells.counted(), highest);
        cells.keep_height(place.highest_before.load(Relaxed).max(highest));
        self.depth.store(at as u32, Relaxed);
        if let Some(around) = at.checked_sub(1).and_then(|at| self.places.get(at)) {
            around.nest(spent.allocations, spent.bytes);
            if is_empty(around.number.load(Relaxed)) {
                self.drop_empty(cells);
            }
        }
        spent
    }

    /// Takes the empty places at the end away.
    #[cold]
    #[inline(never)]
    fn drop_empty(&self, cells: &Cells) {
        while let Some((at, place)) = self.innermost()
            && is_empty(place.number.load(Relaxed))
        {
            self.settle_at(at, place);
            let highest = place.highest_before.load(Relaxed).max(cells.height());
            cells.keep_height(highest);
            self.depth.store(at as u32, Relaxed);
            if let Some(around) = at.checked_sub(1).and_then(|at| self.places.get(at)) {
                let nested = (&place.nested_allocations, &place.nested_bytes);
                around.nest(nested.0.load(Relaxed), nested.1.load(Relaxed));
            }
        }
    }

    /// Draws the conclusions from all that are lost.
    #[cold]
    fn settle(&self) {
        for (at, place) in self.places[..self.depth()].iter().enumerate().rev() {
            self.settle_at(at, place);
        }
    }

    fn settle_at(&self, at: usize, place: &Place) {
        let number = place.number.load(Relaxed);
        if number == LOST_UNSURE {
            place.number.store(LOST, Relaxed);
            self.doubt(at);
        }
        if number == LOST || number == LOST_UNSURE {
            self.forget(at);
        }
    }

    /// The stretch at this place is lost, and with it what it should have handed to the one around. Where another one
    /// left a part to it, nobody knows any more what is that one's.
    #[cold]
    fn forget(&self, lost: usize) {
        for place in self.places[..lost].iter().rev() {
            match place.number.load(Relaxed) {
                ENDED if place.allocations.load(Relaxed) == lost as u64 => {
                    // To the stretch around these.
                    place.allocations.store(0, Relaxed);
                    self.doubt(lost);
                }
                number if is_empty(number) => {}
                _ => return,
            }
        }
    }

    /// The innermost open stretch before the place `at` will not be counted.
    fn doubt(&self, at: usize) {
        let mut before = self.places[..at].iter().rev();
        let open = before.find(|place| !is_empty(place.number.load(Relaxed)));
        if let Some(place) = open {
            let number = place.number.load(Relaxed);
            // Fails only where another thread just ended it.
            let _ = place
                .number
                .compare_exchange(number, number | UNSURE, Relaxed, Relaxed);
        }
    }

    /// The stretch is not the innermost one, or not here, or in doubt.
    #[cold]
    #[inline(never)]
    fn end_with_care(&self, cells: &Cells, number: u64) -> Option<Spent> {
        self.drop_empty(cells);
        let at = self.position_in_doubt(number)?;
        let (place, inside) = (&self.places[at], &self.places[at + 1..self.depth()]);
        let first = inside
            .iter()
            .position(|place| !is_empty(place.number.load(Relaxed)));
        // After looking for the first one: it may be lost at this moment.
        self.settle();
        if place.number.load(Relaxed) != number {
            place.number.store(LOST_UNSURE, Relaxed);
            self.drop_empty(cells);
            return None;
        }
        if inside.is_empty() {
            return Some(self.end_innermost(cells, at, place));
        }
        Some(place.end_before(inside, first, at + 1, cells))
    }
}
