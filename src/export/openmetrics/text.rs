//! The text format itself: families, samples, labels.

use std::fmt::{Display, Write as _};

use crate::export::text::plain;
use crate::histogram::Histogram;

/// Bounds 2^-20 s to 2^5 s.
const BOUNDS: std::ops::RangeInclusive<i32> = -20..=5;

/// The text so far. Every name begins with `vecperf_`.
#[derive(Default)]
pub(super) struct Text(String);

impl Text {
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(super) fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(
            self.0,
            "# HELP vecperf_{name} {help}\n# TYPE vecperf_{name} {kind}"
        );
    }

    pub(super) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<_> = labels
            .iter()
            .map(|(label, text)| format!("{label}=\"{}\"", escaped(text)))
            .collect();
        let labels = if labels.is_empty() {
            String::new()
        } else {
            format!("{{{}}}", labels.join(","))
        };
        let _ = writeln!(self.0, "vecperf_{name}{labels} {value}");
    }

    /// A family with one label; what was not measured has no sample, and a family without samples is left out.
    pub(super) fn choices<V: Display + Copy>(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        label: &str,
        choices: &[(&str, Option<V>)],
    ) {
        let measured: Vec<_> = choices
            .iter()
            .filter_map(|&(choice, value)| Some((choice, value?)))
            .collect();
        if !measured.is_empty() {
            self.family(name, kind, help);
        }
        for (choice, value) in measured {
            self.sample(name, &[(label, choice)], value);
        }
    }

    pub(super) fn histogram(&mut self, name: &str, labels: &[(&str, &str)], histogram: &Histogram) {
        let per_octave = 1 << Histogram::SCHEMA;
        let mut buckets = histogram.buckets().iter().peekable();
        let mut below = 0u64;
        for power in BOUNDS {
            while let Some((_, count)) = buckets.next_if(|(index, _)| *index <= power * per_octave)
            {
                below += count;
            }
            let bound = 2f64.powi(power).to_string();
            self.sample(
                &format!("{name}_bucket"),
                &[labels, &[("le", &bound)]].concat(),
                below,
            );
        }
        self.sample(
            &format!("{name}_bucket"),
            &[labels, &[("le", "+Inf")]].concat(),
            histogram.count(),
        );
        self.sample(
            &format!("{name}_sum"),
            labels,
            histogram.sum().as_secs_f64(),
        );
        self.sample(&format!("{name}_count"), labels, histogram.count());
    }
}

/// A label's value: nothing hidden, and no two names alike, for a backslash of the name is doubled before hidden
/// characters are spelt with one. The format itself wants `\\`, `\"` and `\n`.
fn escaped(text: &str) -> String {
    let visible = plain(&text.replace('\\', "\\\\")).into_owned();
    visible.replace('\\', "\\\\").replace('"', "\\\"")
}
