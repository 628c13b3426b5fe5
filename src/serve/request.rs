//! One request, read with care: whoever writes it may be slow, wrong or hostile.

/// Bytes of a request's head.
pub(super) const LONGEST_HEAD: usize = 8 << 10;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// To be told something.
    Get,
    /// To have something done.
    Post,
}

/// A request without its body, which nothing here needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// GET or POST.
    pub(crate) method: Method,
    /// `/state`, without what follows a question mark.
    pub(crate) path: String,
    query: String,
    headers: Vec<(String, String)>,
    /// HEAD: everything but the body is wanted.
    pub(super) head_only: bool,
}

/// Why a head is not answered: status and reason.
pub(super) type Refusal = (u16, &'static str);

impl Request {
    /// From the text before the empty line.
    pub(super) fn parse(head: &[u8]) -> Result<Self, Refusal> {
        let text = std::str::from_utf8(head).map_err(|_| (400, "the request is not UTF-8"))?;
        let mut lines = text.split("\r\n");
        let mut first = lines.next().unwrap_or_default().split(' ');
        let (method, target, version) = (first.next(), first.next(), first.next());
        if !matches!(version, Some("HTTP/1.1" | "HTTP/1.0")) || first.next().is_some() {
            return Err((400, "the first line is not `GET /state HTTP/1.1`"));
        }
        let method = match method {
            Some("GET" | "HEAD") => Method::Get,
            Some("POST") => Method::Post,
            _ => return Err((405, "only GET, HEAD and POST are answered")),
        };
        let target = target.filter(|target| target.starts_with('/'));
        let target = target.ok_or((400, "the path does not start with /"))?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut headers = Vec::new();
        for line in lines.filter(|line| !line.is_empty()) {
            let header = line.split_once(':').ok_or((400, "a header has no colon"))?;
            headers.push((header.0.to_ascii_lowercase(), header.1.trim().to_owned()));
        }
        Ok(Self {
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            head_only: text.starts_with("HEAD "),
        })
    }

    /// The value of the header `name` (small letters); of several, the first.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|header| header.0 == name);
        found.map(|header| header.1.as_str())
    }

    /// How often the header `name` is there.
    pub(super) fn headers_called(&self, name: &str) -> usize {
        let called = self.headers.iter().filter(|header| header.0 == name);
        called.count()
    }

    /// The number after `name=` in the query; `Err` when it is none.
    pub(crate) fn number(&self, name: &str) -> Result<Option<f64>, ()> {
        let pairs = self
            .query
            .split('&')
            .filter_map(|pair| pair.split_once('='));
        let Some((_, value)) = { pairs }.find(|pair| pair.0 == name) else {
            return Ok(None);
        };
        let number = value.parse().ok().filter(|number: &f64| number.is_finite());
        number.map(Some).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_its_path_its_query_and_its_headers() {
        let head =
            b"GET /functions?seconds=2.5&x HTTP/1.1\r\nHost: localhost:9187\r\nOrigin:  a:b ";
        let request = Request::parse(head).unwrap();
        assert_eq!(
            (request.method, request.path.as_str()),
            (Method::Get, "/functions")
        );
        assert_eq!(request.number("seconds"), Ok(Some(2.5)));
        assert_eq!(request.number("since"), Ok(None));
        assert_eq!(request.header("host"), Some("localhost:9187"));
        assert_eq!(request.header("origin"), Some("a:b"));
    }

    #[test]
    fn what_is_no_request_says_why() {
        for (head, status) in [
            (&b""[..], 400),
            (b"GET /state", 400),
            (b"GET /state HTTP/2", 400),
            (b"GET /a b HTTP/1.1", 400),
            (b"GET http://evil/ HTTP/1.1", 400),
            (b"DELETE /state HTTP/1.1", 405),
            (b"GET / HTTP/1.1\r\nno colon", 400),
            (b"GET /\xFF HTTP/1.1", 400),
        ] {
            let refused = Request::parse(head).map(|_| ()).map_err(|why| why.0);
            assert_eq!(refused, Err(status), "{head:?}");
        }
        let request = Request::parse(b"GET /series?since=x HTTP/1.1").unwrap();
        assert_eq!(request.number("since"), Err(()));
    }
}
