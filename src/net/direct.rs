//! Turns that JavaScript's thread takes itself, of connections that are
//! [direct](crate::bridge::Direct).
//!
//! Not tokio watches the socket of such a connection but a poller that JavaScript's loop
//! watches. Its turns are as ever. All else than to read a little is left to its I/O
//! thread, which has the socket back as soon as the connection is woken: by a command
//! that JavaScript's thread can't carry out, by a timer, or because JavaScript is [busy](watch)
//! or finds so much that direct connections do not pay.

mod poller;
mod watch;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, Wake};

use socket2::Socket;

use super::Environment;
use super::connection::Connection;
use super::publish::publish_all;
use super::runtime::IoThreads;
use super::stream::Stream;
use super::task::By;
use crate::bridge::{Poller, Turn};

/// What is read in a turn on JavaScript's thread is less. With more the I/O thread is of
/// use.
pub(super) const MANY_BYTES: u64 = 4 * 1024;

/// A socket that JavaScript's loop watches.
pub(super) struct DirectSocket {
    pub(super) socket: Socket,
    /// There is no more to read in this turn.
    all_read: AtomicBool,
}

impl DirectSocket {
    /// As tokio's, but nobody is woken: the poller sees to that.
    pub(super) fn poll_read_ready(&self) -> Poll<io::Result<()>> {
        if self.all_read.load(Ordering::Relaxed) {
            Poll::Pending
        } else {
            Poll::Ready(Ok(()))
        }
    }

    /// A read has found that there is no more.
    pub(super) fn note_all_read<T>(&self) -> io::Result<T> {
        self.all_read.store(true, Ordering::Relaxed);
        Err(io::ErrorKind::WouldBlock.into())
    }
}

impl Connection {
    /// Has JavaScript's loop watch the socket, if it can; for the I/O thread, at the end
    /// of a turn.
    #[cold]
    pub(super) fn begin_direct(self: &Arc<Self>) {
        let Some(poller) = self.inbox.poller() else {
            return;
        };
        if !self.inbox.direct.begin(self.id, Arc::clone(self) as _) {
            return;
        }
        // What JavaScript's thread finds comes behind this.
        publish_all();
        let mut place = self.stream_mut();
        let socket = place.take().and_then(|stream| stream.into_socket().ok());
        *place = socket.and_then(|socket| {
            if poller::add(poller, &socket, self.id).is_ok() {
                let all_read = AtomicBool::new(false);
                Some(Stream::Direct(DirectSocket { socket, all_read }))
            } else {
                Stream::watched(socket).ok()
            }
        });
        let direct = place.as_ref().is_some_and(Stream::is_direct);
        drop(place);
        if !direct {
            self.inbox.direct.end(self.id);
            self.wake_by_ref();
        } else if self.inbox.direct.begin_watch() {
            tokio::spawn(watch::watch(Arc::clone(&self.inbox)));
        }
    }

    /// Has tokio watch the socket again; for the I/O thread.
    #[cold]
    pub(super) fn end_direct(&self) {
        let mut place = self.stream_mut();
        *place = match place.take() {
            Some(Stream::Direct(direct)) => {
                self.forget_direct(&direct);
                Stream::watched(direct.socket).ok()
            }
            stream => stream,
        };
    }

    /// Has JavaScript's loop no longer watch the socket. Closing it would not do: Node may
    /// have another descriptor of it.
    pub(super) fn forget_direct(&self, direct: &DirectSocket) {
        if let Some(poller) = self.inbox.poller() {
            poller::delete(poller, &direct.socket);
        }
        self.inbox.direct.end(self.id);
    }

    /// Begins a turn on JavaScript's thread. Returns false if its loop does not watch the
    /// socket any more.
    pub(super) fn begin_direct_turn(&self) -> bool {
        let stream = self.stream();
        if let Some(Stream::Direct(direct)) = &*stream {
            direct.all_read.store(false, Ordering::Relaxed);
        }
        stream.as_ref().is_some_and(Stream::is_direct)
    }

    /// Whether such a turn has read all that had come.
    pub(super) fn has_read_all(&self) -> bool {
        match &*self.stream() {
            Some(Stream::Direct(direct)) => direct.all_read.load(Ordering::Relaxed),
            _ => false,
        }
    }

    /// Has the I/O thread take the next turn, which is the last unless the connection
    /// `goes_on`: of all that arises only that thread knows what it has told.
    pub(super) fn leave_to_io_thread(self: &Arc<Self>, goes_on: bool) {
        if let Some(Stream::Direct(direct)) = &*self.stream() {
            // Or JavaScript's loop would find the socket again until then.
            self.forget_direct(direct);
        }
        if !goes_on {
            self.output().terminated = true;
        }
        self.wake_by_ref();
    }
}

impl Turn for Connection {
    fn take_direct_turn(self: Arc<Self>) {
        let threads = IoThreads::shared();
        if let Some(thread) = threads.ok().and_then(|threads| threads.get(self.thread())) {
            // Its timers are that thread's.
            let _context = thread.handle.enter();
            self.take_turn(By::JavaScript);
        }
    }

    fn give_back(self: Arc<Self>) {
        self.wake();
    }
}

/// A poller for JavaScript's loop to watch.
///
/// # Errors
/// As `epoll_create1`; on other systems than Linux, that there is none.
pub fn new_poller() -> io::Result<Poller> {
    poller::create()
}

impl Environment {
    /// Gives a turn to each direct connection that has something to read. For JavaScript's
    /// thread, which takes the events next.
    pub fn take_direct_turns(&self) {
        let direct = &self.inbox.direct;
        if let Some(connection) = direct.only() {
            connection.take_direct_turn();
        } else if let Some(poller) = self.inbox.poller() {
            for id in poller::ready(poller) {
                if let Some(connection) = direct.get(id) {
                    connection.take_direct_turn();
                }
            }
        }
        direct.count_look();
    }
}
