//! The stacks that are wide enough to be seen. What is too narrow is drawn as part of its caller, without one as `[other]`: as
//! wide as before, and without a say in the caller's colour.

use super::stacks::{Pair, Stacks, plus};

/// A frame narrower than this part of the whole is not drawn.
const NARROWEST: f64 = 1e-4;

/// Deeper frames are not drawn.
const DEEPEST: usize = 1000;

/// The text of all lines is kept below this by leaving out more of the narrow frames, then of the deep ones; only a
/// profile that was made to hurt comes near.
const LARGEST: usize = 64 << 20;

/// Stacks that can be seen.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// In the order in which they are drawn: each caller before what it calls.
    pub(super) lines: Vec<Line>,
    /// Of the second side: what it spent where the first one spends too little to be seen.
    pub(super) unseen: f64,
}

/// A stack, and what was observed in its last function itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Line {
    /// `main;search;distance`
    pub(super) path: String,
    pub(super) values: Pair,
}

/// A frame whose stacks are being read.
struct Open {
    function: u32,
    /// The bytes of its path.
    size: usize,
    /// Its place in the list, kept free for it.
    place: usize,
    own: Pair,
    /// Own, and of what it calls.
    total: Pair,
}

/// A frame that can be seen: none but these are given a text.
#[derive(Clone, Copy)]
struct Seen {
    function: u32,
    /// How many frames it is inside of.
    depth: u32,
    own: Pair,
}

/// The stacks of `stacks`, which are in order, that can be seen, their values scaled, their functions named by `name`.
pub(super) fn lines(stacks: &Stacks, scale: Pair, name: impl Fn(u32) -> String) -> Lines {
    let names: Vec<_> = (0..stacks.functions.len() as u32).map(name).collect();
    let (mut narrowest, mut deepest) = (NARROWEST, DEEPEST);
    loop {
        let mut reader = Reader {
            names: &names,
            deepest,
            least: stacks.totals[0] * scale[0] * narrowest,
            open: Vec::new(),
            seen: Vec::new(),
            size: 0,
            rest: 0.0,
            unseen: 0.0,
        };
        for (path, values) in stacks.iter() {
            reader.read(path, [values[0] * scale[0], values[1] * scale[1]]);
        }
        reader.close(0);
        match reader.size {
            ..=LARGEST => return reader.written(),
            _ if narrowest < 0.1 => narrowest *= 4.0,
            _ => deepest /= 2,
        }
    }
}

struct Reader<'a> {
    names: &'a [String],
    deepest: usize,
    least: f64,
    open: Vec<Open>,
    seen: Vec<Seen>,
    /// Bytes of the paths of all that is seen.
    size: usize,
    /// What is left out and has no caller.
    rest: f64,
    /// As of [`Lines`].
    unseen: f64,
}

impl Reader<'_> {
    fn read(&mut self, stack: &[u32], values: Pair) {
        let stack = &stack[..stack.len().min(self.deepest)];
        let same = self
            .open
            .iter()
            .zip(stack)
            .take_while(|(open, function)| open.function == **function);
        let shared = same.count();
        self.close(shared);
        for &function in &stack[shared..] {
            self.enter(function);
        }
        if let Some(last) = self.open.last_mut() {
            last.own = plus(last.own, values);
        }
    }

    fn enter(&mut self, function: u32) {
        let caller = self.open.last().map_or(0, |caller| caller.size + 1);
        self.open.push(Open {
            function,
            size: caller + self.names[function as usize].len(),
            place: self.seen.len(),
            own: [0.0; 2],
            total: [0.0; 2],
        });
        self.seen.push(Seen {
            function,
            depth: self.open.len() as u32 - 1,
            own: [0.0; 2],
        });
    }

    /// Closes all open frames but the outermost so many.
    fn close(&mut self, but: usize) {
        while self.open.len() > but
            && let Some(frame) = self.open.pop()
        {
            let total = plus(frame.total, frame.own);
            if total[0] < self.least || total[0] <= 0.0 {
                self.leave_out(&frame, total);
            } else {
                self.size = self.size.saturating_add(frame.size);
                self.seen[frame.place].own = frame.own;
                if let Some(caller) = self.open.last_mut() {
                    caller.total = plus(caller.total, total);
                }
            }
        }
    }

    /// All that it calls is narrower still and left out already.
    fn leave_out(&mut self, frame: &Open, total: Pair) {
        self.seen.truncate(frame.place);
        self.unseen += (total[1] - total[0]).max(0.0);
        match self.open.last_mut() {
            Some(caller) => caller.own = plus(caller.own, [total[0]; 2]),
            None => self.rest += total[0],
        }
    }

    /// What is seen as text, what has no caller last.
    fn written(self) -> Lines {
        let mut path = String::new();
        let mut ends = Vec::new(); // of the names in it
        let line = |frame: &Seen| {
            ends.truncate(frame.depth as usize);
            path.truncate(ends.last().copied().unwrap_or(0));
            if !path.is_empty() {
                path.push(';');
            }
            path.push_str(&self.names[frame.function as usize]);
            ends.push(path.len());
            Line {
                path: path.clone(),
                values: frame.own,
            }
        };
        let mut lines: Vec<_> = self.seen.iter().map(line).collect();
        if self.rest > 0.0 {
            lines.push(Line {
                path: "[other]".to_owned(),
                values: [self.rest; 2],
            });
        }
        Lines {
            lines,
            unseen: self.unseen,
        }
    }
}

#[cfg(test)]
mod tests {
    use vecperf::profile::{Builder, Function, Line as InCode, Location};

    use super::super::Sides;
    use super::*;
    use crate::args::SelectionArgs;

    /// Each of its paths would be longer than the last: 500 MB in all.
    #[test]
    fn the_text_of_a_deep_stack_of_long_names_is_bounded() {
        let mut builder = Builder::cpu(1);
        let mut frame = |number: usize| {
            let function = builder.function(Function {
                name: format!("{number:0>1000}"),
                ..Function::default()
            });
            builder.location(Location {
                lines: vec![InCode { function, line: 0 }],
                ..Location::default()
            })
        };
        let stack = (0..1000).map(&mut frame).collect();
        builder.sample(stack, vec![1, 7], vec![]);
        let (profile, all) = (builder.finish(), SelectionArgs::default());
        let sides = Sides::new(&profile, None, &all).unwrap();
        let stacks = Stacks::new(&profile, &sides).unwrap().in_order();
        let seen = lines(&stacks, [1.0, 0.0], |function| {
            stacks.functions[function as usize].name.clone()
        });
        let size: usize = seen.lines.iter().map(|line| line.path.len()).sum();
        assert!(size > LARGEST / 10 && size <= LARGEST, "{size}");
        let own: f64 = seen.lines.iter().map(|line| line.values[0]).sum();
        assert_eq!(own, 7.0);
    }
}
