//! The calls by which batches cross, in both directions.
//!
//! They are closures, not methods: for each call of a method of one of its classes
//! napi keeps account of who borrows the object, which takes 250 to 350 ns, and a
//! message that comes alone needs several. A closure takes 25 ns.

#![allow(
    unsafe_code,
    reason = "batches are copied into and out of memory that JavaScript owns and lends until it renews it"
)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use napi::bindgen_prelude::{
    BufferSlice, Function, FunctionCallContext, ToNapiValue, Uint8Array, Uint32Array,
};
use napi::{Env, Error, Result};
use napi_derive::napi;

use super::environment::to_number;
use super::given::Given;
use crate::bridge::{BlockBytes, BlockMemory, Command, ConnectionId, Reader, Slab};
use crate::net::Dispatcher;

/// Where the offset into the slab begins in what `take()` returns.
const OFFSET_SHIFT: u32 = 12;
/// Bit of what `take()` returns: the slab is full.
const SLAB_FULL: u32 = 1 << 11;
/// Blocks from this length on are lent to other threads instead of being copied.
const LENT_BLOCK: usize = 32 * 1024;
/// Memory for so many blocks is there, beside the one that is JavaScript's own.
const MOST_BLOCKS: usize = 4;

/// Both ends of the bridge on JavaScript's thread, and the memory that batches cross
/// in. No other thread knows of it, and no JavaScript runs while it is used.
pub(super) struct Exchange {
    pub(super) dispatcher: Dispatcher,
    reader: Reader,
    /// The slabs that JavaScript has opened last, by the slot of who writes them.
    pub(super) opened: BTreeMap<u32, Slab>,
    records: Uint32Array,
    slab: Uint8Array,
    /// Where JavaScript writes commands at first, and when no other memory is free.
    block: Uint8Array,
    /// Memory for longer blocks, once there have been any; numbered from 1.
    blocks: Vec<Arc<BlockMemory>>,
    /// The number of the memory that JavaScript writes to; 0 is `block`.
    current: usize,
    /// Whether JavaScript can see the core's memory.
    shares_memory: bool,
}

/// What JavaScript calls. Rust's types say nothing of the arguments.
#[napi(object, object_from_js = false)]
pub struct Calls<'env> {
    /// `take(offset)` copies events into the records and their payloads into the slab,
    /// from `offset` on. Returns the number of records (11 bits), whether the slab is
    /// too full to go on (1 bit), and the slab's new offset (20 bits). No record and
    /// no full slab: the core will call.
    pub take: Function<'env, (), u32>,
    /// `forget(index)` lets go of a connection after its last event, and not before:
    /// its index may then be another's.
    pub forget: Function<'env, (), ()>,
    /// `renewSlab(slab)`: payloads go there from here on.
    pub renew_slab: Function<'env, (), ()>,
    /// `flush(length, now)` carries out the commands in the first `length` bytes of the
    /// block; with `now` on this thread if order allows it. Returns whether events arose
    /// here (1 bit), and the number of the memory for the next block.
    pub flush: Function<'env, (), u32>,
    /// `share(payload)` keeps a copy of a payload for commands of the next blocks that
    /// have it in common; without one nothing is kept.
    pub share: Function<'env, (), ()>,
    /// `send(index, generation, flags, payload)` carries out one command with its
    /// payload where it is. True if events arose here.
    pub send: Function<'env, (), bool>,
    /// `bufferedAmount(index, generation)`: payload bytes of messages that the kernel has
    /// not taken.
    pub buffered_amount: Function<'env, (), f64>,
    /// `slab(number, slot)`: a slab that the last `take()` announced for a slot, once.
    pub slab: Function<'env, (), Given>,
    /// `large(number)`: a large payload of the last `take()`, once.
    pub large: Function<'env, (), Given>,
    /// `block(number)`: the memory for a block, by the number that `flush()` returned.
    pub block: Function<'env, (), Given>,
}

impl Exchange {
    /// `records` and `block` are JavaScript's for as long as the environment is there.
    pub(super) fn new(
        dispatcher: Dispatcher,
        reader: Reader,
        records: Uint32Array,
        block: Uint8Array,
        shares_memory: bool,
    ) -> Self {
        Self {
            dispatcher,
            reader,
            opened: BTreeMap::new(),
            records,
            slab: Uint8Array::new(Vec::new()),
            block,
            blocks: Vec::new(),
            current: 0,
            shares_memory,
        }
    }

    fn take(&mut self, offset: u32) -> u32 {
        if let Some(own) = self.dispatcher.take_own_events() {
            self.reader.prepend(own);
        }
        // SAFETY: JavaScript reads it after this call, and no other thread does.
        let records = unsafe { self.records.as_mut() };
        // SAFETY: as above; what it has been told of is not written again. If its
        // memory was transferred, JavaScript has renewed it before this call.
        let slab = unsafe { self.slab.as_mut() };
        let taken = self.reader.take(records, slab, offset as usize);
        let full = if taken.slab_full { SLAB_FULL } else { 0 };
        let offset = u32::try_from(taken.slab_offset).unwrap_or(offset);
        let count = u32::try_from(taken.records).unwrap_or(0);
        offset << OFFSET_SHIFT | full | count
    }

    fn flush(&mut self, length: u32, now: bool) -> u32 {
        let length = length as usize;
        let memory = self.current.checked_sub(1).and_then(|n| self.blocks.get(n));
        // SAFETY: JavaScript writes to it after this call.
        let lendable = memory.map(|memory| unsafe { memory.written(length) });
        let block = lendable
            .or_else(|| self.block.get(..length))
            .unwrap_or_default();
        let for_others = || match memory {
            // SAFETY: JavaScript is told to use other memory then, until this is free.
            Some(memory) if length >= LENT_BLOCK => unsafe { BlockBytes::lent(memory, length) },
            _ => BlockBytes::copied(block),
        };
        self.dispatcher.flush(block, for_others, now);
        if length >= LENT_BLOCK {
            self.current = self.free_block();
        }
        let number = u32::try_from(self.current).unwrap_or(0);
        number << 1 | u32::from(self.dispatcher.has_own_events())
    }

    /// The number of memory that nobody reads.
    fn free_block(&mut self) -> usize {
        let free = self.blocks.iter().position(|memory| memory.is_free());
        match free {
            Some(place) => place + 1,
            None if self.shares_memory && self.blocks.len() < MOST_BLOCKS => {
                self.blocks.push(Arc::default());
                self.blocks.len()
            }
            None => 0,
        }
    }

    fn block(&self, number: u32) -> Result<Given> {
        let place = (number as usize).checked_sub(1);
        let memory = place.and_then(|place| self.blocks.get(place));
        memory.cloned().map(Given::Block).ok_or_else(absent)
    }

    fn slab(&mut self, number: u32, slot: u32) -> Result<Given> {
        let slab = self.reader.slab(number as usize).ok_or_else(absent)?;
        self.opened.insert(slot, slab.clone());
        Ok(Given::Slab(slab))
    }

    fn large(&mut self, number: u32) -> Given {
        let payload = self.reader.large(number as usize);
        Given::Payload(payload.unwrap_or_default())
    }

    fn send(&mut self, id: ConnectionId, flags: u32, payload: &[u8]) -> bool {
        if let Some(command) = Command::new(id, flags, payload) {
            self.dispatcher.send(&command);
        }
        self.dispatcher.has_own_events()
    }
}

/// The calls of an exchange.
///
/// # Errors
/// If there is no memory for them.
pub(super) fn calls<'env>(env: &'env Env, exchange: &Rc<RefCell<Exchange>>) -> Result<Calls<'env>> {
    Ok(Calls {
        take: call(env, exchange, "take", |exchange, context| {
            Ok(exchange.take(context.get(0)?))
        })?,
        forget: call(env, exchange, "forget", |exchange, context| {
            exchange.dispatcher.forget(context.get(0)?);
            Ok(())
        })?,
        renew_slab: call(env, exchange, "renewSlab", |exchange, context| {
            exchange.slab = context.get(0)?;
            Ok(())
        })?,
        flush: call(env, exchange, "flush", |exchange, context| {
            Ok(exchange.flush(context.get(0)?, context.get(1)?))
        })?,
        share: call(env, exchange, "share", |exchange, context| {
            let payload: Option<BufferSlice<'_>> = context.get(0)?;
            exchange.dispatcher.share(payload.as_deref());
            Ok(())
        })?,
        send: call(env, exchange, "send", |exchange, context| {
            let id = ConnectionId {
                index: context.get(0)?,
                generation: context.get(1)?,
            };
            let payload: BufferSlice<'_> = context.get(3)?;
            Ok(exchange.send(id, context.get(2)?, &payload))
        })?,
        buffered_amount: call(env, exchange, "bufferedAmount", |exchange, context| {
            let id = ConnectionId {
                index: context.get(0)?,
                generation: context.get(1)?,
            };
            Ok(to_number(exchange.dispatcher.buffered_amount(id) as u64))
        })?,
        slab: call(env, exchange, "slab", |exchange, context| {
            exchange.slab(context.get(0)?, context.get(1)?)
        })?,
        large: call(env, exchange, "large", |exchange, context| {
            Ok(exchange.large(context.get(0)?))
        })?,
        block: call(env, exchange, "block", |exchange, context| {
            exchange.block(context.get(0)?)
        })?,
    })
}

/// There is no memory of that number.
fn absent() -> Error {
    Error::from_reason("no such memory")
}

fn call<'env, R: ToNapiValue>(
    env: &'env Env,
    exchange: &Rc<RefCell<Exchange>>,
    name: &str,
    act: impl Fn(&mut Exchange, &FunctionCallContext<'_>) -> Result<R> + 'static,
) -> Result<Function<'env, (), R>> {
    let exchange = Rc::clone(exchange);
    env.create_function_from_closure(name, move |context| {
        act(&mut exchange.borrow_mut(), &context)
    })
}
