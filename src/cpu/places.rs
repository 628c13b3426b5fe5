//! Frames as a profile has them: named, each at its place in a file, with stand-ins for what has no address.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::symbol::{Functions, Symbol, Symbolizer, hex};
use super::unwind::{Frame, ModuleId, Modules};
use crate::profile::{Builder, Function, Line, Location, Mapping};

/// Stands for stacks that had no room.
pub(crate) const OTHER: &str = "[other]";
/// Stands for the callers beyond what was copied of a stack.
pub(crate) const TRUNCATED: &str = "[truncated]";
/// Stands for callers that could not be found.
pub(crate) const BROKEN: &str = "[broken]";

/// The locations of a profile that is being made.
pub(crate) struct Places<'a> {
    pub(crate) builder: Builder,
    modules: &'a Modules,
    locations: HashMap<Frame, u32>,
    /// Modules of which a frame has a name. A reader looks elsewhere, by build id, for the names of the others.
    named: HashSet<ModuleId>,
}

impl<'a> Places<'a> {
    pub(crate) fn new(builder: Builder, modules: &'a Modules) -> Self {
        Self {
            builder,
            modules,
            locations: HashMap::new(),
            named: HashSet::new(),
        }
    }

    /// Names all of these frames at once.
    pub(crate) fn name(&mut self, mut frames: Vec<Frame>, symbolizer: &mut Symbolizer) {
        frames.sort_unstable();
        frames.dedup();
        let functions = symbolizer.functions(self.modules, &frames);
        let named = frames.iter().zip(&functions);
        self.named = named
            .filter(|(_, functions)| !functions.is_empty())
            .filter_map(|(frame, _)| match frame {
                Frame::Code { module, .. } => Some(*module),
                Frame::Kernel(_) | Frame::Unknown(_) => None,
            })
            .collect();
        self.program_first();
        for (frame, functions) in frames.into_iter().zip(functions) {
            let location = self.location(frame, &functions);
            self.locations.insert(frame, location);
        }
    }

    /// The locations of a stack whose frames were named.
    pub(crate) fn of(&self, stack: &Arc<[Frame]>) -> Vec<u32> {
        stack
            .iter()
            .filter_map(|frame| self.locations.get(frame).copied())
            .collect()
    }

    /// Readers take the first mapping for the program's own. Linux maps a program below all of its libraries.
    fn program_first(&mut self) {
        let files = self.modules.iter();
        let files = files.filter(|(_, module)| module.file.is_some());
        if let Some((program, _)) = files.min_by_key(|(_, module)| module.start) {
            self.mapping(program);
        }
    }

    fn location(&mut self, frame: Frame, functions: &Functions) -> u32 {
        let lines = functions.iter().map(|symbol| self.line(symbol)).collect();
        let location = match frame {
            Frame::Code { module, address } => {
                let bias = self.modules.get(module).map_or(0, |module| module.bias);
                Location {
                    mapping: self.mapping(module),
                    address: address.wrapping_add(bias),
                    lines,
                }
            }
            Frame::Kernel(address) => Location {
                mapping: Some(self.kernel_mapping()),
                address,
                lines,
            },
            Frame::Unknown(address) => Location {
                mapping: None,
                address,
                lines,
            },
        };
        self.builder.location(location)
    }

    fn line(&mut self, symbol: &Symbol) -> Line {
        let function = self.builder.function(Function {
            name: symbol.name.clone(),
            system_name: symbol.system_name.clone(),
            file: symbol.file.clone(),
            start_line: 0,
        });
        Line {
            function,
            line: symbol.line.into(),
        }
    }

    fn mapping(&mut self, id: ModuleId) -> Option<u32> {
        let module = self.modules.get(id)?;
        let mapping = Mapping {
            start: module.start,
            end: module.end,
            file_offset: module.file_offset,
            file: module.path.clone(),
            build_id: module.build_id.as_deref().map_or_else(String::new, hex),
            has_functions: self.named.contains(&id),
        };
        Some(self.builder.mapping(mapping))
    }

    fn kernel_mapping(&mut self) -> u32 {
        self.builder.mapping(Mapping {
            start: 0xffff_0000_0000_0000,
            end: u64::MAX,
            file: "[kernel]".to_owned(),
            has_functions: true,
            ..Mapping::default()
        })
    }

    /// A location without an address.
    pub(crate) fn words(&mut self, name: &str) -> u32 {
        let function = self.builder.function(Function {
            name: name.to_owned(),
            ..Function::default()
        });
        self.builder.location(Location {
            lines: vec![Line { function, line: 0 }],
            ..Location::default()
        })
    }
}
