//! Which end of the connection this is. RFC 6455 §5.1: a client masks every
//! frame it sends, a server none; each fails the connection of a peer that
//! does otherwise.

/// The end of the connection that we are.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Receives masked frames, sends unmasked ones.
    Server,
    /// Sends masked frames, receives unmasked ones.
    Client,
}
