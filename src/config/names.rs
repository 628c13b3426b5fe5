//! Which names of directories and files are plain on every system.
//!
//! A settings file travels between machines, so what one of them would refuse, or understand as something else than a
//! file, is refused on all. What lies at the path when it is written (a symbolic link, a directory) is checked then.

use std::path::{Component, Path};

use super::Output;

/// Most file systems' limit of one name, in bytes.
const LONGEST_NAME: usize = 255;
/// Linux' limit of a path (PATH_MAX), with room for the longest file name in it.
const LONGEST_DIRECTORY: usize = 4096 - LONGEST_NAME - 2;
/// Where a file system shows devices and the kernel as files. `/dev/shm` is memory, and fine.
const NO_PLACE_FOR_FILES: [&str; 3] = ["/dev", "/proc", "/sys"];

/// A name for a file inside the output directory.
///
/// # Errors
/// Why not.
pub(crate) fn check_file_name(name: &str) -> Result<(), String> {
    if let Some(separator) = name.chars().find(|c| ['/', '\\'].contains(c)) {
        let why = "the file lies inside `output.directory`";
        return Err(format!(
            "it may not contain the separator `{separator}`: {why}"
        ));
    }
    check_part(name)
}

/// The output directory: relative or absolute, nested or not.
///
/// # Errors
/// Why not.
pub(super) fn check_directory(directory: &str) -> Result<(), String> {
    if directory.is_empty() {
        return Err("it is empty; `.` is the current directory".to_owned());
    }
    if directory.len() > LONGEST_DIRECTORY {
        let bytes = directory.len();
        return Err(format!(
            "it has {bytes} bytes; at most {LONGEST_DIRECTORY} leave room for a file"
        ));
    }
    if cfg!(not(windows)) && directory.contains('\\') {
        return Err("`\\` separates on Windows only; `/` does everywhere".to_owned());
    }
    for component in Path::new(directory).components() {
        match component {
            Component::ParentDir => {
                return Err("`..` could lead anywhere; write the path that is meant".to_owned());
            }
            Component::Normal(part) => check_part(&part.to_string_lossy())?,
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    let within = |top: &str| Path::new(directory).starts_with(top);
    match NO_PLACE_FOR_FILES
        .iter()
        .find(|top| within(top) && !within("/dev/shm"))
    {
        Some(top) => Err(format!(
            "`{top}` holds devices and the kernel's own, not files"
        )),
        None => Ok(()),
    }
}

/// The path of a Unix socket.
///
/// # Errors
/// Why not.
pub(super) fn check_socket(path: &str) -> Result<(), String> {
    // `sun_path` holds 108 bytes on Linux, 104 on BSD and macOS, with the zero at its end.
    const LONGEST: usize = 103;
    if path.len() > LONGEST {
        let bytes = path.len();
        return Err(format!(
            "it has {bytes} bytes; the system allows a socket {LONGEST}"
        ));
    }
    check_directory(path)
}

/// One name: a file's, or one part of a directory's.
fn check_part(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("it is empty".to_owned());
    }
    if name == "." || name == ".." {
        return Err(format!("`{name}` is a directory"));
    }
    if name.len() > LONGEST_NAME {
        return Err(format!(
            "it has {} bytes; a name has at most {LONGEST_NAME}",
            name.len()
        ));
    }
    if let Some(c) = name.chars().find(|&c| c.is_control() || is_invisible(c)) {
        return Err(format!(
            "it contains the invisible character U+{:04X}",
            u32::from(c)
        ));
    }
    if name.contains('\u{FFFD}') {
        return Err("it is not valid Unicode".to_owned());
    }
    if let Some(c) = name.chars().find(|c| "<>:\"|?*".contains(*c)) {
        return Err(format!("Windows does not allow `{c}` in a name"));
    }
    if name.ends_with(['.', ' ']) {
        return Err("it ends in a dot or a space, which Windows drops".to_owned());
    }
    match device(name) {
        Some(device) => Err(format!(
            "{device} is a device on Windows, whatever follows the dot"
        )),
        None => Ok(()),
    }
}

impl Output {
    /// The files inside the directory: the keys that name them, and their names.
    pub(crate) fn files(&self) -> Vec<(&'static str, &str)> {
        let page = self.report_file.as_deref();
        let named: [(&'static str, &str); 3] = [
            ("output.metrics_file", &self.metrics_file),
            ("output.profiling_file", &self.profiling_file),
            ("output.heap_profile_file", &self.heap_profile_file),
        ];
        let page = page.map(|name| ("output.report_file", name));
        named.into_iter().chain(page).collect()
    }

    /// Two keys that name one file, and its name: on systems that do not tell case apart, too.
    pub(crate) fn same_file(&self) -> Option<([&'static str; 2], &str)> {
        let files = self.files();
        let is_same =
            |a: &str, b: &str| Path::new(a) == Path::new(b) || a.to_lowercase() == b.to_lowercase();
        files.iter().enumerate().find_map(|(at, a)| {
            let mut later = files[at + 1..].iter();
            let same = later.find(|b| is_same(a.1, b.1))?;
            Some(([a.0, same.0], a.1))
        })
    }
}

/// Marks that change the direction of text or take no room: a name is what it looks like.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// The DOS device that Windows opens for `name`. See "Naming Files, Paths, and Namespaces" in Microsoft's manual.
fn device(name: &str) -> Option<String> {
    let stem = name
        .split('.')
        .next()
        .unwrap_or(name)
        .trim_end()
        .to_ascii_uppercase();
    let numbered = ["COM", "LPT"].iter().any(|port| {
        stem.strip_prefix(port).is_some_and(|rest| {
            let mut digits = rest.chars();
            let digit = digits
                .next()
                .is_some_and(|c| c.is_ascii_digit() || "¹²³".contains(c));
            digit && digits.next().is_none()
        })
    });
    let named = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str());
    (numbered || named).then_some(stem)
}
