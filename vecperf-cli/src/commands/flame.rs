//! `vecperf flame FILE`: a profile as a flame graph, or for the tools of others.

use std::path::{Path, PathBuf};

use crate::args::{Drawing, FlameArgs};
use crate::dataset::save;
use crate::exit::{Exit, Failure, Result};
use crate::profile::{self, Sides, Stacks};
use crate::terminal::Terminal;

pub(crate) fn run(args: &FlameArgs, terminal: Terminal) -> Result<Exit> {
    let output = output(args)?;
    let (profile, base) = profile::read(&args.file, &args.selection)?;
    let sides = Sides::new(&profile, base.as_ref(), &args.selection)?;
    let stacks = Stacks::new(&profile, &sides)?;
    drop(profile);
    let stacks = stacks.in_order();
    let mut remarks = stacks.remarks();
    let drawn = match args.format {
        Drawing::Svg => {
            let picture = profile::svg(&stacks, &sides)?;
            remarks.extend(picture.remarks);
            picture.svg
        }
        Drawing::Folded => profile::folded(&stacks, sides.compared()).into_bytes(),
        Drawing::Speedscope => profile::speedscope(&stacks, &sides)?.into_bytes(),
    };
    match &output {
        None => terminal.bytes(&drawn)?,
        Some(path) => save::replace(path, |file| file.write_all(&drawn)).map_err(|error| {
            Failure::from(error).remedy("-o with another path, or - for stdout")
        })?,
    }
    for remark in remarks {
        terminal.remark(remark);
    }
    if let Some(path) = &output {
        terminal.remark(format_args!("{} written", path.display()));
        if args.format == Drawing::Svg {
            terminal.remark("open it in a browser: click to zoom, Ctrl-F to search");
        }
    }
    Ok(Exit::Fine)
}

/// Where the drawing goes; `None`: stdout.
///
/// # Errors
/// There is something already, or it is the profile itself.
fn output(args: &FlameArgs) -> Result<Option<PathBuf>> {
    let path = match &args.output {
        Some(path) if path == Path::new("-") => return Ok(None),
        Some(path) => path.clone(),
        None => args.file.with_extension(args.format.extension()),
    };
    let there = path.canonicalize().ok();
    if path == args.file || (there.is_some() && there == args.file.canonicalize().ok()) {
        return Err(Failure::usage(format!(
            "{}: the drawing would replace the profile",
            path.display()
        ))
        .remedy("-o with another path"));
    }
    save::refuse_to_overwrite(&path, args.force, "-o with another path")?;
    Ok(Some(path))
}
