//! Things in the order in which they were last used.
//!
//! Decides: what has been idle: what was not used between two calls of
//! [`Lru::take_idle`].
//! Refuses: to bound itself; its owner does.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

/// What stands for a thing that was put in, until it is taken out by it or is gone.
/// No two are ever equal.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(NonZeroU64);

impl Ticket {
    const FIRST: Self = Self(NonZeroU64::MIN);
}

/// Holds things by their tickets, which grow.
#[derive(Debug)]
pub(super) struct Lru<T> {
    entries: BTreeMap<Ticket, T>,
    next: Ticket,
    /// The ticket that was next at the last look for idle things.
    looked: Ticket,
}

impl<T> Lru<T> {
    pub const fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            next: Ticket::FIRST,
            looked: Ticket::FIRST,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Puts a thing in as used just now.
    pub fn insert(&mut self, thing: T) -> Ticket {
        let ticket = self.next;
        self.next = Ticket(ticket.0.saturating_add(1));
        self.entries.insert(ticket, thing);
        ticket
    }

    /// Takes a thing out, if it is still there.
    pub fn remove(&mut self, ticket: Ticket) -> Option<T> {
        self.entries.remove(&ticket)
    }

    #[cfg(test)]
    pub fn contains(&self, ticket: Ticket) -> bool {
        self.entries.contains_key(&ticket)
    }

    /// Takes out what was not used for longest.
    pub fn remove_oldest(&mut self) -> Option<(Ticket, T)> {
        self.entries.pop_first()
    }

    /// Takes out what was not used since the last call.
    pub fn take_idle(&mut self) -> BTreeMap<Ticket, T> {
        let used = self.entries.split_off(&self.looked);
        self.looked = self.next;
        std::mem::replace(&mut self.entries, used)
    }
}

#[cfg(test)]
mod tests {
    use super::Lru;

    #[test]
    fn the_oldest_leaves_first_and_a_ticket_is_good_once() {
        let mut lru = Lru::new();
        let [a, b, c] = ["a", "b", "c"].map(|thing| lru.insert(thing));
        assert_eq!(lru.remove(a), Some("a"));
        assert_eq!(lru.remove(a), None);
        let again = lru.insert("a");
        assert_eq!(lru.remove_oldest(), Some((b, "b")));
        assert!(lru.contains(c) && lru.contains(again) && !lru.contains(b));
        assert_eq!(lru.len(), 2);
    }

    #[test]
    fn what_is_not_used_between_two_looks_is_idle() {
        let mut lru = Lru::new();
        let a = lru.insert("a");
        lru.insert("b");
        assert!(lru.take_idle().is_empty());
        let a = lru.remove(a).map(|thing| lru.insert(thing));
        assert!(lru.take_idle().into_values().eq(["b"]));
        assert!(a.is_some_and(|a| lru.contains(a)));
        assert!(lru.take_idle().into_values().eq(["a"]));
        assert!(lru.is_empty());
    }
}
