//! The WebSocket protocol without I/O: no socket, no clock, no thread.
//!
//! Bytes and instants go in (`handle_*`); events, bytes and deadlines come out.
//! Both roles share this code, and every transport shares it. The caller owes it
//! three things: input in order, each deadline of [`Timers`] once it has passed,
//! and, after a [`ProtocolError`], a close frame with the error's code.
//!
//! RFC 6455, and the observable behaviour of `ws` where the RFC leaves a choice.

mod closing;
mod cut_control;
mod cut_field;
mod deflate;
mod error;
pub mod extension;
mod frame;
pub mod handshake;
mod header_cursor;
mod limits;
mod mask;
mod memory;
mod message;
mod receiver;
mod role;
mod timer;
mod utf8;

#[cfg(test)]
mod tests;

pub use closing::ClosingHandshake;
pub use deflate::{
    Coding, Compressor, DEFLATE_WORDS, DataError, DeflateConfig, Deflater, InflateConfig, Inflater,
    MOST_HISTORY_BYTES, MOST_INFLATE_STATES, Strategy, poll_contexts_kept, release_idle_contexts,
};
pub use error::ProtocolError;
pub use frame::{
    CloseCode, Control, Data, Header, MAX_CONTROL_PAYLOAD, OpCode, encode_close_payload,
    encode_frame, encode_header, is_valid_close_code,
};
pub use header_cursor::InvalidHeader;
pub use limits::Limits;
pub use mask::apply_mask;
pub use memory::{
    MOST_SPARE_BYTES, give_memory, poll_memory_kept, release_idle_memory, take_memory,
};
pub use message::Payload;
pub use receiver::{Receiver, ReceiverConfig, Sink};
pub use role::Role;
pub use timer::{Expired, Heartbeat, Timers};
pub use utf8::{InvalidUtf8, Utf8Validator, validate as validate_utf8};
