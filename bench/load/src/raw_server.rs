//! The floor of the benchmark: one thread that returns every byte it gets, or
//! that sends frames built beforehand whenever it gets any.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};

use clap::Args;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use oxws_bench_common::{BURST, Handler, SIZE, announce};

use crate::message::{Failure, Messages};
use crate::sockets;

const READ_BUFFER: usize = 256 * 1024;
const EVENTS: usize = 256;
const LISTENER: Token = Token(usize::MAX);

#[derive(Args)]
pub struct Options {
    /// What it does: to send a burst or a broadcast, it takes each read for a
    /// request, as a client has no two of them under way, and they are too
    /// short to come in pieces
    handler: Handler,
}

struct Connection {
    stream: TcpStream,
    /// Nothing more is read while there is any.
    unwritten: Vec<u8>,
}

struct Server {
    poll: Poll,
    listener: TcpListener,
    handler: Handler,
    messages: Messages,
    /// The frames of a burst, or of the last broadcast.
    frames: Vec<u8>,
    broadcasts: u32,
    /// A token is an index; the server is too short-lived to reuse them.
    connections: Vec<Option<Connection>>,
    buffer: Vec<u8>,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    let text = options.handler == Handler::Broadcast;
    let mut server = Server {
        poll: Poll::new()?,
        listener: TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?,
        handler: options.handler,
        messages: Messages::new(SIZE, text, false, 0)?,
        frames: Vec::new(),
        broadcasts: 0,
        connections: Vec::new(),
        buffer: vec![0; READ_BUFFER],
    };
    if options.handler == Handler::Burst {
        for sequence in 0..BURST {
            server.messages.unmasked(sequence, &mut server.frames);
        }
    }
    let registry = server.poll.registry();
    registry.register(&mut server.listener, LISTENER, Interest::READABLE)?;
    announce(server.listener.local_addr()?.port());
    server.run()
}

impl Server {
    fn run(&mut self) -> Result<(), Failure> {
        let mut events = Events::with_capacity(EVENTS);
        loop {
            sockets::wait(&mut self.poll, &mut events, None)?;
            for event in &events {
                match event.token() {
                    LISTENER => self.accept()?,
                    Token(number) => {
                        if self.ready(number).is_err() {
                            self.connections[number] = None;
                        }
                    }
                }
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            stream.set_nodelay(true)?;
            self.poll.registry().register(
                &mut stream,
                Token(self.connections.len()),
                Interest::READABLE | Interest::WRITABLE,
            )?;
            self.connections.push(Some(Connection {
                stream,
                unwritten: Vec::new(),
            }));
        }
    }

    fn ready(&mut self, number: usize) -> io::Result<()> {
        let Some(connection) = &mut self.connections[number] else {
            return Ok(());
        };
        match self.handler {
            Handler::Echo => connection.echo(&mut self.buffer)?,
            Handler::Burst => {
                if connection.asked(&mut self.buffer)? {
                    connection.send(&self.frames)?;
                }
            }
            Handler::Broadcast => {
                if connection.asked(&mut self.buffer)? {
                    self.broadcast();
                }
            }
        }
        Ok(())
    }

    fn broadcast(&mut self) {
        self.frames.clear();
        self.messages.unmasked(self.broadcasts, &mut self.frames);
        self.broadcasts = self.broadcasts.wrapping_add(1);
        for slot in &mut self.connections {
            if let Some(connection) = slot
                && connection.send(&self.frames).is_err()
            {
                *slot = None;
            }
        }
    }
}

impl Connection {
    /// Returns what has arrived, as long as it is taken.
    fn echo(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        while self.flush()? {
            let length = self.read(buffer)?;
            if length == 0 {
                return Ok(());
            }
            self.send(&buffer[..length])?;
            // As in the load: a short read has emptied the socket.
            if length < buffer.len() && self.unwritten.is_empty() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Writes what waits, and says whether a request has arrived.
    fn asked(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        self.flush()?;
        Ok(self.read(buffer)? > 0)
    }

    /// How much was read: none if there is nothing. The end fails.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.stream.read(buffer) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            outcome => outcome,
        }
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = if self.unwritten.is_empty() {
            self.write(bytes)?
        } else {
            0
        };
        self.unwritten.extend_from_slice(&bytes[written..]);
        Ok(())
    }

    /// Whether nothing waits any more.
    fn flush(&mut self) -> io::Result<bool> {
        while !self.unwritten.is_empty() {
            match self.stream.write(&self.unwritten) {
                Ok(written) => drop(self.unwritten.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// How much was written: none if there is no room.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.stream.write(bytes) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            outcome => outcome,
        }
    }
}
