//! Names for connections that are safe to keep after the connection is gone.

/// A connection's place in its environment's [`Table`](super::Table) and how
/// many connections had that place before it.
///
/// JavaScript keeps both numbers; one that outlived its connection finds
/// nothing, never the connection that came after.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionId {
    /// Index into the table, reused after the connection is gone.
    pub index: u32,
    /// Number of connections that had this index before (modulo 2^32).
    pub generation: u32,
}

impl ConnectionId {
    /// Both numbers in one.
    #[must_use]
    pub fn to_u64(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.index)
    }

    /// The id that was [`to_u64`](Self::to_u64).
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "each half is a number")]
    pub fn from_u64(both: u64) -> Self {
        Self {
            index: both as u32,
            generation: (both >> 32) as u32,
        }
    }
}
