//! The samples by call stack.

use vecperf::profile::{Profile, Sample};

use super::order;
use super::places::{self, Places};
use super::sides::Sides;
use crate::exit::{Failure, Result};

/// Frames that are kept, of all stacks together: 256 MB. Beyond it a stack is told by its first frames only. A profile
/// of 100 MB has some 20 million; one that was made to hurt may unfold to any number.
const MOST_FRAMES: usize = 1 << 26;

/// A value of each side.
pub(super) type Pair = [f64; 2];

/// Call stacks, and what was observed at each: of what is shown, and of what that is compared with.
#[derive(Debug, Default)]
pub(crate) struct Stacks {
    /// Functions by number, in the order of their names.
    pub(super) functions: Vec<Function>,
    /// The frames of all stacks, root first.
    frames: Vec<u32>,
    stacks: Vec<Stack>,
    /// Sums over all stacks.
    pub(crate) totals: Pair,
    /// Stacks that were cut to hold the bound.
    cut: u64,
}

/// A function as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) file: String,
}

#[derive(Clone, Copy, Debug)]
struct Stack {
    start: usize,
    end: usize,
    values: Pair,
}

impl Stacks {
    /// The samples of both sides.
    ///
    /// # Errors
    /// There are none to show.
    pub(crate) fn new(profile: &Profile, sides: &Sides<'_>) -> Result<Self> {
        let sums = by_addresses(profile, sides);
        let (functions, places) = places::functions(profile);
        let mut stacks = Self {
            functions,
            ..Self::default()
        };
        for (addresses, values) in sums {
            stacks.push(addresses, &places, values);
        }
        let [shown, other] = stacks.totals;
        let any = if sides.is_growth() {
            shown + other
        } else {
            shown
        };
        if any <= 0.0 {
            return Err(
                Failure::usage(format!("{}: there are no such samples", sides.subject()))
                    .remedy("fewer conditions at a time, or another --value"),
            );
        }
        Ok(stacks)
    }

    /// The same in the order in which they are drawn: that of the functions' numbers, root first; each stack of
    /// functions occurs once.
    pub(crate) fn in_order(mut self) -> Self {
        let path = |at: usize| &self.frames[self.stacks[at].start..self.stacks[at].end];
        let groups = order::groups(self.stacks.len(), |at, depth| path(at).get(depth).copied());
        let sum = |equal| joined(equal, |at: usize| (self.stacks[at], self.stacks[at].values));
        let sums = groups.iter().filter_map(sum);
        self.stacks = sums
            .map(|(stack, values)| Stack { values, ..stack })
            .collect();
        self
    }

    /// Of each stack what one side has more than the other: what grew, and what shrank. Of stacks in order, so that each
    /// occurs once.
    pub(super) fn differences(&self) -> Self {
        let mut totals = [0.0; 2];
        let difference = |stack: &Stack| {
            let more = stack.values[0] - stack.values[1];
            let values = [more.max(0.0), (-more).max(0.0)];
            totals = plus(totals, values);
            Stack { values, ..*stack }
        };
        Self {
            stacks: self.stacks.iter().map(difference).collect(),
            functions: self.functions.clone(),
            frames: self.frames.clone(),
            totals,
            cut: self.cut,
        }
    }

    /// The stacks, root first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u32], Pair)> {
        self.stacks
            .iter()
            .map(|stack| (&self.frames[stack.start..stack.end], stack.values))
    }

    /// What a reader should know.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let cut = self.cut;
        let remark = format!(
            "{cut} stacks are shown without their inner frames: the profile unfolds to more than {MOST_FRAMES} frames"
        );
        if cut > 0 { vec![remark] } else { Vec::new() }
    }

    fn push(&mut self, addresses: &[u32], places: &Places, values: Pair) {
        let start = self.frames.len();
        for &address in addresses.iter().rev() {
            let functions = places.at(address);
            if self.frames.len() + functions.len() > MOST_FRAMES {
                self.cut += 1;
                break;
            }
            self.frames.extend_from_slice(functions);
        }
        if self.frames.len() == start {
            self.frames.push(places.nowhere);
        }
        self.totals = plus(self.totals, values);
        self.stacks.push(Stack {
            start,
            end: self.frames.len(),
            values,
        });
    }
}

/// The sum of each side, by the addresses of the stack.
fn by_addresses<'a>(profile: &'a Profile, sides: &Sides<'_>) -> Vec<(&'a [u32], Pair)> {
    let taken = |(at, sample): (usize, &'a Sample)| {
        let values = sides.pair(at, sample);
        (values != [0.0; 2]).then_some((sample.locations.as_slice(), values))
    };
    let taken: Vec<_> = profile
        .samples
        .iter()
        .enumerate()
        .filter_map(taken)
        .collect();
    let groups = order::groups(taken.len(), |at, depth| {
        let (leaf_first, _) = taken[at];
        leaf_first.iter().nth_back(depth).copied()
    });
    let sum = |equal| joined(equal, |at: usize| taken[at]);
    groups.iter().filter_map(sum).collect()
}

/// The first of several, with the sum of their values: in their order, on which a sum of floats depends.
fn joined<T>(
    equal: impl Iterator<Item = usize>,
    of: impl Fn(usize) -> (T, Pair),
) -> Option<(T, Pair)> {
    equal
        .map(of)
        .reduce(|(first, sum), (_, values)| (first, plus(sum, values)))
}

pub(super) fn plus(a: Pair, b: Pair) -> Pair {
    [a[0] + b[0], a[1] + b[1]]
}
