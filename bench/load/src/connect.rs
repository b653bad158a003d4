//! The load of connections that come and go, a closed loop: so many at a time
//! are opened, upgraded and closed, and one that has ended is followed by the
//! next. Closing is the handshake of RFC 6455 §7.1: the client's close frame,
//! the server's, and the server ends the connection first.

use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr};
use std::time::Instant;

use clap::Args;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::course::{self, Course};
use crate::frame::{CLOSE, Header};
use crate::handshake::{self, Sources};
use crate::message::{Failure, MASKING_KEY};
use crate::sockets;

/// RFC 6455 §7.4.1: the purpose of the connection has been fulfilled.
const NORMAL_CLOSURE: [u8; 2] = 1000_u16.to_be_bytes();

const READ_BUFFER: usize = 16 * 1024;
const EVENTS: usize = 256;

#[derive(Args)]
pub struct Options {
    /// Port of the server on 127.0.0.1
    #[arg(long)]
    port: u16,
    /// Connections at a time
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    connections: u32,
    /// Measure this many from the first one on, not for a time and after a
    /// warm-up
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    first: Option<u32>,
    #[command(flatten)]
    course: course::Options,
    /// The server returns what it gets, and ends a connection when the client
    /// has
    #[arg(long)]
    raw: bool,
    /// Taken as everywhere: here all is always compared
    #[arg(long)]
    verify: bool,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let mut load = Load {
        poll: Poll::new()?,
        server,
        sources: Sources::default(),
        script: Script::new(server, options.raw),
        connections: Vec::new(),
        buffer: vec![0; READ_BUFFER],
        missing: options.first.unwrap_or(u32::MAX),
        course: match options.first {
            Some(_) => Course::begin_measuring(),
            None => Course::begin(&options.course),
        },
    };
    for number in 0..options.connections as usize {
        let connection = load.open(number)?;
        load.connections.push(Some(connection));
    }
    load.run()
}

/// What a client says, and what it wants to hear.
struct Script {
    raw: bool,
    request: Vec<u8>,
    close: Vec<u8>,
    closed: Vec<u8>,
}

impl Script {
    fn new(server: SocketAddr, raw: bool) -> Self {
        Self {
            raw,
            request: handshake::request(server, false).into_bytes(),
            close: close(Some(MASKING_KEY)),
            closed: close(raw.then_some(MASKING_KEY)),
        }
    }

    /// Whether the response to the request is complete.
    fn is_upgraded(&self, received: &[u8]) -> Result<bool, Failure> {
        if self.raw {
            return is_all(received, &self.request);
        }
        match handshake::check(received, false)? {
            Some(length) if length < received.len() => {
                Err("the server spoke before it was spoken to".into())
            }
            head => Ok(head.is_some()),
        }
    }
}

/// Whether all has arrived; what is not its start fails.
fn is_all(received: &[u8], expected: &[u8]) -> Result<bool, Failure> {
    if !expected.starts_with(received) {
        return Err("the server sent other octets than expected".into());
    }
    Ok(received.len() == expected.len())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Connecting,
    Upgrading,
    Closing,
    /// Both close frames have been sent.
    Closed,
}

struct Connection {
    stream: TcpStream,
    began: Instant,
    stage: Stage,
    /// What has arrived in this stage.
    received: Vec<u8>,
}

struct Load {
    poll: Poll,
    server: SocketAddr,
    sources: Sources,
    script: Script,
    connections: Vec<Option<Connection>>,
    buffer: Vec<u8>,
    /// How many are still to be measured.
    missing: u32,
    course: Course,
}

impl Load {
    fn open(&mut self, number: usize) -> Result<Connection, Failure> {
        let began = Instant::now();
        let mut stream = TcpStream::from_std(self.sources.begin(self.server)?);
        self.poll.registry().register(
            &mut stream,
            Token(number),
            Interest::READABLE | Interest::WRITABLE,
        )?;
        Ok(Connection {
            stream,
            began,
            stage: Stage::Connecting,
            received: Vec::new(),
        })
    }

    fn run(&mut self) -> Result<(), Failure> {
        let mut events = Events::with_capacity(EVENTS);
        loop {
            let left = self.course.advance()?;
            if self.course.is_ending() && self.connections.iter().all(Option::is_none) {
                return Ok(());
            }
            sockets::wait(&mut self.poll, &mut events, Some(left))?;
            for event in &events {
                self.ready(event.token().0)?;
            }
        }
    }

    fn ready(&mut self, number: usize) -> Result<(), Failure> {
        let Some(connection) = &mut self.connections[number] else {
            return Ok(());
        };
        if connection.stage == Stage::Connecting && !connection.connected(&self.script)? {
            return Ok(());
        }
        loop {
            let Some(length) = sockets::read(&mut connection.stream, &mut self.buffer)? else {
                return Ok(());
            };
            if let Some(window) = self.course.window() {
                window.record_bytes(length);
            }
            if length == 0 {
                break;
            }
            connection.take(&self.buffer[..length], &self.script)?;
        }

        if connection.stage != Stage::Closed {
            return Err("the server ended a connection without a close frame".into());
        }
        let took = connection.began.elapsed();
        if let Some(window) = self.course.window() {
            window.record(took, 1);
            self.missing -= 1;
            if self.missing == 0 {
                self.course.end_window();
            }
        }
        self.connections[number] = if self.course.is_ending() {
            None
        } else {
            Some(self.open(number)?)
        };
        Ok(())
    }
}

impl Connection {
    /// Asks for the upgrade if the connection is there.
    fn connected(&mut self, script: &Script) -> Result<bool, Failure> {
        if let Some(error) = self.stream.take_error()? {
            return Err(error.into());
        }
        match self.stream.peer_addr() {
            Err(error) if error.kind() == ErrorKind::NotConnected => return Ok(false),
            outcome => outcome?,
        };
        self.stage = Stage::Upgrading;
        self.send(&script.request)?;
        Ok(true)
    }

    fn take(&mut self, bytes: &[u8], script: &Script) -> Result<(), Failure> {
        self.received.extend_from_slice(bytes);
        match self.stage {
            Stage::Upgrading if script.is_upgraded(&self.received)? => {
                self.stage = Stage::Closing;
                self.received.clear();
                self.send(&script.close)
            }
            Stage::Closing if is_all(&self.received, &script.closed)? => {
                self.stage = Stage::Closed;
                if script.raw {
                    self.stream.shutdown(Shutdown::Write)?;
                }
                Ok(())
            }
            Stage::Closed => Err("the server spoke after its close frame".into()),
            Stage::Connecting | Stage::Upgrading | Stage::Closing => Ok(()),
        }
    }

    /// An empty socket takes what is this short as a whole.
    fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if self.stream.write(bytes)? < bytes.len() {
            return Err("a socket did not take a few octets".into());
        }
        Ok(())
    }
}

/// The close frame of a client with a key, and of a server without.
fn close(masking_key: Option<[u8; 4]>) -> Vec<u8> {
    let mut frame = Vec::new();
    Header {
        fin: true,
        rsv1: false,
        opcode: CLOSE,
        masking_key,
        payload_length: NORMAL_CLOSURE.len(),
    }
    .write(&mut frame);
    let key = masking_key.unwrap_or_default();
    frame.extend(
        NORMAL_CLOSURE
            .iter()
            .zip(key)
            .map(|(octet, key)| octet ^ key),
    );
    frame
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::{Script, close, is_all};

    #[test]
    fn only_the_expected_close_frame_is_taken() {
        let frame = close(None);
        assert_eq!(frame, [0x88, 2, 3, 232]);
        assert!(!is_all(&frame[..3], &frame).unwrap());
        assert!(is_all(&frame, &frame).unwrap());
        assert!(is_all(&[0x88, 2, 3, 233], &frame).is_err());
        assert!(is_all(&[0x88, 2, 3, 232, 0], &frame).is_err());
    }

    #[test]
    fn a_raw_server_returns_what_it_gets() {
        let server = SocketAddr::from(([127, 0, 0, 1], 1));
        let script = Script::new(server, true);
        assert_eq!(script.close, script.closed);
        assert!(!script.is_upgraded(&script.request[..9]).unwrap());
        assert!(script.is_upgraded(&script.request).unwrap());
        assert!(script.is_upgraded(b"HTTP/1.1").is_err());
    }
}
