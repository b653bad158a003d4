//! Connections whose turns JavaScript's loop takes.
//!
//! An I/O thread takes such a connection back within milliseconds if the loop is busy, or a
//! test is slow. Where it is about what JavaScript's thread does, the I/O threads are held.

mod ending;
mod watching;

use std::collections::VecDeque;
use std::sync::Arc;

use socket2::SockRef;

use super::application::{BINARY, PING, TEXT, frame};
use super::peer::masked_frame;
use super::{
    Application, Config, DEADLINE, Event, EventKind, Held, IoThreads, RawPeer, connect_raw, expect,
    hold, hold_io_threads, pattern,
};
use crate::bridge::{Batch, ConnectionId, Credit};
use crate::net::stream::Stream;
use crate::net::task::READ_BUFFER;

/// Connections of a test about a few.
const SEVERAL: usize = 8;
/// The index of a connection that there is not.
const NOBODY: u32 = u32::MAX;
/// What lets a connection become direct.
const FIRST: &[u8] = b"first";

/// Whose message it is that wakes JavaScript.
struct Nobody;

impl Credit for Nobody {
    fn release(self: Arc<Self>, _bytes: usize) {}
}

/// Wakes JavaScript for single messages until direct connections pay. Returns what else
/// it was told.
fn publish_row(application: &mut Application) -> VecDeque<Event> {
    let inbox = Arc::clone(&application.environment.inbox);
    let mut others = VecDeque::new();
    if !inbox.direct.is_worthwhile() {
        inbox.direct.end_rest();
    }
    while !inbox.direct.is_worthwhile() {
        let mut batch = Batch::default();
        batch.push(EventKind::Sent, 0, NOBODY, 0);
        batch.charge(Arc::new(Nobody), 0);
        inbox.publish(batch);
        while let Some(event) = application.try_event() {
            others.extend(Some(event).filter(|event| event.index != NOBODY));
        }
    }
    others
}

fn is_direct(application: &Application, id: ConnectionId) -> bool {
    let connection = application.environment.connection(id);
    connection.is_some_and(|connection| {
        let stream = connection.stream();
        stream.as_ref().is_some_and(Stream::is_direct)
    })
}

/// Sends `bytes` to connections while those are worthwhile that are direct. When they
/// have been read the I/O threads are held again, so that nothing changes.
fn send_while_worthwhile(
    application: &mut Application,
    peers: &[(ConnectionId, SockRef<'_>)],
    bytes: &[u8],
) -> Held {
    let mut held = hold_io_threads();
    let others = publish_row(application);
    assert!(others.is_empty(), "{others:?}");
    let connections: Vec<_> = peers
        .iter()
        .map(|(id, peer)| {
            let connection = application.connection(*id);
            let read = connection.traffic().0 + bytes.len() as u64;
            assert_eq!(peer.send(bytes).expect("there is room"), bytes.len());
            (connection, read)
        })
        .collect();
    let threads = IoThreads::shared().expect("they run").iter().enumerate();
    let holding: Vec<_> = threads
        .map(|(number, thread)| {
            let mut its = connections.clone();
            its.retain(|(connection, _)| connection.thread() == number);
            hold(thread, async move {
                while its.iter().any(|(its, read)| its.traffic().0 < *read) {
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    held.releases.clear();
    for (release, arrived) in holding {
        arrived.recv_timeout(DEADLINE).expect("all is read");
        held.releases.push(release);
    }
    held
}

/// Makes connections direct, and holds the I/O threads so that they remain so.
#[track_caller]
fn make_direct(application: &mut Application, peers: &[(ConnectionId, SockRef<'_>)]) -> Held {
    let held = send_while_worthwhile(application, peers, &masked_frame(TEXT, FIRST));
    for (id, _) in peers {
        assert!(is_direct(application, *id));
        // JavaScript was told before it may read itself.
        let event = application.try_event().expect("it was told");
        assert_eq!(event.payload, FIRST);
    }
    held
}

/// A connection that is direct.
async fn connect_direct(config: Config) -> (Application, ConnectionId, RawPeer, Held) {
    let mut application = Application::with_poller();
    let (id, peer) = connect_raw(&mut application, config).await;
    let held = make_direct(&mut application, &[(id, SockRef::from(&peer.stream))]);
    (application, id, peer, held)
}

async fn connect_many(application: &mut Application, count: usize) -> Vec<(ConnectionId, RawPeer)> {
    let mut peers = Vec::with_capacity(count);
    for _ in 0..count {
        peers.push(connect_raw(application, Config::default()).await);
    }
    peers
}

fn sockets_of(peers: &[(ConnectionId, RawPeer)]) -> Vec<(ConnectionId, SockRef<'_>)> {
    let sockets = peers.iter();
    sockets
        .map(|(id, peer)| (*id, SockRef::from(&peer.stream)))
        .collect()
}

/// As the loop does it when there is something to read, which has to come.
async fn take_turns(application: &mut Application) {
    application.poller_is_readable().await;
    application.take_direct_turns();
}

/// Whether the I/O thread is about to have the connection back; for a test's end if not.
fn is_woken(application: &Application, id: ConnectionId) -> bool {
    !application.connection(id).is_to_be_enqueued()
}

async fn until_given_back(application: &Application, id: ConnectionId) {
    let given_back = async {
        while is_direct(application, id) {
            tokio::task::yield_now().await;
        }
    };
    expect("the I/O thread to take it back", given_back).await;
}

fn numbered(number: u32) -> Vec<u8> {
    masked_frame(BINARY, &number.to_be_bytes())
}

#[track_caller]
fn assert_is_numbered(event: Event, id: ConnectionId, number: u32) {
    assert_eq!(
        event.payload_of(EventKind::Binary, id),
        number.to_be_bytes()
    );
}

#[tokio::test]
async fn messages_that_come_alone_are_soon_read_by_the_loop() {
    let mut application = Application::with_poller();
    let (id, mut peer) = connect_raw(&mut application, Config::default()).await;
    let mut read_by_loop = 0;
    for number in 0.. {
        let wakes = application.wakes();
        peer.write(numbered(number)).await;
        assert_is_numbered(application.event_of_loop().await, id, number);
        read_by_loop += u32::from(application.wakes() == wakes);
        application.frame(id, BINARY, &number.to_be_bytes());
        let echo = [&[0x82, 4][..], &number.to_be_bytes()].concat();
        assert_eq!(peer.read(6).await, echo);
        if read_by_loop == 100 {
            break;
        }
    }
}

#[tokio::test]
async fn messages_stay_in_order_when_another_thread_reads() {
    let mut application = Application::with_poller();
    let (id, mut peer) = connect_raw(&mut application, Config::default()).await;
    for _ in 0..10 {
        let held = make_direct(&mut application, &[(id, SockRef::from(&peer.stream))]);
        let wakes = application.wakes();
        peer.write(numbered(1)).await;
        assert_is_numbered(application.event_of_loop().await, id, 1);
        peer.write([numbered(2), numbered(3)].concat()).await;
        assert_is_numbered(application.event_of_loop().await, id, 2);
        assert_is_numbered(application.event_of_loop().await, id, 3);
        assert_eq!(application.wakes(), wakes);
        assert!(!application.has_something_to_read());

        // Now the loop is busy.
        peer.write(numbered(4)).await;
        drop(held);
        assert_is_numbered(application.event().await, id, 4);
        assert_eq!(application.wakes(), wakes + 1);
        assert!(!application.has_something_to_read());
    }
}

#[tokio::test]
async fn no_message_is_lost_or_told_twice_however_often_another_thread_reads() {
    const COUNT: u32 = 20_000;
    let mut application = Application::with_poller();
    let (id, mut peer) = connect_raw(&mut application, Config::default()).await;
    let sending = tokio::spawn(async move {
        for number in 0..COUNT {
            peer.write(numbered(number)).await;
            if number % 7 == 0 {
                tokio::task::yield_now().await;
            }
        }
        peer
    });
    let mut next = 0;
    while next < COUNT {
        let mut events = publish_row(&mut application);
        if events.is_empty() {
            events.push_back(application.event_of_loop().await);
        }
        for event in events {
            if event.index != NOBODY {
                assert_is_numbered(event, id, next);
                next += 1;
            }
        }
    }
    let _peer = expect("the sender", sending).await.expect("no panic");
    assert_eq!(application.try_event(), None);
}

#[tokio::test]
async fn ping_is_answered_in_a_turn_of_the_loop() {
    let (mut application, id, mut peer, _held) = connect_direct(Config::default()).await;
    peer.write(masked_frame(PING, b"?")).await;
    take_turns(&mut application).await;
    assert_eq!(peer.read(3).await, b"\x8a\x01?");
    let event = application.try_event().expect("a ping");
    assert_eq!(event.payload_of(EventKind::Ping, id), b"?");
    assert!(!is_woken(&application, id));
}

#[tokio::test]
async fn loop_reads_from_several_and_writes_to_all() {
    let mut application = Application::with_poller();
    let mut peers = connect_many(&mut application, SEVERAL).await;
    let sockets = sockets_of(&peers);
    let _held = make_direct(&mut application, &sockets);
    let wakes = application.wakes();
    for (id, peer) in &mut peers[2..] {
        peer.write(numbered(id.index)).await;
    }
    let mut told = Vec::new();
    while told.len() < SEVERAL - 2 {
        told.push(application.event_of_loop().await.index);
    }
    told.sort_unstable();
    let expected: Vec<_> = peers[2..].iter().map(|(id, _)| id.index).collect();
    assert_eq!(told, expected);
    assert_eq!(application.wakes(), wakes);
    assert!(!application.has_something_to_read());

    // No I/O thread could.
    let block: Vec<_> = peers
        .iter()
        .flat_map(|(id, _)| frame(*id, TEXT, b"all"))
        .collect();
    application.flush(&block);
    for (_, peer) in &mut peers {
        assert_eq!(peer.read(5).await, b"\x81\x03all");
    }
}

#[tokio::test]
async fn all_are_given_back_when_the_loop_finds_too_much() {
    const MANY: usize = 100;
    let mut application = Application::with_poller();
    let mut peers = connect_many(&mut application, MANY).await;
    let sockets = sockets_of(&peers);
    let held = make_direct(&mut application, &sockets);
    let mut sent = 0;
    while application.environment.inbox.direct.is_worthwhile() {
        sent += 1;
        for (_, peer) in &mut peers {
            peer.write(numbered(sent)).await;
        }
        while application.has_something_to_read() {
            application.take_direct_turns();
            while let Some(event) = application.try_event() {
                let (id, _) = peers
                    .iter()
                    .find(|(id, _)| id.index == event.index)
                    .expect("its");
                assert_is_numbered(event, *id, sent);
            }
        }
    }
    for (id, _) in &peers {
        assert!(is_woken(&application, *id));
    }
    drop(held);
    for (id, _) in &peers {
        until_given_back(&application, *id).await;
    }
    assert!(!application.environment.inbox.direct.is_any());
    for (id, peer) in &mut peers {
        peer.write(numbered(id.index)).await;
        assert_is_numbered(application.event().await, *id, id.index);
    }
}

#[tokio::test]
async fn connection_is_left_to_its_io_thread_where_the_loop_can_not_do_its_turns() {
    let deflate = Config {
        deflate: true,
        ..Config::default()
    };
    // With the header that is 4 KiB.
    let much = masked_frame(BINARY, &pattern(4088));
    let little = masked_frame(BINARY, &pattern(4087));
    let cases = [
        (Application::with_poller(), Config::default(), &little, true),
        (Application::with_poller(), Config::default(), &much, false),
        (Application::with_poller(), deflate, &little, false),
        (Application::new(), Config::default(), &little, false),
    ];
    for (number, (mut application, config, message, direct)) in cases.into_iter().enumerate() {
        let (id, peer) = connect_raw(&mut application, config).await;
        let sockets = [(id, SockRef::from(&peer.stream))];
        let held = send_while_worthwhile(&mut application, &sockets, message);
        assert_eq!(is_direct(&application, id), direct, "{number}");
        assert_eq!(application.environment.inbox.direct.is_any(), direct);
        drop(held);
        let event = application.event().await;
        assert_eq!(event.payload_of(EventKind::Binary, id), message[8..]);
    }
}

#[tokio::test]
async fn turn_that_reads_much_is_the_loops_last() {
    for length in [4087, 4088, 60_000] {
        let (mut application, id, mut peer, held) = connect_direct(Config::default()).await;
        peer.write(masked_frame(BINARY, &pattern(length))).await;
        take_turns(&mut application).await;
        assert_eq!(is_woken(&application, id), length > 4087, "{length}");
        if length > 4087 {
            drop(held);
            peer.write(masked_frame(TEXT, b"after")).await;
            let event = application.event().await;
            assert!(event.payload_of(EventKind::Binary, id) == pattern(length));
            let event = application.event().await;
            assert_eq!(event.payload_of(EventKind::Text, id), b"after");
        }
    }
}

#[tokio::test]
async fn turn_of_the_loop_reads_once() {
    const COUNT: u32 = 8000;
    let (mut application, id, mut peer, held) = connect_direct(Config::default()).await;
    let before = application.connection(id).traffic().0;
    let frames: Vec<_> = (0..COUNT).flat_map(numbered).collect();
    assert!(frames.len() > READ_BUFFER);
    peer.write(frames).await;
    take_turns(&mut application).await;
    let read = application.connection(id).traffic().0 - before;
    assert!(read <= READ_BUFFER as u64);
    drop(held);
    for number in 0..COUNT {
        assert_is_numbered(application.event().await, id, number);
    }
}

#[tokio::test]
async fn message_in_pieces_is_whole_whoever_reads_them() {
    const LENGTH: usize = 300_000;
    let (mut application, id, mut peer, held) = connect_direct(Config::default()).await;
    let mut bytes = masked_frame(TEXT, b"a");
    bytes[0] &= 0x7f;
    for piece in [bytes, masked_frame(PING, b"?"), masked_frame(0, b"b")] {
        for byte in piece {
            peer.write([byte]).await;
            take_turns(&mut application).await;
        }
    }
    let event = application.try_event().expect("a ping");
    assert_eq!(event.payload_of(EventKind::Ping, id), b"?");
    let event = application.try_event().expect("a message");
    assert_eq!(event.payload_of(EventKind::Text, id), b"ab");

    // A message that turns out to be large is read to its own memory, which is the I/O
    // thread's business.
    let bytes = masked_frame(BINARY, &pattern(LENGTH));
    let (begin, rest) = bytes.split_at(7 * 3000);
    let before = application.connection(id).traffic().0;
    for piece in begin.chunks(3000) {
        peer.write(piece).await;
        take_turns(&mut application).await;
    }
    assert_eq!(application.connection(id).traffic().0, before + 6 * 3000);
    assert!(is_woken(&application, id));
    drop(held);
    peer.write(rest).await;
    let event = application.event().await;
    assert!(event.payload_of(EventKind::Binary, id) == pattern(LENGTH));
}
