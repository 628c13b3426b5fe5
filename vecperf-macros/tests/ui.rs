//! What the compiler says where `#[measure]` cannot stand: all of it at once, each at its place. How it works where it
//! can stand is tested in `vecperf`, `tests/measure`.

#[test]
fn mistakes_are_explained() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
