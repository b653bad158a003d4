//! An upgraded connection's protocol state, and what it means for its socket.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use tokio::io::ReadBuf;
use tokio::time::{Instant, Sleep};

use super::config::ConnectionConfig;
use super::connection::Connection;
use super::engine::Engine;
use super::publish::with_batch;
use super::stream::Stream;
use super::task::READ_BUFFER;
use crate::bridge::{Batch, EventKind, SHARED_PAYLOAD};
use crate::protocol::{Expired, Payload, ProtocolError, Receiver, Role, Sink, Timers};

/// Bytes that may wait for JavaScript from a connection even when all together
/// are too many: the others' flood must not keep its pings from being answered.
const RESERVE: usize = 4 * 1024;

/// RFC 6455 §5.2: bytes before a payload, at most, and before one of 126 to 65,535
/// bytes that is masked, or is not.
const MAX_FRAME_HEADER: usize = 14;
const MASKED_HEADER: usize = 8;
const UNMASKED_HEADER: usize = 4;

/// The receiving half of a connection and its timers.
pub(super) struct Framing {
    config: Arc<ConnectionConfig>,
    receiver: Receiver,
    timers: Timers,
    sleep: Option<Pin<Box<Sleep>>>,
    closing_timed: bool,
    /// The peer began: our close frame came later than the timer.
    timed_early: bool,
    /// We do not read, by JavaScript's wish or because it is behind.
    suspended: bool,
    /// KiB of the last message, if it is worth being read to where JavaScript will see
    /// it, and came whole.
    expected: u8,
}

impl Framing {
    pub(super) fn new(engine: Engine) -> Self {
        let Engine {
            config,
            receiver,
            timers,
            encoder: _,
        } = engine;
        Self {
            config,
            receiver,
            timers,
            sleep: None,
            closing_timed: false,
            timed_early: false,
            suspended: false,
            expected: 0,
        }
    }

    /// Where the next bytes from the peer are to be read to, if they are of a large
    /// message, and how many of them at most.
    pub(super) fn message_memory(
        &mut self,
        connection: &Connection,
    ) -> Option<(&mut Vec<u8>, usize)> {
        // Who is told of bytes as they come is told of all.
        if connection.is_tapped() {
            return None;
        }
        self.receiver.message_memory()
    }

    /// Decodes `length` bytes that were read to there.
    pub(super) fn handle_read(
        &mut self,
        connection: &Arc<Connection>,
        stream: &Stream,
        length: usize,
    ) {
        self.decode(connection, stream, |receiver, inbound| {
            receiver.handle_read(length, inbound)
        });
    }

    /// Whether the next message is likely to be worth [`read_in_place`](Self::read_in_place).
    pub(super) fn reads_in_place(&self, connection: &Connection) -> bool {
        // Who is told of bytes as they come is told of them as they are.
        self.expected > 0 && !connection.is_tapped()
    }

    /// Has bytes read to memory that JavaScript sees, so that a message need not be
    /// copied there, and decodes them. Returns how many. `None` if there is no such
    /// memory.
    pub(super) fn read_in_place(
        &mut self,
        connection: &Arc<Connection>,
        stream: &Stream,
        read: impl FnOnce(&mut ReadBuf<'_>) -> Poll<io::Result<()>>,
    ) -> Option<Poll<io::Result<usize>>> {
        let least = usize::from(self.expected) * 1024 + MAX_FRAME_HEADER;
        let lead = match self.config.receiver.role {
            Role::Server => MASKED_HEADER,
            Role::Client => UNMASKED_HEADER,
        };
        with_batch(&connection.inbox, |batch| {
            batch.read_to_slab(least, lead, |batch, memory| {
                let mut buffer = ReadBuf::new(memory);
                ready!(read(&mut buffer))?;
                let bytes = buffer.filled_mut();
                let length = bytes.len();
                connection.count_read(length);
                if length > 0 {
                    self.decode_into(batch, connection, stream, |receiver, inbound| {
                        receiver.handle_input(bytes, inbound)
                    });
                }
                Poll::Ready(Ok(length))
            })
        })
    }

    /// Decodes what the peer sent and tells JavaScript.
    pub(super) fn receive(
        &mut self,
        connection: &Arc<Connection>,
        stream: &Stream,
        bytes: &mut [u8],
    ) {
        let tapped = connection.is_tapped();
        self.decode(connection, stream, |receiver, inbound| {
            if tapped {
                inbound.push(EventKind::Raw, 0, bytes);
            }
            receiver.handle_input(bytes, inbound)
        });
    }

    fn decode(
        &mut self,
        connection: &Arc<Connection>,
        stream: &Stream,
        decode: impl FnOnce(&mut Receiver, &mut Inbound<'_>) -> Result<(), ProtocolError>,
    ) {
        with_batch(&connection.inbox, |batch| {
            self.decode_into(batch, connection, stream, decode);
        });
    }

    fn decode_into(
        &mut self,
        batch: &mut Batch,
        connection: &Arc<Connection>,
        stream: &Stream,
        decode: impl FnOnce(&mut Receiver, &mut Inbound<'_>) -> Result<(), ProtocolError>,
    ) {
        self.timers.handle_received();
        let mut inbound = Inbound {
            batch,
            connection,
            stream,
            config: &self.config,
            cost: 0,
            expected: self.expected,
        };
        let result = decode(&mut self.receiver, &mut inbound);
        self.expected = inbound.expected;
        let cost = inbound.cost;
        if let Err(error) = result {
            connection.output().closing.handle_failed();
            batch.push(
                EventKind::Error,
                error.number().into(),
                connection.id.index,
                error.parameter().into(),
            );
        }
        if cost > 0 {
            connection.charge(cost);
            batch.charge(Arc::clone(connection) as _, cost);
        }
    }

    /// How many bytes may be read now. If none, the task is woken when some may.
    pub(super) fn allowance(&mut self, connection: &Connection, waker: &Waker) -> usize {
        let allowance = self.find_allowance(connection, waker);
        let suspended = allowance == 0;
        if self.suspended != suspended {
            self.suspended = suspended;
            self.timers
                .handle_reading_suspended(Instant::now().into_std(), suspended);
        }
        allowance
    }

    fn find_allowance(&self, connection: &Connection, waker: &Waker) -> usize {
        if self.receiver.is_finished() {
            // Only to be discarded, until the peer ends.
            READ_BUFFER
        } else if connection
            .restless_output()
            .is_some_and(|output| output.paused)
            || !connection.inbound_has_room()
        {
            0
        } else if connection.inbox.has_room() {
            READ_BUFFER
        } else if connection.untaken() < RESERVE {
            RESERVE
        } else if connection.inbox.poll_room(waker) {
            READ_BUFFER
        } else {
            0
        }
    }

    /// Whether what comes is only discarded.
    pub(super) fn is_finished(&self) -> bool {
        self.receiver.is_finished()
    }

    /// Whether what it does in a turn is little enough for JavaScript's thread.
    pub(super) fn may_be_direct(&self) -> bool {
        self.config.deflate.is_none() && !self.receiver.is_finished()
    }

    /// Ready when time is up for this connection.
    pub(super) fn poll_timers(
        &mut self,
        connection: &Connection,
        stream: &Stream,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let mut answered = false;
        if let Some(output) = connection.restless_output() {
            answered = output.ending || output.closing.is_close_queued();
            if answered || output.closing.is_last_of_ours() {
                self.time_closing(answered);
            }
        }
        while let Some(deadline) = self.timers.poll_deadline() {
            let deadline = Instant::from_std(deadline);
            let sleep = self
                .sleep
                .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
            if sleep.deadline() != deadline {
                sleep.as_mut().reset(deadline);
            }
            ready!(sleep.as_mut().poll(cx));
            match self.timers.handle_timeout(Instant::now().into_std()) {
                Some(Expired::SendPing) => {
                    let mut output = connection.output();
                    output.ping();
                    output.flush(stream);
                }
                // Our close frame is yet to come, or came since: its time is whole.
                Some(Expired::CloseTimeout) if self.timed_early => {
                    self.timers = Timers::new(Instant::now().into_std(), None);
                    self.closing_timed = false;
                    self.time_closing(answered);
                }
                Some(Expired::HeartbeatMissed | Expired::CloseTimeout) => return Poll::Ready(()),
                None => {}
            }
        }
        self.sleep = None;
        Poll::Pending
    }

    fn time_closing(&mut self, answered: bool) {
        if !self.closing_timed {
            self.closing_timed = true;
            self.timed_early = !answered;
            let now = Instant::now().into_std();
            self.timers
                .handle_closing_started(now, self.config.close_timeout);
        }
    }
}

/// Turns what the receiver finds into events.
struct Inbound<'a> {
    batch: &'a mut Batch,
    connection: &'a Connection,
    stream: &'a Stream,
    config: &'a ConnectionConfig,
    cost: usize,
    /// See [`Framing`].
    expected: u8,
}

impl Inbound<'_> {
    fn push(&mut self, kind: EventKind, detail: u32, payload: &[u8]) {
        let index = self.connection.id.index;
        self.cost += self.batch.push_payload(kind, detail, index, payload);
    }
}

impl Sink for Inbound<'_> {
    fn message(&mut self, binary: bool, payload: Payload<'_>, fragments: &[u32]) {
        if binary && !fragments.is_empty() {
            self.push(EventKind::Fragments, 0, &fragment_words(fragments));
        }
        let kind = if binary {
            EventKind::Binary
        } else {
            EventKind::Text
        };
        match payload {
            Payload::Borrowed(payload) => {
                self.expected = expected_after(payload.len());
                self.push(kind, 0, payload);
            }
            Payload::Owned(payload) => {
                self.expected = 0;
                let index = self.connection.id.index;
                self.cost += self.batch.push_owned(kind, 0, index, payload);
            }
        }
    }

    fn ping(&mut self, payload: &[u8]) {
        self.push(EventKind::Ping, 0, payload);
        if self.config.auto_pong {
            let mut output = self.connection.output();
            output.auto_pong(self.stream, payload, &self.config.limits);
        }
    }

    fn pong(&mut self, payload: &[u8]) {
        self.push(EventKind::Pong, 0, payload);
    }

    fn close(&mut self, code: u16, reason: &[u8]) {
        self.connection.output().closing.handle_close_received();
        self.push(EventKind::Close, code.into(), reason);
    }
}

/// What is to be expected after a message of `length` bytes that came whole.
fn expected_after(length: usize) -> u8 {
    if !(SHARED_PAYLOAD..=READ_BUFFER).contains(&length) {
        return 0;
    }
    u8::try_from(length.div_ceil(1024)).unwrap_or(0)
}

/// The payload of a `Fragments` event: the lengths of a message's fragments.
#[must_use]
pub fn fragment_words(lengths: &[u32]) -> Vec<u8> {
    lengths
        .iter()
        .flat_map(|length| length.to_ne_bytes())
        .collect()
}
