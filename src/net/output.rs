//! What a connection still has to write, and writing it.
//!
//! Bytes that the kernel does not take at once wait in one queue; as long as
//! it holds any, everything goes behind them. Marks remember where frames end,
//! to know what is still buffered, which callbacks are due, and when a close
//! frame is out.

mod commands;
mod guard;
mod writing;

pub(super) use guard::OutputGuard;

use std::collections::VecDeque;
use std::net::Shutdown;
use std::num::NonZeroI32;
use std::sync::Arc;

use super::config::ConnectionConfig;
use super::encoder::Encoder;
use super::queue::Queue;
use super::stream::Stream;
use crate::protocol::{ClosingHandshake, Control, Limits, Role};

/// The end of a frame in the stream of bytes.
#[derive(Copy, Clone)]
struct Mark {
    /// Bytes of the connection up to here.
    end: u64,
    /// Payload bytes that count as buffered until the kernel took the frame.
    payload: usize,
    kind: MarkKind,
    acknowledge: bool,
}

#[derive(Copy, Clone, PartialEq, Eq)]
enum MarkKind {
    Plain,
    AutoPong,
    Close,
}

/// Frames that were encoded and not offered to the kernel yet; one for each
/// thread, so that connections own no buffer while nothing waits.
#[derive(Default)]
struct Scratch {
    bytes: Vec<u8>,
    marks: Vec<Mark>,
}

/// What a connection has while the kernel does not take all.
#[derive(Default)]
struct Waiting {
    queue: Queue,
    /// Where frames end of which something waits, in order.
    marks: VecDeque<Mark>,
    /// Payload bytes of these frames.
    buffered: usize,
}

/// Bytes that count as received, which few connections ever have.
#[derive(Default)]
pub(super) struct Injected(pub(super) Vec<u8>);

/// The sending half of a connection.
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts that come about independently, not one state"
)]
pub(super) struct Output {
    /// Set by `Upgrade` until the task takes it.
    pub(super) config: Option<Arc<ConnectionConfig>>,
    /// The task has something for which it needs `config`.
    pub(super) config_is_awaited: bool,
    encoder: Encoder,
    role: Role,
    /// Bytes that count as received from the peer, if there are any.
    pub(super) injected: Option<Box<Injected>>,
    /// None while nothing waits: a connection owns no buffer then.
    waiting: Option<Box<Waiting>>,
    /// All bytes the kernel took.
    written: u64,
    pending_auto_pongs: u32,
    /// Commands that asked to know and whose bytes the kernel took, not yet
    /// told.
    acknowledged: u32,
    pub(super) closing: ClosingHandshake,
    /// Our side is to be ended when the queue is empty.
    pub(super) ending: bool,
    /// Our side was ended.
    pub(super) ended: bool,
    /// The peer ended its side; what the connection's `end_of_stream` tells without a lock.
    pub(super) peer_ended: bool,
    pub(super) terminated: bool,
    /// JavaScript has not been told that the peer ended its side, and will be with the
    /// connection's end.
    pub(super) end_is_untold: bool,
    /// The connection was given up before a frame was compressed: neither it nor what
    /// follows is sent.
    dropping: bool,
    /// Commands that asked to know and were not sent for that reason.
    dropped: u32,
    /// Writing failed: nothing more goes out.
    pub(super) failed: bool,
    /// The system's number of the error by which it failed.
    pub(super) error: Option<NonZeroI32>,
    /// The transport is to be closed by a reset.
    pub(super) resetting: bool,
    /// What is received is also wanted as it comes.
    pub(super) tapped: bool,
    pub(super) paused: bool,
    /// JavaScript answers pings.
    leaves_pings: bool,
}

impl Output {
    /// `written` bytes have been written before.
    pub(super) fn new(written: u64) -> Self {
        Self {
            config: None,
            config_is_awaited: false,
            encoder: Encoder::default(),
            role: Role::Server,
            injected: None,
            waiting: None,
            written,
            pending_auto_pongs: 0,
            acknowledged: 0,
            closing: ClosingHandshake::default(),
            ending: false,
            ended: false,
            peer_ended: false,
            terminated: false,
            end_is_untold: false,
            dropping: false,
            dropped: 0,
            failed: false,
            error: None,
            resetting: false,
            tapped: false,
            paused: false,
            leaves_pings: false,
        }
    }

    /// Goes on with what encoded a connection's frames before.
    pub(super) fn with_encoder(mut self, encoder: Encoder, role: Role) -> Self {
        self.encoder = encoder;
        self.role = role;
        self
    }

    /// Whether bytes wait for the kernel.
    pub(super) fn is_blocked(&self) -> bool {
        self.length() > 0
    }

    /// Whether there is nothing that a turn has to know: nothing waits, nobody wants
    /// an end, and what the peer sends is read as it comes. The configuration is not
    /// part of it: who waits for that looks under the lock.
    fn is_at_rest(&self) -> bool {
        let ends = self.ending || self.ended || self.terminated || self.failed;
        let waits = self.waiting.is_some() || self.injected.is_some() || self.acknowledged > 0;
        !(ends || waits || self.paused || self.closing.is_started())
    }

    /// Payload bytes of messages that the kernel has not taken.
    pub(super) fn buffered(&self) -> usize {
        self.waiting.as_ref().map_or(0, |waiting| waiting.buffered)
    }

    /// All bytes that the kernel took.
    pub(super) fn bytes_written(&self) -> u64 {
        self.written
    }

    /// Commands that asked to know and were dropped before they were compressed.
    pub(super) fn dropped(&self) -> u32 {
        self.dropped
    }

    /// The transport is gone.
    pub(super) fn discard(&mut self) {
        self.waiting = None;
    }

    /// How many more commands that asked to know are out.
    pub(super) fn take_acknowledged(&mut self) -> u32 {
        std::mem::take(&mut self.acknowledged)
    }

    /// Queues the answer to a ping; too many that the peer does not take end
    /// the connection.
    pub(super) fn auto_pong(&mut self, stream: &Stream, payload: &[u8], limits: &Limits) {
        if self.leaves_pings || !self.closing.may_send_pong() || self.terminated || self.failed {
            return;
        }
        // Those of this very turn have not been offered to the kernel yet.
        while !limits.allows_auto_pong(self.pending_auto_pongs) && !self.flush(stream) {}
        if limits.allows_auto_pong(self.pending_auto_pongs) {
            self.pending_auto_pongs += 1;
            self.control(Control::Pong, payload, MarkKind::AutoPong);
        } else {
            self.terminated = true;
        }
    }

    /// Queues a ping of the core's own.
    pub(super) fn ping(&mut self) {
        if !(self.closing.is_close_queued() || self.terminated || self.failed) {
            self.control(Control::Ping, &[], MarkKind::Plain);
        }
    }

    fn control(&mut self, opcode: Control, payload: &[u8], kind: MarkKind) {
        let waiting = self.waiting.get_or_insert_default();
        waiting
            .queue
            .append(|out| Encoder::control(self.role, opcode, payload, out));
        waiting.marks.push_back(Mark {
            end: self.written + waiting.queue.len() as u64,
            payload: 0,
            kind,
            acknowledge: false,
        });
    }

    /// Notes that a frame ends where `scratch` ends now.
    fn mark(&self, scratch: &mut Scratch, payload: usize, kind: MarkKind, acknowledge: bool) {
        let before = self.length() + scratch.bytes.len();
        scratch.marks.push(Mark {
            end: self.written + before as u64,
            payload,
            kind,
            acknowledge,
        });
    }

    /// Ends our side, once.
    pub(super) fn end(&mut self, stream: &Stream) {
        if self.ended {
            return;
        }
        self.ended = true;
        let ended = stream.socket().shutdown(Shutdown::Write);
        // There is no transport any more.
        self.terminated |= ended.is_err();
    }

    /// The transport takes nothing any more.
    pub(super) fn fail(&mut self) {
        self.settle();
        self.failed = true;
        self.waiting = None;
    }

    /// Draws the conclusions from what has been written.
    fn settle(&mut self) {
        while let Some(waiting) = &mut self.waiting
            && let Some(mark) = waiting.marks.front().copied()
            && mark.end <= self.written
        {
            waiting.marks.pop_front();
            waiting.buffered = waiting.buffered.saturating_sub(mark.payload);
            self.conclude(mark);
        }
        if let Some(waiting) = &self.waiting
            && waiting.marks.is_empty()
            && waiting.queue.len() == 0
        {
            self.waiting = None;
        }
    }

    /// The kernel took all bytes up to `mark`.
    fn conclude(&mut self, mark: Mark) {
        self.acknowledged += u32::from(mark.acknowledge);
        match mark.kind {
            MarkKind::Plain => {}
            MarkKind::AutoPong => self.pending_auto_pongs -= 1,
            MarkKind::Close => self.closing.handle_close_sent(),
        }
    }
}
