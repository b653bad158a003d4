//! The client's opening handshake (RFC 6455 §4.1). It is blocking where
//! connections are made one after the other before the clock runs.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use mio::{Interest, Poll, Token};
use socket2::{Domain, Socket, Type};

use crate::message::Failure;

const PATIENCE: Duration = Duration::from_secs(10);

/// The example of RFC 6455 §1.3: a server that computes the accept value
/// gives this one.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &[u8] = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// `connect` is under way.
const EINPROGRESS: i32 = 115;

const MAX_RESPONSE: usize = 8192;

/// The last octet of the last address that connections come from.
const LAST_SOURCE: u8 = 254;

/// How a connection begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Handshake {
    /// As soon as TCP is there, for servers that know no `WebSocket`.
    None,
    Plain,
    /// permessage-deflate is offered and has to be accepted.
    Deflate,
}

/// Opens connections to the server on this port of 127.0.0.1, whose tokens are
/// their places in what is returned.
pub fn open(
    poll: &Poll,
    port: u16,
    count: u32,
    handshake: Handshake,
) -> Result<Vec<mio::net::TcpStream>, Failure> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut sources = Sources::default();
    (0..count as usize)
        .map(|number| {
            let mut stream = sources.connect(address)?;
            if handshake != Handshake::None {
                upgrade(&mut stream, address, handshake == Handshake::Deflate)?;
            }
            stream.set_nonblocking(true)?;
            let mut stream = mio::net::TcpStream::from_std(stream);
            poll.registry().register(
                &mut stream,
                Token(number),
                Interest::READABLE | Interest::WRITABLE,
            )?;
            Ok(stream)
        })
        .collect()
}

/// The addresses that connections come from. To one port of one address, each
/// has as many connections as the system has ports to hand out, some 28,000.
pub struct Sources {
    /// Connections come from 127.0.0.`last_octet`.
    last_octet: u8,
}

impl Default for Sources {
    fn default() -> Self {
        Self { last_octet: 1 }
    }
}

impl Sources {
    /// Connects from the first address that has a port left.
    pub fn connect(&mut self, address: SocketAddr) -> Result<TcpStream, Failure> {
        let socket = self.try_each(|socket| socket.connect_timeout(&address.into(), PATIENCE))?;
        socket.set_read_timeout(Some(PATIENCE))?;
        Ok(socket.into())
    }

    /// The same without waiting for the outcome, and all that follows is
    /// nonblocking as well.
    pub fn begin(&mut self, address: SocketAddr) -> Result<TcpStream, Failure> {
        let socket = self.try_each(|socket| {
            socket.set_nonblocking(true)?;
            match socket.connect(&address.into()) {
                Err(error) if error.raw_os_error() == Some(EINPROGRESS) => Ok(()),
                outcome => outcome,
            }
        })?;
        Ok(socket.into())
    }

    fn try_each(&mut self, connect: impl Fn(&Socket) -> io::Result<()>) -> io::Result<Socket> {
        loop {
            match self.try_this(&connect) {
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::AddrNotAvailable | ErrorKind::AddrInUse
                    ) && self.last_octet < LAST_SOURCE =>
                {
                    self.last_octet += 1;
                }
                outcome => return outcome,
            }
        }
    }

    fn try_this(&self, connect: impl Fn(&Socket) -> io::Result<()>) -> io::Result<Socket> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        // A bound port counts against the address, whoever the peer is; one
        // that connecting picks, only against this server.
        if self.last_octet > 1 {
            let source = Ipv4Addr::new(127, 0, 0, self.last_octet);
            socket.bind(&SocketAddr::from((source, 0)).into())?;
        }
        socket.set_tcp_nodelay(true)?;
        connect(&socket)?;
        Ok(socket)
    }
}

/// Upgrades the connection, with permessage-deflate as browsers offer it if
/// `deflate` says so; the server has to accept it as it is offered.
pub fn upgrade(stream: &mut TcpStream, address: SocketAddr, deflate: bool) -> Result<(), Failure> {
    stream.write_all(request(address, deflate).as_bytes())?;

    let mut response = Vec::new();
    let mut piece = [0; 1024];
    while response.len() < MAX_RESPONSE {
        let length = stream.read(&mut piece)?;
        if length == 0 {
            return Err("the server closed the connection in the handshake".into());
        }
        response.extend_from_slice(&piece[..length]);
        if let Some(head_length) = check(&response, deflate)? {
            if head_length < response.len() {
                return Err("the server spoke before it was spoken to".into());
            }
            return Ok(());
        }
    }
    Err("the response's head is too long".into())
}

pub fn request(address: SocketAddr, deflate: bool) -> String {
    let offer = if deflate {
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    } else {
        ""
    };
    format!(
        "GET / HTTP/1.1\r\n\
         Host: {address}\r\n\
         Connection: Upgrade\r\n\
         Upgrade: websocket\r\n\
         Sec-WebSocket-Key: {KEY}\r\n\
         Sec-WebSocket-Version: 13\r\n\
         {offer}\r\n"
    )
}

/// Says how long the response's head is, or `None` while its end is missing.
pub fn check(response: &[u8], deflate: bool) -> Result<Option<usize>, Failure> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = head.parse(response)? else {
        return Ok(None);
    };
    if head.code != Some(101) {
        return Err(format!("the handshake was answered with {:?}", head.code).into());
    }
    let accepted = head.headers.iter().any(|header| {
        header.name.eq_ignore_ascii_case("sec-websocket-accept") && header.value == ACCEPT
    });
    if !accepted {
        return Err("Sec-WebSocket-Accept is missing or wrong".into());
    }
    let extensions = head
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("sec-websocket-extensions"));
    match extensions {
        Some(extensions) if !deflate || extensions.value != b"permessage-deflate" => {
            Err("the server agreed on other extensions than wanted".into())
        }
        None if deflate => Err("the server does not agree on permessage-deflate".into()),
        Some(_) | None => Ok(Some(length)),
    }
}
