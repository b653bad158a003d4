//! A listening socket and the connections it accepts.

use std::io;
#[cfg(unix)]
use std::net::Shutdown;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[cfg(unix)]
use socket2::SockRef;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::Environment;
use super::opening;
use super::publish::{publish_all, with_batch};
use super::runtime::IoThreads;
use crate::bridge::{ConnectionId, EventKind, Inbox, lock};

/// How long accepting rests after the process or the system ran out of
/// descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where and how to listen.
#[derive(Clone, Debug)]
pub struct ListenOptions {
    /// `None` for all addresses of the machine, IPv6 and IPv4.
    pub host: Option<IpAddr>,
    /// 0 for a port that is free.
    pub port: u16,
    /// Length of the kernel's queue of connections not yet accepted.
    pub backlog: i32,
    /// Time for a request's head, from its first byte or the connection's
    /// beginning on. Zero for no limit.
    pub headers_timeout: Duration,
}

/// What a listener's connections must know of it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Accepting.
    Open,
    /// No new connections; those that asked for something get their answer.
    Closing,
    /// The environment is gone.
    Aborted,
}

/// A listener.
pub struct Server {
    /// Its place among the listeners of its environment.
    pub id: ConnectionId,
    /// The address it is bound to.
    pub address: Option<SocketAddr>,
    pub(super) headers_timeout: Duration,
    phase: watch::Sender<Phase>,
    /// For whoever may want to listen in place of the core.
    #[cfg(unix)]
    duplicate: Mutex<Option<std::os::fd::OwnedFd>>,
}

impl Server {
    pub(super) fn new(
        id: ConnectionId,
        options: &ListenOptions,
        socket: &std::net::TcpListener,
    ) -> Self {
        Self {
            id,
            address: socket.local_addr().ok(),
            headers_timeout: options.headers_timeout,
            phase: watch::channel(Phase::Open).0,
            #[cfg(unix)]
            duplicate: Mutex::new(socket.try_clone().ok().map(Into::into)),
        }
    }

    /// Stops accepting, for another to listen on the same socket.
    #[cfg(unix)]
    pub fn release(&self) -> Option<std::os::fd::OwnedFd> {
        let duplicate = lock(&self.duplicate).take()?;
        self.close();
        Some(duplicate)
    }

    /// Stops listening. `ServerClosed` follows when the last connection that
    /// it accepted is gone.
    pub fn close(&self) {
        #[cfg(unix)]
        if let Some(duplicate) = lock(&self.duplicate).take() {
            // Now, not when the accepting task comes to let go of the socket.
            let _ = SockRef::from(&duplicate).shutdown(Shutdown::Both);
        }
        self.phase.send_if_modified(|phase| {
            let open = *phase == Phase::Open;
            if open {
                *phase = Phase::Closing;
            }
            open
        });
    }

    pub(super) fn abort(&self) {
        #[cfg(unix)]
        drop(lock(&self.duplicate).take());
        self.phase.send_replace(Phase::Aborted);
    }

    pub(super) fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    pub(super) fn start(
        self: &Arc<Self>,
        environment: Arc<Environment>,
        socket: std::net::TcpListener,
    ) -> io::Result<()> {
        let threads = IoThreads::shared()?;
        let number = threads.next();
        let thread = threads.get(number).ok_or(io::ErrorKind::NotFound)?;
        let listener = {
            let _context = thread.handle.enter();
            TcpListener::from_std(socket)?
        };
        let guard = Guard::new(Arc::clone(self), &environment);
        thread
            .handle
            .spawn(accept_all(listener, number, threads, environment, guard));
        Ok(())
    }
}

/// Held by the accepting task and by each accepted connection; when the last
/// one is gone JavaScript is told.
pub(super) struct Guard {
    pub(super) server: Arc<Server>,
    inbox: Arc<Inbox>,
}

impl Guard {
    pub(super) fn new(server: Arc<Server>, environment: &Environment) -> Arc<Self> {
        Arc::new(Self {
            server,
            inbox: Arc::clone(&environment.inbox),
        })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let inbox = Arc::clone(&self.inbox);
        let index = self.server.id.index;
        let Ok(threads) = IoThreads::shared() else {
            return;
        };
        let Some(first) = threads.get(0) else {
            return;
        };
        first.handle.spawn(async move {
            // Other threads may hold events of this listener's connections,
            // which come first.
            for thread in threads.iter() {
                let _ = thread.handle.spawn(async { publish_all() }).await;
            }
            with_batch(&inbox, |batch| {
                batch.push(EventKind::ServerClosed, 0, index, 0);
            });
        });
    }
}

/// Binds and listens without blocking.
pub(super) fn bind(options: &ListenOptions) -> io::Result<std::net::TcpListener> {
    match options.host {
        Some(host) => bind_to(host, options),
        None => bind_to(Ipv6Addr::UNSPECIFIED.into(), options).or_else(|error| {
            // As Node: all of IPv4 where the system has no IPv6.
            if error.kind() == io::ErrorKind::AddrInUse {
                Err(error)
            } else {
                bind_to(Ipv4Addr::UNSPECIFIED.into(), options)
            }
        }),
    }
}

fn bind_to(host: IpAddr, options: &ListenOptions) -> io::Result<std::net::TcpListener> {
    let address = SocketAddr::new(host, options.port);
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    if host == Ipv6Addr::UNSPECIFIED {
        socket.set_only_v6(false)?;
    }
    socket.set_nonblocking(true)?;
    // The sockets that are accepted have it from this one.
    #[cfg(unix)]
    socket.set_tcp_nodelay(true)?;
    socket.bind(&address.into())?;
    socket.listen(options.backlog)?;
    Ok(socket.into())
}

async fn accept_all(
    listener: TcpListener,
    own_thread: usize,
    threads: &'static IoThreads,
    environment: Arc<Environment>,
    guard: Arc<Guard>,
) {
    let mut phase = guard.server.phase();
    loop {
        // While JavaScript is far behind, connections wait in the kernel's queue.
        let accepted = async {
            environment.room().await;
            listener.accept().await
        };
        let accepted = tokio::select! {
            accepted = accepted => accepted,
            _ = phase.wait_for(|phase| *phase != Phase::Open) => return,
        };
        match accepted {
            Ok((stream, _)) => {
                let number = threads.next();
                let task = (Arc::clone(&environment), Arc::clone(&guard));
                if number == own_thread {
                    tokio::spawn(opening::serve(stream, number, task.0, task.1));
                } else if let Some(thread) = threads.get(number)
                    && let Ok(stream) = stream.into_std()
                {
                    thread.handle.spawn(async move {
                        if let Ok(stream) = TcpStream::from_std(stream) {
                            opening::serve(stream, number, task.0, task.1).await;
                        }
                    });
                }
            }
            Err(error) if is_exhaustion(&error) => tokio::select! {
                () = tokio::time::sleep(ACCEPT_PAUSE) => {}
                _ = phase.wait_for(|phase| *phase != Phase::Open) => return,
            },
            // That one connection failed before it was accepted.
            Err(_) => tokio::task::yield_now().await,
        }
    }
}

/// Whether accepting would fail again at once: no descriptors, no memory.
fn is_exhaustion(error: &io::Error) -> bool {
    !matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
            | io::ErrorKind::PermissionDenied
    )
}
