//! The socket under a connection, in its two halves: TCP, or a UNIX socket
//! that Node opened.

use std::ffi::c_int;
use std::future::Future;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::BufMut;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};
use tokio::net::{TcpStream, tcp};
#[cfg(unix)]
use tokio::net::{UnixStream, unix};

/// `MSG_MORE`: the kernel keeps what is written until more comes, or the end.
const MORE: c_int = if cfg!(any(target_os = "linux", target_os = "android")) {
    0x8000
} else {
    0
};

/// The half that a connection's task reads.
pub(super) enum Reader {
    Tcp(tcp::OwnedReadHalf),
    #[cfg(unix)]
    Unix(unix::OwnedReadHalf),
}

/// The half that both threads of a connection write.
pub(super) enum Writer {
    Tcp(tcp::OwnedWriteHalf),
    #[cfg(unix)]
    Unix(unix::OwnedWriteHalf),
}

/// The halves of a TCP stream.
pub(super) fn split_tcp(stream: TcpStream) -> (Reader, Writer) {
    let (reader, writer) = stream.into_split();
    (Reader::Tcp(reader), Writer::Tcp(writer))
}

/// The halves of a UNIX stream.
#[cfg(unix)]
pub(super) fn split_unix(stream: UnixStream) -> (Reader, Writer) {
    let (reader, writer) = stream.into_split();
    (Reader::Unix(reader), Writer::Unix(writer))
}

impl Reader {
    /// Reads through tokio's `poll_read`, which takes a short read for the
    /// sign that there is no more and so saves a system call.
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(reader) => Pin::new(reader).poll_read(cx, buffer),
            #[cfg(unix)]
            Self::Unix(reader) => Pin::new(reader).poll_read(cx, buffer),
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
            Self::Tcp(reader) => pin!(reader.read_buf(&mut target)).poll(cx),
            #[cfg(unix)]
            Self::Unix(reader) => pin!(reader.read_buf(&mut target)).poll(cx),
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
            Self::Tcp(reader) => reader.as_ref().poll_write_ready(cx),
            #[cfg(unix)]
            Self::Unix(reader) => reader.as_ref().poll_write_ready(cx),
        }
    }
}

impl Writer {
    /// Asks the kernel without a look at what tokio knows of the socket, which
    /// is memory of its own: with many connections, none that is in the cache.
    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.socket().send(bytes) {
            // Once more, for tokio has to know what it is to wait for.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => match self {
                Self::Tcp(writer) => writer.try_write(bytes),
                #[cfg(unix)]
                Self::Unix(writer) => writer.try_write(bytes),
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
            Self::Tcp(writer) => writer.try_write_vectored(slices),
            #[cfg(unix)]
            Self::Unix(writer) => writer.try_write_vectored(slices),
        }
    }

    pub(super) async fn writable(&self) -> io::Result<()> {
        match self {
            Self::Tcp(writer) => writer.writable().await,
            #[cfg(unix)]
            Self::Unix(writer) => writer.writable().await,
        }
    }

    /// The address of our end, of a TCP stream.
    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Tcp(writer) => writer.local_addr(),
            #[cfg(unix)]
            Self::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// The address of the peer's end, of a TCP stream.
    pub(super) fn peer_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Tcp(writer) => writer.peer_addr(),
            #[cfg(unix)]
            Self::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    pub(super) fn socket(&self) -> SockRef<'_> {
        match self {
            Self::Tcp(writer) => SockRef::from(writer.as_ref()),
            #[cfg(unix)]
            Self::Unix(writer) => SockRef::from(writer.as_ref()),
        }
    }

    /// Lets go of this half. Dropping it would end our side politely, which
    /// is not for one that is being closed.
    pub(super) fn forget(self) {
        match self {
            Self::Tcp(writer) => writer.forget(),
            #[cfg(unix)]
            Self::Unix(writer) => writer.forget(),
        }
    }
}
