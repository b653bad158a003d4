//! Messages that are read to memory which JavaScript sees.

use super::application::{BINARY, Event, PING};
use super::{Application, Config, EventKind, RawPeer, connect_raw, pattern};
use crate::bridge::ConnectionId;

const LENGTH: usize = 8 * 1024;
/// RFC 6455 §5.2: the header of a masked frame of 126 to 65,535 bytes.
const HEADER: u32 = 8;
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A frame of `payload`, of less than 64 KiB and at least 126 bytes.
fn long_frame(payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).expect("less than 64 KiB");
    let mut bytes = vec![0x80 | BINARY, 0x80 | 0x7e];
    bytes.extend(length.to_be_bytes());
    bytes.extend(MASK);
    let masked = payload.iter().zip(MASK.iter().cycle());
    bytes.extend(masked.map(|(byte, mask)| byte ^ mask));
    bytes
}

fn empty_ping() -> Vec<u8> {
    [vec![0x80 | PING, 0x80], MASK.to_vec()].concat()
}

#[track_caller]
fn assert_is_message(event: Event, id: ConnectionId, payload: &[u8]) {
    let received = event.payload_of(EventKind::Binary, id);
    assert!(received == payload, "the payload is damaged");
}

/// A connection from which the next message is expected to be long.
async fn connect_expecting() -> (Application, ConnectionId, RawPeer) {
    let mut application = Application::sharing_memory();
    let (id, mut peer) = connect_raw(&mut application, Config::default()).await;
    let payload = pattern(LENGTH);
    peer.write(long_frame(&payload)).await;
    let event = application.event().await;
    assert_eq!(event.value, 0, "it is the slab's first");
    assert_is_message(event, id, &payload);
    (application, id, peer)
}

#[tokio::test]
async fn message_after_a_long_one_stays_where_it_was_read() {
    let (mut application, id, mut peer) = connect_expecting().await;
    let mut payload = pattern(LENGTH);
    payload.rotate_left(5);
    peer.write(long_frame(&payload)).await;
    let event = application.event().await;
    let before = u32::try_from(LENGTH).expect("it is short");
    assert_eq!(event.value, before + HEADER, "its header is before it");
    assert_is_message(event, id, &payload);
}

#[tokio::test]
async fn more_messages_than_a_slab_holds_arrive_in_order() {
    let (mut application, id, mut peer) = connect_expecting().await;
    for number in 0..20 {
        let payload = vec![number; LENGTH];
        peer.write(long_frame(&payload)).await;
        assert_is_message(application.event().await, id, &payload);
    }
}

#[tokio::test]
async fn what_comes_with_a_message_and_in_pieces_arrives_too() {
    let (mut application, id, mut peer) = connect_expecting().await;
    let [first, second] = [1, 2].map(|byte| vec![byte; LENGTH]);
    let both = [long_frame(&first), empty_ping(), long_frame(&second)].concat();
    let (begin, rest) = both.split_at(LENGTH + 500);
    peer.write(begin).await;
    assert_is_message(application.event().await, id, &first);
    let ping = application.event().await;
    assert!(ping.payload_of(EventKind::Ping, id).is_empty());
    peer.write(rest).await;
    assert_is_message(application.event().await, id, &second);
}

#[tokio::test]
async fn error_behind_a_message_is_told_after_it() {
    let (mut application, id, mut peer) = connect_expecting().await;
    let payload = vec![3; LENGTH];
    // RSV1 without an extension.
    let invalid = [0xc0 | BINARY, 0x80, 0, 0, 0, 0];
    peer.write([long_frame(&payload), invalid.to_vec()].concat())
        .await;
    assert_is_message(application.event().await, id, &payload);
    let error = application.event().await;
    assert_eq!(
        (error.kind, error.index),
        (EventKind::Error as u32, id.index)
    );
}

#[tokio::test]
async fn end_of_the_stream_is_told_where_a_message_was_expected() {
    let (mut application, id, mut peer) = connect_expecting().await;
    peer.end().await;
    application.event().await.payload_of(EventKind::End, id);
}
