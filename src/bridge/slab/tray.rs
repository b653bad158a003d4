//! The memory of slabs, and who has them.

#![allow(unsafe_code, reason = "threads share memory, and are counted")]

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::collections::BTreeMap;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::system::{self, PAGE_SIZE};
use super::{SLAB_SIZE, pool};

/// Bytes of a tray: memory that several slabs are cut from.
pub(super) const TRAY_SIZE: usize = PAGE_SIZE;

/// Slabs of a tray.
pub(super) const SLABS: usize = TRAY_SIZE / SLAB_SIZE;

/// A slab with memory of its own.
const SINGLE: Layout = Layout::new::<[u64; SLAB_SIZE / size_of::<u64>()]>();

/// What is to be known of a slab. The heads of a tray lie behind each other.
pub struct Head {
    start: NonNull<u8>,
    /// Its number in its tray.
    number: usize,
    /// How many heads the tray has: [`SLABS`], or one if the slab is no tray's.
    heads: usize,
    /// How many there are who have the slab.
    users: AtomicUsize,
}

/// A slab that nobody has. There is no other of its head.
pub(super) struct FreeSlab(NonNull<Head>);

/// Memory for payloads, written once from its beginning to its end. Clones are the same
/// slab, and with the last of them its memory becomes another slab's.
pub struct Slab(NonNull<Head>);

// SAFETY: of a head nothing changes but an atomic number.
unsafe impl Send for FreeSlab {}
// SAFETY: as above.
unsafe impl Send for Slab {}
// SAFETY: as above; bytes are written by the one `SlabWriter`, each before anyone is
// told where it lies.
unsafe impl Sync for Slab {}

/// A slab with memory of its own, all zeros.
pub(super) fn single() -> FreeSlab {
    // SAFETY: it is not of length zero.
    let Some(start) = NonNull::new(unsafe { alloc_zeroed(SINGLE) }) else {
        handle_alloc_error(SINGLE);
    };
    let head = Head {
        start,
        number: 0,
        heads: 1,
        users: AtomicUsize::new(0),
    };
    FreeSlab(NonNull::from(Box::leak(Box::new([head]))).cast())
}

/// The slabs of a new tray, all zeros, if there can be one.
pub(super) fn tray() -> Option<Vec<FreeSlab>> {
    let start = system::map()?;
    let head = |number| Head {
        // SAFETY: so many slabs are in the memory.
        start: unsafe { start.add(number * SLAB_SIZE) },
        number,
        heads: SLABS,
        users: AtomicUsize::new(0),
    };
    let heads: Box<[Head; SLABS]> = Box::new(std::array::from_fn(head));
    let first = NonNull::from(Box::leak(heads)).cast::<Head>();
    // SAFETY: so many heads there are.
    let slab = |number| FreeSlab(unsafe { first.add(number) });
    Some((0..SLABS).map(slab).collect())
}

/// Frees what can be freed of `slabs`: those with memory of their own, and trays of which
/// all slabs are among them. Returns the others, and how many trays there were.
pub(super) fn free(slabs: Vec<FreeSlab>) -> (Vec<FreeSlab>, usize) {
    let mut trays = BTreeMap::<_, Vec<_>>::new();
    for slab in slabs {
        if slab.head().heads == 1 {
            slab.free_single();
        } else {
            trays.entry(slab.first_head()).or_default().push(slab);
        }
    }
    let trays = trays.into_values();
    let (whole, parts): (Vec<_>, Vec<_>) = trays.partition(|slabs| slabs.len() == SLABS);
    let freed = whole.len();
    whole.into_iter().for_each(free_tray);
    (parts.into_iter().flatten().collect(), freed)
}

/// All slabs of one tray are free.
fn free_tray(slabs: Vec<FreeSlab>) {
    let Some(first) = slabs.first().map(FreeSlab::first_head) else {
        return;
    };
    drop(slabs);
    // SAFETY: it came from a box, and these were all that pointed there.
    let heads = unsafe { Box::from_raw(first.cast::<[Head; SLABS]>().as_ptr()) };
    // SAFETY: the first slab begins where the memory does, which nobody has.
    unsafe { system::unmap(heads[0].start) };
}

impl FreeSlab {
    fn head(&self) -> &Head {
        // SAFETY: the head is there as long as this is.
        unsafe { self.0.as_ref() }
    }

    /// By which the slabs of one tray are known.
    fn first_head(&self) -> NonNull<Head> {
        // SAFETY: there are as many heads before it.
        unsafe { self.0.sub(self.head().number) }
    }

    fn free_single(self) {
        let start = self.head().start;
        // SAFETY: it came from a box, and this was all that pointed there.
        drop(unsafe { Box::from_raw(self.0.cast::<[Head; 1]>().as_ptr()) });
        // SAFETY: it came from there, and nobody has it.
        unsafe { dealloc(start.as_ptr(), SINGLE) };
    }

    #[cfg(test)]
    pub(super) fn start(&self) -> NonNull<u8> {
        self.head().start
    }

    #[cfg(test)]
    pub(super) fn is_of_tray(&self) -> bool {
        self.head().heads > 1
    }
}

impl Slab {
    pub(in crate::bridge) fn new() -> Self {
        let slab = Self(pool::take().0);
        slab.head().users.store(1, Ordering::Relaxed);
        slab
    }

    fn head(&self) -> &Head {
        // SAFETY: the tray is there as long as one of its slabs is.
        unsafe { self.0.as_ref() }
    }

    /// The slab as a pointer, to be given back to [`from_raw`](Self::from_raw).
    #[must_use]
    pub fn into_raw(self) -> NonNull<Head> {
        ManuallyDrop::new(self).0
    }

    /// The slab that the pointer was made of.
    ///
    /// # Safety
    /// It is from [`into_raw`](Self::into_raw), and given back once.
    #[must_use]
    pub unsafe fn from_raw(head: NonNull<Head>) -> Self {
        Self(head)
    }

    /// Where the memory begins; it stays there.
    #[must_use]
    pub fn as_ptr(&self) -> *mut u8 {
        self.head().start.as_ptr()
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

impl Clone for Slab {
    fn clone(&self) -> Self {
        self.head().users.fetch_add(1, Ordering::Relaxed);
        Self(self.0)
    }
}

impl Drop for Slab {
    fn drop(&mut self) {
        // What anyone did with the memory is done before the next slab has it.
        if self.head().users.fetch_sub(1, Ordering::AcqRel) == 1 {
            pool::give(FreeSlab(self.0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(slab: &FreeSlab, byte: u8) {
        // SAFETY: nobody else has the slab.
        unsafe { slab.start().write_bytes(byte, SLAB_SIZE) };
    }

    fn holds(slab: &FreeSlab, byte: u8) -> bool {
        // SAFETY: as above, and it is initialized.
        let bytes = unsafe { std::slice::from_raw_parts(slab.start().as_ptr(), SLAB_SIZE) };
        bytes.iter().all(|one| *one == byte)
    }

    #[test]
    fn slabs_are_zeros_and_do_not_overlap() {
        let mut slabs = vec![single(), single()];
        slabs.extend(tray().into_iter().flatten());
        assert!(slabs.iter().all(|slab| holds(slab, 0)));
        for (number, slab) in (1..).zip(&slabs) {
            fill(slab, number);
        }
        for (number, slab) in (1..).zip(&slabs) {
            assert!(holds(slab, number), "{number}");
        }
        assert!(free(slabs).0.is_empty());
    }

    #[test]
    fn trays_are_freed_as_a_whole() {
        let (Some(one), Some(mut other)) = (tray(), tray()) else {
            return;
        };
        let used = other.pop();
        fill(used.as_ref().expect("a tray has several"), 7);
        let mut slabs = one;
        slabs.extend(other);
        let (left, trays) = free(slabs);
        assert_eq!((left.len(), trays), (SLABS - 1, 1));
        assert!(used.as_ref().is_some_and(|used| holds(used, 7)));
        assert!(left.iter().all(|slab| holds(slab, 0)));
        let (left, trays) = free(left.into_iter().chain(used).collect());
        assert_eq!((left.len(), trays), (0, 1));
    }

    #[test]
    fn parts_of_trays_that_make_up_the_number_of_one_are_left() {
        let (Some(mut one), Some(mut other)) = (tray(), tray()) else {
            return;
        };
        let rest = (one.split_off(10), other.split_off(SLABS - 10));
        one.extend(other);
        let (left, trays) = free(one);
        assert_eq!((left.len(), trays), (SLABS, 0));
        let all = left.into_iter().chain(rest.0).chain(rest.1);
        assert_eq!(free(all.collect()).1, 2);
    }
}
