//! One question and its answer, over a Unix socket or TCP. Whoever answers may be anybody: bounded in time and size.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::Duration;

use vecperf::Moment;

use super::{Place, Silence};

/// Bytes of the longest answer: a capture of a large program has some.
const LONGEST: usize = 64 << 20;
/// How long a connection may take.
const CONNECTING: Duration = Duration::from_secs(2);

/// A connection of either kind.
trait Connection: Read + Write {
    fn patience(&self, time: Duration) -> std::io::Result<()>;
}

impl Connection for TcpStream {
    fn patience(&self, time: Duration) -> std::io::Result<()> {
        self.set_read_timeout(Some(time))?;
        self.set_write_timeout(Some(time))
    }
}

#[cfg(unix)]
impl Connection for UnixStream {
    fn patience(&self, time: Duration) -> std::io::Result<()> {
        self.set_read_timeout(Some(time))?;
        self.set_write_timeout(Some(time))
    }
}

/// The body of a good answer to `method target`.
pub(super) fn ask(
    place: &Place,
    (method, target): (&str, &str),
    patience: Duration,
) -> Result<Vec<u8>, Silence> {
    let mut connection = connect(place)?;
    let host = place.host();
    let head = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let gone = |error: std::io::Error| silence(&error);
    connection.patience(patience).map_err(gone)?;
    connection.write_all(head.as_bytes()).map_err(gone)?;
    let answer = read(&mut *connection, patience)?;
    body(answer)
}

/// All that is answered, until the other side closes.
fn read(connection: &mut dyn Connection, patience: Duration) -> Result<Vec<u8>, Silence> {
    let begun = Moment::now();
    let mut answer = Vec::new();
    let mut chunk = vec![0; 64 << 10];
    loop {
        let left = patience.saturating_sub(begun.elapsed());
        if left.is_zero() || connection.patience(left).is_err() {
            return Err(Silence::Gone("it did not answer in time".to_owned()));
        }
        match connection.read(&mut chunk) {
            Ok(0) => return Ok(answer),
            Ok(read) => answer.extend_from_slice(&chunk[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(silence(&error)),
        }
        if answer.len() > LONGEST {
            return Err(Silence::Refused("the answer does not end".to_owned()));
        }
    }
}

/// The body, when all of it is there and the status is 200.
fn body(mut answer: Vec<u8>) -> Result<Vec<u8>, Silence> {
    if answer.is_empty() {
        return Err(Silence::Gone("it ended while it was asked".to_owned()));
    }
    let strange = || Silence::Refused("what answers there does not speak HTTP".to_owned());
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.ok_or_else(strange)?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let body = answer.split_off(end + 4);
    let mut words = head.split(' ');
    let status = words.next().filter(|word| word.starts_with("HTTP/1."));
    let status = status.and_then(|_| words.next()).ok_or_else(strange)?;
    if status != "200" {
        let text = String::from_utf8_lossy(&body);
        let text: String = text.trim().chars().take(500).collect();
        let text = vecperf::export::plain(&text).into_owned();
        return Err(Silence::Refused(if text.is_empty() {
            format!("it answered with status {}", vecperf::export::plain(status))
        } else {
            text
        }));
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        value.trim().parse::<usize>().ok().filter(|_| is_length)
    });
    match length {
        Some(length) if length > body.len() => {
            Err(Silence::Gone("it ended while it answered".to_owned()))
        }
        _ => Ok(body),
    }
}

fn connect(place: &Place) -> Result<Box<dyn Connection>, Silence> {
    match place {
        #[cfg(unix)]
        Place::Socket(path) => match UnixStream::connect(path) {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(silence(&error)),
        },
        #[cfg(not(unix))]
        Place::Socket(_) => Err(Silence::Refused(
            "this system has no Unix sockets; give --url".to_owned(),
        )),
        Place::Url { host, port } => {
            let addresses = (host.as_str(), *port).to_socket_addrs();
            let addresses: Vec<SocketAddr> = addresses.map_err(|error| silence(&error))?.collect();
            let mut last = Silence::Gone("this host has no address".to_owned());
            for address in addresses {
                match TcpStream::connect_timeout(&address, CONNECTING) {
                    Ok(stream) => return Ok(Box::new(stream)),
                    Err(error) => last = silence(&error),
                }
            }
            Err(last)
        }
    }
}

/// Gone, unless waiting does not help.
fn silence(error: &std::io::Error) -> Silence {
    match error.kind() {
        ErrorKind::PermissionDenied => Silence::Refused(why(error)),
        _ => Silence::Gone(why(error)),
    }
}

/// What the system's error means here.
fn why(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such socket".to_owned(),
        ErrorKind::ConnectionRefused => "nobody listens there".to_owned(),
        ErrorKind::PermissionDenied => "this socket is another user's; ask as that user".to_owned(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut => "it did not answer in time".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_good_and_http() {
        let of = |text: &str| body(text.as_bytes().to_vec());
        let good = of("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        assert_eq!(good, Ok(b"{}".to_vec()));
        let cut = of("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}");
        assert!(matches!(cut, Err(Silence::Gone(_))));
        assert!(matches!(of(""), Err(Silence::Gone(_))));
        assert!(matches!(of("SSH-2.0\r\n\r\n"), Err(Silence::Refused(_))));
        let refused = of("HTTP/1.1 503 Service Unavailable\r\n\r\nbusy\u{1b}[2J\n");
        assert_eq!(refused, Err(Silence::Refused("busy\\u{1b}[2J".to_owned())));
    }
}
