//! Which threads are sampled, how often, and what a sample holds.

use super::*;

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
fn a_sample_holds_the_stack_from_the_stack_pointer_on() {
    const MARK: u64 = 0x5eed_cafe_f00d_d00d;
    let (go, work) = waiting(|| {
        let mark = std::hint::black_box(Box::new(MARK));
        let on_the_stack = std::hint::black_box([*mark; 4]);
        burn(100);
        (this_thread(), std::ptr::from_ref(&on_the_stack) as u64)
    });
    let Some(mut sampler) = started(Target::ThisProcess) else {
        return;
    };
    go.send(()).unwrap();
    let mut stacks = Vec::new();
    while !work.is_finished() {
        sampler.wait(Duration::from_millis(5));
        sampler.drain(&mut |event| {
            if let Event::Sample(sample) = event {
                let registers = sample.registers.map(|registers| registers.stack);
                stacks.extend(registers.map(|stack| (sample.thread, stack, sample.stack.to_vec())));
            }
        });
    }
    let (thread, mark) = work.join().unwrap();
    let marks = stacks.iter().filter(|(of, ..)| *of == thread);
    let marks =
        marks.filter_map(|(_, stack, bytes)| bytes.get((mark.checked_sub(*stack)? as usize)..));
    let marks: Vec<_> = marks.filter_map(|bytes| bytes.first_chunk::<8>()).collect();
    // All but a few from before and after.
    let found = marks.iter().filter(|bytes| ***bytes == MARK.to_ne_bytes());
    assert!(found.count() >= 10, "{} samples", stacks.len());
}

#[test]
fn code_in_the_kernel_is_sampled_where_it_may_be() {
    let (go, work) = waiting(|| (0..10).for_each(|_| touch(4096)));
    let Some(mut sampler) = started(Target::ThisProcess) else {
        return;
    };
    go.send(()).unwrap();
    let mut addresses = Vec::new();
    while !work.is_finished() {
        sampler.wait(Duration::from_millis(5));
        sampler.drain(&mut |event| {
            if let Event::Sample(sample) = event {
                addresses.extend_from_slice(sample.kernel);
            }
        });
    }
    assert_eq!(addresses.is_empty(), !sampler.sight().kernel);
    let in_the_kernel = |address: &u64| *address >= 1 << 63 && *address < u64::MAX - 4095;
    assert!(addresses.iter().all(in_the_kernel), "{addresses:x?}");
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
        assert!(off_cpu(heard.of(sleeper)) >= 90_000_000);
    }
}

#[test]
fn a_stack_larger_than_a_ring_can_hold_is_refused_and_the_old_one_stays() {
    let Some(mut sampler) = started(Target::ThisProcess) else {
        return;
    };
    let before = sampler.stack_bytes();
    if perf_event::rings::most_stack(&[]) >= 64 << 10 {
        sampler.set_stack_bytes(usize::MAX).unwrap();
        assert!(sampler.stack_bytes() < 64 << 10);
    }
    sampler.set_stack_bytes(before).unwrap();
    assert_eq!(sampler.stack_bytes(), before);
}

#[test]
fn threads_made_while_it_starts_are_counted_once() {
    let (some_made, are_made) = mpsc::channel();
    let (now_started, is_started) = mpsc::channel::<()>();
    let making = thread::spawn(move || {
        let mut made = Vec::new();
        while made.len() < 300 && is_started.try_recv() == Err(mpsc::TryRecvError::Empty) {
            let (go, wait) = mpsc::channel::<()>();
            let thread = thread::spawn(move || wait.recv().map(|()| burn(6)));
            made.push((go, thread));
            if made.len() == 100 {
                some_made.send(()).unwrap();
            }
        }
        made
    });
    are_made.recv().unwrap();
    let sampler = started(Target::ThisProcess);
    drop(now_started);
    let made = making.join().unwrap();
    let Some(mut sampler) = sampler else {
        return;
    };
    // One after the other: a thread that is alone is sampled evenly.
    let work = thread::spawn(move || {
        let done = made.into_iter().map(|(go, thread)| {
            go.send(()).unwrap();
            thread.join().unwrap().unwrap()
        });
        done.collect::<Vec<_>>()
    });
    let mut heard = Heard::default();
    let work = heard.until_done(&mut *sampler, work);
    let cpu: Duration = work.iter().map(|work| work.cpu).sum();
    let asked = cpu.as_nanos() as u64 / period();
    let told = work.iter().map(|work| heard.of(work.thread).samples);
    let told: Vec<u64> = told.collect();
    // Of 300 threads some 100 are made while it starts. Time that the host takes away is sampled, too.
    let samples: u64 = told.iter().sum();
    assert!(samples <= asked + asked / 5, "{asked} {samples} {told:?}");
}
