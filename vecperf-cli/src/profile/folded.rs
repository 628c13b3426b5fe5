//! A line a stack: `main;search;distance 1234`. What the flame graph tools of others read.

use std::borrow::Cow;
use std::fmt::Write;

use super::stacks::Stacks;

/// The stacks; compared: two numbers a line, those it is compared with first, as tools for differences expect.
pub(crate) fn folded(stacks: &Stacks, compared: bool) -> String {
    let names: Vec<_> = stacks
        .functions
        .iter()
        .map(|function| frame(&function.name))
        .collect();
    let mut text = String::new();
    for (path, [shown, other]) in stacks.iter() {
        for (at, function) in path.iter().enumerate() {
            if at > 0 {
                text.push(';');
            }
            text.push_str(&names[*function as usize]);
        }
        let written = if compared {
            writeln!(text, " {other:.0} {shown:.0}")
        } else {
            writeln!(text, " {shown:.0}")
        };
        let _ = written; // a String takes all
    }
    text
}

/// A name that the readers of such lines take for one frame: without `;`, without a number after its last space, and
/// no remark (`# …`).
pub(super) fn frame(name: &str) -> Cow<'_, str> {
    let mut name = if name.contains(';') {
        Cow::Owned(name.replace(';', ":"))
    } else {
        Cow::Borrowed(name)
    };
    if name.starts_with("# ") {
        name.to_mut().replace_range(1..2, "_");
    }
    if let Some((before, last)) = name.rsplit_once(' ')
        && last.chars().all(|c| c.is_ascii_digit() || c == '.')
    {
        let at = before.len();
        name.to_mut().replace_range(at..=at, "_");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_one_frame() {
        for (name, one) in [
            ("operator new", "operator new"),
            ("[u8; 8]", "[u8: 8]"),
            ("f 12", "f_12"),
            ("f 12 3.5", "f 12_3.5"),
            ("# remark", "#_remark"),
            ("a;b", "a:b"),
        ] {
            assert_eq!(frame(name), one);
        }
    }
}
