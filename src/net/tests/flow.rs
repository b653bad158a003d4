use std::io::Write as _;
use std::net::TcpStream;
use std::thread::{self, JoinHandle};

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;

use super::application::{BINARY, Event, PING, TEXT};
use super::peer::{HANDSHAKE, masked_frame};
use super::{
    Application, Config, EventKind, RawPeer, connect, connect_raw, expect, hold_io_threads, pattern,
};
use crate::bridge::{CommandKind, ConnectionId, flag};
use crate::net::io_thread_count;

/// The most that one read brings beyond a bound.
const ONE_READ: u64 = 64 * 1024;

/// The part of a bound that is reached at least: events count with more bytes
/// than their frames have.
const fn most_of(bound: u64) -> u64 {
    bound / 10 * 9
}

/// Writes `count` messages of 1000 bytes from a thread of its own.
fn flood(peer: RawPeer, count: usize) -> JoinHandle<TcpStream> {
    let stream = peer.stream.into_std().expect("it is open");
    thread::spawn(move || {
        let mut stream = stream;
        stream.set_nonblocking(false).expect("it is open");
        let messages = masked_frame(BINARY, &pattern(1000)).repeat(100);
        for _ in 0..count / 100 {
            stream.write_all(&messages).expect("it is open");
        }
        stream
    })
}

/// A connection on each I/O thread: they are dealt to the threads in turn.
async fn connect_to_each_thread(application: &mut Application) -> Vec<RawPeer> {
    let mut peers = Vec::new();
    for _ in 0..io_thread_count() {
        peers.push(connect_raw(application, Config::default()).await.1);
    }
    peers
}

/// Lets the I/O threads of `peers` go through several turns, in each of which
/// they read all they may of their sockets.
async fn let_io_threads_turn(peers: &mut [RawPeer]) {
    const EMPTY_PONG: [u8; 2] = [0x8a, 0];
    for _ in 0..20 {
        for peer in &mut *peers {
            peer.write(masked_frame(PING, b"")).await;
            assert_eq!(peer.read(EMPTY_PONG.len()).await, EMPTY_PONG);
        }
    }
}

async fn wait_until_read(application: &Application, id: ConnectionId, bytes: u64) {
    let connection = application.connection(id);
    let reading = async {
        while connection.traffic().0 < bytes {
            tokio::task::yield_now().await;
        }
    };
    expect("the flood to be read", reading).await;
}

/// The next event that does not come of letting threads turn.
async fn event_but_pings(application: &mut Application) -> Event {
    loop {
        let event = application.event().await;
        if event.kind != EventKind::Ping as u32 {
            return event;
        }
    }
}

/// Takes that many messages of one or more floods.
async fn take_flood(application: &mut Application, count: usize) {
    for _ in 0..count {
        let event = event_but_pings(application).await;
        assert_eq!(event.kind, EventKind::Binary as u32);
        assert!(event.payload == pattern(1000), "a message is damaged");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn flood_is_not_read_beyond_the_bound_of_its_connection_until_it_is_taken() {
    const COUNT: usize = 16_000;
    const BOUND: u32 = 128 * 1024;
    let mut application = Application::new();
    let config = Config {
        max_inbound_bytes: BOUND,
        ..Config::default()
    };
    let mut others = connect_to_each_thread(&mut application).await;
    let (id, peer) = connect_raw(&mut application, config).await;
    let flooding = flood(peer, COUNT);
    wait_until_read(&application, id, most_of(BOUND.into())).await;
    let_io_threads_turn(&mut others).await;
    let read = application.connection(id).traffic().0;
    assert!(read <= u64::from(BOUND) + ONE_READ, "{read} bytes read");
    assert!(!flooding.is_finished());

    take_flood(&mut application, COUNT).await;
    flooding.join().expect("it did not panic");
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_are_not_read_beyond_the_bound_of_the_environment() {
    const COUNT: usize = 8_000;
    const BOUND: usize = 256 * 1024;
    let mut application = Application::new();
    application.environment.limit_inbound(BOUND);
    let mut others = connect_to_each_thread(&mut application).await;
    let mut peers = Vec::new();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let (id, peer) = connect_raw(&mut application, Config::default()).await;
        ids.push(id);
        peers.push(peer);
    }
    let flooding = peers.into_iter().map(|peer| flood(peer, COUNT));
    let flooding: Vec<_> = flooding.collect();
    let read_by_both = |application: &Application| -> u64 {
        ids.iter()
            .map(|&id| application.connection(id).traffic().0)
            .sum()
    };
    let reading = async {
        while read_by_both(&application) < most_of(BOUND as u64) {
            tokio::task::yield_now().await;
        }
    };
    expect("the floods to be read", reading).await;
    let_io_threads_turn(&mut others).await;
    let read = read_by_both(&application);
    assert!(read <= BOUND as u64 + 2 * ONE_READ, "{read} bytes read");

    take_flood(&mut application, 2 * COUNT).await;
    for flooding in flooding {
        flooding.join().expect("it did not panic");
    }
}

#[tokio::test]
async fn pings_are_answered_while_another_connection_is_at_its_bound() {
    let mut application = Application::new();
    let config = Config {
        max_inbound_bytes: 1,
        ..Config::default()
    };
    let (first, mut full) = connect(&mut application, config).await;
    let (second, mut other) = connect(&mut application, config).await;
    let read = application.connection(first).traffic().0;
    full.send(Message::text("read")).await.expect("it is open");
    wait_until_read(&application, first, read + 1).await;
    let message = Message::text("not read");
    full.send(message).await.expect("it is open");
    other
        .send(Message::Ping("?".into()))
        .await
        .expect("it is open");
    let answer = expect("a pong", other.next()).await;
    assert!(matches!(answer, Some(Ok(Message::Pong(_)))), "{answer:?}");
    let event = application.event().await;
    assert_eq!(event.payload_of(EventKind::Text, first), b"read");
    let mut rest = [application.event().await, application.event().await];
    rest.sort_by_key(|event| event.kind);
    let [message, ping] = rest;
    assert_eq!(message.payload_of(EventKind::Text, first), b"not read");
    assert_eq!(ping.payload_of(EventKind::Ping, second), b"?");
}

#[tokio::test]
async fn message_larger_than_the_bounds_passes() {
    let mut application = Application::new();
    application.environment.limit_inbound(2000);
    let config = Config {
        max_inbound_bytes: 1000,
        ..Config::default()
    };
    let (id, mut client) = connect(&mut application, config).await;
    for _ in 0..2 {
        let message = Message::binary(pattern(1_000_000));
        let (sent, event) = tokio::join!(client.send(message), application.event());
        sent.expect("it is open");
        let payload = event.payload_of(EventKind::Binary, id);
        assert!(payload == pattern(1_000_000), "the message is damaged");
    }
}

#[tokio::test]
async fn flood_of_handshakes_waits_until_those_before_are_taken() {
    const COUNT: u32 = 50;
    let mut application = Application::new();
    // Each counts with more than five kilobytes.
    application.environment.limit_inbound(50 * 1024);
    let mut elsewhere = Application::new();
    let mut others = connect_to_each_thread(&mut elsewhere).await;
    let mut peers = Vec::new();
    for _ in 0..COUNT {
        let mut peer = RawPeer::connect(application.address()).await;
        peer.write(HANDSHAKE).await;
        peers.push(peer);
    }
    let_io_threads_turn(&mut others).await;
    let offered = |application: &Application| {
        let ids = (0..COUNT).map(|index| ConnectionId {
            index,
            generation: 0,
        });
        ids.filter(|&id| application.environment.connection(id).is_some())
            .count()
    };
    let before = offered(&application);
    // One on each thread may be on its way when the bound is reached.
    assert!((1..10 + io_thread_count()).contains(&before), "{before}");

    for _ in 0..COUNT {
        let (_, verdict, _) = application.handshake().await;
        assert_eq!(verdict, 0);
    }
    assert_eq!(offered(&application), COUNT as usize);
}

#[tokio::test]
async fn what_comes_behind_a_handshake_counts_until_it_is_taken() {
    const EARLY: usize = 32 * 1024;
    let mut application = Application::new();
    application.environment.limit_inbound(EARLY);
    let mut elsewhere = Application::new();
    let mut others = connect_to_each_thread(&mut elsewhere).await;
    let mut first = RawPeer::connect(application.address()).await;
    let early = masked_frame(BINARY, &pattern(EARLY));
    first.write([HANDSHAKE.as_bytes(), &early].concat()).await;
    let is_offered = |application: &Application, index: u32| {
        let id = ConnectionId {
            index,
            generation: 0,
        };
        application.environment.connection(id).is_some()
    };
    let offering = async {
        while !is_offered(&application, 0) {
            tokio::task::yield_now().await;
        }
    };
    expect("the first to be offered", offering).await;
    let mut second = RawPeer::connect(application.address()).await;
    second.write(HANDSHAKE).await;
    let_io_threads_turn(&mut others).await;
    assert!(!is_offered(&application, 1), "there was no room");

    let (id, _, fields) = application.handshake().await;
    application.handshake().await;
    application.answer(id, &fields[1], Config::default());
    let event = application.event().await;
    assert!(event.payload_of(EventKind::Binary, id) == pattern(EARLY));
}

#[tokio::test]
async fn paused_connection_is_not_read_until_it_is_resumed() {
    let mut application = Application::new();
    let mut others = connect_to_each_thread(&mut application).await;
    let (paused, mut client) = connect(&mut application, Config::default()).await;
    let (other, mut other_client) = connect(&mut application, Config::default()).await;
    application.command(paused, CommandKind::Pause);
    let before = application.connection(paused).traffic().0;
    client.send(Message::text("a")).await.expect("it is open");
    let_io_threads_turn(&mut others).await;
    let message = Message::text("b");
    other_client.send(message).await.expect("it is open");
    let event = event_but_pings(&mut application).await;
    assert_eq!(event.payload_of(EventKind::Text, other), b"b");
    assert_eq!(application.connection(paused).traffic().0, before);

    application.command(paused, CommandKind::Resume);
    let event = event_but_pings(&mut application).await;
    assert_eq!(event.payload_of(EventKind::Text, paused), b"a");
}

#[tokio::test]
async fn what_the_kernel_does_not_take_is_buffered_and_written_later() {
    const SIZE: usize = 8 * 1024 * 1024;
    let mut application = Application::new();
    let peer = RawPeer::with_small_buffers(application.address());
    let (id, mut peer) = peer.open(&mut application, Config::default()).await;
    let connection = application.connection(id);
    let mut payload = pattern(SIZE);
    application.send(id, BINARY, &payload, flag::ACKNOWLEDGE);
    application.send(id, TEXT, b"second", flag::ACKNOWLEDGE);
    application.send(id, TEXT, b"third", 0);
    // What was sent is the core's: the caller may write over its memory.
    payload.fill(0);
    drop(payload);
    assert_eq!(connection.buffered_amount(), SIZE + 6 + 5);
    assert_eq!(application.try_event(), None);

    let header = peer.read(10).await;
    assert_eq!(header[..2], [0x82, 127]);
    assert_eq!(header[2..], (SIZE as u64).to_be_bytes());
    assert!(peer.read(SIZE).await == pattern(SIZE), "damaged");
    assert_eq!(peer.read(8).await, b"\x81\x06second");
    assert_eq!(peer.read(7).await, b"\x81\x05third");

    let mut acknowledged = 0;
    while acknowledged < 2 {
        let event = application.event().await;
        assert_eq!(
            (event.kind, event.index),
            (EventKind::Sent as u32, id.index)
        );
        acknowledged += event.value;
    }
    assert_eq!(acknowledged, 2);
    let draining = async {
        while connection.buffered_amount() > 0 {
            tokio::task::yield_now().await;
        }
    };
    expect("the queue to be empty", draining).await;
}

#[tokio::test]
async fn nothing_overtakes_what_waits_when_the_kernel_has_room_again() {
    const SIZE: usize = 8 * 1024 * 1024;
    let mut application = Application::new();
    let peer = RawPeer::with_small_buffers(application.address());
    let (id, mut peer) = peer.open(&mut application, Config::default()).await;
    // The connection's task can't write what waits before the test goes on.
    let held = hold_io_threads();
    let before = application.connection(id).traffic().1;
    application.send(id, BINARY, &pattern(SIZE), 0);
    let taken = application.connection(id).traffic().1 - before;
    let taken = usize::try_from(taken).expect("not more than there is");
    let beginning = peer.read(taken / 2).await;
    application.send(id, TEXT, b"small", 0);
    application.send(id, BINARY, &pattern(20_000), 0);
    drop(held);

    assert!(beginning[10..] == pattern(SIZE)[..beginning.len() - 10]);
    let rest = peer.read(10 + SIZE - beginning.len()).await;
    assert!(rest == pattern(SIZE)[beginning.len() - 10..], "damaged");
    assert_eq!(peer.read(7).await, b"\x81\x05small");
    assert_eq!(peer.read(4).await, b"\x82\x7e\x4e\x20");
    assert!(peer.read(20_000).await == pattern(20_000), "damaged");
}

#[tokio::test]
async fn pong_does_not_get_into_the_middle_of_a_frame_that_waits() {
    const SIZE: usize = 8 * 1024 * 1024;
    let mut application = Application::new();
    let peer = RawPeer::with_small_buffers(application.address());
    let (id, mut peer) = peer.open(&mut application, Config::default()).await;
    application.send(id, BINARY, &pattern(SIZE), 0);
    peer.write(masked_frame(9, b"?")).await;
    application.event().await.payload_of(EventKind::Ping, id);
    assert_eq!(peer.read(10).await[..2], [0x82, 127]);
    assert!(peer.read(SIZE).await == pattern(SIZE), "damaged");
    assert_eq!(peer.read(3).await, b"\x8a\x01?");
}

#[tokio::test]
async fn commands_that_the_kernel_takes_at_once_are_acknowledged_together() {
    let mut application = Application::new();
    let (id, _client) = connect(&mut application, Config::default()).await;
    for _ in 0..3 {
        application.send(id, TEXT, b"acknowledged", flag::ACKNOWLEDGE);
        application.send(id, TEXT, b"not acknowledged", 0);
    }
    let mut acknowledged = 0;
    while acknowledged < 3 {
        let event = application.event().await;
        assert_eq!(
            (event.kind, event.index),
            (EventKind::Sent as u32, id.index)
        );
        acknowledged += event.value;
    }
    assert_eq!(acknowledged, 3);
    assert_eq!(application.try_event(), None);
}

#[tokio::test]
async fn terminate_does_not_wait_for_a_peer_that_does_not_read() {
    let mut application = Application::new();
    let peer = RawPeer::with_small_buffers(application.address());
    let (id, mut peer) = peer.open(&mut application, Config::default()).await;
    application.send(id, BINARY, &pattern(8 * 1024 * 1024), flag::ACKNOWLEDGE);
    application.command(id, CommandKind::Terminate);
    let event = application.event().await;
    assert_eq!(event.detail_of(EventKind::Closed, id), 0);
    peer.read_to_any_end().await;
}

#[tokio::test]
async fn connection_that_floods_after_its_close_frame_does_not_hold_up_others() {
    let mut application = Application::new();
    let config = Config::default();
    let mut floods = Vec::new();
    for _ in 0..2 {
        let (id, mut peer) = connect_raw(&mut application, config).await;
        peer.write(masked_frame(8, b"")).await;
        application.event().await.detail_of(EventKind::Close, id);
        let stream = peer.stream.into_std().expect("it is open");
        stream.set_nonblocking(false).expect("it is open");
        floods.push(thread::spawn(move || {
            let mut stream = stream;
            let garbage = vec![0; 1024 * 1024];
            while stream.write_all(&garbage).is_ok() {}
        }));
    }
    let (id, mut client) = connect(&mut application, config).await;
    for _ in 0..100 {
        client.send(Message::text("?")).await.expect("it is open");
        let event = application.event().await;
        application.frame(id, TEXT, &event.payload_of(EventKind::Text, id));
        expect("the echo", client.next()).await;
    }
    drop(application);
    for flood in floods {
        flood.join().expect("it did not panic");
    }
}
