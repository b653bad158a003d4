//! Reading header values that are lists of tokens.
//!
//! Decides: where tokens begin and end, and at which character a value leaves
//! its grammar, in the terms of `ws`.
//! Refuses: what the tokens mean.
//!
//! RFC 9110 §5.6.2 (token), §5.6.3 (white space), §5.6.4 (quoted string).

use std::{borrow::Cow, str};

/// A header value outside the grammar of its header.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum InvalidHeader {
    /// The byte at this index can't stand there. All before it is ASCII, so it
    /// is the index of the character too, whatever the encoding.
    UnexpectedCharacter(usize),
    /// The value ends where something had to follow.
    UnexpectedEnd,
}

/// RFC 9110 §5.6.2: the characters of a token.
const fn is_token_char(byte: u8) -> bool {
    matches!(byte,
        b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_'
        | b'`' | b'|' | b'~' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z')
}

/// A place in a header value.
pub(super) struct HeaderCursor<'a> {
    rest: &'a [u8],
    index: usize,
}

impl<'a> HeaderCursor<'a> {
    pub fn new(header: &'a [u8]) -> Self {
        Self {
            rest: header,
            index: 0,
        }
    }

    pub fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// What is wrong with a value that has to go on differently here.
    pub fn unexpected(&self) -> InvalidHeader {
        if self.is_at_end() {
            InvalidHeader::UnexpectedEnd
        } else {
            InvalidHeader::UnexpectedCharacter(self.index)
        }
    }

    pub fn skip(&mut self, byte: u8) -> bool {
        if self.rest.first() != Some(&byte) {
            return false;
        }
        self.take(1);
        true
    }

    pub fn skip_whitespace(&mut self) {
        while self.skip(b' ') || self.skip(b'\t') {}
    }

    pub fn token(&mut self) -> Result<&'a str, InvalidHeader> {
        let length = self
            .rest
            .iter()
            .position(|&byte| !is_token_char(byte))
            .unwrap_or(self.rest.len());
        if length == 0 {
            return Err(self.unexpected());
        }
        let token = str::from_utf8(self.take(length));
        token.map_err(|_| InvalidHeader::UnexpectedCharacter(self.index))
    }

    /// RFC 6455 §9.1: the value of a parameter, also of a quoted string after
    /// unescaping, is a token.
    pub fn parameter_value(&mut self) -> Result<Cow<'a, str>, InvalidHeader> {
        if !self.skip(b'"') {
            return self.token().map(Cow::Borrowed);
        }
        let mut value = String::new();
        loop {
            if !value.is_empty() && self.skip(b'"') {
                return Ok(Cow::Owned(value));
            }
            self.skip(b'\\');
            let byte = self.rest.first().copied();
            let byte = byte.filter(|&byte| is_token_char(byte));
            value.push(byte.ok_or_else(|| self.unexpected())?.into());
            self.take(1);
        }
    }

    /// Goes to the next element. As in `ws`, white space may stand on both sides
    /// of a delimiter, but not at the end of the value.
    pub fn delimiter(&mut self, delimiters: &[u8]) -> Result<Option<u8>, InvalidHeader> {
        if self.is_at_end() {
            return Ok(None);
        }
        self.skip_whitespace();
        for &delimiter in delimiters {
            if self.skip(delimiter) {
                self.skip_whitespace();
                return Ok(Some(delimiter));
            }
        }
        Err(self.unexpected())
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, &[]));
        self.rest = rest;
        self.index = self.index.saturating_add(taken.len());
        taken
    }
}
