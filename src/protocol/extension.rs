//! Extensions: the grammar of their header.
//!
//! Decides: which `Sec-WebSocket-Extensions` values parse, as strictly as `ws`:
//! tokens and quoted strings whose content is a token, parameters with or without
//! a value, no empty elements, no whitespace around `=`.
//! Refuses: choosing among the offers; JavaScript does.
//!
//! RFC 6455 §9.1 (negotiation).

use std::{borrow::Cow, str};

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

/// A header value outside the grammar of its header.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct InvalidHeader;

/// Parses a `Sec-WebSocket-Extensions` value.
///
/// # Errors
/// If the value is outside the grammar; an empty value is.
pub fn parse(header: &[u8]) -> Result<Vec<Offer<'_>>, InvalidHeader> {
    let mut rest = Cursor::new(header);
    let mut offers = Vec::new();
    loop {
        let name = rest.token()?;
        let mut params = Vec::new();
        let mut delimiter = rest.delimiter()?;
        while delimiter == Delimiter::Semicolon {
            rest.skip_whitespace();
            let name = rest.token()?;
            let value = if rest.skip(b'=') {
                Some(rest.value()?)
            } else {
                None
            };
            params.push(Param { name, value });
            delimiter = rest.delimiter()?;
        }
        offers.push(Offer { name, params });
        if delimiter == Delimiter::End {
            return Ok(offers);
        }
        rest.skip_whitespace();
    }
}

/// RFC 9110 §5.6.2: the characters of a token.
pub(super) const fn is_token_char(byte: u8) -> bool {
    matches!(byte,
        b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_'
        | b'`' | b'|' | b'~' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z')
}

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Delimiter {
    Comma,
    Semicolon,
    End,
}

/// Reads the elements of a list-valued header.
pub(super) struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    pub fn new(header: &'a [u8]) -> Self {
        Self(header)
    }

    pub fn token(&mut self) -> Result<&'a str, InvalidHeader> {
        let end = self
            .0
            .iter()
            .position(|&byte| !is_token_char(byte))
            .unwrap_or(self.0.len());
        let (token, rest) = self.0.split_at_checked(end).ok_or(InvalidHeader)?;
        if token.is_empty() {
            return Err(InvalidHeader);
        }
        self.0 = rest;
        str::from_utf8(token).map_err(|_| InvalidHeader)
    }

    pub fn skip_whitespace(&mut self) {
        while let [b' ' | b'\t', rest @ ..] = self.0 {
            self.0 = rest;
        }
    }

    fn skip(&mut self, byte: u8) -> bool {
        match self.0.split_first() {
            Some((first, rest)) if *first == byte => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    /// What follows an element. Whitespace may stand before a delimiter, but, as
    /// in `ws`, not at the end of the value.
    pub fn delimiter(&mut self) -> Result<Delimiter, InvalidHeader> {
        if self.0.is_empty() {
            return Ok(Delimiter::End);
        }
        self.skip_whitespace();
        if self.skip(b',') {
            Ok(Delimiter::Comma)
        } else if self.skip(b';') {
            Ok(Delimiter::Semicolon)
        } else {
            Err(InvalidHeader)
        }
    }

    /// RFC 6455 §9.1: the value, also of a quoted string after unescaping, is a token.
    fn value(&mut self) -> Result<Cow<'a, str>, InvalidHeader> {
        if !self.skip(b'"') {
            return self.token().map(Cow::Borrowed);
        }
        let mut value = String::new();
        loop {
            if self.skip(b'"') {
                return if value.is_empty() {
                    Err(InvalidHeader)
                } else {
                    Ok(Cow::Owned(value))
                };
            }
            self.skip(b'\\');
            let (&byte, rest) = self.0.split_first().ok_or(InvalidHeader)?;
            if !is_token_char(byte) {
                return Err(InvalidHeader);
            }
            value.push(char::from(byte));
            self.0 = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Offer, Param, parse};

    fn param<'a>(name: &'a str, value: Option<&'a str>) -> Param<'a> {
        Param {
            name,
            value: value.map(Into::into),
        }
    }

    fn offer<'a>(name: &'a str, params: Vec<Param<'a>>) -> Offer<'a> {
        Offer { name, params }
    }

    #[test]
    fn parses_offers_with_and_without_parameters() {
        assert_eq!(
            parse(b"foo, bar;baz ; qux=1\t,foo;a=\"b\";a"),
            Ok(vec![
                offer("foo", vec![]),
                offer("bar", vec![param("baz", None), param("qux", Some("1"))]),
                offer("foo", vec![param("a", Some("b")), param("a", None)]),
            ])
        );
    }

    #[test]
    fn unescapes_quoted_values() {
        assert_eq!(
            parse(br#"foo; bar="\b\az""#),
            Ok(vec![offer("foo", vec![param("bar", Some("baz"))])])
        );
    }

    #[test]
    fn takes_names_that_are_special_in_javascript() {
        assert_eq!(
            parse(b"__proto__; hasOwnProperty=1"),
            Ok(vec![offer(
                "__proto__",
                vec![param("hasOwnProperty", Some("1"))]
            )])
        );
    }

    #[test]
    fn refuses_what_ws_refuses() {
        for header in [
            "",
            " ",
            " foo",
            "foo ",
            "foo,",
            "foo;",
            "foo;,",
            ",foo",
            ";foo",
            "foo,,bar",
            "foo bar",
            "foo;bar baz",
            "foo;bar=",
            "foo;=",
            "foo;bar= baz",
            "foo;bar =baz",
            "foo;bar=\"\"",
            "foo;bar=\"baz",
            "foo;bar=\"baz\\",
            "foo;bar=\"b z\"",
            "foo;bar=\"b\\\"z\"",
            "foo;bar=\"b\"z",
            "foo;bar=b\"z\"",
            "foo;bar=baz ",
            "f\u{e9}o",
            "foo=bar",
            "foo;bar==baz",
            "foo;bar=\"a\"\"b\"",
            "foo;;bar",
            "foo; ,bar",
        ] {
            assert!(parse(header.as_bytes()).is_err(), "{header:?}");
        }
    }

    #[test]
    fn takes_whitespace_around_delimiters() {
        for header in [
            "foo ,bar",
            "foo ; bar",
            "foo;\t bar=1 ; baz",
            "foo;bar=\"1\" , baz",
        ] {
            assert!(parse(header.as_bytes()).is_ok(), "{header:?}");
        }
    }
}
