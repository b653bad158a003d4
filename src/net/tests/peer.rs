//! The other end of a connection.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{WebSocketStream, client_async};

use super::{Application, Config, expect};
use crate::bridge::ConnectionId;

/// A request for an upgrade, with the key of RFC 6455 §1.3.
pub const HANDSHAKE: &str = "GET /chat HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\
     Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
     Sec-WebSocket-Version: 13\r\n\r\n";

/// A connection to `application` with tokio-tungstenite at its other end.
pub async fn connect(
    application: &mut Application,
    config: Config,
) -> (ConnectionId, WebSocketStream<TcpStream>) {
    let address = application.address();
    let client = async {
        let stream = TcpStream::connect(address).await.expect("it listens");
        let url = format!("ws://{address}/");
        let result = expect("the opening handshake", client_async(url, stream)).await;
        result.expect("it is accepted").0
    };
    tokio::join!(application.accept(config), client)
}

/// The same with a bare socket.
pub async fn connect_raw(application: &mut Application, config: Config) -> (ConnectionId, RawPeer) {
    let peer = RawPeer::connect(application.address()).await;
    peer.open(application, config).await
}

/// Both ends of a TCP connection: the accepted one, and its peer's.
pub async fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    let (peer, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
    (accepted.expect("a connection").0, peer.expect("it listens"))
}

/// A peer that knows no WebSocket and does as it is told, byte by byte.
pub struct RawPeer {
    pub stream: TcpStream,
}

impl RawPeer {
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("it listens");
        stream.set_nodelay(true).expect("it is TCP");
        Self { stream }
    }

    /// A peer for which the kernel keeps little: its end is full soon.
    pub fn with_small_buffers(address: SocketAddr) -> Self {
        const FEW: usize = 16 * 1024;
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None);
        let connected = socket.and_then(|socket| {
            socket.set_recv_buffer_size(FEW)?;
            socket.set_send_buffer_size(FEW)?;
            socket.connect(&address.into())?;
            socket.set_nonblocking(true)?;
            TcpStream::from_std(socket.into())
        });
        Self {
            stream: connected.expect("it listens"),
        }
    }

    /// Goes through the opening handshake.
    pub async fn open(
        mut self,
        application: &mut Application,
        config: Config,
    ) -> (ConnectionId, Self) {
        self.write(HANDSHAKE).await;
        let id = application.accept(config).await;
        let head = self.read_head().await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        (id, self)
    }

    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let result = expect("a write", self.stream.write_all(bytes.as_ref())).await;
        result.expect("the connection is there");
    }

    /// Reads exactly as many bytes.
    pub async fn read(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        let result = expect("bytes", self.stream.read_exact(&mut bytes)).await;
        result.expect("the connection is there");
        bytes
    }

    /// Reads up to the empty line.
    pub async fn read_head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.extend(self.read(1).await);
        }
        String::from_utf8(head).expect("text")
    }

    /// Reads to the end, which has to come.
    pub async fn read_to_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let result = expect("the end", self.stream.read_to_end(&mut bytes)).await;
        result.expect("it ends in order");
        bytes
    }

    /// Reads and discards to the end, be it in order or not.
    pub async fn read_to_any_end(&mut self) {
        let mut bytes = vec![0; 64 * 1024];
        while let Ok(1..) = expect("the end", self.stream.read(&mut bytes)).await {}
    }

    /// Ends our side.
    pub async fn end(&mut self) {
        self.stream.shutdown().await.expect("it is open");
    }

    /// Resets the connection.
    pub fn reset(self) {
        let socket = self.stream.into_std();
        let result: io::Result<()> = socket.and_then(|stream| {
            let socket = Socket::from(stream);
            socket.set_linger(Some(std::time::Duration::ZERO))
        });
        result.expect("it is open");
    }
}

/// A frame as a client sends it, masked with zeros.
pub fn masked_frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x80 | opcode];
    let length = payload.len();
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length @ 0..=125), _) => bytes.push(0x80 | length),
        (_, Ok(length)) => {
            bytes.push(0x80 | 0x7e);
            bytes.extend(length.to_be_bytes());
        }
        (_, Err(_)) => {
            bytes.push(0x80 | 0x7f);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}
