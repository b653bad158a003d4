//! Slabs that nobody has any more, kept for the next messages.
//!
//! Memory goes round: what V8 finds to be garbage, in portions of some 32 MiB, is what
//! the next messages are read to.
//!
//! Decides: whose memory is used next, in which pieces it is asked for, and what is idle.
//! Refuses: when to look for what is idle. The caller does so again and again, at a
//! pace of its own, and what no message needed between two looks goes.
//!
//! Of a tray nothing goes as long as one of its slabs is in use: parts of a large page
//! would not be the system's again, or would come back by themselves. So only what goes
//! round lies in trays, and what there is beyond that are slabs by themselves.

use std::sync::Mutex;
use std::task::{Context, Poll, Waker};

use super::super::lock;
use super::tray::{self, FreeSlab, SLABS, TRAY_SIZE};
use crate::protocol::MOST_SPARE_BYTES;

/// The first slabs are by themselves: where there are few messages they are all that is
/// needed.
const FEW: usize = SLABS;

/// Trays for as much as goes round.
const MOST_TRAYS: usize = MOST_SPARE_BYTES / TRAY_SIZE;

static POOL: Mutex<Pool> = Mutex::new(Pool::new());

struct Pool {
    /// First those that can't go because others of their trays are in use, then those
    /// that may be idle. What was used last comes last.
    free: Vec<FreeSlab>,
    /// How many can't go.
    stuck: usize,
    /// The fewest others that there were since the last look.
    idle: usize,
    /// How many there are, free or not.
    slabs: usize,
    trays: usize,
    waker: Option<Waker>,
}

impl Pool {
    const fn new() -> Self {
        Self {
            free: Vec::new(),
            stuck: 0,
            idle: 0,
            slabs: 0,
            trays: 0,
            waker: None,
        }
    }

    fn take(&mut self) -> FreeSlab {
        let slab = self.free.pop().unwrap_or_else(|| self.make());
        self.stuck = self.stuck.min(self.free.len());
        self.idle = self.idle.min(self.free.len() - self.stuck);
        slab
    }

    fn make(&mut self) -> FreeSlab {
        let wanted = self.slabs >= FEW && self.trays < MOST_TRAYS;
        let mut tray = wanted.then(tray::tray).flatten().unwrap_or_default();
        let Some(slab) = tray.pop() else {
            self.slabs += 1;
            return tray::single();
        };
        self.trays += 1;
        self.slabs += SLABS;
        self.free = tray;
        slab
    }

    #[must_use]
    fn give(&mut self, slab: FreeSlab) -> Option<Waker> {
        self.free.push(slab);
        self.waker.take()
    }

    fn poll_kept(&mut self, cx: &Context<'_>) -> Poll<()> {
        if self.free.len() > self.stuck {
            return Poll::Ready(());
        }
        self.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// What was not needed since the last call, and what could not go then.
    fn take_idle(&mut self) -> Vec<FreeSlab> {
        let mut idle = Vec::new();
        if self.idle > 0 {
            idle.extend(self.free.drain(..self.stuck + self.idle));
            self.stuck = 0;
        }
        self.idle = self.free.len() - self.stuck;
        idle
    }

    /// Takes back what can't go of `idle`, and frees the rest.
    fn release(pool: &Mutex<Self>, idle: Vec<FreeSlab>) {
        let count = idle.len();
        let (stuck, trays) = tray::free(idle);
        let mut pool = lock(pool);
        pool.slabs -= count - stuck.len();
        pool.trays -= trays;
        pool.stuck += stuck.len();
        pool.free.splice(..0, stuck);
    }
}

/// Memory that no message has needed for some time. The system has it back when this is
/// dropped, which takes a while.
pub struct IdleSlabs(Vec<FreeSlab>);

impl Drop for IdleSlabs {
    fn drop(&mut self) {
        Pool::release(&POOL, std::mem::take(&mut self.0));
    }
}

/// A slab. What it was used for last is still in it.
pub(super) fn take() -> FreeSlab {
    lock(&POOL).take()
}

/// Keeps a slab that nobody has any more.
pub(super) fn give(slab: FreeSlab) {
    let waker = lock(&POOL).give(slab);
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// Ready when slabs are kept that may become idle. One task of the process waits for
/// them.
pub fn poll_slabs_kept(cx: &Context<'_>) -> Poll<()> {
    lock(&POOL).poll_kept(cx)
}

/// What was kept and not needed since the last call, if there is any.
#[must_use]
pub fn take_idle_slabs() -> Option<IdleSlabs> {
    let idle = lock(&POOL).take_idle();
    (!idle.is_empty()).then(|| IdleSlabs(idle))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    /// How many slabs the system has back.
    fn look(pool: &Mutex<Pool>) -> usize {
        let idle = lock(pool).take_idle();
        let before = lock(pool).slabs;
        Pool::release(pool, idle);
        before - lock(pool).slabs
    }

    fn take(pool: &Mutex<Pool>, count: usize) -> Vec<FreeSlab> {
        (0..count).map(|_| lock(pool).take()).collect()
    }

    fn give(pool: &Mutex<Pool>, slabs: impl IntoIterator<Item = FreeSlab>) {
        for slab in slabs {
            assert!(lock(pool).give(slab).is_none(), "nobody waits");
        }
    }

    fn of_trays(slabs: &[FreeSlab]) -> usize {
        slabs.iter().filter(|slab| slab.is_of_tray()).count()
    }

    #[test]
    fn what_was_used_last_is_used_next() {
        let pool = Mutex::new(Pool::new());
        let slabs = take(&pool, 3);
        let last = slabs[2].start();
        give(&pool, slabs);
        assert_eq!(lock(&pool).take().start(), last);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn slabs_are_of_trays_but_for_the_first_and_those_beyond_what_goes_round() {
        let pool = Mutex::new(Pool::new());
        let mut slabs = take(&pool, FEW);
        assert_eq!(of_trays(&slabs), 0);
        slabs.extend(take(&pool, MOST_TRAYS * SLABS));
        assert_eq!(of_trays(&slabs), MOST_TRAYS * SLABS);
        slabs.extend(take(&pool, 2));
        assert_eq!(of_trays(&slabs), MOST_TRAYS * SLABS);
        give(&pool, slabs);
        look(&pool);
        assert_eq!(look(&pool), FEW + MOST_TRAYS * SLABS + 2);
        // It begins anew.
        assert_eq!(of_trays(&take(&pool, FEW + 1)), 1);
    }

    #[test]
    fn what_was_not_needed_between_two_looks_goes() {
        let pool = Mutex::new(Pool::new());
        let slabs = take(&pool, FEW + 2);
        give(&pool, slabs);
        assert_eq!(look(&pool), 0, "all were in use since the last look");
        let slabs = lock(&pool).slabs;
        assert_eq!(look(&pool), slabs);
        assert!(lock(&pool).free.is_empty());
    }

    #[test]
    fn what_goes_round_is_kept() {
        let pool = Mutex::new(Pool::new());
        let slabs = take(&pool, 3);
        give(&pool, slabs);
        assert_eq!(look(&pool), 0);
        for _ in 0..4 {
            let slabs = take(&pool, 2);
            give(&pool, slabs);
        }
        assert_eq!(look(&pool), 1, "two went round");
        assert_eq!(lock(&pool).free.len(), 2);
    }

    /// A pool of one tray, and the one slab of it that is in use.
    #[cfg(target_os = "linux")]
    fn tray_with_one_in_use() -> (Mutex<Pool>, FreeSlab) {
        let pool = Mutex::new(Pool::new());
        let mut slabs = take(&pool, FEW + 2);
        let used = slabs.pop().expect("there are some");
        give(&pool, slabs);
        look(&pool);
        assert_eq!(look(&pool), FEW);
        assert_eq!(lock(&pool).stuck, SLABS - 1);
        (pool, used)
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_of_a_tray_waits_for_the_others() {
        let (pool, used) = tray_with_one_in_use();
        // Others may have it.
        let slabs = take(&pool, SLABS - 1);
        assert_eq!(lock(&pool).trays, 1);
        give(&pool, slabs);
        look(&pool);
        assert_eq!(look(&pool), 0);
        give(&pool, [used]);
        assert_eq!(look(&pool), 0);
        assert_eq!(look(&pool), SLABS);
    }

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn who_waits_for_what_may_become_idle_is_woken_when_there_is_some() {
        let count = Arc::new(Wakes::default());
        let waker = Waker::from(Arc::clone(&count));
        let cx = &Context::from_waker(&waker);
        let pool = Mutex::new(Pool::new());
        let slabs = take(&pool, FEW);
        assert!(lock(&pool).poll_kept(cx).is_pending());
        for slab in slabs {
            let waiting = lock(&pool).give(slab);
            waiting.into_iter().for_each(Waker::wake);
        }
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert!(lock(&pool).poll_kept(cx).is_ready());
        look(&pool);
        assert!(lock(&pool).poll_kept(cx).is_ready());
        look(&pool);
        assert!(lock(&pool).poll_kept(cx).is_pending());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn nobody_is_woken_for_what_can_not_go() {
        let (pool, used) = tray_with_one_in_use();
        let cx = &Context::from_waker(Waker::noop());
        assert!(lock(&pool).poll_kept(cx).is_pending());
        assert!(lock(&pool).give(used).is_some(), "the tray can go");
    }

    /// Slabs are taken and given in an order that looks like chance, and a look ends some
    /// time after it began.
    #[test]
    fn nothing_is_lost_and_nothing_there_twice() {
        let mut random = 1_u64;
        let mut below = |bound: usize| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            usize::try_from(random >> 33).expect("31 bits") % bound
        };
        for _ in 0..50 {
            let pool = Mutex::new(Pool::new());
            let mut used: Vec<FreeSlab> = Vec::new();
            let mut looking = None;
            let most = 1 + below(200);
            for _ in 0..2000 {
                match below(20) {
                    0 if looking.is_none() => looking = Some(lock(&pool).take_idle()),
                    1 => Pool::release(&pool, looking.take().unwrap_or_default()),
                    2..=10 if !used.is_empty() => {
                        let slab = used.swap_remove(below(used.len()));
                        give(&pool, [slab]);
                    }
                    _ if used.len() < most => used.push(lock(&pool).take()),
                    _ => {}
                }
                let pool = lock(&pool);
                let elsewhere = used.len() + looking.as_ref().map_or(0, Vec::len);
                assert_eq!(pool.slabs, pool.free.len() + elsewhere);
                assert!(pool.stuck + pool.idle <= pool.free.len());
                assert_eq!(of_trays(&pool.free[..pool.stuck]), pool.stuck);
            }
            let all = lock(&pool);
            let starts = all.free.iter().chain(&used).map(FreeSlab::start);
            let different: BTreeSet<_> = starts.collect();
            assert_eq!(different.len(), all.free.len() + used.len());
            drop(all);
            Pool::release(&pool, looking.unwrap_or_default());
            give(&pool, used);
            for _ in 0..3 {
                look(&pool);
            }
            assert_eq!(lock(&pool).slabs, 0);
            assert_eq!(lock(&pool).trays, 0);
        }
    }
}
