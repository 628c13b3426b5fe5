//! One operation timed from start to end, by each recorder.

use std::hint::black_box;
use std::time::{Duration, Instant};

use fastrace::local::LocalSpan;
use fastrace::prelude::{Span, SpanContext};
use vecperf::Moment;

use crate::recorders::Recorders;
use crate::rounds::Case;

/// The row that all others are compared with.
pub(crate) const OURS: &str = "**vecperf**";

const REPEATS: u64 = 40_000;
/// Operations under one root of fastrace, as one request has many.
const SPANS_A_ROOT: u64 = 1_000;
/// hotpath insists that a literal be used once; a generic function is many.
const LABEL: &str = "work";

/// The first is `work` alone; the others time it.
pub(crate) fn around<'a>(to: &'a Recorders, work: impl Fn() + Copy + Sync + 'a) -> Vec<Case<'a>> {
    let mut cases = vec![
        each("bare", work),
        each("two bare readings of the clock", move || {
            let start = black_box(Moment::now());
            work();
            black_box(Moment::now().max(start));
        }),
    ];
    cases.extend(ours(to, work));
    cases.extend(with_a_pair_of_instants(to, work));
    cases.extend(spans(work));
    cases
}

fn ours<'a>(to: &'a Recorders, work: impl Fn() + Copy + Sync + 'a) -> [Case<'a>; 5] {
    [
        each(OURS, move || {
            let _timer = to.timed.start();
            work();
        }),
        each("vecperf, and one work counter", move || {
            let mut timer = to.counted.0.start();
            work();
            timer.add(to.counted.1, 120);
        }),
        each("vecperf, 1 in 16 timed", move || {
            let _timer = to.one_in_16.start();
            work();
        }),
        each("a handle hidden from the compiler, not used", move || {
            black_box(&to.off);
            work();
        }),
        each("the same, used: vecperf off", move || {
            let _timer = black_box(&to.off).start();
            work();
        }),
    ]
}

/// Recorders that take a duration and leave the clock to the caller.
fn with_a_pair_of_instants<'a>(
    to: &'a Recorders,
    work: impl Fn() + Copy + Sync + 'a,
) -> [Case<'a>; 6] {
    fn timed(work: impl Fn()) -> Duration {
        let start = Instant::now();
        work();
        start.elapsed()
    }
    [
        each("`Instant` pair alone", move || {
            black_box(timed(work));
        }),
        each("`Instant` pair + vecperf's `PerfCounter`", move || {
            to.perf_counter.record_operation(timed(work));
        }),
        each("`Instant` pair + two `fetch_add`", move || {
            to.two_fetch_adds.record_operation(timed(work));
        }),
        each("`Instant` pair + `hdrhistogram` in a `Mutex`", move || {
            to.record_hdr(timed(work));
        }),
        each(
            "`Instant` pair + `prometheus-client` histogram, 20 buckets",
            move || {
                to.prometheus.observe(timed(work).as_secs_f64());
            },
        ),
        each(
            "`Instant` pair + `metrics` histogram, Prometheus exporter",
            move || {
                to.metrics.record(timed(work).as_secs_f64());
            },
        ),
    ]
}

/// Recorders that bring their own clock.
fn spans<'a>(work: impl Fn() + Copy + Sync + 'a) -> [Case<'a>; 3] {
    let under_roots = move |n: u64| {
        for first in (0..n).step_by(SPANS_A_ROOT as usize) {
            let root = Span::root("request", SpanContext::random());
            let _local = root.set_local_parent();
            for _ in first..n.min(first + SPANS_A_ROOT) {
                let _span = LocalSpan::enter_with_local_parent(LABEL);
                work();
            }
        }
    };
    [
        Case::new("`fastrace` local span", REPEATS, under_roots),
        each("`tracing` span, registry + timing layer", move || {
            let _span = tracing::info_span!("work").entered();
            work();
        }),
        each("`hotpath` measured block", move || {
            hotpath::measure_block!(LABEL, work());
        }),
    ]
}

fn each<'a>(name: &str, operation: impl Fn() + Sync + 'a) -> Case<'a> {
    Case::new(name, REPEATS, move |n| (0..n).for_each(|_| operation()))
}
