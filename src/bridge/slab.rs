//! Memory that the core shares with JavaScript, for payloads of some length.
//!
//! An I/O thread appends payloads behind each other, and JavaScript sees each where
//! it lies. A slab is JavaScript's as long as it holds a view of it.

#![allow(
    unsafe_code,
    reason = "one thread writes into memory of which others read what was written before"
)]

use std::ptr::NonNull;
use std::sync::Arc;

use crate::protocol::{give_memory, take_memory};

/// Bytes of a slab.
pub const SLAB_SIZE: usize = 64 * 1024;

/// Bits that an offset into a slab has.
pub const SLAB_OFFSET_BITS: u32 = SLAB_SIZE.ilog2();

/// Where the payloads of a slab begin: at multiples of this, for the sake of
/// JavaScript's wider typed arrays.
const ALIGNMENT: usize = 8;

/// Memory for payloads, written once from its beginning to its end.
pub struct Slab {
    /// Not touched but through `start`, until the slab is dropped.
    memory: Vec<u8>,
    start: NonNull<u8>,
}

// SAFETY: `start` points to memory of the slab's own.
unsafe impl Send for Slab {}
// SAFETY: bytes are written by the one `SlabWriter`, each before anyone is told
// where it lies.
unsafe impl Sync for Slab {}

impl Slab {
    fn new() -> Self {
        let mut memory = take_memory(SLAB_SIZE).unwrap_or_default();
        if memory.is_empty() {
            // The system's zeros: nothing is written here.
            memory = vec![0; SLAB_SIZE];
        }
        memory.resize(SLAB_SIZE, 0);
        let start = NonNull::from(memory.as_mut_slice()).cast();
        Self { memory, start }
    }

    /// Where the memory begins; it stays there.
    #[must_use]
    pub fn as_ptr(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// A copy of what was written there, of which the caller has been told; nothing
    /// if it does not lie in the slab.
    #[must_use]
    pub fn read(&self, offset: usize, length: usize) -> Vec<u8> {
        if offset.checked_add(length).is_none_or(|end| end > SLAB_SIZE) {
            return Vec::new();
        }
        // SAFETY: it lies in the slab, whose bytes are all initialized.
        let start = unsafe { self.as_ptr().add(offset) };
        // SAFETY: the same, and what was written is not written again.
        unsafe { std::slice::from_raw_parts(start, length) }.to_vec()
    }
}

impl Drop for Slab {
    fn drop(&mut self) {
        give_memory(std::mem::take(&mut self.memory));
    }
}

/// The one that writes into a slab, and into another when that is full.
pub struct SlabWriter {
    /// By which JavaScript tells this writer's slab from those of others.
    slot: u32,
    slab: Option<Arc<Slab>>,
    used: usize,
}

/// What a payload was appended to.
pub(super) struct Appended {
    /// The writer's slot and the offset in its slab, in one number.
    pub(super) place: u32,
    /// Bytes of the slab that it takes.
    pub(super) bytes: usize,
    /// The slab, if nothing was appended to it before.
    pub(super) begun: Option<Arc<Slab>>,
}

impl SlabWriter {
    /// A writer that takes memory with its first payload.
    #[must_use]
    pub fn new(slot: u32) -> Self {
        Self {
            slot,
            slab: None,
            used: 0,
        }
    }

    pub(super) fn slot(&self) -> u32 {
        self.slot
    }

    /// Copies `payload` behind those before; `None` if no slab is that long.
    pub(super) fn append(&mut self, payload: &[u8]) -> Option<Appended> {
        if payload.len() > SLAB_SIZE {
            return None;
        }
        let mut begun = None;
        if self.slab.is_none() || payload.len() > SLAB_SIZE - self.used {
            self.used = 0;
            begun = Some(Arc::clone(self.slab.insert(Arc::new(Slab::new()))));
        }
        let slab = self.slab.as_ref()?;
        let offset = self.used;
        // SAFETY: `offset` is within the slab, or just behind its last byte.
        let target = unsafe { slab.as_ptr().add(offset) };
        // SAFETY: the payload fits behind `offset`, where nobody else writes and
        // nobody was told to read, and it does not lie there itself.
        unsafe { std::ptr::copy_nonoverlapping(payload.as_ptr(), target, payload.len()) };
        self.used = (offset + payload.len())
            .next_multiple_of(ALIGNMENT)
            .min(SLAB_SIZE);
        Some(Appended {
            place: self.slot << SLAB_OFFSET_BITS | u32::try_from(offset).ok()?,
            bytes: self.used - offset,
            begun,
        })
    }
}
