//! The samples of a file: nearly all of it. They are read by hand, number by number. Those with equal labels share them,
//! and those with equal stacks, too, become one.

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::hash::BuildHasher;
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
    let (mut known, mut places) = (Labels::default(), Places::default());
    let (mut stack, mut values) = (Vec::new(), Vec::new());
    let mut number = 0; // in the file: those that become one count, too
    lists.each(wire::SAMPLE, |element| {
        number += 1;
        stack.clear();
        values.clear();
        let labels = parts(element, locations, &mut stack, &mut values)
            .and_then(|labels| known.get(labels, texts))
            .and_then(|labels| add_up(&mut totals, &values).map(|()| labels))
            .map_err(|why| format!("sample {number}: {why}"))?;
        if let Some(equal) = places.equal(&mut samples, &stack, &labels) {
            for (sum, value) in equal.values.iter_mut().zip(&values) {
                *sum += value; // add_up() has shown that no sum overflows
            }
        } else {
            samples.push(Sample {
                locations: stack.clone(),
                values: values.clone(),
                labels,
            });
        }
        Ok(())
    })?;
    Ok(samples)
}

/// Where the samples stand, by a hash of their stacks and labels.
#[derive(Default)]
struct Places {
    hasher: RandomState,
    by_hash: HashMap<u64, usize>,
}

impl Places {
    /// The sample of this stack and these labels among those so far; `None` where there is none, and the caller adds it.
    /// Of two with one hash, which is as good as never, the second stays by itself: nothing is lost.
    fn equal<'s>(
        &mut self,
        samples: &'s mut [Sample],
        stack: &[u32],
        labels: &Arc<[Label]>,
    ) -> Option<&'s mut Sample> {
        let hash = self.hasher.hash_one((stack, Arc::as_ptr(labels)));
        match self.by_hash.entry(hash) {
            Entry::Occupied(place) => {
                let known = &mut samples[*place.get()];
                let equal = known.locations == stack && Arc::ptr_eq(&known.labels, labels);
                equal.then_some(known)
            }
            Entry::Vacant(place) => {
                place.insert(samples.len());
                None
            }
        }
    }
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
