//! What belongs to the whole process: each test has one of its own.

use super::*;

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
                match perf_event::start(Target::ThisProcess, &Options::default()) {
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
            if perf_event::threads::cpus(&[this_thread()]).unwrap().len() == 2 {
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

/// The thread may run on this CPU only.
fn pin(thread: u32, cpu: usize) {
    let mut mask = [0_u64; 16];
    mask[cpu / 64] = 1 << (cpu % 64);
    // SAFETY: the pointer is valid for the 128 bytes that the kernel reads.
    let answer =
        unsafe { libc::sched_setaffinity(thread as libc::pid_t, 128, mask.as_ptr().cast()) };
    assert_eq!(answer, 0);
}

#[test]
fn threads_are_followed_to_cpus_that_they_could_not_use_before() {
    alone(
        "threads_are_followed_to_cpus_that_they_could_not_use_before",
        || {
            let cpus = perf_event::threads::cpus(&[this_thread()]).unwrap();
            let [first, second, ..] = cpus[..] else {
                eprintln!("SKIPPED: one CPU only");
                return;
            };
            let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
            let stopped = std::sync::Arc::clone(&stop);
            let (go, work) = waiting(move || {
                pin(this_thread(), second as usize);
                while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
                    burn(1);
                }
            });
            for thread in perf_event::threads::list(Target::ThisProcess).unwrap() {
                pin(thread, first as usize);
            }
            let Some(mut sampler) = started(Target::ThisProcess) else {
                return;
            };
            go.send(()).unwrap();
            let mut heard = Heard::default();
            while heard.threads.values().all(|told| told.samples < 20) {
                sampler.wait(Duration::from_millis(20));
                heard.drain(&mut *sampler);
            }
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
            work.join().unwrap();
            let notes = sampler.sight().notes;
            assert!(!notes.iter().any(|note| note.contains("CPUs")), "{notes:?}");
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

/// Where several samplers of a process open and close their events, the kernel leaves faults out that each of them would see.
#[test]
fn faults_are_counted_by_sampling() {
    alone("faults_are_counted_by_sampling", || {
        const PAGES: usize = 4096;
        let watched = heard_of(|| {
            touch(PAGES);
            this_thread()
        });
        let Some((heard, thread, sampler)) = watched else {
            return;
        };
        let told = heard.of(thread);
        if sampler.sight().faults && heard.lost == 0 {
            assert!(told.faults >= PAGES as u64 * 9 / 10, "{told:?}");
            assert!(told.faults <= PAGES as u64 * 2, "{told:?}");
        }
    });
}
