//! What a defect of the core itself costs: one connection.

use std::io::Read;
use std::net::TcpListener;
use std::sync::Arc;

use tokio::net::TcpStream;

use super::{Application, EventKind, expect};
use crate::bridge::INTERNAL_ERROR;
use crate::net::output::Output;
use crate::net::runtime::IoThreads;
use crate::net::server::Guard;
use crate::net::stream::split_tcp;
use crate::net::task::ConnectionTask;

/// What is left of a task that panics is its drop.
#[tokio::test]
async fn task_that_ends_unfinished_is_an_error_and_closes_its_connection() {
    let mut application = Application::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    let mut peer = std::net::TcpStream::connect(address).expect("it listens");
    let (accepted, _) = listener.accept().expect("one has connected");
    accepted.set_nonblocking(true).expect("it is open");

    let environment = Arc::clone(&application.environment);
    let server = Arc::clone(&application.server);
    let thread = IoThreads::shared().expect("they run").get(0);
    let task = thread.expect("there is one").handle.spawn(async move {
        let (reader, writer) = split_tcp(TcpStream::from_std(accepted).expect("it is open"));
        let connection = environment
            .add_connection(0, Output::new(writer, 0))
            .expect("the environment is open");
        let guard = Guard::new(server, &environment);
        let id = connection.id;
        drop(ConnectionTask::new(connection, reader, Vec::new(), guard));
        id
    });
    let id = expect("the task", task).await.expect("it does not panic");

    let error = application.event().await;
    assert_eq!(error.kind, EventKind::Error as u32);
    assert_eq!((error.index, error.detail), (id.index, INTERNAL_ERROR));
    let closed = application.event().await;
    assert_eq!(closed.kind, EventKind::Closed as u32);
    assert_eq!(closed.index, id.index);
    assert_eq!(peer.read(&mut [0]).expect("it is closed politely"), 0);
}
