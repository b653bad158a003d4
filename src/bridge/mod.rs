//! What crosses between JavaScript's thread and the I/O threads.
//!
//! Plain Rust: no tokio, no Node-API. Inbound, an I/O thread fills a [`Batch`]
//! and publishes it to the environment's [`Inbox`]; JavaScript's thread copies
//! it out through a [`Reader`]. Outbound, JavaScript writes [`Command`]s into
//! one block of bytes, and [`Commands`] reads them back.

mod batch;
mod block;
mod command;
mod direct;
mod event;
mod id;
mod inbox;
mod reader;
mod slab;
mod sync;
mod table;

#[cfg(test)]
mod tests;

pub use batch::{Batch, Credit, SHARED_PAYLOAD};
pub use block::{BLOCK_SIZE, BlockBytes, BlockMemory};
pub use command::{BESIDE_BLOCK, Command, CommandKind, Commands, flag};
pub use direct::{Direct, FEW_MESSAGES, MOST_DIRECT, Poller, Turn};
pub use event::{EventKind, INTERNAL_ERROR};
pub use id::ConnectionId;
pub use inbox::{Inbox, Wake};
pub use reader::{IN_SLAB, RECORD_WORDS, Reader, Taken};
pub use slab::{
    Head, IdleSlabs, SLAB_OFFSET_BITS, SLAB_SIZE, Slab, SlabWriter, poll_slabs_kept,
    take_idle_slabs,
};
pub use sync::lock;
pub use table::Table;
