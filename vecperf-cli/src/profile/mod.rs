//! Profiles for the eye: read, cut to what was asked for, compared, drawn.
//!
//! | file | what it is |
//! |---|---|
//! | `sides` | which samples: one cut, or two that are compared |
//! | `unit` | what is counted, and how it is written |
//! | `names` | functions' names, made harmless |
//! | `places` | the functions at each address |
//! | `order` | sorting of call stacks |
//! | `stacks` | the samples by call stack |
//! | `functions` | the stacks by function |
//! | `prune` | the stacks that are wide enough to be seen |
//! | `svg`, `folded`, `speedscope` | what they are drawn as |

mod folded;
mod functions;
mod names;
mod order;
mod places;
mod prune;
mod sides;
mod speedscope;
mod stacks;
mod svg;
mod unit;

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use vecperf::export::pprof;
use vecperf::profile::Profile;

pub(crate) use folded::folded;
pub(crate) use functions::{Cost, functions};
pub(crate) use names::short;
pub(crate) use sides::Sides;
pub(crate) use speedscope::speedscope;
pub(crate) use stacks::Stacks;
pub(crate) use svg::svg;

use crate::exit::{Failure, Result};

/// The largest profile that is read, before and after it is unpacked. One of the busiest hour is some 10 MB.
const LARGEST: usize = 256 << 20;

/// Names the functions of a profile from the program before it was stripped.
///
/// # Errors
/// That is not the program, or cannot be read.
pub(crate) fn name_by(profile: &mut Profile, binary: Option<&Path>) -> Result<()> {
    let Some(binary) = binary else { return Ok(()) };
    match vecperf::cpu::symbolize(profile, binary) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::runtime(format!(
            "--binary {}: gives no names",
            binary.display()
        ))
        .because(&error)
        .remedy("the file that was stripped to make the program: of the same build")),
    }
}

/// Reads a profile.
///
/// # Errors
/// It cannot be read, is no profile, or holds no sample.
pub(crate) fn open(path: &Path) -> Result<Profile> {
    let unreadable = |error: &std::io::Error| {
        let remedy = match error.kind() {
            ErrorKind::PermissionDenied => "chmod +r, or run vecperf as the user it belongs to",
            _ => "the file of a profile: `vecperf bench` and `vecperf record` write one",
        };
        Failure::runtime(format!("{}: cannot be read", path.display()))
            .because(error)
            .remedy(remedy)
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    let mut some = file.take(LARGEST as u64 + 1);
    some.read_to_end(&mut bytes)
        .map_err(|error| unreadable(&error))?;
    if bytes.len() > LARGEST {
        return Err(Failure::runtime(format!(
            "{}: more than {} MiB",
            path.display(),
            LARGEST >> 20
        ))
        .remedy("a profile of a shorter time"));
    }
    let profile = pprof::read(&bytes, LARGEST).map_err(|error| {
        Failure::runtime(format!(
            "{}: is no profile that can be read",
            path.display()
        ))
        .because(&error)
        .remedy("a .prof file of vecperf's, or any file in pprof's format")
    })?;
    if profile.samples.is_empty() || profile.value_types.is_empty() {
        return Err(
            Failure::no_data(format!("{}: holds no samples", path.display()))
                .remedy("a longer run, or one that uses more CPU time"),
        );
    }
    Ok(profile)
}
