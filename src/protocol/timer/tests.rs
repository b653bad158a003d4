use super::*;

const INTERVAL: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_secs(4);
const CLOSE: Duration = Duration::from_secs(30);

/// A virtual clock and the timers that it drives.
struct Clock {
    start: Instant,
    now: Instant,
    timers: Timers,
}

impl Clock {
    fn new(timeout: Duration) -> Self {
        let start = Instant::now();
        let policy = Heartbeat {
            interval: INTERVAL,
            timeout,
        };
        Self {
            start,
            now: start,
            timers: Timers::new(start, Some(policy)),
        }
    }

    /// Goes on to the next deadline: the second at which it is, and what is due.
    fn sleep(&mut self) -> Option<(u64, Option<Expired>)> {
        self.now = self.timers.poll_deadline()?.max(self.now);
        let expired = self.timers.handle_timeout(self.now);
        Some(((self.now - self.start).as_secs(), expired))
    }

    fn advance_to(&mut self, second: u64) {
        self.now = self.start + Duration::from_secs(second);
    }
}

#[test]
fn without_a_heartbeat_nothing_is_due() {
    let now = Instant::now();
    let mut timers = Timers::new(now, None);
    timers.handle_received();
    timers.handle_reading_suspended(now, true);
    assert_eq!(timers.poll_deadline(), None);
    assert_eq!(timers.handle_timeout(now + CLOSE), None);
    assert!(size_of::<Timers>() <= 24);
}

#[test]
fn an_interval_of_zero_turns_the_heartbeat_off() {
    let policy = Heartbeat {
        interval: Duration::ZERO,
        timeout: TIMEOUT,
    };
    assert_eq!(
        Timers::new(Instant::now(), Some(policy)).poll_deadline(),
        None
    );
}

#[test]
fn deadlines_beyond_time_are_none() {
    let now = Instant::now();
    let policy = Heartbeat {
        interval: Duration::MAX,
        timeout: Duration::MAX,
    };
    let mut timers = Timers::new(now, Some(policy));
    assert_eq!(timers.poll_deadline(), None);
    timers.handle_closing_started(now, Duration::MAX);
    assert_eq!(timers.poll_deadline(), None);
}

#[test]
fn a_peer_that_answers_is_pinged_each_interval() {
    let mut clock = Clock::new(TIMEOUT);
    for second in [10, 20, 30] {
        assert_eq!(clock.sleep(), Some((second, Some(Expired::SendPing))));
        assert_eq!(clock.timers.handle_timeout(clock.now), None);
        clock.timers.handle_received();
    }
}

#[test]
fn a_silent_peer_is_found_after_interval_and_timeout() {
    let mut clock = Clock::new(TIMEOUT);
    assert_eq!(clock.sleep(), Some((10, Some(Expired::SendPing))));
    assert_eq!(clock.sleep(), Some((14, Some(Expired::HeartbeatMissed))));
    assert_eq!(clock.sleep(), None);
    assert_eq!(clock.timers.handle_timeout(clock.now + CLOSE), None);
}

#[test]
fn a_timeout_over_the_interval_is_not_postponed_by_later_pings() {
    let mut clock = Clock::new(Duration::from_secs(25));
    for second in [10, 20, 30] {
        assert_eq!(clock.sleep(), Some((second, Some(Expired::SendPing))));
    }
    assert_eq!(clock.sleep(), Some((35, Some(Expired::HeartbeatMissed))));
}

#[test]
fn bytes_before_a_ping_do_not_answer_it() {
    let mut clock = Clock::new(TIMEOUT);
    clock.timers.handle_received();
    assert_eq!(clock.sleep(), Some((10, Some(Expired::SendPing))));
    assert_eq!(clock.sleep(), Some((14, Some(Expired::HeartbeatMissed))));
}

#[test]
fn a_caller_that_slept_on_an_old_deadline_wakes_for_nothing() {
    let mut clock = Clock::new(TIMEOUT);
    assert_eq!(clock.sleep(), Some((10, Some(Expired::SendPing))));
    let old = clock.timers.poll_deadline();
    clock.timers.handle_received();
    assert_eq!(old, Some(clock.now + TIMEOUT));
    assert_eq!(clock.timers.handle_timeout(clock.now + TIMEOUT), None);
    assert_eq!(clock.sleep(), Some((20, Some(Expired::SendPing))));
}

#[test]
fn no_verdict_falls_while_we_do_not_read() {
    let mut clock = Clock::new(TIMEOUT);
    assert_eq!(clock.sleep(), Some((10, Some(Expired::SendPing))));
    clock.timers.handle_reading_suspended(clock.now, true);
    assert_eq!(clock.sleep(), Some((20, Some(Expired::SendPing))));
    clock.advance_to(29);
    assert_eq!(clock.timers.handle_timeout(clock.now), None);
    clock.timers.handle_reading_suspended(clock.now, false);
    assert_eq!(clock.sleep(), Some((30, Some(Expired::SendPing))));
    assert_eq!(clock.sleep(), Some((33, Some(Expired::HeartbeatMissed))));
}

#[test]
fn resuming_twice_does_not_postpone_the_verdict() {
    let mut clock = Clock::new(TIMEOUT);
    assert_eq!(clock.sleep(), Some((10, Some(Expired::SendPing))));
    clock.advance_to(12);
    clock.timers.handle_reading_suspended(clock.now, false);
    assert_eq!(clock.sleep(), Some((14, Some(Expired::HeartbeatMissed))));
}

#[test]
fn closing_ends_the_heartbeat_and_starts_its_own_timeout() {
    let mut clock = Clock::new(TIMEOUT);
    assert_eq!(clock.sleep(), Some((10, Some(Expired::SendPing))));
    clock.timers.handle_closing_started(clock.now, CLOSE);
    clock.timers.handle_received();
    clock.advance_to(12);
    clock.timers.handle_closing_started(clock.now, CLOSE);
    assert_eq!(clock.sleep(), Some((40, Some(Expired::CloseTimeout))));
    assert_eq!(clock.sleep(), None);
}

#[test]
fn closing_is_timed_without_a_heartbeat_too() {
    let now = Instant::now();
    let mut timers = Timers::new(now, None);
    timers.handle_closing_started(now, CLOSE);
    assert_eq!(timers.handle_timeout(now + CLOSE / 2), None);
    assert_eq!(
        timers.handle_timeout(now + CLOSE),
        Some(Expired::CloseTimeout)
    );
}
