//! An I/O thread's events on their way to the inboxes.
//!
//! Events of one turn of the thread's loop go to JavaScript together: one lock
//! and at most one wake for all sockets that were ready at once. They leave
//! when the thread has nothing else to do, or earlier when there are many, so that
//! JavaScript works while a long turn goes on.
//!
//! Nothing else to do is not the same as no task being ready: while sockets are
//! served others become ready. A wake costs more than a look at the sockets, so
//! the thread looks again as long as that brings events. Where many connections come
//! and go, each look finds a few that are at another of their steps; so JavaScript is
//! told of these only so often, and of the more at a time; the less so while it is
//! [busy] with something else.

mod busy;

use std::cell::RefCell;
use std::future::poll_fn;
use std::sync::{Arc, Weak};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use self::busy::Listener;
use crate::bridge::{Batch, Inbox, SlabWriter};

/// Events after which a batch leaves without waiting for the turn's end.
const MANY_EVENTS: usize = 256;
/// Bytes after which a batch leaves without waiting for the turn's end.
const MANY_BYTES: usize = 64 * 1024;

/// How long a thread leaves its sockets alone, at most, while JavaScript has enough
/// to do, or is busy and there is nothing but connections that come and go. Whatever else
/// arises for this thread waits as long.
const LONGEST_WAIT: Duration = Duration::from_micros(500);

/// How long JavaScript is left alone, after it was told of connections that come and
/// go in numbers, before it is told of more. Whatever else arises for this thread waits
/// as long, and as the system's timers take (some 50 us).
const REST: Duration = Duration::from_micros(100);
/// With more events of connections at once there are more to come. With only a few
/// connections under way a rest brings nothing, as all that they do waits for it.
const MANY_OF_CONNECTIONS: usize = 5;

#[derive(Default)]
struct Outgoing {
    open: Vec<(Arc<Inbox>, Batch)>,
    spare: Vec<Batch>,
    /// Events there were when the thread was about to sleep last.
    seen: usize,
    /// When events were published, if the last were many and of connections only.
    told_of_connections: Option<Instant>,
    listener: Listener,
    /// Keeps the thread from going to sleep, once.
    stay_awake: Option<Waker>,
    /// This thread's writers of slabs; none where one is at work.
    writers: Vec<(Weak<Inbox>, Option<SlabWriter>)>,
}

impl Outgoing {
    /// Whether more events have come in than the last look at the sockets found. A
    /// single one does not wait: that would only delay a peer that sends the
    /// next message when it has the answer to this one.
    fn is_growing(&mut self) -> bool {
        let events = self.count();
        let growing = events > self.seen.max(1);
        self.seen = if growing { events } else { 0 };
        growing
    }

    fn open_batch(&mut self, inbox: &Arc<Inbox>) -> Option<&mut Batch> {
        let mut open = self.open.iter_mut();
        let place = open.find(|(other, _)| Arc::ptr_eq(other, inbox));
        place.map(|(_, batch)| batch)
    }

    /// How long the events can wait, at `now`, if they can.
    fn rest(&mut self, now: impl FnOnce() -> Instant) -> Option<Duration> {
        let events = self.count();
        if !self.is_of_connections() {
            return None;
        }
        let now = now();
        let end = self
            .told_of_connections
            .and_then(|told| told.checked_add(REST));
        let rest = end.map(|end| end.saturating_duration_since(now));
        let rest = rest.filter(|rest| !rest.is_zero());
        if rest.is_some() {
            self.seen = events;
        } else {
            self.told_of_connections = (events > MANY_OF_CONNECTIONS).then_some(now);
        }
        rest
    }

    /// Whether there is something to tell, but nothing but that connections come and go.
    fn is_of_connections(&self) -> bool {
        !self.open.is_empty() && self.open.iter().all(|(_, batch)| batch.is_of_connections())
    }

    fn count(&self) -> usize {
        self.open.iter().map(|(_, batch)| batch.len()).sum()
    }

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

/// A thread's batch while it is written. It is taken out meanwhile, its place left
/// empty, since a waker that runs inside must not find the cell borrowed, and put back
/// even if the writer panics: it holds events of other connections too.
struct Taken<'a> {
    inbox: &'a Arc<Inbox>,
    batch: Batch,
}

impl<'a> Taken<'a> {
    fn new(inbox: &'a Arc<Inbox>) -> Self {
        let batch = OUTGOING.with_borrow_mut(|outgoing| {
            let writer = outgoing.take_writer(inbox);
            let mut batch = match outgoing.open_batch(inbox) {
                Some(batch) => std::mem::take(batch),
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
        let is_long = batch.len() >= MANY_EVENTS || batch.byte_length() >= MANY_BYTES;
        let told_more = is_long && !batch.is_of_connections();
        if is_long {
            batch = self.inbox.publish(batch);
        }
        OUTGOING.with_borrow_mut(|outgoing| {
            if told_more {
                outgoing.listener.note_told_more();
            }
            if let Some(writer) = writer {
                outgoing.put_writer(self.inbox, writer);
            }
            if batch.is_empty() {
                outgoing
                    .open
                    .retain(|(other, _)| !Arc::ptr_eq(other, self.inbox));
                outgoing.spare.push(batch);
            } else if let Some(place) = outgoing.open_batch(self.inbox) {
                debug_assert!(place.is_empty(), "written to by two at once");
                *place = batch;
            } else {
                outgoing.open.push((Arc::clone(self.inbox), batch));
            }
        });
    }
}

/// Lets `write` add events to this thread's batch for `inbox`. It must not do so itself.
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
/// perhaps after a rest, or publishes its events.
pub(super) fn before_sleep() {
    let (stay_awake, rest) = OUTGOING.with_borrow_mut(|outgoing| {
        let growing = outgoing.is_growing();
        let rest = if growing {
            None
        } else {
            outgoing.rest(Instant::now)
        };
        let stays = growing || rest.is_some();
        (outgoing.stay_awake.clone().filter(|_| stays), rest)
    });
    match stay_awake {
        Some(waker) => {
            if let Some(rest) = rest {
                thread::park_timeout(rest);
            }
            waker.wake();
        }
        None => tell(),
    }
}

/// Publishes what there is before the thread sleeps, and lets JavaScript be if it has no
/// time: with much to do it would be interrupted for each message that comes in, or for each
/// connection that comes or goes.
fn tell() {
    let (is_of_connections, is_busy) = OUTGOING.with_borrow(|outgoing| {
        let is_busy = outgoing.listener.is_busy(Instant::now);
        (outgoing.is_of_connections(), is_busy)
    });
    let inbox = publish();
    if let Some(inbox) = &inbox
        && !is_of_connections
    {
        OUTGOING.with_borrow_mut(|outgoing| outgoing.listener.note_told_more());
        inbox.wait_for_busy_reader(LONGEST_WAIT);
        return;
    }
    if let Some(inbox) = &inbox {
        let now = Instant::now();
        OUTGOING.with_borrow_mut(|outgoing| outgoing.listener.note_told(inbox, now));
    }
    if is_busy {
        thread::park_timeout(LONGEST_WAIT);
    }
}

/// Runs whenever the thread has slept, or looked at its sockets.
pub(super) fn after_sleep() {
    OUTGOING.with_borrow_mut(|outgoing| outgoing.listener.note_awake(Instant::now));
}

/// Publishes all events of this thread.
pub(super) fn publish_all() {
    publish();
}

/// Publishes all events of this thread, which is JavaScript's and takes them next.
pub(super) fn publish_here() {
    publish_by(Inbox::publish_here);
}

/// Returns one of the inboxes that there was something for.
fn publish() -> Option<Arc<Inbox>> {
    publish_by(Inbox::publish)
}

fn publish_by(publish: impl Fn(&Inbox, Batch) -> Batch) -> Option<Arc<Inbox>> {
    let mut last = None;
    while let Some((inbox, batch)) = OUTGOING.with_borrow_mut(|outgoing| outgoing.open.pop()) {
        let spare = publish(&inbox, batch);
        OUTGOING.with_borrow_mut(|outgoing| {
            if outgoing.spare.len() < 4 {
                outgoing.spare.push(spare);
            }
        });
        last = Some(inbox);
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::{EventKind, Wake};

    #[expect(clippy::cast_possible_truncation, reason = "a small constant")]
    const FEW: u32 = MANY_OF_CONNECTIONS as u32;

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

    #[test]
    fn connections_wait_if_many_were_told_of_just_before() {
        let told = Instant::now();
        let mut many = outgoing(1 + FEW);
        assert_eq!(many.rest(|| told), None, "the first");
        let later = told + REST / 4;
        assert_eq!(many.rest(|| later), Some(REST * 3 / 4));
        assert!(!many.is_growing(), "nothing came meanwhile");
        assert_eq!(many.rest(|| told + REST), None);
        many.open = outgoing(1).open;
        assert_eq!(many.rest(|| told + REST), Some(REST));
    }

    #[test]
    fn few_connections_do_not_wait() {
        let now = Instant::now();
        let mut outgoing = outgoing(FEW);
        assert_eq!(outgoing.rest(|| now), None);
        assert_eq!(outgoing.rest(|| now), None);
    }

    #[test]
    fn message_does_not_wait() {
        let now = Instant::now();
        let mut outgoing = outgoing(2);
        outgoing.told_of_connections = Some(now);
        outgoing.open[0].1.push(EventKind::Text, 0, 0, 0);
        assert_eq!(outgoing.rest(|| now), None);
    }
}
