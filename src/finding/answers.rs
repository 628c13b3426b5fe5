//! What was asked for: recall, candidates, errors, load.

use super::{Check, Finding, Rule, Severity};
use crate::quantity::{count, duration, percent, rate, share};
use crate::recall::RecallEstimate;
use crate::report::{Distribution, OperationReport, Report};

pub(super) const RULES: &[Check] = &[
    recall_below_target,
    ef_saturated,
    errors,
    coordinated_omission,
    overloaded,
];

fn interval(recall: &RecallEstimate) -> String {
    format!(
        "recall@{} {} (95 %: {} to {}) over {} queries",
        recall.k,
        share(recall.mean),
        share(recall.low),
        share(recall.high),
        count(recall.queries)
    )
}

/// The whole interval lies below the target.
fn recall_below_target(report: &Report) -> Vec<Finding> {
    let thresholds = &report.settings.thresholds;
    let below = report.steady().operations.iter().filter_map(|operation| {
        let recall = operation.recall.as_ref()?;
        let own = thresholds.operations.get(&operation.name);
        let target = own.and_then(|own| own.min_recall).or(thresholds.min_recall)?;
        (recall.high < target).then(|| {
            let mut finding = Finding::new(
                Rule::RecallBelowTarget,
                Severity::Problem,
                "recall is below the target at this setting",
                "raise ef_search (or the engine's like of it) until the lower end of the interval reaches the target; \
                 where that stops helping, build with more links (m, ef_construction)",
            )
            .about(&operation.name)
            .shown_by(interval(recall))
            .shown_by(format!("the target is {}", share(target)));
            finding.evidence.extend(candidates(report));
            finding
        })
    });
    below.collect()
}

fn candidates(report: &Report) -> Option<String> {
    let parameters = &report.workload.as_ref()?.parameters;
    parameters
        .get("ef_search")
        .map(|ef| format!("ef_search {ef}"))
}

/// Recall gained below which a setting that costs more found nothing more.
const NOTHING_MORE: f64 = 0.002;
/// How much slower it must be to be worth a word.
const COSTS_MORE: f64 = 1.2;

/// Of one operation at several settings, a slower one finds nothing more; or the only one is at the ceiling.
fn ef_saturated(report: &Report) -> Vec<Finding> {
    let next =
        "take the cheaper setting, and spend the time on something that recall still gains from";
    let operations = report.steady_phases().flat_map(|phase| &phase.operations);
    let mut settings: Vec<_> = operations
        .filter_map(|it| Some((it, it.recall.as_ref()?, it.latency.as_ref()?)))
        .collect();
    settings.sort_by(|a, b| a.2.mean_seconds.total_cmp(&b.2.mean_seconds));
    let pairs = settings
        .iter()
        .enumerate()
        .filter_map(|(at, (dear, more, slow))| {
            let family = OperationReport::family(&dear.name);
            // The cheapest of those that find as much.
            let (cheap, less, fast) = settings[..at].iter().find(|(cheap, less, fast)| {
                OperationReport::family(&cheap.name) == family
                    && less.k == more.k
                    && more.mean - less.mean <= NOTHING_MORE
                    && slow.mean_seconds >= COSTS_MORE * fast.mean_seconds
            })?;
            Some(
                Finding::new(
                    Rule::EfSaturated,
                    Severity::Note,
                    "more candidates cost time and find nothing more",
                    next,
                )
                .about(&dear.name)
                .shown_by(interval(more))
                .shown_by(format!("{}: {}", cheap.name, interval(less)))
                .shown_by(format!(
                    "mean {} against {}",
                    duration(slow.mean_seconds),
                    duration(fast.mean_seconds)
                )),
            )
        });
    let mut found: Vec<_> = pairs.collect();
    if let [(only, recall, latency)] = settings[..]
        && recall.mean >= 1.0 - NOTHING_MORE / 2.0
        && let Some(candidates) = candidates(report)
    {
        let next = "measure with half as many candidates: latency falls about in proportion, and recall may not";
        found.push(
            Finding::new(
                Rule::EfSaturated,
                Severity::Note,
                "recall is at its ceiling: more candidates cannot find more",
                next,
            )
            .about(&only.name)
            .shown_by(interval(recall))
            .shown_by(candidates)
            .shown_by(format!("mean {}", duration(latency.mean_seconds))),
        );
    }
    found
}

fn errors(report: &Report) -> Vec<Finding> {
    let failed = report.steady().operations.iter().filter(|it| it.errors > 0);
    failed
        .map(|it| {
            let part = 100.0 * it.errors as f64 / it.count.max(1) as f64;
            let severity = if part >= 1.0 {
                Severity::Problem
            } else {
                Severity::Warning
            };
            let finding = Finding::new(
                Rule::Errors,
                severity,
                "operations ended in errors: their latencies are in the distribution, too",
                "find out why before comparing latencies: an error is often quicker than an answer",
            )
            .about(&it.name)
            .shown_by(format!(
                "{} of {} ({})",
                count(it.errors),
                count(it.count),
                percent(part)
            ));
            match &it.error_latency {
                Some(latency) => {
                    finding.shown_by(format!("p50 of them {}", duration(latency.p50_seconds)))
                }
                None => finding,
            }
        })
        .collect()
}

/// A latency this many times the median is a stall, during which a closed loop sends nothing.
const STALL: f64 = 20.0;

/// Operations that would have come during stalls, at the median's pace.
fn hidden(latency: &Distribution) -> f64 {
    let median = latency.p50_seconds;
    let buckets = latency.buckets.iter().map(|&(index, count)| {
        let seconds = Distribution::log2_seconds(f64::from(index)).exp2();
        let missed = if seconds > STALL * median {
            seconds / median - 1.0
        } else {
            0.0
        };
        missed * count as f64
    });
    buckets.sum()
}

fn coordinated_omission(report: &Report) -> Vec<Finding> {
    let closed = report
        .workload
        .as_ref()
        .is_some_and(|it| it.arrival == "closed loop");
    let stalled = report.steady().operations.iter().filter_map(|operation| {
        let latency = operation.latency.as_ref().filter(|it| it.count >= 100 && it.p50_seconds > 0.0)?;
        let hidden = hidden(latency);
        let part = 100.0 * hidden / latency.count as f64;
        (closed && operation.service_time.is_none() && part >= 1.0).then(|| {
            Finding::new(
                Rule::CoordinatedOmission,
                Severity::Warning,
                "stalls in a closed loop: who would have come meanwhile was not counted",
                "measure with an open loop (vecperf bench --rate N): its latencies count from when a query was due",
            )
            .about(&operation.name)
            .shown_by(format!(
                "the longest took {}, {} times the median of {}",
                duration(latency.max_seconds),
                count((latency.max_seconds / latency.p50_seconds) as u64),
                duration(latency.p50_seconds)
            ))
            .shown_by(format!(
                "about {} operations ({} of those counted) would have waited in stalls",
                count(hidden as u64),
                percent(part)
            ))
        })
    });
    stalled.collect()
}

fn overloaded(report: &Report) -> Vec<Finding> {
    let Some((workload, asked)) = report.workload.as_ref().and_then(|it| Some((it, it.rate?)))
    else {
        return Vec::new();
    };
    let queue = |it: &OperationReport| {
        let (latency, service) = (it.latency.as_ref()?, it.service_time.as_ref()?);
        let waited = latency.mean_seconds - service.mean_seconds;
        (waited > service.mean_seconds || it.per_second < 0.97 * asked)
            .then_some((waited, service.mean_seconds))
    };
    let found = report.steady().operations.iter().filter_map(|it| {
        let (waited, service) = queue(it)?;
        let mut finding = Finding::new(
            Rule::Overloaded,
            Severity::Problem,
            "the load is more than is served: queries wait longer than they take",
            "take a lower rate, or more threads where CPUs are idle; latency at this load is that of the queue",
        )
        .about(&it.name)
        .shown_by(format!("{} asked, {} served", rate(asked), rate(it.per_second)))
        .shown_by(format!("mean {} waiting, {} served", duration(waited), duration(service)));
        finding.evidence.extend(workload.late.map(|late| format!("{} started late", count(late))));
        Some(finding)
    });
    found.collect()
}
