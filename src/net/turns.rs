//! Which connections of an I/O thread have something to do, and their turns.
//!
//! A connection is no task of tokio's own, which would be a piece of memory beside
//! the [`Connection`], on lines of the cache of its own. One task a thread gives turns to
//! all connections of the thread that were woken, in order.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Poll, Wake, Waker};

use tokio::task::{unconstrained, yield_now};

use super::connection::Connection;
use super::runtime::IoThreads;
use super::task::By;
use crate::bridge::lock;

/// Turns before the thread looks at its sockets: while many connections always have
/// something to read, a round of all of them takes long, and the longer it takes the
/// more there is to read for each.
const TURNS_IN_A_ROW: usize = 61;

/// What other threads need to wake connections of an I/O thread.
#[derive(Default)]
pub(super) struct Turns {
    woken: Mutex<Vec<Arc<Connection>>>,
    /// The task that gives the turns.
    task: OnceLock<Waker>,
}

/// The connections that wait for their turn, of the I/O thread that this is.
#[derive(Default)]
struct Waiting {
    connections: VecDeque<Arc<Connection>>,
    /// The task that gives the turns, if it sleeps.
    sleeper: Option<Waker>,
}

thread_local! {
    static WAITING: RefCell<Waiting> = RefCell::default();
    /// The I/O thread that this is, if it is one.
    static NUMBER: Cell<Option<usize>> = const { Cell::new(None) };
}

impl Wake for Connection {
    fn wake(self: Arc<Self>) {
        if self.is_to_be_enqueued() {
            enqueue(self);
        }
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.is_to_be_enqueued() {
            enqueue(Arc::clone(self));
        }
    }
}

fn enqueue(connection: Arc<Connection>) {
    let number = connection.thread();
    if NUMBER.get() == Some(number) {
        let sleeper = WAITING.with_borrow_mut(|waiting| {
            waiting.connections.push_back(connection);
            waiting.sleeper.take()
        });
        if let Some(task) = sleeper {
            task.wake();
        }
    } else if let Ok(threads) = IoThreads::shared()
        && let Some(thread) = threads.get(number)
    {
        let turns = &thread.turns;
        lock(&turns.woken).push(connection);
        if let Some(task) = turns.task.get() {
            task.wake_by_ref();
        }
    }
}

impl Turns {
    /// Gives connections their turns, on the I/O thread `number`, for ever.
    pub(super) async fn give(&self, number: usize) {
        NUMBER.set(Some(number));
        // What one connection does in its turn has bounds of its own.
        unconstrained(async {
            loop {
                // One that wants another turn has it when the thread has looked at its
                // sockets: a few that always have something to read would keep those
                // waiting that the thread does not know to be ready.
                for _ in 0..self.wait().await.min(TURNS_IN_A_ROW) {
                    let Some(connection) = next() else { break };
                    connection.take_turn(By::IoThread);
                }
                if WAITING.with_borrow(|waiting| !waiting.connections.is_empty()) {
                    // The thread looks at its sockets first.
                    yield_now().await;
                }
            }
        })
        .await;
    }

    /// Waits until there are connections to be given a turn, and tells how many.
    async fn wait(&self) -> usize {
        poll_fn(|cx| {
            // Before the look at what others have woken, or a wake is missed.
            self.task.get_or_init(|| cx.waker().clone());
            WAITING.with_borrow_mut(|waiting| {
                waiting.connections.extend(lock(&self.woken).drain(..));
                if waiting.connections.is_empty() {
                    waiting.sleeper = Some(cx.waker().clone());
                    Poll::Pending
                } else {
                    waiting.sleeper = None;
                    Poll::Ready(waiting.connections.len())
                }
            })
        })
        .await
    }
}

fn next() -> Option<Arc<Connection>> {
    WAITING.with_borrow_mut(|waiting| waiting.connections.pop_front())
}
