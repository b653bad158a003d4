//! Decompression of the peer's messages.
//!
//! Decides: how far a message may inflate, before its bytes exist; what a stream
//! that ends early, goes on after its end, or stops in the middle means.
//! Refuses: UTF-8 and fragments; those are the message's.
//!
//! RFC 7692 §7.2.2 (decompression).

use std::{fmt, mem};

use zlib_rs::{Inflate, InflateFlush, Status};

use super::{
    TRAILER,
    config::InflateConfig,
    data_error::DataError,
    deflater::difference,
    pool::{self, SCRATCH},
    window::Window,
};
use crate::protocol::error::ProtocolError;

/// A stored block without content that ends a stream. Only between two blocks,
/// where a byte begins, does it do so.
const FINAL_BLOCK: [u8; 5] = [0x01, 0x00, 0x00, 0xff, 0xff];

/// Decompresses one peer's messages.
pub struct Inflater {
    no_context_takeover: bool,
    window_size: usize,
    /// What the message in progress is inflated by.
    stream: Option<Stream>,
    /// Where the next message goes on.
    window: Window,
    /// The last message stopped in the middle of a block.
    cut: bool,
}

struct Stream {
    state: Inflate,
    /// The final block was seen.
    ended: bool,
    /// Something followed the final block.
    exceeded: bool,
}

/// What inflating stops at.
struct Target<'a> {
    out: &'a mut Vec<u8>,
    bound: usize,
}

impl Inflater {
    /// An inflater for what the peer sends. It takes no memory yet.
    #[must_use]
    pub fn new(config: InflateConfig) -> Self {
        Self {
            no_context_takeover: config.no_context_takeover,
            window_size: 1 << config.max_window_bits.clamp(8, 15),
            stream: None,
            window: Window::default(),
            cut: false,
        }
    }

    /// Appends what one frame's payload inflates to. `out` holds what the message's
    /// frames before this one inflated to, and nothing else; it never gets longer
    /// than `max_payload` bytes, where that is not 0. `fin` says that the frame is
    /// its message's last.
    ///
    /// As in `ws`: after a final block the rest of the payload is ignored, and the
    /// next frame or message begins a new context.
    ///
    /// # Errors
    /// If the data is not in the format, or if the message is longer than allowed.
    /// The inflater is then of no further use.
    pub fn inflate(
        &mut self,
        data: &[u8],
        fin: bool,
        max_payload: u64,
        out: &mut Vec<u8>,
    ) -> Result<(), ProtocolError> {
        let bound = match usize::try_from(max_payload) {
            Ok(0) | Err(_) => usize::MAX,
            Ok(bound) => bound,
        };
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => self.begin()?,
        };
        let start = out.len();
        let mut scratch = pool::take_scratch();
        let mut target = Target { out, bound };
        let mut result = stream.feed(data, &mut scratch, &mut target);
        if fin && result.is_ok() {
            result = stream.feed(&TRAILER, &mut scratch, &mut target);
        }
        pool::give_scratch(scratch);
        result?;

        let inflated = out.get(start..).unwrap_or_default();
        if stream.ended && stream.exceeded {
            self.window.clear();
            pool::give_inflate(stream.state);
            return Ok(());
        }
        if !self.no_context_takeover {
            self.window.push(inflated, self.window_size);
        }
        if fin {
            self.finish(stream);
        } else {
            self.stream = Some(stream);
        }
        Ok(())
    }

    /// Gives back what is not needed until the next message. What is, at most the
    /// window, stays.
    pub fn release(&mut self) {
        if self.stream.is_none() {
            self.window.shrink();
        }
    }

    /// Whether nothing is held: a new inflater would do as well.
    #[must_use]
    pub fn is_pristine(&self) -> bool {
        self.stream.is_none() && self.window.is_empty() && !self.cut
    }

    #[cfg(test)]
    pub(super) fn window_capacity(&self) -> usize {
        self.window.capacity()
    }

    #[cfg(test)]
    pub(super) fn holds_state(&self) -> bool {
        self.stream.is_some()
    }

    fn begin(&mut self) -> Result<Stream, ProtocolError> {
        // zlib would take this message for the rest of that block, which ends, but
        // for rare chance, with this error.
        if mem::take(&mut self.cut) {
            return Err(DataError::StoredBlockLengths.into());
        }
        let mut state = pool::take_inflate();
        self.window.restore(&mut state);
        Ok(Stream {
            state,
            ended: false,
            exceeded: false,
        })
    }

    /// The message is complete; its state goes back.
    fn finish(&mut self, mut stream: Stream) {
        if !self.no_context_takeover {
            let mut nothing = [0];
            let status =
                stream
                    .state
                    .decompress(&FINAL_BLOCK, &mut nothing, InflateFlush::SyncFlush);
            self.cut = status != Ok(Status::StreamEnd);
        }
        pool::give_inflate(stream.state);
    }
}

impl Stream {
    fn feed(
        &mut self,
        mut input: &[u8],
        scratch: &mut [u8],
        target: &mut Target<'_>,
    ) -> Result<(), ProtocolError> {
        loop {
            if self.ended {
                self.exceeded |= !input.is_empty();
                return Ok(());
            }
            // One byte more than allowed tells that there is more than allowed.
            let room = target
                .bound
                .saturating_sub(target.out.len())
                .saturating_add(1)
                .min(SCRATCH);
            let buffer = scratch.get_mut(..room).unwrap_or_default();
            let (total_in, total_out) = (self.state.total_in(), self.state.total_out());
            let status = self
                .state
                .decompress(input, buffer, InflateFlush::SyncFlush)
                .map_err(|_| self.data_error())?;
            let consumed = difference(self.state.total_in(), total_in);
            let produced = difference(self.state.total_out(), total_out);
            target.append(buffer.get(..produced).unwrap_or_default())?;
            input = input.get(consumed..).unwrap_or_default();
            self.ended = status == Status::StreamEnd;
            let flushed = input.is_empty() && produced < room;
            let stuck = consumed == 0 && produced == 0;
            if !self.ended && (flushed || stuck) {
                return Ok(());
            }
        }
    }

    fn data_error(&self) -> ProtocolError {
        self.state
            .error_message()
            .map_or(DataError::Unknown, DataError::from_text)
            .into()
    }
}

impl Target<'_> {
    fn append(&mut self, bytes: &[u8]) -> Result<(), ProtocolError> {
        let needed = self.out.len().saturating_add(bytes.len());
        if needed > self.bound {
            return Err(ProtocolError::UnsupportedMessageLength);
        }
        if needed > self.out.capacity() {
            // Exact at first: most messages come in one piece.
            let wanted = if self.out.is_empty() {
                needed
            } else {
                needed.saturating_mul(2).min(self.bound)
            };
            self.out
                .reserve_exact(wanted.saturating_sub(self.out.len()));
        }
        self.out.extend_from_slice(bytes);
        Ok(())
    }
}

impl From<DataError> for ProtocolError {
    fn from(error: DataError) -> Self {
        Self::InvalidDeflateData(error)
    }
}

impl Drop for Inflater {
    fn drop(&mut self) {
        if let Some(stream) = self.stream.take() {
            pool::give_inflate(stream.state);
        }
    }
}

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater")
            .field("no_context_takeover", &self.no_context_takeover)
            .field("window_size", &self.window_size)
            .field("in_message", &self.stream.is_some())
            .field("cut", &self.cut)
            .finish_non_exhaustive()
    }
}
