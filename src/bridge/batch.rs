//! Events on their way to JavaScript, as one thread wrote them.

use std::sync::Arc;

use super::EventKind;

/// Payloads of at least this many bytes cross as memory of their own instead
/// of being copied into the slab.
pub const LARGE_PAYLOAD: usize = 32 * 1024;

/// What an event costs besides its payload, in bytes, when inbound data that
/// JavaScript has not taken is counted.
pub const EVENT_COST: usize = 64;

/// Someone whose inbound bytes are counted until JavaScript has taken them.
pub trait Credit: Send + Sync {
    /// `bytes` more have been taken.
    fn release(&self, bytes: usize);
}

/// One event without its payload.
#[derive(Copy, Clone, Debug)]
pub(super) struct Record {
    pub(super) head: u32,
    pub(super) index: u32,
    /// Meaning by kind; events with a payload have none.
    pub(super) value: u32,
    /// Length of the payload in [`Batch::bytes`].
    pub(super) length: u32,
}

/// Bit of a record's first word: its payload is memory of its own.
pub(super) const LARGE: u32 = 1 << 31;

/// Events and their payloads in order.
#[derive(Default)]
pub struct Batch {
    pub(super) records: Vec<Record>,
    pub(super) bytes: Vec<u8>,
    pub(super) large: Vec<Vec<u8>>,
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

    /// Adds an event and copies its payload. Returns what it costs.
    pub fn push_payload(
        &mut self,
        kind: EventKind,
        detail: u32,
        index: u32,
        payload: &[u8],
    ) -> usize {
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
            Ok(_) | Err(_) => self.push_owned(kind, detail, index, payload.to_vec()),
        }
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

    /// Empties the batch for another use and lets go of memory that a burst
    /// made it take.
    pub(super) fn clear(&mut self) {
        const KEEP: usize = 256 * 1024;
        self.records.clear();
        self.bytes.clear();
        self.large.clear();
        self.credits.clear();
        self.bytes.shrink_to(KEEP);
        self.records.shrink_to(KEEP / size_of::<Record>());
    }
}

const fn head(kind: EventKind, detail: u32) -> u32 {
    kind as u32 | (detail & 0x007f_ffff) << 8
}
