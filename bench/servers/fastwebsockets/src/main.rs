//! The driver of fastwebsockets: one task per connection, upgraded by hyper as
//! in the crate's examples, on a runtime of one thread. It writes each frame by
//! itself.

use std::error::Error;
use std::net::Ipv4Addr;
use std::sync::Arc;

use fastwebsockets::upgrade::{UpgradeFut, upgrade};
use fastwebsockets::{FragmentCollector, FragmentCollectorRead, Frame, OpCode, WebSocketError};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use oxws_bench_common::{BURST, Handler, announce, message};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;

/// More broadcasts than a client asks for before it has got the last one.
const MOST_BROADCASTS: usize = 4;

#[derive(Clone)]
struct Server {
    handler: Handler,
    messages: Arc<[String]>,
    all: broadcast::Sender<Arc<str>>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server {
        handler: Handler::from_arguments()?,
        messages: (0..BURST).map(message).collect(),
        all: broadcast::channel(MOST_BROADCASTS).0,
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    announce(listener.local_addr()?.port());
    loop {
        let (stream, _) = listener.accept().await?;
        // As ws, oxws and the raw server do.
        stream.set_nodelay(true)?;
        tokio::spawn(server.clone().connection(stream));
    }
}

impl Server {
    async fn connection(self, stream: TcpStream) {
        let service = service_fn(|request| {
            let server = self.clone();
            async move { server.upgrade(request) }
        });
        // The load leaves without a closing handshake, which is an error here;
        // one that matters is missed by the load as a reply.
        let _ = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
            .await;
    }

    fn upgrade(
        self,
        mut request: Request<Incoming>,
    ) -> Result<Response<Empty<Bytes>>, WebSocketError> {
        let (response, websocket) = upgrade(&mut request)?;
        // Before the client knows that it is connected.
        let receiver = self.all.subscribe();
        tokio::spawn(async move {
            let _ = match self.handler {
                Handler::Echo => echo(websocket).await,
                Handler::Burst => bursts(websocket, &self.messages).await,
                Handler::Broadcast => broadcasts(websocket, self.all, receiver).await,
            };
        });
        Ok(response)
    }
}

fn is_data(opcode: OpCode) -> bool {
    matches!(opcode, OpCode::Text | OpCode::Binary)
}

async fn echo(websocket: UpgradeFut) -> Result<(), WebSocketError> {
    let mut websocket = FragmentCollector::new(websocket.await?);
    loop {
        let frame = websocket.read_frame().await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            opcode if is_data(opcode) => websocket.write_frame(frame).await?,
            _ => {}
        }
    }
}

async fn bursts(websocket: UpgradeFut, messages: &[String]) -> Result<(), WebSocketError> {
    let mut websocket = FragmentCollector::new(websocket.await?);
    loop {
        let frame = websocket.read_frame().await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            opcode if is_data(opcode) => {
                for message in messages {
                    let frame = Frame::binary(message.as_bytes().into());
                    websocket.write_frame(frame).await?;
                }
            }
            _ => {}
        }
    }
}

/// A channel to the tasks that write, one for each connection beside the one
/// that reads.
async fn broadcasts(
    websocket: UpgradeFut,
    all: broadcast::Sender<Arc<str>>,
    mut receiver: broadcast::Receiver<Arc<str>>,
) -> Result<(), WebSocketError> {
    let (reader, mut writer) = websocket.await?.split(tokio::io::split);
    let mut reader = FragmentCollectorRead::new(reader);
    tokio::spawn(async move {
        while let Ok(data) = receiver.recv().await {
            let frame = Frame::text(data.as_bytes().into());
            if writer.write_frame(frame).await.is_err() {
                break;
            }
        }
    });

    // Only one of the connections asks, so that it can count.
    let mut number = 0;
    loop {
        // The load sends nothing that must be answered.
        let mut answer = |_: Frame<'_>| async { Ok::<_, WebSocketError>(()) };
        let frame = reader.read_frame(&mut answer).await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            opcode if is_data(opcode) => {
                // The writer of this connection receives it.
                let _ = all.send(message(number).into());
                number += 1;
            }
            _ => {}
        }
    }
}
