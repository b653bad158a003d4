//! The socket under a connection: TCP, or a UNIX socket that Node opened.

#![allow(
    clippy::inline_always,
    reason = "what surrounds a call of the kernel costs most right behind it, see src/README.md"
)]

use std::ffi::c_int;
use std::io::{self, IoSlice, Read};
use std::net::SocketAddr;
#[cfg(unix)]
use std::os::fd::OwnedFd;
use std::task::{Context, Poll, ready};

use bytes::BufMut;
use socket2::{SockRef, Socket};
use tokio::io::{Interest, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

use super::direct::DirectSocket;

/// `MSG_MORE`: the kernel keeps what is written until more comes, or the end.
const MORE: c_int = if cfg!(any(target_os = "linux", target_os = "android")) {
    0x8000
} else {
    0
};

/// A read that brings less than there is room for is the sign that there is no more, for
/// tokio too. Behind a byte of urgent data there may be, to the harm of its sender alone.
const SHORT_IS_ALL: bool = cfg!(any(
    target_os = "linux",
    target_os = "android",
    target_os = "macos",
    target_os = "freebsd"
));

/// A socket, and who watches it: tokio, as a rule.
pub(super) enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
    /// JavaScript's loop.
    Direct(DirectSocket),
}

impl Stream {
    /// Has tokio watch a socket; within the context of the runtime that is to do it.
    ///
    /// # Errors
    /// As `getsockname`, as tokio, and if the socket is of another kind.
    pub(super) fn watched(socket: Socket) -> io::Result<Self> {
        let address = socket.local_addr()?;
        socket.set_nonblocking(true)?;
        #[cfg(unix)]
        if address.is_unix() {
            let stream = std::os::unix::net::UnixStream::from(OwnedFd::from(socket));
            return Ok(Self::Unix(UnixStream::from_std(stream)?));
        }
        if address.as_socket().is_some() {
            Ok(Self::Tcp(TcpStream::from_std(socket.into())?))
        } else {
            Err(io::ErrorKind::Unsupported.into())
        }
    }

    /// The socket, which nobody watches any more.
    pub(super) fn into_socket(self) -> io::Result<Socket> {
        match self {
            Self::Tcp(stream) => stream.into_std().map(Socket::from),
            #[cfg(unix)]
            Self::Unix(stream) => Ok(OwnedFd::from(stream.into_std()?).into()),
            Self::Direct(direct) => Ok(direct.socket),
        }
    }

    /// Whether JavaScript's loop watches it.
    pub(super) fn is_direct(&self) -> bool {
        matches!(self, Self::Direct(_))
    }

    /// Reads once; for whose turn it is.
    #[inline(always)]
    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = buffer.remaining();
        let length = ready!(self.poll_read_to(cx, room, |stream| {
            stream.try_read(buffer.initialize_unfilled())
        }))?;
        buffer.advance(length);
        Poll::Ready(Ok(()))
    }

    /// Reads at most `limit` bytes behind what is in `memory`, within its capacity.
    /// Returns how many.
    pub(super) fn poll_read_behind(
        &self,
        cx: &mut Context<'_>,
        memory: &mut Vec<u8>,
        limit: usize,
    ) -> Poll<io::Result<usize>> {
        if self.is_direct() {
            // Left to the I/O thread, which is woken for it.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let mut target = memory.limit(limit);
        self.poll_read_to(cx, limit, |stream| match stream {
            Self::Tcp(stream) => stream.try_read_buf(&mut target),
            #[cfg(unix)]
            Self::Unix(stream) => stream.try_read_buf(&mut target),
            Self::Direct(_) => Err(io::ErrorKind::Unsupported.into()),
        })
    }

    /// As tokio's `poll_read`, which takes the stream for itself.
    #[inline(always)]
    fn poll_read_to(
        &self,
        cx: &mut Context<'_>,
        room: usize,
        mut read: impl FnMut(&Self) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.poll_read_ready(cx))?;
            match read(self) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(length) => {
                    if SHORT_IS_ALL && length > 0 && length < room {
                        self.note_all_read();
                    }
                    return Poll::Ready(Ok(length));
                }
                error => return Poll::Ready(error),
            }
        }
    }

    /// Asks the kernel itself, as [`Self::try_write`] does.
    #[inline(always)]
    fn try_read(&self, bytes: &mut [u8]) -> io::Result<usize> {
        match (&*self.socket()).read(bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.try_read_again(bytes),
            result => result,
        }
    }

    /// Lets tokio know what it is to wait for.
    #[cold]
    fn try_read_again(&self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_read(bytes),
            #[cfg(unix)]
            Self::Unix(stream) => stream.try_read(bytes),
            Self::Direct(direct) => direct.note_all_read(),
        }
    }

    /// Saves the system call that would find that there is no more. Nothing that came
    /// since is missed: tokio learns of it on this thread, after this.
    fn note_all_read(&self) {
        let no_more = || -> io::Result<()> { Err(io::ErrorKind::WouldBlock.into()) };
        let _ = match self {
            Self::Tcp(stream) => stream.try_io(Interest::READABLE, no_more),
            #[cfg(unix)]
            Self::Unix(stream) => stream.try_io(Interest::READABLE, no_more),
            Self::Direct(direct) => direct.note_all_read(),
        };
    }

    pub(super) fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => stream.poll_read_ready(cx),
            #[cfg(unix)]
            Self::Unix(stream) => stream.poll_read_ready(cx),
            Self::Direct(direct) => direct.poll_read_ready(),
        }
    }

    pub(super) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => stream.poll_write_ready(cx),
            #[cfg(unix)]
            Self::Unix(stream) => stream.poll_write_ready(cx),
            Self::Direct(_) => {
                // Left to the I/O thread, which is woken for it.
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    /// Asks the kernel without a look at what tokio knows of the socket, which
    /// is memory of its own: with many connections, none that is in the cache.
    #[inline(always)]
    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.socket().send(bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.try_write_again(bytes),
            result => result,
        }
    }

    /// Lets tokio know what it is to wait for.
    #[cold]
    fn try_write_again(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_write(bytes),
            #[cfg(unix)]
            Self::Unix(stream) => stream.try_write(bytes),
            Self::Direct(_) => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// As [`Self::try_write`], for what is followed by the end of our side: both then
    /// leave in one segment.
    pub(super) fn try_write_last(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.socket().send_with_flags(bytes, MORE) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.try_write(bytes),
            result => result,
        }
    }

    pub(super) fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_write_vectored(slices),
            #[cfg(unix)]
            Self::Unix(stream) => stream.try_write_vectored(slices),
            Self::Direct(direct) => direct.socket.send_vectored(slices),
        }
    }

    pub(super) async fn writable(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.writable().await,
            #[cfg(unix)]
            Self::Unix(stream) => stream.writable().await,
            // Only those wait that are still opening.
            Self::Direct(_) => Ok(()),
        }
    }

    /// The address of our end, of a TCP stream.
    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        let address = self.socket().local_addr()?;
        address.as_socket().ok_or(io::ErrorKind::Unsupported.into())
    }

    /// The address of the peer's end, of a TCP stream.
    pub(super) fn peer_addr(&self) -> io::Result<SocketAddr> {
        let address = self.socket().peer_addr()?;
        address.as_socket().ok_or(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn socket(&self) -> SockRef<'_> {
        match self {
            Self::Tcp(stream) => SockRef::from(stream),
            #[cfg(unix)]
            Self::Unix(stream) => SockRef::from(stream),
            Self::Direct(direct) => SockRef::from(&direct.socket),
        }
    }
}
