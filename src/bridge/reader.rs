//! JavaScript's end of the inbox.

use std::collections::VecDeque;
use std::sync::Arc;

use super::batch::LARGE;
use super::{Batch, EventKind, Inbox, Slab};

/// Words of a record in JavaScript's memory: kind and detail, index, then for
/// an event with a payload its offset in the slab and its length, for one without
/// its value and 0. If the first word's highest bit is set the payload lies
/// elsewhere: the third word is the number of its own memory or, with
/// [`IN_SLAB`], a slot and an offset in the slab that was announced for it.
pub const RECORD_WORDS: usize = 4;

/// Bit of a record's third word, see there.
pub const IN_SLAB: u32 = 1 << 31;

/// What [`Reader::take`] did.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Records written.
    pub records: usize,
    /// Where the slab is free from.
    pub slab_offset: usize,
    /// The next payload does not fit into the rest of the slab.
    pub slab_full: bool,
}

/// Copies events out of an [`Inbox`] into memory of JavaScript.
pub struct Reader {
    inbox: Arc<Inbox>,
    queue: VecDeque<Batch>,
    current: Batch,
    /// Next record, byte and large payload of `current`.
    record: usize,
    byte: usize,
    next_large: usize,
    next_slab: usize,
    large: VecDeque<Vec<u8>>,
    slabs: Vec<Slab>,
    done: Option<Batch>,
}

impl Reader {
    /// The one reader of `inbox`.
    #[must_use]
    pub fn new(inbox: Arc<Inbox>) -> Self {
        Self {
            inbox,
            queue: VecDeque::new(),
            current: Batch::default(),
            record: 0,
            byte: 0,
            next_large: 0,
            next_slab: 0,
            large: VecDeque::new(),
            slabs: Vec::new(),
            done: None,
        }
    }

    /// Puts a batch of this thread's own in front of what the inbox holds.
    pub fn prepend(&mut self, batch: Batch) {
        self.queue.push_front(batch);
    }

    /// Copies as many events as fit into `records` and `slab`, from
    /// `slab_offset` on. No record and a slab that is not full means that
    /// there is nothing and the reader will be woken.
    pub fn take(&mut self, records: &mut [u32], slab: &mut [u8], slab_offset: usize) -> Taken {
        let mut taken = Taken {
            slab_offset,
            ..Taken::default()
        };
        self.large.clear();
        self.slabs.clear();
        'records: for words in records.chunks_exact_mut(RECORD_WORDS) {
            while self.record == self.current.records.len() {
                if !self.next_batch(taken.records > 0) {
                    break 'records;
                }
            }
            let Some(record) = self.current.records.get(self.record).copied() else {
                break;
            };
            let (third, fourth) = if record.head & LARGE != 0 && record.length > 0 {
                ((record.value | IN_SLAB) as usize, record.length)
            } else if record.head & LARGE != 0 {
                let payload = self.current.large.get_mut(self.next_large);
                self.next_large += 1;
                let payload = payload.map(std::mem::take).unwrap_or_default();
                let length = payload.len();
                self.large.push_back(payload);
                (
                    self.large.len() - 1,
                    u32::try_from(length).unwrap_or(u32::MAX),
                )
            } else if record.head == EventKind::Slab as u32 {
                self.slabs
                    .extend(self.current.slabs.get(self.next_slab).cloned());
                self.next_slab += 1;
                (self.slabs.len() - 1, 0)
            } else if record.length == 0 {
                (record.value as usize, 0)
            } else {
                let end = self.byte + record.length as usize;
                let slab_end = taken.slab_offset + record.length as usize;
                let source = self.current.bytes.get(self.byte..end);
                let target = slab.get_mut(taken.slab_offset..slab_end);
                let (Some(source), Some(target)) = (source, target) else {
                    taken.slab_full = true;
                    break;
                };
                target.copy_from_slice(source);
                let offset = taken.slab_offset;
                self.byte = end;
                taken.slab_offset = slab_end;
                (offset, record.length)
            };
            words.copy_from_slice(&[
                record.head,
                record.index,
                u32::try_from(third).unwrap_or(u32::MAX),
                fourth,
            ]);
            self.record += 1;
            taken.records += 1;
        }
        taken
    }

    /// A large payload of the last [`Reader::take`], once.
    pub fn large(&mut self, number: usize) -> Option<Vec<u8>> {
        self.large.get_mut(number).map(std::mem::take)
    }

    /// A slab that the last [`Reader::take`] announced.
    #[must_use]
    pub fn slab(&self, number: usize) -> Option<Slab> {
        self.slabs.get(number).cloned()
    }

    /// Goes on to the next batch. The inbox is asked only if nothing was
    /// copied yet, so that the reader sleeps only when JavaScript has worked
    /// off all that it was given.
    fn next_batch(&mut self, copied: bool) -> bool {
        if let Some(next) = self.queue.pop_front() {
            self.release();
            self.current = next;
            return true;
        }
        if copied {
            return false;
        }
        self.release();
        let done = self.done.take();
        !self.inbox.collect(&mut self.queue, done)
    }

    /// Everything in the current batch has been copied.
    fn release(&mut self) {
        let mut batch = std::mem::take(&mut self.current);
        self.record = 0;
        self.byte = 0;
        self.next_large = 0;
        self.next_slab = 0;
        let mut total = 0;
        for (owner, bytes) in batch.credits.drain(..) {
            owner.release(bytes);
            total += bytes;
        }
        if total > 0 {
            self.inbox.release(total);
        }
        batch.clear();
        // That of the beginning has no memory, which is what the next one is to have.
        if self.done.is_none() && batch.has_memory() {
            self.done = Some(batch);
        }
    }
}
