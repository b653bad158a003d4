//! Extensions: the grammar of their header.
//!
//! Decides: which `Sec-WebSocket-Extensions` values parse, as strictly as `ws`:
//! tokens and quoted strings whose content is a token, parameters with or without
//! a value, no empty elements, no whitespace around `=`.
//! Refuses: choosing among the offers; JavaScript does.
//!
//! RFC 6455 §9.1 (negotiation).

use std::borrow::Cow;

use super::header_cursor::{HeaderCursor, InvalidHeader};

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
