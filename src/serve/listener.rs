//! What is listened on, and the connections from it: both kinds behind one face.

use std::io::{self, Read, Write};
#[cfg(unix)]
use std::net::Shutdown;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
#[cfg(unix)]
use std::os::{fd::OwnedFd, unix::net::UnixStream};
use std::time::Duration;

use super::{Endpoint, unix};
use crate::clock::Moment;
use crate::error::{Error, ErrorKind, Result};

/// Somebody who asks.
pub(super) trait Client: Read + Write + Send {
    /// The next read or write fails after so long; never zero.
    fn patience(&self, time: Duration) -> io::Result<()>;
}

impl Client for TcpStream {
    fn patience(&self, time: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(time))?;
        self.set_write_timeout(Some(time))
    }
}

/// An open socket.
pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(unix::Listener),
}

impl Listener {
    /// Opens `endpoint`.
    ///
    /// # Errors
    /// Why not, and what to do.
    pub(super) fn open(endpoint: &Endpoint) -> Result<Self> {
        match endpoint {
            Endpoint::Socket(path) => unix::Listener::open(path).map(Self::Unix),
            Endpoint::Port(port) => match TcpListener::bind((Ipv4Addr::LOCALHOST, *port)) {
                Ok(listener) => Ok(Self::Tcp(listener)),
                Err(error) => {
                    let why = match error.kind() {
                        io::ErrorKind::AddrInUse => "another program listens there; choose another",
                        io::ErrorKind::PermissionDenied => {
                            "it needs privileges; one above 1023 does not"
                        }
                        _ => "it cannot be opened",
                    };
                    let message = format!("serve.port {port}: {why}");
                    Err(Error::new(ErrorKind::Unavailable, message).because(error))
                }
            },
        }
    }

    /// Where it really is.
    pub(super) fn endpoint(&self) -> Endpoint {
        match self {
            Self::Tcp(listener) => {
                let address = listener.local_addr();
                Endpoint::Port(address.map(|address| address.port()).unwrap_or_default())
            }
            Self::Unix(listener) => Endpoint::Socket(listener.path().to_owned()),
        }
    }

    /// What ends the wait in [`Listener::accept`] from another thread. `None`: no descriptor is left.
    #[cfg(unix)]
    pub(super) fn closer(&self) -> Option<Closer> {
        let descriptor = match self {
            Self::Tcp(listener) => listener.try_clone().map(OwnedFd::from),
            Self::Unix(listener) => listener.descriptor(),
        };
        descriptor
            .ok()
            .map(|descriptor| Closer(UnixStream::from(descriptor)))
    }

    /// This system has none.
    #[cfg(not(unix))]
    pub(super) fn closer(&self) -> Option<Closer> {
        None
    }

    /// True where every user and every browser of the machine can ask.
    pub(super) fn is_open_to_all(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }

    /// Waits for the next client. `None`: one that may not ask.
    pub(super) fn accept(&self) -> io::Result<Option<Box<dyn Client>>> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept()?;
                Ok(Some(Box::new(stream)))
            }
            Self::Unix(listener) => listener.accept(),
        }
    }
}

/// A second descriptor of a listener's socket. The type is a stream's, for the only call that is made: one that shuts
/// down what the descriptor is of, whatever kind of socket that is.
#[cfg(unix)]
pub(super) struct Closer(UnixStream);

#[cfg(unix)]
impl Closer {
    /// Nobody is let in any more, and who waits in `accept` is told. False: not on this system.
    pub(super) fn close(&self) -> bool {
        self.0.shutdown(Shutdown::Both).is_ok()
    }
}

/// There is none.
#[cfg(not(unix))]
pub(super) enum Closer {}

#[cfg(not(unix))]
impl Closer {
    pub(super) fn close(&self) -> bool {
        match *self {}
    }
}

/// For systems where a [`Closer`] does nothing: ends the wait in [`Listener::accept`] by being a client that says nothing.
pub(super) fn knock(endpoint: &Endpoint) {
    match endpoint {
        Endpoint::Socket(path) => unix::knock(path),
        Endpoint::Port(port) => {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, *port));
            drop(TcpStream::connect_timeout(
                &address,
                Duration::from_millis(200),
            ));
        }
    }
}

/// Reads up to the empty line that ends a head, at most `most` bytes until `deadline`; what follows it is not wanted.
pub(super) fn read_head(
    client: &mut dyn Client,
    most: usize,
    deadline: Duration,
) -> std::result::Result<Vec<u8>, (u16, &'static str)> {
    let begun = Moment::now();
    let mut head = Vec::new();
    let mut chunk = [0; 1024];
    loop {
        let left = deadline.saturating_sub(begun.elapsed());
        if left.is_zero() || client.patience(left).is_err() {
            return Err((408, "the request took too long"));
        }
        let read = match client.read(&mut chunk) {
            Ok(0) => return Err((400, "the request ended early")),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return Err((408, "the request took too long")),
        };
        // The end may lie across two reads.
        let from = head.len().saturating_sub(3);
        head.extend_from_slice(&chunk[..read]);
        let end = head[from..].windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            head.truncate(from + end);
            return Ok(head);
        }
        if head.len() >= most {
            return Err((431, "the request is too long"));
        }
    }
}

/// Writes all of `bytes` until `deadline`; a client that has gone away, or does not read, gets no more.
pub(super) fn write(client: &mut dyn Client, mut bytes: &[u8], deadline: Duration) {
    let begun = Moment::now();
    while !bytes.is_empty() {
        let left = deadline.saturating_sub(begun.elapsed());
        if left.is_zero() || client.patience(left).is_err() {
            return;
        }
        match client.write(bytes) {
            Ok(0) => return,
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
