//! Profiles for the page, with a text from outside at every place that has one.

use vecperf::profile::{Builder, Function, Line, Location, Mapping, Profile, ValueType, names};

/// A CPU profile: an operation with slow instances, code without a name, and a stack of nothing.
pub(super) fn cpu(text: &str) -> Profile {
    let mut builder = Builder::cpu(1_000_000);
    let stack = stack(&mut builder, text);
    let labels = |builder: &mut Builder, slow: bool| {
        let mut labels = vec![
            builder.label(names::OPERATION, text),
            builder.label(names::PHASE, text),
            builder.label(names::LABEL, text),
        ];
        if slow {
            labels.push(builder.label(names::COHORT, names::ABOVE_P99));
            labels.push(builder.label(names::COHORT, text));
        }
        labels
    };
    for (slow, ns) in [(false, 70_000_000), (true, 9_000_000)] {
        let labels = labels(&mut builder, slow);
        builder.sample(stack.clone(), vec![1, ns], labels);
    }
    builder.sample(vec![], vec![1, 5_000_000], vec![]);
    builder.finish()
}

/// A heap profile.
pub(super) fn heap(text: &str) -> Profile {
    let kinds = [names::ALLOC_SPACE, names::INUSE_SPACE].map(|kind| ValueType::new(kind, text));
    let mut builder = Builder::new(kinds.to_vec());
    let stack = stack(&mut builder, text);
    let operation = builder.label(names::OPERATION, text);
    builder.sample(stack, vec![1 << 20, 1 << 10], vec![operation]);
    builder.finish()
}

/// So many different stacks.
pub(super) fn wide(stacks: usize) -> Profile {
    let mut builder = Builder::cpu(1_000_000);
    for at in 0..stacks {
        let names = [format!("a::leaf_{at}"), format!("b::caller_{}", at % 500)];
        let stack = names.map(|name| location(&mut builder, &name, None));
        builder.sample(stack.to_vec(), vec![1, 1_000_000], vec![]);
    }
    builder.finish()
}

/// So many different roots, and so many operations that took time in some of them each.
pub(super) fn many_roots(roots: usize, operations: usize) -> Profile {
    let mut builder = Builder::cpu(1_000_000);
    let labels: Vec<_> = (0..operations)
        .map(|at| builder.label(names::OPERATION, &format!("operation {at}")))
        .collect();
    for at in 0..roots {
        let stack = location(&mut builder, &format!("c::thread_{at}"), None);
        for turn in 0..5 {
            let label = labels[(at * 7 + turn * 31) % operations].clone();
            builder.sample(vec![stack], vec![1, 1_000_000], vec![label]);
        }
    }
    builder.finish()
}

fn stack(builder: &mut Builder, text: &str) -> Vec<u32> {
    let mapping = builder.mapping(Mapping {
        file: format!("/lib/{text}"),
        build_id: text.to_owned(),
        ..Mapping::default()
    });
    let unnamed = builder.location(Location {
        mapping: Some(mapping),
        address: 7,
        lines: vec![],
    });
    let inner = location(builder, text, Some(mapping));
    let outer = location(builder, "main", Some(mapping));
    vec![unnamed, inner, outer]
}

fn location(builder: &mut Builder, name: &str, mapping: Option<u32>) -> u32 {
    let function = builder.function(Function {
        name: name.to_owned(),
        system_name: name.to_owned(),
        file: name.to_owned(),
        start_line: 1,
    });
    builder.location(Location {
        mapping,
        address: 1 + u64::from(function),
        lines: vec![Line { function, line: 1 }],
    })
}
