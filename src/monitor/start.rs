//! How watching starts.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::flight::Flight;
use super::heap::Heap;
use super::profiling::Profiling;
use super::serving::Serving;
use super::told::Told;
use super::view::View;
use super::{Handle, Monitor, Watch, memory, watch};
use crate::clock::{self, Moment};
use crate::collect::{BeatWindow, Blocks, Collector, Setup};
use crate::config::Settings;
use crate::error::Result;
use crate::export::files::OutputDirectory;
use crate::memory::Memory;
use crate::record::Recorder;

impl Monitor {
    pub(super) fn start(settings: Settings, output: Option<OutputDirectory>) -> Result<Self> {
        let (serve, flight) = (settings.serve.clone(), settings.flight.clone());
        let monitor = Self::watching(settings, output);
        monitor.record_flight(&flight);
        if let Err(error) = monitor.serve_as_set(&serve) {
            monitor.discard();
            return Err(error);
        }
        Ok(monitor)
    }

    fn watching(settings: Settings, output: Option<OutputDirectory>) -> Self {
        let (started, started_wall) = (Moment::now(), clock::wall());
        let thresholds = settings.thresholds.clone();
        let limit = move |operation: &str| thresholds.longest_response(operation);
        let recorder = Recorder::new(settings.monitoring.series_limit).slow_above(limit);
        let recorder = Arc::new(recorder);
        #[cfg(all(feature = "cpu", target_os = "linux"))]
        recorder.on_first_segment(crate::cpu::arm_this_thread);
        let callbacks = Arc::new(watch::Callbacks::default());
        let view = Arc::new(View::new(started_wall));
        let memory = Memory::new(settings.monitoring.memory_tracking, started);
        let flight = Arc::new(Flight::new(&settings.flight));
        let listeners = watch::Listeners {
            callbacks: Arc::clone(&callbacks),
            view: Arc::clone(&view),
            flight: Arc::clone(&flight),
        };
        let watched = (Arc::clone(&recorder), memory.clone());
        let mut live = watch::Live::new(&settings, watched, listeners);
        let setup = Setup {
            interval: Duration::from_millis(settings.monitoring.resource_interval_ms),
            series_points: settings.monitoring.series_points,
            memory: settings.monitoring.memory_tracking,
        };
        let blocks = Arc::new(Mutex::new(Blocks::default()));
        let (cut, counted) = (Arc::clone(&blocks), Arc::clone(&recorder));
        let asked = memory.clone();
        let on_beat = Box::new(move |beat: &BeatWindow| {
            asked.beat();
            watch::cut(&cut, beat, &counted);
            counted.keep_receipts(started);
            live.beat(beat);
        });
        blocks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .begin();
        let collector = Collector::start(
            Arc::clone(&recorder),
            memory.clone(),
            setup,
            started,
            on_beat,
        );
        let notes = output.iter().filter_map(OutputDirectory::note).collect();
        let source = Arc::clone(&recorder);
        let profiling = Profiling::start(&settings, Some(source));
        let heap = Heap::start(&settings, Arc::clone(&recorder));
        Self {
            watch: Some(Arc::new(Handle(Arc::new(Watch {
                started,
                started_wall,
                recorder,
                collector,
                profiling,
                heap,
                memory,
                accounts: memory::Accounts::default(),
                view,
                flight,
                serving: Serving::default(),
                output,
                callbacks,
                told: Mutex::new(Told::starting(notes)),
                blocks,
                settings,
            })))),
        }
    }
}
