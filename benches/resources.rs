//! What one resource sample costs, and that it neither allocates nor grows with what the process holds.
//!
//! `cargo bench --bench resources [ROUNDS]` (Linux). Three processes in one: as started, with 64 MiB in 10,000
//! mappings touched, and with 5,000 more open files. Cases take turns; a figure is the median of the rounds.

#![expect(clippy::print_stdout, reason = "a benchmark shows its result")]

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("the figures are those of Linux");
}

#[cfg(target_os = "linux")]
mod linux {
    use std::alloc::{GlobalAlloc, Layout, System};
    use std::fs::{self, File};
    use std::hint::black_box;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::{Duration, Instant};

    use vecperf::__private::Sampler;

    /// Counts allocations.
    struct Counting;

    static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

    // SAFETY: every call goes to the system's allocator unchanged.
    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
            // SAFETY: the caller keeps `alloc`'s contract.
            unsafe { System.alloc(layout) }
        }
        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            // SAFETY: the caller keeps `dealloc`'s contract, and the block came from `System`.
            unsafe { System.dealloc(block, layout) }
        }
    }

    #[global_allocator]
    static ALLOCATOR: Counting = Counting;

    /// One way to read; median µs and allocations a call.
    struct Case {
        name: &'static str,
        read: Box<dyn FnMut()>,
        micros: Vec<f64>,
        allocations: u64,
    }

    fn case<T>(name: &'static str, mut read: impl FnMut() -> T + 'static) -> Case {
        let read = move || {
            let _ = black_box(read());
        };
        Case {
            name,
            read: Box::new(read),
            micros: Vec::new(),
            allocations: 0,
        }
    }

    fn cases() -> Vec<Case> {
        let (mut steady, mut second) = (Sampler::new(), Sampler::new());
        let mut at = Duration::ZERO;
        steady.sample(at);
        vec![
            case("a beat's sample", move || steady.sample(Duration::ZERO)),
            case("the same with quota, limit, affinity (1/s)", move || {
                at += Duration::from_secs(1);
                second.sample(at)
            }),
            case("/proc/self/status, opened each time", || {
                fs::read("/proc/self/status")
            }),
            case("list /proc/self/fd", || {
                fs::read_dir("/proc/self/fd").map(Iterator::count)
            }),
            case("/proc/self/smaps_rollup", || {
                fs::read("/proc/self/smaps_rollup")
            }),
        ]
    }

    fn measure(state: &str, rounds: usize) {
        let mut cases = cases();
        for _ in 0..rounds {
            for case in &mut cases {
                let before = ALLOCATIONS.load(Ordering::Relaxed);
                let began = Instant::now();
                (case.read)();
                case.micros.push(began.elapsed().as_secs_f64() * 1e6);
                case.allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
            }
        }
        for case in &mut cases {
            case.micros.sort_by(f64::total_cmp);
            let median = case.micros[case.micros.len() / 2];
            println!(
                "{state:<22} {:<44} {median:10.1} {:12}",
                case.name, case.allocations
            );
        }
    }

    /// 64 MiB touched, in mappings of their own.
    fn map(count: usize) {
        for number in 0..count {
            let protection = if number % 2 == 0 {
                libc::PROT_READ | libc::PROT_WRITE
            } else {
                libc::PROT_READ
            };
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_POPULATE;
            // SAFETY: a new mapping at an address of the kernel's choice touches nothing that exists.
            let block = unsafe {
                libc::mmap(
                    std::ptr::null_mut(),
                    (64 << 20) / count,
                    protection,
                    flags,
                    -1,
                    0,
                )
            };
            assert!(block != libc::MAP_FAILED, "out of mappings");
        }
    }

    pub(super) fn main() {
        let rounds = std::env::args()
            .filter_map(|word| word.parse().ok())
            .next()
            .unwrap_or(101);
        println!(
            "{:<22} {:<44} {:>10} {:>12}",
            "process", "read", "µs", "allocations"
        );
        measure("as started", rounds);
        map(10_000);
        measure("10,000 mappings", rounds);
        let files: Vec<_> = (0..5_000)
            .map_while(|_| File::open("/dev/null").ok())
            .collect();
        measure(&format!("{} more open files", files.len()), rounds);
    }
}
