//! How direct connections end, pause, and wait for their peers.

use std::os::fd::{AsRawFd, OwnedFd};

use socket2::{SockRef, Socket};
use tokio::net::UnixStream;

use super::super::application::{BINARY, CLEAN, CLOSE, ENDED, PING, RESET, TEXT, close_payload};
use super::super::peer::{RawPeer, masked_frame, tcp_pair};
use super::super::{Application, Config, EventKind, expect, io_threads_finish_their_turn, pattern};
use super::{
    assert_is_numbered, connect_direct, is_direct, is_woken, make_direct, numbered, take_turns,
    until_given_back,
};
use crate::bridge::{CommandKind, ConnectionId, flag};

#[tokio::test]
async fn close_that_the_peer_starts_is_read_by_the_loop() {
    let (mut application, id, mut peer, held) = connect_direct(Config::default()).await;
    peer.write(masked_frame(CLOSE, &close_payload(4000, "bye")))
        .await;
    take_turns(&mut application).await;
    let event = application.try_event().expect("a close frame");
    assert_eq!(event.detail_of(EventKind::Close, id), 4000);
    application.frame(id, CLOSE, &close_payload(4000, ""));
    assert_eq!(peer.read_to_end().await, b"\x88\x02\x0f\xa0");
    drop(held);
    until_given_back(&application, id).await;
    drop(peer);
    let event = application.event().await;
    assert_eq!(event.detail_of(EventKind::Closed, id), CLEAN | ENDED);
}

#[tokio::test]
async fn close_that_we_start_is_answered_to_the_loop() {
    let (mut application, id, mut peer, held) = connect_direct(Config::default()).await;
    application.frame(id, CLOSE, &close_payload(1001, ""));
    assert_eq!(peer.read(4).await, b"\x88\x02\x03\xe9");
    peer.write(masked_frame(CLOSE, &close_payload(1001, "")))
        .await;
    take_turns(&mut application).await;
    let event = application.try_event().expect("a close frame");
    assert_eq!(event.detail_of(EventKind::Close, id), 1001);
    assert_eq!(peer.read_to_end().await, b"");
    peer.end().await;
    drop(held);
    let event = application.event().await;
    assert_eq!(event.detail_of(EventKind::Closed, id), CLEAN | ENDED);
    assert!(!application.has_something_to_read());
}

#[tokio::test]
async fn end_of_the_peer_is_told_once() {
    let (mut application, id, mut peer, held) = connect_direct(Config::default()).await;
    peer.end().await;
    take_turns(&mut application).await;
    assert!(is_woken(&application, id));
    application.take_direct_turns();
    let event = application.try_event().expect("the end");
    assert_eq!(event.detail_of(EventKind::End, id), 0);
    drop(held);
    until_given_back(&application, id).await;
    application.command(id, CommandKind::End);
    let event = application.event().await;
    application.settle();
    assert_eq!(event.kind, EventKind::Closed as u32);
    assert_eq!(application.try_event(), None);
}

#[tokio::test]
async fn reset_by_the_peer_is_told_once_with_its_number() {
    let (mut application, id, peer, held) = connect_direct(Config::default()).await;
    peer.reset();
    take_turns(&mut application).await;
    assert!(!application.has_something_to_read());
    assert!(!application.environment.inbox.direct.is_any());
    // The I/O thread tells it, which may have told other things before.
    assert_eq!(application.try_event(), None);
    drop(held);
    let event = application.event().await;
    assert_eq!(event.detail_of(EventKind::Closed, id), RESET);
    io_threads_finish_their_turn().await;
    assert_eq!(application.try_event(), None);
}

#[tokio::test]
async fn terminated_connection_ends_wherever_its_next_turn_is() {
    for by_loop in [false, true] {
        let (mut application, id, mut peer, held) = connect_direct(Config::default()).await;
        application.command(id, CommandKind::Terminate);
        if by_loop {
            peer.write(masked_frame(TEXT, b"not read")).await;
            take_turns(&mut application).await;
            assert_eq!(application.try_event(), None);
        }
        drop(held);
        let event = application.event().await;
        assert_eq!(event.detail_of(EventKind::Closed, id), 0);
        peer.read_to_any_end().await;
        io_threads_finish_their_turn().await;
        assert_eq!(application.try_event(), None);
        assert!(!application.has_something_to_read());
    }
}

#[tokio::test]
async fn server_closed_comes_behind_what_ends_in_a_turn_of_the_loop() {
    let (mut application, id, mut peer, held) = connect_direct(Config::default()).await;
    application.server.close();
    peer.write(masked_frame(TEXT, b"last")).await;
    drop(peer);
    application.frame(id, TEXT, b"to nobody, whose answer is a reset");
    take_turns(&mut application).await;
    drop(held);
    loop {
        let event = application.event_of_loop().await;
        if event.kind == EventKind::End as u32 {
            application.command(id, CommandKind::Terminate);
        }
        if event.kind == EventKind::Closed as u32 {
            break;
        }
    }
    let event = application.event().await;
    assert_eq!(event.kind, EventKind::ServerClosed as u32);
}

#[tokio::test]
async fn paused_connection_is_watched_by_its_io_thread() {
    let (mut application, id, mut peer, held) = connect_direct(Config::default()).await;
    application.command(id, CommandKind::Pause);
    let read = application.connection(id).traffic().0;
    peer.write(masked_frame(TEXT, b"later")).await;
    take_turns(&mut application).await;
    assert_eq!(application.connection(id).traffic().0, read);
    drop(held);
    until_given_back(&application, id).await;
    assert!(!application.has_something_to_read());
    assert_eq!(application.try_event(), None);
    assert_eq!(application.connection(id).traffic().0, read);
    application.command(id, CommandKind::Resume);
    let event = application.event().await;
    assert_eq!(event.payload_of(EventKind::Text, id), b"later");
}

#[tokio::test]
async fn connection_at_its_bound_is_watched_by_its_io_thread() {
    let config = Config {
        max_inbound_bytes: 1,
        ..Config::default()
    };
    let (mut application, id, mut peer, held) = connect_direct(config).await;
    peer.write(numbered(1)).await;
    application.poller_is_readable().await;
    // JavaScript does not take what its thread has read.
    application.environment.take_direct_turns();
    peer.write(numbered(2)).await;
    application.poller_is_readable().await;
    application.environment.take_direct_turns();
    drop(held);
    until_given_back(&application, id).await;
    assert!(!application.has_something_to_read());
    assert_is_numbered(application.event().await, id, 1);
    assert_is_numbered(application.event().await, id, 2);
}

#[tokio::test]
async fn protocol_error_is_told_by_the_loop() {
    let (mut application, id, mut peer, held) = connect_direct(Config::default()).await;
    // A frame of a client's that is not masked.
    peer.write([numbered(1), b"\x81\x01a".to_vec()].concat())
        .await;
    take_turns(&mut application).await;
    assert_is_numbered(application.try_event().expect("a message"), id, 1);
    let event = application.try_event().expect("an error");
    assert_eq!(
        (event.kind, event.index),
        (EventKind::Error as u32, id.index)
    );
    application.frame(id, CLOSE, &close_payload(1002, ""));
    assert_eq!(peer.read(4).await, b"\x88\x02\x03\xea");
    drop(held);
    peer.write(numbered(2)).await;
    peer.end().await;
    let event = application.event().await;
    assert_eq!(event.kind, EventKind::Closed as u32);
}

#[tokio::test]
async fn heartbeat_goes_on_while_the_loop_reads() {
    let config = Config {
        heartbeat: (20, 60_000),
        ..Config::default()
    };
    let (mut application, id, mut peer, held) = connect_direct(config).await;
    peer.write(numbered(1)).await;
    take_turns(&mut application).await;
    assert_is_numbered(application.try_event().expect("a message"), id, 1);
    drop(held);
    // The loop is at rest.
    assert_eq!(peer.read(2).await, b"\x89\x00");

    let dead = Config {
        heartbeat: (20, 20),
        ..Config::default()
    };
    let (mut application, id, _peer, held) = connect_direct(dead).await;
    drop(held);
    let event = application.event_of_loop().await;
    assert_eq!(event.detail_of(EventKind::Closed, id), 0);
}

#[tokio::test]
async fn close_timeout_begins_in_a_turn_of_the_loop() {
    let config = Config {
        close_timeout: 20,
        ..Config::default()
    };
    let (mut application, id, mut peer, held) = connect_direct(config).await;
    application.frame(id, CLOSE, &close_payload(1000, ""));
    peer.write(numbered(1)).await;
    take_turns(&mut application).await;
    assert_is_numbered(application.try_event().expect("a message"), id, 1);
    assert_eq!(application.try_event(), None);
    drop(held);
    let event = application.event().await;
    assert_eq!(event.detail_of(EventKind::Closed, id), 0, "not clean");
}

#[tokio::test]
async fn what_the_kernel_does_not_take_goes_out_when_the_peer_reads_again() {
    const SIZE: usize = 8 * 1024 * 1024;
    let mut application = Application::with_poller();
    let peer = RawPeer::with_small_buffers(application.address());
    let (id, mut peer) = peer.open(&mut application, Config::default()).await;
    let held = make_direct(&mut application, &[(id, SockRef::from(&peer.stream))]);
    application.send(id, BINARY, &pattern(SIZE), flag::ACKNOWLEDGE);
    assert!(application.connection(id).buffered_amount() > 0);
    // A turn of the loop finds no room, either.
    peer.write(masked_frame(PING, b"?")).await;
    take_turns(&mut application).await;
    let event = application.try_event().expect("a ping");
    assert_eq!(event.payload_of(EventKind::Ping, id), b"?");
    assert!(is_direct(&application, id));
    drop(held);
    assert!(peer.read(10 + SIZE).await[10..] == pattern(SIZE));
    assert_eq!(peer.read(3).await, b"\x8a\x01?");
    let event = application.event().await;
    assert_eq!((event.kind, event.value), (EventKind::Sent as u32, 1));
}

/// Node's descriptor of a socket, and the peer's.
struct Pair {
    node: OwnedFd,
    peer: Socket,
}

impl Pair {
    async fn tcp() -> Self {
        let (node, peer) = tcp_pair().await;
        let peer = peer.into_std();
        Self {
            node: node.into_std().expect("it is registered").into(),
            peer: peer.expect("it is registered").into(),
        }
    }

    fn unix() -> Self {
        let (node, peer) = UnixStream::pair().expect("descriptors are free");
        let peer = peer.into_std().expect("it is registered");
        Self {
            node: node.into_std().expect("it is registered").into(),
            peer: OwnedFd::from(peer).into(),
        }
    }

    fn adopt(&self, application: &Application) -> ConnectionId {
        let engine = Config::default().engine();
        #[expect(unsafe_code, reason = "a descriptor is given as a number")]
        // SAFETY: it is open as long as this value is.
        let adopted = unsafe { application.environment.adopt(self.node.as_raw_fd(), engine) };
        adopted.map_err(|(error, _)| error).expect("it is a socket")
    }

    fn send(&self, bytes: &[u8]) {
        let sent = self.peer.send(bytes).expect("there is room");
        assert_eq!(sent, bytes.len());
    }
}

#[tokio::test]
async fn nobody_watches_an_adopted_socket_that_has_ended() {
    for pair in [Pair::tcp().await, Pair::unix()] {
        let mut application = Application::with_poller();
        let id = pair.adopt(&application);
        let held = make_direct(&mut application, &[(id, SockRef::from(&pair.peer))]);
        pair.send(&numbered(1));
        assert_is_numbered(application.event_of_loop().await, id, 1);
        application.command(id, CommandKind::Terminate);
        pair.send(&numbered(2));
        take_turns(&mut application).await;
        drop(held);
        let event = application.event().await;
        assert_eq!(event.detail_of(EventKind::Closed, id), 0);
        // Node has it still, and what came is there to be read.
        assert!(!application.has_something_to_read());
    }
}

#[tokio::test]
async fn environment_closes_with_its_direct_connections() {
    for turn in [false, true] {
        let (mut application, id, mut peer, held) = connect_direct(Config::default()).await;
        let connection = application.connection(id);
        peer.write(numbered(1)).await;
        application.poller_is_readable().await;
        application.environment.close();
        if turn {
            application.take_direct_turns();
        }
        drop(held);
        peer.read_to_any_end().await;
        let ended = async {
            while connection.stream().is_some() {
                tokio::task::yield_now().await;
            }
        };
        expect("the end", ended).await;
        assert!(!application.environment.inbox.direct.is_any());
        assert_eq!(application.try_event(), None);
    }
}
