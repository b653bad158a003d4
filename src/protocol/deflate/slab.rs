//! Memory for many short pieces of bytes.
//!
//! The allocator would put each between longer-lived things, and what is freed
//! between those in pieces of less than a page stays with the process. Here they
//! lie side by side, so that they leave whole pages behind.

use std::collections::BTreeSet;

/// Bytes of a slot.
pub(super) const SLOT: usize = 2 * 1024;
/// Slots of a block: as many as there are bits in `Block::free`.
const SLOTS: u32 = u128::BITS;
/// Bytes of a block.
const BLOCK: usize = SLOT * SLOTS as usize;

/// Holds pieces of up to [`SLOT`] bytes.
pub(super) struct Slab {
    blocks: Vec<Block>,
    /// Blocks with a free slot, or without memory, by number.
    with_room: BTreeSet<usize>,
}

struct Block {
    /// [`BLOCK`] bytes, or none if it has been emptied.
    bytes: Vec<u8>,
    /// A bit for each slot.
    free: u128,
}

/// Where a piece is.
#[derive(Debug)]
pub(super) struct Slot {
    block: usize,
    index: u32,
    length: usize,
}

impl Slab {
    pub const fn new() -> Self {
        Self {
            blocks: Vec::new(),
            with_room: BTreeSet::new(),
        }
    }

    /// Whether it holds no memory.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Copies a piece; of a longer one its last bytes.
    pub fn insert(&mut self, piece: &[u8]) -> Slot {
        let piece = piece
            .get(piece.len().saturating_sub(SLOT)..)
            .unwrap_or_default();
        // The first of them, so that the last become empty.
        let number = self.with_room.first().copied().unwrap_or_else(|| {
            self.blocks.push(Block::EMPTY);
            self.with_room.insert(self.blocks.len() - 1);
            self.blocks.len() - 1
        });
        let mut slot = Slot {
            block: number,
            index: 0,
            length: 0,
        };
        if let Some(block) = self.blocks.get_mut(number) {
            slot.index = block.free.trailing_zeros();
            block.free &= !slot.bit();
            if block.free == 0 {
                self.with_room.remove(&number);
            }
            block.bytes.resize(BLOCK, 0);
            let range = slot.start()..slot.start() + piece.len();
            if let Some(target) = block.bytes.get_mut(range) {
                slot.length = piece.len();
                target.copy_from_slice(piece);
            }
        }
        slot
    }

    /// Appends a piece to `out` and forgets it.
    pub fn remove(&mut self, slot: &Slot, out: &mut Vec<u8>) {
        if let Some(block) = self.blocks.get(slot.block) {
            let end = slot.start() + slot.length;
            out.extend_from_slice(block.bytes.get(slot.start()..end).unwrap_or_default());
        }
        self.forget(slot);
    }

    /// Frees a slot. Its memory is given back by [`shrink`](Self::shrink).
    pub fn forget(&mut self, slot: &Slot) {
        if let Some(block) = self.blocks.get_mut(slot.block) {
            block.free |= slot.bit();
            self.with_room.insert(slot.block);
        }
    }

    /// Gives the memory of empty blocks back. Returns how many bytes that were.
    pub fn shrink(&mut self) -> usize {
        let mut freed = 0;
        for block in &mut self.blocks {
            if block.free == u128::MAX {
                freed += block.bytes.len();
                *block = Block::EMPTY;
            }
        }
        while self
            .blocks
            .last()
            .is_some_and(|block| block.bytes.is_empty())
        {
            self.blocks.pop();
            self.with_room.remove(&self.blocks.len());
        }
        freed
    }
}

impl Block {
    const EMPTY: Self = Self {
        bytes: Vec::new(),
        free: u128::MAX,
    };
}

impl Slot {
    fn bit(&self) -> u128 {
        1_u128.checked_shl(self.index).unwrap_or_default()
    }

    fn start(&self) -> usize {
        self.index as usize * SLOT
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, SLOT, SLOTS, Slab};

    fn piece(number: usize) -> Vec<u8> {
        vec![number.to_le_bytes()[0]; number * 7 % (SLOT + 1)]
    }

    #[test]
    fn pieces_are_found_again_and_leave_their_place_to_others() {
        let mut slab = Slab::new();
        let count = SLOTS as usize * 3;
        for _ in 0..2 {
            let slots: Vec<_> = (0..count).map(|n| slab.insert(&piece(n))).collect();
            assert_eq!(slab.blocks.len(), 3);
            for (number, slot) in slots.iter().enumerate() {
                let mut out = b"before".to_vec();
                slab.remove(slot, &mut out);
                assert_eq!(out, [b"before", &piece(number)[..]].concat());
            }
        }
        assert_eq!(slab.shrink(), 3 * BLOCK);
        assert!(slab.is_empty());
    }

    #[test]
    fn a_block_goes_when_its_last_piece_goes() {
        let mut slab = Slab::new();
        let slots: Vec<_> = (0..=SLOTS).map(|_| slab.insert(b"x")).collect();
        let (last, first) = slots.split_last().expect("some slots");
        for slot in first {
            slab.forget(slot);
        }
        assert_eq!(slab.shrink(), BLOCK);
        assert_eq!(slab.shrink(), 0);
        // The emptied block is used first.
        let again = slab.insert(b"y");
        assert_eq!(again.block, 0);
        slab.forget(last);
        assert_eq!(slab.shrink(), BLOCK);
        assert!(!slab.is_empty());
        slab.forget(&again);
        assert_eq!(slab.shrink(), BLOCK);
        assert!(slab.is_empty() && slab.with_room.is_empty());
    }

    #[test]
    fn of_a_piece_that_is_too_long_the_end_is_kept() {
        let mut slab = Slab::new();
        let mut long = vec![b'a'; SLOT + 1];
        long.push(b'z');
        let slot = slab.insert(&long);
        let mut out = Vec::new();
        slab.remove(&slot, &mut out);
        assert_eq!(out, long[2..]);
    }
}
