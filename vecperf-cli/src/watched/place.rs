//! Where the program to look at is: named by a flag, or the only one there is.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use vecperf::config::socket_place;

use crate::args::WatchedArgs;
use crate::exit::{Failure, Result};

/// A socket or an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A Unix socket.
    Socket(PathBuf),
    /// `http://host:port`.
    Url {
        /// Its name or address, without brackets.
        host: String,
        /// Its port.
        port: u16,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => f.write_str(&vecperf::export::plain(&path.to_string_lossy())),
            Self::Url { .. } => write!(f, "http://{}", self.host()),
        }
    }
}

impl Place {
    /// What the flags say; without any, the only socket in the well-known place.
    ///
    /// # Errors
    /// There is none there, or there are several to choose from.
    pub(crate) fn asked_for(args: &WatchedArgs) -> Result<Self> {
        if let Some((host, port)) = &args.url {
            return Ok(Self::Url {
                host: host.clone(),
                port: *port,
            });
        }
        if let Some(path) = &args.socket {
            return Ok(Self::Socket(path.clone()));
        }
        if let Some(pid) = args.pid {
            return Ok(Self::Socket(socket_place().of_process(pid)));
        }
        only(open_sockets())
    }

    /// What the request says under `Host`.
    pub(super) fn host(&self) -> String {
        match self {
            Self::Socket(_) => "localhost".to_owned(),
            Self::Url { host, port } if host.contains(':') => format!("[{host}]:{port}"),
            Self::Url { host, port } => format!("{host}:{port}"),
        }
    }

    /// What opens this place in the program's settings.
    pub(super) fn settings(&self) -> String {
        match self {
            Self::Socket(path) if path.parent() == Some(&socket_place().directory) => {
                "socket = \"auto\" opens this one; it takes a second at the start".to_owned()
            }
            Self::Socket(path) => {
                format!("socket = {:?} opens this one", path.display().to_string())
            }
            Self::Url { port, .. } => format!("port = {port} opens this one"),
        }
    }
}

/// The processes whose sockets are in the well-known place, and are listened on.
fn open_sockets() -> Vec<u32> {
    let place = socket_place();
    let entries = fs::read_dir(&place.directory)
        .into_iter()
        .flatten()
        .flatten();
    let named = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        name.strip_suffix(".sock")?.parse().ok()
    });
    let mut open: Vec<u32> = named
        .filter(|pid| is_listened_on(&place.of_process(*pid)))
        .collect();
    open.sort_unstable();
    open
}

#[cfg(unix)]
fn is_listened_on(path: &std::path::Path) -> bool {
    std::os::unix::net::UnixStream::connect(path).is_ok()
}

#[cfg(not(unix))]
fn is_listened_on(_: &std::path::Path) -> bool {
    false
}

fn only(open: Vec<u32>) -> Result<Place> {
    let place = socket_place();
    match open.as_slice() {
        [pid] => Ok(Place::Socket(place.of_process(*pid))),
        [] => Err(Failure::usage(format!(
            "no program to look at: there is no open socket in {}",
            place.directory.display()
        ))
        .remedy("set socket = \"auto\" under [serve] in the program's settings, or give --socket or --url")),
        several => {
            let list: Vec<_> = several.iter().map(u32::to_string).collect();
            let message = format!("which program? These are watched: {}", list.join(", "));
            Err(Failure::usage(message).remedy(format!("--pid {}", list[0])))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_program_is_found_and_of_several_one_is_asked_for() {
        assert_eq!(
            only(vec![7]).unwrap(),
            Place::Socket(socket_place().of_process(7))
        );
        assert!(only(vec![]).unwrap_err().to_string().contains("auto"));
        let several = only(vec![7, 9]).unwrap_err().to_string();
        assert!(several.contains("7, 9") && several.contains("--pid 7"));
    }

    #[test]
    fn an_address_is_written_as_http_wants_it() {
        let url = |host: &str| Place::Url {
            host: host.to_owned(),
            port: 9187,
        };
        assert_eq!(url("localhost").to_string(), "http://localhost:9187");
        assert_eq!(url("::1").host(), "[::1]:9187");
    }
}
