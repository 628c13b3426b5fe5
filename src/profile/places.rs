//! The places of a stack: functions, and the files of code that no function is known of.

use std::borrow::Cow;

use super::{Location, Profile};

/// What time or memory is counted of: a function, or, where none is known, a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// By its index.
    Function(u32),
    /// A mapping, by its index.
    File(Option<u32>),
}

impl Location {
    /// The innermost inlined function first.
    pub(crate) fn places(&self) -> impl DoubleEndedIterator<Item = Place> {
        let file = self.lines.is_empty().then_some(self.mapping);
        let functions = self.lines.iter().map(|line| Place::Function(line.function));
        functions.chain(file.map(Place::File))
    }
}

impl Profile {
    /// The places of a stack, leaf first, inlined functions before the one they stand in.
    pub(crate) fn places(&self, stack: &[u32]) -> impl Iterator<Item = Place> {
        let locations = stack
            .iter()
            .filter_map(|&location| self.locations.get(location as usize));
        locations.flat_map(Location::places)
    }

    /// As people know it: a function's name, else `[libc.so.6]`.
    pub(crate) fn place_name(&self, place: Place) -> Cow<'_, str> {
        match place {
            Place::Function(function) => match self.functions.get(function as usize) {
                Some(function) => Cow::Borrowed(function_name(&function.name)),
                None => Cow::Borrowed(UNKNOWN),
            },
            Place::File(mapping) => {
                let mapping = mapping.and_then(|at| self.mappings.get(at as usize));
                Cow::Owned(file_name(mapping.map_or("", |it| &it.file)))
            }
        }
    }
}

/// A place of which nothing is known.
pub(crate) const UNKNOWN: &str = "[unknown]";

/// What a function is called.
pub(crate) fn function_name(name: &str) -> &str {
    match name.trim() {
        "" => "[unnamed]",
        name => name,
    }
}

/// What code in a file is called where no function is known: `[libc.so.6]`.
pub(crate) fn file_name(path: &str) -> String {
    let file = path.rsplit(['/', '\\']).next().unwrap_or_default();
    match file.trim_matches(['[', ']']) {
        "" => UNKNOWN.to_owned(),
        file => format!("[{file}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Function, Line, Mapping};

    #[test]
    fn code_is_called_by_its_function_else_by_its_file() {
        let function = |name: &str| Function {
            name: name.into(),
            ..Function::default()
        };
        let mapping = |file: &str| Mapping {
            file: file.into(),
            ..Mapping::default()
        };
        let line = |function| Line { function, line: 1 };
        let profile = Profile {
            functions: vec![function("search"), function("inlined"), function(" ")],
            mappings: vec![mapping("/lib/libblas.so.3"), mapping("[vdso]"), mapping("")],
            locations: vec![
                Location {
                    lines: vec![line(1), line(0)],
                    ..Location::default()
                },
                Location {
                    mapping: Some(0),
                    ..Location::default()
                },
                Location {
                    lines: vec![line(2), line(9)],
                    mapping: Some(1),
                    ..Location::default()
                },
                Location {
                    mapping: Some(1),
                    ..Location::default()
                },
                Location {
                    mapping: Some(2),
                    ..Location::default()
                },
                Location::default(),
            ],
            ..Profile::default()
        };
        let places = profile.places(&[0, 1, 2, 3, 4, 5, 99]);
        let names: Vec<_> = places.map(|place| profile.place_name(place)).collect();
        let expected = [
            "inlined",
            "search",
            "[libblas.so.3]",
            "[unnamed]",
            "[unknown]",
            "[vdso]",
            "[unknown]",
            "[unknown]",
        ];
        assert_eq!(names, expected);
    }
}
