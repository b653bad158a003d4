//! Reading a request head.
//!
//! Decides: when a head is complete, malformed or too large. httparse does the
//! grammar; around it stands what Node's parser refuses besides: methods it does
//! not know, bare line feeds, targets that are neither a path nor a URL.
//! Garbage is found before the head is complete, so that it is answered at once.
//! Versions other than 1.0 and 1.1 are malformed (Node lets HTTP/0.9 and 2.0 pass).
//! Refuses: memory of its own; an incomplete head is read again when more of it
//! is there, so its raw size is bounded too.
//!
//! RFC 9112 §2 (message), §3 (request line), §5 (field syntax).

use httparse::{EMPTY_HEADER, Header, ParserConfig, Request, Status};

use super::request::RequestHead;

/// The bytes of target, field names and field values at which a head is too
/// large, counted as Node counts them.
pub const MAX_HEAD_BYTES: usize = 16 * 1024;

/// The bytes at which a head is too large, whatever they are; Node does not
/// count white space and has no such bound.
pub const MAX_RAW_HEAD_BYTES: usize = 2 * MAX_HEAD_BYTES;

/// How many headers are kept. As under Node, those beyond are dropped.
pub const MAX_HEADERS: usize = 1000;

/// Headers for which the parser needs no allocation.
const FEW_HEADERS: usize = 64;

/// Headers beyond which a head is too large.
const TOO_MANY_HEADERS: usize = 4 * MAX_HEADERS;

/// What Node's parser knows; it answers 400 to any other method.
const METHODS: [&[u8]; 35] = [
    b"ACL",
    b"BIND",
    b"CHECKOUT",
    b"CONNECT",
    b"COPY",
    b"DELETE",
    b"GET",
    b"HEAD",
    b"LINK",
    b"LOCK",
    b"M-SEARCH",
    b"MERGE",
    b"MKACTIVITY",
    b"MKCALENDAR",
    b"MKCOL",
    b"MOVE",
    b"NOTIFY",
    b"OPTIONS",
    b"PATCH",
    b"POST",
    b"PROPFIND",
    b"PROPPATCH",
    b"PURGE",
    b"PUT",
    b"QUERY",
    b"REBIND",
    b"REPORT",
    b"SEARCH",
    b"SOURCE",
    b"SUBSCRIBE",
    b"TRACE",
    b"UNBIND",
    b"UNLINK",
    b"UNLOCK",
    b"UNSUBSCRIBE",
];

/// Why a request cannot be read. The connection is closed after the answer.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum HeadError {
    /// Not HTTP, or HTTP that says two things at once: 400.
    Malformed,
    /// 431.
    TooLarge,
}

impl From<httparse::Error> for HeadError {
    fn from(error: httparse::Error) -> Self {
        match error {
            httparse::Error::TooManyHeaders => Self::TooLarge,
            httparse::Error::HeaderName
            | httparse::Error::HeaderValue
            | httparse::Error::NewLine
            | httparse::Error::Status
            | httparse::Error::Token
            | httparse::Error::Version => Self::Malformed,
        }
    }
}

/// Reads the head of the request at the start of `buf`; `None` if more is needed.
///
/// # Errors
/// If what is there cannot become a request, or is too large.
pub fn parse_head(buf: &[u8]) -> Result<Option<RequestHead<'_>>, HeadError> {
    // RFC 9112 §2.2: empty lines before the request line are ignored.
    let blank = buf
        .iter()
        .take_while(|byte| matches!(byte, b'\r' | b'\n'))
        .count();
    let head = buf.get(blank..).unwrap_or_default();
    check_method(head)?;

    let mut few = [EMPTY_HEADER; FEW_HEADERS];
    match parse_into(&mut few, head, blank) {
        Err(HeadError::TooLarge) => {
            let mut many = vec![EMPTY_HEADER; TOO_MANY_HEADERS];
            parse_into(&mut many, head, blank)
        }
        result => result,
    }
}

fn parse_into<'b>(
    headers: &mut [Header<'b>],
    head: &'b [u8],
    blank: usize,
) -> Result<Option<RequestHead<'b>>, HeadError> {
    let available = headers.len();
    let mut request = Request::new(headers);
    let status = ParserConfig::default()
        .allow_multiple_spaces_in_request_line_delimiters(true)
        .parse_request(&mut request, head);
    if status == Err(httparse::Error::TooManyHeaders) && available < TOO_MANY_HEADERS {
        return Err(HeadError::TooLarge);
    }
    let length = match status? {
        Status::Complete(length) => Some(length),
        Status::Partial => None,
    };
    let seen = head.get(..length.unwrap_or(head.len())).unwrap_or(head);
    check_newlines(seen)?;
    if let (Some(method), Some(target)) = (request.method, request.path) {
        check_target(method, target)?;
    }
    check_size(seen, blank)?;
    match (length, request.method, request.path, request.version) {
        (Some(length), Some(method), Some(target), Some(minor_version)) => {
            let headers = request
                .headers
                .iter()
                .map(|header| (header.name, header.value))
                .collect();
            RequestHead::new(method, target, minor_version, headers, blank + length).map(Some)
        }
        _ => Ok(None),
    }
}

fn check_method(head: &[u8]) -> Result<(), HeadError> {
    let known = match head.iter().position(|&byte| byte == b' ') {
        Some(end) => METHODS
            .iter()
            .any(|&method| head.get(..end) == Some(method)),
        None => METHODS.iter().any(|method| method.starts_with(head)),
    };
    if known {
        Ok(())
    } else {
        Err(HeadError::Malformed)
    }
}

fn check_newlines(head: &[u8]) -> Result<(), HeadError> {
    let mut lines = head.split(|&byte| byte == b'\n');
    // What follows the last line feed is not a line yet.
    let _unfinished = lines.next_back();
    if lines.all(|line| line.ends_with(b"\r")) {
        Ok(())
    } else {
        Err(HeadError::Malformed)
    }
}

/// RFC 9112 §3.2: a path, `*`, or a URL; an authority is for CONNECT alone.
fn check_target(method: &str, target: &str) -> Result<(), HeadError> {
    let is_url = || {
        target.split_once("://").is_some_and(|(scheme, _)| {
            !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphabetic())
        })
    };
    if target.is_ascii() && (target.starts_with(['/', '*']) || method == "CONNECT" || is_url()) {
        Ok(())
    } else {
        Err(HeadError::Malformed)
    }
}

fn check_size(head: &[u8], blank: usize) -> Result<(), HeadError> {
    if head.len() >= MAX_HEAD_BYTES && counted_size(head) >= MAX_HEAD_BYTES
        || head.len().saturating_add(blank) >= MAX_RAW_HEAD_BYTES
    {
        return Err(HeadError::TooLarge);
    }
    Ok(())
}

/// The bytes of target, names and values.
fn counted_size(head: &[u8]) -> usize {
    let mut lines = head.split(|&byte| byte == b'\n');
    let target = lines
        .next()
        .and_then(|line| {
            line.split(|&byte| byte == b' ')
                .filter(|part| !part.is_empty())
                .nth(1)
        })
        .map_or(0, <[u8]>::len);
    lines
        .map(|line| match line.iter().position(|&byte| byte == b':') {
            Some(colon) => {
                let value = line.get(colon + 1..).unwrap_or_default();
                colon + value.trim_ascii().len()
            }
            None => line.trim_ascii_end().len(),
        })
        .fold(target, usize::saturating_add)
}

#[cfg(test)]
mod tests;
