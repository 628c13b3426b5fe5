//! `vecperf top`: a running program in the terminal.

mod ask;
mod columns;
mod draw;
mod history;
mod keys;
mod model;
mod text;

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyEventKind};

use crate::args::TopArgs;
use crate::exit::{Exit, Failure, Result};
use crate::terminal::Terminal;
use crate::watched::{Place, Watched};

use ask::Asking;
use draw::Theme;
use keys::Wish;
use model::Model;

/// Between two looks at whether there is news.
const LISTEN: Duration = Duration::from_millis(100);

/// How long the screen may take to end when a signal asks for it.
const FAREWELL: Duration = Duration::from_millis(500);

pub(crate) fn run(args: &TopArgs, terminal: Terminal) -> Result<Exit> {
    let place = Place::asked_for(&args.watched)?;
    if !io::stdout().is_terminal() {
        return Err(no_terminal(&place));
    }
    let watched = Watched::at(place.clone());
    // What is wrong from the start is told as an error, and not on a screen that comes and goes.
    let first = watched
        .state()
        .map_err(|silence| Failure::from((&place, silence)))?;
    let ending = Arc::new(AtomicBool::new(false));
    let asked_to_end = Arc::clone(&ending);
    // Where no handler can be set, a signal ends the process as it always does.
    let _ = ctrlc::set_handler(move || {
        asked_to_end.store(true, Ordering::Relaxed);
        // A terminal that is gone (SIGHUP) is waited for without end by whoever reads keys from it.
        std::thread::sleep(FAREWELL);
        let _ = ratatui::try_restore();
        std::process::exit(Exit::Fine.code().into());
    });

    let asking = Asking::start(&watched, args.interval);
    let mut model = Model::new(place.to_string(), first);
    let theme = Theme::new(terminal.stdout_color());
    let screen =
        |error: io::Error| Failure::runtime("the terminal cannot be drawn on").because(&error);
    // It may fail after the terminal was changed already.
    let mut drawn = ratatui::try_init()
        .inspect_err(|_| ratatui::restore())
        .map_err(screen)?;
    let ended = watch(&mut drawn, (&mut model, theme), &asking, &ending);
    let restored = ratatui::try_restore();
    ended.and(restored).map_err(screen)?;
    Ok(Exit::Fine)
}

/// Until the user has seen enough.
fn watch(
    terminal: &mut DefaultTerminal,
    (model, theme): (&mut Model, Theme),
    asking: &Asking,
    ending: &AtomicBool,
) -> io::Result<()> {
    let mut changed = true;
    while !ending.load(Ordering::Relaxed) {
        if changed {
            terminal.draw(|frame| draw::all(frame, model, theme))?;
            changed = false;
        }
        if event::poll(LISTEN)? {
            match event::read()? {
                Event::Key(key) if key.kind != KeyEventKind::Release => {
                    match keys::press(model, key) {
                        Some(Wish::End) => return Ok(()),
                        Some(Wish::Profile(seconds)) => asking.profile(seconds),
                        Some(Wish::Slowest) => asking.slowest(),
                        None => {}
                    }
                    changed = true;
                }
                Event::Resize(..) => changed = true,
                _ => {}
            }
        }
        for news in asking.news() {
            model.hear(news);
            changed = true;
        }
    }
    Ok(())
}

fn no_terminal(place: &Place) -> Failure {
    let how = match place {
        Place::Socket(path) => format!(
            "curl --unix-socket {} http://localhost/state",
            path.display()
        ),
        Place::Url { .. } => format!("curl {place}/state"),
    };
    Failure::usage("top draws on a terminal, and stdout is none")
        .remedy(format!("for programs: {how}"))
}
