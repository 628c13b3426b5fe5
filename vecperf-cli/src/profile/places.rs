//! The functions at each address of a profile: named, in the order of their names.

use vecperf::profile::Profile;

use super::names;
use super::stacks::Function;

/// The functions at each address, outermost first.
#[derive(Debug, Default)]
pub(super) struct Places {
    numbers: Vec<u32>,
    /// Where each address' functions end.
    ends: Vec<usize>,
    /// What a stack without an address is told by.
    pub(super) nowhere: u32,
}

impl Places {
    pub(super) fn at(&self, address: u32) -> &[u32] {
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
pub(super) fn functions(profile: &Profile) -> (Vec<Function>, Places) {
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
