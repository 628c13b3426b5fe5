//! Keeps out of the report what JSON has no word for: NaN and the infinities.
//!
//! `serde_json` writes them as `null`, and a `null` where a number belongs makes the file unreadable: the report
//! of an hour's run lost to one division by zero. Our own numbers are finite by construction; these come from
//! outside (a gauge, a recall judged elsewhere, settings made in code).

use std::collections::BTreeSet;

use crate::config::{OperationThresholds, Thresholds};
use crate::recall::RecallEstimate;
use crate::report::{
    CpuProfileReport, Distribution, HeapProfileReport, MemoryReport, OperationReport, PhaseReport,
    Report, SlowOperation, TimeSplit, Workload,
};
use crate::resource::{MemoryGrowth, ResourceSample, ResourceUse};
use crate::threshold::Verdict;

impl Report {
    /// The same report with finite numbers only. What may be absent becomes absent; a number that must be there
    /// becomes 0 for NaN and the largest of its sign for an infinity. A note names each field touched.
    #[must_use]
    pub fn finite(&self) -> Self {
        let mut report = self.clone();
        let mut pass = Pass::default();
        pass.report(&mut report);
        if !pass.touched.is_empty() {
            let fields: Vec<_> = pass.touched.into_iter().collect();
            report.notes.push(format!(
                "not finite numbers, left out or replaced: {}",
                fields.join(", ")
            ));
        }
        report
    }
}

/// One walk over a report.
#[derive(Default)]
struct Pass {
    /// The fields that were not finite.
    touched: BTreeSet<String>,
}

impl Pass {
    fn number(&mut self, field: &str, number: &mut f64) {
        if !number.is_finite() {
            *number = if number.is_nan() {
                0.0
            } else {
                f64::MAX.copysign(*number)
            };
            self.touched.insert(field.to_owned());
        }
    }

    fn optional(&mut self, field: &str, number: &mut Option<f64>) {
        if number.is_some_and(|number| !number.is_finite()) {
            *number = None;
            self.touched.insert(field.to_owned());
        }
    }

    fn report(&mut self, report: &mut Report) {
        report
            .verdicts
            .iter_mut()
            .for_each(|verdict| self.verdict(verdict));
        report
            .workload
            .iter_mut()
            .for_each(|workload| self.workload(workload));
        self.phase(&mut report.run);
        report.phases.iter_mut().for_each(|phase| self.phase(phase));
        report
            .series
            .iter_mut()
            .for_each(|point| self.sample(&mut point.resources));
        report
            .memory
            .iter_mut()
            .for_each(|memory| self.memory(memory));
        report
            .cpu_profile
            .iter_mut()
            .for_each(|profile| self.cpu_profile(profile));
        if let Some(profile) = &mut report.heap_profile {
            self.heap_profile(profile);
        }
        for slow in &mut report.slow_operations {
            self.slow_operation(slow);
        }
        self.optional("cpus_available", &mut report.environment.cpus_available);
        self.number("self_cost.cpu_seconds", &mut report.self_cost.cpu_seconds);
        self.number(
            "self_cost.recording_seconds",
            &mut report.self_cost.recording_seconds,
        );
        self.thresholds(&mut report.settings.thresholds);
    }

    fn slow_operation(&mut self, slow: &mut SlowOperation) {
        self.number("slow.ended_seconds", &mut slow.ended_seconds);
        self.number("slow.latency_seconds", &mut slow.latency_seconds);
        for (field, seconds) in [
            ("slow.on_thread_seconds", &mut slow.on_thread_seconds),
            ("slow.on_cpu_seconds", &mut slow.on_cpu_seconds),
            ("slow.blocked_seconds", &mut slow.blocked_seconds),
            ("slow.preempted_seconds", &mut slow.preempted_seconds),
        ] {
            self.optional(field, seconds);
        }
    }

    fn verdict(&mut self, verdict: &mut Verdict) {
        self.number("verdict.limit", &mut verdict.limit);
        self.optional("verdict.observed", &mut verdict.observed);
    }

    fn workload(&mut self, workload: &mut Workload) {
        self.optional("workload.rate", &mut workload.rate);
        self.optional("workload.id_recall", &mut workload.id_recall);
        self.optional(
            "workload.ann_benchmarks_recall",
            &mut workload.ann_benchmarks_recall,
        );
        self.recall(&mut workload.recall);
    }

    fn phase(&mut self, phase: &mut PhaseReport) {
        self.number("start_seconds", &mut phase.start_seconds);
        self.number("duration_seconds", &mut phase.duration_seconds);
        phase
            .operations
            .iter_mut()
            .for_each(|operation| self.operation(operation));
        self.resources(&mut phase.resources);
        for block in &mut phase.blocks {
            self.number("blocks.start_seconds", &mut block.start_seconds);
            self.number("blocks.duration_seconds", &mut block.duration_seconds);
            self.optional("blocks.cpu_seconds", &mut block.cpu_seconds);
            for operation in &mut block.operations {
                self.number("blocks.sum_seconds", &mut operation.sum_seconds);
            }
        }
        phase.gauges.retain(|name, value| {
            value.is_finite() || {
                self.touched.insert(format!("gauge {name}"));
                false
            }
        });
    }

    fn operation(&mut self, operation: &mut OperationReport) {
        self.number("per_second", &mut operation.per_second);
        let outcomes = [
            &mut operation.latency,
            &mut operation.error_latency,
            &mut operation.cancelled_latency,
        ];
        let times = [&mut operation.service_time, &mut operation.poll_time];
        outcomes
            .into_iter()
            .chain(times)
            .flatten()
            .for_each(|distribution| self.distribution(distribution));
        operation
            .work
            .iter_mut()
            .for_each(|work| self.number("per_operation", &mut work.per_operation));
        self.recall(&mut operation.recall);
        if let Some(allocations) = &mut operation.allocations {
            let means = [
                &mut allocations.allocations_per_operation,
                &mut allocations.bytes_per_operation,
                &mut allocations.net_bytes_per_operation,
            ];
            means
                .into_iter()
                .for_each(|mean| self.number("allocations per operation", mean));
        }
        if let Some(faults) = &mut operation.faults {
            self.number("cold_percent", &mut faults.cold_percent);
            self.number(
                "major_faults_per_operation",
                &mut faults.major_faults_per_operation,
            );
            self.optional("cold_mean_seconds", &mut faults.cold_mean_seconds);
            self.optional("warm_mean_seconds", &mut faults.warm_mean_seconds);
        }
        if let Some(split) = &mut operation.time_split {
            self.time_split(&mut split.all);
            split
                .above_p99
                .iter_mut()
                .for_each(|slow| self.time_split(slow));
        }
    }

    fn time_split(&mut self, split: &mut TimeSplit) {
        self.number("latency_seconds", &mut split.latency_seconds);
        self.number("on_cpu_seconds", &mut split.on_cpu_seconds);
        self.number("blocked_seconds", &mut split.blocked_seconds);
        self.number("preempted_seconds", &mut split.preempted_seconds);
        self.number("elsewhere_seconds", &mut split.elsewhere_seconds);
        self.number("blocks", &mut split.blocks);
        self.optional("page_faults", &mut split.page_faults);
    }

    fn heap_profile(&mut self, profile: &mut HeapProfileReport) {
        let numbers = [
            ("truncated_share", &mut profile.truncated_share),
            ("broken_share", &mut profile.broken_share),
            ("in_other_share", &mut profile.in_other_share),
            ("reader_cpu_seconds", &mut profile.reader_cpu_seconds),
        ];
        for (field, number) in numbers {
            self.number(&format!("heap_profile.{field}"), number);
        }
    }

    fn memory(&mut self, memory: &mut MemoryReport) {
        self.number("memory.at_seconds", &mut memory.at_seconds);
        self.optional("explained_share", &mut memory.explained_share);
        for component in &mut memory.components {
            self.optional("bytes_per_vector", &mut component.bytes_per_vector);
            self.optional("answered_at_seconds", &mut component.answered_at_seconds);
        }
    }

    fn cpu_profile(&mut self, profile: &mut CpuProfileReport) {
        let numbers = [
            ("asked_rate", &mut profile.asked_rate),
            ("achieved_rate", &mut profile.achieved_rate),
            ("duration_seconds", &mut profile.duration_seconds),
            ("cpu_seconds", &mut profile.cpu_seconds),
            ("truncated_share", &mut profile.truncated_share),
            ("broken_share", &mut profile.broken_share),
            ("unknown_frames_share", &mut profile.unknown_frames_share),
            ("in_operations_share", &mut profile.in_operations_share),
            (
                "kernel_not_sampled_seconds",
                &mut profile.kernel_not_sampled_seconds,
            ),
            ("drain_cpu_seconds", &mut profile.drain_cpu_seconds),
            ("symbol_seconds", &mut profile.symbol_seconds),
        ];
        for (field, number) in numbers {
            self.number(&format!("cpu_profile.{field}"), number);
        }
        for function in &mut profile.functions {
            self.number("self_share", &mut function.self_share);
            self.number("total_share", &mut function.total_share);
        }
    }

    fn distribution(&mut self, distribution: &mut Distribution) {
        self.number("mean_seconds", &mut distribution.mean_seconds);
        self.number("p50_seconds", &mut distribution.p50_seconds);
        self.number("p90_seconds", &mut distribution.p90_seconds);
        self.number("p99_seconds", &mut distribution.p99_seconds);
        self.number("p999_seconds", &mut distribution.p999_seconds);
        self.number("max_seconds", &mut distribution.max_seconds);
    }

    /// An estimate without a mean or an interval says nothing: it goes as a whole.
    fn recall(&mut self, recall: &mut Option<RecallEstimate>) {
        let finite = |recall: &RecallEstimate| {
            [recall.mean, recall.low, recall.high]
                .iter()
                .all(|x| x.is_finite())
        };
        if recall.as_ref().is_some_and(|recall| !finite(recall)) {
            *recall = None;
            self.touched.insert("recall".to_owned());
        }
    }

    fn resources(&mut self, used: &mut ResourceUse) {
        self.optional("cpu_user_seconds", &mut used.cpu_user_seconds);
        self.optional("cpu_system_seconds", &mut used.cpu_system_seconds);
        self.optional("cpus_available", &mut used.cpus_available);
        self.optional("cpu_percent", &mut used.cpu_percent);
        self.optional("cores_used", &mut used.cores_used);
        if let Some(growth) = &mut used.memory_growth {
            self.growth(growth);
        }
        if let Some(pressure) = &mut used.memory_pressure {
            self.number("some_seconds", &mut pressure.some_seconds);
            self.number("all_seconds", &mut pressure.all_seconds);
            self.optional("some_percent", &mut pressure.some_percent);
            self.optional("all_percent", &mut pressure.all_percent);
        }
        let taken = &mut used.cpu_interference;
        self.optional("steal_seconds", &mut taken.steal_seconds);
        self.optional("steal_percent", &mut taken.steal_percent);
        self.optional("throttled_seconds", &mut taken.throttled_seconds);
        self.optional("throttled_percent", &mut taken.throttled_percent);
        used.last.iter_mut().for_each(|sample| self.sample(sample));
    }

    fn growth(&mut self, growth: &mut MemoryGrowth) {
        self.number("memory_growth.seconds", &mut growth.seconds);
        self.number("mb_per_hour", &mut growth.mb_per_hour);
        self.number("low_mb_per_hour", &mut growth.low_mb_per_hour);
        self.number("high_mb_per_hour", &mut growth.high_mb_per_hour);
        if let Some(limit) = &mut growth.limit_in {
            self.number("minutes", &mut limit.minutes);
            self.number("soonest_minutes", &mut limit.soonest_minutes);
            self.number("latest_minutes", &mut limit.latest_minutes);
        }
    }

    fn sample(&mut self, sample: &mut ResourceSample) {
        self.number("at_seconds", &mut sample.at_seconds);
        self.optional("cpu_user_seconds", &mut sample.cpu_user_seconds);
        self.optional("cpu_system_seconds", &mut sample.cpu_system_seconds);
        self.optional(
            "memory_some_stalled_seconds",
            &mut sample.memory_some_stalled_seconds,
        );
        self.optional(
            "memory_all_stalled_seconds",
            &mut sample.memory_all_stalled_seconds,
        );
    }

    fn thresholds(&mut self, thresholds: &mut Thresholds) {
        self.number("max_memory_mb", &mut thresholds.max_memory_mb);
        self.optional(
            "max_memory_growth_mb_per_hour",
            &mut thresholds.max_memory_growth_mb_per_hour,
        );
        self.number("max_cpu_percent", &mut thresholds.max_cpu_percent);
        self.number("max_response_time_ms", &mut thresholds.max_response_time_ms);
        self.number(
            "max_violation_percent",
            &mut thresholds.max_violation_percent,
        );
        self.optional("max_error_percent", &mut thresholds.max_error_percent);
        self.optional("min_recall", &mut thresholds.min_recall);
        self.optional(
            "max_allocations_per_operation",
            &mut thresholds.max_allocations_per_operation,
        );
        for OperationThresholds {
            max_response_time_ms,
            max_violation_percent,
            max_error_percent,
            min_recall,
            max_allocations_per_operation,
            ..
        } in thresholds.operations.values_mut()
        {
            self.optional("max_response_time_ms", max_response_time_ms);
            self.optional("max_violation_percent", max_violation_percent);
            self.optional("max_error_percent", max_error_percent);
            self.optional("min_recall", min_recall);
            self.optional(
                "max_allocations_per_operation",
                max_allocations_per_operation,
            );
        }
    }
}
