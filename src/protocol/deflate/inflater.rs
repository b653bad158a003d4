//! Decompression of the peer's messages.
//!
//! Decides: how far a message may inflate, before its bytes exist; what a stream
//! that ends early, goes on after its end, or stops in the middle means.
//! Refuses: UTF-8 and fragments; those are the message's.
//!
//! RFC 7692 §7.2.2 (decompression).

use std::fmt;

use super::{
    config::InflateConfig,
    data_error::DataError,
    inflate_states::{INFLATE_STATES, InflateStates, Lost},
    lru::Ticket,
    pool,
    stream::{Age, Stream, Target},
    window::Window,
};
use crate::protocol::error::ProtocolError;

/// So little room that zlib-rs takes its slow path, whose errors have texts; those
/// of the fast one are lost (0.6.8).
const SLOW: usize = 256;

/// Decompresses one peer's messages.
pub struct Inflater {
    no_context_takeover: bool,
    window_size: usize,
    /// What the message in progress is inflated by.
    stream: Option<Box<Stream>>,
    /// Between messages: of a stream of which it is not known that another can go on
    /// in its place.
    kept: Option<Ticket>,
    states: &'static InflateStates,
    /// Where the next message goes on, else.
    window: Window,
    /// The context is lost.
    spoiled: bool,
}

impl Inflater {
    /// An inflater for what the peer sends. It takes no memory yet.
    #[must_use]
    pub fn new(config: InflateConfig) -> Self {
        Self {
            no_context_takeover: config.no_context_takeover,
            window_size: 1 << config.max_window_bits.clamp(8, 15),
            stream: None,
            kept: None,
            states: &INFLATE_STATES,
            window: Window::default(),
            spoiled: false,
        }
    }

    #[cfg(test)]
    pub(super) fn with_states(mut self, states: &'static InflateStates) -> Self {
        self.states = states;
        self
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
        let mut stream = self.take_stream()?;
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
            self.stream = Some(Box::new(stream));
        } else if self.no_context_takeover {
            pool::give_inflate(stream.state);
        } else {
            self.finish(stream, data);
            self.remember(inflated);
        }
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn window_capacity(&self) -> usize {
        self.window.capacity()
    }

    #[cfg(test)]
    pub(super) fn holds_state(&self) -> bool {
        self.stream.is_some() || self.kept.is_some_and(|ticket| self.states.holds(ticket))
    }

    #[cfg(test)]
    pub(super) fn is_pristine(&self) -> bool {
        !self.holds_state() && self.window.is_empty() && !self.spoiled
    }

    /// What the frame in hand is inflated by.
    fn take_stream(&mut self) -> Result<Stream, DataError> {
        if let Some(stream) = self.stream.take() {
            return Ok(*stream);
        }
        let kept = match self.kept.take().map(|ticket| self.states.take(ticket)) {
            Some(Err(Lost)) => {
                self.spoiled = true;
                None
            }
            Some(Ok(kept)) => kept,
            None => None,
        };
        if self.spoiled {
            return Err(DataError::StoredBlockLengths);
        }
        Ok(kept.unwrap_or_else(|| Stream::new(&self.window)))
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
        self.kept = Some(self.states.keep(stream));
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

impl From<DataError> for ProtocolError {
    fn from(error: DataError) -> Self {
        Self::InvalidDeflateData(error)
    }
}

impl Drop for Inflater {
    fn drop(&mut self) {
        let kept = self.kept.take().map(|ticket| self.states.take(ticket));
        let kept = kept.and_then(Result::ok).flatten();
        if let Some(stream) = self.stream.take().map(|stream| *stream).or(kept) {
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
            .field("kept", &self.kept)
            .field("spoiled", &self.spoiled)
            .finish_non_exhaustive()
    }
}
