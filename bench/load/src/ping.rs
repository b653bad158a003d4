//! The load of pings at fixed times: each connection sends one every so often,
//! whether or not the one before was answered. So a server that does not answer
//! for a while meets as many pings then as at other times.

use std::collections::VecDeque;
use std::io::Write;
use std::time::{Duration, Instant};

use clap::Args;
use mio::net::TcpStream;
use mio::{Events, Poll};

use crate::course::{self, Course};
use crate::frame::{Header, PING, PONG};
use crate::handshake::{self, Handshake};
use crate::message::{Failure, MASKING_KEY};
use crate::sockets;

/// The payload is the ping's number.
const PAYLOAD_LENGTH: usize = size_of::<u64>();

/// Two octets of header and the payload.
const PONG_LENGTH: usize = 2 + PAYLOAD_LENGTH;

const READ_BUFFER: usize = 64 * 1024;
const EVENTS: usize = 256;

#[derive(Args)]
pub struct Options {
    /// Port of the server on 127.0.0.1
    #[arg(long)]
    port: u16,
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    connections: u32,
    /// Milliseconds from one ping of a connection to its next
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    interval: u32,
    #[command(flatten)]
    course: course::Options,
    /// Taken as everywhere: here every pong is compared
    #[arg(long)]
    verify: bool,
}

struct Load {
    poll: Poll,
    interval: Duration,
    connections: Vec<Connection>,
    buffer: Vec<u8>,
    course: Course,
}

struct Connection {
    stream: TcpStream,
    next_ping: Instant,
    pings: u64,
    /// When pings were sent that are not yet answered.
    sent: VecDeque<Instant>,
    /// The start of a pong that the last read cut off.
    partial: Vec<u8>,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    let poll = Poll::new()?;
    let streams = handshake::open(&poll, options.port, options.connections, Handshake::Plain)?;
    let interval = Duration::from_millis(options.interval.into());
    let begin = Instant::now();
    let connections = (0..)
        .zip(streams)
        .map(|(number, stream)| Connection {
            stream,
            // The connections take turns.
            next_ping: begin + interval * number / options.connections,
            pings: 0,
            sent: VecDeque::new(),
            partial: Vec::new(),
        })
        .collect();
    let mut load = Load {
        poll,
        interval,
        connections,
        buffer: vec![0; READ_BUFFER],
        course: Course::begin(&options.course),
    };
    load.run()
}

impl Load {
    fn run(&mut self) -> Result<(), Failure> {
        let mut events = Events::with_capacity(EVENTS);
        loop {
            let mut left = self.course.advance()?;
            if self.course.is_ending() {
                if self.connections.iter().all(|one| one.sent.is_empty()) {
                    return Ok(());
                }
            } else {
                left = left.min(self.ping()?);
            }
            sockets::wait(&mut self.poll, &mut events, Some(left))?;
            for event in &events {
                self.ready(event.token().0)?;
            }
        }
    }

    /// Sends the pings that are due, and says how long it is until the next.
    fn ping(&mut self) -> Result<Duration, Failure> {
        let mut next = self.interval;
        for connection in &mut self.connections {
            let now = Instant::now();
            if connection.next_ping <= now {
                connection.ping(now)?;
                // What this process missed is not made up for.
                connection.next_ping = (connection.next_ping + self.interval).max(now);
            }
            next = next.min(connection.next_ping.saturating_duration_since(now));
        }
        Ok(next)
    }

    fn ready(&mut self, number: usize) -> Result<(), Failure> {
        let connection = &mut self.connections[number];
        loop {
            let Some(length) = sockets::read_open(&mut connection.stream, &mut self.buffer)? else {
                return Ok(());
            };
            let now = Instant::now();
            connection.partial.extend_from_slice(&self.buffer[..length]);
            let pongs = connection.partial.len() / PONG_LENGTH;
            let rest = connection.partial.split_off(pongs * PONG_LENGTH);
            let complete = std::mem::replace(&mut connection.partial, rest);
            for pong in complete.chunks_exact(PONG_LENGTH) {
                for sent in connection.answered(pong)? {
                    if let Some(window) = self.course.window() {
                        window.record(now - sent, 1);
                    }
                }
            }
            if let Some(window) = self.course.window() {
                window.record_bytes(length);
            }
        }
    }
}

impl Connection {
    fn ping(&mut self, now: Instant) -> Result<(), Failure> {
        let mut frame = header(PING, Some(MASKING_KEY));
        let octets = self.pings.to_be_bytes().into_iter();
        frame.extend(octets.zip(MASKING_KEY.iter().cycle()).map(|(a, b)| a ^ b));
        if self.stream.write(&frame)? < frame.len() {
            return Err("a socket did not take a few octets".into());
        }
        self.pings += 1;
        self.sent.push_back(now);
        Ok(())
    }

    /// When the pings were sent that this pong answers.
    ///
    /// RFC 6455 §5.5.3: an endpoint "MAY elect to send a Pong frame for only
    /// the most recently processed Ping frame".
    fn answered(&mut self, pong: &[u8]) -> Result<Vec<Instant>, Failure> {
        let payload = pong.strip_prefix(&*header(PONG, None));
        let payload = payload.ok_or("the server sent something else than a pong")?;
        let number = u64::from_be_bytes(payload.try_into()?);
        let waiting = self.sent.len() as u64;
        let first = self.pings - waiting;
        let count = (number.checked_sub(first))
            .map(|before| before + 1)
            .filter(|count| *count <= waiting)
            .ok_or("the server sent a pong that is not due")?;
        Ok(self.sent.drain(..usize::try_from(count)?).collect())
    }
}

fn header(opcode: u8, masking_key: Option<[u8; 4]>) -> Vec<u8> {
    let mut frame = Vec::new();
    Header {
        fin: true,
        rsv1: false,
        opcode,
        masking_key,
        payload_length: PAYLOAD_LENGTH,
    }
    .write(&mut frame);
    frame
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::net::{TcpListener, TcpStream};
    use std::time::Instant;

    use super::{Connection, PONG, header};

    fn connection(pings: u64, waiting: usize) -> Connection {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        stream.set_nonblocking(true).unwrap();
        let now = Instant::now();
        Connection {
            stream: mio::net::TcpStream::from_std(stream),
            next_ping: now,
            pings,
            sent: VecDeque::from(vec![now; waiting]),
            partial: Vec::new(),
        }
    }

    fn pong(number: u64) -> Vec<u8> {
        [header(PONG, None), number.to_be_bytes().to_vec()].concat()
    }

    #[test]
    fn a_pong_answers_its_ping_and_those_before() {
        let mut connection = connection(10, 4);
        assert_eq!(connection.answered(&pong(6)).unwrap().len(), 1);
        assert_eq!(connection.answered(&pong(8)).unwrap().len(), 2);
        assert_eq!(connection.answered(&pong(9)).unwrap().len(), 1);
    }

    #[test]
    fn a_pong_twice_or_too_early_is_found() {
        for number in [5, 10] {
            assert!(connection(10, 4).answered(&pong(number)).is_err());
        }
        assert!(
            connection(10, 4)
                .answered(&[0x89, 8, 0, 0, 0, 0, 0, 0, 0, 6])
                .is_err()
        );
    }
}
