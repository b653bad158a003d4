//! All that one JavaScript environment has open.

use std::future::poll_fn;
use std::io;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use super::connection::Connection;
use super::output::Output;
use super::server::{ListenOptions, Server};
use super::stream::Stream;
use crate::bridge::{ConnectionId, Inbox, Table, lock};

/// The connections and listeners of one environment: the main thread's or a
/// worker's.
pub struct Environment {
    pub(super) inbox: Arc<Inbox>,
    pub(super) connections: Mutex<Table<Arc<Connection>>>,
    servers: Mutex<Table<Arc<Server>>>,
}

impl Environment {
    /// An environment that tells `inbox` what happens.
    #[must_use]
    pub fn new(inbox: Arc<Inbox>) -> Arc<Self> {
        Arc::new(Self {
            inbox,
            connections: Mutex::default(),
            servers: Mutex::default(),
        })
    }

    /// While `bytes` wait for JavaScript nothing is accepted, and no more is
    /// read than keeps pings answered.
    pub fn limit_inbound(&self, bytes: usize) {
        self.inbox.set_limit(bytes);
    }

    /// Waits until less waits for JavaScript than may.
    pub(super) async fn room(&self) {
        poll_fn(|cx| {
            if self.inbox.poll_room(cx.waker()) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    /// Binds and listens. Returns the listener's id.
    ///
    /// # Errors
    /// As `socket`, `bind` and `listen`.
    pub fn listen(self: &Arc<Self>, options: &ListenOptions) -> io::Result<Arc<Server>> {
        let socket = super::server::bind(options)?;
        let server = lock(&self.servers)
            .insert_with(|id| Arc::new(Server::new(id, options, &socket)))
            .ok_or(io::ErrorKind::OutOfMemory)?;
        if let Err(error) = server.start(Arc::clone(self), socket) {
            lock(&self.servers).remove(server.id.index);
            return Err(error);
        }
        Ok(server)
    }

    /// A listener that has not been forgotten.
    #[must_use]
    pub fn server(&self, index: u32) -> Option<Arc<Server>> {
        lock(&self.servers).at(index).cloned()
    }

    /// Forgets a listener; its index may be used again.
    pub fn forget_server(&self, index: u32) {
        lock(&self.servers).remove(index);
    }

    /// The connection of `id`, unless JavaScript took its last event.
    #[must_use]
    pub fn connection(&self, id: ConnectionId) -> Option<Arc<Connection>> {
        lock(&self.connections).get(id).cloned()
    }

    /// Forgets a connection: JavaScript took its last event.
    pub fn forget_connection(&self, index: u32) {
        lock(&self.connections).remove(index);
    }

    /// `None` once the environment is closed.
    pub(super) fn add_connection(
        &self,
        thread: usize,
        stream: Stream,
        output: Output,
    ) -> Option<Arc<Connection>> {
        let mut connections = lock(&self.connections);
        if self.inbox.is_closed() {
            return None;
        }
        connections.insert_with(|id| {
            Arc::new(Connection::new(
                id,
                Arc::clone(&self.inbox),
                thread,
                stream,
                output,
            ))
        })
    }

    /// Closes everything, at the end of the environment.
    pub fn close(&self) {
        self.inbox.close();
        let servers: Vec<_> = lock(&self.servers).iter().cloned().collect();
        for server in servers {
            server.abort();
        }
        let connections: Vec<_> = lock(&self.connections).iter().cloned().collect();
        for connection in connections {
            connection.terminate();
        }
    }
}
