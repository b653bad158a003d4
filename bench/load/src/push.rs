//! The load of a server that sends by itself, a closed loop: a short request
//! makes the server send, and when all it has to send has arrived comes the
//! next request. In bursts each connection asks for messages of its own; in
//! broadcasts one connection asks, and all get the message.

use std::rc::Rc;
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

/// Octets of the request's payload. What they are does not matter.
const REQUEST_SIZE: usize = 4;

/// A whole burst fits, so that not even it takes more than one read.
const READ_BUFFER: usize = 256 * 1024;
const EVENTS: usize = 1024;

#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub struct Options {
    /// Port of the server on 127.0.0.1
    #[arg(long)]
    port: u16,
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    connections: u32,
    /// Messages that a request makes the server send on the connection
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    burst: u32,
    /// A request on one connection makes the server send on all of them
    #[arg(long, conflicts_with = "burst")]
    broadcast: bool,
    /// Payload length in bytes of what the server sends
    #[arg(long, default_value_t = 128)]
    size: usize,
    /// The server sends text instead of binary messages
    #[arg(long)]
    text: bool,
    #[command(flatten)]
    course: course::Options,
    /// The server knows no handshake
    #[arg(long)]
    raw: bool,
    /// Compare every payload with what it must be
    #[arg(long)]
    verify: bool,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    Load::connect(options)?.run()
}

struct Load {
    poll: Poll,
    request: Rc<[u8]>,
    expected: Messages,
    /// Messages that a connection gets for a request.
    burst: u32,
    connections: Vec<Connection>,
    groups: Vec<Group>,
    buffer: Vec<u8>,
    course: Course,
}

struct Connection {
    stream: TcpStream,
    replies: Replies,
    outbox: Outbox,
    group: usize,
    /// What was received for the current request and all before it.
    received: u64,
}

/// The connections on which the server sends for one request.
struct Group {
    /// The connection that asks: the last one of the group to have been
    /// opened, so that the server knows of all when it is asked.
    asks: usize,
    members: u32,
    asked: Instant,
    /// How many messages are to come for the current request, on all of the
    /// connections together, ...
    missing: u32,
    /// ... and on each for all requests so far.
    due: u64,
}

impl Load {
    fn connect(options: &Options) -> Result<Self, Failure> {
        let expected = Messages::new(options.size, options.text, options.verify, 0)?;
        let (request, _) = Messages::new(REQUEST_SIZE, true, false, 1)?.frames(0, 0, 1);
        let handshake = if options.raw {
            Handshake::None
        } else {
            Handshake::Plain
        };
        let poll = Poll::new()?;
        let streams = handshake::open(&poll, options.port, options.connections, handshake)?;
        let connections: Vec<_> = (streams.into_iter().enumerate())
            .map(|(number, stream)| {
                let replies = Replies::new(0, Framing::WebSocket);
                Connection {
                    stream,
                    replies: if options.broadcast {
                        replies
                    } else {
                        replies.in_rounds_of(options.burst)
                    },
                    outbox: Outbox::default(),
                    group: if options.broadcast { 0 } else { number },
                    received: 0,
                }
            })
            .collect();
        let group = |asks, members| Group {
            asks,
            members,
            asked: Instant::now(),
            missing: 0,
            due: 0,
        };
        let groups = if options.broadcast {
            vec![group(connections.len() - 1, options.connections)]
        } else {
            (0..connections.len()).map(|asks| group(asks, 1)).collect()
        };
        Ok(Self {
            poll,
            request,
            expected,
            burst: options.burst,
            connections,
            groups,
            buffer: vec![0; READ_BUFFER],
            course: Course::begin(&options.course),
        })
    }

    fn run(&mut self) -> Result<(), Failure> {
        for group in 0..self.groups.len() {
            self.ask(group, Instant::now())?;
        }
        let mut events = Events::with_capacity(EVENTS);
        loop {
            let left = self.course.advance()?;
            if self.course.is_ending() && self.groups.iter().all(|group| group.missing == 0) {
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
            let arrived = connection
                .replies
                .take(&self.buffer[..length], &self.expected)?;
            let place = connection.group;
            let group = &mut self.groups[place];
            connection.received += u64::from(arrived);
            if connection.received > group.due {
                return Err("the server sent more than was asked for".into());
            }
            group.missing -= arrived;
            if let Some(window) = self.course.window() {
                window.record_bytes(length);
                window.record(now - group.asked, arrived);
            }
            if arrived > 0 && group.missing == 0 && !self.course.is_ending() {
                self.ask(place, now)?;
            }
            // As in the echo: a short read has emptied the socket.
            if length < READ_BUFFER {
                return Ok(());
            }
        }
    }

    fn ask(&mut self, group: usize, now: Instant) -> Result<(), Failure> {
        let group = &mut self.groups[group];
        group.asked = now;
        group.missing = self.burst * group.members;
        group.due += u64::from(self.burst);
        let connection = &mut self.connections[group.asks];
        let request = Rc::clone(&self.request);
        let length = request.len();
        connection
            .outbox
            .send(&mut connection.stream, request, length)?;
        Ok(())
    }
}
