//! The back end at work, on the kernel that runs the tests.

use std::collections::HashMap;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::call::this_thread;
use crate::clock::{monotonic_nanos, thread_cpu};
use crate::cpu::event::Event;
use crate::cpu::options::{Options, Target};
use crate::cpu::sampler::{Refusal, Sampler};

/// Set in the process of a test that runs alone.
const ALONE: &str = "VECPERF_TEST_ALONE";

/// Runs the test in a process of its own: what it looks at, or changes, belongs to the whole process.
fn alone(test: &str, body: impl FnOnce()) {
    if std::env::var_os(ALONE).is_some() {
        return body();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "--test-threads=1"])
        .arg(format!("cpu::perf_event::tests::{test}"))
        .env(ALONE, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    eprint!("{errors}");
    assert!(output.status.success(), "{text}\n{errors}");
    assert!(text.contains("1 passed"), "{text}");
}

/// The sampler, unless the machine refuses it.
fn started(target: Target) -> Option<Box<dyn Sampler>> {
    match super::start(target, &Options::default()) {
        Ok(sampler) => Some(sampler),
        Err(refusal) => {
            eprintln!("SKIPPED: {refusal:?}");
            None
        }
    }
}

fn refused(target: Target) -> Refusal {
    match super::start(target, &Options::default()) {
        Ok(_) => panic!("was not refused"),
        Err(refusal) => refusal,
    }
}

/// Nanoseconds between two samples.
fn period() -> u64 {
    Options::default().period_ns()
}

/// What was told of one thread.
#[derive(Debug, Default)]
struct Told {
    samples: u64,
    newest_ns: u64,
    in_order: bool,
    largest_stack: usize,
    /// True: left the CPU.
    switches: Vec<(bool, u64)>,
    faults: u64,
    names: Vec<String>,
    ended: u64,
}

/// What was told.
#[derive(Debug, Default)]
struct Heard {
    threads: HashMap<u32, Told>,
    mapped: u64,
    executed: u64,
    lost: u64,
}

impl Heard {
    fn of(&self, thread: u32) -> &Told {
        static NOTHING: std::sync::LazyLock<Told> = std::sync::LazyLock::new(Told::default);
        self.threads.get(&thread).unwrap_or(&NOTHING)
    }

    fn drain(&mut self, sampler: &mut dyn Sampler) {
        sampler.drain(&mut |event| self.hear(event));
    }

    fn at(&mut self, thread: u32, at_ns: u64) -> &mut Told {
        let told = self.threads.entry(thread).or_insert_with(|| Told {
            in_order: true,
            ..Told::default()
        });
        told.in_order &= told.newest_ns <= at_ns;
        told.newest_ns = at_ns;
        told
    }

    fn hear(&mut self, event: Event<'_>) {
        match event {
            Event::Sample(sample) => {
                assert_eq!(sample.weight_ns, period());
                let told = self.at(sample.thread, sample.at_ns);
                told.samples += 1;
                told.largest_stack = told.largest_stack.max(sample.stack.len());
                if let Some(registers) = sample.registers {
                    assert_ne!(registers.instruction, 0);
                    assert_ne!(registers.stack, 0);
                }
            }
            Event::SwitchedOut { thread, at_ns, .. } => {
                self.at(thread, at_ns).switches.push((true, at_ns));
            }
            Event::SwitchedIn { thread, at_ns } => {
                self.at(thread, at_ns).switches.push((false, at_ns));
            }
            Event::Faults {
                thread,
                at_ns,
                count,
            } => self.at(thread, at_ns).faults += count,
            Event::Mapped { everything: false } => self.mapped += 1,
            Event::Mapped { everything: true } => self.executed += 1,
            Event::Named { thread, name } => {
                let told = self.threads.entry(thread).or_default();
                told.names.push(String::from_utf8_lossy(name).into_owned());
            }
            Event::Ended { thread, at_ns } => self.at(thread, at_ns).ended += 1,
            Event::Lost { records } => self.lost += records,
        }
    }

    /// Drains until the thread's work is done.
    fn until_done<T>(&mut self, sampler: &mut dyn Sampler, work: thread::JoinHandle<T>) -> T {
        while !work.is_finished() {
            sampler.wait(Duration::from_millis(5));
            self.drain(sampler);
        }
        let result = work.join().unwrap();
        self.drain(sampler);
        result
    }

    /// The thread was sampled once a period of its CPU time, give or take a noisy machine.
    fn assert_share(&self, work: &Work) {
        let asked = work.cpu.as_nanos() as u64 / period();
        let told = self.of(work.thread);
        // What was lost may have been this thread's.
        assert!(
            (told.samples + self.lost) * 10 >= asked * 7,
            "{asked} {told:?} lost {}",
            self.lost
        );
        assert!(told.samples <= asked + asked / 20 + 2, "{asked} {told:?}");
        assert!(told.in_order, "{told:?}");
    }
}

/// What a thread did.
struct Work {
    thread: u32,
    cpu: Duration,
}

/// Uses so much CPU time on this thread.
fn burn(milliseconds: u64) -> Work {
    let start = thread_cpu().unwrap();
    let mut work = 0_u64;
    loop {
        for _ in 0..10_000 {
            work = std::hint::black_box(work.wrapping_mul(31) + 1);
        }
        let cpu = thread_cpu().unwrap() - start;
        if cpu >= Duration::from_millis(milliseconds) {
            return Work {
                thread: this_thread(),
                cpu,
            };
        }
    }
}

/// A thread that exists before the sampler and begins its work at the signal.
fn waiting<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> (mpsc::Sender<()>, thread::JoinHandle<T>) {
    let (go, wait) = mpsc::channel();
    let (here, is_here) = mpsc::channel();
    let thread = thread::spawn(move || {
        here.send(()).unwrap();
        wait.recv().unwrap();
        work()
    });
    is_here.recv().unwrap();
    (go, thread)
}

#[test]
fn busy_threads_are_sampled_once_a_period_also_those_made_later() {
    let (go, work) = waiting(|| {
        let younger = thread::spawn(|| burn(300));
        (burn(300), younger.join().unwrap())
    });
    let Some(mut sampler) = started(Target::ThisProcess) else {
        return;
    };
    let before = monotonic_nanos();
    go.send(()).unwrap();
    let mut heard = Heard::default();
    let (older, younger) = heard.until_done(&mut *sampler, work);
    let after = monotonic_nanos();
    for work in [&older, &younger] {
        heard.assert_share(work);
        let told = heard.of(work.thread);
        assert!(told.largest_stack > 500, "{told:?}");
        assert!((before..after).contains(&told.newest_ns), "{told:?}");
        assert_eq!(told.ended, 1);
    }
}

#[test]
fn idle_threads_and_the_reader_are_not_sampled() {
    let idle: Vec<_> = (0..8).map(|_| waiting(this_thread)).collect();
    let (go, work) = waiting(|| burn(100));
    let Some(mut sampler) = started(Target::ThisProcess) else {
        return;
    };
    go.send(()).unwrap();
    let mut heard = Heard::default();
    burn(100);
    heard.until_done(&mut *sampler, work);
    assert_eq!(heard.of(this_thread()).samples, 0);
    assert!(heard.of(this_thread()).switches.is_empty());
    for (go, thread) in idle {
        go.send(()).unwrap();
        let told = heard.of(thread.join().unwrap());
        assert_eq!(told.samples, 0, "{told:?}");
    }
}

/// Nanoseconds that the thread was off its CPU; it leaves and comes back in turns.
fn off_cpu(told: &Told) -> u64 {
    let switches = match told.switches.as_slice() {
        [(false, _), rest @ ..] => rest,
        all => all,
    };
    let pairs = switches.chunks_exact(2);
    let pairs = pairs.map(|pair| match *pair {
        [(true, out), (false, back)] => back - out,
        _ => panic!("{told:?}"),
    });
    pairs.sum()
}

#[test]
fn a_sleeping_thread_is_seen_to_leave_its_cpu_and_come_back() {
    let (go, work) = waiting(|| {
        (0..20).for_each(|_| thread::sleep(Duration::from_millis(2)));
        this_thread()
    });
    let Some(mut sampler) = started(Target::ThisProcess) else {
        return;
    };
    go.send(()).unwrap();
    let mut heard = Heard::default();
    let thread = heard.until_done(&mut *sampler, work);
    let told = heard.of(thread);
    if heard.lost == 0 {
        assert!(off_cpu(told) >= 40_000_000, "{told:?}");
        assert!(told.switches.len() >= 40, "{told:?}");
    }
}

#[test]
fn another_stack_size_costs_no_coverage_and_counts_nothing_twice() {
    let (go, work) = waiting(|| {
        let sleeper = thread::spawn(|| {
            (0..150).for_each(|_| thread::sleep(Duration::from_millis(1)));
            this_thread()
        });
        (burn(400), sleeper.join().unwrap())
    });
    let Some(mut sampler) = started(Target::ThisProcess) else {
        return;
    };
    go.send(()).unwrap();
    let mut heard = Heard::default();
    let sizes = [8 << 10, 32 << 10, 1024].into_iter().cycle();
    for size in sizes.take(9) {
        if let Err(refusal) = sampler.set_stack_bytes(size) {
            // A small ring, or few descriptors.
            eprintln!("SKIPPED: {refusal:?}");
            continue;
        }
        assert_eq!(sampler.stack_bytes(), size);
        heard
            .threads
            .values_mut()
            .for_each(|told| told.largest_stack = 0);
        let until = monotonic_nanos() + 15_000_000;
        while monotonic_nanos() < until {
            sampler.wait(Duration::from_millis(5));
            heard.drain(&mut *sampler);
        }
    }
    let (busy, sleeper) = heard.until_done(&mut *sampler, work);
    heard.assert_share(&busy);
    let told = heard.of(busy.thread);
    // The last but one size may still have been in the ring.
    assert!(told.largest_stack <= 32 << 10, "{told:?}");
    if heard.lost == 0 {
        assert!(off_cpu(heard.of(sleeper)) >= 150_000_000);
    }
}

#[test]
fn a_stack_larger_than_a_ring_can_hold_is_refused_and_the_old_one_stays() {
    let Some(mut sampler) = started(Target::ThisProcess) else {
        return;
    };
    let before = sampler.stack_bytes();
    if super::rings::most_stack(&[]) >= 64 << 10 {
        sampler.set_stack_bytes(usize::MAX).unwrap();
        assert!(sampler.stack_bytes() < 64 << 10);
    }
    sampler.set_stack_bytes(before).unwrap();
    assert_eq!(sampler.stack_bytes(), before);
}

#[test]
fn threads_made_while_it_starts_are_counted_once() {
    let (go, work) = waiting(|| {
        let mut all = Vec::new();
        for _ in 0..60 {
            all.push(thread::spawn(|| burn(5)));
            burn(1);
        }
        let younger = all.into_iter().map(|thread| thread.join().unwrap());
        younger.collect::<Vec<_>>()
    });
    go.send(()).unwrap();
    thread::sleep(Duration::from_millis(5));
    let Some(mut sampler) = started(Target::ThisProcess) else {
        return;
    };
    let mut heard = Heard::default();
    for work in heard.until_done(&mut *sampler, work) {
        let asked = work.cpu.as_nanos() as u64 / period();
        let told = heard.of(work.thread);
        assert!(told.samples <= asked + 2, "{asked} {told:?}");
        assert!(told.ended <= 1 || told.samples == 0, "{told:?}");
    }
}

#[test]
fn faults_are_counted_by_sampling() {
    const PAGES: usize = 4096;
    let (go, work) = waiting(|| {
        touch(PAGES);
        this_thread()
    });
    let Some(mut sampler) = started(Target::ThisProcess) else {
        return;
    };
    go.send(()).unwrap();
    let mut heard = Heard::default();
    let thread = heard.until_done(&mut *sampler, work);
    let told = heard.of(thread);
    if sampler.sight().faults && heard.lost == 0 {
        assert!(told.faults >= PAGES as u64 * 9 / 10, "{told:?}");
        assert!(told.faults <= PAGES as u64 * 2, "{told:?}");
    }
}

/// Touches so many new pages of 4 KiB, one by one.
fn touch(pages: usize) {
    let bytes = pages * 4096;
    let (protection, flags) = (
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
    );
    // SAFETY: a new mapping at a place that the kernel chooses replaces nothing.
    let memory = unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, flags, -1, 0) };
    assert_ne!(memory, libc::MAP_FAILED);
    // SAFETY: our own mapping; only advice.
    unsafe { libc::madvise(memory, bytes, libc::MADV_NOHUGEPAGE) };
    for page in 0..pages {
        // SAFETY: within the mapping.
        let first = unsafe { memory.cast::<u8>().add(page * 4096) };
        // SAFETY: our own mapping, which may be written.
        unsafe { first.write_volatile(1) };
    }
    // SAFETY: our own mapping, not used any longer.
    unsafe { libc::munmap(memory, bytes) };
}

#[test]
fn code_mapped_and_names_given_are_told() {
    let (go, work) = waiting(|| {
        let name = c"vecperf-named";
        // SAFETY: the name is a string that ends with zero, which the kernel copies.
        unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr()) };
        let program = std::fs::File::open("/proc/self/exe").unwrap();
        let file = std::os::fd::AsRawFd::as_raw_fd(&program);
        let protection = libc::PROT_READ | libc::PROT_EXEC;
        // SAFETY: a new mapping at a place that the kernel chooses replaces nothing.
        let code = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                4096,
                protection,
                libc::MAP_PRIVATE,
                file,
                0,
            )
        };
        assert_ne!(code, libc::MAP_FAILED);
        // SAFETY: our own mapping, which nobody uses.
        unsafe { libc::munmap(code, 4096) };
        this_thread()
    });
    let Some(mut sampler) = started(Target::ThisProcess) else {
        return;
    };
    go.send(()).unwrap();
    let mut heard = Heard::default();
    let thread = heard.until_done(&mut *sampler, work);
    if heard.lost == 0 {
        assert!(heard.mapped >= 1, "{heard:?}");
        assert!(heard.of(thread).names.contains(&"vecperf-named".to_owned()));
    }
}

#[test]
fn another_process_is_sampled_through_exec_until_it_ends() {
    let mut child = Command::new("sh")
        .args([
            "-c",
            "read start; exec sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'",
        ])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let Some(mut sampler) = started(Target::Process(child.id())) else {
        child.kill().unwrap();
        child.wait().unwrap();
        return;
    };
    assert!(!sampler.ended());
    drop(child.stdin.take());
    let mut heard = Heard::default();
    while !sampler.ended() {
        sampler.wait(Duration::from_millis(50));
        heard.drain(&mut *sampler);
    }
    heard.drain(&mut *sampler);
    child.wait().unwrap();
    let told = heard.of(child.id());
    assert!(told.samples >= 5, "{told:?}");
    assert_eq!(heard.threads.len(), 1, "{heard:?}");
    assert_eq!((heard.executed, told.ended), (1, 1), "{heard:?}");
}

#[test]
fn a_process_that_is_not_there_is_refused_by_its_number() {
    let mut child = Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    let refusal = refused(Target::Process(child.id()));
    assert!(
        refusal.reason.contains(&child.id().to_string()),
        "{refusal:?}"
    );
    assert!(
        refused(Target::Process(u32::MAX))
            .reason
            .contains("no process")
    );
}

#[test]
fn a_rate_beyond_the_kernels_is_lowered_and_told() {
    let options = Options {
        sample_rate: 1_000_000_000,
        ..Options::default()
    };
    match super::start(Target::ThisProcess, &options) {
        Ok(sampler) => {
            let rate = sampler.sight().highest_rate.unwrap();
            assert!((1..=Options::MOST_SAMPLES).contains(&rate), "{rate}");
        }
        Err(refusal) => eprintln!("SKIPPED: {refusal:?}"),
    }
}

fn entries(folder: &str) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[test]
fn nothing_is_left_behind() {
    alone("nothing_is_left_behind", || {
        let rings = || {
            let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
            maps.lines()
                .filter(|line| line.contains("perf_event"))
                .count()
        };
        let Some(sampler) = started(Target::ThisProcess) else {
            return;
        };
        assert!(rings() > 0);
        drop(sampler);
        let before = (entries("/proc/self/fd"), rings());
        for _ in 0..50 {
            let mut sampler = started(Target::ThisProcess).unwrap();
            sampler.wait(Duration::from_millis(1));
            sampler.drain(&mut |_| {});
            sampler.set_stack_bytes(8 << 10).unwrap();
        }
        assert_eq!((entries("/proc/self/fd"), rings()), before);
        assert_eq!(before.1, 0);
    });
}

fn become_nobody() -> bool {
    // SAFETY: three plain numbers; the process is the test's own.
    let group = unsafe { libc::setresgid(65534, 65534, 65534) };
    // SAFETY: as above.
    let user = unsafe { libc::setresuid(65534, 65534, 65534) };
    (group, user) == (0, 0)
}

#[test]
fn an_unprivileged_user_samples_its_own_threads_and_no_others() {
    alone(
        "an_unprivileged_user_samples_its_own_threads_and_no_others",
        || {
            let (go, work) = waiting(|| burn(100));
            if !become_nobody() {
                eprintln!("SKIPPED: this user may not become another");
                return;
            }
            let foreign = refused(Target::Process(1));
            assert!(
                !foreign.reason.is_empty() && !foreign.remedy.is_empty(),
                "{foreign:?}"
            );
            go.send(()).unwrap();
            let Some(mut sampler) = started(Target::ThisProcess) else {
                return;
            };
            let mut heard = Heard::default();
            let work = heard.until_done(&mut *sampler, work);
            heard.assert_share(&work);
            let sight = sampler.sight();
            assert!(
                sight.kernel || sight.notes.iter().any(|note| note.contains("kernel")),
                "{sight:?}"
            );
        },
    );
}

fn limit(resource: libc::__rlimit_resource_t, most: u64) {
    let limit = libc::rlimit {
        rlim_cur: most,
        rlim_max: most,
    };
    // SAFETY: the pointer is valid for the limit that the kernel reads.
    assert_eq!(unsafe { libc::setrlimit(resource, &raw const limit) }, 0);
}

#[test]
fn too_few_descriptors_are_refused_and_leave_none_open() {
    alone(
        "too_few_descriptors_are_refused_and_leave_none_open",
        || {
            if started(Target::ThisProcess).is_none() {
                return;
            }
            let idle: Vec<_> = (0..40).map(|_| waiting(|| ())).collect();
            limit(libc::RLIMIT_NOFILE, 64);
            let before = entries("/proc/self/fd");
            let refusal = refused(Target::ThisProcess);
            assert!(refusal.reason.contains("descriptor"), "{refusal:?}");
            assert!(refusal.remedy.contains("ulimit -n"), "{refusal:?}");
            assert_eq!(entries("/proc/self/fd"), before);
            idle.iter().for_each(|(go, _)| go.send(()).unwrap());
        },
    );
}

#[test]
fn page_faults_are_left_out_before_anything_is_refused() {
    alone(
        "page_faults_are_left_out_before_anything_is_refused",
        || {
            let Some(sampler) = started(Target::ThisProcess) else {
                return;
            };
            let with_faults = entries("/proc/self/fd");
            drop(sampler);
            let open = entries("/proc/self/fd");
            // Rings and one event of two for each thread and CPU, and as many again for the program.
            limit(
                libc::RLIMIT_NOFILE,
                (open + (with_faults - open) * 3 / 2) as u64,
            );
            let sight = started(Target::ThisProcess).unwrap().sight();
            assert!(!sight.faults, "{sight:?}");
            assert!(
                sight.notes.iter().any(|note| note.contains("page faults")),
                "{sight:?}"
            );
        },
    );
}

#[test]
fn little_locked_memory_means_small_rings_then_a_refusal() {
    alone(
        "little_locked_memory_means_small_rings_then_a_refusal",
        || {
            // Beyond what the user may lock for each CPU: enough for small rings on two.
            limit(libc::RLIMIT_MEMLOCK, 160 << 10);
            if !become_nobody() {
                eprintln!("SKIPPED: this user may not become another");
                return;
            }
            let mut all = Vec::new();
            let refusal = loop {
                match super::start(Target::ThisProcess, &Options::default()) {
                    Ok(sampler) => all.push(sampler),
                    Err(refusal) => break refusal,
                }
                if all.len() > 200 {
                    eprintln!("SKIPPED: locked memory is not limited here");
                    return;
                }
            };
            let Some(last) = all.last() else {
                eprintln!("SKIPPED: {refusal:?}");
                return;
            };
            assert!(refusal.reason.contains("mmap"), "{refusal:?}");
            assert!(refusal.remedy.contains("ulimit -l"), "{refusal:?}");
            if super::threads::cpus(&[this_thread()]).unwrap().len() == 2 {
                let sight = last.sight();
                assert!(
                    sight.notes.iter().any(|note| note.contains("lock")),
                    "{sight:?}"
                );
                assert!(last.stack_bytes() < 16 << 10);
            }
        },
    );
}

#[test]
fn a_forked_child_is_not_sampled_and_harms_nothing() {
    alone("a_forked_child_is_not_sampled_and_harms_nothing", || {
        let (go, work) = waiting(|| burn(200));
        let Some(mut sampler) = started(Target::ThisProcess) else {
            return;
        };
        // SAFETY: the child calls nothing but system calls and the allocator, which glibc keeps usable.
        let child = unsafe { libc::fork() };
        if child == 0 {
            sampler.drain(&mut |_| std::process::abort());
            drop(sampler);
            burn(50);
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(0) };
        }
        go.send(()).unwrap();
        let mut heard = Heard::default();
        let work = heard.until_done(&mut *sampler, work);
        let mut status = -1;
        // SAFETY: the pointer is valid for the status that the kernel writes.
        unsafe { libc::waitpid(child, &raw mut status, 0) };
        heard.drain(&mut *sampler);
        assert_eq!(status, 0);
        heard.assert_share(&work);
        assert!(!heard.threads.contains_key(&(child as u32)), "{heard:?}");
    });
}

/// Answers perf_event_open with EPERM from now on, as containers do.
fn deny() -> bool {
    const LOAD_CALL: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let step = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let mut steps = [
        step(LOAD_CALL, 0, 0, 0),
        step(IF_EQUAL, 0, 1, libc::SYS_perf_event_open as u32),
        step(RETURN, 0, 0, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
        step(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog {
        len: steps.len() as u16,
        filter: steps.as_mut_ptr(),
    };
    // SAFETY: plain numbers.
    unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    // SAFETY: the program and its steps are valid as long as the kernel reads them, in this call.
    let answer = unsafe {
        libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::SECCOMP_MODE_FILTER,
            &raw const program,
        )
    };
    answer == 0
}

#[test]
fn a_seccomp_filter_is_recognised_and_leaves_nothing_open() {
    alone(
        "a_seccomp_filter_is_recognised_and_leaves_nothing_open",
        || {
            if !deny() {
                eprintln!("SKIPPED: no seccomp filters here");
                return;
            }
            let before = entries("/proc/self/fd");
            let refusal = refused(Target::ThisProcess);
            assert!(refusal.reason.contains("perf_event_open"), "{refusal:?}");
            assert!(refusal.reason.contains("EPERM"), "{refusal:?}");
            assert!(refusal.remedy.contains("seccomp"), "{refusal:?}");
            assert_eq!(entries("/proc/self/fd"), before);
        },
    );
}
