use futures_util::StreamExt;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::application::{TEXT, frame, record};
use super::{Application, Config, EventKind, connect, expect, hold_io_threads};
use crate::bridge::{BESIDE_BLOCK, CommandKind, ConnectionId, flag};

/// More connections than JavaScript's thread writes to in one flush.
const MANY: usize = 6;

async fn connect_many(
    application: &mut Application,
) -> (Vec<ConnectionId>, Vec<WebSocketStream<TcpStream>>) {
    let mut ids = Vec::new();
    let mut clients = Vec::new();
    for _ in 0..MANY {
        let (id, client) = connect(application, Config::default()).await;
        ids.push(id);
        clients.push(client);
    }
    (ids, clients)
}

async fn expect_texts(client: &mut WebSocketStream<TcpStream>, texts: &[&str]) {
    for text in texts {
        let message = expect("a message", client.next()).await;
        let message = message.expect("it is open").expect("a message");
        assert_eq!(message, Message::text(*text));
    }
}

#[tokio::test]
async fn direct_writes_do_not_overtake_blocks_that_were_handed_over() {
    let mut application = Application::new();
    let (ids, mut clients) = connect_many(&mut application).await;
    let block: Vec<u8> = ids.iter().flat_map(|&id| frame(id, TEXT, b"1")).collect();

    let held = hold_io_threads();
    application.flush(&block);
    for &id in &ids {
        application.frame(id, TEXT, b"2");
        application.send(id, TEXT, b"3", 0);
    }
    drop(held);
    application.settle();
    for &id in &ids {
        application.frame(id, TEXT, b"4");
    }
    for client in &mut clients {
        expect_texts(client, &["1", "2", "3", "4"]).await;
    }
}

#[tokio::test]
async fn what_was_handed_over_is_buffered() {
    let mut application = Application::new();
    let (ids, mut clients) = connect_many(&mut application).await;
    let block: Vec<u8> = ids
        .iter()
        .flat_map(|&id| {
            [
                frame(id, TEXT, b"12"),
                frame(id, 9, b"not counted"),
                frame(id, TEXT, b"345"),
            ]
        })
        .flatten()
        .collect();

    let held = hold_io_threads();
    application.flush(&block);
    application.send(ids[0], TEXT, b"6789", 0);
    assert_eq!(application.connection(ids[0]).buffered_amount(), 9);
    assert_eq!(application.connection(ids[1]).buffered_amount(), 5);
    drop(held);
    application.settle();
    for (&id, client) in ids.iter().zip(&mut clients) {
        assert_eq!(application.connection(id).buffered_amount(), 0);
        let message = expect("a message", client.next()).await;
        assert_eq!(
            message.expect("it is open").expect("a message"),
            Message::text("12")
        );
    }
}

#[tokio::test]
async fn few_connections_are_written_without_the_io_threads() {
    let mut application = Application::new();
    let (ids, mut clients) = connect_many(&mut application).await;
    let block: Vec<u8> = ids[..4]
        .iter()
        .flat_map(|&id| frame(id, TEXT, b"now"))
        .collect();
    let held = hold_io_threads();
    application.flush(&block);
    for client in &mut clients[..4] {
        expect_texts(client, &["now"]).await;
    }
    drop(held);
}

#[tokio::test]
async fn commands_of_one_connection_keep_their_order_among_those_of_others() {
    let mut application = Application::new();
    let (ids, mut clients) = connect_many(&mut application).await;
    let texts = ["1", "2", "3", "4", "5"];
    // In turn, so that no two commands in a row are of one connection.
    let block: Vec<u8> = texts
        .iter()
        .flat_map(|text| ids.iter().flat_map(|&id| frame(id, TEXT, text.as_bytes())))
        .collect();
    application.flush(&block);
    for client in &mut clients {
        expect_texts(client, &texts).await;
    }
}

#[tokio::test]
async fn what_is_handed_over_is_acknowledged_too() {
    let mut application = Application::new();
    let (ids, _clients) = connect_many(&mut application).await;
    let frame_of = |id, flags| {
        let opcode = u32::from(TEXT) << flag::OPCODE_SHIFT | flag::FIN;
        record(id, CommandKind::Frame, opcode | flags, b"text")
    };
    let block: Vec<u8> = ids
        .iter()
        .flat_map(|&id| {
            [
                frame_of(id, flag::ACKNOWLEDGE),
                frame_of(id, 0),
                frame_of(id, flag::ACKNOWLEDGE),
            ]
            .concat()
        })
        .collect();
    application.flush(&block);
    let mut acknowledged = vec![0; MANY];
    while acknowledged.iter().any(|&count| count < 2) {
        let event = application.event().await;
        assert_eq!(event.kind, EventKind::Sent as u32);
        acknowledged[event.index as usize] += event.value;
    }
    assert_eq!(acknowledged, [2; MANY]);
}

#[tokio::test]
async fn settling_waits_for_what_was_handed_over() {
    let mut application = Application::new();
    let (ids, _clients) = connect_many(&mut application).await;
    application.settle();
    let written = |application: &Application| -> Vec<u64> {
        let traffic = ids.iter().map(|&id| application.connection(id).traffic());
        traffic.map(|(_, written)| written).collect()
    };
    let before = written(&application);
    let block: Vec<u8> = ids
        .iter()
        .flat_map(|&id| frame(id, TEXT, b"last words"))
        .collect();
    application.flush(&block);
    application.settle();
    let expected: Vec<u64> = before.into_iter().map(|count| count + 12).collect();
    assert_eq!(written(&application), expected);
}

/// Messages that JavaScript has framed, of `length` bytes in all.
fn frames(id: ConnectionId, length: u32, frames: &[u8]) -> Vec<u8> {
    let payload = [&length.to_ne_bytes(), frames].concat();
    record(id, CommandKind::Frames, 0, &payload)
}

/// A command with the payload of the record at `place`.
fn reference(id: ConnectionId, flags: u32, place: u32) -> Vec<u8> {
    let words = [id.index, id.generation, flags | flag::SHARED, place];
    words.into_iter().flat_map(u32::to_ne_bytes).collect()
}

#[tokio::test]
async fn what_many_have_in_common_is_sent_to_each() {
    let mut application = Application::new();
    let (ids, mut clients) = connect_many(&mut application).await;
    let text = u32::from(TEXT) << flag::OPCODE_SHIFT | flag::FIN | CommandKind::Frame as u32;
    let large = "x".repeat(100_000);
    for few in [false, true] {
        let ids = if few { &ids[..2] } else { &ids[..] };
        let (&first, rest) = ids.split_first().expect("connections");
        let in_block = frames(first, 3, &[0x81, 1, b'a', 0x81, 2, b'b', b'c']);
        let framed = rest
            .iter()
            .flat_map(|&id| reference(id, CommandKind::Frames as u32, 0));
        let command = frame(first, TEXT, b"again");
        let commands = rest
            .iter()
            .flat_map(|&id| reference(id, text, place_of(&in_block, rest)));
        let beside = ids.iter().flat_map(|&id| reference(id, text, BESIDE_BLOCK));
        let block: Vec<u8> = in_block
            .iter()
            .copied()
            .chain(framed)
            .chain(command)
            .chain(commands)
            .chain(beside)
            .collect();
        let held = hold_io_threads();
        application.share(Some(large.as_bytes()));
        application.flush(&block);
        // What has been handed over needs it no more.
        application.share(None);
        if !few {
            for &id in ids {
                let buffered = application.connection(id).buffered_amount();
                assert_eq!(buffered, 3 + 5 + large.len());
            }
        }
        drop(held);
        for client in &mut clients[..ids.len()] {
            expect_texts(client, &["a", "bc", "again", &large]).await;
        }
    }
}

/// Where the record behind `first` and the references of `rest` begins.
fn place_of(first: &[u8], rest: &[ConnectionId]) -> u32 {
    u32::try_from(first.len() + 16 * rest.len()).expect("a short block")
}

#[tokio::test]
async fn no_frames_follow_a_close_frame() {
    let mut application = Application::new();
    let (id, mut client) = connect(&mut application, Config::default()).await;
    let close = frame(id, 8, &1000_u16.to_be_bytes());
    application.flush(&[close, frames(id, 1, &[0x81, 1, b'a'])].concat());
    assert_eq!(application.connection(id).buffered_amount(), 0);
    let message = expect("a message", client.next()).await;
    assert!(message.expect("it is open").expect("a frame").is_close());
}
