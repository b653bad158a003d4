use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::application::{CLEAN, CLOSE, ENDED, RESET, TEXT, close_payload, frame, record};
use super::peer::masked_frame;
use super::{Application, Config, Event, EventKind, RawPeer, connect, connect_raw, expect};
use crate::bridge::{CommandKind, ConnectionId, flag};

fn close(code: u16, reason: &'static str) -> Message {
    Message::Close(Some(CloseFrame {
        code: code.into(),
        reason: reason.into(),
    }))
}

/// The last event but those of acknowledged writes; `End` comes before it or
/// not.
async fn closed(application: &mut Application, id: ConnectionId) -> Event {
    loop {
        let event = application.event().await;
        if event.kind != EventKind::End as u32 {
            assert_eq!(
                (event.kind, event.index),
                (EventKind::Closed as u32, id.index)
            );
            return event;
        }
    }
}

#[tokio::test]
async fn close_that_the_peer_starts_is_clean_once_it_is_answered() {
    let mut application = Application::new();
    let (id, mut client) = connect(&mut application, Config::default()).await;
    client.send(close(4000, "bye")).await.expect("it is open");
    let event = application.event().await;
    assert_eq!(event.detail, 4000);
    assert_eq!(event.payload_of(EventKind::Close, id), b"bye");

    application.frame(id, CLOSE, &close_payload(4000, "bye"));
    let answer = expect("the answer", client.next()).await;
    let answer = answer.expect("it is open").expect("a frame");
    assert_eq!(answer, close(4000, "bye"));
    assert!(expect("the end", client.next()).await.is_none());
    drop(client);
    assert_eq!(closed(&mut application, id).await.detail, CLEAN | ENDED);
}

#[tokio::test]
async fn close_that_we_start_is_clean_once_the_peer_answers() {
    let mut application = Application::new();
    let (id, mut client) = connect(&mut application, Config::default()).await;
    application.frame(id, CLOSE, &close_payload(1001, "moving"));
    let received = expect("the close frame", client.next()).await;
    let received = received.expect("it is open").expect("a frame");
    assert_eq!(received, close(1001, "moving"));
    // Reading on is what makes it answer.
    assert!(expect("the end", client.next()).await.is_none());
    drop(client);
    let event = application.event().await;
    assert_eq!(event.detail, 1001);
    assert_eq!(event.payload_of(EventKind::Close, id), b"moving");
    assert_eq!(closed(&mut application, id).await.detail, CLEAN | ENDED);
}

#[tokio::test]
async fn empty_close_frame_tells_1005() {
    let mut application = Application::new();
    let (id, mut client) = connect(&mut application, Config::default()).await;
    client.send(Message::Close(None)).await.expect("it is open");
    let event = application.event().await;
    assert_eq!(event.detail_of(EventKind::Close, id), 1005);
}

#[tokio::test]
async fn transport_stays_until_the_peer_ends_its_side() {
    let mut application = Application::new();
    let (id, mut peer) = connect_raw(&mut application, Config::default()).await;
    peer.write(masked_frame(CLOSE, &close_payload(1000, "")))
        .await;
    application.event().await.detail_of(EventKind::Close, id);
    application.frame(id, CLOSE, &close_payload(1000, ""));
    // Our side ends; theirs is still read, and ignored.
    assert_eq!(peer.read_to_end().await, b"\x88\x02\x03\xe8");
    peer.write(masked_frame(TEXT, b"not for you")).await;
    peer.end().await;
    let event = application.event().await;
    assert_eq!(event.detail_of(EventKind::Closed, id), CLEAN | ENDED);
}

#[tokio::test]
async fn our_side_ends_behind_our_close_frame_if_that_is_wanted() {
    let mut application = Application::new();
    let (id, mut peer) = connect_raw(&mut application, Config::default()).await;
    application.frame(id, CLOSE, &close_payload(1000, ""));
    // When this was read nothing is left that would wake the connection.
    peer.write(masked_frame(9, b"")).await;
    application.event().await.payload_of(EventKind::Ping, id);
    application.command(id, CommandKind::End);
    assert_eq!(peer.read_to_end().await, b"\x88\x02\x03\xe8");
}

#[tokio::test]
async fn no_frame_follows_a_close_frame() {
    let mut application = Application::new();
    let (id, mut peer) = connect_raw(&mut application, Config::default()).await;
    let block = [
        frame(id, TEXT, b"1"),
        frame(id, CLOSE, &close_payload(1000, "")),
        frame(id, TEXT, b"2"),
        frame(id, CLOSE, &close_payload(1001, "")),
    ];
    application.flush(&block.concat());
    application.frame(id, TEXT, b"3");
    peer.write(masked_frame(9, b"no pong to this")).await;
    peer.write(masked_frame(CLOSE, &close_payload(1000, "")))
        .await;
    assert_eq!(peer.read_to_end().await, b"\x81\x011\x88\x02\x03\xe8");
    application.event().await.payload_of(EventKind::Ping, id);
    application.event().await.detail_of(EventKind::Close, id);
    peer.end().await;
    assert_eq!(closed(&mut application, id).await.detail, CLEAN | ENDED);
}

/// How long an impatient server waits for a peer to close.
const TIMEOUT: Duration = Duration::from_millis(50);

fn impatient() -> Config {
    Config {
        close_timeout: 50,
        ..Config::default()
    }
}

#[tokio::test]
async fn close_timeout_ends_what_the_peer_does_not_close() {
    let mut application = Application::new();
    let (id, mut peer) = connect_raw(&mut application, impatient()).await;
    let started = Instant::now();
    application.frame(id, CLOSE, &close_payload(1000, ""));
    assert_eq!(peer.read(4).await, b"\x88\x02\x03\xe8");
    let event = application.event().await;
    assert_eq!(event.detail_of(EventKind::Closed, id), 0, "not clean");
    assert!(started.elapsed() >= TIMEOUT);
    peer.read_to_any_end().await;
}

#[tokio::test]
async fn close_timeout_ends_what_the_peer_does_not_close_though_our_side_has_ended() {
    let mut application = Application::new();
    let (id, mut peer) = connect_raw(&mut application, impatient()).await;
    let block = [
        frame(id, CLOSE, &close_payload(1000, "")),
        record(id, CommandKind::End, 0, &[]),
    ];
    application.flush(&block.concat());
    assert_eq!(peer.read_to_end().await, b"\x88\x02\x03\xe8");
    let event = application.event().await;
    assert_eq!(event.detail_of(EventKind::Closed, id), 0, "not clean");
}

#[tokio::test]
async fn close_timeout_ends_a_clean_close_whose_transport_stays() {
    let mut application = Application::new();
    let (id, mut peer) = connect_raw(&mut application, impatient()).await;
    peer.write(masked_frame(CLOSE, &close_payload(1000, "")))
        .await;
    application.event().await.detail_of(EventKind::Close, id);
    application.frame(id, CLOSE, &close_payload(1000, ""));
    let event = application.event().await;
    assert_eq!(event.detail_of(EventKind::Closed, id), 1);
}

#[tokio::test]
async fn close_timeout_does_not_pass_while_the_peer_waits_for_our_close_frame() {
    // JavaScript is in time, or late.
    for delay in [TIMEOUT * 3 / 5, TIMEOUT * 12 / 5] {
        let mut application = Application::new();
        let (id, mut peer) = connect_raw(&mut application, impatient()).await;
        peer.write(masked_frame(CLOSE, &close_payload(1000, "")))
            .await;
        application.event().await.detail_of(EventKind::Close, id);
        tokio::time::sleep(delay).await;
        let answered = Instant::now();
        application.frame(id, CLOSE, &close_payload(1000, ""));
        assert_eq!(peer.read_to_end().await, b"\x88\x02\x03\xe8");
        // From here on it passes, as a whole.
        let event = application.event().await;
        assert_eq!(event.detail_of(EventKind::Closed, id), CLEAN);
        assert!(answered.elapsed() >= TIMEOUT, "answered after {delay:?}");
    }
}

#[tokio::test]
async fn peer_that_ended_before_our_close_frame_is_closed_by_it() {
    let mut application = Application::new();
    let (id, mut peer) = connect_raw(&mut application, Config::default()).await;
    peer.write(masked_frame(CLOSE, &close_payload(1000, "")))
        .await;
    peer.end().await;
    application.event().await.detail_of(EventKind::Close, id);
    application.event().await.detail_of(EventKind::End, id);
    application.frame(id, CLOSE, &close_payload(1000, ""));
    assert_eq!(peer.read_to_end().await, b"\x88\x02\x03\xe8");
    let event = application.event().await;
    assert_eq!(event.detail_of(EventKind::Closed, id), CLEAN);
}

#[tokio::test]
async fn terminate_sends_what_was_accepted_before() {
    let mut application = Application::new();
    let (id, mut client) = connect(&mut application, Config::default()).await;
    let block = [
        frame(id, TEXT, b"1"),
        frame(id, TEXT, b"2"),
        record(id, CommandKind::Terminate, 0, &[]),
        frame(id, TEXT, b"too late"),
    ];
    application.flush(&block.concat());
    for text in ["1", "2"] {
        let message = expect("a message", client.next()).await;
        let message = message.expect("it is open").expect("a message");
        assert_eq!(message, Message::text(text));
    }
    // It ends without a close frame.
    let end = expect("the end", client.next()).await;
    assert!(matches!(end, Some(Err(_)) | None), "{end:?}");
    let event = application.event().await;
    assert_eq!(event.detail_of(EventKind::Closed, id), 0);
}

#[tokio::test]
async fn end_of_the_peer_without_a_close_frame_is_told_and_answered() {
    let mut application = Application::new();
    let (id, mut peer) = connect_raw(&mut application, Config::default()).await;
    peer.write(masked_frame(TEXT, b"last")).await;
    peer.end().await;
    application.event().await.payload_of(EventKind::Text, id);
    let event = application.event().await;
    assert_eq!(event.detail_of(EventKind::End, id), 0);
    // Our side still works.
    let block = [
        frame(id, TEXT, b"ours"),
        record(id, CommandKind::End, 0, &[]),
    ];
    application.flush(&block.concat());
    assert_eq!(peer.read_to_end().await, b"\x81\x04ours");
    let event = application.event().await;
    assert_eq!(event.detail_of(EventKind::Closed, id), 0);
}

#[tokio::test]
async fn reset_by_the_peer_closes_at_once() {
    let mut application = Application::new();
    let (id, peer) = connect_raw(&mut application, Config::default()).await;
    peer.reset();
    let event = application.event().await;
    assert_eq!(event.detail_of(EventKind::Closed, id), RESET);
}

#[tokio::test]
async fn closed_tells_the_bytes_read_and_written() {
    let mut application = Application::new();
    let mut peer = RawPeer::connect(application.address()).await;
    // Also those of the HTTP before.
    let plain = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    peer.write(plain).await;
    let mut read = peer.read_head().await.len();
    read += peer.read("Upgrade Required".len()).await.len();

    peer.write(super::peer::HANDSHAKE).await;
    let id = application.accept(Config::default()).await;
    read += peer.read_head().await.len();
    let message = masked_frame(TEXT, b"message");
    peer.write(&message).await;
    application.event().await.payload_of(EventKind::Text, id);
    application.send(id, TEXT, b"answer", flag::ACKNOWLEDGE);
    read += peer.read(8).await.len();
    let written = plain.len() + super::peer::HANDSHAKE.len() + message.len();
    assert_eq!(
        application.connection(id).traffic(),
        (written as u64, read as u64)
    );

    assert_eq!(application.event().await.kind, EventKind::Sent as u32);
    application.command(id, CommandKind::Terminate);
    let payload = application.event().await.payload_of(EventKind::Closed, id);
    assert_eq!(counts(&payload), [written, read, 0]);
}

#[tokio::test]
async fn what_waits_to_be_compressed_is_dropped_by_a_termination() {
    let config = Config {
        deflate: true,
        ..Config::default()
    };
    for abandoned in [false, true] {
        let mut application = Application::new();
        let mut peer = RawPeer::connect(application.address()).await;
        peer.write(super::peer::HANDSHAKE).await;
        let id = application.accept(config).await;
        peer.read_head().await;
        let flags = [0, flag::COMPRESS, flag::COMPRESS, 0];
        let frames = flags.map(|flags| {
            let flags =
                flags | flag::ACKNOWLEDGE | flag::FIN | u32::from(TEXT) << flag::OPCODE_SHIFT;
            record(id, CommandKind::Frame, flags, b"some")
        });
        let terminate = record(id, CommandKind::Terminate, 0, &[]);
        if abandoned {
            application.connection(id).abandon();
        }
        application.flush(&[&frames.concat()[..], &terminate].concat());
        let sent = application.event().await;
        assert_eq!(sent.kind, EventKind::Sent as u32);
        assert_eq!(sent.value, if abandoned { 1 } else { 4 });
        let closed = application.event().await;
        let [_, _, dropped] = counts(&closed.payload_of(EventKind::Closed, id))[..] else {
            panic!("three counts");
        };
        assert_eq!(dropped, if abandoned { 3 } else { 0 });
        let received = peer.read_to_end().await;
        assert_eq!(&received[..6], b"\x81\x04some");
        assert_eq!(received.len() == 6, abandoned);
    }
}

/// The numbers in the payload of `Closed`.
fn counts(payload: &[u8]) -> Vec<usize> {
    let (doubles, _) = payload.as_chunks::<8>();
    doubles
        .iter()
        .map(|double| f64::from_le_bytes(*double).to_string())
        .map(|text| text.parse().expect("an integer"))
        .collect()
}
