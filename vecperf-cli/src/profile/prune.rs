//! The stacks that are wide enough to be seen. What is too narrow is drawn as part of its caller, without one as `[other]`: as
//! wide as before, and without a say in the caller's colour.

use super::stacks::{Pair, Stacks, plus};

/// A frame narrower than this part of the whole is not drawn.
const NARROWEST: f64 = 1e-4;

/// Deeper frames are not drawn.
const DEEPEST: usize = 1000;

/// The text of all lines is kept below this by leaving out more of the narrow frames; only a profile that was made to
/// hurt comes near.
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
    /// The length of the path up to its caller.
    caller: usize,
    /// Its line, kept free for it.
    line: usize,
    own: Pair,
    /// Own, and of what it calls.
    total: Pair,
}

/// The stacks of `stacks` that can be seen, their values scaled, their functions named by `name`.
pub(super) fn lines(stacks: &Stacks, scale: Pair, name: impl Fn(u32) -> String) -> Lines {
    let names: Vec<_> = (0..stacks.functions.len() as u32).map(name).collect();
    let mut narrowest = NARROWEST;
    loop {
        let mut reader = Reader {
            names: &names,
            least: stacks.totals[0] * scale[0] * narrowest,
            open: Vec::new(),
            path: String::new(),
            size: 0,
            rest: 0.0,
            seen: Lines::default(),
        };
        for (path, values) in stacks.iter() {
            reader.read(path, [values[0] * scale[0], values[1] * scale[1]]);
        }
        reader.close(0);
        reader.tell_rest();
        if reader.size <= LARGEST || narrowest > 0.1 {
            return reader.seen;
        }
        narrowest *= 4.0;
    }
}

struct Reader<'a> {
    names: &'a [String],
    least: f64,
    open: Vec<Open>,
    /// The names of the open frames.
    path: String,
    /// Bytes of all lines.
    size: usize,
    /// What is left out and has no caller.
    rest: f64,
    seen: Lines,
}

impl Reader<'_> {
    fn read(&mut self, stack: &[u32], values: Pair) {
        let stack = &stack[..stack.len().min(DEEPEST)];
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
        let caller = self.path.len();
        if caller > 0 {
            self.path.push(';');
        }
        self.path.push_str(&self.names[function as usize]);
        let line = self.seen.lines.len();
        self.seen.lines.push(Line::default());
        self.open.push(Open {
            function,
            caller,
            line,
            own: [0.0; 2],
            total: [0.0; 2],
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
                self.size += self.path.len();
                if self.size <= LARGEST {
                    let line = &mut self.seen.lines[frame.line];
                    line.path.push_str(&self.path);
                    line.values = frame.own;
                }
                if let Some(caller) = self.open.last_mut() {
                    caller.total = plus(caller.total, total);
                }
            }
            self.path.truncate(frame.caller);
        }
    }

    /// All that it calls is narrower still and left out already.
    fn leave_out(&mut self, frame: &Open, total: Pair) {
        self.seen.lines.truncate(frame.line);
        self.seen.unseen += (total[1] - total[0]).max(0.0);
        match self.open.last_mut() {
            Some(caller) => caller.own = plus(caller.own, [total[0]; 2]),
            None => self.rest += total[0],
        }
    }

    fn tell_rest(&mut self) {
        if self.rest > 0.0 {
            self.seen.lines.push(Line {
                path: "[other]".to_owned(),
                values: [self.rest; 2],
            });
        }
    }
}
