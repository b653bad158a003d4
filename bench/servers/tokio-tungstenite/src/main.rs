//! The driver of tokio-tungstenite: one task per connection, its stream as it
//! comes, with the default configuration, on a runtime of one thread. It shows
//! what that stream costs where no JavaScript runs.
//!
//! A reply is written when it is sent, because `send` flushes; a burst is fed
//! to the stream and flushed at its end.

use std::error::Error;
use std::net::Ipv4Addr;
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use oxws_bench_common::{BURST, Handler, announce, message};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio_tungstenite::tungstenite::{Message, Result, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, accept_async};

type Stream = WebSocketStream<TcpStream>;

/// More broadcasts than a client asks for before it has got the last one.
const MOST_BROADCASTS: usize = 4;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let handler = Handler::from_arguments()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    announce(listener.local_addr()?.port());

    let messages: Arc<[_]> = (0..BURST).map(|n| Message::binary(message(n))).collect();
    let (all, _) = broadcast::channel(MOST_BROADCASTS);
    loop {
        let (stream, _) = listener.accept().await?;
        // As ws, oxws and the raw server do.
        stream.set_nodelay(true)?;
        let messages = Arc::clone(&messages);
        let all = all.clone();
        tokio::spawn(async move {
            // The load leaves without a closing handshake, which is an error
            // here; one that matters is missed by the load as a reply.
            let _ = match handler {
                Handler::Echo => echo(stream).await,
                Handler::Burst => bursts(stream, &messages).await,
                Handler::Broadcast => broadcasts(stream, all).await,
            };
        });
    }
}

fn is_data(message: &Message) -> bool {
    message.is_text() || message.is_binary()
}

async fn echo(stream: TcpStream) -> Result<()> {
    let mut stream = accept_async(stream).await?;
    while let Some(message) = stream.next().await {
        let message = message?;
        if is_data(&message) {
            stream.send(message).await?;
        }
    }
    Ok(())
}

async fn bursts(stream: TcpStream, messages: &[Message]) -> Result<()> {
    let mut stream = accept_async(stream).await?;
    while let Some(message) = stream.next().await {
        if is_data(&message?) {
            for message in messages {
                stream.feed(message.clone()).await?;
            }
            stream.flush().await?;
        }
    }
    Ok(())
}

/// A channel to the tasks of all connections.
async fn broadcasts(stream: TcpStream, all: broadcast::Sender<Utf8Bytes>) -> Result<()> {
    // Before the client knows that it is connected.
    let mut receiver = all.subscribe();
    let mut stream: Stream = accept_async(stream).await?;
    let mut number = 0;
    loop {
        tokio::select! {
            message = stream.next() => match message {
                Some(message) => if is_data(&message?) {
                    // It has a receiver here.
                    let _ = all.send(message_of(&mut number));
                },
                None => return Ok(()),
            },
            data = receiver.recv() => match data {
                Ok(data) => stream.send(Message::Text(data)).await?,
                Err(_) => return Ok(()),
            },
        }
    }
}

/// Only one of the connections asks, so that it can count.
fn message_of(number: &mut u32) -> Utf8Bytes {
    let text = message(*number);
    *number = number.wrapping_add(1);
    text.into()
}
