//! The samples by call stack: each stack of functions once, in the order in which they are drawn.

use std::collections::HashMap;

use vecperf::profile::Profile;
use xxhash_rust::xxh3::Xxh3DefaultBuilder;

use super::names;
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
        let (functions, places) = functions(profile);
        let mut stacks = Self {
            functions,
            ..Self::default()
        };
        for (addresses, values) in sums {
            stacks.push(addresses, &places, values);
        }
        if stacks.totals[0] <= 0.0 {
            return Err(
                Failure::usage(format!("{}: there are no such samples", sides.subject()))
                    .remedy("fewer conditions at a time, or another --value"),
            );
        }
        stacks.sort();
        Ok(stacks)
    }

    /// The stacks, root first, in the order of the functions' numbers; each occurs once.
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

    /// Sorts, and joins stacks that differ in addresses but not in functions.
    fn sort(&mut self) {
        let frames = &self.frames;
        let path = |stack: &Stack| &frames[stack.start..stack.end];
        self.stacks.sort_unstable_by(|a, b| path(a).cmp(path(b)));
        self.stacks.dedup_by(|next, kept| {
            let equal = path(next) == path(kept);
            if equal {
                kept.values = plus(kept.values, next.values);
            }
            equal
        });
    }
}

/// The sum of each side, by the addresses of the stack.
fn by_addresses<'a>(profile: &'a Profile, sides: &Sides<'_>) -> Vec<(&'a [u32], Pair)> {
    let mut sums: HashMap<&[u32], Pair, Xxh3DefaultBuilder> = HashMap::default();
    for sample in &profile.samples {
        let takes = sides.takes(sample);
        if takes == [false; 2] {
            continue;
        }
        let value = sides.value(sample);
        let sum = sums.entry(&sample.locations).or_default();
        *sum = plus(*sum, takes.map(|takes| if takes { value } else { 0.0 }));
    }
    // Sums of floats depend on their order: the same file gives the same picture.
    let mut sums: Vec<_> = sums
        .into_iter()
        .filter(|(_, sum)| *sum != [0.0; 2])
        .collect();
    sums.sort_unstable_by_key(|(addresses, _)| *addresses);
    sums
}

pub(super) fn plus(a: Pair, b: Pair) -> Pair {
    [a[0] + b[0], a[1] + b[1]]
}

/// The functions at each address, outermost first.
#[derive(Debug, Default)]
struct Places {
    numbers: Vec<u32>,
    /// Where each address' functions end.
    ends: Vec<usize>,
    /// What a stack without an address is told by.
    nowhere: u32,
}

impl Places {
    fn at(&self, address: u32) -> &[u32] {
        let at = address as usize;
        let start = at
            .checked_sub(1)
            .map_or(Some(0), |before| self.ends.get(before).copied());
        match (start, self.ends.get(at)) {
            (Some(start), Some(end)) => &self.numbers[start..*end],
            _ => &[],
        }
    }
}

/// All functions, sorted by name, and which of them stand at each address. Functions of one name are one.
fn functions(profile: &Profile) -> (Vec<Function>, Places) {
    let mut named: Vec<_> = profile.functions.iter().map(Function::of).collect();
    let mut places = Places::default();
    for location in &profile.locations {
        let before = places.numbers.len();
        let lines = location.lines.iter().rev();
        let known = lines
            .map(|line| line.function)
            .filter(|function| (*function as usize) < profile.functions.len());
        places.numbers.extend(known);
        if places.numbers.len() == before {
            places.numbers.push(named.len() as u32);
            named.push(Function {
                name: names::of_address(profile, location),
                file: String::new(),
            });
        }
        places.ends.push(places.numbers.len());
    }
    named.push(Function {
        name: "[no stack]".to_owned(),
        file: String::new(),
    });
    let (functions, numbers) = in_order(named);
    places.nowhere = numbers.last().copied().unwrap_or_default();
    for number in &mut places.numbers {
        *number = numbers[*number as usize];
    }
    (functions, places)
}

/// The functions in the order of their names, each name once, and the place of each of `named` in it.
fn in_order(mut named: Vec<Function>) -> (Vec<Function>, Vec<u32>) {
    let mut order: Vec<_> = (0..named.len()).collect();
    order.sort_unstable_by(|a, b| named[*a].cmp(&named[*b]));
    let mut numbers = vec![0; named.len()];
    let mut functions: Vec<Function> = Vec::new();
    for at in order {
        let function = std::mem::take(&mut named[at]);
        if functions
            .last()
            .is_none_or(|last| last.name != function.name)
        {
            functions.push(function);
        }
        numbers[at] = (functions.len() - 1) as u32;
    }
    (functions, numbers)
}

impl Function {
    fn of(function: &vecperf::profile::Function) -> Self {
        let name = match function.name.as_str() {
            "" => &function.system_name,
            name => name,
        };
        Self {
            name: names::clean(name),
            file: function.file.clone(),
        }
    }
}
