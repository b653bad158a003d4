//! The Rust core of oxws, in four floors: an item may use its own floor and
//! those before it in this list, never one after it. The Cargo features `net`
//! and `binding` leave the upper floors out, which is how that rule is checked.
//!
//! 1. [`protocol`]: RFC 6455 without a socket, a clock or a thread.
//! 2. [`bridge`]: what crosses between JavaScript's thread and the I/O threads.
//! 3. [`net`]: sockets, driven by tokio.
//! 4. `binding`: Node-API.

pub mod bridge;
pub mod protocol;

#[cfg(feature = "net")]
pub mod net;

#[cfg(feature = "binding")]
mod binding;
