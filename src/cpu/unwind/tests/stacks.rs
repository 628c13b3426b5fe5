//! Stacks of this process: whole, cut, random.

use std::hint::black_box;
use std::sync::{Mutex, OnceLock};

use proptest::prelude::*;

use super::capture::{Captured, capture, names, unwound};
use crate::cpu::event::Registers;
use crate::cpu::options::Target;
use crate::cpu::unwind::unwinder::MAX_FRAMES;
use crate::cpu::unwind::{End, Frame, Unwinder};

#[inline(never)]
fn innermost() -> Captured {
    black_box(capture())
}

#[inline(never)]
fn middle(depth: u32) -> Captured {
    if depth == 0 {
        return black_box(innermost());
    }
    black_box(middle(depth - 1))
}

#[inline(never)]
fn outermost() -> Captured {
    black_box(middle(3))
}

/// Where `wanted` stands in `names`, one after the other and with nothing between.
fn assert_in_a_row(names: &[String], wanted: &[&str]) {
    let found = names.windows(wanted.len()).any(|row| {
        row.iter()
            .zip(wanted)
            .all(|(name, part)| name.contains(part))
    });
    assert!(found, "{wanted:?} in {names:#?}");
}

#[test]
fn frames_lead_through_the_known_functions_to_the_root() {
    let captured = outermost();
    let (frames, unwound, unwinder) = unwound(&captured);
    let names = names(unwinder.modules(), &frames);
    assert!(names[0].contains("innermost"), "{names:#?}");
    assert_in_a_row(
        &names,
        &[
            "innermost",
            "middle",
            "middle",
            "middle",
            "middle",
            "outermost",
        ],
    );
    assert_eq!(unwound.end, End::Root, "{names:#?}");
    assert!(
        frames
            .iter()
            .all(|frame| matches!(frame, Frame::Code { .. })),
        "{frames:?}"
    );
    assert!(unwound.depth_bytes > 100 && unwound.depth_bytes <= captured.stack.len());
}

#[test]
fn a_thread_begins_in_the_c_library() {
    let captured = std::thread::spawn(outermost).join().expect("a thread");
    let (frames, unwound, unwinder) = unwound(&captured);
    let Some(Frame::Code { module, .. }) = frames.last() else {
        panic!("{frames:?}");
    };
    let last = unwinder.modules().get(*module).expect("known");
    assert_eq!(unwound.end, End::Root);
    assert!(
        last.path.contains("libc") || last.path.contains("musl"),
        "{}",
        last.path
    );
}

#[test]
fn the_leaf_is_exact_and_callers_lie_in_their_calls() {
    let captured = outermost();
    let (frames, _, unwinder) = unwound(&captured);
    let process_address = |frame: Frame| match frame {
        Frame::Code { module, address } => {
            address.wrapping_add(unwinder.modules().get(module).expect("known").bias)
        }
        Frame::Unknown(address) | Frame::Kernel(address) => address,
    };
    assert_eq!(process_address(frames[0]), captured.registers.instruction);
    let word = |address: u64| {
        captured
            .stack
            .windows(8)
            .any(|bytes| bytes == address.to_ne_bytes())
    };
    assert!(
        frames[1..]
            .iter()
            .all(|frame| word(process_address(*frame) + 1))
    );
}

#[test]
fn a_cut_stack_is_marked_and_is_the_beginning_of_the_whole_one() {
    let captured = outermost();
    let (whole, all, _) = unwound(&captured);
    let mut unwinder = Unwinder::new(Target::ThisProcess);
    for bytes in (0..captured.stack.len()).step_by(24) {
        let cut = captured.cut(bytes);
        let mut frames = Vec::new();
        let result = unwinder.unwind(&cut.sample(), &mut frames);
        if bytes >= all.depth_bytes {
            assert_eq!((&frames, result.end), (&whole, End::Root), "{bytes} bytes");
        } else {
            assert_eq!(
                result.end,
                End::Truncated,
                "{bytes} of {} bytes",
                all.depth_bytes
            );
            assert!(
                result.depth_bytes > bytes,
                "{result:?}: the read that failed lay beyond {bytes}"
            );
            assert!(whole.starts_with(&frames), "{bytes} bytes");
        }
    }
}

#[test]
fn kernel_frames_come_first() {
    let captured = outermost();
    let mut unwinder = Unwinder::new(Target::ThisProcess);
    let mut frames = vec![Frame::Unknown(7)];
    let mut sample = captured.sample();
    sample.kernel = &[0xffff_8000_0000_1000, 0xffff_8000_0000_2000];
    let with_kernel = unwinder.unwind(&sample, &mut frames);
    let kernel = [
        Frame::Kernel(0xffff_8000_0000_1000),
        Frame::Kernel(0xffff_8000_0000_1fff),
    ];
    assert_eq!(frames[..2], kernel);
    assert!(
        frames[2..]
            .iter()
            .all(|frame| matches!(frame, Frame::Code { .. }))
    );
    assert_eq!(with_kernel.end, End::Root);

    sample.registers = None;
    let only_kernel = unwinder.unwind(&sample, &mut frames);
    assert_eq!(
        (frames.as_slice(), only_kernel.end),
        (&kernel[..], End::Root)
    );
}

#[test]
fn an_address_in_no_module_is_unknown() {
    let mut captured = outermost();
    captured.registers.instruction = 0x10;
    captured.registers.frame = 0;
    let (frames, unwound, _) = unwound(&captured);
    assert_eq!(
        (frames.as_slice(), unwound.end),
        (&[Frame::Unknown(0x10)][..], End::Broken)
    );
}

#[test]
fn recursion_deeper_than_the_bound_ends() {
    let captured = std::thread::Builder::new()
        .stack_size(8 << 20)
        .spawn(|| {
            let mut captured = middle(2000);
            captured.stack = super::capture::whole_stack_from(captured.registers.stack);
            captured
        })
        .expect("a thread")
        .join()
        .expect("ends");
    let (frames, unwound, _) = unwound(&captured);
    assert_eq!((frames.len(), unwound.end), (MAX_FRAMES, End::Broken));
}

/// Any registers near the truth, any bytes as stack, some of them addresses of code.
fn hostile() -> impl Strategy<Value = Captured> {
    static REAL: OnceLock<Captured> = OnceLock::new();
    let real = REAL.get_or_init(outermost);
    let (sp, ip) = (real.registers.stack, real.registers.instruction);
    let address = prop_oneof![
        any::<u64>(),
        Just(ip),
        (0u64..0x4000).prop_map(move |into| sp.wrapping_add(into)),
        (0u64..0x10_0000).prop_map(move |into| ip.wrapping_add(into).wrapping_sub(0x8_0000)),
        Just(u64::MAX),
        Just(0),
    ];
    let words = prop::collection::vec(address.clone(), 0..256);
    let stack_pointer = prop_oneof![4 => Just(sp), 1 => Just(u64::MAX - 64), 1 => any::<u64>()];
    (
        address.clone(),
        stack_pointer,
        address.clone(),
        address,
        words,
        0usize..8,
    )
        .prop_map(|(instruction, stack, frame, link, words, odd)| {
            let mut bytes: Vec<u8> = words.into_iter().flat_map(u64::to_ne_bytes).collect();
            bytes.extend(vec![1; odd]);
            Captured {
                registers: Registers {
                    instruction,
                    stack,
                    frame,
                    link,
                },
                stack: bytes,
            }
        })
}

proptest! {
    #[test]
    fn any_bytes_are_unwound_to_an_end(samples in prop::collection::vec(hostile(), 1..8)) {
        static UNWINDER: OnceLock<Mutex<Unwinder>> = OnceLock::new();
        let unwinder = UNWINDER.get_or_init(|| Mutex::new(Unwinder::new(Target::ThisProcess)));
        let mut unwinder = unwinder.lock().expect("no panic before");
        let mut frames = Vec::new();
        for sample in samples {
            unwinder.unwind(&sample.sample(), &mut frames);
            prop_assert!((1..=MAX_FRAMES).contains(&frames.len()));
        }
        prop_assert_eq!(unwinder.panics(), 0);
    }
}
