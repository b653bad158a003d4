//! What a connection has of the protocol, without a socket.
//!
//! The task of a connection holds one, and so does a relay, whose bytes Node
//! moves. A relay's engine goes over to the task as it is when the descriptor
//! of its socket is adopted, in the middle of a message if need be.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::config::ConnectionConfig;
use super::encoder::Encoder;
use crate::protocol::{Expired, ProtocolError, Receiver, Sink, Timers};

/// The protocol's state of one connection.
pub struct Engine {
    pub(super) config: Arc<ConnectionConfig>,
    pub(super) receiver: Receiver,
    pub(super) timers: Timers,
    /// Encodes frames, as long as there is no output to do it.
    pub encoder: Encoder,
}

impl Engine {
    /// The engine of a connection that opens now.
    #[must_use]
    pub fn new(config: impl Into<Arc<ConnectionConfig>>) -> Self {
        let config = config.into();
        Self {
            receiver: Receiver::new(Arc::clone(&config.receiver)),
            timers: Timers::new(Instant::now(), config.heartbeat),
            encoder: Encoder::new(&config),
            config,
        }
    }

    /// What encodes frames, for the output that goes on with it.
    pub(super) fn take_encoder(&mut self) -> Encoder {
        std::mem::replace(&mut self.encoder, Encoder::new(&self.config))
    }

    /// Decodes what the peer sent.
    ///
    /// # Errors
    /// If the peer broke the protocol or a limit; nothing after it counts.
    pub fn receive<S: Sink>(
        &mut self,
        bytes: &mut [u8],
        sink: &mut S,
    ) -> Result<(), ProtocolError> {
        self.timers.handle_received();
        self.receiver.handle_input(bytes, sink)
    }

    /// We stopped or resumed reading.
    pub fn handle_reading_suspended(&mut self, suspended: bool) {
        self.timers
            .handle_reading_suspended(Instant::now(), suspended);
    }

    /// What is due by the heartbeat now, and the time until something is.
    pub fn handle_timeout(&mut self) -> (Option<Expired>, Option<Duration>) {
        let now = Instant::now();
        let expired = self.timers.handle_timeout(now);
        let deadline = self.timers.poll_deadline();
        let wait = deadline.map(|deadline| deadline.saturating_duration_since(now));
        (expired, wait)
    }
}
