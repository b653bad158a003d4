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
