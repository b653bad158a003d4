//! The client's opening handshake (RFC 6455 §4.1), blocking: connections are
//! made one after the other before the clock runs.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use crate::message::Failure;

const PATIENCE: Duration = Duration::from_secs(10);

/// The example of RFC 6455 §1.3: a server that computes the accept value
/// gives this one.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &[u8] = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

const MAX_RESPONSE: usize = 8192;

/// The last octet of the last address that connections come from.
const LAST_SOURCE: u8 = 254;

pub fn connect(address: SocketAddr) -> Result<TcpStream, Failure> {
    Sources::default().connect(address)
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
        loop {
            match self.connect_from(address) {
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::AddrNotAvailable | ErrorKind::AddrInUse
                    ) && self.last_octet < LAST_SOURCE =>
                {
                    self.last_octet += 1;
                }
                outcome => return Ok(outcome?),
            }
        }
    }

    fn connect_from(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        // A bound port counts against the address, whoever the peer is; one
        // that connecting picks, only against this server.
        if self.last_octet > 1 {
            let source = Ipv4Addr::new(127, 0, 0, self.last_octet);
            socket.bind(&SocketAddr::from((source, 0)).into())?;
        }
        socket.connect_timeout(&address.into(), PATIENCE)?;
        let stream = TcpStream::from(socket);
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(stream)
    }
}

/// Upgrades the connection, with permessage-deflate as browsers offer it if
/// `deflate` says so; the server has to accept it as it is offered.
pub fn upgrade(stream: &mut TcpStream, address: SocketAddr, deflate: bool) -> Result<(), Failure> {
    let offer = if deflate {
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    } else {
        ""
    };
    let request = format!(
        "GET / HTTP/1.1\r\n\
         Host: {address}\r\n\
         Connection: Upgrade\r\n\
         Upgrade: websocket\r\n\
         Sec-WebSocket-Key: {KEY}\r\n\
         Sec-WebSocket-Version: 13\r\n\
         {offer}\r\n"
    );
    stream.write_all(request.as_bytes())?;

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

fn check(response: &[u8], deflate: bool) -> Result<Option<usize>, Failure> {
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
