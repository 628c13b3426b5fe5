//! What is told beside samples, and of which process.

use std::process::Stdio;

use super::*;

#[test]
fn a_sleeping_thread_is_seen_to_leave_its_cpu_and_come_back() {
    let watched = heard_of(|| {
        (0..20).for_each(|_| thread::sleep(Duration::from_millis(2)));
        this_thread()
    });
    let Some((heard, thread, _sampler)) = watched else {
        return;
    };
    let told = heard.of(thread);
    if heard.lost == 0 {
        // A machine that itself waits may take a part of a sleep, or let one pass in which the thread never left.
        assert!(off_cpu(told) >= 24_000_000, "{told:?}");
        assert!(told.switches.len() >= 24, "{told:?}");
    }
}

#[test]
fn code_mapped_and_names_given_are_told() {
    let watched = heard_of(|| {
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
    let Some((heard, thread, _sampler)) = watched else {
        return;
    };
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
    match perf_event::start(Target::ThisProcess, &options) {
        Ok(sampler) => {
            let rate = sampler.sight().highest_rate.unwrap();
            assert!((1..=Options::MOST_SAMPLES).contains(&rate), "{rate}");
        }
        Err(refusal) => eprintln!("SKIPPED: {refusal:?}"),
    }
}
