//! Decompression of the peer's messages.
//!
//! Decides: how far a message may inflate, before its bytes exist; what a stream
//! that ends early, goes on after its end, or stops in the middle means.
//! Refuses: UTF-8 and fragments; those are the message's.
//!
//! RFC 7692 §7.2.2 (decompression).

use std::fmt;

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

/// So little room that zlib-rs takes its slow path, whose errors have texts; those
/// of the fast one are lost (0.6.8).
const SLOW: usize = 256;

/// Decompresses one peer's messages.
pub struct Inflater {
    no_context_takeover: bool,
    window_size: usize,
    /// What the message in progress is inflated by; between messages, one of which
    /// it is not known that another can go on in its place.
    stream: Option<Stream>,
    /// Where the next message goes on, else.
    window: Window,
    /// The context is lost.
    spoiled: bool,
}

struct Stream {
    state: Inflate,
    /// The final block was seen.
    ended: bool,
    /// Something followed the final block.
    exceeded: bool,
    age: Age,
}

/// What a stream has inflated before the frame in hand.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Age {
    /// Nothing: the frame is its message's first.
    Fresh,
    /// Frames of the same message.
    InMessage,
    /// Whole messages, the last of which is complete.
    Kept,
}

/// Where inflated bytes go.
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
            spoiled: false,
        }
    }

    /// Appends what one frame's payload inflates to. `out` holds what the message's
    /// frames before this one inflated to, and nothing else; it never gets longer
    /// than `max_payload` bytes, where that is not 0. `fin` says that the frame is
    /// its message's last.
    ///
    /// As in `ws`: after a final block the rest of the payload is ignored, and the
    /// next frame or message begins a new context; a message that stops in the
    /// middle of a block is what it inflated to, and the next goes on there.
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
        if self.spoiled {
            return Err(DataError::StoredBlockLengths.into());
        }
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => Stream::new(&self.window),
        };
        let start = out.len();
        let mut target = Target { out, bound };
        let result = stream.feed_frame(data, fin, &mut target);
        if let Err(ProtocolError::InvalidDeflateData(DataError::Unknown)) = result {
            let before = out.get(..start).unwrap_or_default();
            return Err(self.name_fault(data, fin, before).into());
        }
        result?;

        if stream.ended && stream.exceeded {
            self.window.clear();
            pool::give_inflate(stream.state);
            return Ok(());
        }
        let inflated = out.get(start..).unwrap_or_default();
        if !fin {
            stream.age = Age::InMessage;
            self.remember(inflated);
            self.stream = Some(stream);
        } else if self.no_context_takeover {
            pool::give_inflate(stream.state);
        } else {
            self.finish(stream, data);
            self.remember(inflated);
        }
        Ok(())
    }

    /// Gives back what is not needed until the next message. What is, at most the
    /// window, stays. To be called when the connection is idle; harmless at any
    /// time.
    pub fn release(&mut self) {
        self.window.shrink();
        if let Some(mut stream) = self.stream.take_if(|stream| stream.age == Age::Kept) {
            // For a peer that does not keep to the format no memory is kept.
            self.spoiled = stream.ended || !stream.is_between_blocks();
            pool::give_inflate(stream.state);
        }
    }

    /// Whether nothing is held: a new inflater would do as well.
    #[must_use]
    pub fn is_pristine(&self) -> bool {
        self.stream.is_none() && self.window.is_empty() && !self.spoiled
    }

    #[cfg(test)]
    pub(super) fn window_capacity(&self) -> usize {
        self.window.capacity()
    }

    #[cfg(test)]
    pub(super) fn holds_state(&self) -> bool {
        self.stream.is_some()
    }

    fn remember(&mut self, inflated: &[u8]) {
        if !self.no_context_takeover {
            self.window.push(inflated, self.window_size);
        }
    }

    /// The message is complete. Its state goes back if another can go on from the
    /// window; whether that is so, only the state can tell, and has then to be made
    /// again from `data`, the payload of the message, which has to be in one frame.
    fn finish(&mut self, mut stream: Stream, data: &[u8]) {
        if stream.age == Age::Fresh && !stream.ended {
            let reusable = stream.is_between_blocks();
            pool::give_inflate(stream.state);
            if reusable {
                return;
            }
            stream = Stream::new(&self.window);
            let mut scratch = pool::take_scratch();
            self.spoiled = stream.skip_frame(data, true, &mut scratch).is_err();
            pool::give_scratch(scratch);
        }
        stream.age = Age::Kept;
        self.stream = Some(stream);
    }

    /// Finds the text of an error that is one of three, in a frame before which
    /// `before` of the message was inflated. Where the frame began in the middle of a
    /// block it is a guess: the error that damaged data most often shows.
    #[cold]
    fn name_fault(&self, data: &[u8], fin: bool, before: &[u8]) -> DataError {
        let mut stream = Stream::new(&self.window);
        if self.no_context_takeover {
            let mut window = Window::default();
            window.push(before, self.window_size);
            window.restore(&mut stream.state);
        }
        match stream.skip_frame(data, fin, &mut [0; SLOW]) {
            Err(
                error @ (DataError::LiteralLengthCode
                | DataError::DistanceCode
                | DataError::DistanceTooFarBack),
            ) => error,
            Ok(()) | Err(_) => DataError::DistanceTooFarBack,
        }
    }
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
    fn new(window: &Window) -> Self {
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
    fn is_between_blocks(&mut self) -> bool {
        let status = self
            .state
            .decompress(&FINAL_BLOCK, &mut [0], InflateFlush::SyncFlush);
        status == Ok(Status::StreamEnd)
    }

    /// RFC 7692 §7.2.2: append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the
    /// payload of the message.
    fn feed_frame(
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
    fn skip_frame(&mut self, data: &[u8], fin: bool, buffer: &mut [u8]) -> Result<(), DataError> {
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
            .field("spoiled", &self.spoiled)
            .finish_non_exhaustive()
    }
}
