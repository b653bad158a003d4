//! The socket under a connection: TCP, or a UNIX socket that Node opened.

use std::ffi::c_int;
use std::future::Future;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::BufMut;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;

/// `MSG_MORE`: the kernel keeps what is written until more comes, or the end.
const MORE: c_int = if cfg!(any(target_os = "linux", target_os = "android")) {
    0x8000
} else {
    0
};

/// A socket that tokio watches.
pub(super) enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Stream {
    /// Reads through tokio's `poll_read`, which takes a short read for the
    /// sign that there is no more and so saves a system call.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }

    /// Reads at most `limit` bytes behind what is in `memory`, within its capacity.
    /// Returns how many.
    pub(super) fn poll_read_behind(
        &mut self,
        cx: &mut Context<'_>,
        memory: &mut Vec<u8>,
        limit: usize,
    ) -> Poll<io::Result<usize>> {
        let mut target = memory.limit(limit);
        match self {
            Self::Tcp(stream) => pin!(stream.read_buf(&mut target)).poll(cx),
            #[cfg(unix)]
            Self::Unix(stream) => pin!(stream.read_buf(&mut target)).poll(cx),
        }
    }

    pub(super) fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(reader) => reader.as_ref().poll_read_ready(cx),
            #[cfg(unix)]
            Self::Unix(reader) => reader.as_ref().poll_read_ready(cx),
        }
    }

    pub(super) fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => stream.poll_write_ready(cx),
            #[cfg(unix)]
            Self::Unix(stream) => stream.poll_write_ready(cx),
        }
    }

    /// Asks the kernel without a look at what tokio knows of the socket, which
    /// is memory of its own: with many connections, none that is in the cache.
    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.socket().send(bytes) {
            // Once more, for tokio has to know what it is to wait for.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => match self {
                Self::Tcp(stream) => stream.try_write(bytes),
                #[cfg(unix)]
                Self::Unix(stream) => stream.try_write(bytes),
            },
            result => result,
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
        }
    }

    pub(super) async fn writable(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.writable().await,
            #[cfg(unix)]
            Self::Unix(stream) => stream.writable().await,
        }
    }

    /// The address of our end, of a TCP stream.
    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Tcp(stream) => stream.local_addr(),
            #[cfg(unix)]
            Self::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// The address of the peer's end, of a TCP stream.
    pub(super) fn peer_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Tcp(stream) => stream.peer_addr(),
            #[cfg(unix)]
            Self::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    pub(super) fn socket(&self) -> SockRef<'_> {
        match self {
            Self::Tcp(stream) => SockRef::from(stream),
            #[cfg(unix)]
            Self::Unix(stream) => SockRef::from(stream),
        }
    }
}
