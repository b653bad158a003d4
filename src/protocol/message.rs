//! Assembly of messages from frames.
//!
//! Decides: when memory is owned (only while a message is incomplete), how it
//! grows (with the bytes that arrived, never with a length that was declared),
//! the limits on one message, and that text is checked as it arrives.
//! Refuses: headers and control frames; the receiver keeps them apart.
//!
//! RFC 6455 §5.4 (fragmentation), §5.6 (data frames), §8.1 (invalid UTF-8).

use super::{
    error::ProtocolError,
    extension::Extensions,
    limits::Limits,
    utf8::{self, InvalidUtf8, Utf8Validator},
};

/// The payload of a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Payload<'a> {
    /// The message lay whole in the input.
    Borrowed(&'a [u8]),
    /// The message arrived in pieces; its memory goes with it.
    Owned(Vec<u8>),
}

impl Payload<'_> {
    /// The bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Owned(bytes) => bytes,
        }
    }

    /// The bytes, copied if they are borrowed.
    #[must_use]
    pub fn into_vec(self) -> Vec<u8> {
        match self {
            Self::Borrowed(bytes) => bytes.to_vec(),
            Self::Owned(bytes) => bytes,
        }
    }
}

/// What the first growth may ask for beyond the bytes at hand.
const FIRST_GROWTH: usize = 4 * 1024;

/// The message in progress, if any.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    received: Vec<u8>,
    /// The payload lengths of all frames whose header was seen.
    declared: u64,
    fragments: u32,
    utf8: Utf8Validator,
    in_progress: bool,
    binary: bool,
    rsv1: bool,
}

impl Assembly {
    /// Whether a message has begun and its final frame is not complete.
    pub fn in_progress(&self) -> bool {
        self.in_progress
    }

    pub fn binary(&self) -> bool {
        self.binary
    }

    /// Begins a message.
    pub fn begin(&mut self, binary: bool, rsv1: bool) {
        self.in_progress = true;
        self.binary = binary;
        self.rsv1 = rsv1;
    }

    /// Takes note of a frame's payload length before the payload arrives.
    pub fn declare(&mut self, length: u64, limits: &Limits) -> Result<(), ProtocolError> {
        self.declared = self.declared.saturating_add(length);
        if limits.max_payload > 0 && self.declared > limits.max_payload {
            return Err(ProtocolError::UnsupportedMessageLength);
        }
        Ok(())
    }

    /// Takes bytes of a frame of which `remaining` more are declared.
    pub fn receive(
        &mut self,
        piece: &[u8],
        fin: bool,
        remaining: u64,
        skip_utf8_validation: bool,
    ) -> Result<(), ProtocolError> {
        if !skip_utf8_validation && self.is_checked_on_arrival() {
            self.utf8.push(piece)?;
        }
        self.reserve(piece.len(), fin, remaining);
        self.received.extend_from_slice(piece);
        Ok(())
    }

    /// Counts a complete frame.
    pub fn count_frame(&mut self, limits: &Limits) -> Result<(), ProtocolError> {
        self.fragments = self.fragments.saturating_add(1);
        if limits.max_fragments > 0 && self.fragments > limits.max_fragments {
            return Err(ProtocolError::TooManyMessageFragments);
        }
        Ok(())
    }

    /// Completes an unfragmented message that lies whole in the input.
    #[inline]
    pub fn complete_borrowed<'a>(
        &mut self,
        payload: &'a [u8],
        extensions: Extensions,
        skip_utf8_validation: bool,
    ) -> Result<Payload<'a>, ProtocolError> {
        let payload = extensions.decode_message(self.rsv1, Payload::Borrowed(payload))?;
        if !self.binary && !skip_utf8_validation {
            utf8::validate(payload.as_slice())?;
        }
        self.reset();
        Ok(payload)
    }

    /// Completes a message that arrived in pieces and hands its memory over.
    pub fn complete_owned(
        &mut self,
        extensions: Extensions,
        skip_utf8_validation: bool,
    ) -> Result<Payload<'static>, ProtocolError> {
        let received = std::mem::take(&mut self.received);
        let payload = extensions.decode_message(self.rsv1, Payload::Owned(received))?;
        if !self.binary && !skip_utf8_validation {
            if self.is_checked_on_arrival() {
                self.utf8.finish()?;
            } else {
                utf8::validate(payload.as_slice())?;
            }
        }
        self.reset();
        Ok(payload)
    }

    /// Only text that is not compressed can be checked before it is complete.
    fn is_checked_on_arrival(&self) -> bool {
        !self.binary && !self.rsv1
    }

    #[inline]
    fn reset(&mut self) {
        self.declared = 0;
        self.fragments = 0;
        self.in_progress = false;
    }

    #[cfg(test)]
    pub fn capacity(&self) -> usize {
        self.received.capacity()
    }

    /// Makes room for `additional` bytes: at most twice what has arrived and a
    /// little more, and nothing beyond the end of a message whose end is known.
    fn reserve(&mut self, additional: usize, fin: bool, remaining: u64) {
        let needed = self.received.len().saturating_add(additional);
        if needed <= self.received.capacity() {
            return;
        }
        let mut target = needed.saturating_mul(2).max(FIRST_GROWTH);
        if fin {
            let remaining = usize::try_from(remaining).unwrap_or(usize::MAX);
            target = target.min(needed.saturating_add(remaining));
        }
        self.received
            .reserve_exact(target.saturating_sub(self.received.len()));
    }
}

impl From<InvalidUtf8> for ProtocolError {
    fn from(InvalidUtf8: InvalidUtf8) -> Self {
        Self::InvalidUtf8
    }
}
