//! Judging a handshake.
//!
//! Decides: which fault of a handshake is found first, in the order of `ws`:
//! method, Upgrade, key, version; then subprotocols and extensions.
//! Refuses: answering. Between the version and the subprotocols the application
//! has its say, and it may answer each rejection itself.
//!
//! RFC 6455 §4.2.1 (what the server reads), §4.4 (versions).

use super::{
    super::extension,
    accept_key::accept_key,
    request::RequestHead,
    subprotocol::{self, InvalidSubprotocols},
};

/// Why a request for an upgrade is no handshake.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// Not GET.
    Method,
    /// Upgrade names another protocol, or several.
    Upgrade,
    /// `Sec-WebSocket-Key` is absent or not 16 bytes in base64.
    Key,
    /// `Sec-WebSocket-Version` is absent or neither 13 nor 8.
    Version,
}

impl Rejection {
    /// The stable number by which this rejection crosses to JavaScript, 1 to 4.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Method => 1,
            Self::Upgrade => 2,
            Self::Key => 3,
            Self::Version => 4,
        }
    }

    /// The status code of the answer.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Method => 405,
            Self::Upgrade | Self::Key | Self::Version => 400,
        }
    }

    /// The body of the answer and the message of the error.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Method => "Invalid HTTP method",
            Self::Upgrade => "Invalid Upgrade header",
            Self::Key => "Missing or invalid Sec-WebSocket-Key header",
            Self::Version => "Missing or invalid Sec-WebSocket-Version header",
        }
    }
}

/// What a handshake says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validation<'a> {
    /// The first fault. With one, the rest is empty.
    pub rejection: Option<Rejection>,
    /// The value of `Sec-WebSocket-Accept`.
    pub accept_key: Option<String>,
    /// The subprotocols the client offers, in its order of preference.
    pub subprotocols: Result<Vec<&'a str>, InvalidSubprotocols<'a>>,
    /// Whether the extension offers, if any, are within their grammar. Of
    /// interest only to a server that negotiates extensions.
    pub extensions_valid: bool,
}

/// Judges a request whose intent is an upgrade.
#[must_use]
pub fn validate<'a>(head: &RequestHead<'a>) -> Validation<'a> {
    let [upgrade, key, version] =
        ["upgrade", "sec-websocket-key", "sec-websocket-version"].map(|name| head.joined(name));
    match judge(
        head.method,
        upgrade.as_deref(),
        key.as_deref(),
        version.as_deref(),
    ) {
        Err(rejection) => Validation {
            rejection: Some(rejection),
            accept_key: None,
            subprotocols: Ok(Vec::new()),
            extensions_valid: true,
        },
        Ok(accept_key) => Validation {
            rejection: None,
            accept_key: Some(accept_key),
            subprotocols: subprotocol::parse(head.values("sec-websocket-protocol")),
            extensions_valid: head
                .values("sec-websocket-extensions")
                .all(|value| extension::parse(value).is_ok()),
        },
    }
}

/// Judges a handshake by its method and the headers Upgrade, Sec-WebSocket-Key and
/// Sec-WebSocket-Version, each with the values of its lines joined. Returns the
/// value of Sec-WebSocket-Accept.
///
/// # Errors
/// The first fault.
pub fn judge(
    method: &str,
    upgrade: Option<&[u8]>,
    key: Option<&[u8]>,
    version: Option<&[u8]>,
) -> Result<String, Rejection> {
    if method != "GET" {
        return Err(Rejection::Method);
    }
    upgrade
        .filter(|value| value.eq_ignore_ascii_case(b"websocket"))
        .ok_or(Rejection::Upgrade)?;
    let key = key.filter(|key| is_key(key)).ok_or(Rejection::Key)?;
    version
        .filter(|version| is_supported_version(version))
        .ok_or(Rejection::Version)?;
    Ok(accept_key(key))
}

/// RFC 6455 §4.1: 16 bytes in base64, which is 22 characters and padding.
fn is_key(key: &[u8]) -> bool {
    key.strip_suffix(b"==").is_some_and(|digits| {
        digits.len() == 22
            && digits
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
    })
}

/// `ws` compares what JavaScript takes for a number, so that `013`, `1.3e1` and
/// `0xd` pass.
fn is_supported_version(value: &[u8]) -> bool {
    str::from_utf8(value)
        .ok()
        .and_then(|text| javascript_number(text.trim()))
        .is_some_and(|version| {
            [13.0_f64, 8.0]
                .map(f64::to_bits)
                .contains(&version.to_bits())
        })
}

/// ECMA-262 §7.1.4.1.1, for numbers below 2^32: decimal, or an integer behind
/// `0x`, `0o` or `0b`.
fn javascript_number(text: &str) -> Option<f64> {
    let radix = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => 16,
        [b'0', b'o' | b'O', ..] => 8,
        [b'0', b'b' | b'B', ..] => 2,
        _ => return text.parse().ok(),
    };
    let digits = text.get(2..).filter(|digits| !digits.starts_with('+'))?;
    u32::from_str_radix(digits, radix).ok().map(f64::from)
}

#[cfg(test)]
mod tests;
