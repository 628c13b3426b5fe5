//! The allocator wrapped around itself: it says so, tells no counts, and allocates as it should.

use vecperf::Allocator;
use vecperf::allocation::{Installation, installation, totals};

#[global_allocator]
static ALLOCATOR: Allocator<Allocator> = Allocator::new(Allocator::system());

#[test]
fn two_of_them_are_noticed() {
    let vector: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    assert_eq!(installation(), Installation::Twice);
    assert_eq!(totals(), None);
    assert_eq!(vector[99], "99");
}
