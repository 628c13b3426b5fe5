//! Records as the kernel writes them, and as nobody should.

use proptest::prelude::*;

use super::*;

const WHO: u64 = 22 << 32 | 21;
const TRAILER_WORDS: [u64; TRAILER] = [WHO, 1000, 1, 77];

fn header(kind: u32, misc: u16, words: usize) -> u64 {
    (words as u64 * 8) << 48 | u64::from(misc) << 32 | u64::from(kind)
}

/// A record other than a sample.
fn told(kind: u32, misc: u16, body: &[u64]) -> Vec<u64> {
    let head = header(kind, misc, 1 + body.len() + TRAILER);
    [&[head], body, &TRAILER_WORDS].concat()
}

fn sampled(rest: &[u64]) -> Vec<u64> {
    let head = [
        header(kind::SAMPLE, 0, SAMPLE_HEAD + rest.len()),
        77,
        WHO,
        1000,
        1,
        994_001,
    ];
    [&head[..], rest].concat()
}

fn what(words: &[u64]) -> What<'_> {
    let record = parse(words, false).unwrap();
    assert_eq!((record.id, record.at_ns), (77, 1000));
    record.what
}

fn state_of(words: &[u64], chain: bool) -> State<'_> {
    match parse(words, chain).unwrap().what {
        What::Sample {
            period: 994_001,
            state,
        } => state.unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_sample_has_registers_and_the_part_of_the_stack_that_is_there() {
    let registers: Vec<u64> = (100..).take(REGISTER_COUNT).collect();
    let stack = [1_u64, 2, 3, 4];
    let rest = [&[ABI_64], &registers[..], &[32], &stack[..], &[20]].concat();
    let words = sampled(&rest);
    let state = state_of(&words, false);
    assert_eq!(state.registers, in_order(&registers));
    assert_eq!(state.stack.len(), 20);
    assert_eq!(state.stack[8..16], 2_u64.to_ne_bytes());
    assert!(state.kernel.is_empty());
    let record = parse(&words, false).unwrap();
    assert_eq!((record.process, record.thread), (21, 22));
}

#[test]
fn a_call_chain_in_the_kernel_comes_without_its_markers() {
    let marker = -128_i64 as u64;
    let user = -512_i64 as u64;
    let in_kernel = sampled(&[
        5,
        marker,
        0xffff_ffff_8100_0000,
        0xffff_ffff_8100_0010,
        user,
        0x40_0000,
        0,
        0,
    ]);
    assert_eq!(
        state_of(&in_kernel, true).kernel,
        [0xffff_ffff_8100_0000, 0xffff_ffff_8100_0010]
    );
    let in_user_code = sampled(&[0, 0, 0]);
    assert_eq!(state_of(&in_user_code, true), State::default());
}

#[test]
fn a_thread_without_memory_has_neither_registers_nor_stack() {
    assert_eq!(state_of(&sampled(&[0, 0]), false), State::default());
}

#[test]
fn registers_of_a_32_bit_program_are_not_taken_for_64_bit_ones() {
    let rest = [&[1], &[7; REGISTER_COUNT][..], &[0]].concat();
    assert_eq!(state_of(&sampled(&rest), false).registers, None);
}

#[test]
fn a_sample_of_faults_has_no_state() {
    assert_eq!(
        what(&sampled(&[])),
        What::Sample {
            period: 994_001,
            state: None
        }
    );
}

#[test]
fn switches_tell_who_waits_and_who_was_preempted() {
    assert_eq!(what(&told(kind::SWITCH, 0, &[])), What::SwitchedIn);
    let out = misc::SWITCH_OUT;
    assert_eq!(
        what(&told(kind::SWITCH, out, &[])),
        What::SwitchedOut { preempted: false }
    );
    let preempted = out | misc::SWITCH_OUT_PREEMPT;
    assert_eq!(
        what(&told(kind::SWITCH, preempted, &[])),
        What::SwitchedOut { preempted: true }
    );
}

#[test]
fn names_end_at_their_zero_and_programs_are_told_apart() {
    let name = u64::from_ne_bytes(*b"worker-1");
    let end = u64::from_ne_bytes(*b"2\0junk\0\0");
    let words = told(kind::COMM, misc::COMM_EXEC, &[23 << 32 | 21, name, end]);
    let expected = What::Named {
        name: b"worker-12",
        executed: true,
    };
    assert_eq!(what(&words), expected);
    assert_eq!(parse(&words, false).unwrap().thread, 23);
}

#[test]
fn threads_begin_and_end() {
    let processes = 21 << 32 | 21;
    let forked = told(kind::FORK, 0, &[processes, 22 << 32 | 30, 999]);
    assert_eq!(what(&forked), What::Forked { child: 30 });
    assert_eq!(parse(&forked, false).unwrap().thread, 22);
    let process = told(kind::FORK, 0, &[21 << 32 | 31, 22 << 32 | 31, 999]);
    assert_eq!(parse(&process, false), None, "a process is not a thread");
    let ended = told(kind::EXIT, 0, &[processes, 22 << 32 | 30, 999]);
    assert_eq!(what(&ended), What::Ended);
    assert_eq!(parse(&ended, false).unwrap().thread, 30);
}

#[test]
fn losses_are_counted() {
    assert_eq!(
        what(&told(kind::LOST, 0, &[77, 5])),
        What::Lost { records: 5 }
    );
    assert_eq!(
        what(&told(kind::LOST_SAMPLES, 0, &[6])),
        What::Lost { records: 6 }
    );
    assert_eq!(what(&told(kind::THROTTLE, 0, &[1, 2, 3])), What::Throttled);
}

#[test]
fn a_part_of_a_record_is_none() {
    let registers = [9; REGISTER_COUNT];
    let whole = sampled(&[&[2, 5, 6, ABI_64], &registers[..], &[16, 1, 2, 16]].concat());
    assert!(parse(&whole, true).is_some());
    for length in 0..whole.len() {
        let mut part = whole[..length].to_vec();
        assert_eq!(parse(&part, true), None, "shorter than its header says");
        if length > SAMPLE_HEAD {
            part[0] = header(kind::SAMPLE, 0, length);
            assert_eq!(parse(&part, true), None, "cut off after {length} words");
        }
    }
}

proptest! {
    #[test]
    fn any_words_are_a_record_or_none(
        kind in 0_u32..24,
        misc: u16,
        body in prop::collection::vec(prop_oneof![any::<u64>(), 0_u64..40], 0..40),
        chain: bool,
    ) {
        let words = [&[header(kind, misc, 1 + body.len())], &body[..]].concat();
        if let Some(Record { what: What::Sample { state: Some(state), .. }, .. }) = parse(&words, chain) {
            let inside = words.as_ptr_range();
            prop_assert!(state.kernel.is_empty() || inside.contains(&state.kernel.as_ptr()));
            prop_assert!(size_of_val(state.stack) + size_of_val(state.kernel) <= size_of_val(&words[..]));
        }
        parse(&body, chain);
    }
}
