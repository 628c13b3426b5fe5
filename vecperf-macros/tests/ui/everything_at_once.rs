//! One look shows all that is wrong.

#[vecperf_macros::measure("", skip, result = 3)]
#[track_caller]
const fn search() -> Result<(), ()> {
    Ok(())
}

fn main() {}
