//! Frames for the peer, from commands: compression and masking.

use std::cell::RefCell;

use super::config::ConnectionConfig;
use crate::bridge::{Command, flag};
use crate::protocol::{
    Coding, Compressor, Control, Data, Header, OpCode, Role, encode_frame, encode_header,
};

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

/// Bytes of its compressed payload that a thread keeps room for.
const COMPRESSED_KEPT: usize = 256 * 1024;

thread_local! {
    static COMPRESSED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Encodes what one connection sends.
///
/// The default is that of an endpoint without extensions.
#[derive(Debug, Default)]
pub struct Encoder {
    compressor: Option<Box<Compressor>>,
}

impl Encoder {
    /// The encoder of an endpoint.
    #[must_use]
    pub fn new(config: &ConnectionConfig) -> Self {
        let compressor = |deflate| Box::new(Compressor::new(deflate));
        Self {
            compressor: config.deflate.map(compressor),
        }
    }

    /// Appends the frame that `command` asks for.
    pub fn frame(&mut self, command: &Command<'_>, out: &mut Vec<u8>) {
        let (mask, payload) = mask_of(command);
        let mut header = header_of(command, mask);
        let (Some(compressor), OpCode::Data(data)) = (&mut self.compressor, header.opcode) else {
            encode_frame(&header, payload, out);
            return;
        };
        COMPRESSED.with_borrow_mut(|compressed| {
            compressed.clear();
            let first = data != Data::Continue;
            let wanted = command.has(flag::COMPRESS);
            match compressor.encode(first, header.fin, wanted, payload, compressed) {
                Coding::Plain => encode_frame(&header, payload, out),
                Coding::Compressed { rsv1 } => {
                    header.rsv1 = rsv1;
                    encode_frame(&header, compressed, out);
                }
            }
            compressed.shrink_to(COMPRESSED_KEPT);
        });
    }

    /// Whether the frame that `command` asks for is to be compressed, if its payload is
    /// `length` bytes.
    #[must_use]
    pub fn compresses(&self, command: &Command<'_>, length: usize) -> bool {
        let (Some(compressor), OpCode::Data(data)) =
            (&self.compressor, OpCode::from(command.opcode()))
        else {
            return false;
        };
        let first = data != Data::Continue;
        compressor.is_to_compress(first, command.has(flag::COMPRESS), length)
    }

    /// Appends the header of an unmasked frame of `length` bytes.
    pub fn header(command: &Command<'_>, length: usize, out: &mut Vec<u8>) {
        encode_header(&header_of(command, None), length, out);
    }

    /// Appends the header of the frame that `command` asks for, if its payload
    /// goes out as it is and is large; else nothing.
    pub fn large_frame(&self, command: &Command<'_>, out: &mut Vec<u8>) -> bool {
        // A message that is whole and is not to be compressed leaves nothing to
        // remember.
        let whole = command.has(flag::FIN)
            && OpCode::from(command.opcode()) != OpCode::Data(Data::Continue);
        let compressible = self.compressor.is_some() && (!whole || command.has(flag::COMPRESS));
        let plain = !command.has(flag::MASK | flag::KEY) && !compressible;
        let large = plain && command.payload.len() >= VECTORED_PAYLOAD;
        if large {
            encode_header(&header_of(command, None), command.payload.len(), out);
        }
        large
    }

    /// Appends a ping or a pong of the core's own.
    pub fn control(role: Role, opcode: Control, payload: &[u8], out: &mut Vec<u8>) {
        let mut header = Header::new(OpCode::Control(opcode));
        // RFC 6455 §5.1: a client masks all that it sends.
        header.mask = match role {
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
