//! Tests of this floor over real sockets. [`Application`] plays JavaScript's
//! side; the peer is tokio-tungstenite, or a bare socket where bytes matter.

#[cfg(unix)]
mod adopt;
mod application;
mod closing;
mod control;
mod defect;
#[cfg(target_os = "linux")]
mod direct;
mod dispatch;
mod flow;
mod in_place;
mod lifecycle;
mod messages;
mod opening;
mod peer;

use std::future::Future;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use application::{Application, Config, Event};
use peer::{RawPeer, connect, connect_raw};

use super::runtime::{IoThread, IoThreads};
use crate::bridge::{EventKind, lock};

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

/// I/O threads that do nothing as long as this is there. One test at a time holds them.
struct Held {
    releases: Vec<Sender<()>>,
    _alone: MutexGuard<'static, ()>,
}

/// Holds all I/O threads until what it returns is dropped.
fn hold_io_threads() -> Held {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = lock(&ALONE);
    let threads = IoThreads::shared().expect("they run");
    let releases = threads
        .iter()
        .map(|thread| hold(thread, std::future::ready(())))
        .map(|(release, arrived)| {
            arrived.recv().expect("the thread runs");
            release
        })
        .collect();
    Held {
        releases,
        _alone: alone,
    }
}

/// Holds a thread when `ready` is, until the first of both is dropped. The other tells
/// when it is held.
fn hold(
    thread: &IoThread,
    ready: impl Future<Output = ()> + Send + 'static,
) -> (Sender<()>, Receiver<()>) {
    let (release, released) = mpsc::channel::<()>();
    let (arrive, arrived) = mpsc::channel();
    thread.handle.spawn(async move {
        ready.await;
        // Both fail when the other end is dropped.
        let _ = arrive.send(());
        let _ = released.recv();
    });
    (release, arrived)
}

/// Bytes in which a displacement shows.
fn pattern(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}
