//! Compression of our messages.
//!
//! Decides: what a frame's compressed payload is, and when the context ends.
//! Refuses: which messages are compressed; see [`Compressor`](super::Compressor).
//!
//! RFC 7692 §7.2.1 (compression), §7.2.3.6 (an empty message).

use std::fmt;

use zlib_rs::{Deflate, DeflateFlush};

use super::{
    TRAILER,
    config::DeflateConfig,
    pool::{self, DeflateSettings, SCRATCH},
};

/// An empty stored block. It may stand wherever a frame begins, because all that
/// stands before it ends with a block of the same kind, and so with a whole byte.
const EMPTY_BLOCK: [u8; 5] = [0x00, 0x00, 0x00, 0xff, 0xff];

/// Room beyond what the data needs by estimate: block headers and the flush.
const ROOM: usize = 64;

/// Compresses one connection's messages.
pub struct Deflater {
    settings: DeflateSettings,
    no_context_takeover: bool,
    /// From the first message on, or from the last [`release`](Self::release) on.
    state: Option<Deflate>,
}

impl Deflater {
    /// A deflater for what we send. It takes no memory yet.
    #[must_use]
    pub fn new(config: &DeflateConfig) -> Self {
        Self {
            settings: DeflateSettings::new(config),
            no_context_takeover: config.own_no_context_takeover,
            state: None,
        }
    }

    /// Appends the compressed payload of one frame to `out`. `fin` says that the
    /// frame is its message's last.
    pub fn compress(&mut self, data: &[u8], fin: bool, out: &mut Vec<u8>) {
        if data.is_empty() {
            out.extend_from_slice(&EMPTY_BLOCK);
        } else {
            self.deflate(data, out);
        }
        if !fin {
            return;
        }
        // RFC 7692 §7.2.1: remove 4 octets (that are 0x00 0x00 0xff 0xff) from the
        // tail end.
        debug_assert!(out.ends_with(&TRAILER), "a flush ends with its marker");
        out.truncate(out.len().saturating_sub(TRAILER.len()));
        if self.no_context_takeover {
            self.release();
        }
    }

    /// Gives the state back to the thread. The next frame begins a new context:
    /// it refers to nothing that was sent before, which the peer need not know.
    pub fn release(&mut self) {
        if let Some(state) = self.state.take() {
            pool::give_deflate(self.settings, state);
        }
    }

    /// Whether a state is held.
    #[must_use]
    pub fn holds_state(&self) -> bool {
        self.state.is_some()
    }

    fn deflate(&mut self, mut data: &[u8], out: &mut Vec<u8>) {
        let settings = self.settings;
        let state = self
            .state
            .get_or_insert_with(|| pool::take_deflate(settings));
        loop {
            let start = out.len();
            let room = (data.len() / 2).saturating_add(ROOM).min(SCRATCH);
            out.resize(start.saturating_add(room), 0);
            let (total_in, total_out) = (state.total_in(), state.total_out());
            let target = out.get_mut(start..).unwrap_or_default();
            let result = state.compress(data, target, DeflateFlush::SyncFlush);
            let consumed = difference(state.total_in(), total_in);
            let produced = difference(state.total_out(), total_out);
            out.truncate(start.saturating_add(produced));
            data = data.get(consumed..).unwrap_or_default();
            debug_assert!(result.is_ok(), "a raw stream in order takes any data");
            // All is flushed once there is room left.
            if (data.is_empty() && produced < room) || (consumed == 0 && produced == 0) {
                return;
            }
        }
    }
}

impl Drop for Deflater {
    fn drop(&mut self) {
        self.release();
    }
}

impl fmt::Debug for Deflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deflater")
            .field("settings", &self.settings)
            .field("no_context_takeover", &self.no_context_takeover)
            .field("holds_state", &self.holds_state())
            .finish_non_exhaustive()
    }
}

/// What a count of bytes grew by in one call.
pub(super) fn difference(now: u64, before: u64) -> usize {
    usize::try_from(now.wrapping_sub(before)).unwrap_or(0)
}
