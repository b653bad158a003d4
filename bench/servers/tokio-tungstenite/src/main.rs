//! The driver of tokio-tungstenite: one task per connection, its stream as it
//! comes, with the default configuration, on a runtime of one thread. It shows
//! what that stream costs where no JavaScript runs.
//!
//! Every reply is written when it is sent, because `send` flushes.

use std::env;
use std::error::Error;
use std::io;
use std::net::Ipv4Addr;
use std::process;
use std::thread;

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Result;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    match env::args().nth(1).as_deref() {
        Some("echo") => {}
        other => return Err(format!("no such handler: {other:?}").into()),
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{{\"port\":{}}}", listener.local_addr()?.port());

    thread::spawn(|| {
        // Whether it ends or fails, whoever started this server is gone.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        process::exit(0);
    });

    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(async {
            // The load leaves without a closing handshake, which is an error
            // here; one that matters is missed by the load as a reply.
            let _ = echo(stream).await;
        });
    }
}

async fn echo(stream: TcpStream) -> Result<()> {
    // As ws, oxws and the raw echo do.
    stream.set_nodelay(true)?;
    let mut stream = accept_async(stream).await?;
    while let Some(message) = stream.next().await {
        let message = message?;
        if message.is_text() || message.is_binary() {
            stream.send(message).await?;
        }
    }
    Ok(())
}
