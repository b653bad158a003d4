//! One peer's stream of DEFLATE blocks.
//!
//! Decides: how zlib is called, and where it is to stop.
//!
//! RFC 7692 §7.2.2 (decompression).

use zlib_rs::{Inflate, InflateFlush, Status};

use super::{
    TRAILER,
    data_error::DataError,
    deflater::difference,
    pool::{self, SCRATCH},
    window::Window,
};
use crate::protocol::error::ProtocolError;

/// A stored block without content that ends a stream. Only between two blocks,
/// where a byte begins, is it that: within a final block its bits may mean a literal
/// and the end.
const FINAL_BLOCK: [u8; 5] = [0x01, 0x00, 0x00, 0xff, 0xff];

/// What a message is inflated by.
pub(super) struct Stream {
    pub state: Inflate,
    /// The final block was seen.
    pub ended: bool,
    /// Something followed the final block.
    pub exceeded: bool,
    pub age: Age,
}

/// What a stream has inflated before the frame in hand.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(super) enum Age {
    /// Nothing: the frame is its message's first.
    Fresh,
    /// Frames of the same message.
    InMessage,
    /// Whole messages, the last of which is complete.
    Kept,
}

/// Where inflated bytes go.
pub(super) struct Target<'a> {
    pub out: &'a mut Vec<u8>,
    pub bound: usize,
}

/// What one call of zlib did.
struct Step {
    consumed: usize,
    produced: usize,
    /// There is no more to be had from the input.
    done: bool,
}

impl Stream {
    /// A stream that goes on where the window ends.
    pub fn new(window: &Window) -> Self {
        let mut state = pool::take_inflate();
        window.restore(&mut state);
        Self {
            state,
            ended: false,
            exceeded: false,
            age: Age::Fresh,
        }
    }

    /// Whether the next block begins here, at the beginning of a byte. The state is of
    /// no further use.
    pub fn is_between_blocks(&mut self) -> bool {
        let (total_in, total_out) = (self.state.total_in(), self.state.total_out());
        let status = self
            .state
            .decompress(&FINAL_BLOCK, &mut [0], InflateFlush::SyncFlush);
        status == Ok(Status::StreamEnd)
            && difference(self.state.total_in(), total_in) == FINAL_BLOCK.len()
            && difference(self.state.total_out(), total_out) == 0
    }

    /// RFC 7692 §7.2.2: append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the
    /// payload of the message.
    pub fn feed_frame(
        &mut self,
        data: &[u8],
        fin: bool,
        target: &mut Target<'_>,
    ) -> Result<(), ProtocolError> {
        let mut scratch = pool::take_scratch();
        let mut result = self.feed(data, &mut scratch, target);
        if fin && result.is_ok() {
            result = self.feed(&TRAILER, &mut scratch, target);
        }
        pool::give_scratch(scratch);
        result
    }

    /// As [`feed_frame`](Self::feed_frame), for data that was inflated before, whose
    /// output is not wanted again.
    pub fn skip_frame(
        &mut self,
        data: &[u8],
        fin: bool,
        buffer: &mut [u8],
    ) -> Result<(), DataError> {
        let trailer: &[u8] = if fin { &TRAILER } else { &[] };
        for mut input in [data, trailer] {
            loop {
                let step = self.step(input, buffer)?;
                if self.ended {
                    return Ok(());
                }
                if step.done {
                    break;
                }
                input = input.get(step.consumed..).unwrap_or_default();
            }
        }
        Ok(())
    }

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
            let step = self.step(input, buffer)?;
            target.append(buffer.get(..step.produced).unwrap_or_default())?;
            input = input.get(step.consumed..).unwrap_or_default();
            if step.done {
                return Ok(());
            }
        }
    }

    fn step(&mut self, input: &[u8], buffer: &mut [u8]) -> Result<Step, DataError> {
        let (total_in, total_out) = (self.state.total_in(), self.state.total_out());
        let status = self
            .state
            .decompress(input, buffer, InflateFlush::SyncFlush)
            .map_err(|_| {
                let text = self.state.error_message();
                text.map_or(DataError::Unknown, DataError::from_text)
            })?;
        let consumed = difference(self.state.total_in(), total_in);
        let produced = difference(self.state.total_out(), total_out);
        self.ended = status == Status::StreamEnd;
        let flushed = consumed == input.len() && produced < buffer.len();
        let stuck = consumed == 0 && produced == 0;
        Ok(Step {
            consumed,
            produced,
            done: !self.ended && (flushed || stuck),
        })
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
