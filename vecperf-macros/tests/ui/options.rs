//! Options that are wrong; each is told.

use vecperf_macros::measure;

#[measure(nam = "search")]
fn unknown() {}

#[measure("search", name = "find")]
fn named_twice() {}

#[measure(result, result = false)]
fn told_twice() -> Result<(), ()> {
    Ok(())
}

#[measure("")]
fn unnamed() {}

#[measure("two\nlines")]
fn two_lines() {}

#[measure(name)]
fn no_value() {}

#[measure(name = search)]
fn no_quotes() {}

#[measure("search" result)]
fn no_comma() -> Result<(), ()> {
    Ok(())
}

#[measure(result = "maybe")]
fn undecided() -> Result<(), ()> {
    Ok(())
}

#[measure(result)]
fn nothing_to_inspect() {}

#[measure(, 5, skip(self), "search",)]
fn nonsense() {}

fn main() {}
