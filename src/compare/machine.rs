//! Whether the runs can be compared at all: the machine, the data, the settings, the length.

use serde::{Deserialize, Serialize};

use crate::report::Report;

/// What of a machine decides over figures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// System and architecture: `linux x86_64`.
    pub system: String,
    /// The processor's name.
    pub cpu_model: String,
    /// CPUs of the machine.
    pub cpus: u32,
    /// Physical memory, GiB, rounded; absent when unknown.
    pub memory_gib: Option<u64>,
    /// Kernel release.
    pub kernel: String,
}

impl Fingerprint {
    /// The machine that `report` was made on.
    pub fn of(report: &Report) -> Self {
        let machine = &report.environment;
        Self {
            system: format!("{} {}", machine.os, machine.architecture),
            cpu_model: machine.cpu_model.clone(),
            cpus: machine.cpus,
            memory_gib: machine.memory_bytes.map(|bytes| (bytes + (1 << 29)) >> 30),
            kernel: machine.kernel.clone(),
        }
    }

    /// What differs: `cpu model: A, B`.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let memory = |it: &Self| {
            it.memory_gib
                .map_or("unknown".to_owned(), |gib| format!("{gib} GiB"))
        };
        let rows = [
            ("system", self.system.clone(), other.system.clone()),
            ("processor", self.cpu_model.clone(), other.cpu_model.clone()),
            ("CPUs", self.cpus.to_string(), other.cpus.to_string()),
            ("memory", memory(self), memory(other)),
            ("kernel", self.kernel.clone(), other.kernel.clone()),
        ];
        let differing = rows.into_iter().filter(|(_, one, another)| one != another);
        differing
            .map(|(what, one, another)| format!("{what}: {one}, {another}"))
            .collect()
    }
}

/// Notes on what may make the comparison one of something else.
pub(super) fn notes(base: &[&Report], new: &[&Report]) -> Vec<String> {
    let mut notes = Vec::new();
    let (Some(first), Some(other)) = (base.first(), new.first()) else {
        return vec!["a side has no run: nothing can be compared".to_owned()];
    };
    let mut seen = Vec::new();
    for report in base.iter().chain(new).skip(1) {
        for difference in Fingerprint::of(first).differences(&Fingerprint::of(report)) {
            if !seen.contains(&difference) {
                notes.push(format!(
                    "different machines ({difference}): a change may be theirs"
                ));
                seen.push(difference);
            }
        }
    }
    if let (Some(one), Some(another)) = (&first.workload, &other.workload) {
        let rows = [
            ("data set", one.dataset.clone(), another.dataset.clone()),
            (
                "vectors",
                one.vectors.to_string(),
                another.vectors.to_string(),
            ),
            ("engine", one.engine.clone(), another.engine.clone()),
            ("k", one.k.to_string(), another.k.to_string()),
            (
                "threads",
                one.threads.to_string(),
                another.threads.to_string(),
            ),
            ("arrival", one.arrival.clone(), another.arrival.clone()),
        ];
        let differing = rows.into_iter().filter(|(_, one, another)| one != another);
        notes.extend(
            differing
                .map(|(what, one, another)| format!("different work ({what}: {one}, {another})")),
        );
    }
    let cut = base
        .iter()
        .chain(new)
        .filter(|report| !report.complete)
        .count();
    if cut > 0 {
        notes.push(format!("runs cut short: {cut}"));
    }
    notes
}
