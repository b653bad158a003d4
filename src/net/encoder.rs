//! Frames for the peer, from commands.

use std::cell::RefCell;

use crate::bridge::{Command, flag};
use crate::protocol::{Control, Header, OpCode, Role, encode_frame, encode_header};

/// Payloads of at least this many bytes may be written from where they are
/// instead of being copied behind their header.
pub(super) const VECTORED_PAYLOAD: usize = 16 * 1024;

/// Random bytes that a thread gets at once.
const RANDOM_BYTES: usize = 4 * 1024;

struct Random {
    bytes: [u8; RANDOM_BYTES],
    used: usize,
}

thread_local! {
    static RANDOM: RefCell<Random> = const {
        RefCell::new(Random {
            bytes: [0; RANDOM_BYTES],
            used: RANDOM_BYTES,
        })
    };
}

/// Encodes what one connection sends.
#[derive(Debug)]
pub struct Encoder {
    role: Role,
}

impl Encoder {
    /// The encoder of an endpoint.
    #[must_use]
    pub fn new(role: Role) -> Self {
        Self { role }
    }

    /// Appends the frame that `command` asks for.
    pub fn frame(&mut self, command: &Command<'_>, out: &mut Vec<u8>) {
        let (mask, payload) = mask_of(command);
        encode_frame(&header_of(command, mask), payload, out);
    }

    /// Appends the header of the frame that `command` asks for, if its payload
    /// goes out as it is and is large; else nothing.
    pub fn large_frame(&mut self, command: &Command<'_>, out: &mut Vec<u8>) -> bool {
        let plain = !command.has(flag::MASK | flag::KEY);
        let large = plain && command.payload.len() >= VECTORED_PAYLOAD;
        if large {
            encode_header(&header_of(command, None), command.payload.len(), out);
        }
        large
    }

    /// Appends a ping or a pong of the core's own.
    pub fn control(&self, opcode: Control, payload: &[u8], out: &mut Vec<u8>) {
        let mut header = Header::new(OpCode::Control(opcode));
        // RFC 6455 §5.1: a client masks all that it sends.
        header.mask = match self.role {
            Role::Client => Some(masking_key()),
            Role::Server => None,
        };
        encode_frame(&header, payload, out);
    }
}

/// The masking key, if any, and the payload without it.
fn mask_of<'a>(command: &Command<'a>) -> (Option<[u8; 4]>, &'a [u8]) {
    if command.has(flag::KEY)
        && let Some((key, payload)) = command.payload.split_first_chunk()
    {
        return (Some(*key), payload);
    }
    let mask = command.has(flag::MASK).then(masking_key);
    (mask, command.payload)
}

fn header_of(command: &Command<'_>, mask: Option<[u8; 4]>) -> Header {
    Header {
        fin: command.has(flag::FIN),
        rsv1: command.has(flag::RSV1),
        opcode: OpCode::from(command.opcode()),
        mask,
    }
}

/// RFC 6455 §5.3: a key that can't be predicted.
fn masking_key() -> [u8; 4] {
    RANDOM.with_borrow_mut(|random| {
        if random.used >= RANDOM_BYTES {
            // Fails on no system that has sockets; a frame with a key of zeros
            // is still valid.
            let _ = getrandom::fill(&mut random.bytes);
            random.used = 0;
        }
        let key = random
            .bytes
            .get_mut(random.used..)
            .and_then(<[u8]>::first_chunk_mut::<4>)
            .map(std::mem::take)
            .unwrap_or_default();
        random.used += key.len();
        key
    })
}
