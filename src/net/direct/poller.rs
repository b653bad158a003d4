//! What a [`Poller`] does: on Linux it is an epoll instance, elsewhere there is none.

#[cfg(target_os = "linux")]
pub(super) use epoll::{add, create, delete, ready};
#[cfg(not(target_os = "linux"))]
pub(super) use nothing::{add, create, delete, ready};

#[cfg(target_os = "linux")]
mod epoll {
    use std::io;

    use rustix::event::Timespec;
    use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
    use socket2::Socket;

    use crate::bridge::{ConnectionId, MOST_DIRECT, Poller};

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
        let mut events = [none; MOST_DIRECT];
        let no_wait = Timespec::default();
        let count = epoll::wait(&poller.0, &mut events, Some(&no_wait)).unwrap_or(0);
        let ready = events.into_iter().take(count);
        ready.map(|event| ConnectionId::from_u64(event.data.u64()))
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
}
