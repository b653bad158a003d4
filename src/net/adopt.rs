//! Taking over sockets that Node opened.
//!
//! Node keeps its descriptor, so that its `net.Socket` goes on to exist; a
//! duplicate is driven here. Both stand for one socket: what is shut down
//! through one is for the other.

#![allow(
    unsafe_code,
    reason = "a descriptor arrives as the number by which Node knows it"
)]

use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::sync::Arc;

use socket2::Socket;

use super::Environment;
use super::engine::Engine;
use super::output::Output;
use super::runtime::IoThreads;
use super::stream::Stream;
use super::task::ConnectionTask;
use crate::bridge::ConnectionId;

impl Environment {
    /// Drives a duplicate of a connected TCP or UNIX socket from here on.
    /// `engine` goes on where it stands.
    ///
    /// # Errors
    /// As `dup` and `getsockname`, and if the socket is of another kind. The
    /// engine is then given back.
    ///
    /// # Safety
    /// `descriptor` must be open for the length of this call.
    pub unsafe fn adopt(
        self: &Arc<Self>,
        descriptor: RawFd,
        engine: Engine,
    ) -> Result<ConnectionId, (io::Error, Box<Engine>)> {
        let adopted = || -> io::Result<_> {
            // SAFETY: the caller holds it open.
            let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
            let threads = IoThreads::shared()?;
            let number = threads.next();
            let thread = threads.get(number).ok_or(io::ErrorKind::NotFound)?;
            let _context = thread.handle.enter();
            let socket = Socket::from(borrowed.try_clone_to_owned()?);
            Ok((number, Stream::watched(socket)?))
        };
        let (number, stream) = match adopted() {
            Ok(parts) => parts,
            Err(error) => return Err((error, Box::new(engine))),
        };
        let mut engine = engine;
        let output = Output::new(0).with_encoder(engine.take_encoder(), engine.config.role);
        let Some(connection) = self.add_connection(number, stream, output) else {
            return Err((io::ErrorKind::NotConnected.into(), Box::new(engine)));
        };
        let id = connection.id;
        connection.start(ConnectionTask::adopted(&connection, engine));
        Ok(id)
    }
}
