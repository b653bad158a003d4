use std::time::{Duration, Instant};

use super::application::{RESET, TEXT, listen_options, record};
use super::peer::HANDSHAKE;
use super::{Application, Config, EventKind, RawPeer};
use crate::bridge::CommandKind;
use crate::net::ListenOptions;

const PLAIN: &str = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
const BODY: &[u8] = b"Upgrade Required";

/// Reads one answer that keeps the connection.
async fn read_426(peer: &mut RawPeer) {
    let head = peer.read_head().await;
    assert!(
        head.starts_with("HTTP/1.1 426 Upgrade Required\r\n"),
        "{head}"
    );
    assert!(head.contains("\r\nConnection: keep-alive\r\n"), "{head}");
    assert!(head.contains("\r\nDate: "), "{head}");
    assert_eq!(peer.read(BODY.len()).await, BODY);
}

#[tokio::test]
async fn plain_requests_are_answered_426_one_after_the_other() {
    let application = Application::new();
    let mut peer = RawPeer::connect(application.address()).await;
    for _ in 0..2 {
        peer.write(PLAIN).await;
        read_426(&mut peer).await;
    }
    assert_eq!(
        application.wakes(),
        0,
        "JavaScript has nothing to do with it"
    );
}

#[tokio::test]
async fn body_of_a_plain_request_is_skipped() {
    let application = Application::new();
    let mut peer = RawPeer::connect(application.address()).await;
    // It looks like a request and is none.
    let length = PLAIN.len();
    let fixed = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{PLAIN}");
    let chunked = format!(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
         {length:x}\r\n{PLAIN}\r\n0\r\n\r\n"
    );
    for request in [fixed, chunked] {
        let (early, late) = request.split_at(request.len() - 20);
        peer.write(early).await;
        read_426(&mut peer).await;
        peer.write(late).await;
        peer.write("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        let head = peer.read_head().await;
        assert!(head.starts_with("HTTP/1.1 426 "), "{head}");
    }
    // The answers to HEAD had no body, and nothing else was answered.
    peer.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await;
    let rest = String::from_utf8(peer.read_to_end().await).expect("text");
    assert_eq!(rest.matches("HTTP/1.1").count(), 1, "{rest}");
}

#[tokio::test]
async fn request_to_close_is_answered_and_closed() {
    let application = Application::new();
    let mut peer = RawPeer::connect(application.address()).await;
    peer.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await;
    let answer = String::from_utf8(peer.read_to_end().await).expect("text");
    assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
    assert!(answer.contains("\r\nConnection: close\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nUpgrade Required"), "{answer}");
}

#[tokio::test]
async fn what_is_no_request_is_answered_400_and_closed() {
    let application = Application::new();
    let mut peer = RawPeer::connect(application.address()).await;
    peer.write("hello").await;
    let answer = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
    assert_eq!(peer.read_to_end().await, answer);
}

#[tokio::test]
async fn head_that_is_too_large_is_answered_431_and_closed() {
    let application = Application::new();
    let mut peer = RawPeer::connect(application.address()).await;
    let long = "a".repeat(16 * 1024);
    peer.write(format!("GET / HTTP/1.1\r\nHost: a\r\nLong: {long}"))
        .await;
    let answer = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n";
    assert_eq!(peer.read_to_end().await, answer);
}

#[tokio::test]
async fn head_that_does_not_come_in_time_is_answered_408_and_closed() {
    let timeout = Duration::from_millis(50);
    let application = Application::listening(&ListenOptions {
        headers_timeout: timeout,
        ..listen_options()
    });
    let answer = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n";
    for beginning in ["", "GET / HTTP/1.1\r\nHost"] {
        let started = Instant::now();
        let mut peer = RawPeer::connect(application.address()).await;
        peer.write(beginning).await;
        assert_eq!(peer.read_to_end().await, answer);
        assert!(started.elapsed() >= timeout);
    }
}

#[tokio::test]
async fn head_of_a_later_request_has_its_time_too() {
    let application = Application::listening(&ListenOptions {
        headers_timeout: Duration::from_millis(500),
        ..listen_options()
    });
    let mut peer = RawPeer::connect(application.address()).await;
    peer.write(PLAIN).await;
    read_426(&mut peer).await;
    peer.write("GET / HTTP/1.1\r\n").await;
    let answer = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n";
    assert_eq!(peer.read_to_end().await, answer);
}

#[tokio::test]
async fn handshake_may_follow_a_plain_request_and_come_byte_by_byte() {
    let mut application = Application::new();
    let mut peer = RawPeer::connect(application.address()).await;
    peer.write(PLAIN).await;
    read_426(&mut peer).await;
    for byte in HANDSHAKE.bytes() {
        peer.write([byte]).await;
    }
    let id = application.accept(Config::default()).await;
    application.frame(id, TEXT, b"hi");
    let head = peer.read_head().await;
    // The accept key of RFC 6455 §1.3.
    assert!(
        head.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
        "{head}"
    );
    assert_eq!(peer.read(4).await, b"\x81\x02hi");
}

#[tokio::test]
async fn fields_of_a_handshake_are_told() {
    let mut application = Application::new();
    let mut peer = RawPeer::connect(application.address()).await;
    let request = HANDSHAKE.replace(
        "Sec-WebSocket-Version",
        "Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Version",
    );
    peer.write(request).await;
    let (_, verdict, fields) = application.handshake().await;
    assert_eq!(verdict, 0);
    let server = application.server.id.index.to_string();
    let expected = [
        &server,
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        "chat,superchat",
        "GET",
        "/chat",
        "1",
        "Host",
        "localhost",
        "Upgrade",
        "websocket",
        "Connection",
        "Upgrade",
        "Sec-WebSocket-Key",
        "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol",
        "chat, superchat",
        "Sec-WebSocket-Version",
        "13",
    ];
    assert_eq!(fields, expected);
}

#[tokio::test]
async fn verdict_on_a_handshake_is_told() {
    let mut application = Application::new();
    let extension = HANDSHAKE.replace("Host:", "Sec-WebSocket-Extensions: ;\r\nHost:");
    let subprotocol = HANDSHAKE.replace("Host:", "Sec-WebSocket-Protocol: ,\r\nHost:");
    let mut peers = Vec::new();
    for (request, expected) in [
        (HANDSHAKE.replace("GET", "POST"), 1),
        (HANDSHAKE.replace(": websocket", ": h2c"), 2),
        (HANDSHAKE.replace("ZQ==", ""), 3),
        (HANDSHAKE.replace("13", "12"), 4),
        (subprotocol, 1 << 4),
        (extension, 1 << 5),
    ] {
        let mut peer = RawPeer::connect(application.address()).await;
        peer.write(&request).await;
        let (_, verdict, _) = application.handshake().await;
        assert_eq!(verdict, expected, "{request}");
        peers.push(peer);
    }
}

#[tokio::test]
async fn refused_handshake_is_answered_and_closed() {
    let mut application = Application::new();
    let mut peer = RawPeer::connect(application.address()).await;
    peer.write(HANDSHAKE).await;
    let (id, _, _) = application.handshake().await;
    let answer = "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n";
    let block = [
        record(id, CommandKind::Raw, 0, answer.as_bytes()),
        record(id, CommandKind::End, 0, &[]),
    ];
    application.flush(&block.concat());
    assert_eq!(peer.read_to_end().await, answer.as_bytes());
    // Without waiting for the peer to end its side.
    let event = application.event().await;
    assert_eq!(event.detail_of(EventKind::Closed, id), 0);
}

#[tokio::test]
async fn peer_that_ends_its_side_before_the_decision_gets_the_answer() {
    let mut application = Application::new();
    let mut peer = RawPeer::connect(application.address()).await;
    peer.write(HANDSHAKE).await;
    peer.end().await;
    let (id, _, fields) = application.handshake().await;
    assert_eq!(application.event().await.detail_of(EventKind::End, id), 0);

    // Its end has been told; it is not told again.
    application.answer(id, &fields[1], Config::default());
    application.frame(id, TEXT, b"hi");
    application.command(id, CommandKind::End);
    let head = peer.read_head().await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert_eq!(peer.read_to_end().await, b"\x81\x02hi");
    let event = application.event().await;
    assert_eq!(event.detail_of(EventKind::Closed, id), 0);
}

#[tokio::test]
async fn what_a_peer_sent_and_ended_before_the_decision_is_received() {
    let mut application = Application::new();
    let mut peer = RawPeer::connect(application.address()).await;
    peer.write(HANDSHAKE).await;
    peer.write(super::peer::masked_frame(TEXT, b"early")).await;
    peer.end().await;
    let (id, _, fields) = application.handshake().await;
    application.answer(id, &fields[1], Config::default());
    let event = application.event().await;
    assert_eq!(event.payload_of(EventKind::Text, id), b"early");
    assert_eq!(application.event().await.detail_of(EventKind::End, id), 0);
}

#[tokio::test]
async fn peer_that_goes_away_before_the_decision_is_closed() {
    let mut application = Application::new();
    let mut peer = RawPeer::connect(application.address()).await;
    peer.write(HANDSHAKE).await;
    let (id, _, fields) = application.handshake().await;
    peer.reset();
    let event = application.event().await;
    assert_eq!(event.detail_of(EventKind::Closed, id), RESET);
    // What is decided then, has no effect.
    application.answer(id, &fields[1], Config::default());
    assert_eq!(application.try_event(), None);
}

#[cfg(unix)]
#[test]
fn nagle_is_off_in_what_is_accepted() {
    let listener = crate::net::server::bind(&listen_options()).expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    let _client = std::net::TcpStream::connect(address).expect("it listens");
    listener.set_nonblocking(false).expect("it is a socket");
    let (accepted, _) = listener.accept().expect("there is one");
    assert!(accepted.nodelay().expect("it is open"));
}
