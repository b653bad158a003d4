//! The I/O threads, shared by all environments of the process.

use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::Notify;

use super::allocator::return_free_memory;
use super::dispatch::Block;
use super::publish;
use super::turns::Turns;
use crate::bridge::{lock, poll_slabs_kept, take_idle_slabs};
use crate::protocol::{
    poll_contexts_kept, poll_memory_kept, release_idle_contexts, release_idle_memory,
};

/// Names the number of I/O threads in place of the default.
const THREADS_VARIABLE: &str = "OXWS_IO_THREADS";
const MOST_THREADS: usize = 64;

/// What a connection keeps for its next compressed message, and can do without, it
/// has for so long after its last, and for twice as long at most.
const CONTEXTS_KEPT: Duration = Duration::from_secs(10);

/// Memory of large messages, and of slabs, that none has needed for so long is given back.
const MEMORY_KEPT: Duration = Duration::from_secs(2);

/// One thread with its runtime.
pub(super) struct IoThread {
    pub(super) handle: Handle,
    pub(super) turns: Turns,
    blocks: Mutex<Vec<Block>>,
    /// Blocks handed over and not worked off.
    pending: AtomicUsize,
    arrived: Notify,
}

impl IoThread {
    /// Hands commands over. They run in the order of these calls.
    pub(super) fn hand_over(&self, block: Block) {
        self.pending.fetch_add(1, Ordering::AcqRel);
        lock(&self.blocks).push(block);
        self.arrived.notify_one();
    }

    /// Whether all that was handed over has been done.
    pub(super) fn is_settled(&self) -> bool {
        self.pending.load(Ordering::Acquire) == 0
    }

    async fn work_off(&self) {
        publish::set_up().await;
        loop {
            self.arrived.notified().await;
            for block in std::mem::take(&mut *lock(&self.blocks)) {
                block.run();
                self.pending.fetch_sub(1, Ordering::AcqRel);
            }
        }
    }
}

/// All I/O threads of the process. They run until it exits.
pub(super) struct IoThreads {
    threads: Vec<&'static IoThread>,
    next: AtomicUsize,
}

impl IoThreads {
    /// Starts the threads on first use.
    ///
    /// # Errors
    /// The system's number (errno) if a thread or its poller can't be had;
    /// further calls then fail alike.
    pub(super) fn shared() -> io::Result<&'static Self> {
        static SHARED: OnceLock<Result<IoThreads, i32>> = OnceLock::new();
        SHARED
            .get_or_init(|| Self::start().map_err(|error| error.raw_os_error().unwrap_or(0)))
            .as_ref()
            .map_err(|number| io::Error::from_raw_os_error(*number))
    }

    fn start() -> io::Result<Self> {
        let threads = (0..io_thread_count())
            .map(start_thread)
            .collect::<io::Result<Vec<_>>>()?;
        // One of them for the process, relays included.
        if let Some(thread) = threads.first() {
            thread.handle.spawn(release_contexts());
            thread.handle.spawn(release_memory());
        }
        Ok(Self {
            threads,
            next: AtomicUsize::new(0),
        })
    }

    /// The thread that takes the next connection.
    pub(super) fn next(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed) % self.threads.len()
    }

    /// A thread by its number.
    pub(super) fn get(&self, number: usize) -> Option<&'static IoThread> {
        self.threads.get(number).copied()
    }

    /// All threads.
    pub(super) fn iter(&self) -> impl Iterator<Item = &'static IoThread> {
        self.threads.iter().copied()
    }
}

/// Sleeps as long as there is nothing that may become idle.
async fn release_contexts() {
    loop {
        poll_fn(|cx| poll_contexts_kept(cx)).await;
        tokio::time::sleep(CONTEXTS_KEPT).await;
        if release_idle_contexts() {
            // Elsewhere, for the connections of this thread don't have to wait.
            let _ = tokio::task::spawn_blocking(return_free_memory).await;
        }
    }
}

/// Sleeps as long as no memory is kept for messages.
async fn release_memory() {
    loop {
        poll_fn(|cx| {
            let slabs = poll_slabs_kept(cx);
            if slabs.is_ready() {
                slabs
            } else {
                poll_memory_kept(cx)
            }
        })
        .await;
        tokio::time::sleep(MEMORY_KEPT).await;
        let slabs = take_idle_slabs();
        if release_idle_memory() > 0 || slabs.is_some() {
            // As above.
            let release = || {
                drop(slabs);
                return_free_memory();
            };
            let _ = tokio::task::spawn_blocking(release).await;
        }
    }
}

/// How many I/O threads there are or will be: one less than the processors,
/// between 1 and 4, or what the variable `OXWS_IO_THREADS` says (1 to 64).
#[must_use]
pub fn io_thread_count() -> usize {
    let asked = std::env::var(THREADS_VARIABLE)
        .ok()
        .and_then(|text| text.parse().ok());
    match asked {
        Some(count) => usize::clamp(count, 1, MOST_THREADS),
        None => thread::available_parallelism().map_or(1, |n| (n.get() - 1).clamp(1, 4)),
    }
}

fn start_thread(number: usize) -> io::Result<&'static IoThread> {
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .on_thread_park(publish::before_sleep)
        .on_thread_unpark(publish::after_sleep)
        .build()?;
    let io_thread: &'static IoThread = Box::leak(Box::new(IoThread {
        handle: runtime.handle().clone(),
        turns: Turns::default(),
        blocks: Mutex::default(),
        pending: AtomicUsize::new(0),
        arrived: Notify::new(),
    }));
    runtime.spawn(io_thread.turns.give(number));
    thread::Builder::new()
        .name(format!("oxws-io-{number}"))
        .spawn(move || runtime.block_on(io_thread.work_off()))?;
    Ok(io_thread)
}
