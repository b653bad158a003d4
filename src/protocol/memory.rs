//! Memory of large messages, kept for the next ones.
//!
//! Memory that is new to the process costs more than all that is done with a
//! message: the system hands it out in pages of 4 KiB, each at the price of a fault
//! and of being filled with zeros.
//!
//! Decides: what is kept, how much of it, and what is idle.
//! Refuses: when to look for what is idle. The caller does so again and again, at a
//! pace of its own, and what no message needed between two looks goes.

use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// Bytes kept for the process: what V8 lets become garbage before it looks for any
/// among young buffers, so that memory goes round.
pub const MOST_SPARE_BYTES: usize = 32 * 1024 * 1024;

/// What is worth being kept. Of more than that there would be few.
const SIZES: std::ops::RangeInclusive<usize> = 64 * 1024..=4 * 1024 * 1024;

static SPARE: Mutex<Spare> = Mutex::new(Spare::new());

/// Blocks of memory that nobody uses.
struct Spare {
    blocks: Vec<Vec<u8>>,
    bytes: usize,
    /// The fewest bytes that there were since the last look.
    idle: usize,
    waker: Option<Waker>,
}

impl Spare {
    const fn new() -> Self {
        Self {
            blocks: Vec::new(),
            bytes: 0,
            idle: 0,
            waker: None,
        }
    }

    fn take(&mut self, bytes: usize) -> Option<Vec<u8>> {
        let fits = |block: &Vec<u8>| (bytes..=bytes.saturating_mul(2)).contains(&block.capacity());
        // What came last is the likeliest to be in the processor's cache.
        let place = self.blocks.iter().rposition(fits)?;
        let block = self.blocks.remove(place);
        self.bytes -= block.capacity();
        self.idle = self.idle.min(self.bytes);
        Some(block)
    }

    /// Returns what there is no room for.
    fn give(&mut self, block: Vec<u8>) -> Result<Option<Waker>, Vec<u8>> {
        let bytes = self.bytes.saturating_add(block.capacity());
        if bytes > MOST_SPARE_BYTES {
            return Err(block);
        }
        self.bytes = bytes;
        self.blocks.push(block);
        Ok(self.waker.take())
    }

    /// What was not needed since the last call.
    fn take_idle(&mut self) -> Vec<Vec<u8>> {
        let mut left = self.idle;
        let count = self.blocks.iter().take_while(|block| {
            let goes = block.capacity() <= left;
            left = left.saturating_sub(block.capacity());
            goes
        });
        let count = count.count();
        let idle: Vec<_> = self.blocks.drain(..count).collect();
        self.bytes -= idle.iter().map(Vec::capacity).sum::<usize>();
        self.idle = self.bytes;
        idle
    }
}

fn spare() -> std::sync::MutexGuard<'static, Spare> {
    SPARE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Memory for `bytes`, and at most twice as many, if some is kept. What it was used
/// for last is still in it.
#[must_use]
pub fn take_memory(bytes: usize) -> Option<Vec<u8>> {
    if !SIZES.contains(&bytes) {
        return None;
    }
    spare().take(bytes)
}

/// Keeps memory that nobody uses any more, if there is room for it.
pub fn give_memory(memory: Vec<u8>) {
    if !SIZES.contains(&memory.capacity()) {
        return;
    }
    let given = spare().give(memory);
    if let Ok(Some(waker)) = given {
        waker.wake();
    }
}

/// Ready when memory is kept that may become idle. One task of the process waits for
/// it.
pub fn poll_memory_kept(cx: &Context<'_>) -> Poll<()> {
    let mut spare = spare();
    if spare.blocks.is_empty() {
        spare.waker = Some(cx.waker().clone());
        return Poll::Pending;
    }
    Poll::Ready(())
}

/// Frees what was kept and not needed since the last call. Returns how many bytes.
pub fn release_idle_memory() -> usize {
    let idle = spare().take_idle();
    idle.iter().map(Vec::capacity).sum()
}

#[cfg(test)]
mod tests {
    use super::{MOST_SPARE_BYTES, Spare, give_memory, take_memory};

    const SIZE: usize = 128 * 1024;

    fn spare_of(blocks: usize) -> Spare {
        let mut spare = Spare::new();
        for _ in 0..blocks {
            assert!(spare.give(Vec::with_capacity(SIZE)).is_ok());
        }
        spare
    }

    #[test]
    fn memory_is_given_to_those_who_need_at_least_half_of_it() {
        let mut spare = spare_of(2);
        assert!(spare.take(SIZE + 1).is_none());
        assert!(spare.take(SIZE / 2 - 1).is_none());
        assert_eq!(spare.take(SIZE).map(|block| block.capacity()), Some(SIZE));
        let half = spare.take(SIZE / 2);
        assert_eq!(half.map(|block| block.capacity()), Some(SIZE));
        assert!(spare.take(SIZE).is_none());
        assert_eq!(spare.bytes, 0);
    }

    #[test]
    fn no_more_is_kept_than_the_bound_allows() {
        let mut spare = spare_of(MOST_SPARE_BYTES / SIZE);
        assert!(spare.give(Vec::with_capacity(SIZE)).is_err());
        assert_eq!(spare.bytes, MOST_SPARE_BYTES);
    }

    #[test]
    fn memory_that_is_small_or_huge_is_not_kept() {
        for size in [0, 1, 1000, 5 * 1024 * 1024] {
            give_memory(Vec::with_capacity(size));
            assert!(take_memory(size).is_none());
        }
    }

    #[test]
    fn memory_that_goes_round_is_kept_and_what_lay_idle_goes() {
        let mut spare = spare_of(4);
        // All of it is new since the last look.
        assert_eq!(spare.take_idle().len(), 0);
        for _ in 0..2 {
            let block = spare.take(SIZE).expect("a block");
            assert!(spare.give(block).is_ok());
        }
        // One of them went round.
        assert_eq!(spare.take_idle().len(), 3);
        assert_eq!(spare.bytes, SIZE);
        assert_eq!(spare.take_idle().len(), 1);
        assert_eq!(spare.bytes, 0);
    }
}
