//! Offering bytes to the kernel, and queueing what it does not take.

#![allow(clippy::inline_always, reason = "see `stream.rs`")]

use std::io::{self, IoSlice};
use std::num::NonZeroI32;
use std::sync::Arc;

use super::super::stream::Stream;
use super::{Output, Scratch};

/// Bytes written in a row before the other side of the lock, and the other
/// connections of the thread, have their turn.
const WRITTEN_IN_A_ROW: usize = 1024 * 1024;

impl Output {
    /// Offers `scratch` to the kernel and queues what it does not take.
    #[inline(always)]
    pub(super) fn offer(&mut self, stream: &Stream, scratch: &mut Scratch) {
        let is_last = self.closing.is_last_of_ours() && self.closing.is_close_queued();
        let taken = if self.is_blocked() || scratch.bytes.is_empty() {
            0
        } else if is_last && !self.ended {
            self.count(stream.try_write_last(&scratch.bytes))
        } else {
            self.count(stream.try_write(&scratch.bytes))
        };
        let rest = scratch.bytes.get(taken..).unwrap_or_default();
        if self.failed {
            // Nothing has to be remembered any more.
        } else if rest.is_empty() && !self.is_blocked() && self.waiting.is_none() {
            // The usual case: the kernel took it all.
            for mark in scratch.marks.drain(..) {
                self.conclude(mark);
            }
        } else {
            self.enqueue(rest);
            let waiting = self.waiting.get_or_insert_default();
            for mark in scratch.marks.drain(..) {
                waiting.buffered += mark.payload;
                waiting.marks.push_back(mark);
            }
            self.settle();
        }
        scratch.bytes.clear();
        scratch.marks.clear();
    }

    /// Offers `scratch` together with what follows it, which is not copied, and is
    /// all that `shared` has if that is there.
    pub(super) fn offer_vectored(
        &mut self,
        stream: &Stream,
        payload: &[u8],
        shared: Option<&Arc<[u8]>>,
        scratch: &mut Scratch,
    ) {
        let head = std::mem::take(&mut scratch.bytes);
        let taken = if self.is_blocked() {
            0
        } else if head.is_empty() {
            self.count(stream.try_write(payload))
        } else {
            let slices = [IoSlice::new(&head), IoSlice::new(payload)];
            self.count(stream.try_write_vectored(&slices))
        };
        if !self.failed {
            self.enqueue(head.get(taken..).unwrap_or_default());
            let taken = taken.saturating_sub(head.len());
            match shared {
                Some(shared) if taken < shared.len() => {
                    let waiting = self.waiting.get_or_insert_default();
                    waiting.queue.append_shared(shared, taken);
                }
                Some(_) => {}
                None => self.enqueue(payload.get(taken..).unwrap_or_default()),
            }
        }
        scratch.bytes = head;
        scratch.bytes.clear();
    }

    /// Writes what waits until the kernel takes no more, or it has been a lot.
    /// Returns false if the kernel would take more.
    pub(in crate::net) fn flush(&mut self, stream: &Stream) -> bool {
        let mut total = 0;
        let mut full = false;
        while self.is_blocked() && !self.failed && !full && total < WRITTEN_IN_A_ROW {
            let taken = self.write_queue(stream);
            total += taken;
            full = taken == 0;
        }
        if let Some(waiting) = &mut self.waiting {
            waiting.queue.compact();
        }
        self.settle();
        full || self.failed || !self.is_blocked()
    }

    /// Bytes that wait.
    pub(super) fn length(&self) -> usize {
        self.waiting
            .as_ref()
            .map_or(0, |waiting| waiting.queue.len())
    }

    fn enqueue(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            let waiting = self.waiting.get_or_insert_default();
            waiting.queue.append(|out| out.extend_from_slice(bytes));
        }
    }

    /// Offers the next bytes of the queue to the kernel. Returns how many it took.
    fn write_queue(&mut self, stream: &Stream) -> usize {
        let Some(waiting) = &self.waiting else {
            return 0;
        };
        let slices: Vec<_> = waiting.queue.slices().collect();
        let result = match &*slices {
            [slice] => stream.try_write(slice),
            slices => stream.try_write_vectored(slices),
        };
        let taken = self.count(result);
        if let Some(waiting) = &mut self.waiting {
            waiting.queue.advance(taken);
        }
        taken
    }

    fn count(&mut self, result: io::Result<usize>) -> usize {
        match result {
            Ok(taken) => {
                self.written += taken as u64;
                taken
            }
            Err(error) if is_transient(&error) => 0,
            Err(error) => {
                // One that a read found was first.
                let number = error.raw_os_error().and_then(NonZeroI32::new);
                self.error = self.error.or(number);
                self.fail();
                0
            }
        }
    }
}

fn is_transient(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}
