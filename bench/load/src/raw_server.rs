//! The floor of the benchmark: one thread that returns every byte it gets.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::process;
use std::thread;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

const READ_BUFFER: usize = 256 * 1024;
const EVENTS: usize = 256;
const LISTENER: Token = Token(usize::MAX);

struct Connection {
    stream: TcpStream,
    /// Read but not yet written; nothing more is read while there is any.
    unwritten: Vec<u8>,
}

pub fn run() -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(EVENTS);
    let mut listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    println!("{{\"port\":{}}}", listener.local_addr()?.port());

    thread::spawn(|| {
        // Whether it ends or fails, whoever started this server is gone.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        process::exit(0);
    });

    // A token is an index; the server is too short-lived to reuse them.
    let mut connections: Vec<Option<Connection>> = Vec::new();
    let mut buffer = vec![0; READ_BUFFER];
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            outcome => outcome?,
        }
        for event in &events {
            if event.token() == LISTENER {
                accept(&listener, &poll, &mut connections)?;
                continue;
            }
            let slot = &mut connections[event.token().0];
            if let Some(connection) = slot
                && !matches!(connection.echo(&mut buffer), Ok(Open::Yes))
            {
                *slot = None;
            }
        }
    }
}

fn accept(
    listener: &TcpListener,
    poll: &Poll,
    connections: &mut Vec<Option<Connection>>,
) -> io::Result<()> {
    loop {
        let mut stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        stream.set_nodelay(true)?;
        poll.registry().register(
            &mut stream,
            Token(connections.len()),
            Interest::READABLE | Interest::WRITABLE,
        )?;
        connections.push(Some(Connection {
            stream,
            unwritten: Vec::new(),
        }));
    }
}

enum Open {
    Yes,
    No,
}

impl Connection {
    fn echo(&mut self, buffer: &mut [u8]) -> io::Result<Open> {
        loop {
            if !self.unwritten.is_empty() {
                let written = match self.stream.write(&self.unwritten) {
                    Ok(written) => written,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Open::Yes),
                    Err(error) => return Err(error),
                };
                self.unwritten.drain(..written);
                continue;
            }
            let length = match self.stream.read(buffer) {
                Ok(0) => return Ok(Open::No),
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Open::Yes),
                Err(error) => return Err(error),
            };
            let written = match self.stream.write(&buffer[..length]) {
                Ok(written) => written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
                Err(error) => return Err(error),
            };
            self.unwritten.extend_from_slice(&buffer[written..length]);
            // As in the load: a short read has emptied the socket.
            if length < buffer.len() && self.unwritten.is_empty() {
                return Ok(Open::Yes);
            }
        }
    }
}
