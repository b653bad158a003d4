//! The echo load, a closed loop: every connection keeps the same number of
//! messages in flight, and each reply is followed by the next message. All
//! replies found by one read are answered by one write.

use std::collections::VecDeque;
use std::time::Instant;

use clap::Args;
use mio::net::TcpStream;
use mio::{Events, Poll};

use crate::course::{self, Course};
use crate::handshake::{self, Handshake};
use crate::message::{Failure, Messages};
use crate::outbox::Outbox;
use crate::reply::{Framing, Replies};
use crate::sockets;

const READ_BUFFER: usize = 256 * 1024;
const EVENTS: usize = 256;

#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub struct Options {
    /// Port of the server on 127.0.0.1
    #[arg(long)]
    port: u16,
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    connections: u32,
    /// Messages that each connection keeps in flight
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    in_flight: u32,
    /// Payload length in bytes
    #[arg(long, default_value_t = 64)]
    size: usize,
    /// Send text instead of binary messages
    #[arg(long)]
    text: bool,
    #[command(flatten)]
    course: course::Options,
    /// No handshake, and the client's own frames come back
    #[arg(long)]
    raw: bool,
    /// Compare every payload with what was sent
    #[arg(long)]
    verify: bool,
    /// Offer permessage-deflate and send compressed ticks
    #[arg(long)]
    deflate: bool,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    Load::connect(options)?.run()
}

struct Load {
    poll: Poll,
    messages: Messages,
    in_flight: u32,
    connections: Vec<Connection>,
    buffer: Vec<u8>,
    course: Course,
}

struct Connection {
    stream: TcpStream,
    replies: Replies,
    outbox: Outbox,
    next_sequence: u32,
    /// When messages were sent that are not yet answered, and how many.
    sent: VecDeque<(Instant, u32)>,
}

impl Load {
    fn connect(options: &Options) -> Result<Self, Failure> {
        let messages = if options.deflate {
            Messages::deflated(options.size, options.verify)?
        } else {
            Messages::new(
                options.size,
                options.text,
                options.verify,
                options.in_flight,
            )?
        };
        let (handshake, framing) = if options.raw {
            (Handshake::None, Framing::Raw)
        } else if options.deflate {
            (Handshake::Deflate, Framing::WebSocket)
        } else {
            (Handshake::Plain, Framing::WebSocket)
        };
        let poll = Poll::new()?;
        let streams = handshake::open(&poll, options.port, options.connections, handshake)?;
        let connections = (0..)
            .zip(streams)
            .map(|(number, stream)| Connection {
                stream,
                replies: Replies::new(number, framing),
                outbox: Outbox::default(),
                next_sequence: 0,
                sent: VecDeque::new(),
            })
            .collect();
        Ok(Self {
            poll,
            messages,
            in_flight: options.in_flight,
            connections,
            buffer: vec![0; READ_BUFFER],
            course: Course::begin(&options.course),
        })
    }

    fn run(&mut self) -> Result<(), Failure> {
        for number in 0..self.connections.len() {
            self.send(number, Instant::now(), self.in_flight)?;
        }
        let mut events = Events::with_capacity(EVENTS);
        loop {
            let left = self.course.advance()?;
            if self.course.is_ending() && self.connections.iter().all(|one| one.sent.is_empty()) {
                return Ok(());
            }
            sockets::wait(&mut self.poll, &mut events, Some(left))?;
            for event in &events {
                self.ready(event.token().0)?;
            }
        }
    }

    fn ready(&mut self, number: usize) -> Result<(), Failure> {
        let connection = &mut self.connections[number];
        connection.outbox.flush(&mut connection.stream)?;
        loop {
            let connection = &mut self.connections[number];
            let Some(length) = sockets::read_open(&mut connection.stream, &mut self.buffer)? else {
                return Ok(());
            };
            let now = Instant::now();
            if let Some(window) = self.course.window() {
                window.record_bytes(length);
            }
            let bytes = &self.buffer[..length];
            let answered = connection.replies.take(bytes, &self.messages)?;
            let mut left = answered;
            while left > 0 {
                let Some((sent, count)) = connection.sent.front_mut() else {
                    return Err("the server sent more than was asked for".into());
                };
                let matched = left.min(*count);
                if let Some(window) = self.course.window() {
                    window.record(now - *sent, matched);
                }
                left -= matched;
                *count -= matched;
                if *count == 0 {
                    connection.sent.pop_front();
                }
            }
            if answered > 0 && !self.course.is_ending() {
                self.send(number, now, answered)?;
            }
            // A short read has emptied the socket, and what arrives later
            // makes a new edge: epoll(7), question 9.
            if length < READ_BUFFER {
                return Ok(());
            }
        }
    }

    fn send(&mut self, number: usize, now: Instant, count: u32) -> Result<(), Failure> {
        let connection = &mut self.connections[number];
        let (frames, length) =
            self.messages
                .frames(u32::try_from(number)?, connection.next_sequence, count);
        connection.next_sequence = connection.next_sequence.wrapping_add(count);
        connection.sent.push_back((now, count));
        connection
            .outbox
            .send(&mut connection.stream, frames, length)?;
        Ok(())
    }
}
