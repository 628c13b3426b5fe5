//! Answers whoever asks a running program how it is, over a Unix socket or a loopback port; the only room that opens
//! sockets, and only when it is asked to.
//!
//! One thread a listener, which takes one client after the other; each has two seconds to say what it wants, and gets one
//! answer. What takes long is answered on a thread of its own, one at a time. HTTP/1.1 without its extras, so that `curl
//! --unix-socket` works; who may ask is decided in `gate`.

mod gate;
mod listener;
mod request;
mod response;
mod server;
#[cfg_attr(not(unix), path = "no_unix.rs")]
mod unix;

use std::fmt;
use std::path::PathBuf;

pub(crate) use request::{Method, Request};
pub(crate) use response::Response;
pub(crate) use server::{Answers, Server};

/// Where a program can be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Endpoint {
    /// A Unix socket, which only this user may open.
    Socket(PathBuf),
    /// A TCP port of 127.0.0.1, for every user of the machine; 0: one that the system chooses.
    Port(u16),
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => write!(f, "{}", path.display()),
            Self::Port(port) => write!(f, "http://127.0.0.1:{port}"),
        }
    }
}
