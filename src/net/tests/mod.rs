//! Tests of this floor over real sockets. [`Application`] plays JavaScript's
//! side; the peer is tokio-tungstenite, or a bare socket where bytes matter.

#[cfg(unix)]
mod adopt;
mod application;
mod closing;
mod control;
mod defect;
mod dispatch;
mod flow;
mod in_place;
mod lifecycle;
mod messages;
mod opening;
mod peer;

use std::future::Future;
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use application::{Application, Config, Event};
use peer::{RawPeer, connect, connect_raw};

use super::runtime::IoThreads;
use crate::bridge::EventKind;

/// Far more than any of these tests needs: reaching it is a failure.
const DEADLINE: Duration = Duration::from_secs(20);

/// Waits for something that has to happen.
async fn expect<F: Future>(what: &str, future: F) -> F::Output {
    let Ok(output) = tokio::time::timeout(DEADLINE, future).await else {
        panic!("in vain waited for: {what}");
    };
    output
}

/// Waits until what each I/O thread does at this moment is done.
async fn io_threads_finish_their_turn() {
    for thread in IoThreads::shared().expect("they run").iter() {
        let turn = thread.handle.spawn(async {});
        expect("a turn", turn).await.expect("it does not panic");
    }
}

/// Holds all I/O threads until what it returns is dropped.
fn hold_io_threads() -> Vec<Sender<()>> {
    let threads = IoThreads::shared().expect("they run");
    threads
        .iter()
        .map(|thread| {
            let (release, released) = mpsc::channel::<()>();
            let (arrive, arrived) = mpsc::channel();
            thread.handle.spawn(async move {
                arrive.send(()).expect("the test waits");
                // Fails when the other end is dropped.
                let _ = released.recv();
            });
            arrived.recv().expect("the thread runs");
            release
        })
        .collect()
}

/// Bytes in which a displacement shows.
fn pattern(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}
