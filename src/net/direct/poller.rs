//! What a [`Poller`] does: on Linux it is an epoll instance, elsewhere there is none.

#![allow(unsafe_code, reason = "tokio takes descriptors on trust")]

#[cfg(target_os = "linux")]
pub(super) use epoll::{add, create, delete, is_readable, ready, watched};
#[cfg(not(target_os = "linux"))]
pub(super) use nothing::{add, create, delete, is_readable, ready, watched};

#[cfg(target_os = "linux")]
mod epoll {
    use std::io;
    use std::os::fd::{AsFd, BorrowedFd};

    use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use socket2::Socket;
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    use crate::bridge::{ConnectionId, Poller};

    /// Sockets that are looked for at a time; those that are more wait until the next.
    const MOST_READY: usize = 64;

    pub(in crate::net::direct) fn create() -> io::Result<Poller> {
        Ok(Poller(epoll::create(CreateFlags::CLOEXEC)?))
    }

    /// Watches what there is to read.
    pub(in crate::net::direct) fn add(
        poller: &Poller,
        socket: &Socket,
        id: ConnectionId,
    ) -> io::Result<()> {
        let data = EventData::new_u64(id.to_u64());
        Ok(epoll::add(&poller.0, socket, data, EventFlags::IN)?)
    }

    pub(in crate::net::direct) fn delete(poller: &Poller, socket: &Socket) {
        let _ = epoll::delete(&poller.0, socket);
    }

    /// Those that have something to read now.
    pub(in crate::net::direct) fn ready(poller: &Poller) -> impl Iterator<Item = ConnectionId> {
        let none = Event {
            flags: EventFlags::empty(),
            data: EventData::new_u64(0),
        };
        let mut events = [none; MOST_READY];
        let no_wait = Timespec::default();
        let count = epoll::wait(&poller.0, &mut events, Some(&no_wait)).unwrap_or(0);
        let ready = events.into_iter().take(count);
        ready.map(|event| ConnectionId::from_u64(event.data.u64()))
    }

    /// Whether a socket has something to read now.
    pub(in crate::net::direct) fn is_readable(poller: &Poller) -> bool {
        let mut watched = [PollFd::new(&poller.0, PollFlags::IN)];
        poll(&mut watched, Some(&Timespec::default())).is_ok_and(|count| count > 0)
    }

    /// Has tokio watch the poller, too.
    ///
    /// # Errors
    /// As `epoll_ctl`.
    pub(in crate::net::direct) fn watched(poller: &Poller) -> io::Result<Watched<'_>> {
        // SAFETY: the descriptor is borrowed for longer, so it stays open and what it is.
        let watched =
            unsafe { AsyncFd::register_with_interest(poller.0.as_fd(), Interest::READABLE) }?;
        Ok(Watched(watched))
    }

    /// A poller that tokio watches.
    pub(in crate::net::direct) struct Watched<'a>(AsyncFd<BorrowedFd<'a>>);

    impl Watched<'_> {
        /// Waits until something comes in.
        ///
        /// # Errors
        /// If the runtime is going down.
        pub(in crate::net::direct) async fn readable(&self) -> io::Result<()> {
            self.0.readable().await.map(|mut guard| guard.clear_ready())
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod nothing {
    use std::io;

    use socket2::Socket;

    use crate::bridge::{ConnectionId, Poller};

    pub(in crate::net::direct) fn create() -> io::Result<Poller> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(in crate::net::direct) fn add(_: &Poller, _: &Socket, _: ConnectionId) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(in crate::net::direct) fn delete(_: &Poller, _: &Socket) {}

    pub(in crate::net::direct) fn ready(_: &Poller) -> impl Iterator<Item = ConnectionId> {
        std::iter::empty()
    }

    pub(in crate::net::direct) fn is_readable(_: &Poller) -> bool {
        false
    }

    pub(in crate::net::direct) fn watched(_: &Poller) -> io::Result<Watched> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(in crate::net::direct) struct Watched;

    impl Watched {
        pub(in crate::net::direct) async fn readable(&self) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }
    }
}
