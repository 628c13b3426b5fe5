//! Profiles for the eye: read, cut to what was asked for, compared, drawn.
//!
//! | file | what it is |
//! |---|---|
//! | `base` | two profiles in one, to be compared |
//! | `sides` | which samples: one cut, or two that are compared |
//! | `unit` | what is counted, and how it is written |
//! | `names` | functions' names, made harmless |
//! | `places` | the functions at each address |
//! | `order` | sorting of call stacks |
//! | `stacks` | the samples by call stack |
//! | `functions` | the stacks by function |
//! | `prune` | the stacks that are wide enough to be seen |
//! | `svg`, `folded`, `speedscope` | what they are drawn as |

mod base;
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

pub(crate) use base::Base;
pub(crate) use folded::folded;
pub(crate) use functions::{Cost, functions};
pub(crate) use names::short;
pub(crate) use sides::{Sides, Terms};
pub(crate) use speedscope::speedscope;
pub(crate) use stacks::Stacks;
pub(crate) use svg::svg;

use crate::args::SelectionArgs;
use crate::exit::{Failure, Result};

/// The largest profile that is read, before and after it is unpacked. One of the busiest hour is some 10 MB.
const LARGEST: usize = 256 << 20;

/// Reads a profile and, where `--base` asks for it, the one that it is compared with, which stands behind it.
///
/// # Errors
/// As [`open`] and [`name_by`]; the two have no value in common.
pub(crate) fn read(file: &Path, args: &SelectionArgs) -> Result<(Profile, Option<Base>)> {
    let named = |file: &Path| -> Result<Profile> {
        let mut profile = open(file)?;
        name_by(&mut profile, args.binary.as_deref())?;
        Ok(profile)
    };
    let mut profile = named(file)?;
    let Some(base_file) = args.base.as_deref() else {
        return Ok((profile, None));
    };
    let earlier = named(base_file)?;
    let files = [file, base_file];
    let base = base::join(&mut profile, earlier, files, args.value.as_deref())?;
    Ok((profile, Some(base)))
}

/// Names the functions of a profile from the program before it was stripped.
///
/// # Errors
/// That is not the program, or cannot be read.
fn name_by(profile: &mut Profile, binary: Option<&Path>) -> Result<()> {
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
        let of_memory = profile.value_types.iter().any(|it| it.unit == "bytes");
        let more = if of_memory {
            "allocates more"
        } else {
            "uses more CPU time"
        };
        return Err(
            Failure::no_data(format!("{}: holds no samples", path.display()))
                .remedy(format!("a longer run, or one that {more}")),
        );
    }
    Ok(profile)
}
