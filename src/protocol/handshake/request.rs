//! What a request asks for.
//!
//! Decides: whether it is an upgrade, and, if not, how the HTTP exchange goes on:
//! which answer, which body follows, whether the connection stays. All as Node's
//! HTTP server decides it.
//! Refuses: judging the handshake; that is validation.
//!
//! RFC 9110 §7.8 (Upgrade), §10.1.1 (Expect); RFC 9112 §3.2 (Host), §6 (body),
//! §9.3 (persistence).

use std::borrow::Cow;

use super::{
    answer::Answer,
    body::Body,
    head::{HeadError, MAX_HEADERS},
};

/// A complete request head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHead<'a> {
    /// The method, one that Node's parser knows.
    pub method: &'a str,
    /// The target, in ASCII.
    pub target: &'a str,
    /// 1 for HTTP/1.1, 0 for HTTP/1.0.
    pub minor_version: u8,
    /// Names as sent, values without surrounding white space, in order; at most
    /// [`MAX_HEADERS`].
    pub headers: Vec<(&'a str, &'a [u8])>,
    /// The bytes of the head in the input, leading empty lines included.
    pub length: usize,
    intent: Intent,
}

/// What a request asks for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Intent {
    /// A handshake, valid or not. What follows the head is no longer HTTP.
    Upgrade,
    /// A tunnel; the connection is closed without an answer.
    Connect,
    /// Something that this server does not have.
    Plain(PlainRequest),
}

/// How to go on after a request that is no handshake: write `100 Continue` if
/// asked for, then the answer, at once; then skip the body; then close, or read
/// the next head.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct PlainRequest {
    /// Whether [`Answer::Continue`] goes before the answer.
    pub continues: bool,
    /// The answer.
    pub answer: Answer,
    /// What follows the head.
    pub body: Body,
}

impl PlainRequest {
    /// Whether another request may follow.
    #[must_use]
    pub fn keep_alive(&self) -> bool {
        !self.answer.closes()
    }
}

impl<'a> RequestHead<'a> {
    pub(super) fn new(
        method: &'a str,
        target: &'a str,
        minor_version: u8,
        headers: Vec<(&'a str, &'a [u8])>,
        length: usize,
    ) -> Result<Self, HeadError> {
        let mut head = Self {
            method,
            target,
            minor_version,
            headers,
            length,
            intent: Intent::Upgrade,
        };
        head.intent = head.read_intent()?;
        head.headers.truncate(MAX_HEADERS);
        Ok(head)
    }

    /// What the request asks for.
    #[must_use]
    pub fn intent(&self) -> Intent {
        self.intent
    }

    /// The values of all lines of a header, in order.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.headers
            .iter()
            .filter(move |(candidate, _)| candidate.eq_ignore_ascii_case(name))
            .map(|&(_, value)| value)
    }

    /// A header's value, several lines joined by `, ` as Node joins them.
    #[must_use]
    pub fn joined(&self, name: &str) -> Option<Cow<'a, [u8]>> {
        let mut values = self.values(name);
        let first = Cow::Borrowed(values.next()?);
        Some(values.fold(first, |joined, value| {
            Cow::Owned([joined.as_ref(), b", ", value].concat())
        }))
    }

    fn read_intent(&self) -> Result<Intent, HeadError> {
        let body = self.read_body()?;
        if self.method == "CONNECT" {
            return Ok(Intent::Connect);
        }
        let names_protocol = self.values("upgrade").any(|value| !value.is_empty());
        if names_protocol && self.has_connection_option(b"upgrade") {
            return Ok(Intent::Upgrade);
        }

        let keep_alive = if self.minor_version == 0 {
            self.has_connection_option(b"keep-alive")
        } else {
            !self.has_connection_option(b"close")
        };
        let head_only = self.method == "HEAD";
        let expectation = self.joined("expect").filter(|_| self.minor_version > 0);
        let continues = expectation.as_deref().is_some_and(expects_continue);
        // RFC 9112 §3.2: HTTP/1.1 without a Host is answered 400.
        let lacks_host = self.minor_version > 0 && self.values("host").next().is_none();
        let answer = if lacks_host {
            Answer::MissingHost { head_only }
        } else if expectation.is_some() && !continues {
            Answer::ExpectationFailed {
                keep_alive,
                head_only,
            }
        } else {
            Answer::UpgradeRequired {
                keep_alive,
                head_only,
            }
        };
        Ok(Intent::Plain(PlainRequest {
            continues: continues && !lacks_host,
            answer,
            body,
        }))
    }

    /// Node's parser also listens to `Proxy-Connection`, which browsers once sent.
    fn has_connection_option(&self, option: &[u8]) -> bool {
        self.values("connection")
            .chain(self.values("proxy-connection"))
            .flat_map(list_elements)
            .any(|element| element.eq_ignore_ascii_case(option))
    }

    /// RFC 9112 §6.3. What could be read in two ways is refused.
    fn read_body(&self) -> Result<Body, HeadError> {
        let has_coding = self.values("transfer-encoding").next().is_some();
        let mut lengths = self.values("content-length");
        match (lengths.next(), lengths.next()) {
            (None, _) => self.read_transfer_coding(),
            (Some(length), None) if !has_coding => read_length(length),
            (Some(_), _) => Err(HeadError::Malformed),
        }
    }

    fn read_transfer_coding(&self) -> Result<Body, HeadError> {
        let mut codings = self
            .values("transfer-encoding")
            .flat_map(list_elements)
            .filter(|coding| !coding.is_empty());
        let is_chunked = |coding: &[u8]| coding.eq_ignore_ascii_case(b"chunked");
        let Some(mut last) = codings.next() else {
            return Ok(Body::None);
        };
        for coding in codings {
            // RFC 9112 §6.1: chunked is the final coding, and is applied once.
            if is_chunked(last) {
                return Err(HeadError::Malformed);
            }
            last = coding;
        }
        Ok(if is_chunked(last) {
            Body::Chunked
        } else {
            Body::Unreadable
        })
    }
}

fn read_length(value: &[u8]) -> Result<Body, HeadError> {
    // `parse` alone would take a sign.
    if !value.iter().all(u8::is_ascii_digit) {
        return Err(HeadError::Malformed);
    }
    match std::str::from_utf8(value).map(str::parse) {
        Ok(Ok(0)) => Ok(Body::None),
        Ok(Ok(length)) => Ok(Body::Length(length)),
        Ok(Err(_)) | Err(_) => Err(HeadError::Malformed),
    }
}

fn list_elements(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii)
}

/// Whether `100-continue` stands in the value, not inside a longer word.
fn expects_continue(value: &[u8]) -> bool {
    const CONTINUE: &[u8] = b"100-continue";
    let is_word = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    value
        .windows(CONTINUE.len())
        .enumerate()
        .any(|(start, window)| {
            window.eq_ignore_ascii_case(CONTINUE)
                && !is_word(start.checked_sub(1).and_then(|before| value.get(before)))
                && !is_word(value.get(start + CONTINUE.len()))
        })
}

#[cfg(test)]
mod tests;
