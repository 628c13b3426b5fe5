//! What each function costs: itself, and with all that it calls.

use super::stacks::{Pair, Stacks, plus};

/// What a function costs on each side.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cost {
    pub(crate) name: String,
    /// In the function itself.
    pub(crate) own: Pair,
    /// Also in what it calls; a function that calls itself is counted once.
    pub(crate) total: Pair,
}

/// All functions that occur, in the order of their names.
pub(crate) fn functions(stacks: &Stacks) -> Vec<Cost> {
    let mut own: Vec<Pair> = vec![[0.0; 2]; stacks.functions.len()];
    let mut total = own.clone();
    let mut seen_in = vec![usize::MAX; own.len()];
    for (stack, (path, values)) in stacks.iter().enumerate() {
        for &function in path {
            let function = function as usize;
            if seen_in[function] != stack {
                seen_in[function] = stack;
                total[function] = plus(total[function], values);
            }
        }
        if let Some(&leaf) = path.last() {
            own[leaf as usize] = plus(own[leaf as usize], values);
        }
    }
    let costs = stacks.functions.iter().zip(own).zip(total);
    let occurring = costs.filter(|(_, total)| *total != [0.0; 2]);
    let cost = |((function, own), total): ((&super::stacks::Function, _), _)| Cost {
        name: function.name.clone(),
        own,
        total,
    };
    occurring.map(cost).collect()
}
