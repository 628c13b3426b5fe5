//! What unwinding costs. Prints figures and asserts nothing about time:
//! `cargo test --release -p vecperf --lib cpu::unwind::tests::speed -- --ignored --nocapture`

use std::hint::black_box;

use object::{Object, ObjectSymbol};

use super::capture::{Captured, capture};
use crate::Moment;
use crate::cpu::options::Target;
use crate::cpu::unwind::{End, Frame, Unwinder};

const ROUNDS: usize = 41;

#[inline(never)]
fn deep(depth: u32) -> Captured {
    if depth == 0 {
        return black_box(capture());
    }
    black_box(deep(black_box(depth - 1)))
}

/// Samples whose leaves are `count` different functions, called from stacks of different depths.
fn samples(count: usize) -> Vec<Captured> {
    let own = std::fs::read("/proc/self/exe").expect("this test's file");
    let elf =
        object::read::elf::ElfFile64::<object::Endianness>::parse(&*own).expect("an ELF file");
    let here = black_box(deep as *const () as usize as u64);
    let this = (elf.symbols())
        .find(|symbol| symbol.name().is_ok_and(|name| name.contains("speed4deep")))
        .expect("this function");
    let bias = here.wrapping_sub(this.address());
    let functions = (elf.symbols())
        .filter(|symbol| symbol.kind() == object::SymbolKind::Text && symbol.size() > 32)
        .map(|symbol| symbol.address().wrapping_add(bias));
    (functions.step_by(7).take(count).enumerate())
        .map(|(number, function)| {
            let captured = deep(number as u32 % 12);
            let mut calling = captured.clone();
            calling.stack = captured.registers.instruction.to_ne_bytes().to_vec();
            calling.stack.extend(&captured.stack);
            calling.registers.stack -= 8;
            calling.registers.instruction = function;
            calling
        })
        .collect()
}

#[cfg(target_arch = "x86_64")]
#[test]
#[ignore = "a measurement"]
fn how_long_a_sample_takes() {
    println!("leaves  frames a sample  ns a sample (median of {ROUNDS} rounds; first round)");
    for leaves in [1, 100, 1000, 5000] {
        let samples = samples(leaves);
        let mut unwinder = Unwinder::new(Target::ThisProcess);
        let mut frames: Vec<Frame> = Vec::new();
        let (mut times, mut seen) = (Vec::new(), 0);
        for _ in 0..ROUNDS {
            seen = 0;
            let start = Moment::now();
            for sample in &samples {
                let unwound = unwinder.unwind(&sample.sample(), &mut frames);
                assert_eq!(unwound.end, End::Root);
                seen += frames.len();
            }
            times.push(start.elapsed().as_nanos() / samples.len() as u128);
        }
        let first = times[0];
        times.sort_unstable();
        let median = times[ROUNDS / 2];
        println!(
            "{:6}  {:15}  {median:6} {first:6}",
            samples.len(),
            seen / samples.len()
        );
    }
}
