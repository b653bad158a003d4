//! Events on their way to JavaScript, as one thread wrote them.

use std::sync::Arc;

use super::{EventKind, Slab, SlabWriter};

/// Payloads of at least this many bytes are copied once only, into a slab that
/// the core shares with JavaScript, if there is one.
pub const SHARED_PAYLOAD: usize = 4 * 1024;

/// Payloads of at least this many bytes that have memory of their own cross with
/// it.
pub const LARGE_PAYLOAD: usize = 32 * 1024;

/// What an event costs besides its payload, in bytes, when inbound data that
/// JavaScript has not taken is counted.
pub const EVENT_COST: usize = 64;

/// Someone whose inbound bytes are counted until JavaScript has taken them.
pub trait Credit: Send + Sync {
    /// `bytes` more have been taken.
    fn release(self: Arc<Self>, bytes: usize);
}

/// One event without its payload.
#[derive(Copy, Clone, Debug)]
pub(super) struct Record {
    pub(super) head: u32,
    pub(super) index: u32,
    /// Meaning by kind; where a payload in a slab lies. Events with another
    /// payload have none.
    pub(super) value: u32,
    /// Length of the payload in [`Batch::bytes`] or in a slab.
    pub(super) length: u32,
}

/// Bit of a record's first word: its payload is memory of its own, or lies in a
/// slab if it has a length.
pub(super) const LARGE: u32 = 1 << 31;

/// Bits of a record's first word that tell its kind.
const KIND: u32 = 0xff;

/// Events and their payloads in order.
#[derive(Default)]
pub struct Batch {
    pub(super) records: Vec<Record>,
    pub(super) bytes: Vec<u8>,
    pub(super) large: Vec<Vec<u8>>,
    /// Those that `Slab` events announce.
    pub(super) slabs: Vec<Slab>,
    writer: Option<SlabWriter>,
    pub(super) credits: Vec<(Arc<dyn Credit>, usize)>,
}

impl Batch {
    /// Number of events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is no event.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Whether nothing has happened but that connections come and go.
    #[must_use]
    pub fn is_of_connections(&self) -> bool {
        let is_of_them = |head| {
            EventKind::OF_CONNECTIONS
                .iter()
                .any(|kind| *kind as u32 == head)
        };
        self.records
            .iter()
            .all(|record| is_of_them(record.head & KIND))
    }

    /// Bytes of the payloads that are not memory of their own.
    #[must_use]
    pub fn byte_length(&self) -> usize {
        self.bytes.len()
    }

    /// Adds an event that has no payload.
    pub fn push(&mut self, kind: EventKind, detail: u32, index: u32, value: u32) {
        self.records.push(Record {
            head: head(kind, detail),
            index,
            value,
            length: 0,
        });
    }

    /// Lets payloads of some length be written to where `writer` writes.
    pub fn lend(&mut self, writer: SlabWriter) {
        self.writer = Some(writer);
    }

    /// Lets `read` write to memory where payloads of some length can stay when they are
    /// pushed: at least `least` bytes, where what comes behind the first `lead` of
    /// them is aligned. `None` if there is no writer of slabs.
    pub fn read_to_slab<R>(
        &mut self,
        least: usize,
        lead: usize,
        read: impl FnOnce(&mut Self, &mut [u8]) -> R,
    ) -> Option<R> {
        let mut window = self.writer.as_mut()?.open_window(least, lead);
        // What stays there is told when this batch is published, which is after this.
        let result = read(self, window.bytes());
        if let Some(writer) = &mut self.writer {
            writer.close_window(window);
        }
        Some(result)
    }

    /// Takes back what was lent.
    pub fn take_writer(&mut self) -> Option<SlabWriter> {
        self.writer.take()
    }

    /// Adds an event and copies its payload. Returns what it costs.
    pub fn push_payload(
        &mut self,
        kind: EventKind,
        detail: u32,
        index: u32,
        payload: &[u8],
    ) -> usize {
        if payload.len() >= SHARED_PAYLOAD
            && let Some(cost) = self.push_shared(kind, detail, index, payload)
        {
            return cost;
        }
        match u32::try_from(payload.len()) {
            Ok(length) if payload.len() < LARGE_PAYLOAD => {
                self.bytes.extend_from_slice(payload);
                self.records.push(Record {
                    head: head(kind, detail),
                    index,
                    value: 0,
                    length,
                });
                payload.len() + EVENT_COST
            }
            Ok(_) | Err(_) => self.push_large(kind, detail, index, payload.to_vec()),
        }
    }

    /// `None` if there is no slab for it.
    fn push_shared(
        &mut self,
        kind: EventKind,
        detail: u32,
        index: u32,
        payload: &[u8],
    ) -> Option<usize> {
        let length = u32::try_from(payload.len()).ok()?;
        let writer = self.writer.as_mut()?;
        let slot = writer.slot();
        let appended = writer.append(payload)?;
        if let Some(slab) = appended.begun {
            self.slabs.push(slab);
            self.push(EventKind::Slab, 0, slot, 0);
        }
        self.records.push(Record {
            head: head(kind, detail) | LARGE,
            index,
            value: appended.place,
            length,
        });
        Some(appended.bytes + EVENT_COST)
    }

    /// Adds an event whose payload is handed over, without a copy if it is
    /// large. Returns what it costs.
    pub fn push_owned(
        &mut self,
        kind: EventKind,
        detail: u32,
        index: u32,
        payload: Vec<u8>,
    ) -> usize {
        if payload.len() < LARGE_PAYLOAD {
            return self.push_payload(kind, detail, index, &payload);
        }
        self.push_large(kind, detail, index, payload)
    }

    fn push_large(&mut self, kind: EventKind, detail: u32, index: u32, payload: Vec<u8>) -> usize {
        let cost = payload.len() + EVENT_COST;
        self.records.push(Record {
            head: head(kind, detail) | LARGE,
            index,
            value: 0,
            length: 0,
        });
        self.large.push(payload);
        cost
    }

    /// Counts `bytes` against `owner` until JavaScript has taken this batch.
    pub fn charge(&mut self, owner: Arc<dyn Credit>, bytes: usize) {
        self.credits.push((owner, bytes));
    }

    /// Whether it has held an event.
    pub(super) fn has_memory(&self) -> bool {
        self.records.capacity() > 0
    }

    /// Empties the batch for another use and lets go of memory that a burst
    /// made it take.
    pub(super) fn clear(&mut self) {
        const KEEP: usize = 256 * 1024;
        self.records.clear();
        self.bytes.clear();
        self.large.clear();
        self.slabs.clear();
        self.credits.clear();
        self.bytes.shrink_to(KEEP);
        self.records.shrink_to(KEEP / size_of::<Record>());
    }
}

const fn head(kind: EventKind, detail: u32) -> u32 {
    kind as u32 | (detail & 0x007f_ffff) << 8
}
