//! What the tests of this floor share: an inbox whose wakes are counted, and a
//! reader whose events are read back from the words that JavaScript sees.

mod batch;
mod direct;
mod inbox;
mod reader;
mod slab;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task;

use super::batch::LARGE;
use super::{
    Batch, Credit, EventKind, IN_SLAB, Inbox, RECORD_WORDS, Reader, SLAB_OFFSET_BITS, Slab, Taken,
    Wake,
};

/// Counts what was asked of it: wakes, polls or bytes.
#[derive(Default)]
pub struct Counter(AtomicUsize);

impl Counter {
    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// A counter as the waker of JavaScript's thread.
struct Alarm(Arc<Counter>);

impl Wake for Alarm {
    fn wake(&self) {
        self.0.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl task::Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Credit for Counter {
    fn release(self: Arc<Self>, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::SeqCst);
    }
}

/// An inbox and the number of times that its reader was woken.
pub fn inbox() -> (Arc<Inbox>, Arc<Counter>) {
    let wakes = Arc::new(Counter::default());
    let inbox = Inbox::new(Box::new(Alarm(Arc::clone(&wakes))));
    (Arc::new(inbox), wakes)
}

/// A batch of text messages, which all are of connection 0.
pub fn batch_of<T: AsRef<[u8]>>(payloads: &[T]) -> Batch {
    let mut batch = Batch::default();
    for payload in payloads {
        batch.push_payload(EventKind::Text, 0, 0, payload.as_ref());
    }
    batch
}

/// An event as JavaScript reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub kind: u32,
    pub detail: u32,
    pub index: u32,
    /// The third word, where it is not the place of the payload.
    pub value: u32,
    pub payload: Vec<u8>,
}

/// JavaScript's memory: room for some records and some bytes.
pub struct Memory {
    records: Vec<u32>,
    slab: Vec<u8>,
    offset: usize,
    /// The core's slabs, by their slots.
    shared: HashMap<u32, Slab>,
}

impl Memory {
    pub fn new(records: usize, slab: usize) -> Self {
        Self {
            records: vec![0; records * RECORD_WORDS],
            slab: vec![0; slab],
            offset: 0,
            shared: HashMap::new(),
        }
    }

    /// A slab of the same size takes the place of the one that is full.
    pub fn renew_slab(&mut self) {
        self.offset = 0;
    }

    /// One call, and the events that it gave.
    pub fn take(&mut self, reader: &mut Reader) -> (Taken, Vec<Event>) {
        let taken = reader.take(&mut self.records, &mut self.slab, self.offset);
        self.offset = taken.slab_offset;
        let (records, _) = self.records.as_chunks::<RECORD_WORDS>();
        let events = records[..taken.records]
            .iter()
            .filter_map(|&[head, index, third, length]| {
                let is_large = head & LARGE != 0;
                if head == EventKind::Slab as u32 {
                    let slab = reader.slab(third as usize).expect("a slab");
                    self.shared.insert(index, slab);
                    return None;
                }
                let (value, payload) = if is_large && third & IN_SLAB != 0 {
                    let place = third & !IN_SLAB;
                    let slab = &self.shared[&(place >> SLAB_OFFSET_BITS)];
                    let offset = place & ((1 << SLAB_OFFSET_BITS) - 1);
                    (0, slab.read(offset as usize, length as usize))
                } else if is_large {
                    let payload = reader.large(third as usize).expect("a large payload");
                    assert_eq!(payload.len(), length as usize);
                    (0, payload)
                } else if length > 0 {
                    let start = third as usize;
                    (0, self.slab[start..start + length as usize].to_vec())
                } else {
                    (third, Vec::new())
                };
                Some(Event {
                    kind: head & 0xff,
                    detail: (head & !LARGE) >> 8,
                    index,
                    value,
                    payload,
                })
            })
            .collect();
        (taken, events)
    }

    /// Takes until there is nothing. Returns the payloads.
    pub fn take_payloads(&mut self, reader: &mut Reader) -> Vec<Vec<u8>> {
        let mut payloads = Vec::new();
        loop {
            let (taken, events) = self.take(reader);
            payloads.extend(events.into_iter().map(|event| event.payload));
            if taken.slab_full {
                self.renew_slab();
            } else if taken.records == 0 {
                return payloads;
            }
        }
    }
}
