//! Offering bytes to the kernel, and queueing what it does not take.

use std::io::{self, IoSlice};
use std::num::NonZeroI32;
use std::sync::Arc;

use super::{Marks, Output, Scratch};

/// Bytes written in a row before the other side of the lock, and the other
/// connections of the thread, have their turn.
const WRITTEN_IN_A_ROW: usize = 1024 * 1024;

impl Output {
    /// Offers `scratch` to the kernel and queues what it does not take.
    pub(super) fn offer(&mut self, scratch: &mut Scratch) {
        let is_last = self.closing.is_last_of_ours() && self.closing.is_close_queued();
        let taken = if self.is_blocked() || scratch.bytes.is_empty() {
            0
        } else if is_last && !self.ended {
            let result = match &self.stream {
                Some(stream) => stream.try_write_last(&scratch.bytes),
                None => Ok(0),
            };
            self.count(result)
        } else {
            self.write(&scratch.bytes)
        };
        let rest = scratch.bytes.get(taken..).unwrap_or_default();
        if self.failed {
            // Nothing has to be remembered any more.
        } else if rest.is_empty() && !self.is_blocked() && !self.has_marks() {
            // The usual case: the kernel took it all.
            for mark in scratch.marks.drain(..) {
                self.conclude(mark);
            }
        } else {
            self.enqueue(rest);
            let Marks(marks) = &mut **self.marks.get_or_insert_default();
            marks.extend(scratch.marks.drain(..));
            self.settle();
        }
        scratch.bytes.clear();
        scratch.marks.clear();
    }

    /// Offers `scratch` together with what follows it, which is not copied, and is
    /// all that `shared` has if that is there.
    pub(super) fn offer_vectored(
        &mut self,
        payload: &[u8],
        shared: Option<&Arc<[u8]>>,
        scratch: &mut Scratch,
    ) {
        let head = std::mem::take(&mut scratch.bytes);
        let taken = if self.is_blocked() {
            0
        } else if head.is_empty() {
            self.write(payload)
        } else {
            self.write_vectored(&[IoSlice::new(&head), IoSlice::new(payload)])
        };
        if !self.failed {
            self.enqueue(head.get(taken..).unwrap_or_default());
            let taken = taken.saturating_sub(head.len());
            match shared {
                Some(shared) if taken < shared.len() => {
                    self.queue
                        .get_or_insert_default()
                        .append_shared(shared, taken);
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
    pub(in crate::net) fn flush(&mut self) -> bool {
        let mut total = 0;
        let mut full = false;
        while self.is_blocked() && !self.failed && !full && total < WRITTEN_IN_A_ROW {
            let taken = self.write_queue();
            total += taken;
            full = taken == 0;
        }
        if self.failed || !self.is_blocked() {
            self.queue = None;
        } else if let Some(queue) = &mut self.queue {
            queue.compact();
        }
        self.settle();
        full || self.failed || !self.is_blocked()
    }

    pub(super) fn waiting(&self) -> usize {
        self.queue.as_ref().map_or(0, |queue| queue.len())
    }

    fn has_marks(&self) -> bool {
        self.marks.as_ref().is_some_and(|marks| !marks.0.is_empty())
    }

    fn enqueue(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            let queue = self.queue.get_or_insert_default();
            queue.append(|out| out.extend_from_slice(bytes));
        }
    }

    /// Offers the next bytes of the queue to the kernel. Returns how many it took.
    fn write_queue(&mut self) -> usize {
        let Some(mut queue) = self.queue.take() else {
            return 0;
        };
        let slices: Vec<_> = queue.slices().collect();
        let taken = match &*slices {
            [slice] => self.write(slice),
            slices => self.write_vectored(slices),
        };
        queue.advance(taken);
        if !self.failed {
            self.queue = Some(queue);
        }
        taken
    }

    fn write(&mut self, bytes: &[u8]) -> usize {
        let result = match &self.stream {
            Some(stream) => stream.try_write(bytes),
            None => return 0,
        };
        self.count(result)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> usize {
        let result = match &self.stream {
            Some(stream) => stream.try_write_vectored(slices),
            None => return 0,
        };
        self.count(result)
    }

    fn count(&mut self, result: io::Result<usize>) -> usize {
        match result {
            Ok(taken) => {
                self.written += taken as u64;
                taken
            }
            Err(error) if is_transient(&error) => 0,
            Err(error) => {
                self.error = error.raw_os_error().and_then(NonZeroI32::new);
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
