use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;

use super::application::{PING, TEXT};
use super::peer::masked_frame;
use super::{Application, Config, EventKind, RawPeer, connect, connect_raw, expect, pattern};
use crate::bridge::CommandKind;

#[tokio::test]
async fn pings_are_answered_while_nobody_takes_events() {
    let mut application = Application::new();
    let (id, mut client) = connect(&mut application, Config::default()).await;
    let payloads = [pattern(125), Vec::new(), b"again".to_vec()];
    for payload in &payloads {
        let ping = Message::Ping(payload.clone().into());
        client.send(ping).await.expect("it is open");
        let answer = expect("a pong", client.next()).await;
        let answer = answer.expect("it is open").expect("a frame");
        assert_eq!(answer, Message::Pong(payload.clone().into()));
    }
    // JavaScript hears of them later.
    for payload in &payloads {
        let event = application.event().await;
        assert_eq!(&event.payload_of(EventKind::Ping, id), payload);
    }
}

#[tokio::test]
async fn pings_are_not_answered_without_auto_pong() {
    let mut application = Application::new();
    let config = Config {
        auto_pong: false,
        ..Config::default()
    };
    let (id, mut client) = connect(&mut application, config).await;
    let ping = Message::Ping("?".into());
    client.send(ping).await.expect("it is open");
    let event = application.event().await;
    assert_eq!(event.payload_of(EventKind::Ping, id), b"?");
    application.frame(id, TEXT, b"no pong before this");
    let first = expect("a message", client.next()).await;
    let first = first.expect("it is open").expect("a message");
    assert_eq!(first, Message::text("no pong before this"));
}

#[tokio::test]
async fn ping_goes_out_and_its_pong_is_told() {
    let mut application = Application::new();
    let (id, mut client) = connect(&mut application, Config::default()).await;
    application.frame(id, PING, b"are you there");
    // Reading is what makes it answer.
    let event = tokio::select! {
        event = application.event() => event,
        () = async { while client.next().await.is_some() {} } => panic!("it ended"),
    };
    assert_eq!(event.payload_of(EventKind::Pong, id), b"are you there");
}

#[tokio::test]
async fn peer_that_pings_and_never_reads_is_terminated() {
    let mut application = Application::new();
    let config = Config {
        max_pending_auto_pongs: 60,
        ..Config::default()
    };
    let peer = RawPeer::with_small_buffers(application.address());
    let (id, mut peer) = peer.open(&mut application, config).await;
    let pings = masked_frame(PING, &pattern(125)).repeat(100);
    let flooding = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        while peer.stream.write_all(&pings).await.is_ok() {}
    });
    let mut closed = None;
    while closed.is_none() {
        let event = application.event().await;
        closed = (event.kind == EventKind::Closed as u32).then_some(event);
    }
    let closed = closed.expect("it is set");
    assert_eq!(closed.detail_of(EventKind::Closed, id), 0);
    expect("the end of the flood", flooding)
        .await
        .expect("it did not panic");
}

#[tokio::test]
async fn peer_that_pings_and_reads_may_go_on() {
    let mut application = Application::new();
    let config = Config {
        max_pending_auto_pongs: 1,
        ..Config::default()
    };
    let (id, mut peer) = connect_raw(&mut application, config).await;
    // All of them in one read.
    peer.write(masked_frame(PING, b"?").repeat(100)).await;
    assert_eq!(peer.read(300).await, b"\x8a\x01?".repeat(100));
    for _ in 0..100 {
        application.event().await.payload_of(EventKind::Ping, id);
    }
}

#[tokio::test]
async fn heartbeat_terminates_a_peer_that_never_answers() {
    let mut application = Application::new();
    let config = Config {
        heartbeat: (20, 50),
        ..Config::default()
    };
    let (id, mut peer) = connect_raw(&mut application, config).await;
    let opened = Instant::now();
    assert_eq!(peer.read(2).await, b"\x89\x00");
    let event = application.event().await;
    assert_eq!(event.detail_of(EventKind::Closed, id), 0);
    assert!(opened.elapsed() >= Duration::from_millis(50));
    peer.read_to_any_end().await;
}

#[tokio::test]
async fn heartbeat_keeps_a_peer_that_answers() {
    let mut application = Application::new();
    let config = Config {
        heartbeat: (50, 600),
        ..Config::default()
    };
    let (id, mut client) = connect(&mut application, config).await;
    let answering = tokio::spawn(async move { while let Some(Ok(_)) = client.next().await {} });
    let opened = Instant::now();
    // Any verdict on the first pings would have been carried out by then.
    while opened.elapsed() < Duration::from_millis(1500) {
        application.event().await.payload_of(EventKind::Pong, id);
    }
    answering.abort();
}

#[tokio::test]
async fn heartbeat_does_not_blame_a_peer_that_we_do_not_read() {
    let mut application = Application::new();
    let config = Config {
        heartbeat: (50, 300),
        ..Config::default()
    };
    let (id, mut peer) = connect_raw(&mut application, config).await;
    application.command(id, CommandKind::Pause);
    // An answer of before the pause may count; that of the ping after it is
    // not read.
    let paused = Instant::now();
    while paused.elapsed() < Duration::from_millis(900) {
        assert_eq!(peer.read(2).await, b"\x89\x00");
    }
    peer.write(masked_frame(0xa, b"alive")).await;
    application.command(id, CommandKind::Resume);
    let event = application.event().await;
    assert_eq!(event.payload_of(EventKind::Pong, id), b"alive");
}
