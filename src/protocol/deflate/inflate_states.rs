//! The process's states of zlib for decompression that are kept between messages.
//!
//! A peer whose messages end where a block ends needs none: its next message goes
//! on from the window. Few send anything else.
//!
//! Decides: how many of them there are; who loses theirs when there are more, which
//! is who used it least recently, and whether that is to be noticed.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::idle;
use super::lru::{Lru, Ticket};
use super::pool;
use super::stream::Stream;

/// States of 40 KiB that are kept for all peers together.
pub const MOST_INFLATE_STATES: usize = 256;

/// A bounded number of states.
pub(super) struct InflateStates {
    most: usize,
    held: Mutex<Held>,
}

struct Held {
    kept: Lru<Stream>,
    /// Who can't go on from the window, and has not noticed yet.
    lost: BTreeSet<Ticket>,
}

/// The context is lost.
#[derive(Debug)]
pub(super) struct Lost;

/// Those of the process.
pub(super) static INFLATE_STATES: InflateStates = InflateStates::new(MOST_INFLATE_STATES);

impl InflateStates {
    pub const fn new(most: usize) -> Self {
        Self {
            most,
            held: Mutex::new(Held {
                kept: Lru::new(),
                lost: BTreeSet::new(),
            }),
        }
    }

    /// Keeps a state for who has its ticket.
    pub fn keep(&self, stream: Stream) -> Ticket {
        let mut held = self.held();
        if held.kept.len() >= self.most
            && let Some((ticket, stream)) = held.kept.remove_oldest()
        {
            held.release(ticket, stream);
        }
        let ticket = held.kept.insert(stream);
        drop(held);
        idle::note_held();
        ticket
    }

    /// The state of this ticket. If there is none any more, the stream goes on from
    /// the window, unless it can't.
    pub fn take(&self, ticket: Ticket) -> Result<Option<Stream>, Lost> {
        let mut held = self.held();
        if held.lost.remove(&ticket) {
            return Err(Lost);
        }
        Ok(held.kept.remove(ticket))
    }

    #[cfg(test)]
    pub fn holds(&self, ticket: Ticket) -> bool {
        self.held().kept.contains(ticket)
    }

    pub fn is_empty(&self) -> bool {
        self.held().kept.is_empty()
    }

    /// Releases what was not used since the last call. The states themselves are
    /// of use to the thread.
    pub fn release_idle(&self) {
        let mut held = self.held();
        for (ticket, stream) in held.kept.take_idle() {
            held.release(ticket, stream);
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn release(&mut self, ticket: Ticket, mut stream: Stream) {
        if stream.ended || !stream.is_between_blocks() {
            self.lost.insert(ticket);
        }
        pool::give_inflate(stream.state);
    }
}
