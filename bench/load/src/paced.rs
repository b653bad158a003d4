//! The load of messages that come alone, a Poisson process: at random instants
//! one is sent on a random connection, and its reply awaited. The instants do
//! not depend on the server: a reply that comes after the next of them delays
//! that message and no others.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use fastrand::Rng;

use crate::course::{self, Course};
use crate::handshake::{self, Sources};
use crate::message::{Failure, Messages};
use crate::reply::{Framing, Replies};
use crate::sockets;

/// Messages before the warm-up, without pauses: with those of the warm-up alone,
/// JavaScript would be compiled in the window.
const UNPACED: usize = 10_000;

/// The same instants and connections in every run.
const SEED: u64 = 1;

const READ_BUFFER: usize = 64 * 1024;

#[derive(Args)]
pub struct Options {
    /// Port of the server on 127.0.0.1
    #[arg(long)]
    port: u16,
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    connections: u32,
    /// Messages per second, on all connections together
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// Payload length in bytes
    #[arg(long, default_value_t = 64)]
    size: usize,
    #[command(flatten)]
    course: course::Options,
    /// No handshake, and the client's own frames come back
    #[arg(long)]
    raw: bool,
    /// Compare every payload with what was sent
    #[arg(long)]
    verify: bool,
}

pub fn run(options: &Options) -> Result<(), Failure> {
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let messages = Messages::new(options.size, false, options.verify, 1)?;
    let mut buffer = vec![0; READ_BUFFER];
    let mut connections = connect(options, server)?;
    for number in 0..UNPACED {
        connections[number % options.connections as usize].exchange(&messages, &mut buffer)?;
    }

    let mut course = Course::begin(&options.course);
    let mut arrivals = Arrivals::new(options.rate, options.connections);
    let mut next = arrivals.draw();
    let begin = Instant::now();
    loop {
        let left = course.advance()?;
        if course.is_ending() {
            break;
        }
        let early = (begin + next.at).saturating_duration_since(Instant::now());
        if !early.is_zero() {
            thread::sleep(early.min(left));
            continue;
        }
        let (took, length) = connections[next.connection].exchange(&messages, &mut buffer)?;
        if let Some(window) = course.window() {
            window.record(took, 1);
            window.record_bytes(length);
        }
        next = arrivals.draw();
    }
    // One reply too many would have been taken for the next one, and so on to the
    // end.
    for connection in &connections {
        sockets::check_silence(&connection.stream)?;
    }
    Ok(())
}

fn connect(options: &Options, server: SocketAddr) -> Result<Vec<Connection>, Failure> {
    let mut sources = Sources::default();
    (0..options.connections)
        .map(|number| {
            let mut stream = sources.connect(server)?;
            let framing = if options.raw {
                Framing::Raw
            } else {
                handshake::upgrade(&mut stream, server, false)?;
                Framing::WebSocket
            };
            Ok(Connection::new(stream, number, framing))
        })
        .collect()
}

/// When a message is sent, counted from the beginning, and where.
struct Arrival {
    at: Duration,
    connection: usize,
}

/// The arrivals of a Poisson process, whose intervals are exponential.
struct Arrivals {
    random: Rng,
    mean: Duration,
    connections: u32,
    last: Duration,
}

impl Arrivals {
    fn new(rate: u32, connections: u32) -> Self {
        Self {
            random: Rng::with_seed(SEED),
            mean: Duration::from_secs(1) / rate,
            connections,
            last: Duration::ZERO,
        }
    }

    fn draw(&mut self) -> Arrival {
        // Of 1 there is a logarithm, and of 0 none.
        let uniform = 1.0 - self.random.f64();
        self.last += self.mean.mul_f64(-uniform.ln());
        Arrival {
            at: self.last,
            connection: self.random.u32(..self.connections) as usize,
        }
    }
}

/// A blocking one, as only one message is under way.
struct Connection {
    stream: TcpStream,
    number: u32,
    next_sequence: u32,
    replies: Replies,
}

impl Connection {
    fn new(stream: TcpStream, number: u32, framing: Framing) -> Self {
        Self {
            stream,
            number,
            next_sequence: 0,
            replies: Replies::new(number, framing),
        }
    }

    /// Sends a message, and says how long its reply took and how many octets
    /// it was.
    fn exchange(
        &mut self,
        messages: &Messages,
        buffer: &mut [u8],
    ) -> Result<(Duration, usize), Failure> {
        let (frame, length) = messages.frames(self.number, self.next_sequence, 1);
        self.next_sequence = self.next_sequence.wrapping_add(1);
        let sent = Instant::now();
        self.stream.write_all(&frame[..length])?;
        let mut bytes = 0;
        loop {
            let length = sockets::read_open(&mut self.stream, buffer)?;
            let took = sent.elapsed();
            let length = length.ok_or("a reply is missing")?;
            bytes += length;
            match self.replies.take(&buffer[..length], messages)? {
                0 => {}
                1 => return Ok((took, bytes)),
                _ => return Err("the server sent more than was asked for".into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::time::Duration;

    use super::{Arrivals, Connection};
    use crate::message::Messages;
    use crate::reply::Framing;
    use crate::sockets::check_silence;

    const COUNT: u32 = 20_000;

    fn pair() -> (Connection, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        (Connection::new(stream, 7, Framing::Raw), server)
    }

    fn verifying() -> Messages {
        Messages::new(64, false, true, 1).unwrap()
    }

    /// Has the server answer before it is asked.
    fn answer(server: &mut TcpStream, messages: &Messages, first: u32, count: u32) -> usize {
        let (frames, length) = messages.frames(7, first, count);
        server.write_all(&frames[..length]).unwrap();
        length
    }

    #[test]
    fn arrivals_are_the_same_in_every_run() {
        let (mut one, mut other) = (Arrivals::new(2000, 100), Arrivals::new(2000, 100));
        for _ in 0..COUNT {
            let (one, other) = (one.draw(), other.draw());
            assert_eq!((one.at, one.connection), (other.at, other.connection));
        }
    }

    #[test]
    fn arrivals_keep_the_rate_with_exponential_intervals() {
        let mut arrivals = Arrivals::new(2000, 100);
        let mean = Duration::from_micros(500);
        let mut last = Duration::ZERO;
        let mut beyond = [0; 3];
        for _ in 0..COUNT {
            let at = arrivals.draw().at;
            for (count, multiple) in beyond.iter_mut().zip(1..) {
                *count += u32::from(at > last + mean * multiple);
            }
            last = at;
        }
        let rate = f64::from(COUNT) / last.as_secs_f64();
        assert!((1950.0..2050.0).contains(&rate), "{rate}");
        for (count, multiple) in beyond.into_iter().zip(1..) {
            let (share, expected) = (
                f64::from(count) / f64::from(COUNT),
                f64::exp(-f64::from(multiple)),
            );
            assert!((share - expected).abs() < 0.02, "{share}, not {expected}");
        }
    }

    #[test]
    fn arrivals_are_spread_over_all_connections() {
        let mut arrivals = Arrivals::new(2000, 100);
        let mut counts = [0; 100];
        for _ in 0..COUNT {
            counts[arrivals.draw().connection] += 1;
        }
        assert!(
            counts.iter().all(|count| (120..280).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn messages_are_numbered_and_a_reply_may_come_in_pieces() {
        let messages = verifying();
        let (mut connection, mut server) = pair();
        for sequence in 0..3 {
            let length = answer(&mut server, &messages, sequence, 1);
            let (_, bytes) = connection.exchange(&messages, &mut [0; 7]).unwrap();
            assert_eq!(bytes, length);
            let mut received = vec![0; length];
            server.read_exact(&mut received).unwrap();
            assert_eq!(received, *messages.frames(7, sequence, 1).0);
        }
        check_silence(&connection.stream).unwrap();
    }

    #[test]
    fn a_reply_of_another_message_is_found() {
        let messages = verifying();
        let (mut connection, mut server) = pair();
        answer(&mut server, &messages, 1, 1);
        assert!(connection.exchange(&messages, &mut [0; 128]).is_err());
    }

    #[test]
    fn a_reply_twice_is_found_at_once_or_at_the_end() {
        let messages = Messages::new(64, false, false, 2).unwrap();
        let (mut connection, mut server) = pair();
        let length = answer(&mut server, &messages, 0, 2);
        assert!(
            connection
                .exchange(&messages, &mut vec![0; length])
                .is_err()
        );

        let (mut connection, mut server) = pair();
        answer(&mut server, &messages, 0, 2);
        connection
            .exchange(&messages, &mut vec![0; length / 2])
            .unwrap();
        assert!(check_silence(&connection.stream).is_err());
    }

    #[test]
    fn a_missing_reply_is_found() {
        let messages = verifying();
        let (mut connection, mut server) = pair();
        connection
            .stream
            .set_read_timeout(Some(Duration::from_millis(1)))
            .unwrap();
        let (frame, length) = messages.frames(7, 0, 1);
        server.write_all(&frame[..length - 1]).unwrap();
        let failure = connection.exchange(&messages, &mut [0; 128]).unwrap_err();
        assert_eq!(failure.to_string(), "a reply is missing");
    }
}
