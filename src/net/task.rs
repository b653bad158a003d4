//! What one connection does in its turns, from the offer of its upgrade to its end.
//!
//! It alone reads the socket and keeps the connection's timers; writing it
//! shares with JavaScript's thread (see [`super::output`]). Until JavaScript
//! accepts the handshake it only collects what the peer sends too early. Turns are taken
//! on the connection's I/O thread, or on JavaScript's (see [`super::direct`]).

use std::cell::RefCell;
use std::io;
use std::net::Shutdown;
use std::num::NonZeroI32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker, ready};
use std::thread;
use std::time::Duration;

use tokio::io::ReadBuf;

use super::connection::Connection;
use super::direct;
use super::engine::Engine;
use super::framing::Framing;
use super::publish::{publish_all, publish_here, with_batch};
use super::server::Guard;
use super::stream::Stream;
use crate::bridge::{EventKind, INTERNAL_ERROR, lock};

/// What one read may bring; one buffer for each thread.
pub(super) const READ_BUFFER: usize = 64 * 1024;
/// What one read may bring of a message that is larger; the processor's cache holds
/// it until it is unmasked.
const READ_OF_MESSAGE: usize = 256 * 1024;
/// With this many bytes behind a request, no more is read before JavaScript has
/// decided on it. Reading at all shows when the peer leaves.
pub(super) const MOST_EARLY_BYTES: usize = 4 * 1024;
/// Reads of one connection before the others of its thread have their turn.
const READS_IN_A_ROW: usize = 8;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BUFFER]);
}

/// Lets `read` read at most `limit` bytes into this thread's buffer and gives `act`
/// what came; nothing at the end of the stream.
pub(super) fn poll_read<R>(
    read: impl FnOnce(&mut ReadBuf<'_>) -> Poll<io::Result<()>>,
    limit: usize,
    act: impl FnOnce(&mut [u8]) -> R,
) -> Poll<io::Result<R>> {
    BUFFER.with_borrow_mut(|buffer| {
        let limit = limit.min(buffer.len());
        let mut buffer = ReadBuf::new(buffer.get_mut(..limit).unwrap_or_default());
        ready!(read(&mut buffer))?;
        Poll::Ready(Ok(act(buffer.filled_mut())))
    })
}

enum Phase {
    /// JavaScript decides; what the peer sent since.
    Offered(Vec<u8>),
    Open(Framing),
}

/// Drives one connection.
pub(super) struct ConnectionTask {
    phase: Phase,
    /// Tells the listener when the connection is gone. A socket that was
    /// adopted has none.
    guard: Option<Arc<Guard>>,
}

/// There is nothing more to do.
struct Finished;

/// Whose thread takes a turn.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(super) enum By {
    IoThread,
    JavaScript,
}

impl ConnectionTask {
    /// `early` is what the peer sent behind its request.
    pub(super) fn new(connection: &Connection, early: Vec<u8>, guard: Arc<Guard>) -> Self {
        connection.output().config_is_awaited = !early.is_empty();
        Self {
            phase: Phase::Offered(early),
            guard: Some(guard),
        }
    }

    /// The task of a connection whose socket was Node's.
    pub(super) fn adopted(connection: &Connection, engine: Engine) -> Self {
        connection.set_inbound_limit(engine.config.max_inbound_bytes);
        Self {
            phase: Phase::Open(Framing::new(engine)),
            guard: None,
        }
    }

    fn advance(
        &mut self,
        connection: &Arc<Connection>,
        stream: &Stream,
        cx: &mut Context<'_>,
    ) -> Poll<Finished> {
        self.begin_framing(connection, stream);
        // Reading may give cause to write (pongs), and so may a timer.
        let finished = self.poll_output(connection, stream, cx).is_ready()
            || self.poll_input(connection, stream, cx).is_ready()
            || self.poll_timers(connection, stream, cx).is_ready()
            || self.poll_output(connection, stream, cx).is_ready();
        if finished {
            self.read_rest(connection, stream, cx);
            Poll::Ready(Finished)
        } else {
            Poll::Pending
        }
    }

    /// What came in while JavaScript paused the connection is delivered when it
    /// is closed, as `ws` does it, which reads ahead as much.
    fn read_rest(&mut self, connection: &Arc<Connection>, stream: &Stream, cx: &mut Context<'_>) {
        let Phase::Open(framing) = &mut self.phase else {
            return;
        };
        if connection.end_of_stream.load(Ordering::Relaxed)
            || framing.is_finished()
            || !connection.output().paused
        {
            return;
        }
        let read = |buffer: &mut ReadBuf<'_>| stream.poll_read(cx, buffer);
        let _ = poll_read(read, READ_BUFFER, |bytes| {
            connection.count_read(bytes.len());
            framing.receive(connection, stream, bytes);
        });
    }

    /// Goes over to framing once JavaScript has accepted the handshake.
    fn begin_framing(&mut self, connection: &Arc<Connection>, stream: &Stream) {
        let Phase::Offered(early) = &mut self.phase else {
            return;
        };
        let Some(config) = connection.output().config.take() else {
            return;
        };
        connection.set_inbound_limit(config.max_inbound_bytes);
        let mut early = std::mem::take(early);
        let end_is_untold = connection.end_of_stream.load(Ordering::Relaxed) && !early.is_empty();
        let mut framing = Framing::new(Engine::new(config));
        if !early.is_empty() {
            framing.receive(connection, stream, &mut early);
        }
        self.phase = Phase::Open(framing);
        if end_is_untold {
            Self::publish_end(connection);
        }
    }

    /// Writes what waits, and ends our side when its time has come.
    fn poll_output(
        &mut self,
        connection: &Arc<Connection>,
        stream: &Stream,
        cx: &mut Context<'_>,
    ) -> Poll<Finished> {
        if connection.output_rests() {
            return Poll::Pending;
        }
        let end_of_stream = connection.end_of_stream.load(Ordering::Relaxed);
        let mut output = connection.output();
        while output.is_blocked() && !output.failed {
            // What arose in this turn goes out without asking first.
            if !output.flush(stream) {
                cx.waker().wake_by_ref();
                break;
            }
            if !output.is_blocked() || output.failed {
                break;
            }
            match stream.poll_write_ready(cx) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => output.fail(),
                Poll::Pending => break,
            }
        }
        let ready_to_end = !output.is_blocked() && (output.ending || output.closing.should_end());
        if ready_to_end {
            output.end(stream);
        }
        let unwritable = output.failed && (output.paused || end_of_stream);
        let refused = matches!(self.phase, Phase::Offered(_));
        let both_ended = output.ended && (end_of_stream || refused);
        let finished = output.terminated || unwritable || both_ended;
        let acknowledged = output.take_acknowledged();
        drop(output);
        connection.publish_sent(acknowledged);
        if finished {
            Poll::Ready(Finished)
        } else {
            Poll::Pending
        }
    }

    fn poll_input(
        &mut self,
        connection: &Arc<Connection>,
        stream: &Stream,
        cx: &mut Context<'_>,
    ) -> Poll<Finished> {
        let discarding = matches!(&self.phase, Phase::Open(framing) if framing.is_finished());
        let once = discarding || stream.is_direct();
        for _ in 0..if once { 1 } else { READS_IN_A_ROW } {
            let limit = match &mut self.phase {
                _ if connection.end_of_stream.load(Ordering::Relaxed) => 0,
                Phase::Offered(early) => MOST_EARLY_BYTES.saturating_sub(early.len()),
                Phase::Open(framing) => framing.allowance(connection, cx.waker()),
            };
            if limit == 0 {
                return Poll::Pending;
            }
            if self.receive_injected(connection, stream) {
                continue;
            }
            let read = ready!(self.poll_read(connection, stream, cx, limit));
            match read {
                Ok(0) => {
                    connection.end_of_stream.store(true, Ordering::Relaxed);
                    let mut output = connection.output();
                    output.peer_ended = true;
                    if output.ended {
                        output.end_is_untold = true;
                        return Poll::Ready(Finished);
                    }
                    drop(output);
                    // What came before is told first, which is for later if
                    // there is something and JavaScript has yet to accept it.
                    if !matches!(&self.phase, Phase::Offered(early) if !early.is_empty()) {
                        Self::publish_end(connection);
                    }
                }
                Ok(_) => {}
                // The peer has reset the connection.
                Err(error) => {
                    let number = error.raw_os_error().and_then(NonZeroI32::new);
                    let mut output = connection.output();
                    output.error = number.or(output.error);
                    return Poll::Ready(Finished);
                }
            }
            if let Some(output) = connection.restless_output()
                && output.terminated
            {
                return Poll::Ready(Finished);
            }
            if matches!(self.phase, Phase::Offered(_)) {
                connection.output().config_is_awaited = true;
                // It may have come since this turn began.
                self.begin_framing(connection, stream);
            }
            // As a rule there is no more, and the next turn comes when there is.
            let _ = ready!(stream.poll_read_ready(cx));
        }
        // A thread that never comes to rest still tells what it has; this
        // peer may be the reason and give no cause for an event of its own.
        publish_all();
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Reads once, at most `limit` bytes, and decodes them. Returns how many.
    fn poll_read(
        &mut self,
        connection: &Arc<Connection>,
        stream: &Stream,
        cx: &mut Context<'_>,
        limit: usize,
    ) -> Poll<io::Result<usize>> {
        let phase = &mut self.phase;
        if let Phase::Open(framing) = phase
            && let Some((memory, room)) = framing.message_memory(connection)
        {
            let most = if limit < READ_BUFFER {
                limit
            } else {
                READ_OF_MESSAGE
            };
            let most = room.min(most);
            let length = ready!(stream.poll_read_behind(cx, memory, most))?;
            connection.count_read(length);
            if length > 0 {
                framing.handle_read(connection, stream, length);
            }
            return Poll::Ready(Ok(length));
        }
        let reads_in_place = match phase {
            Phase::Open(framing) => limit >= READ_BUFFER && framing.reads_in_place(connection),
            Phase::Offered(_) => false,
        };
        if reads_in_place {
            ready!(stream.poll_read_ready(cx))?;
        }
        if reads_in_place
            && let Phase::Open(framing) = phase
            && let Some(read) =
                framing.read_in_place(connection, stream, |buffer| stream.poll_read(cx, buffer))
        {
            return read;
        }
        let read = |buffer: &mut ReadBuf<'_>| stream.poll_read(cx, buffer);
        poll_read(read, limit, |bytes| {
            connection.count_read(bytes.len());
            match phase {
                _ if bytes.is_empty() => {}
                Phase::Offered(early) => early.extend_from_slice(bytes),
                Phase::Open(framing) => framing.receive(connection, stream, bytes),
            }
            bytes.len()
        })
    }

    /// Takes what JavaScript wants to be taken for received.
    fn receive_injected(&mut self, connection: &Arc<Connection>, stream: &Stream) -> bool {
        let Phase::Open(framing) = &mut self.phase else {
            return false;
        };
        let injected = connection
            .restless_output()
            .and_then(|mut output| output.injected.take());
        let Some(mut injected) = injected else {
            return false;
        };
        framing.receive(connection, stream, &mut injected.0);
        true
    }

    /// The peer ended its side. What follows from it is up to JavaScript, which
    /// has yet to answer what came before.
    fn publish_end(connection: &Connection) {
        let index = connection.id.index;
        with_batch(&connection.inbox, |batch| {
            batch.push(EventKind::End, 0, index, 0);
        });
    }

    fn poll_timers(
        &mut self,
        connection: &Arc<Connection>,
        stream: &Stream,
        cx: &mut Context<'_>,
    ) -> Poll<Finished> {
        match &mut self.phase {
            Phase::Offered(_) => Poll::Pending,
            Phase::Open(framing) => framing
                .poll_timers(connection, stream, cx)
                .map(|()| Finished),
        }
    }

    /// Whether JavaScript's thread may take the next turn: when this one, before which
    /// `before` bytes had been read, brought little, and there is nothing else to do.
    fn may_be_direct(&self, connection: &Connection, before: u64) -> bool {
        let read = connection.bytes_read.load(Ordering::Relaxed) - before;
        let reads_little = (1..direct::MANY_BYTES).contains(&read);
        let Phase::Open(framing) = &self.phase else {
            return false;
        };
        reads_little
            && framing.may_be_direct()
            && connection.output_rests()
            && !connection.end_of_stream.load(Ordering::Relaxed)
    }

    /// Lets `turn` do its part. A defect is an error for this connection, nothing for the
    /// others.
    fn run(
        &mut self,
        connection: &Arc<Connection>,
        turn: impl FnOnce(&mut Self, &mut Context<'_>) -> Poll<Finished>,
    ) -> Poll<Finished> {
        let waker = Waker::from(Arc::clone(connection));
        let cx = &mut Context::from_waker(&waker);
        guarded(|| turn(self, cx)).unwrap_or_else(|| {
            guarded(|| {
                with_batch(&connection.inbox, |batch| {
                    batch.push(EventKind::Error, INTERNAL_ERROR, connection.id.index, 0);
                });
            });
            Poll::Ready(Finished)
        })
    }

    /// Closes the transport and says so.
    fn finish(&mut self, connection: &Arc<Connection>) {
        let stream = connection.take_stream();
        let mut output = connection.output();
        let written = output.bytes_written();
        let clean = output.closing.is_clean();
        let error = output.error;
        let end_is_untold = output.end_is_untold;
        let resetting = output.resetting;
        let dropped = output.dropped();
        output.discard();
        drop(output);
        if let Some(stream) = stream {
            if resetting {
                let _ = stream.socket().set_linger(Some(Duration::ZERO));
            } else if self.guard.is_none() {
                // Node has a descriptor of this socket, too, and may be busy.
                let _ = stream.socket().shutdown(Shutdown::Both);
            }
        }
        let error = u32::try_from(error.map_or(0, NonZeroI32::get)).unwrap_or(0);
        #[expect(
            clippy::cast_precision_loss,
            reason = "JavaScript's numbers are doubles; exact up to 2^53 bytes"
        )]
        let counts = [
            connection.bytes_read.load(Ordering::Relaxed),
            written,
            dropped.into(),
        ]
        .map(|count| (count as f64).to_le_bytes());
        let index = connection.id.index;
        with_batch(&connection.inbox, |batch| {
            batch.push_payload(
                EventKind::Closed,
                u32::from(clean) | u32::from(end_is_untold) << 1 | error << 2,
                index,
                counts.as_flattened(),
            );
        });
    }
}

/// What `act` returns, unless it panics.
fn guarded<R>(act: impl FnOnce() -> R) -> Option<R> {
    catch_unwind(AssertUnwindSafe(act)).ok()
}

impl Connection {
    pub(super) fn count_read(&self, length: usize) {
        // Nobody else writes it.
        let before = self.bytes_read.load(Ordering::Relaxed);
        let after = before.wrapping_add(length as u64);
        self.bytes_read.store(after, Ordering::Relaxed);
    }

    /// Does what there is to do. JavaScript's thread leaves all else than to read a little
    /// to the I/O thread.
    pub(super) fn take_turn(self: &Arc<Self>, by: By) {
        let direct = by == By::JavaScript;
        let mut place = if direct {
            match self.task.try_lock() {
                Ok(place) if self.begin_direct_turn() => place,
                Ok(_) => return,
                // The I/O thread is about to have the socket back, if it has a processor.
                Err(_) => return thread::yield_now(),
            }
        } else {
            self.begin_turn();
            lock(&self.task)
        };
        let Some(task) = &mut *place else {
            return;
        };
        let before = self.bytes_read.load(Ordering::Relaxed);
        let turn = task.run(self, |task, cx| {
            let mut stream = self.stream();
            if !direct && stream.as_ref().is_some_and(Stream::is_direct) {
                drop(stream);
                self.end_direct();
                stream = self.stream();
            }
            match &*stream {
                Some(stream) => task.advance(self, stream, cx),
                None => Poll::Ready(Finished),
            }
        });
        let goes_on = turn.is_pending();
        let may_be_direct = || goes_on && task.may_be_direct(self, before);
        if direct {
            if !(self.has_read_all() && may_be_direct()) {
                self.leave_to_io_thread(goes_on);
            }
            // Before the I/O thread adds to them.
            publish_here();
        } else if !goes_on {
            guarded(|| task.finish(self));
            *place = None;
        } else if self.inbox.direct.is_worthwhile() && may_be_direct() {
            self.begin_direct();
        }
    }
}
