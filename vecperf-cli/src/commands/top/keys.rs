//! What a key does.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::model::{Model, Panel, Profile, Slowest};

/// How long a profile on demand takes, in seconds.
const PROFILE: u64 = 5;

/// What the screen cannot do by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// To end.
    End,
    /// A profile of the next seconds.
    Profile(u64),
    /// The slowest operations.
    Slowest,
}

/// The keys, for the help.
pub(super) const HELP: [(&str, &str); 11] = [
    (
        "↑ ↓  k j",
        "move the bar; graphs are of the operation under it",
    ),
    ("s", "sort by the next column"),
    ("r", "sort the other way round"),
    (
        "/",
        "show only operations whose name has this in it; Esc: all",
    ),
    ("p  space", "stop the screen, and go on"),
    ("t", "take a CPU profile of 5 s, and show its top"),
    ("f", "show that profile again, or hide it"),
    (
        "o",
        "the slowest operations of the last minutes, one by one",
    ),
    ("?  h", "this help"),
    ("Esc", "close what lies on top"),
    ("q  Ctrl-C", "end"),
];

pub(super) fn press(model: &mut Model, key: KeyEvent) -> Option<Wish> {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return matches!(key.code, KeyCode::Char('c')).then_some(Wish::End);
    }
    if model.typing {
        edit(model, key.code);
        return None;
    }
    match key.code {
        KeyCode::Char('q') => return Some(Wish::End),
        KeyCode::Char('t') => return take_profile(model),
        KeyCode::Char('o') => return ask_for_slowest(model),
        KeyCode::Char('?' | 'h') | KeyCode::F(1) => toggle(model, Panel::Help),
        KeyCode::Char('f') if model.profile.is_some() => toggle(model, Panel::Profile),
        KeyCode::Char('p' | ' ') => model.stop_or_go_on(),
        KeyCode::Char('s') => model.sort = model.sort.next(),
        KeyCode::Char('r') => model.ascending = !model.ascending,
        KeyCode::Char('/') => model.typing = true,
        KeyCode::Up | KeyCode::Char('k') => model.select(-1),
        KeyCode::Down | KeyCode::Char('j') => model.select(1),
        KeyCode::PageUp => model.select(-10),
        KeyCode::PageDown => model.select(10),
        KeyCode::Home => model.select(isize::MIN),
        KeyCode::End => model.select(isize::MAX),
        KeyCode::Esc => match model.panel.take() {
            Some(_) => {}
            None => model.filter.clear(),
        },
        _ => {}
    }
    None
}

fn toggle(model: &mut Model, panel: Panel) {
    model.panel = (model.panel != Some(panel)).then_some(panel);
}

fn take_profile(model: &mut Model) -> Option<Wish> {
    model.panel = Some(Panel::Profile);
    if matches!(model.profile, Some(Profile::Taking(_))) {
        return None;
    }
    model.profile = Some(Profile::Taking(PROFILE));
    Some(Wish::Profile(PROFILE))
}

/// Anew each time that they are shown.
fn ask_for_slowest(model: &mut Model) -> Option<Wish> {
    toggle(model, Panel::Slowest);
    if model.panel.is_none() || matches!(model.slowest, Some(Slowest::Asked)) {
        return None;
    }
    model.slowest = Some(Slowest::Asked);
    Some(Wish::Slowest)
}

fn edit(model: &mut Model, key: KeyCode) {
    const LONGEST: usize = 60;
    match key {
        KeyCode::Char(c) if model.filter.chars().count() < LONGEST => model.filter.push(c),
        KeyCode::Backspace => _ = model.filter.pop(),
        KeyCode::Enter => model.typing = false,
        KeyCode::Esc => {
            model.typing = false;
            model.filter.clear();
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::top::model::Capture;

    fn type_in(model: &mut Model, keys: &str) -> Vec<Wish> {
        let code = |c| match c {
            '\n' => KeyCode::Enter,
            '\u{1b}' => KeyCode::Esc,
            '\u{8}' => KeyCode::Backspace,
            c => KeyCode::Char(c),
        };
        keys.chars()
            .filter_map(|c| press(model, KeyEvent::from(code(c))))
            .collect()
    }

    fn model() -> Model {
        Model::new(String::new(), vecperf::live::State::default())
    }

    #[test]
    fn what_is_typed_into_the_filter_is_no_command() {
        let mut model = model();
        assert_eq!(type_in(&mut model, "/qt\u{8}s\n"), []);
        assert_eq!((model.filter.as_str(), model.typing), ("qs", false));
        assert_eq!(type_in(&mut model, "\u{1b}q"), [Wish::End]);
        assert!(model.filter.is_empty());
    }

    #[test]
    fn one_profile_is_taken_at_a_time() {
        let mut model = model();
        assert_eq!(type_in(&mut model, "ftt"), [Wish::Profile(5)]);
        assert_eq!(model.panel, Some(Panel::Profile));
        type_in(&mut model, "?");
        assert_eq!(model.panel, Some(Panel::Help));
        type_in(&mut model, "\u{1b}");
        assert_eq!(model.panel, None);
    }

    #[test]
    fn the_slowest_are_asked_for_when_they_are_shown_and_once_at_a_time() {
        let mut model = model();
        assert_eq!(type_in(&mut model, "oo"), [Wish::Slowest]);
        assert_eq!(model.panel, None);
        assert_eq!(type_in(&mut model, "o"), []);
        model.slowest = Some(Slowest::Told(Capture::default()));
        assert_eq!(type_in(&mut model, "oo"), [Wish::Slowest]);
        assert_eq!(model.panel, Some(Panel::Slowest));
    }

    #[test]
    fn control_c_ends_even_while_the_filter_is_typed() {
        let mut model = model();
        model.typing = true;
        let key = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(press(&mut model, key), Some(Wish::End));
    }
}
