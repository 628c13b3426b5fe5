//! What a profile says about a program.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use vecperf::Report;
use vecperf::export::pprof;
use vecperf::profile::{Profile, Sample};

const FILE: &str = "profiling_data.prof";
const REPORT: &str = "performance_metrics.json";
/// More than any of these profiles.
const LIMIT: usize = 256 << 20;

/// A profile, and the report beside it.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) profile: Profile,
    pub(crate) report: Report,
    cpu: usize,
}

impl Seen {
    pub(crate) fn read(output: &Path) -> Option<Self> {
        let bytes = fs::read(output.join(FILE)).ok()?;
        let report = fs::read(output.join(REPORT)).unwrap_or_default();
        let profile = pprof::read(&bytes, LIMIT).unwrap_or_else(|error| panic!("{error}"));
        assert!(profile.check().is_ok(), "{:?}", profile.check());
        Some(Self {
            cpu: profile.value_index("cpu").unwrap(),
            profile,
            report: serde_json::from_slice(&report).unwrap(),
        })
    }

    /// The same, with names found elsewhere.
    pub(crate) fn with(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// CPU seconds in all.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        self.profile.total(self.cpu) as f64 / 1e9
    }

    /// CPU seconds of the samples that `which` picks.
    pub(crate) fn seconds(&self, which: impl Fn(&Sample) -> bool) -> f64 {
        let picked = self.profile.samples.iter().filter(|sample| which(sample));
        picked.map(|sample| sample.value(self.cpu)).sum::<i64>() as f64 / 1e9
    }

    /// The names on a sample's stack, leaf first, inlined functions too.
    pub(crate) fn stack<'a>(&'a self, sample: &'a Sample) -> impl Iterator<Item = &'a str> {
        let locations = sample.locations.iter();
        locations
            .flat_map(|at| &self.profile.locations[*at as usize].lines)
            .map(|line| bare(&self.profile.functions[line.function as usize].name))
    }

    /// The function, of `known` ones, that the sample is in: the innermost on its stack.
    pub(crate) fn function<'a>(&'a self, sample: &'a Sample, known: &[&'a str]) -> Option<&'a str> {
        self.stack(sample).find(|name| known.contains(name))
    }

    /// CPU seconds by function, of `known` ones.
    pub(crate) fn by_function(&self, known: &[&str]) -> BTreeMap<String, f64> {
        let mut all = BTreeMap::new();
        for sample in &self.profile.samples {
            if let Some(function) = self.function(sample, known) {
                *all.entry(function.to_owned()).or_default() += sample.value(self.cpu) as f64 / 1e9;
            }
        }
        all
    }
}

/// A function's own name: without path, type arguments, parameters and return type.
pub(crate) fn bare(name: &str) -> &str {
    let name = name.split(['<', '(']).next().unwrap_or(name);
    let name = match name.rsplit_once("::h") {
        Some((path, hash)) if hash.len() == 16 => path,
        _ => name,
    };
    name.rsplit([':', ' ']).next().unwrap_or(name)
}

#[test]
fn a_bare_name_is_what_a_programmer_calls_it() {
    for (name, expected) in [
        ("vecperf_profiled::spin::ninety", "ninety"),
        (
            "vecperf_profiled::spin::ninety::h0123456789abcdef",
            "ninety",
        ),
        (
            "float profiled::cpp_distance<float>(float const*, float const*)",
            "cpp_distance",
        ),
        ("qsort", "qsort"),
    ] {
        assert_eq!(bare(name), expected);
    }
}
