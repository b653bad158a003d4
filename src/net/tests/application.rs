//! JavaScript's side of the boundary, without JavaScript.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::super::config::{AUTO_PONG, CLIENT};
#[cfg(target_os = "linux")]
use super::super::new_poller;
use super::super::{
    CONFIG_WORDS, ConnectionConfig, Dispatcher, Engine, Environment, ListenOptions, Server,
};
use super::{DEADLINE, expect};
use crate::bridge::{
    BlockBytes, Command, CommandKind, ConnectionId, EventKind, IN_SLAB, Inbox, Poller,
    RECORD_WORDS, Reader, SLAB_OFFSET_BITS, Slab, Wake, flag,
};
use crate::protocol::DeflateConfig;

/// The sign that a record's payload is memory of its own, or lies in a shared slab.
const LARGE: u32 = 1 << 31;
const SLAB: usize = 64 * 1024;

pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;

/// Bit of the detail of `Closed`: close frames went both ways.
pub const CLEAN: u32 = 1;
/// Bit of the detail of `Closed`: the peer ended its side after we ended ours.
pub const ENDED: u32 = 2;
/// The detail of `Closed` after a reset: not clean, and `ECONNRESET`.
#[cfg(target_os = "linux")]
pub const RESET: u32 = 104 << 2;
#[cfg(target_os = "macos")]
pub const RESET: u32 = 54 << 2;

/// An event as JavaScript reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub kind: u32,
    pub detail: u32,
    pub index: u32,
    /// Of one without a payload; of one whose payload lies in a shared slab, the offset.
    pub value: u32,
    pub payload: Vec<u8>,
}

impl Event {
    /// The payload, if this is an event of that kind and connection.
    #[track_caller]
    pub fn payload_of(self, kind: EventKind, id: ConnectionId) -> Vec<u8> {
        assert_eq!(
            (self.kind, self.index),
            (kind as u32, id.index),
            "kind and connection of {self:?}"
        );
        self.payload
    }

    /// The detail, if this is an event of that kind and connection.
    #[track_caller]
    pub fn detail_of(self, kind: EventKind, id: ConnectionId) -> u32 {
        let detail = self.detail;
        self.payload_of(kind, id);
        detail
    }
}

#[derive(Default)]
struct Alarm {
    rings: Notify,
    count: AtomicUsize,
}

struct AlarmOf {
    alarm: Arc<Alarm>,
    poller: Option<Poller>,
}

impl Wake for AlarmOf {
    fn wake(&self) {
        self.alarm.count.fetch_add(1, Ordering::SeqCst);
        self.alarm.rings.notify_one();
    }

    fn poller(&self) -> Option<&Poller> {
        self.poller.as_ref()
    }
}

/// What a connection is accepted with; the defaults leave all timers off.
#[derive(Copy, Clone)]
pub struct Config {
    pub max_payload: u32,
    pub max_pending_auto_pongs: u32,
    pub auto_pong: bool,
    pub close_timeout: u32,
    pub heartbeat: (u32, u32),
    pub max_inbound_bytes: u32,
    pub client: bool,
    /// permessage-deflate is agreed on, and applied to whatever asks for it.
    pub deflate: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_payload: 0,
            max_pending_auto_pongs: 0,
            auto_pong: true,
            close_timeout: 600_000,
            heartbeat: (0, 0),
            max_inbound_bytes: u32::MAX,
            client: false,
            deflate: false,
        }
    }
}

impl Config {
    /// An engine of such a connection, for a socket that is adopted.
    pub fn engine(self) -> Engine {
        Engine::new(ConnectionConfig::from_payload(&self.payload()).expect("all words"))
    }

    fn payload(self) -> Vec<u8> {
        let deflate = DeflateConfig::default().to_words();
        let [negotiated, settings, threshold] = if self.deflate { deflate } else { [0; 3] };
        let words: [u32; CONFIG_WORDS] = [
            self.max_payload,
            0,
            0,
            self.max_pending_auto_pongs,
            if self.auto_pong { AUTO_PONG } else { 0 } | if self.client { CLIENT } else { 0 },
            self.close_timeout,
            self.heartbeat.0,
            self.heartbeat.1,
            self.max_inbound_bytes,
            negotiated,
            settings,
            threshold,
        ];
        words.into_iter().flat_map(u32::to_ne_bytes).collect()
    }
}

/// An environment that listens, with the reader of its events and the
/// dispatcher of its commands.
pub struct Application {
    pub environment: Arc<Environment>,
    pub server: Arc<Server>,
    dispatcher: Dispatcher,
    reader: Reader,
    /// The shared slabs that were announced last, by the slot of who writes them.
    slabs: BTreeMap<u32, Slab>,
    alarm: Arc<Alarm>,
    taken: VecDeque<Event>,
    created: Instant,
}

pub fn listen_options() -> ListenOptions {
    ListenOptions {
        host: Some(Ipv4Addr::LOCALHOST.into()),
        port: 0,
        backlog: 511,
        headers_timeout: Duration::ZERO,
    }
}

impl Application {
    pub fn new() -> Self {
        Self::listening(&listen_options())
    }

    pub fn listening(options: &ListenOptions) -> Self {
        Self::start(options, None, |_| ())
    }

    /// One that sees the core's memory.
    pub fn sharing_memory() -> Self {
        Self::start(&listen_options(), None, Inbox::share_memory)
    }

    /// One whose loop can watch sockets.
    #[cfg(target_os = "linux")]
    pub fn with_poller() -> Self {
        let poller = new_poller().expect("descriptors are free");
        Self::start(&listen_options(), Some(poller), |_| ())
    }

    fn start(
        options: &ListenOptions,
        poller: Option<Poller>,
        prepare: impl FnOnce(&Inbox),
    ) -> Self {
        let alarm = Arc::new(Alarm::default());
        let inbox = Arc::new(Inbox::new(Box::new(AlarmOf {
            alarm: Arc::clone(&alarm),
            poller,
        })));
        prepare(&inbox);
        let environment = Environment::new(Arc::clone(&inbox));
        Self {
            server: environment.listen(options).expect("a port is free"),
            dispatcher: Dispatcher::new(Arc::clone(&environment)).expect("threads can be had"),
            environment,
            reader: Reader::new(inbox),
            slabs: BTreeMap::new(),
            alarm,
            taken: VecDeque::new(),
            created: Instant::now(),
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.server.address.expect("it is bound")
    }

    /// How often the reader was woken.
    pub fn wakes(&self) -> usize {
        self.alarm.count.load(Ordering::SeqCst)
    }

    /// Waits until a direct connection has something to read.
    #[cfg(target_os = "linux")]
    pub async fn poller_is_readable(&self) {
        let readable = async {
            while !self.has_something_to_read() {
                tokio::task::yield_now().await;
            }
        };
        expect("something to read", readable).await;
    }

    /// Whether a direct connection has something to read at this moment.
    #[cfg(target_os = "linux")]
    pub fn has_something_to_read(&self) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let poller = self.environment.inbox.poller().expect("it has one");
        let mut watched = [PollFd::new(&poller.0, PollFlags::IN)];
        poll(&mut watched, Some(&Timespec::default())).expect("it is open") > 0
    }

    /// Has direct connections take their turns, as JavaScript's loop does it when the
    /// poller is readable: on a thread that is no runtime's.
    #[cfg(target_os = "linux")]
    pub fn take_direct_turns(&mut self) {
        let environment = &self.environment;
        std::thread::scope(|scope| scope.spawn(|| environment.take_direct_turns()).join())
            .expect("no turn panics");
        self.drain();
    }

    /// The next event, which has to come and for which the loop watches the poller, too.
    #[cfg(target_os = "linux")]
    pub async fn event_of_loop(&mut self) -> Event {
        self.assert_in_time();
        loop {
            if let Some(event) = self.try_event() {
                return event;
            }
            let alarm = Arc::clone(&self.alarm);
            tokio::select! {
                () = alarm.rings.notified() => {}
                () = self.poller_is_readable() => self.take_direct_turns(),
            }
        }
    }

    /// Takes what is there, to the end. Returns whether there was anything.
    pub fn drain(&mut self) -> bool {
        let mut any = false;
        while self.take() {
            any = true;
        }
        any
    }

    /// One call as the binding makes it.
    fn take(&mut self) -> bool {
        if let Some(own) = self.dispatcher.take_own_events() {
            self.reader.prepend(own);
        }
        let mut records = [0; 256 * RECORD_WORDS];
        let mut slab = vec![0; SLAB];
        let taken = self.reader.take(&mut records, &mut slab, 0);
        let (records, _) = records.as_chunks::<RECORD_WORDS>();
        for &[head, index, third, length] in &records[..taken.records] {
            if head & 0xff == EventKind::Closed as u32 {
                self.environment.forget_connection(index);
            }
            if head == EventKind::Slab as u32 {
                let slab = self.reader.slab(third as usize);
                self.slabs.insert(index, slab.expect("it is there"));
                continue;
            }
            let (value, payload) = if head & LARGE != 0 && third & IN_SLAB != 0 {
                let offset = third & ((1 << SLAB_OFFSET_BITS) - 1);
                let slab = &self.slabs[&((third & !IN_SLAB) >> SLAB_OFFSET_BITS)];
                (offset, slab.read(offset as usize, length as usize))
            } else if head & LARGE != 0 {
                (0, self.reader.large(third as usize).expect("it is there"))
            } else if length > 0 {
                let start = third as usize;
                (0, slab[start..start + length as usize].to_vec())
            } else {
                (third, Vec::new())
            };
            self.taken.push_back(Event {
                kind: head & 0xff,
                detail: (head & !LARGE) >> 8,
                index,
                value,
                payload,
            });
        }
        taken.records > 0
    }

    /// The next event, if it has been published.
    pub fn try_event(&mut self) -> Option<Event> {
        if self.taken.is_empty() {
            self.drain();
        }
        self.taken.pop_front()
    }

    /// The next event, which has to come.
    pub async fn event(&mut self) -> Event {
        self.assert_in_time();
        loop {
            if let Some(event) = self.try_event() {
                return event;
            }
            expect("an event", self.alarm.rings.notified()).await;
        }
    }

    /// Events without an end are no less a failure than none.
    fn assert_in_time(&self) {
        assert!(
            self.created.elapsed() < 2 * DEADLINE,
            "the test does not come to its end"
        );
    }

    /// Waits for a handshake and for nothing else. Returns its connection, and behind
    /// the listener's index what it says.
    pub async fn handshake(&mut self) -> (ConnectionId, u32, Vec<String>) {
        let event = self.event().await;
        assert_eq!(event.kind, EventKind::Handshake as u32, "{event:?}");
        let (numbers, text) = event.payload.split_at(8);
        let numbers: Vec<u32> = numbers
            .chunks(4)
            .map(|number| u32::from_le_bytes(number.try_into().expect("four bytes")))
            .collect();
        let text = str::from_utf8(text).expect("text");
        let mut fields = vec![numbers[1].to_string()];
        fields.extend(text.split('\n').map(str::to_owned));
        let id = ConnectionId {
            index: event.index,
            generation: numbers[0],
        };
        (id, event.detail, fields)
    }

    /// Waits for a handshake and accepts it.
    pub async fn accept(&mut self, config: Config) -> ConnectionId {
        let (id, verdict, fields) = self.handshake().await;
        assert_eq!(verdict, 0, "{fields:?}");
        self.answer(id, &fields[1], config);
        id
    }

    /// Accepts a handshake.
    pub fn answer(&mut self, id: ConnectionId, accept_key: &str, config: Config) {
        let mut answer = String::from("HTTP/1.1 101 Switching Protocols\r\n");
        write!(
            answer,
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept_key}\r\n\r\n"
        )
        .expect("a String takes every write");
        let raw = record(id, CommandKind::Raw, 0, answer.as_bytes());
        let upgrade = record(id, CommandKind::Upgrade, 0, &config.payload());
        self.flush(&[raw, upgrade].concat());
    }

    /// Hands a block over, as at the end of a tick.
    pub fn flush(&mut self, block: &[u8]) {
        self.dispatcher
            .flush(block, || BlockBytes::copied(block), false);
    }

    /// Keeps a payload beside the blocks.
    pub fn share(&mut self, payload: Option<&[u8]>) {
        self.dispatcher.share(payload);
    }

    /// Sends one frame by way of a block.
    pub fn frame(&mut self, id: ConnectionId, opcode: u8, payload: &[u8]) {
        self.flush(&frame(id, opcode, payload));
    }

    /// Sends one frame from where its payload is.
    pub fn send(&mut self, id: ConnectionId, opcode: u8, payload: &[u8], flags: u32) {
        let flags = frame_flags(opcode) | flags;
        let command = Command::new(id, flags, payload).expect("a known kind");
        self.dispatcher.send(&command);
    }

    /// Gives a command without a payload.
    pub fn command(&mut self, id: ConnectionId, kind: CommandKind) {
        self.flush(&record(id, kind, 0, &[]));
    }

    /// Waits until the I/O threads have done what was handed to them.
    pub fn settle(&self) {
        self.dispatcher.settle(DEADLINE);
    }

    pub fn connection(&self, id: ConnectionId) -> Arc<super::super::Connection> {
        self.environment.connection(id).expect("it is not gone")
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        self.environment.close();
    }
}

fn frame_flags(opcode: u8) -> u32 {
    u32::from(opcode) << flag::OPCODE_SHIFT | flag::FIN | CommandKind::Frame as u32
}

/// A record for a block.
pub fn record(id: ConnectionId, kind: CommandKind, flags: u32, payload: &[u8]) -> Vec<u8> {
    let command = Command::new(id, kind as u32 | flags, payload).expect("a known kind");
    let mut block = command.to_block();
    block.resize(block.len().next_multiple_of(4), 0);
    block
}

/// The record of a frame.
pub fn frame(id: ConnectionId, opcode: u8, payload: &[u8]) -> Vec<u8> {
    record(id, CommandKind::Frame, frame_flags(opcode), payload)
}

/// The payload of a close frame.
pub fn close_payload(code: u16, reason: &str) -> Vec<u8> {
    [&code.to_be_bytes(), reason.as_bytes()].concat()
}
