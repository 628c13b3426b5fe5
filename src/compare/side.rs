//! The runs of a side, by setting and operation.

use std::collections::BTreeMap;

use super::estimate::Run;
use crate::report::{OperationReport, PhaseReport, Report};

/// The parameters of a run: what tells one setting from another.
type Setting = BTreeMap<String, String>;

/// Runs with one setting.
pub(super) struct Group<'a> {
    pub(super) setting: Setting,
    pub(super) reports: Vec<&'a Report>,
}

/// All runs of a side.
pub(super) struct Side<'a> {
    pub(super) groups: Vec<Group<'a>>,
}

impl<'a> Side<'a> {
    pub(super) fn new(reports: &[&'a Report]) -> Self {
        let mut groups: Vec<Group<'a>> = Vec::new();
        for &report in reports {
            let setting = report
                .workload
                .as_ref()
                .map(|it| it.parameters.clone())
                .unwrap_or_default();
            match groups.iter_mut().find(|group| group.setting == setting) {
                Some(group) => group.reports.push(report),
                None => groups.push(Group {
                    setting,
                    reports: vec![report],
                }),
            }
        }
        Self { groups }
    }
}

impl Group<'_> {
    /// The operations of the steady phases, in the order of the first report that has them.
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        let phases = self.reports.iter().flat_map(|it| it.steady_phases());
        for operation in phases.flat_map(|phase| &phase.operations) {
            if !names.contains(&operation.name.as_str()) {
                names.push(&operation.name);
            }
        }
        names
    }

    /// Of each run the first steady phase in which `name` ended.
    fn phases(&self, name: &str) -> Vec<&PhaseReport> {
        let has = |phase: &&PhaseReport| phase.operation(name).is_some();
        let found = self.reports.iter();
        let found = found.filter_map(|report| report.steady_phases().find(has));
        found.collect()
    }

    /// `name` in each of the runs that have it.
    pub(super) fn operation(&self, name: &str) -> Vec<&OperationReport> {
        let found = self.phases(name).into_iter();
        found.filter_map(|phase| phase.operation(name)).collect()
    }

    /// `name` in each of the runs, for estimates.
    pub(super) fn runs(&self, name: &str) -> Vec<Run> {
        let found = self.phases(name).into_iter();
        found.filter_map(|phase| Run::new(phase, name)).collect()
    }

    /// Whether the process's CPU time in a phase is told by `name`.
    pub(super) fn is_main(&self, name: &str) -> bool {
        let phases = self.phases(name);
        let main = phases.first().and_then(|phase| phase.main_operation());
        main.is_some_and(|it| it.name == name)
    }
}

/// The same operation and setting on both sides.
pub(super) struct Pair<'a> {
    pub(super) base: &'a Group<'a>,
    pub(super) new: &'a Group<'a>,
    /// What to call it, where a side has several settings.
    pub(super) setting: Option<String>,
}

impl Pair<'_> {
    /// Whether nothing tells what differs from run to run: there is one on each side.
    pub(super) fn is_one_run_a_side(&self) -> bool {
        self.base.reports.len() == 1 && self.new.reports.len() == 1
    }
}

/// What is compared with what. Where each side has one setting, these; else equal ones.
pub(super) fn pairs<'a>(
    base: &'a Side<'a>,
    new: &'a Side<'a>,
    notes: &mut Vec<String>,
) -> Vec<Pair<'a>> {
    if let ([one], [another]) = (&base.groups[..], &new.groups[..]) {
        let changed = difference(&one.setting, &another.setting);
        if !changed.is_empty() {
            notes.push(format!("different settings ({changed})"));
        }
        return vec![Pair {
            base: one,
            new: another,
            setting: None,
        }];
    }
    let mut pairs = Vec::new();
    for group in &base.groups {
        match new.groups.iter().find(|it| it.setting == group.setting) {
            Some(same) => pairs.push(Pair {
                base: group,
                new: same,
                setting: Some(in_words(&group.setting, base)),
            }),
            None => notes.push(format!(
                "only the base has the setting {}",
                in_words(&group.setting, base)
            )),
        }
    }
    let only_new = new
        .groups
        .iter()
        .filter(|it| !base.groups.iter().any(|group| group.setting == it.setting));
    notes.extend(only_new.map(|it| {
        format!(
            "only the new runs have the setting {}",
            in_words(&it.setting, new)
        )
    }));
    pairs
}

fn difference(one: &Setting, another: &Setting) -> String {
    let keys: std::collections::BTreeSet<_> = one.keys().chain(another.keys()).collect();
    let value =
        |of: &Setting, key: &str| of.get(key).cloned().unwrap_or_else(|| "unset".to_owned());
    let changed = keys
        .into_iter()
        .filter(|key| one.get(*key) != another.get(*key));
    let changed: Vec<_> = changed
        .map(|key| format!("{key}: {}, {}", value(one, key), value(another, key)))
        .collect();
    changed.join("; ")
}

/// The parameters in which the groups of the side differ: `ef_search=64`.
pub(super) fn in_words(setting: &Setting, side: &Side<'_>) -> String {
    let differs = |key: &str| {
        side.groups
            .iter()
            .any(|group| group.setting.get(key) != setting.get(key))
    };
    let told = setting
        .iter()
        .filter(|(key, _)| side.groups.len() == 1 || differs(key));
    let told: Vec<_> = told.map(|(key, value)| format!("{key}={value}")).collect();
    told.join(" ")
}
