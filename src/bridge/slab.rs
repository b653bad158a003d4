//! Memory that the core shares with JavaScript, for payloads of some length.
//!
//! An I/O thread appends payloads behind each other, and JavaScript sees each where
//! it lies. A slab is JavaScript's as long as it holds a view of it.
//!
//! What holds at any time, of the bytes of a slab from its beginning on:
//!
//! - Those that were told, and the gaps between them: nobody writes them any more but
//!   JavaScript.
//! - Behind them, while sockets are read, the window: the I/O thread reads to it and
//!   decodes there. A payload that is appended in the window stays where it is, if that
//!   is not before one that was told; all else is copied behind the window. JavaScript
//!   is told of either when the batch is published, and by then the window is closed.
//! - The rest: the writer's, who copies payloads there and opens windows.
//!
//! JavaScript has the whole slab in its `ArrayBuffer`, though. What it changes where it
//! was told of nothing can spoil messages that are being decoded, as it can those that it
//! has not taken. No length is read there twice. What it reads there, as `postMessage()`
//! does, which copies the whole buffer, may be half written.

#![allow(
    unsafe_code,
    reason = "one thread writes into memory of which others read what was written before"
)]

mod pool;
mod system;
mod tray;

use std::ops::Range;

pub use pool::{IdleSlabs, poll_slabs_kept, take_idle_slabs};
pub use tray::{Head, Slab};

/// Bytes of a slab. The last 4 KiB are for what is before messages in the stream: of
/// 16 KiB there fit as many as without. A longer one would save some of what each costs
/// JavaScript, which copies all of it with a message that is posted to another thread,
/// and keeps all of it with one that it keeps.
pub const SLAB_SIZE: usize = (64 + 4) * 1024;

/// Bits that an offset into a slab has.
pub const SLAB_OFFSET_BITS: u32 = SLAB_SIZE.next_power_of_two().ilog2();

/// The longest payload that goes into a slab.
pub(super) const LONGEST_PAYLOAD: usize = 64 * 1024;

/// The longest window of a slab. A message of as many bytes is not in one with its header,
/// and comes in pieces.
const LONGEST_WINDOW: usize = 64 * 1024;

/// Where the payloads of a slab begin: at multiples of this, for the sake of
/// JavaScript's wider typed arrays.
const ALIGNMENT: usize = 8;

/// The one that writes into a slab, and into another when that is full.
///
/// The slab's beginning is told: JavaScript may know of each byte before `used`. Behind
/// it there may be a window, which whoever reads the sockets has alone.
pub struct SlabWriter {
    /// By which JavaScript tells this writer's slab from those of others.
    slot: u32,
    slab: Option<Slab>,
    /// JavaScript is told of the slab with its first payload.
    announced: bool,
    used: usize,
    /// Where the last window ends; what it has not given back is not written here.
    window_end: usize,
}

/// What a payload was appended to.
pub(super) struct Appended {
    /// The writer's slot and the offset in its slab, in one number.
    pub(super) place: u32,
    /// Bytes of the slab that it takes.
    pub(super) bytes: usize,
    /// The slab, if nothing was appended to it before.
    pub(super) begun: Option<Slab>,
}

/// A part of a slab that nobody was told of, to be written once more.
pub(super) struct Window {
    slab: Slab,
    range: Range<usize>,
}

impl Window {
    /// The memory, with whatever is in it. A payload there that was appended is not to
    /// be told before the last use of this.
    pub(super) fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the window lies in the slab, whose bytes are all initialized.
        let start = unsafe { self.slab.as_ptr().add(self.range.start) };
        // SAFETY: the same; the writer writes behind the window and opens no other there,
        // and what is appended within is told when the window has been closed.
        unsafe { std::slice::from_raw_parts_mut(start, self.range.len()) }
    }
}

impl SlabWriter {
    /// A writer that takes memory with its first payload.
    #[must_use]
    pub fn new(slot: u32) -> Self {
        Self {
            slot,
            slab: None,
            announced: false,
            used: 0,
            window_end: 0,
        }
    }

    pub(super) fn slot(&self) -> u32 {
        self.slot
    }

    /// A window of at least `least` bytes, and at most [`LONGEST_WINDOW`], in which
    /// what comes behind the first `lead` bytes is aligned.
    pub(super) fn open_window(&mut self, least: usize, lead: usize) -> Window {
        // One that was not closed is lost.
        self.used = self.free_from();
        let padding = lead.next_multiple_of(ALIGNMENT) - lead;
        let slab = self.slab_with_room(padding + least);
        let start = self.used + padding;
        let end = SLAB_SIZE.min(start + LONGEST_WINDOW);
        // What is copied behind it is aligned, too.
        self.window_end = end.next_multiple_of(ALIGNMENT);
        Window {
            slab,
            range: start..end,
        }
    }

    /// What was not appended of the window is free again.
    pub(super) fn close_window(&mut self, window: Window) {
        drop(window);
        self.window_end = 0;
    }

    /// Appends `payload` behind those before; `None` if it is too long. It stays where it
    /// is if that is in the open window and not far behind them, and is copied otherwise.
    pub(super) fn append(&mut self, payload: &[u8]) -> Option<Appended> {
        if payload.len() > LONGEST_PAYLOAD {
            return None;
        }
        let before = self.used;
        let offset = match self.offset_in_window(payload) {
            Some(offset) => offset,
            None => self.copy(payload),
        };
        self.used = (offset + payload.len()).next_multiple_of(ALIGNMENT);
        let begun = if self.announced {
            None
        } else {
            self.announced = true;
            self.slab.clone()
        };
        Some(Appended {
            place: self.slot << SLAB_OFFSET_BITS | u32::try_from(offset).ok()?,
            bytes: self.used - before.min(offset),
            begun,
        })
    }

    /// Where `payload` may stay. Not if more than its length would be left unused
    /// before it.
    fn offset_in_window(&self, payload: &[u8]) -> Option<usize> {
        let start = self.slab.as_ref()?.as_ptr().addr();
        let offset = payload.as_ptr().addr().checked_sub(start)?;
        let gap = offset.checked_sub(self.used)?;
        let stays = offset.is_multiple_of(ALIGNMENT)
            && offset + payload.len() <= self.window_end
            && gap <= payload.len();
        stays.then_some(offset)
    }

    fn copy(&mut self, payload: &[u8]) -> usize {
        let slab = self.slab_with_room(payload.len());
        let offset = self.free_from();
        // SAFETY: `offset` is within the slab, or just behind its last byte.
        let target = unsafe { slab.as_ptr().add(offset) };
        // SAFETY: the payload fits behind `offset`, where nobody else writes and
        // nobody was told to read, and it does not lie there itself.
        unsafe { std::ptr::copy_nonoverlapping(payload.as_ptr(), target, payload.len()) };
        offset
    }

    /// The slab, or another if less than `bytes` are free in it.
    fn slab_with_room(&mut self, bytes: usize) -> Slab {
        if let Some(slab) = &self.slab
            && bytes <= SLAB_SIZE.saturating_sub(self.free_from())
        {
            return slab.clone();
        }
        self.announced = false;
        self.used = 0;
        self.window_end = 0;
        self.slab.insert(Slab::new()).clone()
    }

    #[cfg(test)]
    pub(super) fn open_slab(&self) -> Slab {
        self.slab.clone().expect("something was appended")
    }

    /// Where memory begins that nobody has.
    fn free_from(&self) -> usize {
        self.used.max(self.window_end)
    }
}
