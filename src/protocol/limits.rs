//! How much a peer may make us hold.
//!
//! Decides: the defaults, which are those of `ws`, and that 0 turns a limit off.
//! Refuses: counting. The receiver counts what it receives, the connection its
//! unanswered pings.

/// Bounds on what one peer can make one connection do. 0 turns a bound off.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of payload in one message, over all its fragments.
    pub max_payload: u64,
    /// Data frames in one message, empty ones included.
    pub max_fragments: u32,
    /// Reads over which one incomplete frame may be spread.
    pub max_buffered_chunks: u32,
    /// Automatic pongs queued and not yet written.
    pub max_pending_auto_pongs: u32,
}

impl Limits {
    /// Whether a ping may still be answered while `pending` pongs wait to be
    /// written. If not, the connection is to be terminated.
    #[must_use]
    pub const fn allows_auto_pong(&self, pending: u32) -> bool {
        self.max_pending_auto_pongs == 0 || pending < self.max_pending_auto_pongs
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_payload: 100 * 1024 * 1024,
            max_fragments: 16 * 1024,
            max_buffered_chunks: 256 * 1024,
            max_pending_auto_pongs: 60,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Limits;

    #[test]
    fn pongs_are_allowed_up_to_the_limit() {
        let limits = Limits::default();
        assert!(limits.allows_auto_pong(59));
        assert!(!limits.allows_auto_pong(60));
    }

    #[test]
    fn zero_allows_any_number_of_pongs() {
        let limits = Limits {
            max_pending_auto_pongs: 0,
            ..Limits::default()
        };
        assert!(limits.allows_auto_pong(u32::MAX));
    }
}
