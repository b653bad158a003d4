//! The connections whose turns JavaScript's thread takes itself, and when that pays.
//!
//! For a message that comes alone two threads are woken, one after the other. While
//! JavaScript has so little to do that it sleeps before each few messages, its own loop
//! had better watch the sockets: such connections are direct. While it is busy, or much
//! comes at once, an I/O thread had better read, which does so meanwhile.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::{Batch, ConnectionId, lock};

/// Direct connections pay when so many more batches of a few messages woke JavaScript than
/// found it awake,
const MANY_WAKES: u32 = 32;
/// of which a batch of more takes away so many.
const NOT_FEW: u32 = 4;
/// They pay no longer when such batches have taken away what was counted, up to this.
const MOST_SCORE: u32 = 2 * MANY_WAKES;

/// Messages that are few: so many JavaScript's thread had better read, and answer, itself.
pub const FEW_MESSAGES: usize = 16;
/// Direct connections of an environment, all of which an I/O thread has to take over when
/// JavaScript becomes busy.
pub const MOST_DIRECT: usize = 4096;

/// How long there are none after they paid no longer; twice as long as before if they did
/// not pay for several times as long.
const REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(64);
const SEVERAL: u32 = 4;

/// How long JavaScript was never late when they begin to pay.
const CALM: Duration = Duration::from_millis(250);

/// A connection that may be direct.
pub trait Turn: Send + Sync {
    /// Does what there is to do, on JavaScript's thread.
    fn take_direct_turn(self: Arc<Self>);

    /// Has its I/O thread take its turns again.
    fn give_back(self: Arc<Self>);
}

/// Watches sockets, and is watched itself by JavaScript's loop.
#[cfg(unix)]
pub struct Poller(pub std::os::fd::OwnedFd);

/// There is none.
#[cfg(not(unix))]
pub enum Poller {}

impl Poller {
    /// The descriptor that JavaScript's loop watches, for as long as this is there.
    #[must_use]
    pub fn descriptor(&self) -> i32 {
        #[cfg(unix)]
        return std::os::fd::AsRawFd::as_raw_fd(&self.0);
        #[cfg(not(unix))]
        match *self {}
    }
}

/// The direct connections of one environment.
#[derive(Default)]
pub struct Direct {
    state: Mutex<State>,
    /// They pay, and there may be more.
    worthwhile: AtomicBool,
    /// There are some.
    any: AtomicBool,
    /// How often JavaScript's thread has looked which of them have something to read.
    looks: AtomicU32,
}

#[derive(Default)]
struct State {
    connections: HashMap<ConnectionId, Arc<dyn Turn>>,
    /// They pay.
    pays: bool,
    /// What speaks for them; less than [`MANY_WAKES`] if they have yet to pay.
    score: u32,
    /// When they began to pay, or to rest.
    since: Option<Instant>,
    rest: Duration,
    /// When JavaScript was late last.
    late: Option<Instant>,
    /// Someone sees to it that they are read while JavaScript is busy,
    watched: bool,
    /// and waits until there are none.
    watcher: Option<Waker>,
}

impl State {
    /// A few messages, for which JavaScript was woken or which its thread has read.
    fn speaks_for(&mut self) {
        self.score = (self.score + 1).min(MOST_SCORE);
        if self.score >= MANY_WAKES && !self.pays {
            let is_soon =
                |when: Option<Instant>, time| when.is_some_and(|when| when.elapsed() < time);
            if is_soon(self.since, self.rest) || is_soon(self.late, CALM) {
                self.score = 0;
            } else {
                self.pays = true;
                self.since = Some(Instant::now());
            }
        }
    }

    /// Returns whether they pay no longer.
    fn speaks_against(&mut self, count: u32) -> bool {
        self.score = self.score.saturating_sub(count);
        let ends = self.pays && self.score == 0;
        if ends {
            self.stop_paying();
        }
        ends
    }

    fn stop_paying(&mut self) {
        let paid = self.since.map_or(Duration::ZERO, |since| since.elapsed());
        let rest = if paid < self.rest * SEVERAL {
            self.rest * 2
        } else {
            REST
        };
        self.rest = rest.clamp(REST, LONGEST_REST);
        self.since = Some(Instant::now());
        self.pays = false;
        self.score = 0;
    }
}

impl Direct {
    /// Whether a connection that has something to read had better become direct.
    pub fn is_worthwhile(&self) -> bool {
        self.worthwhile.load(Ordering::Relaxed)
    }

    /// An I/O thread published messages, a `few`, and `woke` JavaScript. While direct
    /// connections pay a few tell nothing: they may be of others.
    pub(super) fn note_published(&self, few: bool, woke: bool) {
        self.change(|state| match (few, woke) {
            (true, _) if state.pays => false,
            (true, true) => {
                state.speaks_for();
                false
            }
            (true, false) => state.speaks_against(1),
            (false, _) => state.speaks_against(NOT_FEW),
        });
    }

    /// JavaScript's thread took messages that it has read itself, a `few`.
    pub(super) fn note_read(&self, few: bool) {
        self.change(|state| {
            if few && state.pays {
                state.speaks_for();
            }
            !few && state.speaks_against(NOT_FEW)
        });
    }

    /// JavaScript was woken, and came late. While there are direct connections that is
    /// found out otherwise, and sooner.
    pub(super) fn note_late(&self) {
        lock(&self.state).late = Some(Instant::now());
    }

    /// Has all direct connections given back, as JavaScript is busy.
    pub fn give_back_all(&self) {
        self.change(|state| {
            if state.pays {
                state.stop_paying();
            }
            true
        });
    }

    /// What `change` does. If it returns true all connections are given back.
    fn change(&self, change: impl FnOnce(&mut State) -> bool) {
        let mut state = lock(&self.state);
        let over = change(&mut state);
        self.show(&state);
        let all: Vec<_> = if over {
            state.connections.values().cloned().collect()
        } else {
            Vec::new()
        };
        drop(state);
        for connection in all {
            connection.give_back();
        }
    }

    /// Shows to those who don't lock what there is to know.
    fn show(&self, state: &State) {
        let count = state.connections.len();
        let worthwhile = state.pays && count < MOST_DIRECT;
        if self.worthwhile.load(Ordering::Relaxed) != worthwhile {
            self.worthwhile.store(worthwhile, Ordering::Relaxed);
        }
        if self.is_any() != (count > 0) {
            self.any.store(count > 0, Ordering::Relaxed);
        }
    }

    /// Makes a connection direct. Returns false if that pays no longer, or if there are too
    /// many.
    pub fn begin(&self, id: ConnectionId, connection: Arc<dyn Turn>) -> bool {
        let mut state = lock(&self.state);
        let begins = state.pays && state.connections.len() < MOST_DIRECT;
        if begins {
            state.connections.insert(id, connection);
            self.show(&state);
        }
        begins
    }

    /// A connection is no longer direct.
    pub fn end(&self, id: ConnectionId) {
        let mut state = lock(&self.state);
        let ended = state.connections.remove(&id);
        self.show(&state);
        let count = state.connections.len();
        if state.connections.capacity() > 4 * count.max(FEW_MESSAGES) {
            state.connections.shrink_to(2 * count);
        }
        let is_empty = count == 0;
        let watcher = state.watcher.take_if(|_| is_empty);
        drop(state);
        if let Some(watcher) = watcher {
            watcher.wake();
        }
        // Its last owner may be this.
        drop(ended);
    }

    /// Whether there are direct connections.
    pub fn is_any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// The direct connection of `id`.
    pub fn get(&self, id: ConnectionId) -> Option<Arc<dyn Turn>> {
        lock(&self.state).connections.get(&id).cloned()
    }

    /// The direct connection, if there is one only.
    pub fn only(&self) -> Option<Arc<dyn Turn>> {
        let state = lock(&self.state);
        let is_only = state.connections.len() == 1;
        let first = state.connections.values().next();
        first.filter(|_| is_only).cloned()
    }

    /// JavaScript's thread has looked which of them had something to read.
    pub fn count_look(&self) {
        self.looks.fetch_add(1, Ordering::Relaxed);
    }

    /// How often it has; wraps around.
    pub fn looks(&self) -> u32 {
        self.looks.load(Ordering::Relaxed)
    }

    /// The caller watches JavaScript from here on. Returns false if someone does already.
    pub fn begin_watch(&self) -> bool {
        !std::mem::replace(&mut lock(&self.state).watched, true)
    }

    /// Ready when there are none, and nobody watches JavaScript from here on. For who does.
    pub fn poll_none(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.state);
        if state.connections.is_empty() {
            state.watched = false;
            state.watcher = None;
            Poll::Ready(())
        } else {
            state.watcher = Some(cx.waker().clone());
            Poll::Pending
        }
    }
}

#[cfg(test)]
impl Direct {
    /// How long there are none now, or were the last time.
    pub fn rest(&self) -> Duration {
        lock(&self.state).rest
    }

    /// They may pay again.
    pub fn end_rest(&self) {
        lock(&self.state).since = None;
    }

    /// All that was has been so long ago.
    pub fn shift(&self, time: Duration) {
        let since = &mut lock(&self.state).since;
        *since = since.and_then(|since| since.checked_sub(time));
    }
}

/// Whether there are so few messages that a wake for them is much; none if nothing was
/// received, or only connections come and go. Who sends several before it has an answer to
/// the first had better be read by an I/O thread, which finds more of them at a time.
pub(super) fn are_few<'a>(batches: impl IntoIterator<Item = &'a Batch>) -> Option<bool> {
    let mut events = 0;
    let mut senders = 0;
    for batch in batches {
        if batch.credits.is_empty() || batch.is_of_connections() {
            continue;
        }
        events += batch.len();
        senders += batch.credits.len();
    }
    (events > 0).then_some(events <= FEW_MESSAGES && events <= senders)
}
