use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;

use super::application::{TEXT, frame, listen_options};
use super::peer::{HANDSHAKE, masked_frame};
use super::{
    Application, Config, EventKind, RawPeer, connect, expect, hold_io_threads,
    io_threads_finish_their_turn,
};
use crate::bridge::CommandKind;
use crate::net::ListenOptions;

const PLAIN: &str = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[tokio::test]
async fn listener_that_closes_refuses_before_its_thread_has_heard_of_it() {
    let application = Application::new();
    let address = application.server.address.expect("it is bound");
    let held = hold_io_threads();
    application.server.close();
    let error = std::net::TcpStream::connect((std::net::Ipv4Addr::LOCALHOST, address.port()));
    drop(held);
    assert_eq!(
        error.expect_err("nobody listens").kind(),
        io::ErrorKind::ConnectionRefused
    );
}

#[tokio::test]
async fn listener_is_closed_after_the_last_of_its_connections() {
    let mut application = Application::new();
    let mut ids = Vec::new();
    let mut clients = Vec::new();
    for _ in 0..8 {
        let (id, client) = connect(&mut application, Config::default()).await;
        ids.push(id);
        clients.push(client);
    }
    application.server.close();
    let (last, others) = ids.split_last().expect("there are some");
    // One command for many connections is carried out by the I/O threads.
    let block: Vec<u8> = others
        .iter()
        .flat_map(|&id| super::application::record(id, CommandKind::Terminate, 0, &[]))
        .collect();
    application.flush(&block);
    for _ in others {
        let event = application.event().await;
        assert_eq!(event.kind, EventKind::Closed as u32);
        assert_ne!(event.index, last.index);
    }
    // The last one still works.
    application.frame(*last, TEXT, b"still here");
    assert_eq!(application.try_event(), None);
    application.command(*last, CommandKind::Terminate);
    application
        .event()
        .await
        .detail_of(EventKind::Closed, *last);
    let event = application.event().await;
    assert_eq!(event.kind, EventKind::ServerClosed as u32);
    assert_eq!(event.index, application.server.id.index);
    let refused = TcpStream::connect(application.address()).await;
    assert_eq!(
        refused.expect_err("nobody listens").kind(),
        io::ErrorKind::ConnectionRefused
    );
}

#[tokio::test]
async fn server_closed_comes_behind_the_end_of_connections_of_all_threads() {
    for _ in 0..20 {
        let mut application = Application::new();
        let count = 8;
        let mut clients = Vec::new();
        for _ in 0..count {
            clients.push(connect(&mut application, Config::default()).await.1);
        }
        application.server.close();
        // All at once, each on its thread.
        drop(clients);
        let mut ended = 0;
        let mut closed = 0;
        loop {
            let event = application.event().await;
            if event.kind == EventKind::End as u32 {
                ended += 1;
                let id = crate::bridge::ConnectionId {
                    index: event.index,
                    generation: 0,
                };
                application.command(id, CommandKind::End);
            } else if event.kind == EventKind::Closed as u32 {
                closed += 1;
            } else {
                assert_eq!(event.kind, EventKind::ServerClosed as u32);
                break;
            }
        }
        assert_eq!((ended, closed), (count, count));
    }
}

#[tokio::test]
async fn closing_a_listener_ends_connections_that_ask_for_nothing() {
    let mut application = Application::new();
    let mut fresh = RawPeer::connect(application.address()).await;
    let mut kept = RawPeer::connect(application.address()).await;
    kept.write(PLAIN).await;
    kept.read_head().await;
    kept.read(16).await;
    application.server.close();
    // Twice is as good as once.
    application.server.close();
    assert_eq!(kept.read_to_end().await, b"");
    fresh.read_to_any_end().await;
    let event = application.event().await;
    assert_eq!(event.kind, EventKind::ServerClosed as u32);
}

#[tokio::test]
async fn request_that_has_begun_when_the_listener_closes_is_answered() {
    let mut application = Application::new();
    let mut peer = RawPeer::connect(application.address()).await;
    let (beginning, rest) = PLAIN.split_at(10);
    peer.write([PLAIN, beginning].concat()).await;
    peer.read_head().await;
    peer.read(16).await;
    // The core has gone on to the second request by then.
    io_threads_finish_their_turn().await;
    application.server.close();
    io_threads_finish_their_turn().await;
    peer.write(rest).await;
    let answer = String::from_utf8(peer.read_to_end().await).expect("text");
    assert!(answer.starts_with("HTTP/1.1 426 "), "{answer}");
    let event = application.event().await;
    assert_eq!(event.kind, EventKind::ServerClosed as u32);
}

#[tokio::test]
async fn handshake_that_is_offered_when_the_listener_closes_may_be_accepted() {
    let mut application = Application::new();
    let mut peer = RawPeer::connect(application.address()).await;
    peer.write(HANDSHAKE).await;
    let (id, _, fields) = application.handshake().await;
    application.server.close();
    application.answer(id, &fields[1], Config::default());
    peer.read_head().await;
    peer.write(masked_frame(TEXT, b"hello")).await;
    let event = application.event().await;
    assert_eq!(event.payload_of(EventKind::Text, id), b"hello");
}

#[tokio::test]
async fn closing_the_environment_ends_all_and_wakes_nobody() {
    let mut application = Application::new();
    let address = application.address();
    let fresh = RawPeer::connect(address).await;
    let mut begun = RawPeer::connect(address).await;
    begun.write([PLAIN, "GET"].concat()).await;
    begun.read_head().await;
    let mut offered = RawPeer::connect(address).await;
    offered.write(HANDSHAKE).await;
    application.handshake().await;
    let open = RawPeer::connect(address).await;
    let (id, open) = open.open(&mut application, Config::default()).await;
    assert!(!application.drain());
    let wakes = application.wakes();

    application.environment.close();
    for mut peer in [fresh, begun, offered, open] {
        peer.read_to_any_end().await;
    }
    application.frame(id, TEXT, b"to nobody");
    assert!(!application.drain());
    assert_eq!(application.wakes(), wakes);
    let closing = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    expect("nobody listens", closing).await;
}

#[tokio::test]
async fn environments_do_not_hear_of_each_other() {
    let mut one = Application::new();
    let mut other = Application::new();
    let (id, _client) = connect(&mut one, Config::default()).await;
    let (other_id, mut peer) = RawPeer::connect(other.address())
        .await
        .open(&mut other, Config::default())
        .await;
    // Equal ids, but of another environment.
    assert_eq!(id, other_id);
    one.environment.close();
    other.flush(&frame(other_id, TEXT, b"alive"));
    assert_eq!(peer.read(7).await, b"\x81\x05alive");
    peer.write(masked_frame(TEXT, b"well")).await;
    let event = other.event().await;
    assert_eq!(event.payload_of(EventKind::Text, other_id), b"well");
}

#[tokio::test]
async fn port_in_use_is_an_error_and_no_listener() {
    let mut application = Application::new();
    let taken = ListenOptions {
        port: application.address().port(),
        ..listen_options()
    };
    let Err(error) = application.environment.listen(&taken) else {
        panic!("two listeners of one port");
    };
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    assert!(application.environment.server(1).is_none());
    assert_eq!(application.try_event(), None);
}

#[tokio::test]
async fn handshake_names_its_listener() {
    let mut application = Application::new();
    let second = application.environment.listen(&listen_options());
    let second = second.expect("a port is free");
    assert_ne!(second.id, application.server.id);
    let known = application.environment.server(second.id.index);
    assert!(known.is_some_and(|known| Arc::ptr_eq(&known, &second)));
    let mut peers = Vec::new();
    for server in [&second, &Arc::clone(&application.server)] {
        let mut peer = RawPeer::connect(server.address.expect("it is bound")).await;
        peer.write(HANDSHAKE).await;
        let (_, _, fields) = application.handshake().await;
        assert_eq!(fields[0], server.id.index.to_string());
        peers.push(peer);
    }
    application.environment.forget_server(second.id.index);
    assert!(application.environment.server(second.id.index).is_none());
}
