//! Extensions: the grammar of their header, and the seam where one would act.
//!
//! Decides: which `Sec-WebSocket-Extensions` values parse, as strictly as `ws`:
//! tokens and quoted strings whose content is a token, parameters with or without
//! a value, no empty elements, no whitespace around `=`.
//! Refuses: choosing. No extension is negotiated yet, so RSV1 is never allowed and
//! a message passes [`Extensions::decode_message`] as it came.
//!
//! RFC 6455 §9.1 (negotiation), §5.8 (extensibility); RFC 7692 §6 (RSV1).

use std::borrow::Cow;

use super::{
    error::ProtocolError,
    header_cursor::{HeaderCursor, InvalidHeader},
    message::Payload,
};

/// The extensions in use on a connection.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Extensions(());

impl Extensions {
    /// No extension.
    pub const NONE: Self = Self(());

    /// Whether a message's first frame may have RSV1 set.
    #[must_use]
    #[inline]
    pub const fn allows_rsv1(self) -> bool {
        let Self(()) = self;
        false
    }

    /// Turns what the peer sent into the message it meant. A message whose first
    /// frame had RSV1 set would be inflated here, under the same `max_payload`,
    /// before its UTF-8 is checked.
    #[inline]
    pub(super) fn decode_message(
        self,
        rsv1: bool,
        payload: Payload<'_>,
    ) -> Result<Payload<'_>, ProtocolError> {
        if rsv1 && !self.allows_rsv1() {
            return Err(ProtocolError::UnexpectedRsv1);
        }
        Ok(payload)
    }
}

/// One extension that a client offers, or a server accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer<'a> {
    /// The extension's name.
    pub name: &'a str,
    /// In order, repetitions included.
    pub params: Vec<Param<'a>>,
}

/// A parameter of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param<'a> {
    /// The parameter's name.
    pub name: &'a str,
    /// The value, if there is one, without quotes and escapes.
    pub value: Option<Cow<'a, str>>,
}

/// Parses a `Sec-WebSocket-Extensions` value.
///
/// # Errors
/// If the value is outside the grammar; an empty value is.
pub fn parse(header: &[u8]) -> Result<Vec<Offer<'_>>, InvalidHeader> {
    let mut rest = HeaderCursor::new(header);
    let mut offers = Vec::new();
    loop {
        let name = rest.token()?;
        let mut params = Vec::new();
        let mut delimiter = rest.delimiter(b",;")?;
        while delimiter == Some(b';') {
            let name = rest.token()?;
            let value = if rest.skip(b'=') {
                Some(rest.parameter_value()?)
            } else {
                None
            };
            params.push(Param { name, value });
            delimiter = rest.delimiter(b",;")?;
        }
        offers.push(Offer { name, params });
        if delimiter.is_none() {
            return Ok(offers);
        }
    }
}

#[cfg(test)]
mod tests;
