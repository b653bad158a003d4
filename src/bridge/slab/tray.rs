//! Pieces of memory that slabs are cut from, and who has the slabs.

#![allow(unsafe_code, reason = "threads share memory, and are counted")]

use std::alloc::{Layout, handle_alloc_error};
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{SLAB_SIZE, pool, system};

/// Slabs of a tray.
pub(super) const SLABS: usize = system::SIZE / SLAB_SIZE;

/// What is to be known of a slab.
pub struct Head {
    start: NonNull<u8>,
    /// Its number in its tray.
    number: usize,
    /// How many there are who have the slab.
    users: AtomicUsize,
}

/// A slab that nobody has. Its tray is there until [`free`] is given all of its places.
pub(super) struct Place(NonNull<Head>);

/// Memory for payloads, written once from its beginning to its end. Clones are the same
/// slab, and with the last of them its memory becomes another slab's.
pub struct Slab(NonNull<Head>);

// SAFETY: of a head nothing changes but an atomic number.
unsafe impl Send for Place {}
// SAFETY: as above.
unsafe impl Send for Slab {}
// SAFETY: as above; bytes are written by the one `SlabWriter`, each before anyone is
// told where it lies.
unsafe impl Sync for Slab {}

/// The places of a new tray, its memory all zeros. None of that is taken before it is
/// used; in a `large` page all of it is with the first byte, if the system has such pages.
pub(super) fn places(large: bool) -> impl DoubleEndedIterator<Item = Place> {
    let Some(start) = system::map(large) else {
        handle_alloc_error(Layout::new::<[u8; system::SIZE]>());
    };
    let head = |number| Head {
        // SAFETY: so many slabs are in the memory.
        start: unsafe { start.add(number * SLAB_SIZE) },
        number,
        users: AtomicUsize::new(0),
    };
    let heads: Box<[Head; SLABS]> = Box::new(std::array::from_fn(head));
    let first = NonNull::from(Box::leak(heads)).cast::<Head>();
    // SAFETY: so many heads there are.
    (0..SLABS).map(move |number| Place(unsafe { first.add(number) }))
}

/// Frees the tray of which these are the places.
///
/// # Panics
/// If they are not all places of one tray.
pub(super) fn free(places: Vec<Place>) {
    let Some(tray) = places.first().map(Place::tray) else {
        return;
    };
    let is_whole = places.len() == SLABS && places.iter().all(|place| place.tray() == tray);
    assert!(is_whole, "a tray is freed as a whole");
    drop(places);
    // SAFETY: it came from a box, and the places were all that pointed there.
    let heads = unsafe { Box::from_raw(tray.cast::<[Head; SLABS]>().as_ptr()) };
    // SAFETY: the first slab begins where the memory does, which nobody has.
    unsafe { system::unmap(heads[0].start, system::SIZE) };
}

impl Place {
    fn head(&self) -> &Head {
        // SAFETY: the tray is there as long as one of its places is.
        unsafe { self.0.as_ref() }
    }

    /// By which the places of one tray are known: its first head.
    pub(super) fn tray(&self) -> NonNull<Head> {
        // SAFETY: there are as many heads before it.
        unsafe { self.0.sub(self.head().number) }
    }

    #[cfg(test)]
    pub(super) fn start(&self) -> NonNull<u8> {
        self.head().start
    }

    /// Lets the system have the memory of this slab for others. It is zeros when it is
    /// used again.
    pub(super) fn return_memory(&self) {
        // SAFETY: it lies in the tray, and nobody has it.
        unsafe { system::return_memory(self.head().start, SLAB_SIZE) };
    }
}

impl Slab {
    pub(in crate::bridge) fn new() -> Self {
        let slab = Self(pool::take().0);
        slab.head().users.store(1, Ordering::Relaxed);
        slab
    }

    fn head(&self) -> &Head {
        // SAFETY: the tray is there until all of its slabs are places again.
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
            pool::give(Place(self.0));
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;

    use super::*;

    fn fill(place: &Place, byte: u8) {
        // SAFETY: nobody else has the slab.
        unsafe { place.start().write_bytes(byte, SLAB_SIZE) };
    }

    fn bytes(place: &Place) -> &[u8] {
        // SAFETY: as above, and it is initialized.
        unsafe { std::slice::from_raw_parts(place.start().as_ptr(), SLAB_SIZE) }
    }

    #[test]
    fn slabs_are_zeros_and_do_not_overlap() {
        let places: Vec<_> = places(false).collect();
        assert!(bytes(&places[SLABS - 1]).iter().all(|byte| *byte == 0));
        for (number, place) in (0..).zip(&places) {
            fill(place, number);
        }
        for (number, place) in (0..).zip(&places) {
            assert!(bytes(place).iter().all(|byte| *byte == number), "{number}");
        }
        free(places);
    }

    #[test]
    fn memory_that_is_returned_is_of_no_other_slab() {
        let places: Vec<_> = places(true).collect();
        for place in &places {
            fill(place, 7);
        }
        places[1].return_memory();
        let are = |number: usize, byte| bytes(&places[number]).iter().all(|one| *one == byte);
        assert!(are(0, 7));
        assert!(are(2, 7));
        let returned = SLAB_SIZE.is_multiple_of(rustix::param::page_size());
        assert!(are(1, if returned { 0 } else { 7 }));
        free(places);
    }

    /// What the system notes of the memory at `address`, see `proc_pid_smaps(5)`.
    fn flags(address: usize) -> String {
        let maps = fs::read_to_string("/proc/self/smaps").expect("there is /proc");
        let holds = |line: &str| {
            let (first, last) = line.split_once(' ')?.0.split_once('-')?;
            let parse = |number| usize::from_str_radix(number, 16).ok();
            Some((parse(first)?..parse(last)?).contains(&address))
        };
        let mut lines = maps.lines().skip_while(|line| holds(line) != Some(true));
        let flags = lines.find(|line| line.starts_with("VmFlags"));
        flags.expect("it is mapped").to_owned()
    }

    #[test]
    fn large_page_is_asked_for() {
        if !fs::exists("/sys/kernel/mm/transparent_hugepage").expect("there is /sys") {
            return;
        }
        for large in [false, true] {
            let places: Vec<_> = places(large).collect();
            let start = places[0].start().addr().get();
            assert!(start.is_multiple_of(system::SIZE));
            assert_eq!(flags(start).contains(" hg"), large, "{}", flags(start));
            free(places);
        }
    }

    #[test]
    #[should_panic = "as a whole"]
    fn tray_of_which_a_slab_is_in_use_is_not_freed() {
        free(places(false).skip(1).collect());
    }
}
