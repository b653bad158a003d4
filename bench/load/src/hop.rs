//! What it costs to hand something to another thread that sleeps in the poller
//! and back: the price of a message that comes alone, if one thread reads and
//! another answers.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use mio::{Events, Poll, Token, Waker};

use crate::line::Line;

/// A hop that takes longer than this is none.
const LONGEST: Duration = Duration::from_secs(5);

#[derive(Args)]
pub struct Options {
    /// Hops to be timed, there and back together
    #[arg(long, default_value_t = 400_000, value_parser = clap::value_parser!(u32).range(2..=10_000_000))]
    hops: u32,
}

struct End {
    poll: Poll,
    waker: Waker,
}

impl End {
    fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), Token(0))?;
        Ok(Self { poll, waker })
    }
}

/// Wakes the other end and sleeps until it has woken this one, so many times; the
/// one that waits first sleeps before it wakes.
fn play(mut poll: Poll, other: &Waker, turns: u32, waits_first: bool) -> io::Result<()> {
    let mut events = Events::with_capacity(1);
    for _ in 0..turns {
        if !waits_first {
            other.wake()?;
        }
        poll.poll(&mut events, Some(LONGEST))?;
        if events.is_empty() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        if waits_first {
            other.wake()?;
        }
    }
    Ok(())
}

pub fn run(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let turns = options.hops / 2;
    let (here, there) = (End::new()?, End::new()?);
    let begin = Instant::now();
    // Both wakers outlive the game: with the last one its wake would go.
    thread::scope(|scope| {
        let answering = scope.spawn(|| play(there.poll, &here.waker, turns, true));
        play(here.poll, &there.waker, turns, false)?;
        answering
            .join()
            .map_err(|_| "the other thread panicked")??;
        Ok::<_, Box<dyn std::error::Error>>(())
    })?;
    let elapsed = begin.elapsed();
    let hop_us = elapsed.as_secs_f64() * 1e6 / f64::from(turns * 2);
    Line::Hop { hop_us }.print()?;
    Ok(())
}
