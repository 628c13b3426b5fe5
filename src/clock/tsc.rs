//! The time-stamp counter of x86-64, and when it may be used: CPUID says that it runs at one rate in every power state
//! and can be read with `rdtscp`, *and* the kernel, which watches it against other clocks, uses it right now.

use std::arch::x86_64::{__cpuid, _rdtsc};
use std::fs;

const CURRENT: &str = "/sys/devices/system/clocksource/clocksource0/current_clocksource";

/// The counter, in ticks. Not ordered with the instructions around it: durations below some 30 ns are smeared.
#[inline(always)]
pub(super) fn read() -> u64 {
    // SAFETY: `rdtsc` only reads a register; every x86-64 processor has it, and where a kernel forbids it `trusted`
    // has refused the counter, since that kernel does not use it either.
    unsafe { _rdtsc() }
}

/// Whether the counter may be used now; the error says why not. About 6 µs.
pub(super) fn trusted() -> Result<(), String> {
    invariant()?;
    match fs::read_to_string(CURRENT) {
        Ok(text) => kernel_uses_it(&text),
        Err(error) => Err(format!(
            "the kernel's clocksource cannot be read ({CURRENT}: {error})"
        )),
    }
}

fn kernel_uses_it(current: &str) -> Result<(), String> {
    match current.trim() {
        "tsc" => Ok(()),
        other => Err(format!("the kernel's clocksource is {other:?}, not tsc")),
    }
}

/// CPUID, AMD APM volume 3 and Intel SDM volume 2: leaf 8000_0007 EDX bit 8, leaf 8000_0001 EDX bit 27.
fn invariant() -> Result<(), String> {
    #[allow(
        unused_unsafe,
        reason = "a safe function in newer compilers than the oldest supported one"
    )]
    let edx = |leaf: u32| {
        // SAFETY: every x86-64 processor has CPUID; an unknown leaf gives data without meaning, and is not asked for.
        unsafe { __cpuid(leaf) }.edx
    };
    #[allow(
        unused_unsafe,
        reason = "a safe function in newer compilers than the oldest supported one"
    )]
    // SAFETY: as above.
    let highest = unsafe { __cpuid(0x8000_0000) }.eax;
    if highest < 0x8000_0007 || edx(0x8000_0007) & 1 << 8 == 0 {
        return Err("the processor's time-stamp counter is not invariant".to_owned());
    }
    if edx(0x8000_0001) & 1 << 27 == 0 {
        return Err("the processor has no rdtscp".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_kernels_own_use_counts() {
        assert_eq!(kernel_uses_it("tsc\n"), Ok(()));
        for other in ["kvm-clock\n", "hpet", "", "xen", "tsc-early\n"] {
            let reason = kernel_uses_it(other).unwrap_err();
            assert!(reason.contains("not tsc"), "{reason}");
        }
    }
}
