//! Memory of blocks: JavaScript writes commands there, and whoever carries them out
//! reads them.
//!
//! A short block is copied on its way to another thread. A long one is lent: the
//! thread reads it where it was written, and JavaScript goes on in another memory.

#![allow(
    unsafe_code,
    reason = "threads read from memory that JavaScript writes before and after"
)]

use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of a block.
pub const BLOCK_SIZE: usize = 512 * 1024;

/// Memory for a block of the core's own, which JavaScript sees.
pub struct BlockMemory {
    /// Not touched but through `start`, until it is dropped.
    _memory: Vec<u8>,
    start: NonNull<u8>,
    /// Those who read what was lent.
    readers: AtomicUsize,
}

// SAFETY: `start` points to memory of its own.
unsafe impl Send for BlockMemory {}
// SAFETY: it is written by JavaScript's thread only, and not while others read.
unsafe impl Sync for BlockMemory {}

impl BlockMemory {
    /// Memory that is taken from the system as it is written.
    #[must_use]
    pub fn new() -> Self {
        let mut memory = vec![0; BLOCK_SIZE];
        let start = NonNull::from(memory.as_mut_slice()).cast();
        Self {
            _memory: memory,
            start,
            readers: AtomicUsize::new(0),
        }
    }

    /// Where the memory begins; it stays there.
    #[must_use]
    pub fn as_ptr(&self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// What JavaScript wrote.
    ///
    /// # Safety
    /// JavaScript doesn't write as long as there is the slice.
    #[must_use]
    pub unsafe fn written(&self, length: usize) -> &[u8] {
        // SAFETY: this much is allocated and initialized, and as the caller promises
        // nobody writes.
        unsafe { std::slice::from_raw_parts(self.as_ptr(), length.min(BLOCK_SIZE)) }
    }

    /// Whether nobody reads it any more, so that JavaScript may write again.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.readers.load(Ordering::Acquire) == 0
    }
}

impl Default for BlockMemory {
    fn default() -> Self {
        Self::new()
    }
}

/// A block that was lent: JavaScript leaves it alone until all of these are dropped.
pub struct Lent {
    memory: Arc<BlockMemory>,
    length: usize,
}

impl Lent {
    fn new(memory: Arc<BlockMemory>, length: usize) -> Self {
        memory.readers.fetch_add(1, Ordering::Relaxed);
        Self { memory, length }
    }
}

impl Clone for Lent {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.memory), self.length)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.memory.readers.fetch_sub(1, Ordering::Release);
    }
}

/// The bytes of a block on its way to other threads.
#[derive(Clone)]
pub enum BlockBytes {
    /// Its bytes were copied.
    Copied(Arc<[u8]>),
    /// Its bytes are where JavaScript wrote them.
    Lent(Lent),
}

impl BlockBytes {
    /// A copy of `bytes`.
    #[must_use]
    pub fn copied(bytes: &[u8]) -> Self {
        Self::Copied(bytes.into())
    }

    /// The first `length` bytes of `memory`, which JavaScript does not write until
    /// [`BlockMemory::is_free`] says so.
    ///
    /// # Safety
    /// That must be so.
    #[must_use]
    pub unsafe fn lent(memory: &Arc<BlockMemory>, length: usize) -> Self {
        Self::Lent(Lent::new(Arc::clone(memory), length))
    }
}

impl Deref for BlockBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Copied(bytes) => bytes,
            // SAFETY: JavaScript waits until this is dropped.
            Self::Lent(lent) => unsafe { lent.memory.written(lent.length) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_free_when_all_have_read_it() {
        let memory = Arc::new(BlockMemory::new());
        // SAFETY: nobody else has it.
        unsafe { memory.as_ptr().write_bytes(7, 3) };
        assert!(memory.is_free());
        // SAFETY: it is not written below.
        let one = unsafe { BlockBytes::lent(&memory, 3) };
        let other = one.clone();
        assert!(!memory.is_free());
        drop(one);
        assert_eq!(&*other, &[7; 3]);
        assert!(!memory.is_free());
        drop(other);
        assert!(memory.is_free());
    }

    #[test]
    fn no_more_is_read_than_there_is() {
        let memory = Arc::new(BlockMemory::new());
        // SAFETY: nobody writes it.
        let bytes = unsafe { BlockBytes::lent(&memory, BLOCK_SIZE + 1) };
        assert_eq!(bytes.len(), BLOCK_SIZE);
    }
}
