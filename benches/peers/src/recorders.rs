//! The recorders that are compared, each set up as its documentation recommends for production.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use tracing::span::{Attributes, Id};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};
use vecperf::{Counter, Monitor, Operation, PerfCounter, Settings};

/// One handle of each.
pub(crate) struct Recorders {
    /// Keeps the operations below alive and collected from, as in a program.
    _monitor: Monitor,
    pub timed: Operation,
    pub one_in_16: Operation,
    pub counted: (Operation, Counter),
    pub off: Operation,
    pub perf_counter: PerfCounter,
    pub two_fetch_adds: TwoFetchAdds,
    pub metrics: metrics::Histogram,
    exporter: PrometheusHandle,
    pub prometheus: Histogram,
    pub hdr: Mutex<hdrhistogram::Histogram<u64>>,
    _hotpath: hotpath::HotpathGuard,
}

/// Without the CPU profile: what it costs has measurements of its own.
pub(crate) fn unprofiled() -> Settings {
    let mut settings = Settings::default();
    settings.monitoring.cpu_profiling = false;
    settings
}

impl Recorders {
    /// Installs those that are global, too.
    pub(crate) fn install() -> Result<Self, Box<dyn Error>> {
        let monitor = Monitor::in_memory(unprofiled())?;
        let timed = monitor.operation("timed");
        let counted = monitor.operation("counted");
        let exporter = PrometheusBuilder::new().install_recorder()?;
        fastrace::set_reporter(Nowhere, fastrace::collector::Config::default());
        let spans = Registry::default().with(SpanTimes::default());
        tracing::subscriber::set_global_default(spans)?;
        Ok(Self {
            one_in_16: timed.timed_one_in(16),
            counted: (counted.clone(), counted.counter("distance_computations")),
            timed,
            off: Operation::off(),
            perf_counter: PerfCounter::new(),
            two_fetch_adds: TwoFetchAdds::default(),
            metrics: metrics::histogram!("work_seconds"),
            exporter,
            // 10 ns to 5 ms; each bucket costs a comparison.
            prometheus: Histogram::new(exponential_buckets(1e-8, 2.0, 20)),
            // 1 ns to an hour, two digits: about vecperf's range and error.
            hdr: Mutex::new(hdrhistogram::Histogram::new_with_bounds(
                1,
                3_600_000_000_000,
                2,
            )?),
            _hotpath: hotpath(),
            _monitor: monitor,
        })
    }

    /// What their own background threads, or the program, do every few seconds.
    pub(crate) fn drain(&self) {
        self.exporter.run_upkeep();
        fastrace::flush();
    }

    pub(crate) fn record_hdr(&self, duration: Duration) {
        let nanos = duration.as_nanos() as u64;
        let mut histogram = self.hdr.lock().unwrap_or_else(PoisonError::into_inner);
        histogram.saturating_record(nanos);
    }
}

/// Switches hotpath on, without a report at the end.
pub(crate) fn hotpath() -> hotpath::HotpathGuard {
    hotpath::HotpathGuardBuilder::new("peers")
        .format(hotpath::Format::None)
        .build()
}

/// The counter that everybody writes first, and that vecperf grew from.
#[derive(Default)]
pub(crate) struct TwoFetchAdds {
    operations: AtomicU64,
    nanos: AtomicU64,
}

impl TwoFetchAdds {
    #[inline]
    pub(crate) fn record_operation(&self, duration: Duration) {
        self.operations.fetch_add(1, Ordering::Relaxed);
        self.nanos
            .fetch_add(duration.as_nanos() as u64, Ordering::Relaxed);
    }
}

/// Takes fastrace's spans and forgets them.
struct Nowhere;

impl fastrace::collector::Reporter for Nowhere {
    fn report(&mut self, _spans: Vec<fastrace::collector::SpanRecord>) {}
}

/// Times tracing's spans in the smallest way there is: the start kept in the span, the duration in a counter that does
/// not slow down with threads.
#[derive(Default)]
struct SpanTimes(PerfCounter);

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> tracing_subscriber::Layer<S> for SpanTimes {
    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Instant::now());
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        if let Some(span) = context.span(&id)
            && let Some(start) = span.extensions().get::<Instant>()
        {
            self.0.record_operation(start.elapsed());
        }
    }
}
