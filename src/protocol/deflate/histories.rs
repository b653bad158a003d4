//! What connections have sent last, for their next messages to refer to.
//!
//! Decides: how much memory all histories may take; who loses theirs when there
//! is no more, which is who used it least recently.
//! Refuses: to know which connections there are. A history is theirs as long as they
//! find it here by their ticket; a compressor may start afresh at any time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::idle;
use super::lru::{Lru, Ticket};
use super::slab::{SLOT, Slab, Slot};

/// Bytes that all histories of the process may take: 32,768 connections with messages
/// of 1 KiB at most, 2,048 with large ones.
pub const MOST_HISTORY_BYTES: usize = 64 * 1024 * 1024;

/// A bounded amount of histories.
pub(super) struct Histories {
    bound: usize,
    held: Mutex<Held>,
}

struct Held {
    kept: Lru<History>,
    slab: Slab,
    bytes: usize,
}

enum History {
    Short(Slot),
    Long(Box<[u8]>),
}

/// Those of the process.
pub(super) static HISTORIES: Histories = Histories::new(MOST_HISTORY_BYTES);

impl Histories {
    pub const fn new(bound: usize) -> Self {
        Self {
            bound,
            held: Mutex::new(Held {
                kept: Lru::new(),
                slab: Slab::new(),
                bytes: 0,
            }),
        }
    }

    /// Keeps a history for who has its ticket.
    pub fn keep(&self, bytes: &[u8]) -> Ticket {
        let long = (bytes.len() > SLOT).then(|| History::Long(bytes.into()));
        let mut held = self.held();
        let history = long.unwrap_or_else(|| History::Short(held.slab.insert(bytes)));
        held.bytes = held.bytes.saturating_add(history.memory());
        let ticket = held.kept.insert(history);
        while held.bytes > self.bound
            && let Some((_, oldest)) = held.kept.remove_oldest()
        {
            held.uncount(&oldest);
        }
        drop(held);
        idle::note_held();
        ticket
    }

    /// Appends the history of this ticket to `out`, if it is still there.
    pub fn take(&self, ticket: Ticket, out: &mut Vec<u8>) {
        let mut held = self.held();
        let Some(history) = held.kept.remove(ticket) else {
            return;
        };
        held.bytes = held.bytes.saturating_sub(history.memory());
        match history {
            History::Short(slot) => held.slab.remove(&slot, out),
            History::Long(bytes) => {
                drop(held);
                out.extend_from_slice(&bytes);
            }
        }
    }

    /// Nobody will ask for the history of this ticket.
    pub fn forget(&self, ticket: Ticket) {
        let mut held = self.held();
        if let Some(history) = held.kept.remove(ticket) {
            held.uncount(&history);
        }
    }

    /// Whether there is nothing that [`release_idle`](Self::release_idle) may give back,
    /// now or later.
    pub fn is_empty(&self) -> bool {
        let held = self.held();
        held.kept.is_empty() && held.slab.is_empty()
    }

    /// Gives back what was not used since the last call.
    pub fn release_idle(&self) {
        let mut held = self.held();
        let idle = held.kept.take_idle();
        for history in idle.values() {
            held.uncount(history);
        }
        idle::note_freed(held.slab.shrink());
        drop(held);
        // Freeing many takes longer than others should wait.
        drop(idle);
    }

    #[cfg(test)]
    pub fn holds(&self, ticket: Ticket) -> bool {
        self.held().kept.contains(ticket)
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// A history is not kept any more.
    fn uncount(&mut self, history: &History) {
        self.bytes = self.bytes.saturating_sub(history.memory());
        match history {
            History::Short(slot) => self.slab.forget(slot),
            History::Long(bytes) => idle::note_freed(bytes.len()),
        }
    }
}

impl History {
    /// Bytes of memory.
    fn memory(&self) -> usize {
        match self {
            Self::Short(_) => SLOT,
            Self::Long(bytes) => bytes.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Histories;

    #[test]
    fn past_the_bound_the_least_recently_used_leave() {
        let histories = Histories::new(8 * 1024);
        let keep = |length| histories.keep(&vec![b'x'; length]);
        let again = |ticket| {
            let mut bytes = Vec::new();
            histories.take(ticket, &mut bytes);
            assert_eq!(bytes.len(), 4096);
            histories.keep(&bytes)
        };
        let [a, b] = [(); 2].map(|()| keep(4096));
        let a = again(a);
        let c = keep(1);
        assert!(!histories.holds(b));
        assert!(histories.holds(a) && histories.holds(c));
        // Larger than all may be: nothing stays, and nothing is miscounted.
        keep(10_000);
        assert!(histories.held().kept.is_empty());
        assert_eq!(histories.held().bytes, 0);
        assert!(!histories.is_empty());
        histories.release_idle();
        assert!(histories.is_empty());
    }

    #[test]
    fn what_is_not_used_between_two_looks_leaves() {
        for length in [1000, 5000] {
            let histories = Histories::new(16 * 1024);
            let [a, b] = [b'a', b'b'].map(|byte| histories.keep(&vec![byte; length]));
            histories.release_idle();
            let mut bytes = Vec::new();
            histories.take(a, &mut bytes);
            assert_eq!(bytes, vec![b'a'; length]);
            let a = histories.keep(&bytes);
            histories.release_idle();
            assert!(histories.holds(a) && !histories.holds(b));
            histories.release_idle();
            assert!(histories.is_empty());
            assert_eq!(histories.held().bytes, 0);
        }
    }

    #[test]
    fn what_is_forgotten_is_given_back_at_the_next_look() {
        let histories = Histories::new(16 * 1024);
        for length in [1000, 5000] {
            let ticket = histories.keep(&vec![0; length]);
            histories.forget(ticket);
            assert_eq!(histories.held().bytes, 0);
        }
        histories.release_idle();
        assert!(histories.is_empty());
    }
}
