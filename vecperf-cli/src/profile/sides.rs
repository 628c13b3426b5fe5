//! Which samples: one cut of the profile, or two sides that are compared, and what they are called.

use std::collections::BTreeSet;

use vecperf::profile::{OperationCounts, Profile, Sample, names as keys};

use super::base::Base;
use super::names;
use super::stacks::Pair;
use super::unit::{Quantity, Unit};
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
    quantity: Quantity,
    cut: Vec<Label<'a>>,
    shown: Set<'a>,
    against: Option<Against<'a>>,
    /// The profile knows operations: samples outside of them are nobody's rest.
    has_operations: bool,
    operations: [Option<u64>; 2],
}

/// What the second side is.
#[derive(Clone, Copy, Debug)]
enum Against<'a> {
    /// Other operations of the same profile.
    Operations(Set<'a>),
    /// An earlier profile.
    Base(&'a Base),
    /// The profile is a difference itself: what shrank.
    Shrunk,
}

/// How the two sides can be told beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Terms {
    /// By this many operations each.
    PerOperation([u64; 2]),
    /// The second side has the first one's total.
    Scaled,
    /// By their values.
    AsTheyAre,
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
    /// A value or a label that no sample has; cohorts of what is a difference already.
    pub(crate) fn new(
        profile: &Profile,
        base: Option<&'a Base>,
        args: &'a SelectionArgs,
    ) -> Result<Self> {
        let value = value(profile, args.value.as_deref())?;
        let cut = labels(args);
        let shown = args.cohort.as_deref().map_or(Set::Everything, Set::of);
        let others = args.against.as_deref().map(|name| match (name, shown) {
            ("rest", Set::Cohort(cohort)) => Set::RestOf(cohort),
            _ => Set::of(name),
        });
        let shrinks = profile.samples.iter().any(|it| it.value(value) < 0);
        let against = match (others, base) {
            (Some(_), _) if shrinks => return Err(no_cohorts_of_a_difference()),
            (Some(set), _) => Some(Against::Operations(set)),
            (None, Some(base)) => Some(Against::Base(base)),
            (None, None) => shrinks.then_some(Against::Shrunk),
        };
        let mut wanted = cut.clone();
        for (flag, set) in [("cohort", Some(shown)), ("against", others)] {
            if let Some(Set::Cohort(text)) = set {
                wanted.push(Label { flag, text });
            }
        }
        for label in wanted {
            label.check(profile)?;
        }
        let (counts, operation) = (profile.operations(), args.operation.as_deref());
        let operations = match against {
            _ if !countable(args) => [None; 2],
            None => [count(&counts, operation, shown), None],
            Some(Against::Operations(set)) => {
                [shown, set].map(|set| count(&counts, operation, set))
            }
            Some(Against::Base(base)) => {
                [&counts, &base.counts].map(|counts| count(counts, operation, shown))
            }
            Some(Against::Shrunk) => [None; 2],
        };
        let value_type = &profile.value_types[value];
        Ok(Self {
            value,
            kind: names::short(&value_type.kind, 30),
            unit: Unit::of(value_type),
            quantity: Quantity::of(value_type),
            cut,
            shown,
            against,
            has_operations: profile.samples.iter().any(is_of_operation),
            operations,
        })
    }

    /// What the sample adds to what is shown, and to what that is compared with; times in nanoseconds. `at`: its number.
    pub(super) fn pair(&self, at: usize, sample: &Sample) -> Pair {
        if !self.cut.iter().all(|label| label.is_on(sample)) {
            return [0.0; 2];
        }
        let value = sample.value(self.value) as f64 * self.unit.factor();
        let (more, less) = (value.max(0.0), (-value).max(0.0));
        let of = |set, value| if self.takes(set, sample) { value } else { 0.0 };
        let pair = match self.against {
            None => [more, 0.0],
            Some(Against::Operations(set)) => return [of(self.shown, more), of(set, more)],
            Some(Against::Base(base)) if at >= base.from => [less, more],
            Some(Against::Base(_) | Against::Shrunk) => [more, less],
        };
        pair.map(|value| of(self.shown, value))
    }

    fn takes(&self, set: Set<'_>, sample: &Sample) -> bool {
        match set {
            Set::Everything => true,
            Set::All => self.is_operation(sample),
            Set::RestOf(cohort) => {
                self.is_operation(sample) && !sample.has_label(keys::COHORT, cohort)
            }
            Set::Cohort(cohort) => sample.has_label(keys::COHORT, cohort),
        }
    }

    fn is_operation(&self, sample: &Sample) -> bool {
        !self.has_operations || is_of_operation(sample)
    }

    /// Two sides are compared.
    pub(crate) fn compared(&self) -> bool {
        self.against.is_some()
    }

    /// The second side is an earlier profile.
    pub(crate) fn has_base(&self) -> bool {
        matches!(self.against, Some(Against::Base(_)))
    }

    /// The profile is a difference itself.
    pub(crate) fn is_difference(&self) -> bool {
        matches!(self.against, Some(Against::Shrunk))
    }

    /// What is drawn is what grew: of a profile that is a difference, and of memory since an earlier profile.
    pub(crate) fn is_growth(&self) -> bool {
        let of_memory = self.quantity != Quantity::Other;
        self.is_difference() || self.has_base() && of_memory
    }

    /// How many operations each side is made of, where the profile says so for all that are shown; and where a value per
    /// operation says something: what is held has not been spent by them.
    pub(crate) fn operations(&self) -> Option<[u64; 2]> {
        if self.quantity == Quantity::Held || self.is_growth() {
            return None;
        }
        match (self.operations, self.against) {
            ([Some(shown), _], None) => Some([shown, 0]),
            ([Some(shown), Some(against)], Some(_)) => Some([shown, against]),
            _ => None,
        }
    }

    /// How two sides are compared: per operation where that is known, else the second by the first one's total, profiles
    /// as they are.
    pub(crate) fn terms(&self) -> Terms {
        match (self.against, self.operations()) {
            (Some(_), Some(operations)) => Terms::PerOperation(operations),
            (Some(Against::Operations(_)), None) => Terms::Scaled,
            _ => Terms::AsTheyAre,
        }
    }

    /// What to multiply each side's values by so that they can be compared.
    pub(crate) fn scale(&self, totals: Pair) -> Pair {
        match self.terms() {
            Terms::AsTheyAre => [1.0, 1.0],
            Terms::PerOperation(operations) => operations.map(|count| 1.0 / count as f64),
            Terms::Scaled if totals[1] > 0.0 => [1.0, totals[0] / totals[1]],
            Terms::Scaled => [1.0, 0.0],
        }
    }

    /// What is shown, without a cohort that is a side's title: `cpu of operation search, phase search`.
    pub(crate) fn subject(&self) -> String {
        let mut labels: Vec<_> = self.cut.iter().map(Label::words).collect();
        if let (Set::Cohort(cohort), Some(Against::Base(_) | Against::Shrunk)) =
            (self.shown, self.against)
        {
            labels.push(format!("cohort {}", names::short(cohort, 40)));
        }
        if labels.is_empty() {
            self.kind.clone()
        } else {
            format!("{} of {}", self.kind, labels.join(", "))
        }
    }

    /// What the two sides are called; empty where there is nothing to tell.
    pub(crate) fn titles(&self) -> [String; 2] {
        match self.against {
            None => [self.shown.title(), String::new()],
            Some(Against::Operations(set)) => [self.shown, set].map(Set::title),
            Some(Against::Base(base)) => base.titles.clone(),
            Some(Against::Shrunk) => ["grown", "shrunk"].map(str::to_owned),
        }
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

fn no_cohorts_of_a_difference() -> Failure {
    Failure::usage(
        "--against: the profile is a difference already, some of its values are negative",
    )
    .remedy("without --against, what grew is shown")
}

/// The position of the value asked for; the last one is what readers of pprof show unless told otherwise.
pub(super) fn value(profile: &Profile, kind: Option<&str>) -> Result<usize> {
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
