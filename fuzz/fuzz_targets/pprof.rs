//! Any bytes as a `.prof` file: never a panic, a bounded memory; what is read holds together, and is read back from
//! what is written of it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vecperf::export::pprof;

const LIMIT: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let Ok(profile) = pprof::read(bytes, LIMIT) else { return };
    assert_eq!(profile.check(), Ok(()));
    let again = pprof::read(&pprof::write(&profile), LIMIT * 64).unwrap();
    assert_eq!(again, profile);
});
