//! Assembly of messages from frames.
//!
//! Decides: when memory is owned (only while a message is incomplete), how it
//! grows (with the bytes that arrived, never with a length that was declared),
//! the limits on one message, and that text is checked as it arrives.
//! Refuses: headers and control frames; the receiver keeps them apart.
//!
//! RFC 6455 §5.4 (fragmentation), §5.6 (data frames), §8.1 (invalid UTF-8).

use super::{
    deflate::Inflater,
    error::ProtocolError,
    limits::Limits,
    memory::take_memory,
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

/// Bytes of a message that are worth a read of their own.
pub(super) const WORTH_THE_WHILE: usize = 16 * 1024;

const IN_PROGRESS: u8 = 1;
const BINARY: u8 = 2;
const COMPRESSED: u8 = 4;

/// The message in progress, if any.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    received: Vec<u8>,
    /// The payload lengths of all frames whose header was seen.
    declared: u64,
    frames: u32,
    utf8: Utf8Validator,
    /// What the message is, in bits: there may be very many connections.
    flags: u8,
    /// From the second fragment with content on.
    fragments: Option<Box<Fragments>>,
}

/// The payload lengths of the fragments with content.
#[derive(Debug, Default)]
struct Fragments {
    lengths: Vec<u32>,
}

impl Assembly {
    /// Whether a message has begun and its final frame is not complete.
    pub fn in_progress(&self) -> bool {
        self.flags & IN_PROGRESS != 0
    }

    pub fn binary(&self) -> bool {
        self.flags & BINARY != 0
    }

    /// Whether the message in progress is compressed.
    pub fn compressed(&self) -> bool {
        self.flags & COMPRESSED != 0
    }

    /// Begins a message.
    pub fn begin(&mut self, binary: bool, compressed: bool) {
        let flag = |flag: u8, is_set: bool| if is_set { flag } else { 0 };
        self.flags = IN_PROGRESS | flag(BINARY, binary) | flag(COMPRESSED, compressed);
    }

    /// Takes note of a frame's payload length before the payload arrives.
    pub fn declare(&mut self, length: u64, limits: &Limits) -> Result<(), ProtocolError> {
        self.declared = self.declared.saturating_add(length);
        if limits.max_payload > 0 && self.declared > limits.max_payload {
            return Err(ProtocolError::UnsupportedMessageLength);
        }
        Ok(())
    }

    /// Takes bytes of an uncompressed frame of which `remaining` more are declared.
    pub fn receive(
        &mut self,
        piece: &[u8],
        fin: bool,
        remaining: u64,
        skip_utf8_validation: bool,
    ) -> Result<(), ProtocolError> {
        if !skip_utf8_validation && !self.binary() {
            self.utf8.push(piece)?;
        }
        // Where the message ends is known on its last frame alone.
        let remaining = if fin { remaining } else { u64::MAX };
        reserve(&mut self.received, piece.len(), remaining);
        self.received.extend_from_slice(piece);
        Ok(())
    }

    /// Memory that an uncompressed frame may be read to, of which `remaining` bytes are
    /// to come: if it has room for many of them, or for all.
    pub fn memory(&mut self, fin: bool, remaining: u64) -> Option<&mut Vec<u8>> {
        let few =
            usize::try_from(remaining).map_or(WORTH_THE_WHILE, |all| all.min(WORTH_THE_WHILE));
        let room = self.received.capacity().saturating_sub(self.received.len());
        if room < few {
            // The next growth is by as much as has arrived.
            if self.received.len() < few {
                return None;
            }
            let behind = remaining.saturating_sub(few as u64);
            reserve(&mut self.received, few, if fin { behind } else { u64::MAX });
        }
        Some(&mut self.received)
    }

    /// Takes note of the last `length` bytes of [`memory`](Self::memory), which were
    /// read to it.
    pub fn note_read(
        &mut self,
        length: usize,
        unmask: impl FnOnce(&mut [u8]),
        skip_utf8_validation: bool,
    ) -> Result<(), ProtocolError> {
        let checks = !skip_utf8_validation && !self.binary();
        let before = self.received.len().saturating_sub(length);
        let piece = self.received.get_mut(before..).unwrap_or_default();
        unmask(piece);
        if checks {
            self.utf8.push(piece)?;
        }
        Ok(())
    }

    /// Takes a compressed frame.
    pub fn inflate(
        &mut self,
        payload: &[u8],
        fin: bool,
        inflater: &mut Inflater,
        limits: &Limits,
    ) -> Result<(), ProtocolError> {
        let before = self.received.len();
        inflater.inflate(payload, fin, limits.max_payload, &mut self.received)?;
        self.note_fragment(self.received.len().saturating_sub(before));
        Ok(())
    }

    /// Counts a complete frame.
    pub fn count_frame(&mut self, limits: &Limits) -> Result<(), ProtocolError> {
        self.frames = self.frames.saturating_add(1);
        if limits.max_fragments > 0 && self.frames > limits.max_fragments {
            return Err(ProtocolError::TooManyMessageFragments);
        }
        Ok(())
    }

    /// Remembers the length of the frame whose payload was taken last.
    pub fn note_fragment(&mut self, length: usize) {
        let before = self.received.len().saturating_sub(length);
        if length == 0 || before == 0 {
            return;
        }
        let length_of = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let lengths = &mut self.fragments.get_or_insert_default().lengths;
        if lengths.is_empty() {
            lengths.push(length_of(before));
        }
        lengths.push(length_of(length));
    }

    /// Completes an unfragmented message that lies whole in the input.
    #[inline]
    pub fn complete_borrowed<'a>(
        &mut self,
        payload: &'a [u8],
        skip_utf8_validation: bool,
    ) -> Result<Payload<'a>, ProtocolError> {
        if !self.binary() && !skip_utf8_validation {
            utf8::validate(payload)?;
        }
        self.reset();
        Ok(Payload::Borrowed(payload))
    }

    /// Completes a message that arrived in pieces and hands its memory over, with
    /// the lengths of its fragments, if there is more than one with content.
    pub fn complete_owned(
        &mut self,
        skip_utf8_validation: bool,
    ) -> Result<(Payload<'static>, Vec<u32>), ProtocolError> {
        let received = std::mem::take(&mut self.received);
        let fragments = self.fragments.take().unwrap_or_default();
        if !self.binary() && !skip_utf8_validation {
            // Uncompressed text was checked as it arrived.
            if self.compressed() {
                utf8::validate(&received)?;
            } else {
                self.utf8.finish()?;
            }
        }
        self.reset();
        Ok((Payload::Owned(received), fragments.lengths))
    }

    #[inline]
    fn reset(&mut self) {
        self.declared = 0;
        self.frames = 0;
        self.flags &= !IN_PROGRESS;
    }

    #[cfg(test)]
    pub fn capacity(&self) -> usize {
        self.received.capacity()
    }
}

/// Makes room for `additional` bytes: for at most twice those and what is there, or
/// [`FIRST_GROWTH`], and no more than those and the `remaining` ones. So memory is
/// bounded by what has arrived if they are at hand; if they are to be read to it
/// ([`Assembly::memory`]), by twice that and [`WORTH_THE_WHILE`] together. Memory that
/// is kept anyway may be as large as twice all that was declared.
pub(super) fn reserve(bytes: &mut Vec<u8>, additional: usize, remaining: u64) {
    let needed = bytes.len().saturating_add(additional);
    if needed <= bytes.capacity() {
        return;
    }
    let remaining = usize::try_from(remaining).unwrap_or(usize::MAX);
    if bytes.is_empty()
        && let Some(kept) = take_memory(needed.saturating_add(remaining))
    {
        *bytes = kept;
        bytes.clear();
        return;
    }
    let target = needed
        .saturating_mul(2)
        .max(FIRST_GROWTH)
        .min(needed.saturating_add(remaining));
    bytes.reserve_exact(target.saturating_sub(bytes.len()));
}

impl From<InvalidUtf8> for ProtocolError {
    fn from(InvalidUtf8: InvalidUtf8) -> Self {
        Self::InvalidUtf8
    }
}
