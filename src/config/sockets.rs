//! The well-known place of sockets: where `socket = "auto"` puts one, and where `vecperf top` looks for it.

use std::path::PathBuf;

/// The directory of the sockets of this user's programs, and which file in it is a program's.
///
/// `$XDG_RUNTIME_DIR/vecperf`, where that is set and absolute; else `vecperf-NAME` in the temporary directory, where
/// NAME is `$USER`. Whoever puts a socket there makes the directory with mode 0700, and refuses one that others own or
/// may write to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SocketPlace {
    /// The directory.
    pub directory: PathBuf,
}

impl SocketPlace {
    /// The socket of the process `pid`: `PID.sock`.
    pub fn of_process(&self, pid: u32) -> PathBuf {
        self.directory.join(format!("{pid}.sock"))
    }
}

/// The place for this user, by the environment.
pub fn socket_place() -> SocketPlace {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let runtime = variable("XDG_RUNTIME_DIR").map(PathBuf::from);
    let directory = match runtime.filter(|path| path.is_absolute()) {
        Some(runtime) => runtime.join("vecperf"),
        None => {
            let user = variable("USER").or_else(|| variable("LOGNAME"));
            let user = user.map(|user| user.to_string_lossy().replace(['/', '\\', '.'], "_"));
            let name = format!("vecperf-{}", user.as_deref().unwrap_or("user"));
            std::env::temp_dir().join(name)
        }
    };
    SocketPlace { directory }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_one_socket_in_it() {
        let place = SocketPlace {
            directory: "/run/user/7/vecperf".into(),
        };
        assert_eq!(
            place.of_process(42),
            PathBuf::from("/run/user/7/vecperf/42.sock")
        );
    }
}
