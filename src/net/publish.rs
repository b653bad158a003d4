//! An I/O thread's events on their way to the inboxes.
//!
//! Events of one turn of the thread's loop go to JavaScript together: one lock
//! and at most one wake for all sockets that were ready at once. They leave
//! when the thread is about to sleep, or earlier when there are many, so that
//! JavaScript works while a long turn goes on.

use std::cell::RefCell;
use std::sync::Arc;

use crate::bridge::{Batch, Inbox};

/// Events after which a batch leaves without waiting for the turn's end.
const MANY_EVENTS: usize = 64;
/// Bytes after which a batch leaves without waiting for the turn's end.
const MANY_BYTES: usize = 64 * 1024;

#[derive(Default)]
struct Outgoing {
    open: Vec<(Arc<Inbox>, Batch)>,
    spare: Vec<Batch>,
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

/// Publishes all events of this thread; runs whenever the thread goes to sleep.
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
