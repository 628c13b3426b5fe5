//! The report as JSON that people can read, too: pretty, but buckets take one line in all and the time series one
//! line a beat, not one a number.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

use crate::export::Exporter;
use crate::export::text::is_hidden;
use crate::report::Report;

/// All of the report; [`Report::from_json`] reads it back equal, to the last bit of every number.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json;

impl Exporter for Json {
    fn name(&self) -> &str {
        "json"
    }

    fn export(&self, report: &Report, out: &mut dyn Write) -> io::Result<()> {
        let mut buffer = io::BufWriter::new(out);
        write(&report.finite(), &mut buffer)?;
        buffer.flush()
    }
}

/// All of `value` and a line end; no character of a text in it acts on a terminal.
pub(super) fn write(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *out, Layout::default());
    value.serialize(&mut serializer)?;
    out.write_all(b"\n")
}

/// `serde_json`'s pretty layout, except in [`Layout::inline`] values, which are compact.
#[derive(Default)]
struct Layout {
    pretty: PrettyFormatter<'static>,
    /// The last object key, and whether it is being written.
    key: String,
    in_key: bool,
    /// Inside the list of the time series, whose entries are inline.
    in_series: bool,
    /// How many arrays and objects deep in an inline value; 0: not in one.
    inline: usize,
}

impl Layout {
    /// Opens an array or object; `inline` starts an inline value here.
    fn open(&mut self, inline: bool) -> bool {
        let inline = inline || self.inline > 0;
        self.inline += usize::from(inline);
        inline
    }

    /// Closes an array or object; true when it was (part of) an inline value.
    fn close(&mut self) -> bool {
        let inline = self.inline > 0;
        self.inline -= usize::from(inline);
        inline
    }
}

/// Calls the compact formatter inside inline values and the pretty one outside.
macro_rules! either {
    ($self:ident, $inline:expr, $method:ident($($argument:expr),*)) => {
        if $inline { CompactFormatter.$method($($argument),*) } else { $self.pretty.$method($($argument),*) }
    };
}

impl Formatter for Layout {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.in_series |= self.key == "series";
        let inline = self.open(self.key == "buckets");
        either!(self, inline, begin_array(out))
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        let inline = self.close();
        self.in_series &= inline;
        either!(self, inline, end_array(out))
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        either!(self, self.inline > 0, begin_array_value(out, first))
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        either!(self, self.inline > 0, end_array_value(out))
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        let inline = self.open(self.in_series);
        either!(self, inline, begin_object(out))
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        let inline = self.close();
        either!(self, inline, end_object(out))
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.key.clear();
        self.in_key = true;
        either!(self, self.inline > 0, begin_object_key(out, first))
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.in_key = false;
        either!(self, self.inline > 0, end_object_key(out))
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        either!(self, self.inline > 0, begin_object_value(out))
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        either!(self, self.inline > 0, end_object_value(out))
    }

    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        out: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if self.in_key {
            self.key.push_str(fragment);
        }
        // `serde_json` escapes what JSON demands. A terminal also acts on C1 controls and bidirectional marks.
        let mut rest = fragment;
        while let Some(at) = rest.find(is_hidden) {
            let (visible, hidden) = rest.split_at(at);
            out.write_all(visible.as_bytes())?;
            let character = hidden.chars().next().unwrap_or_default();
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = &hidden[character.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }
}
