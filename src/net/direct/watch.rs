//! Sees to it that direct connections are read while JavaScript is busy.
//!
//! It can't say that it is: it may have begun to compute on any occasion. It is busy if
//! its thread does not come for a while though there is something to read. As long as
//! messages follow each other soon, an I/O thread looks for that again and again. When they
//! don't it waits for the next, so that a process at rest is not woken.

use std::future::{pending, poll_fn};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::poller;
use crate::bridge::{Inbox, Poller};

/// JavaScript that does not come for so long is busy; a collection of its young garbage
/// takes less. A ping waits for twice as long at most, and as the system's timers take.
const SOON: Duration = Duration::from_millis(3);

/// JavaScript does not come to what there is to read.
struct Busy;

/// Watches JavaScript as long as there are direct connections.
pub(super) async fn watch(inbox: Arc<Inbox>) {
    let Some(poller) = inbox.poller() else {
        return;
    };
    let watching = async {
        loop {
            if let Err(Busy) = wait_until_soon(&inbox, poller).await {
                inbox.direct.give_back_all();
            } else if let Err(Busy) = look_while_soon(&inbox, poller).await {
                inbox.direct.give_back_all();
            }
        }
    };
    tokio::select! {
        biased;
        () = poll_fn(|cx| inbox.direct.poll_none(cx)) => {}
        () = watching => {}
    }
}

/// Waits for messages until one follows another soon.
async fn wait_until_soon(inbox: &Inbox, poller: &Poller) -> Result<(), Busy> {
    let Ok(watched) = poller::watched(poller) else {
        // Without a place in tokio's poller there are only looks.
        sleep(SOON).await;
        return Ok(());
    };
    loop {
        if watched.readable().await.is_err() {
            // The thread is ending.
            pending::<()>().await;
        }
        let period = observe(inbox, poller).await?;
        // Of what JavaScript has left unread nothing more is heard.
        if period.looks > 1 || period.is_readable {
            return Ok(());
        }
    }
}

/// Looks after JavaScript as long as messages follow each other soon.
async fn look_while_soon(inbox: &Inbox, poller: &Poller) -> Result<(), Busy> {
    loop {
        let period = observe(inbox, poller).await?;
        if period.looks == 0 && !period.is_readable {
            return Ok(());
        }
    }
}

/// What was seen of JavaScript for a short time.
struct Period {
    /// How often it came to see what there is to read.
    looks: u32,
    /// At the end there is something.
    is_readable: bool,
}

async fn observe(inbox: &Inbox, poller: &Poller) -> Result<Period, Busy> {
    let before = inbox.direct.looks();
    let was_readable = poller::is_readable(poller);
    sleep(SOON).await;
    let looks = inbox.direct.looks().wrapping_sub(before);
    let is_readable = poller::is_readable(poller);
    if looks == 0 && was_readable && is_readable {
        Err(Busy)
    } else {
        Ok(Period { looks, is_readable })
    }
}
