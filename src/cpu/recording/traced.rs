//! The names of the stacks that slow operations were seen in.

use std::collections::HashMap;
use std::sync::Arc;

use crate::cpu::places::OTHER;
use crate::cpu::symbol::{Functions, Symbolizer};
use crate::cpu::unwind::{Frame, Modules};
use crate::profile::{UNKNOWN, file_name, function_name};

/// Functions of a stack, the innermost ones.
const MOST: usize = 12;
/// Characters of a name.
const LONGEST: usize = 200;

/// The innermost functions of each stack, from the inside to the outside; `None`: of one that had no room.
pub(super) fn functions(
    stacks: &[Option<Arc<[Frame]>>],
    modules: &Modules,
    symbolizer: &mut Symbolizer,
) -> Vec<Vec<String>> {
    let innermost = |stack: &Arc<[Frame]>| stack.iter().take(MOST).copied().collect::<Vec<_>>();
    let mut frames: Vec<Frame> = stacks.iter().flatten().flat_map(innermost).collect();
    frames.sort_unstable();
    frames.dedup();
    let functions = symbolizer.functions(modules, &frames);
    let named: HashMap<Frame, Functions> = frames.into_iter().zip(functions).collect();
    let of = |stack: &Option<Arc<[Frame]>>| match stack {
        Some(stack) => {
            let names = stack.iter().take(MOST).flat_map(|frame| {
                let functions = named.get(frame).map(Vec::as_slice).unwrap_or_default();
                names(*frame, functions, modules)
            });
            names.take(MOST).collect()
        }
        None => vec![OTHER.to_owned()],
    };
    stacks.iter().map(of).collect()
}

/// As people know them: functions by name, inlined ones first, else `[libc.so.6]`.
fn names(frame: Frame, functions: &[crate::cpu::symbol::Symbol], modules: &Modules) -> Vec<String> {
    if !functions.is_empty() {
        let cut = |name: &str| name[..name.floor_char_boundary(LONGEST)].to_owned();
        let names = functions.iter().map(|it| cut(function_name(&it.name)));
        return names.collect();
    }
    vec![match frame {
        Frame::Code { module, .. } => {
            let path = modules.get(module).map_or("", |module| &module.path);
            file_name(path)
        }
        Frame::Kernel(_) => "[kernel]".to_owned(),
        Frame::Unknown(_) => UNKNOWN.to_owned(),
    }]
}
