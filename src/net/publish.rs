//! An I/O thread's events on their way to the inboxes.
//!
//! Events of one turn of the thread's loop go to JavaScript together: one lock
//! and at most one wake for all sockets that were ready at once. They leave
//! when the thread has nothing else to do, or earlier when there are many, so that
//! JavaScript works while a long turn goes on.
//!
//! Nothing else to do is not the same as no task being ready: while sockets are
//! served others become ready. A wake costs more than a look at the sockets, so
//! the thread looks again as long as that brings events.

use std::cell::RefCell;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};

use crate::bridge::{Batch, Inbox};

/// Events after which a batch leaves without waiting for the turn's end.
const MANY_EVENTS: usize = 64;
/// Bytes after which a batch leaves without waiting for the turn's end.
const MANY_BYTES: usize = 64 * 1024;

#[derive(Default)]
struct Outgoing {
    open: Vec<(Arc<Inbox>, Batch)>,
    spare: Vec<Batch>,
    /// Events there were when the thread was about to sleep last.
    seen: usize,
    /// Keeps the thread from going to sleep, once.
    stay_awake: Option<Waker>,
}

impl Outgoing {
    /// Whether more events have come in than the last look at the sockets found. A
    /// single one does not wait: that would only delay a peer that sends the
    /// next message when it has the answer to this one.
    fn is_growing(&mut self) -> bool {
        let events = self.open.iter().map(|(_, batch)| batch.len()).sum();
        let growing = events > self.seen.max(1);
        self.seen = if growing { events } else { 0 };
        growing
    }
}

thread_local! {
    static OUTGOING: RefCell<Outgoing> = RefCell::default();
}

/// A thread's batch while it is written. It is taken out meanwhile, since a
/// waker that runs inside must not find the cell borrowed, and put back even if
/// the writer panics: it holds events of other connections too.
struct Taken<'a> {
    inbox: &'a Arc<Inbox>,
    batch: Batch,
}

impl<'a> Taken<'a> {
    fn new(inbox: &'a Arc<Inbox>) -> Self {
        let batch = OUTGOING.with_borrow_mut(|outgoing| {
            let place = outgoing
                .open
                .iter()
                .position(|(other, _)| Arc::ptr_eq(other, inbox));
            match place {
                Some(place) => outgoing.open.swap_remove(place).1,
                None => outgoing.spare.pop().unwrap_or_default(),
            }
        });
        Self { inbox, batch }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut batch = std::mem::take(&mut self.batch);
        if batch.len() >= MANY_EVENTS || batch.byte_length() >= MANY_BYTES {
            batch = self.inbox.publish(batch);
        }
        OUTGOING.with_borrow_mut(|outgoing| {
            if batch.is_empty() {
                outgoing.spare.push(batch);
            } else {
                outgoing.open.push((Arc::clone(self.inbox), batch));
            }
        });
    }
}

/// Lets `write` add events to this thread's batch for `inbox`.
pub(super) fn with_batch<R>(inbox: &Arc<Inbox>, write: impl FnOnce(&mut Batch) -> R) -> R {
    write(&mut Taken::new(inbox).batch)
}

/// Tells this module which thread it is on, from the future that the thread's
/// runtime runs.
pub(super) async fn set_up() {
    poll_fn(|cx| {
        OUTGOING.with_borrow_mut(|outgoing| outgoing.stay_awake = Some(cx.waker().clone()));
        Poll::Ready(())
    })
    .await;
}

/// Runs whenever the thread is about to sleep: has it look at its sockets once more,
/// or publishes its events.
pub(super) fn before_sleep() {
    let stay_awake = OUTGOING.with_borrow_mut(|outgoing| {
        if outgoing.is_growing() {
            outgoing.stay_awake.clone()
        } else {
            None
        }
    });
    match stay_awake {
        Some(waker) => waker.wake(),
        None => publish_all(),
    }
}

/// Publishes all events of this thread.
pub(super) fn publish_all() {
    while let Some((inbox, batch)) = OUTGOING.with_borrow_mut(|outgoing| outgoing.open.pop()) {
        let spare = inbox.publish(batch);
        OUTGOING.with_borrow_mut(|outgoing| {
            if outgoing.spare.len() < 4 {
                outgoing.spare.push(spare);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::{EventKind, Wake};

    struct Nobody;

    impl Wake for Nobody {
        fn wake(&self) {}
    }

    fn outgoing(events: u32) -> Outgoing {
        let mut batch = Batch::default();
        for index in 0..events {
            batch.push(EventKind::End, 0, index, 0);
        }
        Outgoing {
            open: vec![(Arc::new(Inbox::new(Box::new(Nobody))), batch)],
            ..Outgoing::default()
        }
    }

    #[test]
    fn single_event_does_not_wait() {
        assert!(!outgoing(0).is_growing());
        assert!(!outgoing(1).is_growing());
    }

    #[test]
    fn several_wait_as_long_as_there_come_more() {
        let mut outgoing = outgoing(2);
        assert!(outgoing.is_growing());
        outgoing.open[0].1.push(EventKind::End, 0, 2, 0);
        assert!(outgoing.is_growing());
        assert!(!outgoing.is_growing(), "nothing came");
    }
}
