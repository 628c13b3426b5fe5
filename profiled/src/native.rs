//! The C++ part.

unsafe extern "C" {
    fn profiled_cpp_search(rounds: usize) -> f32;
    fn profiled_cpp_catch(rounds: usize) -> usize;
}

/// Distances computed in a C++ template.
pub fn search(rounds: usize) -> f32 {
    // SAFETY: takes a number, touches its own stack only, throws nothing.
    unsafe { profiled_cpp_search(rounds) }
}

/// Exceptions thrown eight frames deep, each caught in C++.
pub fn catch(rounds: usize) -> usize {
    // SAFETY: takes a number; what it throws it catches.
    unsafe { profiled_cpp_catch(rounds) }
}
