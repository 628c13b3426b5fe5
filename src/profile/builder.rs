//! A profile put together from parts that repeat: each distinct mapping, function, location and text is kept once.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use super::names::{COUNT, CPU, NANOSECONDS, SAMPLES};
use super::{
    Function, Label, LabelValue, Location, Mapping, OperationCounts, Profile, Sample, ValueType,
};

/// Builds a [`Profile`]. Parts that are equal become one; samples are kept as they come.
///
/// ```
/// use vecperf::profile::{Builder, Function, Line, Location, names};
///
/// let mut builder = Builder::cpu(1_000_000);
/// let function = builder.function(Function { name: "search".into(), ..Function::default() });
/// let location = builder.location(Location {
///     lines: vec![Line { function, line: 7 }],
///     ..Location::default()
/// });
/// let labels = vec![builder.label(names::OPERATION, "search")];
/// builder.sample(vec![location], vec![3, 3_000_000], labels);
///
/// let profile = builder.finish();
/// assert_eq!(profile.total(profile.value_index("cpu").unwrap()), 3_000_000);
/// assert!(profile.check().is_ok());
/// ```
#[derive(Debug, Default)]
pub struct Builder {
    profile: Profile,
    mappings: HashMap<Mapping, u32>,
    functions: HashMap<Function, u32>,
    locations: HashMap<Location, u32>,
    texts: HashSet<Arc<str>>,
    labels: HashSet<Arc<[Label]>>,
}

impl Builder {
    /// An empty profile whose samples carry one value of each of these types.
    pub fn new(value_types: Vec<ValueType>) -> Self {
        Self {
            profile: Profile {
                value_types,
                ..Profile::default()
            },
            ..Self::default()
        }
    }

    /// A CPU profile with this period in nanoseconds: its samples carry how many they are and their CPU time.
    pub fn cpu(period_ns: i64) -> Self {
        let cpu = ValueType::new(CPU, NANOSECONDS);
        let mut builder = Self::new(vec![ValueType::new(SAMPLES, COUNT), cpu.clone()]);
        builder.profile.period_type = cpu;
        builder.profile.period = period_ns;
        builder
    }

    /// How far two samples are apart on average, and in what.
    pub fn period(&mut self, what: ValueType, period: i64) {
        self.profile.period_type = what;
        self.profile.period = period;
    }

    /// The names of the functions at a location, innermost first; none for one that does not exist.
    pub fn functions_at(&self, location: u32) -> impl Iterator<Item = &str> {
        let location = self.profile.locations.get(location as usize);
        let lines = location.map_or(&[][..], |location| &location.lines);
        let functions = lines.iter().map(|line| line.function as usize);
        functions.filter_map(|function| Some(self.profile.functions.get(function)?.name.as_str()))
    }

    /// When it began (nanoseconds since 1970) and how long it took (nanoseconds).
    pub fn time(&mut self, began_nanos: i64, duration_nanos: i64) {
        self.profile.time_nanos = began_nanos;
        self.profile.duration_nanos = duration_nanos;
    }

    /// Adds a remark.
    pub fn comment(&mut self, text: impl Into<String>) {
        self.profile.comments.push(text.into());
    }

    /// Says how many operations the profile covers; read back by [`Profile::operations`].
    pub fn operations(&mut self, counts: &OperationCounts) {
        self.profile.comments.push(counts.to_comment());
    }

    /// The mapping's index.
    pub fn mapping(&mut self, mapping: Mapping) -> u32 {
        index_of(mapping, &mut self.mappings, &mut self.profile.mappings)
    }

    /// The function's index.
    pub fn function(&mut self, function: Function) -> u32 {
        index_of(function, &mut self.functions, &mut self.profile.functions)
    }

    /// The location's index.
    pub fn location(&mut self, location: Location) -> u32 {
        index_of(location, &mut self.locations, &mut self.profile.locations)
    }

    /// A label whose value is a text.
    pub fn label(&mut self, key: &str, text: &str) -> Label {
        Label {
            key: self.text(key),
            value: LabelValue::Text(self.text(text)),
        }
    }

    /// A label whose value is a number; `unit` may be empty.
    pub fn number(&mut self, key: &str, number: i64, unit: &str) -> Label {
        Label {
            key: self.text(key),
            value: LabelValue::Number(number, self.text(unit)),
        }
    }

    /// Adds a sample: locations leaf first, one value for each of the types.
    pub fn sample(&mut self, locations: Vec<u32>, values: Vec<i64>, labels: Vec<Label>) {
        let labels = self.shared(labels);
        self.profile.samples.push(Sample {
            locations,
            values,
            labels,
        });
    }

    /// The profile.
    pub fn finish(self) -> Profile {
        self.profile
    }

    /// The one copy of these labels.
    fn shared(&mut self, labels: Vec<Label>) -> Arc<[Label]> {
        if let Some(known) = self.labels.get(labels.as_slice()) {
            return Arc::clone(known);
        }
        let new: Arc<[Label]> = labels.into();
        self.labels.insert(Arc::clone(&new));
        new
    }

    /// The one copy of a text.
    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&new));
        new
    }
}

impl ValueType {
    /// A quantity and its unit.
    pub fn new(kind: impl Into<String>, unit: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            unit: unit.into(),
        }
    }
}

/// Where `part` stands in `list`; added when it is new.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a list of 2^32 parts needs over 100 GB; profilers bound theirs far below"
)]
fn index_of<T: Clone + Eq + Hash>(part: T, known: &mut HashMap<T, u32>, list: &mut Vec<T>) -> u32 {
    *known.entry(part).or_insert_with_key(|part| {
        list.push(part.clone());
        (list.len() - 1) as u32
    })
}

#[cfg(test)]
mod tests {
    use super::super::names::OPERATION;
    use super::*;

    #[test]
    fn equal_parts_are_kept_once() {
        let mut builder = Builder::default();
        let function = |name: &str| Function {
            name: name.into(),
            ..Function::default()
        };
        assert_eq!(builder.function(function("a")), 0);
        assert_eq!(builder.function(function("b")), 1);
        assert_eq!(builder.function(function("a")), 0);
        let (first, again) = (builder.label("k", "v"), builder.label("k", "v"));
        assert!(Arc::ptr_eq(&first.key, &again.key));
        assert_eq!(builder.finish().functions.len(), 2);
    }

    #[test]
    fn samples_with_equal_labels_share_them() {
        let mut builder = Builder::cpu(1);
        for text in ["search", "search", "insert"] {
            let label = builder.label(OPERATION, text);
            builder.sample(vec![], vec![1, 1], vec![label]);
        }
        let samples = builder.finish().samples;
        assert!(Arc::ptr_eq(&samples[0].labels, &samples[1].labels));
        assert_ne!(samples[1].labels, samples[2].labels);
    }
}
