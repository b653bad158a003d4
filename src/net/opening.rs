//! The opening of an accepted connection: requests are read, plain ones are
//! answered here, an upgrade is offered to JavaScript.
//!
//! Answers and limits are those of Node's http server, on which ws stands.

use std::future::poll_fn;
use std::io;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use tokio::io::ReadBuf;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::Environment;
use super::output::Output;
use super::publish::with_batch;
use super::server::{Guard, Phase};
use super::stream::Stream;
use super::task::{ConnectionTask, MOST_EARLY_BYTES, READ_BUFFER, poll_read};
use crate::bridge::{ConnectionId, Credit, EventKind};
use crate::protocol::handshake::{
    self, Answer, BodySkipper, Intent, PlainRequest, RequestHead, Validation,
};

/// Idle time between two requests of one connection.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// Time for a whole request, its body included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(300);

/// What an offered connection costs besides its request, in bytes, when inbound
/// data that JavaScript has not taken is counted.
const CONNECTION_COST: usize = 1024 + MOST_EARLY_BYTES;

/// Bytes of the numbers at the beginning of what JavaScript is told of a request.
const NUMBERS: usize = 2 * size_of::<u32>();

/// Why an opening ended without an upgrade.
enum Failure {
    /// The peer is gone, or the listener closes and nothing was asked.
    Gone,
    /// To be answered, then closed.
    Answer(Answer),
}

impl From<io::Error> for Failure {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

/// What a request asks for.
enum Asked {
    Upgrade(Upgrade),
    Plain {
        length: usize,
        request: PlainRequest,
    },
}

/// A request for an upgrade, as JavaScript is told of it.
struct Upgrade {
    /// The bytes of its head.
    length: usize,
    verdict: u32,
    /// Room for the numbers of its connection, and what it says.
    payload: Vec<u8>,
}

/// Serves one accepted connection to its end.
///
/// In a box, for tokio aligns its tasks more than an allocator does by itself: one as
/// large as this would be cut out of fresh memory, and leave holes between what stays.
pub(super) fn serve(
    stream: TcpStream,
    thread: usize,
    environment: Arc<Environment>,
    guard: Arc<Guard>,
) -> Pin<Box<impl Future<Output = ()>>> {
    Box::pin(open(stream, thread, environment, guard))
}

async fn open(stream: TcpStream, thread: usize, environment: Arc<Environment>, guard: Arc<Guard>) {
    // A socket that is gone already shows it when it is read.
    #[cfg(not(unix))]
    let _ = stream.set_nodelay(true);
    let mut opening = Opening {
        stream: Stream::Tcp(stream),
        buffer: Vec::new(),
        bytes_read: 0,
        bytes_written: 0,
        phase: guard.server.phase(),
        headers_timeout: guard.server.headers_timeout,
    };
    match opening.read_upgrade().await {
        Ok(upgrade) => {
            if opening.wait_for_room(&environment).await {
                opening.offer(upgrade, thread, &environment, guard);
                return;
            }
        }
        Err(Failure::Gone) => {}
        Err(Failure::Answer(answer)) => {
            let _ = opening.answer(answer).await;
        }
    }
    // What the peer sent and nobody reads would let a mere close reset the connection
    // before it has the answer.
    let _ = opening.stream.socket().shutdown(Shutdown::Write);
}

struct Opening {
    stream: Stream,
    buffer: Vec<u8>,
    bytes_read: u64,
    bytes_written: u64,
    phase: watch::Receiver<Phase>,
    headers_timeout: Duration,
}

impl Opening {
    /// Answers plain requests until an upgrade is asked for. The head of that
    /// request stays at the start of the buffer.
    async fn read_upgrade(&mut self) -> Result<Upgrade, Failure> {
        let mut first = true;
        loop {
            match self.read_head(first).await? {
                Asked::Upgrade(upgrade) => return Ok(upgrade),
                Asked::Plain { length, request } => {
                    self.buffer.drain(..length);
                    self.refuse(request).await?;
                }
            }
            first = false;
        }
    }

    /// Answers a plain request and skips its body.
    async fn refuse(&mut self, request: PlainRequest) -> Result<(), Failure> {
        if request.continues {
            self.answer(Answer::Continue).await?;
        }
        self.answer(request.answer).await?;
        // A listener that closes keeps no connection for another request.
        let is_leaving = *self.phase.borrow() != Phase::Open && self.buffer.is_empty();
        if !request.keep_alive() || is_leaving {
            return Err(Failure::Gone);
        }
        self.skip_body(BodySkipper::new(request.body)).await
    }

    /// Reads until the buffer begins with a whole head.
    async fn read_head(&mut self, first: bool) -> Result<Asked, Failure> {
        let mut deadline = deadline(if first {
            self.headers_timeout
        } else {
            KEEP_ALIVE
        });
        let mut began = first;
        loop {
            if !self.buffer.is_empty() {
                if let Some(asked) = parse(&self.buffer)? {
                    return Ok(asked);
                }
                if !began {
                    began = true;
                    deadline = self::deadline(self.headers_timeout);
                }
            }
            match timeout_at(deadline, self.read_more()).await {
                Ok(result) => result?,
                Err(_) if began => return Err(Failure::Answer(Answer::RequestTimeout)),
                Err(_) => return Err(Failure::Gone),
            }
        }
    }

    async fn skip_body(&mut self, mut skipper: BodySkipper) -> Result<(), Failure> {
        let deadline = deadline(REQUEST_TIMEOUT);
        loop {
            // The answer is out; what can't be skipped ends the connection.
            let consumed = skipper.skip(&self.buffer).map_err(|_| Failure::Gone)?;
            self.buffer.drain(..consumed);
            if skipper.is_done() {
                return Ok(());
            }
            match timeout_at(deadline, self.read_more()).await {
                Ok(result) => result?,
                Err(_) => return Err(Failure::Gone),
            }
        }
    }

    /// Reads once. Gives up when the environment is gone, or the listener and
    /// nothing has been asked.
    async fn read_more(&mut self) -> Result<(), Failure> {
        let Self {
            stream,
            buffer,
            phase,
            bytes_read,
            ..
        } = self;
        let idle = buffer.is_empty();
        let read = poll_fn(|cx| {
            let read = |buffer: &mut ReadBuf<'_>| stream.poll_read(cx, buffer);
            poll_read(read, READ_BUFFER, |bytes| {
                buffer.extend_from_slice(bytes);
                bytes.len()
            })
        });
        tokio::select! {
            biased;
            read = read => match read? {
                0 => Err(Failure::Gone),
                count => {
                    *bytes_read += count as u64;
                    Ok(())
                }
            },
            _ = phase.wait_for(|phase| match phase {
                Phase::Open => false,
                Phase::Closing => idle,
                Phase::Aborted => true,
            }) => Err(Failure::Gone),
        }
    }

    /// Writes an answer. Gives up on a peer that does not take it, and when the
    /// environment is gone.
    async fn answer(&mut self, answer: Answer) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        answer.encode(&httpdate::fmt_http_date(SystemTime::now()), &mut bytes);
        let Self { stream, phase, .. } = self;
        tokio::select! {
            written = timeout_at(deadline(REQUEST_TIMEOUT), write_all(stream, &bytes)) => {
                written.map_err(|_| Failure::Gone)??;
            }
            _ = phase.wait_for(|phase| *phase == Phase::Aborted) => return Err(Failure::Gone),
        }
        self.bytes_written += bytes.len() as u64;
        Ok(())
    }

    /// Waits while too much waits for JavaScript already. False if the
    /// environment is gone.
    async fn wait_for_room(&mut self, environment: &Environment) -> bool {
        tokio::select! {
            () = environment.room() => true,
            _ = self.phase.wait_for(|phase| *phase == Phase::Aborted) => false,
        }
    }

    /// Offers the request to JavaScript and goes on as a connection.
    fn offer(
        self,
        mut upgrade: Upgrade,
        thread: usize,
        environment: &Environment,
        guard: Arc<Guard>,
    ) {
        let Some(connection) =
            environment.add_connection(thread, self.stream, Output::new(self.bytes_written))
        else {
            return;
        };
        connection
            .bytes_read
            .store(self.bytes_read, Ordering::Relaxed);
        let ConnectionId { index, generation } = connection.id;
        let early = self.buffer.get(upgrade.length..).unwrap_or_default();
        let early = early.to_vec();
        let numbers = [generation, guard.server.id.index].map(u32::to_le_bytes);
        let room = upgrade.payload.iter_mut().zip(numbers.as_flattened());
        room.for_each(|(byte, number)| *byte = *number);
        with_batch(&connection.inbox, |batch| {
            let cost = CONNECTION_COST
                + early.len()
                + batch.push_payload(
                    EventKind::Handshake,
                    upgrade.verdict,
                    index,
                    &upgrade.payload,
                );
            connection.charge(cost);
            batch.charge(Arc::clone(&connection) as Arc<dyn Credit>, cost);
        });
        let task = ConnectionTask::new(&connection, early, guard);
        connection.start(task);
    }
}

async fn write_all(stream: &Stream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads the head at the start of `buffer`; nothing if it is not whole.
fn parse(buffer: &[u8]) -> Result<Option<Asked>, Failure> {
    let head = handshake::parse_head(buffer).map_err(|error| Failure::Answer(error.into()))?;
    let Some(head) = head else {
        return Ok(None);
    };
    let length = head.length;
    match head.intent() {
        Intent::Upgrade => {
            let validation = handshake::validate(&head);
            Ok(Some(Asked::Upgrade(Upgrade {
                length,
                verdict: verdict(&validation),
                payload: describe(&head, &validation),
            })))
        }
        Intent::Connect => Err(Failure::Gone),
        Intent::Plain(request) => Ok(Some(Asked::Plain { length, request })),
    }
}

/// What JavaScript is told of a handshake: the number of the rejection, or 0
/// (4 bits), then whether the subprotocols and the extensions are malformed.
fn verdict(validation: &Validation<'_>) -> u32 {
    let rejection = validation.rejection.map_or(0, |r| u32::from(r.number()));
    let subprotocols = u32::from(validation.subprotocols.is_err()) << 4;
    let extensions = u32::from(!validation.extensions_valid) << 5;
    rejection | subprotocols | extensions
}

/// A request as JavaScript reads it: the generation of its connection and the
/// listener's index, 32 bits each, which are set in [`Opening::offer`]; then, a line
/// each, accept key, subprotocols joined by commas, method, target, minor version,
/// names and values of headers in turn. None of these can hold a line break.
fn describe(head: &RequestHead<'_>, validation: &Validation<'_>) -> Vec<u8> {
    let accept_key = validation.accept_key.as_deref().unwrap_or_default();
    let subprotocols = validation.subprotocols.as_deref().unwrap_or_default();
    // All of it is in the head, but for the accept key.
    let mut text = Vec::with_capacity(NUMBERS + head.length + accept_key.len());
    text.resize(NUMBERS, 0);
    text.extend_from_slice(accept_key.as_bytes());
    text.push(b'\n');
    for (number, name) in subprotocols.iter().enumerate() {
        if number > 0 {
            text.push(b',');
        }
        text.extend_from_slice(name.as_bytes());
    }
    let minor_version = [b'0' + head.minor_version];
    let line = [head.method, head.target].map(str::as_bytes);
    let headers = head.headers.iter();
    let headers = headers.flat_map(|(name, value)| [name.as_bytes(), value]);
    for field in line.into_iter().chain([&minor_version[..]]).chain(headers) {
        text.push(b'\n');
        text.extend_from_slice(field);
    }
    text
}

/// `timeout` from now; zero is no limit.
fn deadline(timeout: Duration) -> Instant {
    /// Far enough to be never.
    const NEVER: Duration = Duration::from_secs(365 * 24 * 3600);
    Instant::now() + if timeout.is_zero() { NEVER } else { timeout }
}
