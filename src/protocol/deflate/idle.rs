//! What is kept for connections that have fallen silent, and giving it back.
//!
//! Decides: what is looked through.
//! Refuses: when. The caller looks again and again, at a pace of its own, and what
//! was not used between two looks goes; that is why nothing here needs a clock.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use super::histories::HISTORIES;
use super::inflate_states::INFLATE_STATES;

/// Bytes of windows and histories that have to be freed before it is worth the while
/// to have the allocator return memory to the system.
const MUCH: usize = 16 * 1024 * 1024;
/// The same if nothing more is going to be freed.
const SOME: usize = 1024 * 1024;

static WAITING: AtomicBool = AtomicBool::new(false);
static WAKER: Mutex<Option<Waker>> = Mutex::new(None);

/// Bytes of windows and histories freed since they were last much.
static FREED: AtomicUsize = AtomicUsize::new(0);

/// Ready when something is kept that may become idle, or much was freed. One task of
/// the process waits for it.
pub fn poll_contexts_kept(cx: &Context<'_>) -> Poll<()> {
    *WAKER.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
    // Before looking, or what comes in between is missed.
    WAITING.store(true, Ordering::SeqCst);
    let little = FREED.load(Ordering::SeqCst) < MUCH;
    if little && nothing_is_kept() {
        return Poll::Pending;
    }
    WAITING.store(false, Ordering::SeqCst);
    Poll::Ready(())
}

/// Gives back what connections keep for their next message and have not used since
/// the last call, as far as they can do without. Returns whether much was freed since
/// that was last the case, by this or by connections that ended, or some by this as
/// the last of its kind.
pub fn release_idle_contexts() -> bool {
    HISTORIES.release_idle();
    INFLATE_STATES.release_idle();
    let freed = FREED.load(Ordering::SeqCst);
    let much = freed >= if nothing_is_kept() { SOME } else { MUCH };
    if much {
        FREED.store(0, Ordering::SeqCst);
    }
    much
}

fn nothing_is_kept() -> bool {
    HISTORIES.is_empty() && INFLATE_STATES.is_empty()
}

/// Something is kept from now on.
pub(super) fn note_held() {
    if WAITING.load(Ordering::SeqCst) && WAITING.swap(false, Ordering::SeqCst) {
        let waker = WAKER.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// So many bytes are freed.
pub(super) fn note_freed(bytes: usize) {
    if bytes > 0
        && FREED
            .fetch_add(bytes, Ordering::SeqCst)
            .saturating_add(bytes)
            >= MUCH
    {
        note_held();
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::poll_contexts_kept;
    use crate::protocol::deflate::{DeflateConfig, Deflater};

    #[test]
    fn a_history_may_become_idle() {
        let mut deflater = Deflater::new(&DeflateConfig::default());
        deflater.compress(b"something", true, &mut Vec::new());
        let ready = poll_contexts_kept(&Context::from_waker(Waker::noop()));
        assert_eq!(ready, Poll::Ready(()));
    }
}
