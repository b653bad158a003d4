//! A connection as both of its threads see it.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::task::Wake;
use std::time::Duration;

use socket2::TcpKeepalive;

use super::output::{Output, OutputGuard};
use super::publish::with_batch;
use super::stream::Stream;
use super::task::ConnectionTask;
use crate::bridge::{Command, ConnectionId, Credit, EventKind, Inbox, lock};

/// A connection from the moment its upgrade is offered to JavaScript until
/// JavaScript took its last event.
pub struct Connection {
    pub(super) id: ConnectionId,
    pub(super) inbox: Arc<Inbox>,
    /// Number of the I/O thread it lives on.
    thread: u32,
    /// Both threads use it at once. None when the transport is gone. It is locked before
    /// `output`.
    stream: RwLock<Option<Stream>>,
    output: Mutex<Output>,
    /// What it does in its turns, which it has one at a time; none before and after.
    pub(super) task: Mutex<Option<ConnectionTask>>,
    pub(super) bytes_read: AtomicU64,
    /// Payload bytes of messages that were handed to the I/O thread and that
    /// `output` does not know of.
    handed_over: AtomicUsize,
    untaken: AtomicUsize,
    inbound_limit: AtomicU32,
    /// The task stopped reading because of `inbound_limit`.
    reading_blocked: AtomicBool,
    /// What is received is also wanted as it comes.
    tapped: AtomicBool,
    /// What has not been compressed yet is not to be sent.
    abandoned: AtomicBool,
    /// It waits for its turn.
    enqueued: AtomicBool,
    /// There is nothing about `output` that a turn has to know.
    output_rests: AtomicBool,
    /// The peer ended its side, as a turn has seen.
    pub(super) end_of_stream: AtomicBool,
}

impl Connection {
    pub(super) fn new(
        id: ConnectionId,
        inbox: Arc<Inbox>,
        thread: usize,
        stream: Stream,
        output: Output,
    ) -> Self {
        Self {
            id,
            inbox,
            thread: u32::try_from(thread).unwrap_or(u32::MAX),
            stream: RwLock::new(Some(stream)),
            output: Mutex::new(output),
            task: Mutex::default(),
            bytes_read: AtomicU64::new(0),
            handed_over: AtomicUsize::new(0),
            untaken: AtomicUsize::new(0),
            inbound_limit: AtomicU32::new(u32::MAX),
            reading_blocked: AtomicBool::new(false),
            tapped: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
            enqueued: AtomicBool::new(false),
            output_rests: AtomicBool::new(false),
            end_of_stream: AtomicBool::new(false),
        }
    }

    /// Begins to take turns, in which `task` does its work.
    pub(super) fn start(self: &Arc<Self>, task: ConnectionTask) {
        *lock(&self.task) = Some(task);
        self.wake_by_ref();
    }

    /// Whether it does not wait for its turn already, which it does from here on.
    pub(super) fn is_to_be_enqueued(&self) -> bool {
        !self.enqueued.swap(true, Ordering::AcqRel)
    }

    /// Its turn begins. What happens from here on is a reason for the next.
    pub(super) fn begin_turn(&self) {
        self.enqueued.swap(false, Ordering::AcqRel);
    }

    /// A `Terminate` command is about to follow: what was sent and waits to be
    /// compressed, and all behind it, is dropped.
    pub fn abandon(&self) {
        self.abandoned.store(true, Ordering::Relaxed);
    }

    /// Number of the I/O thread it lives on.
    pub(super) fn thread(&self) -> usize {
        self.thread as usize
    }

    /// Commands with as many payload bytes of messages are on their way to the I/O
    /// thread.
    pub(super) fn hand_over(&self, bytes: usize) {
        self.handed_over.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Carries commands out, of which [`hand_over`](Self::hand_over) was told if they
    /// come by the I/O thread. Returns how many of them asked to know and have been
    /// taken by the kernel.
    pub(super) fn submit<'a>(
        self: &Arc<Self>,
        commands: impl Iterator<Item = Command<'a>>,
        handed_over: usize,
    ) -> u32 {
        let stream = self.stream();
        let mut output = self.output();
        // While the lock is held, so that no byte counts twice.
        self.handed_over.fetch_sub(handed_over, Ordering::Relaxed);
        let wake = match &*stream {
            Some(stream) => output.submit(stream, commands, &self.abandoned),
            None => false,
        };
        let acknowledged = output.take_acknowledged();
        if output.tapped {
            self.tapped.store(true, Ordering::Relaxed);
        }
        drop(output);
        drop(stream);
        if wake {
            self.wake_by_ref();
        }
        acknowledged
    }

    /// Does as a `Terminate` command would.
    pub fn terminate(self: &Arc<Self>) {
        self.output().terminated = true;
        self.wake_by_ref();
    }

    /// What is to be written. Whoever changes something that a turn has to know wakes
    /// the connection, unless that may wait for its next turn.
    pub(super) fn output(&self) -> OutputGuard<'_> {
        OutputGuard::new(lock(&self.output), &self.output_rests)
    }

    /// Whether there is nothing about the output that a turn has to know. There seldom
    /// is, and then no lock has to be taken.
    pub(super) fn output_rests(&self) -> bool {
        // What it was woken for is seen: `begin_turn` comes after that.
        self.output_rests.load(Ordering::Acquire)
    }

    /// The output, if there is something about it that a turn has to know.
    pub(super) fn restless_output(&self) -> Option<OutputGuard<'_>> {
        (!self.output_rests()).then(|| self.output())
    }

    /// Tells JavaScript that `acknowledged` more commands are out; for the
    /// connection's I/O thread.
    pub(super) fn publish_sent(&self, acknowledged: u32) {
        if acknowledged > 0 {
            with_batch(&self.inbox, |batch| {
                batch.push(EventKind::Sent, 0, self.id.index, acknowledged);
            });
        }
    }

    /// The transport, as long as there is one.
    pub(super) fn stream(&self) -> RwLockReadGuard<'_, Option<Stream>> {
        self.stream.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The transport, for those who replace it.
    pub(super) fn stream_mut(&self) -> RwLockWriteGuard<'_, Option<Stream>> {
        self.stream.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets go of the transport; later commands do nothing.
    pub(super) fn take_stream(&self) -> Option<Stream> {
        self.stream_mut().take()
    }

    pub(super) fn set_inbound_limit(&self, bytes: u32) {
        self.inbound_limit.store(bytes, Ordering::Relaxed);
    }

    /// Whether what is received is also wanted as it comes.
    pub(super) fn is_tapped(&self) -> bool {
        self.tapped.load(Ordering::Relaxed)
    }

    /// Counts bytes that wait for JavaScript.
    pub(super) fn charge(&self, bytes: usize) {
        self.untaken.fetch_add(bytes, Ordering::AcqRel);
        self.inbox.charge(bytes);
    }

    /// Bytes that wait for JavaScript.
    pub(super) fn untaken(&self) -> usize {
        self.untaken.load(Ordering::Relaxed)
    }

    /// Whether the bound on inbound data allows to read. If not, it is
    /// woken when it does.
    pub(super) fn inbound_has_room(&self) -> bool {
        let has_room = || self.is_within_limit(self.untaken.load(Ordering::SeqCst));
        if has_room() {
            return true;
        }
        self.reading_blocked.store(true, Ordering::SeqCst);
        // Once more after the flag is up, or a release in between is missed.
        has_room()
    }

    fn is_within_limit(&self, untaken: usize) -> bool {
        untaken < self.inbound_limit.load(Ordering::Relaxed) as usize
    }

    /// Payload bytes of messages that the kernel has not taken.
    #[must_use]
    pub fn buffered_amount(&self) -> usize {
        let output = self.output();
        output.buffered() + self.handed_over.load(Ordering::Relaxed)
    }

    /// Bytes read from and written to the transport.
    #[must_use]
    pub fn traffic(&self) -> (u64, u64) {
        let read = self.bytes_read.load(Ordering::Relaxed);
        (read, self.output().bytes_written())
    }

    /// The address of our end.
    ///
    /// # Errors
    /// As `getsockname`, and `NotConnected` once the transport is gone.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.with_stream(Stream::local_addr)
    }

    /// The address of the peer's end.
    ///
    /// # Errors
    /// As `getpeername`, and `NotConnected` once the transport is gone.
    pub fn remote_address(&self) -> io::Result<SocketAddr> {
        self.with_stream(Stream::peer_addr)
    }

    /// Turns TCP keep-alive probes on, after `delay` without traffic, or off.
    ///
    /// # Errors
    /// As `setsockopt`, and `NotConnected` once the transport is gone.
    pub fn set_keep_alive(&self, delay: Option<Duration>) -> io::Result<()> {
        self.with_stream(|stream| {
            let socket = stream.socket();
            match delay {
                Some(Duration::ZERO) => socket.set_keepalive(true),
                Some(delay) => socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(delay)),
                None => socket.set_keepalive(false),
            }
        })
    }

    /// Turns Nagle's algorithm off or on.
    ///
    /// # Errors
    /// As `setsockopt`, and `NotConnected` once the transport is gone.
    pub fn set_no_delay(&self, no_delay: bool) -> io::Result<()> {
        self.with_stream(|stream| stream.socket().set_tcp_nodelay(no_delay))
    }

    fn with_stream<T>(&self, act: impl FnOnce(&Stream) -> io::Result<T>) -> io::Result<T> {
        match &*self.stream() {
            Some(stream) => act(stream),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl Credit for Connection {
    fn release(self: Arc<Self>, bytes: usize) {
        let left = self.untaken.fetch_sub(bytes, Ordering::SeqCst) - bytes;
        if self.is_within_limit(left) && self.reading_blocked.swap(false, Ordering::SeqCst) {
            self.wake();
        }
    }
}

#[cfg(all(test, target_os = "linux", target_pointer_width = "64"))]
mod tests {
    use super::{Connection, Stream};

    /// What tokio has for a socket lies at a multiple of 128 bytes and takes 272 with what
    /// the allocator adds. A connection that is larger leaves holes between them, as
    /// large as what it has grown by or larger.
    #[test]
    fn fills_the_room_between_what_tokio_has_for_sockets() {
        const COUNTERS: usize = 2 * size_of::<usize>();
        const ALLOCATOR: usize = 8;
        // It is larger with what tests ask tokio for.
        const STREAM: usize = 32;
        let connection = size_of::<Connection>() - size_of::<Stream>() + STREAM;
        assert!(COUNTERS + connection + ALLOCATOR <= 5 * 128 - 272);
    }
}
