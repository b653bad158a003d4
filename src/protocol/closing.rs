//! The closing handshake, as far as it decides what may still be sent and when
//! the transport ends.
//!
//! Decides: one close frame is sent and none after it; the write side ends once
//! ours is written and the peer's was received, or the connection failed.
//! Refuses: time (the close timeout is a timer) and codes.
//!
//! RFC 6455 §5.5.1, §7.1.2 to §7.1.4 (closing handshake), §7.1.7 (failing).

#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
enum Ours {
    #[default]
    NotStarted,
    Queued,
    Sent,
}

#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
enum Theirs {
    #[default]
    Open,
    Received,
    Failed,
}

/// How far a connection's closing handshake has come.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct ClosingHandshake {
    ours: Ours,
    theirs: Theirs,
}

impl ClosingHandshake {
    /// Our close frame was put behind whatever waits to be written. Returns false
    /// if one was before: then this one must not be sent.
    #[must_use]
    pub fn handle_close_queued(&mut self) -> bool {
        let first = self.ours == Ours::NotStarted;
        if first {
            self.ours = Ours::Queued;
        }
        first
    }

    /// The last byte of our close frame went to the transport.
    pub fn handle_close_sent(&mut self) {
        self.ours = Ours::Sent;
    }

    /// The peer's close frame was received.
    pub fn handle_close_received(&mut self) {
        if self.theirs == Theirs::Open {
            self.theirs = Theirs::Received;
        }
    }

    /// The peer broke the protocol; nothing it sends counts any more.
    pub fn handle_failed(&mut self) {
        if self.theirs == Theirs::Open {
            self.theirs = Theirs::Failed;
        }
    }

    /// Whether our close frame was queued, written or not.
    #[must_use]
    pub fn is_close_queued(&self) -> bool {
        self.ours != Ours::NotStarted
    }

    /// Whether either side has begun to close.
    #[must_use]
    pub fn is_started(&self) -> bool {
        *self != Self::default()
    }

    /// RFC 6455 §5.5.1: no data frames after a close frame; nor, as in `ws`, a
    /// pong once closing has begun from either side.
    #[must_use]
    pub fn may_send_pong(&self) -> bool {
        !self.is_started()
    }

    /// Whether the write side is to be ended.
    #[must_use]
    pub fn should_end(&self) -> bool {
        self.ours == Ours::Sent && self.theirs != Theirs::Open
    }

    /// Whether the peer has said that it closes, or broke the protocol: then our
    /// close frame is the last that we send.
    #[must_use]
    pub fn is_last_of_ours(&self) -> bool {
        self.theirs != Theirs::Open
    }

    /// Whether close frames went both ways.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.ours == Ours::Sent && self.theirs == Theirs::Received
    }
}

#[cfg(test)]
mod tests {
    use super::ClosingHandshake;

    #[test]
    fn ends_when_we_close_and_the_peer_answers() {
        let mut closing = ClosingHandshake::default();
        assert!(closing.may_send_pong());
        assert!(closing.handle_close_queued());
        assert!(!closing.may_send_pong());
        closing.handle_close_sent();
        assert!(!closing.should_end());
        closing.handle_close_received();
        assert!(closing.should_end());
        assert!(closing.is_clean());
    }

    #[test]
    fn ends_when_the_peer_closes_and_our_answer_is_written() {
        let mut closing = ClosingHandshake::default();
        closing.handle_close_received();
        assert!(!closing.may_send_pong());
        assert!(closing.handle_close_queued());
        assert!(!closing.should_end());
        assert!(!closing.is_clean());
        closing.handle_close_sent();
        assert!(closing.should_end());
        assert!(closing.is_clean());
    }

    #[test]
    fn sends_one_close_frame_only() {
        let mut closing = ClosingHandshake::default();
        assert!(closing.handle_close_queued());
        assert!(!closing.handle_close_queued());
        closing.handle_close_sent();
        assert!(!closing.handle_close_queued());
    }

    #[test]
    fn a_failed_connection_ends_unclean_after_its_close_frame() {
        let mut closing = ClosingHandshake::default();
        closing.handle_failed();
        assert!(!closing.may_send_pong());
        assert!(!closing.should_end());
        assert!(closing.handle_close_queued());
        closing.handle_close_sent();
        assert!(closing.should_end());
        assert!(!closing.is_clean());
    }

    #[test]
    fn a_close_frame_after_a_failure_does_not_make_it_clean() {
        let mut closing = ClosingHandshake::default();
        closing.handle_failed();
        closing.handle_close_received();
        closing.handle_close_sent();
        assert!(!closing.is_clean());
    }
}
