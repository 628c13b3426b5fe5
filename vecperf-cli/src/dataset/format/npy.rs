//! NumPy's `.npy`, versions 1 to 3: where its rows lie.
//!
//! The header is a Python dictionary of three keys. The crate for it (`npyz`) brings 35 packages, a Python grammar and big
//! integers among them, and allocates what the header announces unseen; the strict reader below needs neither.
//! Format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>

use vecperf::Result;

use super::Element;
use super::input::Input;
use super::table::{Layout, Order};

const MAGIC: [u8; 6] = *b"\x93NUMPY";

/// A header is padded text of about a hundred bytes; more than this is damage.
const MAX_HEADER: u64 = 4096;

/// What the three keys say.
#[derive(Debug, Default, PartialEq, Eq)]
struct Header<'a> {
    descr: Option<&'a str>,
    fortran_order: Option<bool>,
    shape: Option<Vec<u64>>,
}

/// Reads the header.
pub(super) fn layout(input: &mut Input) -> Result<Layout> {
    let start = input.length().min(12) as usize;
    let mut preamble = [0; 12];
    input.read(0, &mut preamble[..start])?;
    let [magic @ .., major, _, a, b, c, d] = preamble;
    if magic != MAGIC {
        return Err(input.wrong(
            "does not begin with \\x93NUMPY",
            "a NumPy array",
            "The file is of another format, or damaged",
        ));
    }
    let (text_at, length) = match major {
        1 => (10, u64::from(u16::from_le_bytes([a, b]))),
        2 | 3 => (12, u64::from(u32::from_le_bytes([a, b, c, d]))),
        _ => {
            return Err(input.wrong(
                format_args!("has format version {major}"),
                "1, 2 or 3",
                "Save it again with numpy.save",
            ));
        }
    };
    if length > MAX_HEADER || text_at + length > input.length() {
        let most = MAX_HEADER.min(input.length().saturating_sub(text_at));
        let expected = format!("at most {most}");
        return Err(input.wrong(
            format_args!("announces a header of {length} bytes"),
            expected,
            "The file is truncated or damaged: get it again",
        ));
    }
    let mut text = vec![0; length as usize];
    input.read(text_at, &mut text)?;
    let text = String::from_utf8_lossy(&text);
    let header = parse(&text).ok_or_else(|| {
        let found = format!("has the header {:?}", text.trim());
        input.wrong(
            found,
            "{'descr': '<f4', 'fortran_order': False, 'shape': (rows, dimensions), }",
            "Save it again with numpy.save",
        )
    })?;
    header.layout(input, text_at + length)
}

impl Header<'_> {
    fn layout(&self, input: &Input, offset: u64) -> Result<Layout> {
        let descr = self.descr.unwrap_or("nothing");
        let Some(element) = element(descr) else {
            let expected = "<f4 (or <f2, <f8, |i1, |u1; for neighbour ids <i4, <u4, <i8, <u8)";
            return Err(input.wrong(
                format_args!("holds values of type {descr}"),
                expected,
                "Convert it: numpy.save(file, array.astype('<f4'))",
            ));
        };
        let Some(&[rows, dimensions]) = self.shape.as_deref() else {
            let found = format!(
                "has the shape {:?}",
                self.shape.as_deref().unwrap_or_default()
            );
            return Err(input.wrong(
                found,
                "two dimensions (vectors, values)",
                "Reshape it with numpy",
            ));
        };
        let order = if self.fortran_order == Some(true) {
            Order::Columns
        } else {
            Order::Rows
        };
        Ok(Layout {
            rows,
            dimensions,
            element,
            offset,
            prefix: 0,
            tail: 0,
            order,
        })
    }
}

fn element(descr: &str) -> Option<Element> {
    Some(match descr {
        "<f2" => Element::F16,
        "<f4" => Element::F32,
        "<f8" => Element::F64,
        "|i1" => Element::I8,
        "|u1" => Element::U8,
        "<i4" | "<u4" => Element::U32,
        "<i8" | "<u8" => Element::U64,
        _ => return None,
    })
}

/// The three keys of a dictionary in any order; `None` when it is anything else.
fn parse(text: &str) -> Option<Header<'_>> {
    let mut header = Header::default();
    let mut rest = text.trim().strip_prefix('{')?.strip_suffix('}')?.trim();
    while !rest.is_empty() {
        let (key, value) = quoted(rest)?;
        let value = value.trim_start().strip_prefix(':')?.trim_start();
        let after = match key {
            "descr" => {
                let (descr, after) = quoted(value)?;
                header.descr.replace(descr).is_none().then_some(after)?
            }
            "fortran_order" => {
                let (order, after) = boolean(value)?;
                header
                    .fortran_order
                    .replace(order)
                    .is_none()
                    .then_some(after)?
            }
            "shape" => {
                let (shape, after) = value.strip_prefix('(')?.split_once(')')?;
                let sizes = shape
                    .trim()
                    .trim_end_matches(',')
                    .split(',')
                    .filter(|size| !size.trim().is_empty());
                let sizes = sizes
                    .map(|size| size.trim().trim_end_matches('L').parse().ok())
                    .collect::<Option<Vec<u64>>>()?;
                header.shape.replace(sizes).is_none().then_some(after)?
            }
            _ => return None,
        };
        let after = after.trim_start();
        rest = after
            .strip_prefix(',')
            .or_else(|| after.is_empty().then_some(after))?
            .trim_start();
    }
    (header.descr.is_some() && header.fortran_order.is_some() && header.shape.is_some())
        .then_some(header)
}

fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text
        .chars()
        .next()
        .filter(|quote| matches!(quote, '\'' | '"'))?;
    text[1..].split_once(quote)
}

fn boolean(text: &str) -> Option<(bool, &str)> {
    let yes = text.strip_prefix("True").map(|rest| (true, rest));
    yes.or_else(|| text.strip_prefix("False").map(|rest| (false, rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_as_numpy_writes_them_are_read() {
        let cases = [
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }   \n",
                Some(("<f4", false, vec![3, 4])),
            ),
            (
                "{'descr': '<f8', 'fortran_order': True, 'shape': (400000, 50), }\n",
                Some(("<f8", true, vec![400_000, 50])),
            ),
            (
                "{\"shape\": (3L, 4L), \"descr\": \"|u1\", \"fortran_order\": False}",
                Some(("|u1", false, vec![3, 4])),
            ),
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (7,), }",
                Some(("<f4", false, vec![7])),
            ),
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (), }",
                Some(("<f4", false, vec![])),
            ),
            (
                "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (7,), }",
                None,
            ),
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (-7, 2), }",
                None,
            ),
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 2), }",
                None,
            ),
            (
                "{'descr': '<f4', 'fortran_order': 0, 'shape': (7, 2), }",
                None,
            ),
            ("{'descr': '<f4', 'shape': (7, 2), }", None),
            (
                "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (7, 2), }",
                None,
            ),
            (
                "{'descr': '<f4' 'fortran_order': False, 'shape': (7, 2), }",
                None,
            ),
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (7, 2), 'x': 1}",
                None,
            ),
            ("", None),
            ("{", None),
            ("{'", None),
            ("}{", None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|(descr, order, shape)| Header {
                descr: Some(descr),
                fortran_order: Some(order),
                shape: Some(shape),
            });
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
