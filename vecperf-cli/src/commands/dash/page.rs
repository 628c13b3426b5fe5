//! The page, and who may ask for it.

/// One file: no request leaves it but to this server.
pub(super) const HTML: &str = include_str!("page.html");

/// What the page may do: run what is in it, and ask this server.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
                                 connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Whether a browser asks for this server by its own name, from its own page: not by a name that was made to lead here
/// (DNS rebinding), and not from a page of elsewhere.
pub(super) fn is_own(head: &str, port: u16) -> bool {
    let values = |name: &str| -> Vec<&str> {
        let headers = head.lines().filter_map(|line| line.split_once(':'));
        let named = headers.filter(|header| header.0.eq_ignore_ascii_case(name));
        named.map(|header| header.1.trim()).collect()
    };
    let own = |host: &str| {
        ["127.0.0.1", "localhost"]
            .iter()
            .any(|name| host == format!("{name}:{port}"))
    };
    let origin_is_own = |origin: &&str| origin.strip_prefix("http://").is_some_and(own);
    matches!(values("host").as_slice(), [host] if own(host))
        && values("origin").iter().all(origin_is_own)
        && values("sec-fetch-site")
            .iter()
            .all(|site| ["none", "same-origin"].contains(site))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_elsewhere_are_not_answered() {
        let asked = |headers: &str| is_own(&format!("GET / HTTP/1.1\r\n{headers}\r\n\r\n"), 9188);
        assert!(asked("Host: 127.0.0.1:9188"));
        assert!(asked(
            "host: localhost:9188\r\nOrigin: http://localhost:9188\r\nSec-Fetch-Site: same-origin"
        ));
        for headers in [
            "X: y",
            "Host: evil.example:9188",
            "Host: 127.0.0.1:80",
            "Host: 127.0.0.1:9188\r\nHost: evil.example",
            "Host: 127.0.0.1:9188\r\nOrigin: http://evil.example",
            "Host: 127.0.0.1:9188\r\nSec-Fetch-Site: cross-site",
        ] {
            assert!(!asked(headers), "{headers}");
        }
    }

    #[test]
    fn the_page_fetches_nothing_from_elsewhere_and_never_parses_names_as_html() {
        for forbidden in [
            "http://",
            "https://",
            "innerHTML",
            "insertAdjacent",
            "document.write",
            "eval(",
        ] {
            assert!(!HTML.contains(forbidden), "{forbidden}");
        }
    }
}
