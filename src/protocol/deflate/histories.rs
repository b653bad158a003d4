//! What connections have sent last, for their next messages to refer to.
//!
//! Decides: how much memory all histories may take; who loses theirs when there
//! is no more, which is who used it least recently.
//! Refuses: to know which connections there are. A history is theirs as long as they
//! find it here by their ticket; a compressor may start afresh at any time.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::idle;
use super::lru::{Lru, Ticket};
use super::window::Window;

/// Bytes that all histories of the process may take: 32,768 connections with messages
/// of 1 KiB at most, 2,048 with large ones.
pub const MOST_HISTORY_BYTES: usize = 64 * 1024 * 1024;

/// A bounded amount of histories.
pub(super) struct Histories {
    bound: usize,
    held: Mutex<Held>,
}

struct Held {
    kept: Lru<Window>,
    bytes: usize,
}

/// Those of the process.
pub(super) static HISTORIES: Histories = Histories::new(MOST_HISTORY_BYTES);

impl Histories {
    pub const fn new(bound: usize) -> Self {
        Self {
            bound,
            held: Mutex::new(Held {
                kept: Lru::new(),
                bytes: 0,
            }),
        }
    }

    /// Keeps a history for who has its ticket.
    pub fn keep(&self, history: Window) -> Ticket {
        let mut held = self.held();
        held.bytes = held.bytes.saturating_add(history.capacity());
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

    /// The history of this ticket, if it is still there.
    pub fn take(&self, ticket: Ticket) -> Option<Window> {
        let mut held = self.held();
        let history = held.kept.remove(ticket)?;
        held.uncount(&history);
        Some(history)
    }

    pub fn is_empty(&self) -> bool {
        self.held().kept.is_empty()
    }

    /// Gives back what was not used since the last call.
    pub fn release_idle(&self) {
        let mut held = self.held();
        let idle = held.kept.take_idle();
        for history in idle.values() {
            held.uncount(history);
        }
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
    fn uncount(&mut self, history: &Window) {
        self.bytes = self.bytes.saturating_sub(history.capacity());
    }
}

#[cfg(test)]
mod tests {
    use super::Histories;
    use crate::protocol::deflate::window::Window;

    fn history(length: usize) -> Window {
        let mut history = Window::default();
        history.push(&vec![b'x'; length], length);
        history
    }

    #[test]
    fn past_the_bound_the_least_recently_used_leave() {
        let histories = Histories::new(8 * 1024);
        let [a, b] = [(); 2].map(|()| histories.keep(history(4096)));
        let a = histories.take(a).map(|history| histories.keep(history));
        let c = histories.keep(history(2048));
        assert!(!histories.holds(b));
        assert!(a.is_some_and(|a| histories.holds(a)) && histories.holds(c));
        // Larger than all may be: nothing stays, and nothing is miscounted.
        histories.keep(history(10_000));
        assert!(histories.is_empty());
        assert_eq!(histories.held().bytes, 0);
    }

    #[test]
    fn what_is_not_used_between_two_looks_leaves() {
        let histories = Histories::new(8 * 1024);
        let [a, b] = [(); 2].map(|()| histories.keep(history(1024)));
        histories.release_idle();
        let a = histories.take(a).map(|history| histories.keep(history));
        histories.release_idle();
        assert!(a.is_some_and(|a| histories.holds(a)) && !histories.holds(b));
        histories.release_idle();
        assert!(histories.is_empty());
        assert_eq!(histories.held().bytes, 0);
    }
}
