//! The JSON format of <https://www.speedscope.app>: each stack with its weight, a profile for each side.
//! Its definition: `src/lib/file-format-spec.ts` in speedscope's repository.

use serde::Serialize;

use super::sides::Sides;
use super::stacks::Stacks;
use super::unit::Unit;
use crate::exit::{Failure, Result};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    name: String,
    exporter: &'static str,
    active_profile_index: usize,
    shared: Shared<'a>,
    profiles: Vec<Profile<'a>>,
}

#[derive(Serialize)]
struct Shared<'a> {
    frames: Vec<Frame<'a>>,
}

#[derive(Serialize)]
struct Frame<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    file: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Profile<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    name: String,
    unit: &'static str,
    start_value: f64,
    end_value: f64,
    /// Root first.
    samples: Vec<&'a [u32]>,
    weights: Vec<f64>,
}

/// The stacks of both sides.
///
/// # Errors
/// They cannot be written as JSON; nothing in a profile makes it so.
pub(crate) fn speedscope(stacks: &Stacks, sides: &Sides<'_>) -> Result<String> {
    let titles = sides.titles();
    let subject = sides.subject();
    let count = if sides.compared() { 2 } else { 1 };
    let profiles = (0..count).map(|side| {
        let name = match titles[side].as_str() {
            "" => subject.clone(),
            title => format!("{subject}: {title}"),
        };
        profile(stacks, side, name, &sides.unit)
    });
    let frames = stacks.functions.iter().map(|function| Frame {
        name: &function.name,
        file: &function.file,
    });
    let file = File {
        schema: "https://www.speedscope.app/file-format-schema.json",
        name: subject.clone(),
        exporter: concat!("vecperf@", env!("CARGO_PKG_VERSION")),
        active_profile_index: 0,
        shared: Shared {
            frames: frames.collect(),
        },
        profiles: profiles.collect(),
    };
    serde_json::to_string(&file)
        .map_err(|error| Failure::runtime("the profile cannot be written as JSON").because(&error))
}

fn profile<'a>(stacks: &'a Stacks, side: usize, name: String, unit: &Unit) -> Profile<'a> {
    let (samples, weights): (Vec<_>, Vec<_>) = stacks
        .iter()
        .map(|(path, values)| (path, values[side]))
        .filter(|(_, value)| *value > 0.0)
        .unzip();
    Profile {
        kind: "sampled",
        name,
        unit: match unit {
            Unit::Time(_) => "nanoseconds",
            Unit::Bytes => "bytes",
            Unit::Count(_) => "none",
        },
        start_value: 0.0,
        end_value: weights.iter().sum(),
        samples,
        weights,
    }
}
