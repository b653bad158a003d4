//! Who reads direct connections while the loop is busy, and while messages are seldom.

use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::time::sleep;

use super::super::application::{PING, TEXT};
use super::super::peer::masked_frame;
use super::super::{Application, Config, EventKind, connect_raw, expect, hold_io_threads};
use super::{
    assert_is_numbered, connect_direct, connect_many, make_direct, numbered, publish_row,
    sockets_of, take_turns,
};
use crate::bridge::CommandKind;

#[tokio::test]
async fn io_thread_reads_while_the_loop_is_busy() {
    let (mut application, id, mut peer, held) = connect_direct(Config::default()).await;
    peer.write(masked_frame(TEXT, b"read by the loop")).await;
    take_turns(&mut application).await;
    drop(held);
    // From here on it takes no turn.
    peer.write(masked_frame(PING, b"?")).await;
    assert_eq!(peer.read(3).await, b"\x8a\x01?");
    peer.write(masked_frame(TEXT, b"next")).await;
    let mut event = async || application.event().await;
    let text = event().await.payload_of(EventKind::Text, id);
    assert_eq!(text, b"read by the loop");
    assert_eq!(event().await.payload_of(EventKind::Ping, id), b"?");
    assert_eq!(event().await.payload_of(EventKind::Text, id), b"next");
}

#[tokio::test]
async fn io_thread_reads_while_the_loop_is_busy_however_long_nothing_came() {
    let (mut application, id, mut peer, held) = connect_direct(Config::default()).await;
    drop(held);
    for _ in 0..3 {
        sleep(Duration::from_millis(20)).await;
        peer.write(masked_frame(PING, b"?")).await;
        assert_eq!(peer.read(3).await, b"\x8a\x01?");
        let event = application.event().await;
        assert_eq!(event.payload_of(EventKind::Ping, id), b"?");
        drop(make_direct(
            &mut application,
            &[(id, SockRef::from(&peer.stream))],
        ));
    }
}

#[tokio::test]
async fn io_thread_reads_while_the_loop_is_busy_after_many_messages() {
    let mut application = Application::with_poller();
    let (id, mut peer) = connect_raw(&mut application, Config::default()).await;
    let sockets = [(id, SockRef::from(&peer.stream))];
    drop(make_direct(&mut application, &sockets));
    for number in 0..30 {
        peer.write(numbered(number)).await;
        assert_is_numbered(application.event_of_loop().await, id, number);
        sleep(Duration::from_millis(1)).await;
    }
    peer.write(masked_frame(PING, b"?")).await;
    assert_eq!(peer.read(3).await, b"\x8a\x01?");
}

#[tokio::test]
async fn io_thread_reads_what_the_loop_has_left_before_it_is_busy() {
    // More than it looks for at a time.
    const MANY: usize = 100;
    let mut application = Application::with_poller();
    let mut peers = connect_many(&mut application, MANY).await;
    let sockets = sockets_of(&peers);
    drop(make_direct(&mut application, &sockets));
    // Nothing came for a while.
    sleep(Duration::from_millis(50)).await;
    let held = hold_io_threads();
    for (_, peer) in &sockets {
        peer.send(&masked_frame(PING, b"?")).expect("there is room");
    }
    drop(held);
    // All is seen at once, and JavaScript comes a single time.
    sleep(Duration::from_millis(1)).await;
    application.take_direct_turns();
    for (_, peer) in &mut peers {
        assert_eq!(peer.read(3).await, b"\x8a\x01?");
    }
}

#[tokio::test]
async fn messages_that_come_seldom_are_read_by_the_loop() {
    const SEVERAL: u32 = 20;
    let mut application = Application::with_poller();
    let (id, mut peer) = connect_raw(&mut application, Config::default()).await;
    // The system may let the loop come too late.
    for pause in [0, 1, 5, 20] {
        expect("several messages in a row", async {
            let mut in_a_row = 0;
            for number in 0.. {
                if in_a_row == 0 {
                    let others = publish_row(&mut application);
                    assert!(others.is_empty());
                }
                sleep(Duration::from_millis(pause)).await;
                let wakes = application.wakes();
                peer.write(numbered(number)).await;
                assert_is_numbered(application.event_of_loop().await, id, number);
                let by_loop = application.wakes() == wakes;
                in_a_row = if by_loop { in_a_row + 1 } else { 0 };
                if in_a_row == SEVERAL {
                    break;
                }
            }
        })
        .await;
    }
}

#[tokio::test]
async fn nobody_watches_the_loop_when_no_connection_is_direct() {
    let (mut application, id, peer, held) = connect_direct(Config::default()).await;
    let inbox = Arc::downgrade(&application.environment.inbox);
    drop(held);
    drop(peer);
    loop {
        let event = application.event_of_loop().await;
        if event.kind == EventKind::Closed as u32 {
            break;
        }
        application.command(id, CommandKind::Terminate);
    }
    drop(application);
    expect("its inbox to be let go of", async {
        while inbox.strong_count() > 0 {
            sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}
