//! permessage-deflate: the payload of messages, compressed and decompressed.
//!
//! Decides: what a compressed frame contains, when contexts begin and end, how
//! far a message may inflate, and which of its faults fail the connection.
//! Refuses: negotiation, which is JavaScript's; frames and RSV1, which are the
//! receiver's and the encoder's.
//!
//! Memory: the states of zlib are large (40 KiB to inflate, 370 KiB to deflate with
//! the default settings) and belong to a thread's pool, where few of them serve all
//! connections and stay in the processor's cache. A connection owns, between
//! messages, bytes alone: of what it received the window that the peer may refer
//! to, of what it sent a history as long as a few messages, by which a state is
//! primed for the next one. That takes a tenth of the time that a state of the
//! connection's own would take with a hundred connections, all of whose states don't
//! fit into a cache. The history may be forgotten, since a compressor may start
//! afresh at any time: all together are bounded, and what is idle is released. Without
//! context takeover nothing is kept between messages.
//!
//! RFC 7692 §6 (messages), §7.1 (parameters), §7.2 (compression); RFC 1951.

mod compressor;
mod config;
mod data_error;
mod deflater;
mod histories;
mod idle;
mod inflate_states;
mod inflater;
mod lru;
mod pool;
mod repeated;
mod slab;
mod stream;
mod window;

#[cfg(test)]
mod tests;

pub use compressor::{Coding, Compressor};
pub use config::{DEFLATE_WORDS, DeflateConfig, InflateConfig, Strategy};
pub use data_error::DataError;
pub use deflater::Deflater;
pub use histories::MOST_HISTORY_BYTES;
pub use idle::{poll_contexts_kept, release_idle_contexts};
pub use inflate_states::MOST_INFLATE_STATES;
pub use inflater::Inflater;

/// RFC 7692 §7.2.1: the end of an empty stored block, which is removed from a
/// message and appended again before it is inflated.
const TRAILER: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
