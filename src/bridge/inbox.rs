//! The queue from the I/O threads to one environment's JavaScript thread.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::task::Waker;
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::direct::{Direct, Poller, are_few};
use super::{Batch, SlabWriter, lock};

/// Bytes that may wait for JavaScript unless another number is set.
const DEFAULT_LIMIT: usize = 64 * 1024 * 1024;

/// Bytes that keep JavaScript busy for some time.
const MUCH: usize = 128 * 1024;

/// A reader that comes so much later than it was woken is busy.
const LATE: Duration = Duration::from_millis(5);

/// Wakes JavaScript's thread, from any thread.
pub trait Wake: Send + Sync {
    /// Makes JavaScript's thread take what the inbox holds.
    fn wake(&self);

    /// What JavaScript's loop watches beside this; none if it can't.
    fn poller(&self) -> Option<&Poller> {
        None
    }
}

/// Batches that JavaScript has not taken, in the order of publication.
///
/// The reader is woken once when it sleeps and then not again until it found
/// the inbox empty, however much is published meanwhile.
pub struct Inbox {
    state: Mutex<State>,
    waker: Box<dyn Wake>,
    untaken: AtomicUsize,
    limit: AtomicUsize,
    /// There are tasks in `State::blocked`.
    any_blocked: AtomicBool,
    /// JavaScript can see memory that is not its own.
    shares_memory: AtomicBool,
    /// Slots given to writers of slabs.
    slots: AtomicU32,
    /// The connections whose turns JavaScript's thread takes.
    pub direct: Direct,
}

struct State {
    batches: VecDeque<Batch>,
    spare: Vec<Batch>,
    reader_sleeps: bool,
    /// When the reader was woken, if it has not come yet.
    woken: Option<Instant>,
    closed: bool,
    /// Tasks that do not read because of `limit`.
    blocked: Vec<Waker>,
    /// Threads that wait for the reader to come.
    waiting: Vec<Thread>,
    /// There is something that the reader's own thread has published.
    any_of_reader: bool,
}

impl Inbox {
    /// An empty inbox.
    #[must_use]
    pub fn new(waker: Box<dyn Wake>) -> Self {
        Self {
            state: Mutex::new(State {
                batches: VecDeque::new(),
                spare: Vec::new(),
                reader_sleeps: true,
                woken: None,
                closed: false,
                blocked: Vec::new(),
                waiting: Vec::new(),
                any_of_reader: false,
            }),
            waker,
            untaken: AtomicUsize::new(0),
            limit: AtomicUsize::new(DEFAULT_LIMIT),
            any_blocked: AtomicBool::new(false),
            shares_memory: AtomicBool::new(false),
            slots: AtomicU32::new(0),
            direct: Direct::default(),
        }
    }

    /// What watches the sockets of direct connections, if there can be any.
    pub fn poller(&self) -> Option<&Poller> {
        self.waker.poller()
    }

    /// Payloads may lie in memory of the core's.
    pub fn share_memory(&self) {
        self.shares_memory.store(true, Ordering::Relaxed);
    }

    /// A writer of slabs for one thread, if JavaScript can see memory that is not
    /// its own.
    pub fn slab_writer(&self) -> Option<SlabWriter> {
        let shares = self.shares_memory.load(Ordering::Relaxed);
        shares.then(|| SlabWriter::new(self.slots.fetch_add(1, Ordering::Relaxed)))
    }

    /// Asks readers of sockets to stop while `bytes` have not been taken,
    /// counted as payload plus a constant an event.
    pub fn set_limit(&self, bytes: usize) {
        self.limit.store(bytes, Ordering::Relaxed);
    }

    /// Whether less than the limit waits.
    pub fn has_room(&self) -> bool {
        self.untaken.load(Ordering::SeqCst) < self.limit.load(Ordering::Relaxed)
    }

    /// Hands `batch` to the reader, waking it if it sleeps; returns an empty
    /// batch to go on with. Once the inbox is closed the events are dropped.
    pub fn publish(&self, batch: Batch) -> Batch {
        let few = are_few([&batch]);
        let mut wake = false;
        let spare = self.push(batch, |state| {
            wake = std::mem::take(&mut state.reader_sleeps);
            if wake {
                state.woken = Some(Instant::now());
            }
        });
        if wake {
            self.waker.wake();
        }
        if let Some(few) = few {
            self.direct.note_published(few, wake);
        }
        spare
    }

    /// As [`publish`](Self::publish), on the reader's own thread: it takes the batch next.
    pub fn publish_here(&self, batch: Batch) -> Batch {
        self.push(batch, |state| {
            state.reader_sleeps = false;
            state.any_of_reader = true;
        })
    }

    fn push(&self, batch: Batch, act: impl FnOnce(&mut State)) -> Batch {
        let mut state = lock(&self.state);
        if state.closed {
            drop(state);
            for (owner, bytes) in batch.credits {
                owner.release(bytes);
            }
            return Batch::default();
        }
        state.batches.push_back(batch);
        act(&mut state);
        state.spare.pop().unwrap_or_default()
    }

    /// Waits until the reader comes, at most `most`, if much waits for it and it is
    /// busy with what it took before: what a thread brings it meanwhile can't be read
    /// any sooner, and only interrupts. All else that the thread does waits as long:
    /// its connections of other environments, pongs, and what it has to write.
    pub fn wait_for_busy_reader(&self, most: Duration) {
        if self.untaken.load(Ordering::Relaxed) < MUCH {
            return;
        }
        let mut state = lock(&self.state);
        if state.batches.is_empty() || state.woken.is_some() || state.closed {
            return;
        }
        state.waiting.push(thread::current());
        drop(state);
        thread::park_timeout(most);
        let own = thread::current().id();
        lock(&self.state).waiting.retain(|other| other.id() != own);
    }

    /// Whether the reader has yet to take what was published before.
    pub fn is_behind(&self) -> bool {
        !lock(&self.state).batches.is_empty()
    }

    /// Counts `bytes` as not taken.
    pub fn charge(&self, bytes: usize) {
        self.untaken.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Ready when less than the limit waits.
    pub fn poll_room(&self, waker: &Waker) -> bool {
        if self.has_room() {
            return true;
        }
        let mut state = lock(&self.state);
        if !state.blocked.iter().any(|other| other.will_wake(waker)) {
            state.blocked.push(waker.clone());
        }
        drop(state);
        self.any_blocked.store(true, Ordering::SeqCst);
        // Once more after the flag is up, or a release in between is missed.
        self.has_room()
    }

    /// `bytes` have been taken.
    pub(super) fn release(&self, bytes: usize) {
        self.untaken.fetch_sub(bytes, Ordering::SeqCst);
        if self.has_room() && self.any_blocked.swap(false, Ordering::SeqCst) {
            let blocked = std::mem::take(&mut lock(&self.state).blocked);
            blocked.into_iter().for_each(Waker::wake);
        }
    }

    /// Moves all batches into `into` and gives back `done`. Where there are
    /// none the reader is taken to sleep, and true is returned.
    pub(super) fn collect(&self, into: &mut VecDeque<Batch>, done: Option<Batch>) -> bool {
        /// Emptied batches kept for another use.
        const SPARE: usize = 4;
        let mut state = lock(&self.state);
        if let Some(done) = done
            && state.spare.len() < SPARE
        {
            state.spare.push(done);
        }
        let late = state.woken.take().is_some_and(|when| when.elapsed() > LATE);
        for thread in state.waiting.drain(..) {
            thread.unpark();
        }
        if state.batches.is_empty() {
            state.reader_sleeps = true;
            return true;
        }
        let own = std::mem::take(&mut state.any_of_reader);
        let few = own.then(|| are_few(&state.batches)).flatten();
        std::mem::swap(&mut state.batches, into);
        drop(state);
        if late {
            self.direct.note_late();
        }
        if let Some(few) = few {
            self.direct.note_read(few);
        }
        false
    }

    /// Whether [`Inbox::close`] was called.
    pub fn is_closed(&self) -> bool {
        lock(&self.state).closed
    }

    /// Drops what is queued and all that will be published: its environment is
    /// gone. The reader is not woken again.
    pub fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        state.reader_sleeps = false;
        let batches = std::mem::take(&mut state.batches);
        let blocked = std::mem::take(&mut state.blocked);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        drop(batches);
        waiting.iter().for_each(Thread::unpark);
        blocked.into_iter().for_each(Waker::wake);
    }
}
