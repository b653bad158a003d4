//! The idle load: connections that are opened one after the other, have a few
//! messages echoed each, and are then kept open in silence, so that the runner
//! can see what memory they take in the server.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use clap::Args;

use crate::handshake::{self, Sources};
use crate::line::Line;
use crate::message::{Failure, Messages};
use crate::reply::{Framing, Replies};
use crate::sockets;

#[derive(Args)]
pub struct Options {
    /// Port of the server on 127.0.0.1
    #[arg(long)]
    port: u16,
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    connections: u32,
    /// Payload length in bytes
    #[arg(long, default_value_t = 64)]
    size: usize,
    /// Messages that are echoed on each connection, sent all at once
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    messages: u32,
    /// Offer permessage-deflate and send compressed ticks
    #[arg(long)]
    deflate: bool,
    /// Seconds of silence before the server is looked at
    #[arg(long, default_value_t = 3.0, value_parser = crate::seconds)]
    settle: f64,
    /// No handshake, and the client's own frames come back
    #[arg(long)]
    raw: bool,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    let server = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), options.port);
    // No clock runs here, so every payload is compared.
    let messages = if options.deflate {
        Messages::deflated(options.size, true)?
    } else {
        Messages::new(options.size, false, true, options.messages)?
    };
    let framing = if options.raw {
        Framing::Raw
    } else {
        Framing::WebSocket
    };

    let mut sources = Sources::default();
    let mut connections = Vec::new();
    for number in 0..options.connections {
        let mut stream = sources.connect(server)?;
        if framing == Framing::WebSocket {
            handshake::upgrade(&mut stream, server, options.deflate)?;
        }
        echo(&mut stream, number, options.messages, framing, &messages)?;
        connections.push(stream);
    }

    thread::sleep(Duration::from_secs_f64(options.settle));
    for stream in &connections {
        sockets::check_silence(stream)?;
    }
    Line::Idle {
        connections: connections.len(),
    }
    .print()?;

    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

fn echo(
    stream: &mut TcpStream,
    number: u32,
    count: u32,
    framing: Framing,
    messages: &Messages,
) -> Result<(), Failure> {
    let (frames, length) = messages.frames(number, 0, count);
    stream.write_all(&frames[..length])?;

    let mut replies = Replies::new(number, framing);
    let mut answered = 0;
    let mut piece = [0; 16 * 1024];
    while answered < count {
        let length = stream.read(&mut piece)?;
        if length == 0 {
            return Err("the server closed a connection".into());
        }
        answered += replies.take(&piece[..length], messages)?;
    }
    if answered > count {
        return Err("the server sent more than was asked for".into());
    }
    Ok(())
}
