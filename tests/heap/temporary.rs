//! Blocks that an operation allocates and frees again.

use vecperf::profile::names;

use super::seen;

#[inline(never)]
fn use_scratch() -> usize {
    let scratch = std::hint::black_box(vec![1_u8; 40_000]);
    scratch.len()
}

#[inline(never)]
fn make_a_result() -> Vec<u8> {
    vec![2; 1_000]
}

#[test]
fn what_an_operation_frees_itself_is_temporary_and_its_results_are_not() {
    let (_turn, monitor) = seen::monitor(1);
    let (search, request) = (monitor.operation("search"), monitor.operation("request"));
    let mut results = Vec::new();
    let before = monitor.heap_mark();
    for _ in 0..20 {
        request.measure(|| {
            search.measure(use_scratch);
            // Allocated inside, freed outside of the operation, and within the one around it.
            let first = search.measure(make_a_result);
            drop(first);
            results.push(search.measure(make_a_result));
        });
    }
    use_scratch(); // in no operation
    let given = results.split_off(10);
    std::thread::spawn(|| drop(given)).join().unwrap();
    let growth = monitor.heap_growth(&before, &monitor.heap_mark()).unwrap();
    let scratch = seen::of(&growth, "use_scratch");
    assert_eq!(
        (scratch.alloc_objects, scratch.alloc_space),
        (21, 21 * 40_000)
    );
    assert_eq!(
        (scratch.temporary_objects, scratch.temporary_space),
        (20, 20 * 40_000)
    );
    assert_eq!(scratch.inuse_objects, 0);
    let made = seen::of(&growth, "make_a_result");
    assert_eq!((made.alloc_objects, made.temporary_objects), (40, 0));
    assert_eq!((made.inuse_objects, made.inuse_space), (10, 10_000));
    // By the operation that allocated them.
    let value = growth.value_index(names::ALLOC_SPACE).unwrap();
    let by_operation = growth.totals_by_label(names::OPERATION, value);
    assert_eq!(
        by_operation["search"],
        20 * 40_000 + 40 * 1_000,
        "{by_operation:?}"
    );
    assert!(by_operation["request"] > 0, "its list of results");
}
