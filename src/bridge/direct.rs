//! The connections whose turns JavaScript's thread takes itself, and when that pays.
//!
//! For a message that comes alone two threads are woken, one after the other. While
//! JavaScript has so little to do that it sleeps before each few messages, its own loop
//! had better watch the sockets: such connections are direct. While it is busy, or much
//! comes at once, an I/O thread had better read, which does so meanwhile.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{Batch, ConnectionId, lock};

/// Direct connections pay when so many more batches of a few messages woke JavaScript than
/// found it awake,
const MANY_WAKES: u32 = 32;
/// in no longer time: what comes more seldom costs little either way.
const SHORT_TIME: Duration = Duration::from_millis(16);
/// More events are not few.
const FEW_EVENTS: usize = 8;
/// Those that have a turn before as many batches more were published become direct. By
/// then all have had one that are active; others would not stay direct.
const BATCHES_TO_BEGIN: u32 = 16;

/// Direct connections of an environment. If more are active, an I/O thread finds several
/// that have something to read each time it looks.
pub const MOST_DIRECT: usize = 8;
/// How long there are none after there were too many.
const REST: Duration = Duration::from_secs(1);

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
    connections: Mutex<Connections>,
    /// Batches to be published before connections no longer become direct; changed under
    /// the inbox's lock, but for the end.
    left_to_begin: AtomicU32,
    /// There are some.
    any: AtomicBool,
}

#[derive(Default)]
struct Connections {
    direct: Vec<(ConnectionId, Arc<dyn Turn>)>,
    resting_since: Option<Instant>,
}

impl Direct {
    /// Whether a connection that has something to read had better become direct.
    pub fn is_worthwhile(&self) -> bool {
        self.left_to_begin.load(Ordering::Relaxed) > 0
    }

    /// A batch was published, with a `few` messages, and `woke` JavaScript. That direct
    /// connections keep it awake tells nothing of what others cost.
    pub(super) fn note(&self, wakes: &mut Wakes, few: bool, woke: bool) {
        let left = self.left_to_begin.load(Ordering::Relaxed);
        if left > 0 {
            self.left_to_begin.store(left - 1, Ordering::Relaxed);
        } else if wakes.note(few, woke || self.is_any()) {
            self.left_to_begin
                .store(BATCHES_TO_BEGIN, Ordering::Relaxed);
        }
    }

    /// Makes a connection direct. Returns false if there are too many, which then are
    /// given back, or were a short time ago.
    pub fn begin(&self, id: ConnectionId, connection: Arc<dyn Turn>) -> bool {
        let mut connections = lock(&self.connections);
        let resting = connections.resting_since;
        if resting.is_some_and(|since| since.elapsed() < REST) {
            return false;
        }
        if connections.direct.len() < MOST_DIRECT {
            connections.direct.push((id, connection));
            self.any.store(true, Ordering::Relaxed);
            return true;
        }
        connections.resting_since = Some(Instant::now());
        drop(connections);
        self.give_back_all();
        false
    }

    /// Has all direct connections given back, so that they show whether that still pays.
    pub fn give_back_all(&self) {
        let all = lock(&self.connections).direct.clone();
        for (_, connection) in all {
            connection.give_back();
        }
    }

    /// A connection is no longer direct. Whether others had better be is to be seen anew.
    pub fn end(&self, id: ConnectionId) {
        self.left_to_begin.store(0, Ordering::Relaxed);
        let mut connections = lock(&self.connections);
        let place = connections
            .direct
            .iter()
            .position(|(other, _)| *other == id);
        let ended = place.map(|place| connections.direct.swap_remove(place));
        self.any
            .store(!connections.direct.is_empty(), Ordering::Relaxed);
        drop(connections);
        // Its last owner may be this.
        drop(ended);
    }

    /// Whether there are direct connections.
    pub fn is_any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// The direct connection of `id`.
    pub fn get(&self, id: ConnectionId) -> Option<Arc<dyn Turn>> {
        let connections = lock(&self.connections);
        let mut all = connections.direct.iter();
        let found = all.find(|(other, _)| *other == id);
        found.map(|(_, connection)| Arc::clone(connection))
    }

    /// The direct connection, if there is one only.
    pub fn only(&self) -> Option<Arc<dyn Turn>> {
        match &*lock(&self.connections).direct {
            [(_, connection)] => Some(Arc::clone(connection)),
            _ => None,
        }
    }
}

/// Whether there are so few messages that a wake for them is much. Who sends several
/// before it has an answer to the first had better be read by an I/O thread, which finds
/// more of them at a time.
pub(super) fn is_few(batch: &Batch) -> bool {
    let events = batch.len();
    events <= FEW_EVENTS && events <= batch.credits.len() && !batch.is_of_connections()
}

/// How often JavaScript was woken for a few messages.
#[derive(Default)]
pub(super) struct Wakes {
    /// More than it was found awake.
    surplus: u32,
    since: Option<Instant>,
}

impl Wakes {
    /// A batch was published, with a `few` messages, and `woke` JavaScript. Returns whether
    /// that was so often of late.
    pub(super) fn note(&mut self, few: bool, woke: bool) -> bool {
        self.surplus = match (few, woke) {
            (true, true) => self.surplus + 1,
            (true, false) => self.surplus.saturating_sub(1),
            (false, _) => 0,
        };
        if self.surplus == 1 && woke {
            self.since = Some(Instant::now());
        }
        if self.surplus < MANY_WAKES {
            return false;
        }
        self.surplus = 0;
        self.since.is_some_and(|since| since.elapsed() < SHORT_TIME)
    }
}
