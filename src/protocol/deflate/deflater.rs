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
    histories::{HISTORIES, Histories},
    lru::Ticket,
    pool::{self, DeflateSettings, SCRATCH},
};

/// An empty stored block. It may stand wherever a frame begins, because all that
/// stands before it ends with a block of the same kind, and so with a whole byte.
const EMPTY_BLOCK: [u8; 5] = [0x00, 0x00, 0x00, 0xff, 0xff];

/// Room beyond what the data needs by estimate: block headers and the flush.
const ROOM: usize = 64;

/// A history is as long as this many messages of the latest length. Of JSON in
/// messages of 1 KiB, twice as long a history makes a message 2 % shorter, and takes
/// 12 to 20 % more time: for priming a state, and for looking at more matches.
const REACH: usize = 2;
/// Bytes of a history, whatever the messages' length is.
const LEAST_REACH: usize = 2 * 1024;

/// Compresses one connection's messages.
pub struct Deflater {
    settings: DeflateSettings,
    no_context_takeover: bool,
    /// Bytes of history to be kept.
    reach: usize,
    /// Of what was sent last, until it is forgotten.
    history: Option<Ticket>,
    histories: &'static Histories,
}

impl Deflater {
    /// A deflater for what we send. It takes no memory yet.
    #[must_use]
    pub fn new(config: &DeflateConfig) -> Self {
        Self {
            settings: DeflateSettings::new(config),
            no_context_takeover: config.own_no_context_takeover,
            reach: 0,
            history: None,
            histories: &HISTORIES,
        }
    }

    #[cfg(test)]
    pub(super) fn with_histories(mut self, histories: &'static Histories) -> Self {
        self.histories = histories;
        self
    }

    pub(super) fn settings(&self) -> DeflateSettings {
        self.settings
    }

    /// Appends the compressed payload of one frame to `out`. `fin` says that the
    /// frame is its message's last.
    pub fn compress(&mut self, data: &[u8], fin: bool, out: &mut Vec<u8>) {
        let mut history = pool::take_history();
        if let Some(ticket) = self.history.take() {
            self.histories.take(ticket, &mut history);
        }
        if data.is_empty() {
            out.extend_from_slice(&EMPTY_BLOCK);
        } else {
            #[cfg(test)]
            DEFLATIONS.set(DEFLATIONS.get() + 1);
            let mut state = pool::take_deflate(self.settings);
            prime(&mut state, &history);
            deflate(&mut state, data, out);
            pool::give_deflate(self.settings, state);
        }
        if fin {
            // RFC 7692 §7.2.1: remove 4 octets (that are 0x00 0x00 0xff 0xff) from the
            // tail end.
            debug_assert!(out.ends_with(&TRAILER), "a flush ends with its marker");
            out.truncate(out.len().saturating_sub(TRAILER.len()));
        }
        if !(fin && self.no_context_takeover) {
            let size = self.grow_reach(data.len());
            let latest = data.get(data.len().saturating_sub(size)..);
            history.extend_from_slice(latest.unwrap_or_default());
            let kept = history.get(history.len().saturating_sub(size)..);
            self.history = Some(self.histories.keep(kept.unwrap_or_default()));
        }
        pool::give_history(history);
    }

    #[cfg(test)]
    pub(super) fn holds_history(&self) -> bool {
        self.history
            .is_some_and(|ticket| self.histories.holds(ticket))
    }

    /// Bytes of history to be kept after a frame of this length. Frames much longer than
    /// those that follow are remembered for a while.
    fn grow_reach(&mut self, length: usize) -> usize {
        let size = self.settings.window_size();
        let faded = self.reach.saturating_sub(self.reach / 16);
        let wanted = length.saturating_mul(REACH).max(LEAST_REACH);
        self.reach = wanted.max(faded).min(size);
        self.reach
    }
}

/// Lets a state at the beginning of a stream refer to a history.
fn prime(state: &mut Deflate, history: &[u8]) {
    if !history.is_empty() {
        let result = state.set_dictionary(history);
        debug_assert!(result.is_ok(), "a raw stream takes any dictionary");
    }
}

fn deflate(state: &mut Deflate, mut data: &[u8], out: &mut Vec<u8>) {
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

impl Drop for Deflater {
    fn drop(&mut self) {
        if let Some(ticket) = self.history.take() {
            self.histories.forget(ticket);
        }
    }
}

impl fmt::Debug for Deflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deflater")
            .field("settings", &self.settings)
            .field("no_context_takeover", &self.no_context_takeover)
            .field("history", &self.history)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
thread_local! {
    static DEFLATIONS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Frames that this thread has compressed.
#[cfg(test)]
pub(super) fn deflations() -> usize {
    DEFLATIONS.get()
}

/// What a count of bytes grew by in one call.
pub(super) fn difference(now: u64, before: u64) -> usize {
    usize::try_from(now.wrapping_sub(before)).unwrap_or(0)
}
