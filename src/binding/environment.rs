//! The one object that JavaScript holds of the core, once per environment.

#![allow(unsafe_code, reason = "a descriptor is adopted")]
#![allow(
    clippy::needless_pass_by_value,
    reason = "Node-API converts arguments to values"
)]
#![allow(
    clippy::struct_field_names,
    reason = "`address` is the name that Node gives it, and an environment here stands for one of `net`"
)]

use std::cell::RefCell;
use std::io;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use napi::bindgen_prelude::{BufferSlice, Function, Uint8Array, Uint32Array};
use napi::{Env, Error, Result};
use napi_derive::napi;

use super::engine::Engine;
use super::exchange::{Calls, Exchange, calls};
use super::waker::Waker;
use crate::bridge::{ConnectionId, Inbox, Reader};
use crate::net::{self, Connection, Dispatcher};

/// How to listen.
#[napi(object)]
pub struct ListenOptions {
    /// An IP address; absent for all.
    pub host: Option<String>,
    /// 0 for any free port.
    pub port: u32,
    /// Length of the queue of connections not yet accepted.
    pub backlog: i32,
    /// Milliseconds for a request's head; 0 for no limit.
    pub headers_timeout: u32,
}

/// A socket's address, in the shape of `net.Socket#address()`.
#[napi(object)]
pub struct Address {
    /// The IP address.
    pub address: String,
    /// `IPv4` or `IPv6`.
    pub family: String,
    /// The port.
    pub port: u32,
}

/// The core of one JavaScript environment.
#[napi]
pub struct Environment {
    environment: Arc<net::Environment>,
    exchange: Rc<RefCell<Exchange>>,
    waker: Waker,
}

#[napi]
impl Environment {
    /// `drain` is called whenever there are events to take. They are copied into
    /// `records`, and commands are read from `block`.
    ///
    /// # Errors
    /// If the I/O threads can't be started.
    #[napi(constructor, catch_unwind)]
    pub fn new(
        env: Env,
        drain: Function<'_, (), ()>,
        records: Uint32Array,
        block: Uint8Array,
    ) -> Result<Self> {
        let waker = Waker::new(env, &drain)?;
        let inbox = Arc::new(Inbox::new(Box::new(waker.clone())));
        let shares_memory = sees_foreign_memory(&env)?;
        if shares_memory {
            inbox.share_memory();
        }
        let environment = net::Environment::new(Arc::clone(&inbox));
        waker.watch_sockets(env, &environment, &drain);
        let dispatcher = Dispatcher::new(Arc::clone(&environment))
            .map_err(|error| Error::from_reason(format!("oxws can't start: {error}")))?;
        let exchange = Exchange::new(
            dispatcher,
            Reader::new(inbox),
            records,
            block,
            shares_memory,
        );
        env.add_env_cleanup_hook(Arc::clone(&environment), |environment| environment.close())?;
        Ok(Self {
            environment,
            exchange: Rc::new(RefCell::new(exchange)),
            waker,
        })
    }

    /// While `bytes` wait to be taken nothing is accepted, and no more is read
    /// than keeps pings answered.
    #[napi(catch_unwind)]
    pub fn limit_inbound(&self, bytes: u32) {
        self.environment.limit_inbound(bytes as usize);
    }

    /// The calls by which batches cross.
    ///
    /// # Errors
    /// If there is no memory for them.
    #[napi(catch_unwind)]
    pub fn calls<'env>(&self, env: &'env Env) -> Result<Calls<'env>> {
        calls(env, &self.exchange)
    }

    /// A copy of a payload in the open slab of a slot, for one whose view of the slab
    /// is another's now.
    ///
    /// # Errors
    /// If there is no memory for it.
    #[napi(catch_unwind)]
    pub fn slab_payload<'env>(
        &self,
        env: &'env Env,
        slot: u32,
        offset: u32,
        length: u32,
    ) -> Result<BufferSlice<'env>> {
        let slab = self.exchange.borrow().opened.get(&slot).cloned();
        let payload = slab.map(|slab| slab.read(offset as usize, length as usize));
        BufferSlice::from_data(env, payload.unwrap_or_default())
    }

    /// Waits until all that was flushed has been offered to the kernel, at
    /// most `milliseconds`.
    #[napi(catch_unwind)]
    pub fn settle(&self, milliseconds: u32) {
        self.exchange
            .borrow()
            .dispatcher
            .settle(Duration::from_millis(milliseconds.into()));
    }

    /// Keeps the event loop alive, or no longer.
    #[napi(catch_unwind)]
    pub fn keep_alive(&self, env: Env, keep: bool) {
        self.waker.keep_alive(env, keep);
    }

    /// Binds and listens. Returns the listener's index, or the system's error
    /// number, negative.
    #[napi(catch_unwind)]
    pub fn listen(&self, options: ListenOptions) -> i32 {
        let host = match options.host.as_deref().map(str::parse::<IpAddr>) {
            None => None,
            Some(Ok(host)) => Some(host),
            Some(Err(_)) => return -INVALID_ARGUMENT,
        };
        let Ok(port) = u16::try_from(options.port) else {
            return -INVALID_ARGUMENT;
        };
        let options = net::ListenOptions {
            host,
            port,
            backlog: options.backlog,
            headers_timeout: Duration::from_millis(options.headers_timeout.into()),
        };
        match self.environment.listen(&options) {
            Ok(server) => i32::try_from(server.id.index).unwrap_or(-INVALID_ARGUMENT),
            Err(error) => -error.raw_os_error().unwrap_or(INVALID_ARGUMENT),
        }
    }

    /// The address that a listener is bound to.
    #[napi(catch_unwind)]
    pub fn server_address(&self, server: u32) -> Option<Address> {
        let address = self.environment.server(server)?.address?;
        Some(describe(address))
    }

    /// Stops listening.
    #[napi(catch_unwind)]
    pub fn close_server(&self, server: u32) {
        if let Some(server) = self.environment.server(server) {
            server.close();
        }
    }

    /// Stops accepting and returns the descriptor of the listening socket, which
    /// is the caller's to close; -1 if there is none.
    #[napi(catch_unwind)]
    pub fn release_server(&self, server: u32) -> i32 {
        #[cfg(unix)]
        let descriptor = self
            .environment
            .server(server)
            .and_then(|server| server.release())
            .map(std::os::fd::IntoRawFd::into_raw_fd);
        #[cfg(not(unix))]
        let descriptor = None;
        descriptor.unwrap_or(-1)
    }

    /// Lets go of a listener after its last event.
    #[napi(catch_unwind)]
    pub fn forget_server(&self, server: u32) {
        self.environment.forget_server(server);
    }

    /// Drops what a connection, which is about to be terminated, has not compressed
    /// yet, and all behind it.
    #[napi(catch_unwind)]
    pub fn abandon(&self, index: u32, generation: u32) {
        if let Some(connection) = self.connection(index, generation) {
            connection.abandon();
        }
    }

    /// Bytes read and bytes written, or nothing if the connection is gone.
    #[napi(catch_unwind)]
    pub fn traffic(&self, index: u32, generation: u32) -> Option<Vec<f64>> {
        let (read, written) = self.connection(index, generation)?.traffic();
        Some(vec![to_number(read), to_number(written)])
    }

    /// The address of our end of a connection.
    #[napi(catch_unwind)]
    pub fn local_address(&self, index: u32, generation: u32) -> Option<Address> {
        let connection = self.connection(index, generation)?;
        connection.local_address().ok().map(describe)
    }

    /// The address of the peer's end of a connection.
    #[napi(catch_unwind)]
    pub fn remote_address(&self, index: u32, generation: u32) -> Option<Address> {
        let connection = self.connection(index, generation)?;
        connection.remote_address().ok().map(describe)
    }

    /// Turns TCP keep-alive on, after `delay` milliseconds without traffic
    /// (0: the system's default), or off.
    #[napi(catch_unwind)]
    pub fn set_keep_alive(&self, index: u32, generation: u32, on: bool, delay: u32) {
        let delay = on.then(|| Duration::from_millis(delay.into()));
        self.configure(index, generation, |c| c.set_keep_alive(delay));
    }

    /// Turns Nagle's algorithm off or on.
    #[napi(catch_unwind)]
    pub fn set_no_delay(&self, index: u32, generation: u32, no_delay: bool) {
        self.configure(index, generation, |c| c.set_no_delay(no_delay));
    }

    /// Drives a duplicate of a connected socket from here on, with the state of
    /// `engine`. Returns the connection's index and generation, or nothing if
    /// the socket can't be adopted; then all stays as it was.
    #[napi(catch_unwind)]
    pub fn adopt(&self, descriptor: i32, engine: &mut Engine) -> Option<Vec<u32>> {
        #[cfg(unix)]
        {
            let state = engine.state.take()?;
            // SAFETY: JavaScript passes the descriptor of a socket that it holds,
            // and no other JavaScript runs meanwhile.
            match unsafe { self.environment.adopt(descriptor, state) } {
                Ok(id) => Some(vec![id.index, id.generation]),
                Err((_, state)) => {
                    engine.state = Some(*state);
                    None
                }
            }
        }
        #[cfg(not(unix))]
        {
            let _ = (descriptor, engine);
            None
        }
    }

    fn configure(
        &self,
        index: u32,
        generation: u32,
        act: impl FnOnce(&Connection) -> io::Result<()>,
    ) {
        if let Some(connection) = self.connection(index, generation) {
            // As net.Socket, which ignores failures of these.
            let _ = act(&connection);
        }
    }

    fn connection(&self, index: u32, generation: u32) -> Option<Arc<Connection>> {
        self.environment
            .connection(ConnectionId { index, generation })
    }
}

/// Whether JavaScript can be given memory that is not its own. Where V8 has a cage
/// for all that it sees, as in Electron, it gets a copy.
fn sees_foreign_memory(env: &Env) -> Result<bool> {
    let memory = vec![0_u8];
    let address = memory.as_ptr();
    let seen = BufferSlice::from_data(env, memory)?;
    Ok(seen.as_ptr() == address)
}

/// EINVAL, for arguments that can't be meant.
const INVALID_ARGUMENT: i32 = 22;

fn describe(address: std::net::SocketAddr) -> Address {
    Address {
        address: address.ip().to_string(),
        family: if address.is_ipv4() { "IPv4" } else { "IPv6" }.to_owned(),
        port: address.port().into(),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "JavaScript's numbers are doubles; exact up to 2^53"
)]
pub(super) fn to_number(count: u64) -> f64 {
    count as f64
}
