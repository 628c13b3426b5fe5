//! What is in a profile: its totals and labels, and a cut to the samples that carry one.

use std::collections::BTreeMap;
use std::fmt;

use super::{LabelValue, Profile, Sample};

impl Profile {
    /// Which of a sample's values counts this kind (`cpu`, `samples`).
    pub fn value_index(&self, kind: &str) -> Option<usize> {
        self.value_types.iter().position(|t| t.kind == kind)
    }

    /// The sum of one value over all samples; 0 for a value that does not exist.
    pub fn total(&self, value: usize) -> i64 {
        self.samples
            .iter()
            .fold(0, |sum, sample| sum.saturating_add(sample.value(value)))
    }

    /// The values that a label has in this profile, each with its total of one value: what a user can choose from.
    ///
    /// A sample in several cohorts counts in each of them.
    pub fn totals_by_label(&self, key: &str, value: usize) -> BTreeMap<String, i64> {
        let mut totals: BTreeMap<String, i64> = BTreeMap::new();
        for sample in &self.samples {
            for text in sample.labels(key) {
                let total = totals.entry(text.to_string()).or_default();
                *total = total.saturating_add(sample.value(value));
            }
        }
        totals
    }

    /// Keeps the samples whose label `key` has this text among its values, and drops the others.
    ///
    /// ```
    /// use vecperf::profile::{Builder, names};
    ///
    /// let mut builder = Builder::cpu(1_000_000);
    /// for (cohort, ns) in [(Some(names::ABOVE_P99), 5), (None, 7)] {
    ///     let labels = cohort.map(|cohort| builder.label(names::COHORT, cohort));
    ///     builder.sample(vec![], vec![1, ns], labels.into_iter().collect());
    /// }
    /// let mut profile = builder.finish();
    /// profile.retain_label(names::COHORT, names::ABOVE_P99);
    /// assert_eq!(profile.total(1), 5);
    /// ```
    pub fn retain_label(&mut self, key: &str, text: &str) {
        self.samples.retain(|sample| sample.has_label(key, text));
    }
}

impl Sample {
    /// One of its values; 0 for one that does not exist.
    pub fn value(&self, index: usize) -> i64 {
        self.values.get(index).copied().unwrap_or(0)
    }

    /// The first value of a label.
    pub fn label(&self, key: &str) -> Option<&LabelValue> {
        let label = self.labels.iter().find(|label| *label.key == *key)?;
        Some(&label.value)
    }

    /// All values of a label, in their order.
    pub fn labels<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a LabelValue> {
        self.labels
            .iter()
            .filter(move |label| *label.key == *key)
            .map(|label| &label.value)
    }

    /// Whether one of the label's values is this text. A number is compared as it is displayed.
    pub fn has_label(&self, key: &str, text: &str) -> bool {
        self.labels(key).any(|value| match value {
            LabelValue::Text(own) => **own == *text,
            LabelValue::Number(..) => value.to_string() == text,
        })
    }
}

/// The text, or the number with its unit after a space.
impl fmt::Display for LabelValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number, unit) if unit.is_empty() => write!(f, "{number}"),
            Self::Number(number, unit) => write!(f, "{number} {unit}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Builder, names};

    #[test]
    fn a_slow_query_is_found_in_each_of_its_cohorts() {
        let mut builder = Builder::cpu(1);
        let slow = vec![
            builder.label(names::COHORT, names::ABOVE_P50),
            builder.label(names::COHORT, names::ABOVE_P90),
            builder.number(names::THREAD, 17, ""),
        ];
        let middling = vec![builder.label(names::COHORT, names::ABOVE_P50)];
        builder.sample(vec![], vec![1, 30], slow);
        builder.sample(vec![], vec![1, 20], middling);
        builder.sample(vec![], vec![1, 10], vec![]);

        let profile = builder.finish();
        assert_eq!(profile.total(1), 60);
        assert_eq!(profile.total(9), 0);
        let cohorts = profile.totals_by_label(names::COHORT, 1);
        assert_eq!(
            cohorts.into_iter().collect::<Vec<_>>(),
            [("above_p50".to_owned(), 50), ("above_p90".to_owned(), 30)]
        );
        for (key, text, kept) in [
            (names::COHORT, "above_p50", 50),
            (names::COHORT, "above_p90", 30),
            (names::COHORT, "above_p99", 0),
            (names::THREAD, "17", 30),
        ] {
            let mut cut = profile.clone();
            cut.retain_label(key, text);
            assert_eq!(cut.total(1), kept, "{key}={text}");
        }
    }
}
