//! The protocol for sockets whose bytes Node moves: bytes in, records out, and
//! frames for whoever writes them.

#![allow(
    unsafe_code,
    reason = "events are written into memory that JavaScript owns and lends for one call"
)]
#![allow(
    clippy::needless_pass_by_value,
    reason = "Node-API converts arguments to values"
)]

use std::collections::VecDeque;

use napi::bindgen_prelude::{BufferSlice, Uint32ArraySlice};
use napi::{Env, Error, Result};
use napi_derive::napi;

use crate::bridge::{Command, ConnectionId, EventKind, RECORD_WORDS};
use crate::net::{self, ConnectionConfig, Encoder, fragment_words};
use crate::protocol::{Expired, Payload, Sink};

/// Where the payload of a record lies: in the bytes that were received.
const IN_INPUT: u32 = 0;
/// Where the payload of a record lies: in memory of its own, see
/// [`Engine::payload`].
const IN_MEMORY: u32 = 1;

/// What [`Engine::handle_timeout`] returns: nothing to do.
const NOTHING_DUE: u32 = 0;
/// What [`Engine::handle_timeout`] returns: send a ping.
const PING_DUE: u32 = 1;
/// What [`Engine::handle_timeout`] returns: the peer is dead.
const PEER_DEAD: u32 = 2;

/// Bytes of a frame that an engine keeps room for.
const ENCODED_KEPT: usize = 64 * 1024;

/// Payloads of less than this many bytes are copied into memory of JavaScript's:
/// that costs less than memory of its own with a finalizer.
const COPIED_PAYLOAD: usize = 4 * 1024;

/// Whom a command is for that is only encoded.
const NOBODY: ConnectionId = ConnectionId {
    index: 0,
    generation: 0,
};

/// A record in the words of JavaScript: kind and detail, place of the payload,
/// its offset (or the number of its memory, or an event's value), its length.
type Words = [u32; RECORD_WORDS];

/// What is due by the heartbeat.
#[napi(object)]
pub struct Due {
    /// 0 nothing, 1 a ping, 2 the peer is dead.
    pub action: u32,
    /// Milliseconds until something may be; absent if never.
    pub wait: Option<u32>,
}

/// The protocol's state of one connection that is relayed.
#[napi]
pub struct Engine {
    /// Gone once the core has adopted the connection.
    pub(super) state: Option<net::Engine>,
    records: VecDeque<Words>,
    payloads: Vec<Vec<u8>>,
    encoded: Vec<u8>,
}

#[napi]
impl Engine {
    /// `config` holds the words of a connection's configuration.
    ///
    /// # Errors
    /// If it does not.
    #[napi(constructor, catch_unwind)]
    pub fn new(config: BufferSlice<'_>) -> Result<Self> {
        let config = ConnectionConfig::shared(&config)
            .ok_or_else(|| Error::from_reason("not a configuration"))?;
        Ok(Self {
            state: Some(net::Engine::new(config)),
            records: VecDeque::new(),
            payloads: Vec::new(),
            encoded: Vec::new(),
        })
    }

    /// Decodes `input`, which is unmasked where it is, and copies the first
    /// events into `records`. Returns how many.
    #[napi(catch_unwind)]
    pub fn receive(&mut self, mut input: BufferSlice<'_>, records: Uint32ArraySlice<'_>) -> u32 {
        self.payloads.clear();
        if let Some(engine) = &mut self.state {
            let mut events = Events {
                base: input.as_ptr() as usize,
                length: input.len(),
                records: &mut self.records,
                payloads: &mut self.payloads,
            };
            if let Err(error) = engine.receive(&mut input, &mut events) {
                events.push(
                    EventKind::Error,
                    error.number().into(),
                    [0, error.parameter().into(), 0],
                );
            }
        }
        self.take(records)
    }

    /// Copies further events into `records`. Returns how many.
    #[napi(catch_unwind)]
    pub fn take(&mut self, mut records: Uint32ArraySlice<'_>) -> u32 {
        // SAFETY: the array is the caller's for the length of this call, which
        // runs no JavaScript, and no other thread knows it.
        let records = unsafe { records.as_mut() };
        let room = records.len() / RECORD_WORDS;
        let count = self.records.len().min(room);
        let taken = self.records.drain(..count);
        for (words, record) in records.chunks_exact_mut(RECORD_WORDS).zip(taken) {
            words.copy_from_slice(&record);
        }
        u32::try_from(count).unwrap_or(0)
    }

    /// A payload of the last [`Engine::receive`] that has memory of its own,
    /// once.
    ///
    /// # Errors
    /// If there is no memory for it.
    #[napi(catch_unwind)]
    pub fn payload<'env>(&mut self, env: &'env Env, number: u32) -> Result<BufferSlice<'env>> {
        let payload = self.payloads.get_mut(number as usize).map(std::mem::take);
        let payload = payload.unwrap_or_default();
        if payload.len() < COPIED_PAYLOAD {
            BufferSlice::copy_from(env, &payload)
        } else {
            BufferSlice::from_data(env, payload)
        }
    }

    /// The frame that a command with `flags` asks for.
    ///
    /// # Errors
    /// If there is no memory for it.
    #[napi(catch_unwind)]
    pub fn encode<'env>(
        &mut self,
        env: &'env Env,
        flags: u32,
        payload: BufferSlice<'_>,
    ) -> Result<BufferSlice<'env>> {
        self.encoded.clear();
        if let (Some(engine), Some(command)) =
            (&mut self.state, Command::new(NOBODY, flags, &payload))
        {
            engine.encoder.frame(&command, &mut self.encoded);
        }
        let frame = BufferSlice::copy_from(env, &self.encoded);
        self.encoded.shrink_to(ENCODED_KEPT);
        frame
    }

    /// Whether that frame, with a payload of `length` bytes, is to be compressed.
    #[napi(catch_unwind)]
    pub fn compresses(&self, flags: u32, length: u32) -> bool {
        match (&self.state, Command::new(NOBODY, flags, &[])) {
            (Some(engine), Some(command)) => engine.encoder.compresses(&command, length as usize),
            _ => false,
        }
    }

    /// The header of that frame, if its payload is large and goes out as it is,
    /// to be written behind it; else nothing.
    ///
    /// # Errors
    /// If there is no memory for it.
    #[napi(catch_unwind)]
    pub fn encode_header<'env>(
        &mut self,
        env: &'env Env,
        flags: u32,
        payload: BufferSlice<'_>,
    ) -> Result<Option<BufferSlice<'env>>> {
        self.encoded.clear();
        if let (Some(engine), Some(command)) =
            (&mut self.state, Command::new(NOBODY, flags, &payload))
            && engine.encoder.large_frame(&command, &mut self.encoded)
        {
            return BufferSlice::copy_from(env, &self.encoded).map(Some);
        }
        Ok(None)
    }

    /// JavaScript stopped or resumed reading.
    #[napi(catch_unwind)]
    pub fn suspend(&mut self, suspended: bool) {
        if let Some(engine) = &mut self.state {
            engine.handle_reading_suspended(suspended);
        }
    }

    /// What is due by the heartbeat now.
    #[napi(catch_unwind)]
    pub fn handle_timeout(&mut self) -> Due {
        let (expired, wait) = match &mut self.state {
            Some(engine) => engine.handle_timeout(),
            None => (None, None),
        };
        Due {
            action: match expired {
                None => NOTHING_DUE,
                Some(Expired::SendPing) => PING_DUE,
                Some(Expired::HeartbeatMissed | Expired::CloseTimeout) => PEER_DEAD,
            },
            // A timer must not be early, or it would have to be set again.
            wait: wait
                .map(|wait| u32::try_from(wait.as_millis().saturating_add(1)).unwrap_or(u32::MAX)),
        }
    }
}

/// The whole frame that a command with `flags` asks for, without compression.
///
/// # Errors
/// If there is no memory for it.
#[napi(catch_unwind)]
pub fn encode_frame<'env>(
    env: &'env Env,
    flags: u32,
    payload: BufferSlice<'_>,
) -> Result<BufferSlice<'env>> {
    let mut encoded = Vec::new();
    if let Some(command) = Command::new(NOBODY, flags, &payload) {
        Encoder::default().frame(&command, &mut encoded);
    }
    BufferSlice::from_data(env, encoded)
}

/// The header of an unmasked frame with a payload of `length` bytes.
///
/// # Errors
/// If there is no memory for it.
#[napi(catch_unwind)]
pub fn encode_header(env: &Env, flags: u32, length: f64) -> Result<BufferSlice<'_>> {
    let mut encoded = Vec::new();
    if let Some(command) = Command::new(NOBODY, flags, &[]) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the length of a buffer of JavaScript's"
        )]
        Encoder::header(&command, length as usize, &mut encoded);
    }
    BufferSlice::from_data(env, encoded)
}

/// Turns what the receiver finds into records.
struct Events<'a> {
    /// Where the input lies.
    base: usize,
    length: usize,
    records: &'a mut VecDeque<Words>,
    payloads: &'a mut Vec<Vec<u8>>,
}

impl Events<'_> {
    fn push(&mut self, kind: EventKind, detail: u32, [place, value, length]: [u32; 3]) {
        self.records
            .push_back([kind as u32 | detail << 8, place, value, length]);
    }

    /// A payload that may lie in the input is not copied.
    fn push_borrowed(&mut self, kind: EventKind, detail: u32, payload: &[u8]) {
        let offset = (payload.as_ptr() as usize).wrapping_sub(self.base);
        let lies_inside =
            offset <= self.length && payload.len() <= self.length.saturating_sub(offset);
        match (u32::try_from(offset), u32::try_from(payload.len())) {
            (Ok(offset), Ok(length)) if lies_inside => {
                self.push(kind, detail, [IN_INPUT, offset, length]);
            }
            _ => self.push_owned(kind, detail, payload.to_vec()),
        }
    }

    fn push_owned(&mut self, kind: EventKind, detail: u32, payload: Vec<u8>) {
        let number = u32::try_from(self.payloads.len()).unwrap_or(u32::MAX);
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        self.payloads.push(payload);
        self.push(kind, detail, [IN_MEMORY, number, length]);
    }
}

impl Sink for Events<'_> {
    fn message(&mut self, binary: bool, payload: Payload<'_>, fragments: &[u32]) {
        if binary && !fragments.is_empty() {
            self.push_owned(EventKind::Fragments, 0, fragment_words(fragments));
        }
        let kind = if binary {
            EventKind::Binary
        } else {
            EventKind::Text
        };
        match payload {
            Payload::Borrowed(payload) => self.push_borrowed(kind, 0, payload),
            Payload::Owned(payload) => self.push_owned(kind, 0, payload),
        }
    }

    fn ping(&mut self, payload: &[u8]) {
        self.push_borrowed(EventKind::Ping, 0, payload);
    }

    fn pong(&mut self, payload: &[u8]) {
        self.push_borrowed(EventKind::Pong, 0, payload);
    }

    fn close(&mut self, code: u16, reason: &[u8]) {
        self.push_borrowed(EventKind::Close, code.into(), reason);
    }
}
