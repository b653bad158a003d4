//! Deadlines of a connection: the heartbeat and the close timeout.
//!
//! Decides: when a ping is due, when a peer that answered nothing is dead, and
//! when the peer's close frame is no longer waited for.
//! Refuses: the clock, and sleeping. The caller sleeps until
//! [`Timers::poll_deadline`], takes all input that already arrived, and calls
//! [`Timers::handle_timeout`]; in the other order, a process that was stopped
//! for a while would take every peer for dead.
//!
//! Anything received proves that the peer lives, not only a pong: one whose long
//! message is in transit cannot answer before its end. A dead peer is found at
//! most `interval + timeout` after its last byte.
//!
//! RFC 6455 §5.5.2 (ping), §5.5.3 (pong), §7.1.1 (a close that nobody answers).

use std::time::{Duration, Instant};

/// The policy by which a silent peer is found dead.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// From one ping to the next. Zero turns the heartbeat off.
    pub interval: Duration,
    /// From a ping to the verdict, if nothing arrives. May exceed the interval.
    pub timeout: Duration,
}

/// What has become due.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Expired {
    /// A ping is to be sent.
    SendPing,
    /// The peer answered nothing; the connection is to be terminated.
    HeartbeatMissed,
    /// The closing handshake took too long; the connection is to be terminated.
    CloseTimeout,
}

#[derive(Debug)]
enum State {
    Heartbeat(Beating),
    Closing(Instant),
    /// The connection is to be terminated; nothing more becomes due.
    Expired,
}

#[derive(Debug)]
struct Beating {
    policy: Heartbeat,
    next_ping: Option<Instant>,
    /// The verdict on the oldest ping since which nothing arrived.
    verdict: Option<Instant>,
    suspended: bool,
}

/// The deadlines of one connection. While there is none, no memory is owned.
#[derive(Debug)]
pub struct Timers(Option<Box<State>>);

impl Timers {
    /// The timers of a connection that opens now.
    #[must_use]
    pub fn new(now: Instant, heartbeat: Option<Heartbeat>) -> Self {
        let heartbeat = heartbeat.filter(|policy| !policy.interval.is_zero());
        Self(heartbeat.map(|policy| {
            Box::new(State::Heartbeat(Beating {
                policy,
                next_ping: now.checked_add(policy.interval),
                verdict: None,
                suspended: false,
            }))
        }))
    }

    /// Bytes arrived, whatever they are. May move the deadline back; a caller that
    /// sleeps on the old one wakes up once for nothing.
    #[inline]
    pub fn handle_received(&mut self) {
        if let Some(State::Heartbeat(beating)) = self.0.as_deref_mut() {
            beating.verdict = None;
        }
    }

    /// We stopped or resumed reading. An answer that we do not read proves
    /// nothing, so there is no verdict meanwhile, and the timeout starts anew.
    pub fn handle_reading_suspended(&mut self, now: Instant, suspended: bool) {
        if let Some(State::Heartbeat(beating)) = self.0.as_deref_mut() {
            if beating.suspended && !suspended && beating.verdict.is_some() {
                beating.verdict = now.checked_add(beating.policy.timeout);
            }
            beating.suspended = suspended;
        }
    }

    /// The closing handshake began, from either side. The heartbeat ends.
    pub fn handle_closing_started(&mut self, now: Instant, close_timeout: Duration) {
        match self.0.as_deref() {
            None | Some(State::Heartbeat(_)) => {
                let deadline = now.checked_add(close_timeout);
                self.0 = deadline.map(|deadline| Box::new(State::Closing(deadline)));
            }
            Some(State::Closing(_) | State::Expired) => {}
        }
    }

    /// When [`Self::handle_timeout`] is to be called, if ever.
    #[must_use]
    pub fn poll_deadline(&self) -> Option<Instant> {
        match self.0.as_deref()? {
            State::Expired => None,
            State::Closing(deadline) => Some(*deadline),
            State::Heartbeat(beating) => {
                let verdict = beating.verdict.filter(|_| !beating.suspended);
                [verdict, beating.next_ping].into_iter().flatten().min()
            }
        }
    }

    /// What is due now. To be called until it returns `None`.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<Expired> {
        let is_due = |deadline: Option<Instant>| deadline.is_some_and(|deadline| deadline <= now);
        let state = self.0.as_deref_mut()?;
        match state {
            State::Expired => None,
            State::Closing(deadline) => {
                if !is_due(Some(*deadline)) {
                    return None;
                }
                *state = State::Expired;
                Some(Expired::CloseTimeout)
            }
            State::Heartbeat(beating) => {
                if is_due(beating.verdict) && !beating.suspended {
                    *state = State::Expired;
                    return Some(Expired::HeartbeatMissed);
                }
                if !is_due(beating.next_ping) {
                    return None;
                }
                beating.next_ping = now.checked_add(beating.policy.interval);
                if beating.verdict.is_none() {
                    beating.verdict = now.checked_add(beating.policy.timeout);
                }
                Some(Expired::SendPing)
            }
        }
    }
}

#[cfg(test)]
mod tests;
