//! What a defect of the core itself costs: one connection.

use std::future::poll_fn;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use tokio::io::ReadBuf;
use tokio::net::TcpStream;

use super::{Application, EventKind, expect};
use crate::bridge::INTERNAL_ERROR;
use crate::net::output::Output;
use crate::net::runtime::IoThreads;
use crate::net::server::Guard;
use crate::net::stream::Stream;
use crate::net::task::{By, ConnectionTask, poll_read};

/// A connection, and its peer's end.
fn pair() -> (std::net::TcpStream, std::net::TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    let peer = std::net::TcpStream::connect(address).expect("it listens");
    let (accepted, _) = listener.accept().expect("one has connected");
    accepted.set_nonblocking(true).expect("it is open");
    (accepted, peer)
}

/// A read while another one goes on, which never happens, panics.
#[tokio::test]
async fn turn_that_panics_is_an_error_and_closes_its_connection() {
    let mut application = Application::new();
    let (accepted, mut peer) = pair();
    let (other, mut other_peer) = pair();
    other_peer.write_all(b"x").expect("it is open");

    let environment = Arc::clone(&application.environment);
    let server = Arc::clone(&application.server);
    let thread = IoThreads::shared().expect("they run").get(0);
    let turn = thread.expect("there is one").handle.spawn(async move {
        let stream = |stream| Stream::Tcp(TcpStream::from_std(stream).expect("it is open"));
        let connection = environment
            .add_connection(0, stream(accepted), Output::new(0))
            .expect("the environment is open");
        let guard = Guard::new(server, &environment);
        connection.start(ConnectionTask::new(&connection, Vec::new(), guard));

        let other = stream(other);
        let reading = poll_fn(|cx| {
            let read = |buffer: &mut ReadBuf<'_>| other.poll_read(cx, buffer);
            poll_read(read, 1, |_| connection.take_turn(By::IoThread))
        });
        reading.await.expect("there is a byte");
        connection.id
    });
    let id = expect("the turn", turn).await.expect("it does not panic");

    let error = application.event().await;
    assert_eq!(error.kind, EventKind::Error as u32);
    assert_eq!((error.index, error.detail), (id.index, INTERNAL_ERROR));
    let closed = application.event().await;
    assert_eq!(closed.kind, EventKind::Closed as u32);
    assert_eq!(closed.index, id.index);
    assert_eq!(peer.read(&mut [0]).expect("it is closed politely"), 0);
}
