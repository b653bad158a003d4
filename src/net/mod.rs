//! Sockets, driven by tokio.
//!
//! Each I/O thread runs a single-threaded tokio runtime. A connection lives on
//! one of them, which gives it a [turn](turns) when there is something to do: it
//! reads, decodes and publishes events. Writing is open to two threads, so a
//! connection's [`output`] stands behind a lock: JavaScript's thread writes short
//! bursts itself, the I/O thread does the rest.

#[cfg(unix)]
mod adopt;
mod allocator;
mod config;
mod connection;
mod direct;
mod dispatch;
mod encoder;
mod engine;
mod environment;
mod framing;
mod opening;
mod output;
mod publish;
mod queue;
mod runtime;
mod server;
mod stream;
mod task;
mod turns;

#[cfg(test)]
mod tests;

pub use config::{CONFIG_WORDS, ConnectionConfig};
pub use connection::Connection;
pub use direct::new_poller;
pub use dispatch::Dispatcher;
pub use encoder::Encoder;
pub use engine::Engine;
pub use environment::Environment;
pub use framing::fragment_words;
pub use runtime::io_thread_count;
pub use server::{ListenOptions, Server};
