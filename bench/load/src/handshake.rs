//! The client's opening handshake (RFC 6455 §4.1), blocking: connections are
//! made one after the other before the clock runs.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::message::Failure;

const PATIENCE: Duration = Duration::from_secs(10);

/// The example of RFC 6455 §1.3: a server that computes the accept value
/// gives this one.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &[u8] = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

const MAX_RESPONSE: usize = 8192;

pub fn connect(address: SocketAddr) -> Result<TcpStream, Failure> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

pub fn upgrade(stream: &mut TcpStream, address: SocketAddr) -> Result<(), Failure> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = format!(
        "GET / HTTP/1.1\r\n\
         Host: {address}\r\n\
         Connection: Upgrade\r\n\
         Upgrade: websocket\r\n\
         Sec-WebSocket-Key: {KEY}\r\n\
         Sec-WebSocket-Version: 13\r\n\
         \r\n"
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
        if let Some(head_length) = check(&response)? {
            if head_length < response.len() {
                return Err("the server spoke before it was spoken to".into());
            }
            return Ok(());
        }
    }
    Err("the response's head is too long".into())
}

fn check(response: &[u8]) -> Result<Option<usize>, Failure> {
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
    Ok(Some(length))
}
