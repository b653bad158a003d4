//! The HTTP answers to whatever is not a handshake, byte for byte those that
//! Node's HTTP server gives where `ws` owns it.
//!
//! Decides: status lines, headers and their order. Refuses: the clock; the date
//! comes in as text.
//!
//! RFC 9110 §15 (status codes), §15.5.22 (426); RFC 9112 §9 (persistence).

use super::head::HeadError;

/// An answer of the server itself.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 100, before the answer proper.
    Continue,
    /// 426: this server only speaks WebSocket.
    UpgradeRequired {
        /// Whether another request may follow.
        keep_alive: bool,
        /// The answer to HEAD has no body.
        head_only: bool,
    },
    /// 417: an `Expect` other than `100-continue`.
    ExpectationFailed {
        /// Whether another request may follow.
        keep_alive: bool,
        /// The answer to HEAD has no body.
        head_only: bool,
    },
    /// 400 to HTTP/1.1 without a Host.
    MissingHost {
        /// The answer to HEAD has no body.
        head_only: bool,
    },
    /// 400 to what is no HTTP request.
    BadRequest,
    /// 408: the head did not arrive in time.
    RequestTimeout,
    /// 431.
    HeadTooLarge,
}

impl From<HeadError> for Answer {
    fn from(error: HeadError) -> Self {
        match error {
            HeadError::Malformed => Self::BadRequest,
            HeadError::TooLarge => Self::HeadTooLarge,
        }
    }
}

/// Node announces 5 s, its default `keepAliveTimeout`.
const KEEP_ALIVE: &str = "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n";
const CLOSE: &str = "Connection: close\r\n";

impl Answer {
    /// Whether the connection is closed after this answer.
    #[must_use]
    pub const fn closes(self) -> bool {
        match self {
            Self::Continue => false,
            Self::UpgradeRequired { keep_alive, .. }
            | Self::ExpectationFailed { keep_alive, .. } => !keep_alive,
            Self::MissingHost { .. }
            | Self::BadRequest
            | Self::RequestTimeout
            | Self::HeadTooLarge => true,
        }
    }

    /// Appends the answer. `date` is an IMF-fixdate (RFC 9110 §5.6.7).
    pub fn encode(self, date: &str, out: &mut Vec<u8>) {
        let connection = if self.closes() { CLOSE } else { KEEP_ALIVE };
        let mut push = |parts: &[&str]| {
            for part in parts {
                out.extend_from_slice(part.as_bytes());
            }
        };
        match self {
            Self::Continue => push(&["HTTP/1.1 100 Continue\r\n\r\n"]),
            Self::UpgradeRequired { head_only, .. } => push(&[
                "HTTP/1.1 426 Upgrade Required\r\n",
                "Content-Length: 16\r\nContent-Type: text/plain\r\n",
                "Date: ",
                date,
                "\r\n",
                connection,
                "\r\n",
                if head_only { "" } else { "Upgrade Required" },
            ]),
            Self::ExpectationFailed { head_only, .. } => push(&[
                "HTTP/1.1 417 Expectation Failed\r\n",
                "Date: ",
                date,
                "\r\n",
                connection,
                empty_body(head_only),
            ]),
            Self::MissingHost { head_only } => push(&[
                "HTTP/1.1 400 Bad Request\r\n",
                CLOSE,
                "Date: ",
                date,
                "\r\n",
                empty_body(head_only),
            ]),
            Self::BadRequest => push(&["HTTP/1.1 400 Bad Request\r\n", CLOSE, "\r\n"]),
            Self::RequestTimeout => push(&["HTTP/1.1 408 Request Timeout\r\n", CLOSE, "\r\n"]),
            Self::HeadTooLarge => push(&[
                "HTTP/1.1 431 Request Header Fields Too Large\r\n",
                CLOSE,
                "\r\n",
            ]),
        }
    }
}

/// The end of a head and, where there is one, the empty body behind it.
const fn empty_body(head_only: bool) -> &'static str {
    if head_only {
        "\r\n"
    } else {
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    }
}

#[cfg(test)]
mod tests;
