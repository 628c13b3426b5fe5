//! One answer.

use serde::Serialize;

/// What a client gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(super) status: u16,
    content_type: &'static str,
    body: Vec<u8>,
}

impl Response {
    /// Data as JSON.
    pub(crate) fn json(data: &impl Serialize) -> Self {
        match serde_json::to_vec(data) {
            Ok(body) => Self::bytes("application/json", body),
            Err(error) => Self::refusal(500, &format!("this cannot be written as JSON: {error}")),
        }
    }

    /// What is there, as it is.
    pub(crate) fn bytes(content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            content_type,
            body: body.into(),
        }
    }

    /// Why there is no answer, for people.
    pub(crate) fn refusal(status: u16, why: &str) -> Self {
        Self {
            status,
            content_type: "text/plain; charset=utf-8",
            body: format!("{why}\n").into_bytes(),
        }
    }

    /// As it goes over the wire.
    pub(super) fn to_wire(&self, head_only: bool) -> Vec<u8> {
        let reason = match self.status {
            200 => "OK",
            400 => "Bad Request",
            403 => "Forbidden",
            404 => "Not Found",
            405 => "Method Not Allowed",
            408 => "Request Timeout",
            431 => "Request Header Fields Too Large",
            503 => "Service Unavailable",
            _ => "Internal Server Error",
        };
        let head = format!(
            "HTTP/1.1 {} {reason}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
             X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
            self.status,
            self.content_type,
            self.body.len()
        );
        let mut wire = head.into_bytes();
        if !head_only {
            wire.extend_from_slice(&self.body);
        }
        wire
    }
}
