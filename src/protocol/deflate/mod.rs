//! permessage-deflate: the payload of messages, compressed and decompressed.
//!
//! Decides: what a compressed frame contains, when contexts begin and end, how
//! far a message may inflate, and which of its faults fail the connection.
//! Refuses: negotiation, which is JavaScript's; frames and RSV1, which are the
//! receiver's and the encoder's.
//!
//! Memory: the state of zlib is large (40 KiB to inflate, 370 KiB to deflate with
//! the default settings) and belongs to a thread's pool. An [`Inflater`] borrows
//! one for the time of a message and owns, between messages, only the window that
//! the peer may refer to. A [`Deflater`] keeps its state between messages, since
//! building one from a window costs ten times a small message; its owner gives it
//! back with [`Deflater::release`] when the connection is idle. Without context
//! takeover neither holds anything between messages.
//!
//! RFC 7692 §6 (messages), §7.1 (parameters), §7.2 (compression); RFC 1951.

mod compressor;
mod config;
mod data_error;
mod deflater;
mod inflater;
mod pool;
mod window;

#[cfg(test)]
mod tests;

pub use compressor::{Coding, Compressor};
pub use config::{DEFLATE_WORDS, DeflateConfig, InflateConfig, Strategy};
pub use data_error::DataError;
pub use deflater::Deflater;
pub use inflater::Inflater;

/// RFC 7692 §7.2.1: the end of an empty stored block, which is removed from a
/// message and appended again before it is inflated.
const TRAILER: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
