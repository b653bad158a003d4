//! Sockets that were Node's.

#![allow(unsafe_code, reason = "a descriptor is given as a number")]

use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use socket2::Socket;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;

use super::application::{CLEAN, CLOSE, ENDED, PING, RESET, TEXT, close_payload, frame, record};
use super::peer::{masked_frame, tcp_pair};
use super::{Application, Config, EventKind, expect};
use crate::bridge::{CommandKind, ConnectionId, flag};
use crate::net::Engine;
use crate::protocol::{Payload, Sink};

trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

/// Node's end of a socket, and the peer's.
struct Pair {
    node: OwnedFd,
    peer: Box<dyn Stream>,
}

impl Pair {
    async fn tcp() -> Self {
        let (node, peer) = tcp_pair().await;
        Self {
            node: node.into_std().expect("it is registered").into(),
            peer: Box::new(peer),
        }
    }

    fn unix() -> Self {
        let (node, peer) = UnixStream::pair().expect("descriptors are free");
        Self {
            node: node.into_std().expect("it is registered").into(),
            peer: Box::new(peer),
        }
    }

    fn adopt(&self, application: &Application, engine: Engine) -> ConnectionId {
        // SAFETY: it is open as long as this value is.
        let adopted = unsafe { application.environment.adopt(self.node.as_raw_fd(), engine) };
        adopted.map_err(|(error, _)| error).expect("it is a socket")
    }

    async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let result = expect("a write", self.peer.write_all(bytes.as_ref())).await;
        result.expect("the connection is there");
    }

    async fn read(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        let result = expect("bytes", self.peer.read_exact(&mut bytes)).await;
        result.expect("the connection is there");
        bytes
    }

    async fn read_to_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let result = expect("the end", self.peer.read_to_end(&mut bytes)).await;
        result.expect("it ends in order");
        bytes
    }
}

async fn pairs() -> [Pair; 2] {
    [Pair::tcp().await, Pair::unix()]
}

/// What a relay was told before.
#[derive(Default)]
struct Told(Vec<Vec<u8>>);

impl Sink for Told {
    fn message(&mut self, _: bool, payload: Payload<'_>, _: &[u32]) {
        self.0.push(match payload {
            Payload::Borrowed(payload) => payload.to_vec(),
            Payload::Owned(payload) => payload,
        });
    }

    fn ping(&mut self, payload: &[u8]) {
        self.0.push(payload.to_vec());
    }

    fn pong(&mut self, payload: &[u8]) {
        self.0.push(payload.to_vec());
    }

    fn close(&mut self, _: u16, reason: &[u8]) {
        self.0.push(reason.to_vec());
    }
}

/// A frame that is not the last of its message.
fn fragment(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = masked_frame(opcode, payload);
    bytes[0] &= 0x7f;
    bytes
}

#[tokio::test]
async fn adopted_connection_receives_and_sends() {
    for mut pair in pairs().await {
        let mut application = Application::new();
        let id = pair.adopt(&application, Config::default().engine());
        pair.write(masked_frame(TEXT, b"in")).await;
        let event = application.event().await;
        assert_eq!(event.payload_of(EventKind::Text, id), b"in");
        application.frame(id, TEXT, b"out");
        assert_eq!(pair.read(5).await, b"\x81\x03out");
        pair.write(masked_frame(PING, b"?")).await;
        assert_eq!(pair.read(3).await, b"\x8a\x01?");
    }
}

#[tokio::test]
async fn engine_goes_on_wherever_its_message_was_cut() {
    let bytes = [
        fragment(TEXT, "€".as_bytes()),
        masked_frame(PING, b"between"),
        fragment(0, b""),
        masked_frame(0, &[b'x'; 200]),
        masked_frame(TEXT, b"next"),
    ]
    .concat();
    let message = ["€".as_bytes(), &[b'x'; 200]].concat();
    let all = [b"between".to_vec(), message, b"next".to_vec()];
    for cut in 0..bytes.len() {
        let mut application = Application::new();
        let mut pair = if cut % 2 == 0 {
            Pair::unix()
        } else {
            Pair::tcp().await
        };
        let mut engine = Config::default().engine();
        let mut told = Told::default();
        let (early, late) = bytes.split_at(cut);
        engine
            .receive(&mut early.to_vec(), &mut told)
            .expect("it is in order");
        let id = pair.adopt(&application, engine);
        pair.write(late).await;
        while told.0.len() < all.len() {
            let event = application.event().await;
            assert_eq!(event.index, id.index);
            told.0.push(event.payload);
        }
        assert_eq!(told.0, all, "cut at {cut}");
    }
}

#[tokio::test]
async fn client_masks_what_it_answers_by_itself() {
    for mut pair in pairs().await {
        let mut application = Application::new();
        let config = Config {
            client: true,
            ..Config::default()
        };
        let id = pair.adopt(&application, config.engine());
        // A server's frames are not masked.
        pair.write(b"\x89\x04ping").await;
        application.event().await.payload_of(EventKind::Ping, id);
        let answer = pair.read(10).await;
        let (head, rest) = answer.split_at(2);
        let (key, payload) = rest.split_at(4);
        assert_eq!(head, b"\x8a\x84");
        let plain: Vec<u8> = payload.iter().zip(key).map(|(a, b)| a ^ b).collect();
        assert_eq!(plain, b"ping");
        pair.write(masked_frame(TEXT, b"masked")).await;
        let event = application.event().await;
        assert_eq!(
            event.kind,
            EventKind::Error as u32,
            "a server must not mask"
        );
    }
}

#[tokio::test]
async fn heartbeat_of_a_client_masks_its_pings() {
    let mut pair = Pair::unix();
    let application = Application::new();
    let config = Config {
        client: true,
        heartbeat: (20, 60_000),
        ..Config::default()
    };
    pair.adopt(&application, config.engine());
    assert_eq!(pair.read(6).await[..2], *b"\x89\x80");
}

#[tokio::test]
async fn end_shuts_down_though_node_has_the_socket_too() {
    for mut pair in pairs().await {
        let mut application = Application::new();
        let id = pair.adopt(&application, Config::default().engine());
        let block = [
            frame(id, TEXT, b"last"),
            record(id, CommandKind::End, 0, &[]),
        ];
        application.flush(&block.concat());
        assert_eq!(pair.read_to_end().await, b"\x81\x04last");
        pair.peer.shutdown().await.expect("it is open");
        let event = application.event().await;
        assert_eq!(event.detail_of(EventKind::Closed, id), ENDED);
    }
}

#[tokio::test]
async fn closing_handshake_and_terminate_close_though_node_has_the_socket_too() {
    for mut pair in pairs().await {
        let mut application = Application::new();
        let id = pair.adopt(&application, Config::default().engine());
        pair.write(masked_frame(CLOSE, &close_payload(1000, "")))
            .await;
        application.event().await.detail_of(EventKind::Close, id);
        application.frame(id, CLOSE, &close_payload(1000, ""));
        assert_eq!(pair.read_to_end().await, b"\x88\x02\x03\xe8");
        pair.peer.shutdown().await.expect("it is open");
        let event = application.event().await;
        assert_eq!(event.detail_of(EventKind::Closed, id), CLEAN | ENDED);
    }
    for mut pair in pairs().await {
        let mut application = Application::new();
        let id = pair.adopt(&application, Config::default().engine());
        let block = [
            frame(id, TEXT, b"last"),
            record(id, CommandKind::Terminate, 0, &[]),
        ];
        application.flush(&block.concat());
        assert_eq!(pair.read_to_end().await, b"\x81\x04last");
        let event = application.event().await;
        assert_eq!(event.detail_of(EventKind::Closed, id), 0);
    }
}

#[tokio::test]
async fn reset_is_told_with_its_number() {
    let mut application = Application::new();
    let (node, peer) = tcp_pair().await;
    let pair = Pair {
        node: node.into_std().expect("it is registered").into(),
        peer: Box::new(tokio::io::empty()),
    };
    let id = pair.adopt(&application, Config::default().engine());
    let peer = Socket::from(peer.into_std().expect("it is registered"));
    peer.set_linger(Some(Duration::ZERO)).expect("it is open");
    drop(peer);
    let event = application.event().await;
    assert_eq!(event.detail_of(EventKind::Closed, id), RESET);
}

#[tokio::test]
async fn terminate_may_reset() {
    let mut application = Application::new();
    let mut pair = Pair::tcp().await;
    let id = pair.adopt(&application, Config::default().engine());
    let reset = record(id, CommandKind::Terminate, flag::RESET, &[]);
    application.flush(&reset);
    let event = application.event().await;
    assert_eq!(event.detail_of(EventKind::Closed, id), 0);
    // As long as Node has it, it is open; then comes the reset.
    drop(std::mem::replace(&mut pair.node, Pair::unix().node));
    let mut byte = [0];
    let end = expect("the reset", pair.peer.read(&mut byte)).await;
    let error = end.expect_err("it does not end in order");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn tap_tells_bytes_as_they_come_in_front_of_what_they_mean() {
    for mut pair in pairs().await {
        let mut application = Application::new();
        let id = pair.adopt(&application, Config::default().engine());
        application.command(id, CommandKind::Tap);
        let bytes = masked_frame(TEXT, b"seen");
        pair.write(&bytes).await;
        let event = application.event().await;
        assert_eq!(event.payload_of(EventKind::Raw, id), bytes);
        let event = application.event().await;
        assert_eq!(event.payload_of(EventKind::Text, id), b"seen");
    }
}

#[tokio::test]
async fn what_is_injected_counts_as_received() {
    for mut pair in pairs().await {
        let mut application = Application::new();
        let id = pair.adopt(&application, Config::default().engine());
        let bytes = masked_frame(TEXT, b"from inside");
        let (first, second) = bytes.split_at(3);
        application.flush(&record(id, CommandKind::Inject, 0, first));
        application.flush(&record(id, CommandKind::Inject, 0, second));
        let event = application.event().await;
        assert_eq!(event.payload_of(EventKind::Text, id), b"from inside");
        pair.write(masked_frame(TEXT, b"from outside")).await;
        let event = application.event().await;
        assert_eq!(event.payload_of(EventKind::Text, id), b"from outside");
    }
}

#[tokio::test]
async fn what_is_no_stream_socket_is_given_back() {
    let application = Application::new();
    let file = OwnedFd::from(std::fs::File::open("/dev/null").expect("it exists"));
    let pair = Pair {
        node: file,
        peer: Box::new(tokio::io::empty()),
    };
    let mut engine = Config::default().engine();
    let mut half = masked_frame(TEXT, b"whole");
    let mut rest = half.split_off(4);
    let mut told = Told::default();
    engine
        .receive(&mut half, &mut told)
        .expect("it is in order");
    // SAFETY: it is open as long as `pair` is.
    let refused = unsafe { application.environment.adopt(pair.node.as_raw_fd(), engine) };
    let Err((_, mut engine)) = refused else {
        panic!("it is no socket");
    };
    engine
        .receive(&mut rest, &mut told)
        .expect("it is in order");
    assert_eq!(told.0, [b"whole"]);
}

#[tokio::test]
async fn end_of_the_environment_closes_it() {
    for mut pair in pairs().await {
        let application = Application::new();
        pair.adopt(&application, Config::default().engine());
        drop(application);
        assert_eq!(pair.read_to_end().await, b"");
    }
}
