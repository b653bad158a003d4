//! Whether JavaScript is busy with something else, as with requests that Node reads.
//!
//! Connections that come and go then wake the thread for each thing that they do, which
//! on one processor interrupts JavaScript each time, though it has no time to hear of it.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use crate::bridge::Inbox;

/// JavaScript that does not come for so long, while the thread sleeps, is busy,
const SOON: Duration = Duration::from_micros(50);
/// and is taken to be for so long.
const BUSY: Duration = Duration::from_millis(2);

/// What an I/O thread knows of the JavaScript that it tells of connections. If there are
/// several environments, of the one that it told last.
#[derive(Default)]
pub(super) struct Listener {
    /// Who was told, of nothing but connections, when the thread went to sleep, and when.
    told: Option<(Weak<Inbox>, Instant)>,
    busy_since: Option<Instant>,
}

impl Listener {
    /// The thread goes to sleep when `inbox` was told of nothing but connections.
    pub(super) fn note_told(&mut self, inbox: &Arc<Inbox>, now: Instant) {
        self.told = Some((Arc::downgrade(inbox), now));
    }

    /// It was told of something else, which does not wait.
    pub(super) fn note_told_more(&mut self) {
        *self = Self::default();
    }

    /// The thread has slept, or looked at its sockets.
    pub(super) fn note_awake(&mut self, now: impl FnOnce() -> Instant) {
        if let Some((inbox, when)) = self.told.take()
            && inbox.upgrade().is_some_and(|inbox| inbox.is_behind())
        {
            let now = now();
            if now.saturating_duration_since(when) >= SOON {
                self.busy_since = Some(now);
            }
        }
    }

    pub(super) fn is_busy(&self, now: impl FnOnce() -> Instant) -> bool {
        self.busy_since
            .is_some_and(|since| now().saturating_duration_since(since) < BUSY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::{Batch, EventKind, Reader, Wake};

    struct Nobody;

    impl Wake for Nobody {
        fn wake(&self) {}
    }

    /// Someone who was told at an instant.
    fn told() -> (Listener, Arc<Inbox>, Instant) {
        let inbox = Arc::new(Inbox::new(Box::new(Nobody)));
        let mut batch = Batch::default();
        batch.push(EventKind::End, 0, 0, 0);
        inbox.publish(batch);
        let mut listener = Listener::default();
        let now = Instant::now();
        listener.note_told(&inbox, now);
        (listener, inbox, now)
    }

    #[test]
    fn who_does_not_come_for_some_time_is_busy_for_a_while() {
        let (mut listener, _inbox, told) = told();
        assert!(!listener.is_busy(|| told));
        let awake = told + SOON;
        listener.note_awake(|| awake);
        assert!(listener.is_busy(|| awake));
        assert!(!listener.is_busy(|| awake + BUSY));
    }

    #[test]
    fn who_has_come_is_not_busy() {
        let (mut listener, inbox, told) = told();
        let mut reader = Reader::new(inbox);
        reader.take(&mut [0; 4], &mut [0; 64], 0);
        listener.note_awake(|| told + SOON);
        assert!(!listener.is_busy(|| told + SOON));
    }

    #[test]
    fn who_had_no_time_to_come_is_not_busy() {
        let (mut listener, _inbox, told) = told();
        listener.note_awake(|| told + SOON / 2);
        assert!(!listener.is_busy(|| told + SOON / 2));
        listener.note_awake(|| told + SOON);
        assert!(!listener.is_busy(|| told + SOON), "it was not told again");
    }

    #[test]
    fn what_is_no_connection_does_not_wait() {
        let (mut listener, _inbox, told) = told();
        listener.note_awake(|| told + SOON);
        listener.note_told_more();
        assert!(!listener.is_busy(|| told + SOON));
    }
}
