//! The thread's zlib states and working memory.
//!
//! Decides: how many states a thread keeps for the next message; what exceeds that
//! is freed. A state is prepared when it is taken, not when it comes back.
//! Refuses: to know which threads there are, or to whom a state belongs.

use std::cell::RefCell;

use zlib_rs::{Deflate, DeflateConfig as ZlibConfig, Inflate, Method, Strategy as ZlibStrategy};

use super::config::{DeflateConfig, Strategy};

/// States of each kind that a thread keeps. One of each is in use at a time, except
/// by messages of which only some fragments have been received.
const KEPT: usize = 2;

/// Bytes that one call of zlib may produce, at most.
pub(super) const SCRATCH: usize = 64 * 1024;

#[derive(Default)]
struct Pool {
    inflate: Vec<Inflate>,
    deflate: Vec<(DeflateSettings, Deflate)>,
    scratch: Vec<u8>,
    history: Vec<u8>,
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
}

/// The pool, unless its thread is ending.
fn with_pool<T>(f: impl FnOnce(&mut Pool) -> T) -> Option<T> {
    POOL.try_with(|pool| pool.try_borrow_mut().ok().map(|mut pool| f(&mut pool)))
        .ok()
        .flatten()
}

/// What a deflate state is made for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct DeflateSettings {
    window_bits: u8,
    level: i8,
    mem_level: u8,
    strategy: Strategy,
}

impl DeflateSettings {
    pub fn new(config: &DeflateConfig) -> Self {
        Self {
            // As zlib and Node do: a window of 2^8 is not implemented for deflate.
            // The distances of one of 2^9 stay within 2^8, because zlib leaves
            // room for a match and its lookahead.
            window_bits: config.own_max_window_bits.clamp(9, 15),
            // At level 6, zlib-rs prefers a search of zlib-ng's, whose output is 3 to 7 %
            // larger than that of zlib's level 6. Its level 7 does what zlib's does.
            level: match config.level {
                -1 | 6 => 7,
                // Its level 1 is zlib-ng's, with fixed codes alone: up to twice as large
                // as zlib's. Its level 2 is like zlib's 1.
                1 => 2,
                level => level.clamp(0, 9),
            },
            mem_level: config.mem_level.clamp(1, 9),
            strategy: config.strategy,
        }
    }

    /// Bytes that a match may be back.
    pub fn window_size(self) -> usize {
        1 << self.window_bits
    }

    fn create(self) -> Deflate {
        Deflate::new_with_config(ZlibConfig {
            level: self.level.into(),
            method: Method::Deflated,
            window_bits: -i32::from(self.window_bits),
            mem_level: self.mem_level.into(),
            strategy: match self.strategy {
                Strategy::Default => ZlibStrategy::Default,
                Strategy::Filtered => ZlibStrategy::Filtered,
                Strategy::HuffmanOnly => ZlibStrategy::HuffmanOnly,
                Strategy::Rle => ZlibStrategy::Rle,
                Strategy::Fixed => ZlibStrategy::Fixed,
            },
        })
    }
}

/// A state at the beginning of a stream.
pub(super) fn take_deflate(settings: DeflateSettings) -> Deflate {
    let kept = with_pool(|pool| {
        let index = pool.deflate.iter().position(|(of, _)| *of == settings)?;
        Some(pool.deflate.swap_remove(index).1)
    });
    match kept.flatten() {
        Some(mut state) => {
            state.reset();
            state
        }
        None => settings.create(),
    }
}

/// Takes a state back; the one that has waited longest makes room.
pub(super) fn give_deflate(settings: DeflateSettings, state: Deflate) {
    with_pool(|pool| {
        if pool.deflate.len() >= KEPT {
            pool.deflate.remove(0);
        }
        pool.deflate.push((settings, state));
    });
}

/// A state at the beginning of a stream. Its window is of 2^15 bytes: zlib-rs
/// allocates no smaller one, and a peer that agreed on less refers to no more.
pub(super) fn take_inflate() -> Inflate {
    match with_pool(|pool| pool.inflate.pop()).flatten() {
        Some(mut state) => {
            state.reset(false);
            state
        }
        None => Inflate::new(false, 15),
    }
}

/// Takes a state back.
pub(super) fn give_inflate(state: Inflate) {
    with_pool(|pool| {
        if pool.inflate.len() < KEPT {
            pool.inflate.push(state);
        }
    });
}

/// Working memory of [`SCRATCH`] bytes.
pub(super) fn take_scratch() -> Vec<u8> {
    let mut scratch = with_pool(|pool| std::mem::take(&mut pool.scratch)).unwrap_or_default();
    scratch.resize(SCRATCH, 0);
    scratch
}

/// Takes the working memory back.
pub(super) fn give_scratch(scratch: Vec<u8>) {
    with_pool(|pool| pool.scratch = scratch);
}

/// Empty working memory for a history, which is 64 KiB at most.
pub(super) fn take_history() -> Vec<u8> {
    let mut history = with_pool(|pool| std::mem::take(&mut pool.history)).unwrap_or_default();
    history.clear();
    history
}

/// Takes the working memory back.
pub(super) fn give_history(history: Vec<u8>) {
    with_pool(|pool| pool.history = history);
}
