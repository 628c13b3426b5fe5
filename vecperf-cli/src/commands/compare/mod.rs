//! `vecperf compare`: what changed between saved runs, or between two commands that are run in turn.

mod interleaved;

use std::path::PathBuf;

use vecperf::Report;
use vecperf::compare::{Comparison, Judgement, Options, compare};
use vecperf::export::comparison;
use vecperf::profile::Profile;

use super::runs::{self, Saved};
use super::{baseline, telling};
use crate::args::{CompareArgs, Telling};
use crate::exit::{Exit, Failure, Result};
use crate::terminal::Terminal;

pub(crate) fn run(args: &CompareArgs, terminal: Terminal) -> Result<Exit> {
    let only_of_a_report = match args.telling.format {
        Telling::Csv => Some("--format csv: a comparison has no table of figures"),
        Telling::Html => Some("--format html: a comparison has no page"),
        _ => None,
    };
    if let Some(why) = only_of_a_report {
        return Err(Failure::usage(why).remedy("--format json"));
    }
    telling::check(&args.telling)?;
    let (compared, interrupted) = match &args.run[..] {
        [one, another] => interleaved::run(args, [one, another], terminal)?,
        _ => {
            let [base, new] = sides(args)?;
            let (base, new) = (runs::all(&base)?, runs::all(&new)?);
            let mut compared = judge([&base, &new], args, 1);
            explain(&mut compared, [&base, &new], terminal);
            (compared, false)
        }
    };
    tell(&compared, args, terminal)?;
    if interrupted {
        return Ok(Exit::Interrupted);
    }
    Ok(match compared.judgement {
        _ if !args.gate => Exit::Fine,
        Judgement::Regressed => Exit::Threshold,
        Judgement::Inconclusive => Exit::Inconclusive,
        Judgement::Improved | Judgement::Same => Exit::Fine,
    })
}

/// The paths of both sides.
fn sides(args: &CompareArgs) -> Result<[Vec<PathBuf>; 2]> {
    let mut given = args.sides.clone();
    let new = match (args.new.is_empty(), given.len()) {
        (false, _) => args.new.clone(),
        (true, 0) => {
            return Err(Failure::usage("nothing to compare")
                .remedy("vecperf compare BASE NEW, or --base … --new …, or --run 'A' 'B'"));
        }
        (true, _) => given.split_off(given.len() - 1),
    };
    let base = match (&args.baseline, args.base.is_empty(), given.is_empty()) {
        (Some(name), true, true) => vec![baseline::directory(&args.place, name)?],
        (None, false, true) => args.base.clone(),
        (None, true, false) => given,
        (None, true, true) => match baseline::used(&args.place)? {
            Some(directory) => vec![directory],
            None => {
                return Err(Failure::usage("no base to compare with").remedy(
                    "BASE NEW, --base, --baseline NAME, or `vecperf baseline use NAME` before",
                ));
            }
        },
        _ => {
            return Err(Failure::usage("the base is given twice")
                .remedy("one of BASE, --base and --baseline"));
        }
    };
    Ok([base, new])
}

/// The comparison of saved runs; `looks`: how often it is made while runs are added.
fn judge([base, new]: [&[Saved]; 2], args: &CompareArgs, looks: u32) -> Comparison {
    let options = Options {
        effect: args.effect,
        looks,
    };
    compare(&reports(base), &reports(new), options)
}

fn reports(side: &[Saved]) -> Vec<&Report> {
    side.iter().map(|run| &run.report).collect()
}

/// Adds the functions that explain it, from the profiles beside the reports: once, of what is told.
fn explain(compared: &mut Comparison, [base, new]: [&[Saved]; 2], terminal: Terminal) {
    let profiles = |side: &[Saved]| -> Vec<Profile> {
        let read = side.iter().map(Saved::profile);
        read.filter_map(|it| runs::or_remark(it, terminal))
            .collect()
    };
    let (base, new) = (profiles(base), profiles(new));
    compared.explain(
        &base.iter().collect::<Vec<_>>(),
        &new.iter().collect::<Vec<_>>(),
    );
}

fn tell(compared: &Comparison, args: &CompareArgs, terminal: Terminal) -> Result<()> {
    let to_terminal = args.telling.output.is_none();
    let width = if to_terminal {
        terminal.stdout_width()
    } else {
        120
    };
    let text = match args.telling.format {
        Telling::Text | Telling::Csv | Telling::Html => {
            comparison::text(compared, width, to_terminal && terminal.stdout_color())
        }
        Telling::Markdown => comparison::markdown(compared),
        Telling::Json => comparison::json(compared),
        Telling::Junit => comparison::junit(compared),
        Telling::Github => {
            telling::summarize(comparison::markdown(compared).as_bytes())?;
            comparison::github(compared)
        }
    };
    telling::tell(&args.telling, text.as_bytes(), terminal)
}
