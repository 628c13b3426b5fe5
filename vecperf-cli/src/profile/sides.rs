//! Which samples: one cut of the profile, or two that are compared, and what they are called.

use std::collections::BTreeSet;

use vecperf::profile::{OperationCounts, Profile, Sample, names as keys};

use super::names;
use super::unit::Unit;
use crate::args::SelectionArgs;
use crate::exit::{Failure, Result};

/// Which samples are shown, and which they are compared with.
#[derive(Debug)]
pub(crate) struct Sides<'a> {
    /// Which of a sample's values.
    value: usize,
    /// What the values are called: `cpu`.
    kind: String,
    pub(crate) unit: Unit,
    cut: Vec<Label<'a>>,
    shown: Set<'a>,
    against: Option<Set<'a>>,
    /// The profile knows operations: samples outside of them are nobody's rest.
    has_operations: bool,
    operations: [Option<u64>; 2],
}

/// A flag and the label it asks for.
#[derive(Clone, Copy, Debug)]
struct Label<'a> {
    flag: &'static str,
    text: &'a str,
}

/// A set of operations.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Set<'a> {
    /// Everything, also what is no operation's.
    Everything,
    /// All operations.
    All,
    /// Those that are not in this cohort.
    RestOf(&'a str),
    Cohort(&'a str),
}

impl<'a> Sides<'a> {
    /// What the flags ask for.
    ///
    /// # Errors
    /// A value or a label that no sample has.
    pub(crate) fn new(profile: &Profile, args: &'a SelectionArgs) -> Result<Self> {
        let value = value(profile, args.value.as_deref())?;
        let cut = labels(args);
        let shown = args.cohort.as_deref().map_or(Set::Everything, Set::of);
        let against = args.against.as_deref().map(|name| match (name, shown) {
            ("rest", Set::Cohort(cohort)) => Set::RestOf(cohort),
            _ => Set::of(name),
        });
        let mut wanted = cut.clone();
        for (flag, set) in [("cohort", Some(shown)), ("against", against)] {
            if let Some(Set::Cohort(text)) = set {
                wanted.push(Label { flag, text });
            }
        }
        for label in wanted {
            label.check(profile)?;
        }
        let counts = countable(args).then(|| profile.operations());
        let count = |set| {
            counts
                .as_ref()
                .and_then(|counts| count(counts, args.operation.as_deref(), set))
        };
        Ok(Self {
            value,
            kind: names::short(&profile.value_types[value].kind, 30),
            unit: Unit::of(&profile.value_types[value]),
            cut,
            shown,
            against,
            has_operations: profile.samples.iter().any(is_of_operation),
            operations: [count(shown), against.and_then(count)],
        })
    }

    /// Whether the sample belongs to what is shown, and to what that is compared with.
    pub(super) fn takes(&self, sample: &Sample) -> [bool; 2] {
        if !self.cut.iter().all(|label| label.is_on(sample)) {
            return [false; 2];
        }
        let takes = |set: Set<'_>| match set {
            Set::Everything => true,
            Set::All => self.is_operation(sample),
            Set::RestOf(cohort) => {
                self.is_operation(sample) && !sample.has_label(keys::COHORT, cohort)
            }
            Set::Cohort(cohort) => sample.has_label(keys::COHORT, cohort),
        };
        [takes(self.shown), self.against.is_some_and(takes)]
    }

    /// The sample's value; times in nanoseconds.
    pub(super) fn value(&self, sample: &Sample) -> f64 {
        sample.value(self.value).max(0) as f64 * self.unit.factor()
    }

    fn is_operation(&self, sample: &Sample) -> bool {
        !self.has_operations || is_of_operation(sample)
    }

    /// Two sides are compared.
    pub(crate) fn compared(&self) -> bool {
        self.against.is_some()
    }

    /// How many operations each side is made of, where the profile says so for all that are shown.
    pub(crate) fn operations(&self) -> Option<[u64; 2]> {
        match (self.operations, self.against) {
            ([Some(shown), _], None) => Some([shown, 0]),
            ([Some(shown), Some(against)], Some(_)) => Some([shown, against]),
            _ => None,
        }
    }

    /// What to multiply each side's values by so that they can be compared: to a value per operation, else the second
    /// side to the first one's total.
    pub(crate) fn scale(&self, totals: [f64; 2]) -> [f64; 2] {
        match (self.compared(), self.operations()) {
            (false, _) => [1.0, 1.0],
            (true, Some(operations)) => operations.map(|count| 1.0 / count as f64),
            (true, None) if totals[1] > 0.0 => [1.0, totals[0] / totals[1]],
            (true, None) => [1.0, 0.0],
        }
    }

    /// What is shown, without the cohort: `cpu of operation search, phase search`.
    pub(crate) fn subject(&self) -> String {
        let labels: Vec<_> = self.cut.iter().map(Label::words).collect();
        if labels.is_empty() {
            self.kind.clone()
        } else {
            format!("{} of {}", self.kind, labels.join(", "))
        }
    }

    /// What the two sides are called; empty where there is nothing to tell.
    pub(crate) fn titles(&self) -> [String; 2] {
        [self.shown, self.against.unwrap_or(Set::Everything)].map(Set::title)
    }
}

impl<'a> Set<'a> {
    fn of(name: &'a str) -> Self {
        match name {
            keys::ALL => Self::All,
            cohort => Self::Cohort(cohort),
        }
    }

    fn title(self) -> String {
        match self {
            Self::Everything => String::new(),
            Self::All => "all".to_owned(),
            Self::RestOf(_) => "the rest".to_owned(),
            Self::Cohort(cohort) => names::short(cohort, 40),
        }
    }
}

impl<'a> Label<'a> {
    fn is_on(&self, sample: &Sample) -> bool {
        match self.flag {
            "against" => sample.has_label(keys::COHORT, self.text),
            "label" => {
                sample.has_label(keys::LABEL, self.text)
                    || self
                        .text
                        .split_once('=')
                        .is_some_and(|(key, value)| sample.has_label(key, value))
            }
            key => sample.has_label(key, self.text),
        }
    }

    fn words(&self) -> String {
        format!("{} {}", self.flag, names::short(self.text, 40))
    }

    /// # Errors
    /// No sample has it; the nearest ones are told.
    fn check(&self, profile: &Profile) -> Result<()> {
        if profile.samples.iter().any(|sample| self.is_on(sample)) {
            return Ok(());
        }
        let known = self.known(profile);
        let refusal = |why: &str| Failure::usage(format!("--{} {}: {why}", self.flag, self.text));
        if known.is_empty() {
            return Err(
                refusal("the profile has no such labels").remedy("without the flag, it shows all")
            );
        }
        let nearest = known
            .iter()
            .map(|known| (strsim::jaro_winkler(self.text, known), known))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|best| best.0 > 0.8);
        let hint = nearest.map(|(_, known)| format!(" (did you mean {known}?)"));
        Err(
            refusal(&format!("no sample has it{}", hint.unwrap_or_default()))
                .remedy(list(known.iter().map(String::as_str))),
        )
    }

    /// What one could have asked for instead.
    fn known(&self, profile: &Profile) -> BTreeSet<String> {
        /// Enough to choose from, also of a profile with a label a request.
        const MOST: usize = 1000;
        let key = match self.flag {
            "against" => keys::COHORT,
            key => key,
        };
        let mut known = BTreeSet::new();
        let own = [
            keys::OPERATION,
            keys::COHORT,
            keys::PHASE,
            keys::THREAD,
            keys::OUTCOME,
        ];
        for label in profile
            .samples
            .iter()
            .flat_map(|sample| sample.labels.iter())
        {
            if *label.key == *key {
                known.insert(names::short(&label.value.to_string(), 60));
            } else if key == keys::LABEL && !own.contains(&&*label.key) {
                let text = format!("{}={}", label.key, label.value);
                known.insert(names::short(&text, 60));
            }
            if known.len() >= MOST {
                break;
            }
        }
        known
    }
}

/// The position of the value asked for; the last one is what readers of pprof show unless told otherwise.
fn value(profile: &Profile, kind: Option<&str>) -> Result<usize> {
    let Some(kind) = kind else {
        return Ok(profile.value_types.len().saturating_sub(1));
    };
    profile.value_index(kind).ok_or_else(|| {
        let kinds = profile.value_types.iter().map(|value| value.kind.as_str());
        Failure::usage(format!("--value {kind}: no sample has such a value")).remedy(list(kinds))
    })
}

/// The labels that the flags ask for.
fn labels(args: &SelectionArgs) -> Vec<Label<'_>> {
    let flags = [
        (keys::OPERATION, &args.operation),
        (keys::PHASE, &args.phase),
        (keys::THREAD, &args.thread),
        (keys::LABEL, &args.label),
        (keys::OUTCOME, &args.outcome),
    ];
    flags
        .into_iter()
        .filter_map(|(flag, text)| {
            let text = text.as_deref()?;
            Some(Label { flag, text })
        })
        .collect()
}

/// The numbers of operations are known of whole cohorts only.
fn countable(args: &SelectionArgs) -> bool {
    args.phase.is_none() && args.thread.is_none() && args.label.is_none() && args.outcome.is_none()
}

fn count(counts: &OperationCounts, operation: Option<&str>, set: Set<'_>) -> Option<u64> {
    let count = match set {
        // CPU time of several operations, and of none, over their sum says nothing.
        Set::Everything if operation.is_none() && counts.names().count() != 1 => None,
        Set::Everything | Set::All => counts.of(operation, keys::ALL),
        Set::Cohort(cohort) => counts.of(operation, cohort),
        Set::RestOf(cohort) => {
            let all = counts.of(operation, keys::ALL)?;
            all.checked_sub(counts.of(operation, cohort)?)
        }
    };
    count.filter(|count| *count > 0)
}

fn is_of_operation(sample: &Sample) -> bool {
    sample.label(keys::OPERATION).is_some()
}

/// `build, search, …`
fn list<'a>(known: impl Iterator<Item = &'a str>) -> String {
    const MOST: usize = 20;
    let mut known: Vec<_> = known
        .take(MOST + 1)
        .map(|known| names::short(known, 60))
        .collect();
    if known.len() > MOST {
        known[MOST] = "…".to_owned();
    }
    known.join(", ")
}
