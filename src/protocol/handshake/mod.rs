//! The opening handshake, server side, and the HTTP around it.
//!
//! Decides: what a request head says and whether it asks for an upgrade, in which
//! order a handshake's faults are found, the accept key, and the bytes of the
//! answers that an HTTP server gives to everything else.
//! Refuses: to accept. Whether a valid handshake is accepted, with which
//! subprotocol and which headers, the application says.
//!
//! RFC 6455 §4 (opening handshake); RFC 9110 and 9112 (HTTP), as read by Node's
//! HTTP server, since that is what stands before `ws`.

mod accept_key;
mod answer;
mod body;
mod head;
mod request;
mod subprotocol;
mod validation;

pub use accept_key::accept_key;
pub use answer::Answer;
pub use body::{Body, BodySkipper};
pub use head::{HeadError, MAX_HEAD_BYTES, MAX_HEADERS, MAX_RAW_HEAD_BYTES, parse_head};
pub use request::{Intent, PlainRequest, RequestHead};
pub use subprotocol::{InvalidSubprotocols, parse as parse_subprotocols};
pub use validation::{Rejection, Validation, judge, validate};
