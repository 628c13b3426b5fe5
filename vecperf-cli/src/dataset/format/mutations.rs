//! No header can ask for more memory than its file justifies, and nothing in a file makes a reader panic.

use proptest::prelude::*;

use super::tests::{ids, read, valid};

/// Changes of a valid file: bytes overwritten (the header more often than the rest), and the end cut off or added to.
fn mutation() -> impl Strategy<Value = (usize, Vec<(usize, u8)>, isize)> {
    let place = prop_oneof![3 => 0usize..24, 2 => 24usize..160];
    let byte = prop_oneof![
        Just(0u8),
        Just(1),
        Just(0x7f),
        Just(0x80),
        Just(0xff),
        any::<u8>()
    ];
    (
        0usize..8,
        prop::collection::vec((place, byte), 0..6),
        prop_oneof![Just(0isize), -64isize..64],
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is done to a file: an error, or no more values than the file has bytes for.
    #[test]
    fn no_mutation_panics_or_allocates_beyond_the_file((which, changes, length) in mutation()) {
        let (extension, mut content) = valid().swap_remove(which);
        for (place, byte) in changes {
            if let Some(target) = content.get_mut(place) {
                *target = byte;
            }
        }
        content.resize(content.len().saturating_add_signed(length), 0x41);
        match read(extension, &content, 0..usize::MAX) {
            Ok(vectors) => prop_assert!(vectors.values().len() <= content.len()),
            Err(error) => prop_assert!(error.to_string().contains("data."), "{error}"),
        }
        if let Ok(ids) = ids(extension, &content) {
            prop_assert!(ids.ids.len() * 4 <= content.len());
        }
    }
}
