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
    let cost = |function: &super::stacks::Function| Cost {
        name: function.name.clone(),
        own: [0.0; 2],
        total: [0.0; 2],
    };
    let mut costs: Vec<_> = stacks.functions.iter().map(cost).collect();
    let mut seen_in = vec![usize::MAX; costs.len()];
    for (stack, (path, values)) in stacks.iter().enumerate() {
        for &function in path {
            let function = function as usize;
            if seen_in[function] != stack {
                seen_in[function] = stack;
                costs[function].total = plus(costs[function].total, values);
            }
        }
        if let Some(&leaf) = path.last() {
            costs[leaf as usize].own = plus(costs[leaf as usize].own, values);
        }
    }
    costs.retain(|cost| cost.total != [0.0; 2]);
    costs
}
