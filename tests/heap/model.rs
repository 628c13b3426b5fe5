//! The live set against a model: every method of `GlobalAlloc`, in any order. With a mean of one byte every block of 64
//! bytes and more is sampled, so that objects and bytes are exact.

use std::alloc::{GlobalAlloc, Layout};
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use vecperf::Monitor;

use super::ALLOCATOR;
use super::seen;

#[derive(Clone, Copy, Debug)]
enum Step {
    Alloc { size: usize, align: usize },
    Zeroed { size: usize, align: usize },
    Realloc { which: usize, size: usize },
    Free { which: usize },
    Elsewhere { which: usize },
}

/// Sizes around every border: classes of the region, and where large blocks begin.
fn size() -> impl Strategy<Value = usize> {
    prop_oneof![
        64_usize..600,
        (8_u32..20, -1_isize..2).prop_map(|(bits, off)| (1_usize << bits).wrapping_add_signed(off)),
        Just(1 << 20),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let align = (0_u32..17).prop_map(|bits| 1_usize << bits);
    prop_oneof![
        (size(), align.clone()).prop_map(|(size, align)| Step::Alloc { size, align }),
        (size(), align).prop_map(|(size, align)| Step::Zeroed { size, align }),
        (any::<usize>(), size()).prop_map(|(which, size)| Step::Realloc { which, size }),
        any::<usize>().prop_map(|which| Step::Free { which }),
        any::<usize>().prop_map(|which| Step::Elsewhere { which }),
    ]
}

struct Block {
    place: *mut u8,
    layout: Layout,
    mark: u8,
}

unsafe impl Send for Block {}

impl Block {
    fn fill(&self) {
        unsafe { self.place.write_bytes(self.mark, self.layout.size()) };
    }

    fn is_whole(&self, bytes: usize) -> bool {
        let bytes = unsafe { std::slice::from_raw_parts(self.place, bytes) };
        bytes.iter().all(|byte| *byte == self.mark)
    }

    fn free(self) {
        assert!(self.is_whole(self.layout.size()));
        unsafe { ALLOCATOR.dealloc(self.place, self.layout) };
    }
}

/// What only over-aligned blocks are left out for: the region has no place for more than 32 KiB.
fn is_sampled(layout: Layout) -> bool {
    layout.align() <= 32 << 10 || layout.size() >= 32 << 10
}

/// Blocks that were left out.
static LEFT_OUT: AtomicU64 = AtomicU64::new(0);

fn allocated(layout: Layout) {
    LEFT_OUT.fetch_add(u64::from(!is_sampled(layout)), Ordering::Relaxed);
}

#[inline(never)]
fn perform_the_model(monitor: &Monitor, steps: &[Step]) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::with_capacity(steps.len());
    for (n, step) in steps.iter().enumerate() {
        if n.is_multiple_of(16) {
            monitor.heap_mark(); // reads what waits: on a busy machine the reader may have no turn until there is no room
        }
        let mark = n as u8 | 1;
        match *step {
            Step::Alloc { size, align } | Step::Zeroed { size, align } => {
                let layout = Layout::from_size_align(size, align).unwrap();
                let zeroed = matches!(step, Step::Zeroed { .. });
                let place = match zeroed {
                    true => unsafe { ALLOCATOR.alloc_zeroed(layout) },
                    false => unsafe { ALLOCATOR.alloc(layout) },
                };
                assert_eq!(place.addr() % align, 0);
                allocated(layout);
                let mut block = Block {
                    place,
                    layout,
                    mark: 0,
                };
                assert!(!zeroed || block.is_whole(size), "not zero");
                block.mark = mark;
                block.fill();
                blocks.push(block);
            }
            Step::Realloc { which, size } if !blocks.is_empty() => {
                let which = which % blocks.len();
                let block = &mut blocks[which];
                let place = unsafe { ALLOCATOR.realloc(block.place, block.layout, size) };
                let kept = block.layout.size().min(size);
                block.place = place;
                block.layout = Layout::from_size_align(size, block.layout.align()).unwrap();
                assert_eq!(place.addr() % block.layout.align(), 0);
                allocated(block.layout);
                assert!(block.is_whole(kept), "contents lost");
                block.mark = mark;
                block.fill();
            }
            Step::Free { which } if !blocks.is_empty() => {
                blocks.swap_remove(which % blocks.len()).free();
            }
            Step::Elsewhere { which } if !blocks.is_empty() => {
                let block = blocks.swap_remove(which % blocks.len());
                std::thread::spawn(|| block.free()).join().unwrap();
            }
            _ => {}
        }
    }
    blocks
}

#[test]
fn the_live_set_is_the_models() {
    let (_turn, monitor) = seen::monitor(1);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let steps = prop::collection::vec(step(), 0..120);
    runner
        .run(&steps, |steps| {
            let before = monitor.heap_mark();
            let blocks = perform_the_model(&monitor, &steps);
            let growth = monitor.heap_growth(&before, &monitor.heap_mark()).unwrap();
            let seen = seen::of(&growth, "perform_the_model");
            let live = blocks.iter().filter(|block| is_sampled(block.layout));
            let sizes: Vec<usize> = live.map(|block| block.layout.size()).collect();
            // The list of blocks itself is gone from its function by name, but was allocated in it.
            let list = blocks.capacity() * size_of::<Block>();
            let own = if list > 0 { (1, list) } else { (0, 0) };
            prop_assert_eq!(seen.inuse_objects, sizes.len() as i64 + own.0);
            prop_assert_eq!(
                seen.inuse_space,
                (sizes.iter().sum::<usize>() + own.1) as i64
            );
            blocks.into_iter().for_each(Block::free);
            let growth = monitor.heap_growth(&before, &monitor.heap_mark()).unwrap();
            let seen = seen::of(&growth, "perform_the_model");
            prop_assert_eq!((seen.inuse_objects, seen.inuse_space), (0, 0));
            Ok(())
        })
        .unwrap();
    let report = monitor.report().heap_profile.unwrap();
    assert_eq!(report.lost, LEFT_OUT.load(Ordering::Relaxed), "{report:?}");
}
