use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;

use super::application::{BINARY, CLOSE, ENDED, TEXT, close_payload, frame};
use super::peer::{HANDSHAKE, masked_frame};
use super::{Application, Config, EventKind, RawPeer, connect, connect_raw, expect, pattern};

#[tokio::test]
async fn text_and_binary_messages_go_both_ways() {
    let mut application = Application::new();
    let (id, mut client) = connect(&mut application, Config::default()).await;
    for (message, kind, opcode) in [
        (Message::text("héllo"), EventKind::Text, TEXT),
        (Message::binary(vec![0, 255, 1]), EventKind::Binary, BINARY),
        (Message::text(""), EventKind::Text, TEXT),
        (Message::binary(Vec::new()), EventKind::Binary, BINARY),
    ] {
        client.send(message.clone()).await.expect("it is open");
        let payload = application.event().await.payload_of(kind, id);
        application.frame(id, opcode, &payload);
        let echo = expect("the echo", client.next()).await;
        assert_eq!(echo.expect("it is open").expect("a message"), message);
    }
}

#[tokio::test]
async fn message_of_1_mib_goes_both_ways() {
    let mut application = Application::new();
    let (id, mut client) = connect(&mut application, Config::default()).await;
    let message = Message::binary(pattern(1024 * 1024));
    // Copied in a block, and from where it is.
    for in_block in [true, false] {
        let (sent, event) = tokio::join!(client.send(message.clone()), application.event());
        sent.expect("it is open");
        let payload = event.payload_of(EventKind::Binary, id);
        assert!(payload == pattern(1024 * 1024), "the payload is damaged");
        if in_block {
            application.frame(id, BINARY, &payload);
        } else {
            application.send(id, BINARY, &payload, 0);
        }
        let echo = expect("the echo", client.next()).await;
        let echo = echo.expect("it is open").expect("a message");
        assert!(echo == message, "the echo is damaged");
    }
}

#[tokio::test]
async fn frames_of_all_sizes_in_one_block_arrive_in_order() {
    let mut application = Application::new();
    let (id, mut client) = connect(&mut application, Config::default()).await;
    // Both sides of the limits at which a payload is not copied.
    let sizes = [1, 16 * 1024 - 1, 3, 16 * 1024, 100_000, 0, 7, 70_000];
    let block: Vec<u8> = sizes
        .iter()
        .flat_map(|&size| frame(id, BINARY, &pattern(size)))
        .collect();
    application.flush(&block);
    for size in sizes {
        let message = expect("a message", client.next()).await;
        let message = message.expect("it is open").expect("a message");
        assert!(message == Message::binary(pattern(size)), "of {size} bytes");
    }
}

#[tokio::test]
async fn burst_of_messages_keeps_its_order() {
    let mut application = Application::new();
    let (id, mut client) = connect(&mut application, Config::default()).await;
    let count = 5000;
    let sending = async {
        for number in 0..count {
            let message = Message::text(number.to_string());
            client.feed(message).await.expect("it is open");
        }
        client.flush().await.expect("it is open");
    };
    let receiving = async {
        for number in 0..count {
            let payload = application.event().await.payload_of(EventKind::Text, id);
            assert_eq!(payload, number.to_string().as_bytes());
        }
    };
    tokio::join!(sending, receiving);
}

#[tokio::test]
async fn what_comes_right_behind_the_request_is_received_once_it_is_accepted() {
    let mut application = Application::new();
    let mut peer = RawPeer::connect(application.address()).await;
    let early = [HANDSHAKE.as_bytes(), &masked_frame(TEXT, b"early")].concat();
    peer.write(early).await;
    let id = application.accept(Config::default()).await;
    let event = application.event().await;
    assert_eq!(event.payload_of(EventKind::Text, id), b"early");
    peer.read_head().await;
    peer.write(masked_frame(TEXT, b"later")).await;
    let event = application.event().await;
    assert_eq!(event.payload_of(EventKind::Text, id), b"later");
}

#[tokio::test]
async fn frames_behind_the_answer_in_one_block_follow_it() {
    let mut application = Application::new();
    let mut peer = RawPeer::connect(application.address()).await;
    peer.write(HANDSHAKE).await;
    let (id, _, fields) = application.handshake().await;
    application.answer(id, &fields[1], Config::default());
    application.frame(id, TEXT, b"welcome");
    peer.read_head().await;
    assert_eq!(peer.read(9).await, b"\x81\x07welcome");
}

#[tokio::test]
async fn unmasked_frame_is_an_error_after_which_nothing_is_received() {
    let mut application = Application::new();
    let (id, mut peer) = connect_raw(&mut application, Config::default()).await;
    peer.write(masked_frame(TEXT, b"valid")).await;
    peer.write(b"\x81\x07invalid").await;
    peer.write(masked_frame(TEXT, b"too late")).await;
    let event = application.event().await;
    assert_eq!(event.payload_of(EventKind::Text, id), b"valid");
    // MASK must be set.
    assert_eq!(application.event().await.detail_of(EventKind::Error, id), 5);

    application.frame(id, CLOSE, &close_payload(1002, ""));
    assert_eq!(peer.read_to_end().await, b"\x88\x02\x03\xea");
    drop(peer);
    let event = application.event().await;
    assert_eq!(event.detail_of(EventKind::Closed, id), ENDED, "not clean");
}

#[tokio::test]
async fn error_tells_the_parameter_that_its_text_quotes() {
    let mut application = Application::new();
    let (id, mut peer) = connect_raw(&mut application, Config::default()).await;
    peer.write(masked_frame(CLOSE, &close_payload(1006, "")))
        .await;
    let event = application.event().await;
    assert_eq!(event.value, 1006);
    assert_eq!(event.detail_of(EventKind::Error, id), 8);
}

#[tokio::test]
async fn message_over_max_payload_is_an_error_before_it_is_received() {
    let mut application = Application::new();
    let config = Config {
        max_payload: 1000,
        ..Config::default()
    };
    let (id, mut peer) = connect_raw(&mut application, config).await;
    peer.write(&masked_frame(BINARY, &pattern(1001))[..8]).await;
    assert_eq!(
        application.event().await.detail_of(EventKind::Error, id),
        11
    );
}
