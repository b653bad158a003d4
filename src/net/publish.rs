//! An I/O thread's events on their way to the inboxes.
//!
//! Events of one turn of the thread's loop go to JavaScript together: one lock
//! and at most one wake for all sockets that were ready at once. They leave
//! when the thread is about to sleep, or earlier when there are many, so that
//! JavaScript works while a long turn goes on.

use std::cell::RefCell;
use std::sync::{Arc, Weak};

use crate::bridge::{Batch, Inbox, SlabWriter};

/// Events after which a batch leaves without waiting for the turn's end.
const MANY_EVENTS: usize = 64;
/// Bytes after which a batch leaves without waiting for the turn's end.
const MANY_BYTES: usize = 64 * 1024;

#[derive(Default)]
struct Outgoing {
    open: Vec<(Arc<Inbox>, Batch)>,
    spare: Vec<Batch>,
    /// This thread's writers of slabs; none where one is at work.
    writers: Vec<(Weak<Inbox>, Option<SlabWriter>)>,
}

impl Outgoing {
    fn writer_of(&mut self, inbox: &Arc<Inbox>) -> Option<&mut Option<SlabWriter>> {
        let is_its = |(other, _): &&mut (Weak<Inbox>, _)| other.as_ptr() == Arc::as_ptr(inbox);
        let known = self.writers.iter_mut().find(is_its);
        known.map(|(_, writer)| writer)
    }

    fn take_writer(&mut self, inbox: &Arc<Inbox>) -> Option<SlabWriter> {
        match self.writer_of(inbox) {
            Some(writer) => writer.take(),
            None => inbox.slab_writer(),
        }
    }

    fn put_writer(&mut self, inbox: &Arc<Inbox>, writer: SlabWriter) {
        if let Some(place) = self.writer_of(inbox) {
            *place = Some(writer);
        } else {
            self.writers.retain(|(other, _)| other.strong_count() > 0);
            self.writers.push((Arc::downgrade(inbox), Some(writer)));
        }
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
            let writer = outgoing.take_writer(inbox);
            let place = outgoing
                .open
                .iter()
                .position(|(other, _)| Arc::ptr_eq(other, inbox));
            let mut batch = match place {
                Some(place) => outgoing.open.swap_remove(place).1,
                None => outgoing.spare.pop().unwrap_or_default(),
            };
            if let Some(writer) = writer {
                batch.lend(writer);
            }
            batch
        });
        Self { inbox, batch }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut batch = std::mem::take(&mut self.batch);
        let writer = batch.take_writer();
        if batch.len() >= MANY_EVENTS || batch.byte_length() >= MANY_BYTES {
            batch = self.inbox.publish(batch);
        }
        OUTGOING.with_borrow_mut(|outgoing| {
            if let Some(writer) = writer {
                outgoing.put_writer(self.inbox, writer);
            }
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
