//! How many operations a profile covers, so that its times can be told per operation. pprof has no place for it; it
//! stands in a comment.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Profile;
#[cfg(doc)]
use super::names;

/// What the comment begins with. A JSON object follows: operation → cohort → how many, where the cohort
/// [`names::ALL`] is every one of the operation:
/// `operations: {"search":{"above_p99":200,"all":20000}}`.
const PREFIX: &str = "operations: ";

/// How many operations ended while the profile was taken: of each operation, and of each of its cohorts.
///
/// ```
/// use vecperf::profile::{Builder, OperationCounts, names};
///
/// let mut counts = OperationCounts::default();
/// counts.set("search", names::ALL, 20_000);
/// counts.set("search", names::ABOVE_P99, 200);
/// let mut builder = Builder::cpu(1_000_000);
/// builder.operations(&counts);
/// let profile = builder.finish();
///
/// assert_eq!(profile.comments[0], r#"operations: {"search":{"above_p99":200,"all":20000}}"#);
/// assert_eq!(profile.operations().of(Some("search"), names::ABOVE_P99), Some(200));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OperationCounts(BTreeMap<String, BTreeMap<String, u64>>);

impl OperationCounts {
    /// Sets how many of an operation belong to a cohort; [`names::ALL`] for all of them.
    pub fn set(&mut self, operation: &str, cohort: &str, count: u64) {
        self.0
            .entry(operation.to_owned())
            .or_default()
            .insert(cohort.to_owned(), count);
    }

    /// How many of an operation, or of all operations together, belong to a cohort. `None`: the profile does not say.
    pub fn of(&self, operation: Option<&str>, cohort: &str) -> Option<u64> {
        self.0
            .iter()
            .filter(|(name, _)| operation.is_none_or(|wanted| wanted == *name))
            .filter_map(|(_, cohorts)| cohorts.get(cohort))
            .copied()
            .reduce(u64::saturating_add)
    }

    /// The operations, in the order of their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(super) fn to_comment(&self) -> String {
        let json = serde_json::to_string(self).unwrap_or_default(); // maps of text to numbers are always JSON
        format!("{PREFIX}{json}")
    }
}

impl Profile {
    /// How many operations the profile covers; empty when it does not say: it was not written by vecperf.
    pub fn operations(&self) -> OperationCounts {
        self.comments
            .iter()
            .filter_map(|comment| comment.strip_prefix(PREFIX))
            .find_map(|json| serde_json::from_str(json).ok())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::names;
    use super::*;

    #[test]
    fn counts_of_several_operations_add_up() {
        let mut counts = OperationCounts::default();
        counts.set("insert", names::ALL, 5);
        counts.set("search", names::ALL, 100);
        counts.set("search", names::ABOVE_P90, 10);
        for (operation, cohort, expected) in [
            (None, names::ALL, Some(105)),
            (None, names::ABOVE_P90, Some(10)),
            (Some("insert"), names::ALL, Some(5)),
            (Some("insert"), names::ABOVE_P90, None),
            (Some("delete"), names::ALL, None),
        ] {
            assert_eq!(
                counts.of(operation, cohort),
                expected,
                "{operation:?} {cohort}"
            );
        }
    }

    #[test]
    fn a_comment_of_somebody_else_is_no_count() {
        for comment in ["operations: many", "operations: [1]", "hello"] {
            let profile = Profile {
                comments: vec![comment.to_owned()],
                ..Profile::default()
            };
            assert_eq!(profile.operations(), OperationCounts::default());
        }
    }
}
