//! Who may ask. A Unix socket asks the file system; a loopback port is open to every page in every browser of the
//! machine, so it looks at what a browser cannot lie about.

use super::request::{Refusal, Request};

/// Whether a request over TCP is from a person or a program of this machine, and not from a web page.
///
/// A page of `evil.example` that had its name resolved to 127.0.0.1 (DNS rebinding) still says `Host: evil.example`; one
/// that asks across origins says `Origin` or `Sec-Fetch-Site`. No CORS header is ever sent.
pub(super) fn admit(request: &Request) -> Result<(), Refusal> {
    let host = request.header("host").filter(|host| is_loopback(host));
    if host.is_none() || request.headers_called("host") != 1 {
        return Err((403, "the Host is not 127.0.0.1, [::1] or localhost"));
    }
    if request.header("origin").is_some() {
        return Err((403, "web pages are not answered"));
    }
    match request.header("sec-fetch-site") {
        None | Some("none" | "same-origin") => Ok(()),
        Some(_) => Err((403, "web pages of elsewhere are not answered")),
    }
}

/// `localhost:9187`, `127.0.0.1`, `[::1]:80`.
fn is_loopback(host: &str) -> bool {
    let after_name = ["localhost", "127.0.0.1", "[::1]"]
        .into_iter()
        .find_map(|name| host.strip_prefix(name));
    let Some(port) = after_name else { return false };
    port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|port| port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(headers: &str) -> bool {
        let head = format!("GET /state HTTP/1.1\r\n{headers}");
        admit(&Request::parse(head.as_bytes()).unwrap()).is_ok()
    }

    #[test]
    fn this_machine_is_answered_and_web_pages_are_not() {
        for host in ["localhost", "127.0.0.1:9187", "[::1]:1", "localhost:80"] {
            assert!(asked(&format!("Host: {host}")), "{host}");
        }
        for headers in [
            "",
            "Host:",
            "Host: evil.example",
            "Host: evil.example:9187",
            "Host: localhost.evil.example",
            "Host: 127.0.0.1.evil.example:80",
            "Host: localhost:",
            "Host: localhost:1@evil",
            "Host: localhost\r\nHost: evil.example",
            "Host: localhost\r\nOrigin: http://evil.example",
            "Host: localhost\r\nOrigin: null",
            "Host: localhost\r\nSec-Fetch-Site: cross-site",
        ] {
            assert!(!asked(headers), "{headers}");
        }
    }
}
