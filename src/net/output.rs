//! What a connection still has to write, and writing it.
//!
//! Bytes that the kernel does not take at once wait in one queue; as long as
//! it holds any, everything goes behind them. Marks remember where frames end,
//! to know what is still buffered, which callbacks are due, and when a close
//! frame is out.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;

use super::config::ConnectionConfig;
use super::encoder::{Encoder, VECTORED_PAYLOAD};
use super::queue::Queue;
use super::stream::Writer;
use crate::bridge::{Command, CommandKind, flag};
use crate::protocol::{ClosingHandshake, Control, Limits, OpCode};

/// Bytes written in a row before the other side of the lock, and the other
/// connections of the thread, have their turn.
const WRITTEN_IN_A_ROW: usize = 1024 * 1024;

/// Bytes of its scratch that a thread keeps.
const SCRATCH_KEPT: usize = 256 * 1024;

/// Marks that a connection keeps room for while nothing waits.
const MARKS_KEPT: usize = 16;

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

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
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
    stream: Option<Writer>,
    /// The connection's task.
    waker: Option<Waker>,
    /// Set by `Upgrade` until the task takes it.
    pub(super) config: Option<Arc<ConnectionConfig>>,
    /// The task has something for which it needs `config`.
    pub(super) config_is_awaited: bool,
    encoder: Encoder,
    /// Bytes that count as received from the peer, if there are any.
    pub(super) injected: Option<Box<Injected>>,
    /// None while nothing waits: a connection owns no buffer then.
    queue: Option<Box<Queue>>,
    /// All bytes the kernel took.
    written: u64,
    marks: VecDeque<Mark>,
    buffered: usize,
    pending_auto_pongs: u32,
    /// Commands that asked to know and whose bytes the kernel took, not yet
    /// told.
    acknowledged: u32,
    pub(super) closing: ClosingHandshake,
    /// Our side is to be ended when the queue is empty.
    pub(super) ending: bool,
    /// Our side was ended.
    pub(super) ended: bool,
    /// The peer ended its side.
    pub(super) peer_ended: bool,
    pub(super) terminated: bool,
    /// The connection was given up before a frame was compressed: neither it nor what
    /// follows is sent.
    dropping: bool,
    /// Commands that asked to know and were not sent for that reason.
    dropped: u32,
    /// Writing failed: nothing more goes out.
    pub(super) failed: bool,
    /// The system's number of the error by which it failed.
    pub(super) error: Option<i32>,
    /// The transport is to be closed by a reset.
    pub(super) resetting: bool,
    /// What is received is also wanted as it comes.
    pub(super) tapped: bool,
    pub(super) paused: bool,
    /// JavaScript answers pings.
    leaves_pings: bool,
}

impl Output {
    /// `written` bytes have been written to `stream` before.
    pub(super) fn new(stream: Writer, written: u64) -> Self {
        Self {
            stream: Some(stream),
            waker: None,
            config: None,
            config_is_awaited: false,
            encoder: Encoder::default(),
            injected: None,
            queue: None,
            written,
            marks: VecDeque::new(),
            buffered: 0,
            pending_auto_pongs: 0,
            acknowledged: 0,
            closing: ClosingHandshake::default(),
            ending: false,
            ended: false,
            peer_ended: false,
            terminated: false,
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
    pub(super) fn with_encoder(mut self, encoder: Encoder) -> Self {
        self.encoder = encoder;
        self
    }

    /// Remembers whom to wake.
    pub(super) fn register(&mut self, waker: &Waker) {
        match &mut self.waker {
            Some(known) => known.clone_from(waker),
            None => self.waker = Some(waker.clone()),
        }
    }

    /// The connection's task, to be woken once the lock is released.
    pub(super) fn waker(&self) -> Option<Waker> {
        self.waker.clone()
    }

    /// Whether bytes wait for the kernel.
    pub(super) fn is_blocked(&self) -> bool {
        self.waiting() > 0
    }

    /// Payload bytes of messages that the kernel has not taken.
    pub(super) fn buffered(&self) -> usize {
        self.buffered
    }

    /// All bytes that the kernel took.
    pub(super) fn bytes_written(&self) -> u64 {
        self.written
    }

    /// Commands that asked to know and were dropped before they were compressed.
    pub(super) fn dropped(&self) -> u32 {
        self.dropped
    }

    pub(super) fn stream(&self) -> Option<&Writer> {
        self.stream.as_ref()
    }

    /// Lets go of the transport; later commands do nothing.
    pub(super) fn take_stream(&mut self) -> Option<Writer> {
        self.queue = None;
        self.marks = VecDeque::new();
        self.buffered = 0;
        self.waker = None;
        self.stream.take()
    }

    /// How many more commands that asked to know are out.
    pub(super) fn take_acknowledged(&mut self) -> u32 {
        std::mem::take(&mut self.acknowledged)
    }

    /// Carries commands out in order and offers what they send to the kernel.
    /// Returns whether the connection's task has something to do.
    ///
    /// Once `abandoned` is set, the first frame that is to be compressed, and all that
    /// would be sent after it, are not sent.
    pub(super) fn submit<'a>(
        &mut self,
        commands: impl Iterator<Item = Command<'a>>,
        abandoned: &AtomicBool,
    ) -> bool {
        if self.stream.is_none() {
            return false;
        }
        SCRATCH.with_borrow_mut(|scratch| {
            // A panic may have left something of another connection here.
            scratch.bytes.clear();
            scratch.marks.clear();
            let mut wake = false;
            let was_closing = self.closing.is_close_queued();
            for command in commands {
                if !self.drop_uncompressed(&command, abandoned) && !self.terminated {
                    wake |= self.carry_out(&command, scratch);
                }
            }
            self.offer(scratch);
            scratch.bytes.shrink_to(SCRATCH_KEPT);
            if self.closing.should_end() && !self.is_blocked() {
                self.end();
                wake |= self.peer_ended;
            }
            // The task times the closing handshake, unless the peer began it.
            let closes = !was_closing && self.closing.is_close_queued() && !self.ended;
            wake || closes || self.terminated || self.failed || self.is_blocked()
        })
    }

    /// Whether the connection was given up before this is compressed, or what stands
    /// before it.
    fn drop_uncompressed(&mut self, command: &Command<'_>, abandoned: &AtomicBool) -> bool {
        let sends = matches!(
            command.kind,
            CommandKind::Frame | CommandKind::Frames | CommandKind::Raw
        );
        if !sends {
            return false;
        }
        self.dropping |= abandoned.load(Ordering::Relaxed)
            && command.kind == CommandKind::Frame
            && self.encoder.compresses(command, command.data_length());
        self.dropped += u32::from(self.dropping && command.has(flag::ACKNOWLEDGE));
        self.dropping
    }

    /// Returns whether the connection's task has something to do.
    fn carry_out(&mut self, command: &Command<'_>, scratch: &mut Scratch) -> bool {
        match command.kind {
            CommandKind::Frame | CommandKind::Frames | CommandKind::Raw if self.failed => false,
            CommandKind::Frame => {
                self.frame(command, scratch);
                false
            }
            CommandKind::Frames => {
                self.frames(command, scratch);
                false
            }
            CommandKind::Raw => {
                scratch.bytes.extend_from_slice(command.payload);
                let acknowledge = command.has(flag::ACKNOWLEDGE);
                self.mark(scratch, 0, MarkKind::Plain, acknowledge);
                false
            }
            CommandKind::Upgrade => {
                self.config = ConnectionConfig::shared(command.payload);
                let Some(config) = &self.config else {
                    return true;
                };
                self.encoder = Encoder::new(config);
                self.config_is_awaited || config.heartbeat.is_some()
            }
            CommandKind::End => {
                self.ending = true;
                true
            }
            CommandKind::Terminate => {
                self.terminated = true;
                self.resetting = command.has(flag::RESET);
                true
            }
            CommandKind::Tap => {
                self.tapped = true;
                false
            }
            CommandKind::LeavePings => {
                self.leaves_pings = true;
                false
            }
            CommandKind::Inject => {
                let injected = self.injected.get_or_insert_default();
                injected.0.extend_from_slice(command.payload);
                true
            }
            CommandKind::Pause => {
                self.paused = true;
                false
            }
            CommandKind::Resume => {
                self.paused = false;
                true
            }
        }
    }

    fn frame(&mut self, command: &Command<'_>, scratch: &mut Scratch) {
        // RFC 6455 §5.5.1: no frame follows a close frame.
        if self.closing.is_close_queued() {
            return;
        }
        let (kind, counted) = match OpCode::from(command.opcode()) {
            OpCode::Data(_) => (MarkKind::Plain, command.data_length()),
            OpCode::Control(Control::Close) => (MarkKind::Close, 0),
            OpCode::Control(_) => (MarkKind::Plain, 0),
        };
        self.buffered += counted;
        if self.encoder.large_frame(command, &mut scratch.bytes) {
            self.offer_vectored(command.payload, command.shared, scratch);
        } else {
            self.encoder.frame(command, &mut scratch.bytes);
        }
        self.mark(scratch, counted, kind, command.has(flag::ACKNOWLEDGE));
        if kind == MarkKind::Close {
            let _first = self.closing.handle_close_queued();
        }
    }

    /// Messages that are framed already. They count as buffered until the kernel
    /// took them all.
    fn frames(&mut self, command: &Command<'_>, scratch: &mut Scratch) {
        // RFC 6455 §5.5.1: no frame follows a close frame.
        if self.closing.is_close_queued() {
            return;
        }
        let (length, frames) = command.frames();
        self.buffered += length;
        if frames.len() >= VECTORED_PAYLOAD {
            self.offer_vectored(frames, None, scratch);
        } else {
            scratch.bytes.extend_from_slice(frames);
        }
        self.mark(scratch, length, MarkKind::Plain, false);
    }

    /// Queues the answer to a ping; too many that the peer does not take end
    /// the connection.
    pub(super) fn auto_pong(&mut self, payload: &[u8], limits: &Limits) {
        if self.leaves_pings || !self.closing.may_send_pong() || self.terminated || self.failed {
            return;
        }
        // Those of this very turn have not been offered to the kernel yet.
        while !limits.allows_auto_pong(self.pending_auto_pongs) && !self.flush() {}
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
        let queue = self.queue.get_or_insert_default();
        queue.append(|out| self.encoder.control(opcode, payload, out));
        self.marks.push_back(Mark {
            end: self.written + self.waiting() as u64,
            payload: 0,
            kind,
            acknowledge: false,
        });
    }

    /// Notes that a frame ends where `scratch` ends now.
    fn mark(&self, scratch: &mut Scratch, payload: usize, kind: MarkKind, acknowledge: bool) {
        let waiting = self.waiting() + scratch.bytes.len();
        scratch.marks.push(Mark {
            end: self.written + waiting as u64,
            payload,
            kind,
            acknowledge,
        });
    }

    /// Offers `scratch` to the kernel and queues what it does not take.
    fn offer(&mut self, scratch: &mut Scratch) {
        let is_last = self.closing.is_last_of_ours() && self.closing.is_close_queued();
        let taken = if self.is_blocked() || scratch.bytes.is_empty() {
            0
        } else if is_last && !self.ended {
            let result = match &self.stream {
                Some(stream) => stream.try_write_last(&scratch.bytes),
                None => Ok(0),
            };
            self.count(result)
        } else {
            self.write(&scratch.bytes)
        };
        let rest = scratch.bytes.get(taken..).unwrap_or_default();
        if self.failed {
            // Nothing has to be remembered any more.
        } else if rest.is_empty() && !self.is_blocked() && self.marks.is_empty() {
            // The usual case: the kernel took it all.
            for mark in scratch.marks.drain(..) {
                self.conclude(mark);
            }
        } else {
            self.enqueue(rest);
            self.marks.extend(scratch.marks.drain(..));
            self.settle();
        }
        scratch.bytes.clear();
        scratch.marks.clear();
    }

    /// Offers `scratch` together with what follows it, which is not copied, and is
    /// all that `shared` has if that is there.
    fn offer_vectored(
        &mut self,
        payload: &[u8],
        shared: Option<&Arc<[u8]>>,
        scratch: &mut Scratch,
    ) {
        let head = std::mem::take(&mut scratch.bytes);
        let taken = if self.is_blocked() {
            0
        } else {
            self.write_vectored(&[IoSlice::new(&head), IoSlice::new(payload)])
        };
        if !self.failed {
            self.enqueue(head.get(taken..).unwrap_or_default());
            let taken = taken.saturating_sub(head.len());
            match shared {
                Some(shared) if taken < shared.len() => {
                    self.queue
                        .get_or_insert_default()
                        .append_shared(shared, taken);
                }
                Some(_) => {}
                None => self.enqueue(payload.get(taken..).unwrap_or_default()),
            }
        }
        scratch.bytes = head;
        scratch.bytes.clear();
    }

    /// Writes what waits until the kernel takes no more, or it has been a lot.
    /// Returns false if the kernel would take more.
    pub(super) fn flush(&mut self) -> bool {
        let mut total = 0;
        let mut full = false;
        while self.is_blocked() && !self.failed && !full && total < WRITTEN_IN_A_ROW {
            let taken = self.write_queue();
            total += taken;
            full = taken == 0;
        }
        if self.failed || !self.is_blocked() {
            self.queue = None;
        } else if let Some(queue) = &mut self.queue {
            queue.compact();
        }
        self.settle();
        full || self.failed || !self.is_blocked()
    }

    fn waiting(&self) -> usize {
        self.queue.as_ref().map_or(0, |queue| queue.len())
    }

    fn enqueue(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            let queue = self.queue.get_or_insert_default();
            queue.append(|out| out.extend_from_slice(bytes));
        }
    }

    /// Offers the next bytes of the queue to the kernel. Returns how many it took.
    fn write_queue(&mut self) -> usize {
        let Some(mut queue) = self.queue.take() else {
            return 0;
        };
        let slices: Vec<_> = queue.slices().collect();
        let taken = match &*slices {
            [slice] => self.write(slice),
            slices => self.write_vectored(slices),
        };
        queue.advance(taken);
        if !self.failed {
            self.queue = Some(queue);
        }
        taken
    }

    fn write(&mut self, bytes: &[u8]) -> usize {
        let result = match &self.stream {
            Some(stream) => stream.try_write(bytes),
            None => return 0,
        };
        self.count(result)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> usize {
        let result = match &self.stream {
            Some(stream) => stream.try_write_vectored(slices),
            None => return 0,
        };
        self.count(result)
    }

    fn count(&mut self, result: io::Result<usize>) -> usize {
        match result {
            Ok(taken) => {
                self.written += taken as u64;
                taken
            }
            Err(error) if is_transient(&error) => 0,
            Err(error) => {
                self.error = error.raw_os_error();
                self.fail();
                0
            }
        }
    }

    /// Ends our side, once.
    pub(super) fn end(&mut self) {
        if self.ended {
            return;
        }
        self.ended = true;
        let ended = match &self.stream {
            Some(stream) => stream.socket().shutdown(Shutdown::Write),
            None => Ok(()),
        };
        // There is no transport any more.
        self.terminated |= ended.is_err();
    }

    /// The transport takes nothing any more.
    pub(super) fn fail(&mut self) {
        self.settle();
        self.failed = true;
        self.queue = None;
        self.marks.clear();
        self.buffered = 0;
    }

    /// Draws the conclusions from what has been written.
    fn settle(&mut self) {
        while let Some(mark) = self.marks.front().copied() {
            if mark.end > self.written {
                return;
            }
            self.marks.pop_front();
            self.conclude(mark);
        }
        if self.marks.capacity() > MARKS_KEPT {
            self.marks = VecDeque::new();
        }
    }

    /// The kernel took all bytes up to `mark`.
    fn conclude(&mut self, mark: Mark) {
        self.buffered = self.buffered.saturating_sub(mark.payload);
        self.acknowledged += u32::from(mark.acknowledge);
        match mark.kind {
            MarkKind::Plain => {}
            MarkKind::AutoPong => self.pending_auto_pongs -= 1,
            MarkKind::Close => self.closing.handle_close_sent(),
        }
    }
}

fn is_transient(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}
