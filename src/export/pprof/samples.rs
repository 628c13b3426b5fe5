//! The samples of a file: nearly all of it. They are read by hand, number by number, and those with equal labels share
//! them.

use std::collections::HashMap;
use std::sync::Arc;

use prost::Message;

use super::tables::{Ids, Texts};
use super::wire::{self, Content, Lists, Read};
use crate::profile::{Label, LabelValue, Sample};

/// The samples, each with `kinds` values.
pub(super) fn samples(
    lists: &Lists<'_>,
    texts: &mut Texts<'_>,
    locations: &Ids,
    kinds: usize,
) -> Read<Vec<Sample>> {
    let mut samples = Vec::with_capacity(lists.count(wire::SAMPLE));
    let mut totals = vec![0; kinds];
    let mut known = Labels::default();
    let (mut stack, mut values) = (Vec::new(), Vec::new());
    lists.each(wire::SAMPLE, |element| {
        stack.clear();
        values.clear();
        let labels = parts(element, locations, &mut stack, &mut values)
            .and_then(|labels| known.get(labels, texts))
            .and_then(|labels| add_up(&mut totals, &values).map(|()| labels))
            .map_err(|why| format!("sample {}: {why}", samples.len() + 1))?;
        samples.push(Sample {
            locations: stack.clone(),
            values: values.clone(),
            labels,
        });
        Ok(())
    })?;
    Ok(samples)
}

/// Takes a sample apart: its stack, its values, and what of it begins with its first label.
fn parts<'a>(
    mut sample: &'a [u8],
    locations: &Ids,
    stack: &mut Vec<u32>,
    values: &mut Vec<i64>,
) -> Read<&'a [u8]> {
    let mut labels: &[u8] = &[];
    while !sample.is_empty() {
        let whole = sample;
        match wire::next_field(&mut sample)? {
            (wire::LOCATION_ID, ids) => ids.numbers(|id| {
                stack.push(locations.index(id)?);
                Ok(())
            })?,
            (wire::VALUE, numbers) => numbers.numbers(|number| {
                values.push(number as i64);
                Ok(())
            })?,
            (wire::LABEL, _) if labels.is_empty() => labels = whole,
            _ => {}
        }
    }
    Ok(labels)
}

/// The labels read so far, by their bytes.
#[derive(Default)]
struct Labels<'a>(HashMap<&'a [u8], Arc<[Label]>>);

impl<'a> Labels<'a> {
    /// The labels in the part of a sample that begins with them.
    fn get(&mut self, bytes: &'a [u8], texts: &mut Texts<'_>) -> Read<Arc<[Label]>> {
        if let Some(known) = self.0.get(bytes) {
            return Ok(Arc::clone(known));
        }
        let mut labels = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let (wire::LABEL, content) = wire::next_field(&mut rest)? else {
                continue;
            };
            let Content::Bytes(message) = content else {
                return Err("a label is a number".to_owned());
            };
            let wire = wire::Label::decode(message).map_err(|error| error.to_string())?;
            if wire.key != 0 {
                labels.push(label(&wire, texts)?);
            }
        }
        let labels: Arc<[Label]> = labels.into();
        self.0.insert(bytes, Arc::clone(&labels));
        Ok(labels)
    }
}

/// Adds the magnitudes of a sample's values to the totals, so that no sum over samples ever overflows.
fn add_up(totals: &mut [i64], values: &[i64]) -> Read<()> {
    if values.len() != totals.len() || values.is_empty() {
        let (own, named) = (values.len(), totals.len());
        return Err(format!(
            "{own} values, and the file names {named} types of them"
        ));
    }
    for (total, &value) in totals.iter_mut().zip(values) {
        let magnitude = value.checked_abs();
        *total = magnitude
            .and_then(|magnitude| total.checked_add(magnitude))
            .ok_or("the values up to here add up to more than 2^63")?;
    }
    Ok(())
}

fn label(wire: &wire::Label, texts: &mut Texts<'_>) -> Read<Label> {
    Ok(Label {
        key: texts.shared(wire.key)?,
        value: match wire.str {
            0 => LabelValue::Number(wire.num, texts.shared(wire.num_unit)?),
            text => LabelValue::Text(texts.shared(text)?),
        },
    })
}
