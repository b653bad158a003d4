//! The memory of slabs that nobody has any more, kept for the next ones.
//!
//! It goes round: what V8 finds to be garbage, in portions of some 32 MiB, is what the
//! next messages are read to.
//!
//! Decides: whose memory is used next, and what is idle.
//! Refuses: when to look for what is idle. The caller does so again and again, at a
//! pace of its own, and what no slab needed between two looks goes.

use std::collections::BTreeMap;
use std::ptr::NonNull;
use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use super::super::lock;
use super::tray::{self, Head, Place, SLABS};

static POOL: Mutex<Pool> = Mutex::new(Pool::new());

/// Places that nobody has.
struct Pool {
    /// First those that have no memory, then those that have some, what was used last
    /// at the end.
    free: Vec<Place>,
    without_memory: usize,
    /// The fewest that had memory since the last look.
    idle: usize,
    trays: usize,
    waker: Option<Waker>,
}

impl Pool {
    const fn new() -> Self {
        Self {
            free: Vec::new(),
            without_memory: 0,
            idle: 0,
            trays: 0,
            waker: None,
        }
    }

    fn take(&mut self) -> Place {
        loop {
            if let Some(place) = self.free.pop() {
                self.without_memory = self.without_memory.min(self.free.len());
                self.idle = self.idle.min(self.with_memory());
                return place;
            }
            self.add_tray();
        }
    }

    /// The first tray does without a large page: where there are few messages, the few
    /// slabs that they need are all that it takes.
    fn add_tray(&mut self) {
        self.free.extend(tray::places(self.trays > 0).rev());
        self.without_memory = self.free.len();
        self.trays += 1;
    }

    #[must_use]
    fn give(&mut self, place: Place) -> Option<Waker> {
        self.free.push(place);
        self.waker.take()
    }

    fn with_memory(&self) -> usize {
        self.free.len() - self.without_memory
    }

    /// What was not needed since the last call.
    fn take_idle(&mut self) -> Idle {
        let idle = self.without_memory..self.without_memory + self.idle;
        let kept = self.with_memory() - self.idle;
        let mut trays = BTreeMap::<NonNull<Head>, (usize, Vec<Place>)>::new();
        for place in self.free.iter().take(idle.end) {
            trays.entry(place.tray()).or_default().0 += 1;
        }
        trays.retain(|_, (free, _)| *free == SLABS);
        let is_of_whole = |place: &mut Place| trays.contains_key(&place.tray());

        let mut parts: Vec<_> = self.free.drain(idle).collect();
        let mut of_whole: Vec<_> = parts.extract_if(.., is_of_whole).collect();
        of_whole.extend(self.free.extract_if(..self.without_memory, is_of_whole));
        for place in of_whole {
            if let Some((_, places)) = trays.get_mut(&place.tray()) {
                places.push(place);
            }
        }
        self.trays -= trays.len();
        self.without_memory = self.free.len() - kept;
        self.idle = kept;
        Idle {
            parts,
            whole: trays.into_values().map(|(_, places)| places).collect(),
        }
    }

    /// Takes places back whose memory the system has.
    fn put_back(&mut self, places: Vec<Place>) {
        self.without_memory += places.len();
        self.free.splice(..0, places);
    }
}

/// Places that have not been needed for some time.
struct Idle {
    /// Slabs of trays of which others are in use, or were a short time ago.
    parts: Vec<Place>,
    /// All those of each of some trays.
    whole: Vec<Vec<Place>>,
}

impl Idle {
    fn is_empty(&self) -> bool {
        self.parts.is_empty() && self.whole.is_empty()
    }
}

/// Memory of slabs that none has needed for some time. The system has it back when this
/// is dropped, which takes a while.
pub struct IdleSlabs(Idle);

impl Drop for IdleSlabs {
    fn drop(&mut self) {
        self.0.whole.drain(..).for_each(tray::free);
        let parts = std::mem::take(&mut self.0.parts);
        parts.iter().for_each(Place::return_memory);
        lock(&POOL).put_back(parts);
    }
}

/// Memory for one slab. What it was used for last is still in it.
pub(super) fn take() -> Place {
    lock(&POOL).take()
}

/// Keeps the memory of a slab that nobody has any more.
pub(super) fn give(place: Place) {
    let waker = lock(&POOL).give(place);
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// Ready when memory is kept that may become idle. One task of the process waits for
/// it.
pub fn poll_slabs_kept(cx: &Context<'_>) -> Poll<()> {
    let mut pool = lock(&POOL);
    if pool.with_memory() == 0 {
        pool.waker = Some(cx.waker().clone());
        return Poll::Pending;
    }
    Poll::Ready(())
}

/// What was kept and not needed since the last call, if there is any.
#[must_use]
pub fn idle_slabs() -> Option<IdleSlabs> {
    let idle = lock(&POOL).take_idle();
    (!idle.is_empty()).then(|| IdleSlabs(idle))
}

// Elsewhere a tray is one slab.
#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// How many slabs the system has back alone, and how many trays.
    fn look(pool: &mut Pool) -> (usize, usize) {
        let Idle { parts, whole } = pool.take_idle();
        let numbers = (parts.len(), whole.len());
        parts.iter().for_each(Place::return_memory);
        pool.put_back(parts);
        whole.into_iter().for_each(tray::free);
        numbers
    }

    fn take(pool: &mut Pool, count: usize) -> Vec<Place> {
        (0..count).map(|_| pool.take()).collect()
    }

    fn give(pool: &mut Pool, places: Vec<Place>) {
        for place in places {
            assert!(pool.give(place).is_none(), "nobody waits");
        }
    }

    #[test]
    fn what_was_used_last_is_used_next() {
        let mut pool = Pool::new();
        let places = take(&mut pool, 3);
        let last = places[2].start();
        give(&mut pool, places);
        assert_eq!(pool.take().start(), last);
    }

    #[test]
    fn there_is_another_tray_when_all_slabs_of_one_are_in_use() {
        let mut pool = Pool::new();
        let places = take(&mut pool, SLABS);
        assert_eq!(pool.trays, 1);
        let other = pool.take();
        assert_eq!(pool.trays, 2);
        assert!(places.iter().all(|place| place.tray() != other.tray()));
    }

    #[test]
    fn trays_of_which_no_slab_was_needed_between_two_looks_go() {
        let mut pool = Pool::new();
        let places = take(&mut pool, SLABS + 2);
        give(&mut pool, places);
        assert_eq!(
            look(&mut pool),
            (0, 0),
            "all were in use since the last look"
        );
        assert_eq!(look(&mut pool), (0, 2));
        assert_eq!(
            (pool.free.len(), pool.without_memory, pool.trays),
            (0, 0, 0)
        );
    }

    #[test]
    fn what_goes_round_is_kept() {
        let mut pool = Pool::new();
        let places = take(&mut pool, 3);
        give(&mut pool, places);
        assert_eq!(look(&mut pool), (0, 0));
        for _ in 0..4 {
            let places = take(&mut pool, 2);
            give(&mut pool, places);
        }
        assert_eq!(look(&mut pool), (1, 0), "two went round");
        assert_eq!(pool.with_memory(), 2);
    }

    #[test]
    fn slabs_go_though_others_of_their_tray_are_in_use() {
        let mut pool = Pool::new();
        let mut places = take(&mut pool, 4);
        let used = places.pop().expect("four");
        give(&mut pool, places);
        look(&mut pool);
        assert_eq!(look(&mut pool), (3, 0));
        assert_eq!(pool.with_memory(), 0);
        // They are there for others.
        let places = take(&mut pool, SLABS - 1);
        assert_eq!(pool.trays, 1);
        give(&mut pool, places);
        give(&mut pool, vec![used]);
        look(&mut pool);
        assert_eq!(look(&mut pool), (0, 1));
    }

    #[test]
    fn slabs_that_went_before_go_with_their_tray() {
        let mut pool = Pool::new();
        let mut places = take(&mut pool, 4);
        let used = places.pop().expect("four");
        give(&mut pool, places);
        look(&mut pool);
        assert_eq!(look(&mut pool), (3, 0));
        give(&mut pool, vec![used]);
        look(&mut pool);
        assert_eq!(look(&mut pool), (0, 1));
        assert_eq!(pool.free.len(), 0);
    }

    #[test]
    fn whoever_waits_for_memory_is_woken_by_the_first() {
        let mut pool = Pool::new();
        let place = pool.take();
        pool.waker = Some(Waker::noop().clone());
        assert!(pool.give(place).is_some());
        let place = pool.take();
        assert!(pool.give(place).is_none());
    }
}
