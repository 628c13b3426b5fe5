//! Threads: many, short-lived ones, ones that free what others allocated, and what their thread-locals do at the end.

use std::cell::RefCell;
use std::sync::{Mutex, mpsc};
use std::thread;

use vecperf::allocation::{Installation, installation, totals};

use super::truth::{assert_equal_to_the_truth, truth};

/// How much the peak may be too low for each thread.
const STEP: u64 = 256 << 10;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

#[test]
fn it_is_installed_once() {
    assert_eq!(installation(), Installation::Once);
}

/// One generation of threads that allocate, grow, keep, hand over and free.
fn generation(threads: u64, allocations: u64, seed: u64) {
    let (give, take) = mpsc::sync_channel::<Vec<u8>>(1_000);
    let take = Mutex::new(take);
    thread::scope(|scope| {
        for number in 0..threads {
            let (give, take) = (give.clone(), &take);
            scope.spawn(move || {
                let mut random = Random(seed * 1_000 + number + 1);
                let mut kept: [Vec<u8>; 16] = Default::default();
                for _ in 0..allocations {
                    let drawn = random.next();
                    let size =
                        1 + (drawn >> 8) as usize % if drawn & 255 == 0 { 20_000 } else { 200 };
                    let mut block = if drawn & 1 == 0 {
                        vec![0_u8; size]
                    } else {
                        Vec::with_capacity(size)
                    };
                    if drawn & 0x3000 == 0 {
                        block.resize(3 * size, 1);
                    }
                    if drawn & 0xf_0000 == 0 {
                        let _ = give.try_send(block);
                        drop(take.lock().unwrap().try_recv());
                    } else {
                        kept[(drawn >> 32) as usize % 16] = block;
                    }
                }
            });
        }
    });
}

#[test]
fn ten_million_allocations_on_64_threads_that_free_each_others() {
    let before = totals().unwrap();
    // Four generations: the later threads get what the earlier ones counted into.
    for seed in 1..=4 {
        generation(64, 40_000, seed);
    }
    assert!(totals().unwrap().allocations - before.allocations > 10_000_000);
    assert_equal_to_the_truth();
}

#[test]
fn a_thousand_threads_that_hardly_live() {
    for seed in 1..=20 {
        generation(50, 3, 100 + seed);
    }
    assert_equal_to_the_truth();
}

/// The C library calls the destructors of keys in the order of the keys: one made late allocates when the thread has
/// already given back what it counts into.
#[cfg(target_os = "linux")]
#[test]
fn what_a_thread_does_past_its_end_counts() {
    unsafe extern "C" fn destructor(_: *mut libc::c_void) {
        let block = std::hint::black_box(vec![3_u8; 4_321]);
        drop(block);
        PAST_THE_END.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    }
    let mut key = 0;
    assert_eq!(
        unsafe { libc::pthread_key_create(&raw mut key, Some(destructor)) },
        0
    );
    for _ in 0..50 {
        thread::spawn(move || {
            assert_eq!(
                unsafe { libc::pthread_setspecific(key, std::ptr::dangling::<libc::c_void>()) },
                0
            );
        })
        .join()
        .unwrap();
    }
    assert_eq!(PAST_THE_END.load(std::sync::atomic::Ordering::SeqCst), 50);
    assert_equal_to_the_truth();
}

#[cfg(target_os = "linux")]
static PAST_THE_END: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

/// Allocates and frees when its thread is at its end.
struct Late(Vec<Vec<u8>>);

impl Drop for Late {
    fn drop(&mut self) {
        self.0.push(vec![1; 777]);
        let words: Vec<String> = (0..50).map(|number| number.to_string()).collect();
        std::hint::black_box(&words);
    }
}

thread_local! {
    static LATE: RefCell<Late> = const { RefCell::new(Late(Vec::new())) };
}

#[test]
fn what_thread_locals_do_at_the_end_counts() {
    for _ in 0..100 {
        thread::spawn(|| LATE.with(|late| late.borrow_mut().0.push(vec![2; 10_000])))
            .join()
            .unwrap();
    }
    assert_equal_to_the_truth();
}

#[test]
fn the_peak_is_that_of_all_threads_together() {
    const EACH: usize = 8 << 20;
    let barrier = std::sync::Barrier::new(4);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let small: Vec<Vec<u8>> = (0..EACH >> 10)
                    .map(|_| Vec::with_capacity(1 << 10))
                    .collect();
                barrier.wait();
                drop(small);
            });
        }
    });
    // What other tests hold is in both.
    let (counted, truth) = (totals().unwrap().peak_bytes, truth().peak_bytes);
    assert!(counted + 68 * STEP >= truth, "{counted} {truth}");
    assert!(counted <= truth + 256 * STEP, "{counted} {truth}");
    assert!(truth >= 4 * EACH as u64);
}

#[test]
fn a_block_that_grows_in_place_makes_no_peak_of_both_sizes() {
    let mut block: Vec<u8> = Vec::with_capacity(300 << 20);
    block.reserve_exact(400 << 20);
    assert!(truth().peak_bytes >= 400 << 20);
    assert!(totals().unwrap().peak_bytes < 690 << 20);
}
