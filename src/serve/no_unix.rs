//! No Unix sockets on this system.

use std::io;
use std::path::Path;

use super::listener::Client;
use crate::error::{Error, ErrorKind, Result};

/// There is none.
pub(super) enum Listener {}

impl Listener {
    /// # Errors
    /// Always: what to set instead.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let path = path.display();
        let message =
            format!("serve.socket {path}: this system has no Unix sockets; set serve.port");
        Err(Error::new(ErrorKind::Unavailable, message))
    }

    pub(super) fn path(&self) -> &Path {
        match *self {}
    }

    pub(super) fn accept(&self) -> io::Result<Option<Box<dyn Client>>> {
        match *self {}
    }
}

pub(super) fn knock(_: &Path) {}
