//! `vecperf baseline`: runs kept under a name, as plain files: `DIR/NAME/performance_metrics.N.json`, the CPU profile of each
//! beside it, and in `DIR/in_use` the name of the one in use. What is being saved stands beside it as `DIR/.NAME.PID.partial`;
//! the two change places (Linux), or what is replaced stands as `DIR/.NAME.PID.old` until the new one is there.

use std::path::{Path, PathBuf};
use std::{fs, io};

use vecperf::compare::Fingerprint;
use vecperf::export::plain;

use super::runs::{self, Saved};
use crate::args::{BaselineCommand, BaselinePlace};
use crate::dataset::save;
use crate::exit::{Exit, Failure, Result};
use crate::terminal::Terminal;

/// What earlier versions wrote beside the runs, and nobody read.
const MACHINE: &str = "machine.json";

/// The file that names the one in use.
const IN_USE: &str = "in_use";

pub(crate) fn run(command: &BaselineCommand, terminal: Terminal) -> Result<Exit> {
    match command {
        BaselineCommand::Save {
            name,
            runs,
            force,
            place,
        } => keep(place, name, runs, *force, terminal),
        BaselineCommand::List { place } => list(place, terminal),
        BaselineCommand::Use { name, place } => {
            directory(place, name)?;
            write(
                &place.directory.join(IN_USE),
                format!("{name}\n").as_bytes(),
            )?;
            terminal.remark(format_args!(
                "`vecperf compare NEW` compares with {name} from now on"
            ));
            Ok(Exit::Fine)
        }
    }
}

/// Where the baseline `name` is.
///
/// # Errors
/// There is none of this name.
pub(super) fn directory(place: &BaselinePlace, name: &str) -> Result<PathBuf> {
    check(name)?;
    let directory = place.directory.join(name);
    if directory.is_dir() {
        return Ok(directory);
    }
    let known = names(&place.directory);
    let remedy = match known.is_empty() {
        true => "vecperf baseline save NAME data/logs".to_owned(),
        false => format!("one of: {}", known.join(", ")),
    };
    Err(Failure::usage(format!(
        "no baseline {name} in {}",
        place.directory.display()
    ))
    .remedy(remedy))
}

/// The one in use, if there is one.
///
/// # Errors
/// It is gone.
pub(super) fn used(place: &BaselinePlace) -> Result<Option<PathBuf>> {
    match in_use(&place.directory) {
        Some(name) => directory(place, &name).map(Some),
        None => Ok(None),
    }
}

fn in_use(directory: &Path) -> Option<String> {
    let name = fs::read_to_string(directory.join(IN_USE)).ok()?;
    Some(name.trim().to_owned())
}

/// A name that is a file's everywhere.
fn check(name: &str) -> Result<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if (1..=64).contains(&name.len())
        && name.chars().all(fits)
        && !name.starts_with(['.', '-'])
        && name != IN_USE
    {
        return Ok(());
    }
    let wrong = format!("{}: no name for a baseline", plain(name));
    Err(Failure::usage(wrong)
        .remedy("1 to 64 letters, digits, `.`, `-` and `_`, first a letter or digit"))
}

fn keep(
    place: &BaselinePlace,
    name: &str,
    paths: &[PathBuf],
    force: bool,
    terminal: Terminal,
) -> Result<Exit> {
    check(name)?;
    let directory = place.directory.join(name);
    refuse_to_replace(&directory, name, force)?;
    let runs = runs::all(paths)?;
    // The runs may be those of the baseline that is replaced: all is written before anything is touched.
    let beside = |what: &str| {
        let process = std::process::id();
        place.directory.join(format!(".{name}.{process}.{what}"))
    };
    let (partial, old) = (beside("partial"), beside("old"));
    make(&partial)?;
    let kept = fill(&partial, &runs).and_then(|()| swap(&partial, &directory, &old));
    if kept.is_err() {
        // Whatever is left of it is of no use to anybody.
        let _ = fs::remove_dir_all(&partial);
    }
    kept?;
    terminal.remark(format_args!(
        "{}: {} saved",
        directory.display(),
        runs_in_words(runs.len())
    ));
    Ok(Exit::Fine)
}

/// Refuses what is no baseline, and a baseline unless the user forces it.
fn refuse_to_replace(directory: &Path, name: &str, force: bool) -> Result<()> {
    let shown = directory.display();
    let Ok(found) = directory.symlink_metadata() else {
        return Ok(());
    };
    if !found.is_dir() {
        return Err(Failure::usage(format!("{shown}: is no directory")).remedy("another name"));
    }
    if !force {
        let there = format!("{shown}: there is a baseline {name} already");
        return Err(Failure::usage(there).remedy("--force replaces it; another name keeps both"));
    }
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let foreign = entries
        .map(|entry| entry.path())
        .find(|path| path.is_dir() || !is_ours(path));
    match foreign {
        Some(path) => Err(
            Failure::usage(format!("{}: is no file of a baseline", path.display())).remedy(
                "move it elsewhere: replacing the baseline would remove it; or another name",
            ),
        ),
        None => Ok(()),
    }
}

/// Writes all runs.
fn fill(directory: &Path, runs: &[Saved]) -> Result<()> {
    for (run, number) in runs.iter().zip(1..) {
        let report = directory.join(format!("performance_metrics.{number}.json"));
        copy(&run.path, &report)?;
        if let Some(profile) = run.profile_path() {
            copy(&profile, &report.with_extension("prof"))?;
        }
    }
    Ok(())
}

/// Puts `new` where `directory` is, in one step where that is known (Linux, most file systems); elsewhere `directory` stands at
/// `old` for a moment.
fn swap(new: &Path, directory: &Path, old: &Path) -> Result<()> {
    if exchange(new, directory).is_ok() {
        // It is replaced; what is left of the old one is in nobody's way.
        let _ = fs::remove_dir_all(new);
        return Ok(());
    }
    let cannot = |error: &std::io::Error| {
        let message = format!("{}: cannot be replaced", directory.display());
        Failure::runtime(message)
            .because(error)
            .remedy("--baselines with another directory")
    };
    let replaced = directory.is_dir();
    if replaced {
        fs::rename(directory, old).map_err(|error| cannot(&error))?;
    }
    if let Err(error) = fs::rename(new, directory) {
        let failure = cannot(&error);
        return Err(match fs::rename(old, directory) {
            Err(_) if replaced => failure.remedy(format!("the old one is {}", old.display())),
            _ => failure,
        });
    }
    if replaced {
        let _ = fs::remove_dir_all(old);
    }
    Ok(())
}

/// Each of two that are there stands where the other one stood.
#[cfg(target_os = "linux")]
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

#[cfg(not(target_os = "linux"))]
fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

fn runs_in_words(runs: usize) -> String {
    format!("{runs} {}", if runs == 1 { "run" } else { "runs" })
}

/// What a baseline's directory holds that we wrote.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|path| is_ours(path))
        .collect()
}

fn is_ours(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_run = name.starts_with("performance_metrics.");
    is_run && (name.ends_with(".json") || name.ends_with(".prof")) || name == MACHINE
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let directories = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<_> = directories
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| check(name).is_ok())
        .collect();
    names.sort();
    names
}

fn list(place: &BaselinePlace, terminal: Terminal) -> Result<Exit> {
    let current = in_use(&place.directory);
    let mut text = String::new();
    for name in names(&place.directory) {
        let directory = place.directory.join(&name);
        let reports: Vec<_> = files(&directory)
            .into_iter()
            .filter(|it| it.extension().is_some_and(|it| it == "json") && !it.ends_with(MACHINE))
            .collect();
        let mark = if current.as_ref() == Some(&name) {
            "*"
        } else {
            " "
        };
        let first = reports
            .iter()
            .min()
            .and_then(|path| Saved::read(path.clone()).ok());
        let (date, machine) = match &first {
            Some(run) => {
                let machine = Fingerprint::of(&run.report);
                let told = format!(
                    "{} · {} · {} CPUs",
                    machine.system, machine.cpu_model, machine.cpus
                );
                (run.report.started_at.clone(), told)
            }
            None => ("unreadable".to_owned(), String::new()),
        };
        text.push_str(&format!(
            "{mark} {}  {}  {}  {}\n",
            plain(&name),
            runs_in_words(reports.len()),
            plain(&date),
            plain(&machine)
        ));
    }
    if text.is_empty() {
        terminal.remark(format_args!(
            "no baseline in {}: vecperf baseline save NAME data/logs",
            place.directory.display()
        ));
        return Ok(Exit::Fine);
    }
    terminal.data(&text)?;
    Ok(Exit::Fine)
}

fn make(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory).map_err(|error| {
        let message = format!("{}: cannot be made", directory.display());
        Failure::runtime(message)
            .because(&error)
            .remedy("--baselines with another directory")
    })
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let bytes = fs::read(from).map_err(|error| {
        Failure::runtime(format!("{}: cannot be read", from.display())).because(&error)
    })?;
    write(to, &bytes)
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    save::replace(path, |file| file.write_all(bytes))
        .map_err(|error| Failure::from(error).remedy("--baselines with another directory"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn a_baseline_that_is_replaced_is_there_at_every_moment() {
        let room = tempfile::tempdir().unwrap();
        let [new, directory, old] = ["new", "main", "old"].map(|name| room.path().join(name));
        fs::create_dir(&directory).unwrap();
        thread::scope(|scope| {
            let replacing = scope.spawn(|| {
                for run in 0..300 {
                    fs::create_dir(&new).unwrap();
                    fs::write(new.join("run"), run.to_string()).unwrap();
                    swap(&new, &directory, &old).unwrap_or_else(|_| panic!("run {run}"));
                    let kept = fs::read_to_string(directory.join("run")).unwrap();
                    assert_eq!(kept, run.to_string());
                }
            });
            while !replacing.is_finished() {
                assert!(directory.is_dir(), "there is none for a moment");
            }
        });
        assert!(!new.exists() && !old.exists());
    }
}
