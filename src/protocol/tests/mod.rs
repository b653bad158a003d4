//! What the tests of this floor share: a recording sink, frames built straight
//! from RFC 6455 §5.2, and input cut in every way.

mod property;

use super::{
    error::ProtocolError,
    limits::Limits,
    message::Payload,
    receiver::{Receiver, ReceiverConfig, Sink},
    role::Role,
};

/// What a sink was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(u16, Vec<u8>),
}

/// Writes down what it is told, and how many messages came without a copy.
#[derive(Debug, Default)]
pub struct Recorder {
    pub events: Vec<Event>,
    pub borrowed: usize,
    /// For each message, the lengths of its fragments.
    pub fragments: Vec<Vec<u32>>,
}

impl Sink for Recorder {
    fn message(&mut self, binary: bool, payload: Payload<'_>, fragments: &[u32]) {
        self.fragments.push(fragments.to_vec());
        if matches!(payload, Payload::Borrowed(_)) {
            self.borrowed += 1;
        }
        let bytes = payload.into_vec();
        self.events.push(if binary {
            Event::Binary(bytes)
        } else {
            Event::Text(bytes)
        });
    }

    fn ping(&mut self, payload: &[u8]) {
        self.events.push(Event::Ping(payload.to_vec()));
    }

    fn pong(&mut self, payload: &[u8]) {
        self.events.push(Event::Pong(payload.to_vec()));
    }

    fn close(&mut self, code: u16, reason: &[u8]) {
        self.events.push(Event::Close(code, reason.to_vec()));
    }
}

pub type Outcome = (Vec<Event>, Result<(), ProtocolError>);

/// A configuration without limits.
pub fn config(role: Role) -> ReceiverConfig {
    ReceiverConfig {
        role,
        limits: Limits {
            max_payload: 0,
            max_fragments: 0,
            max_buffered_chunks: 0,
            max_pending_auto_pongs: 0,
        },
        skip_utf8_validation: false,
        inflate: None,
    }
}

/// Feeds the pieces one after another.
pub fn receive_pieces<'a>(
    config: ReceiverConfig,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Outcome {
    let mut receiver = Receiver::new(config);
    let mut recorder = Recorder::default();
    let mut result = Ok(());
    for piece in pieces {
        let outcome = receiver.handle_input(&mut piece.to_vec(), &mut recorder);
        result = result.and(outcome);
    }
    (recorder.events, result)
}

/// Feeds the pieces one after another, as far as possible to where the receiver wants
/// to have them. Returns also how often that was the case.
pub fn read_pieces<'a>(
    config: ReceiverConfig,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Outcome, usize) {
    let mut receiver = Receiver::new(config);
    let mut recorder = Recorder::default();
    let mut result = Ok(());
    let mut reads = 0;
    for mut piece in pieces {
        while !piece.is_empty() {
            let outcome = if let Some((memory, most)) = receiver.message_memory() {
                assert!(memory.capacity() - memory.len() >= most);
                let (read, rest) = piece.split_at(piece.len().min(most));
                memory.extend_from_slice(read);
                piece = rest;
                reads += 1;
                receiver.handle_read(read.len(), &mut recorder)
            } else {
                let input = std::mem::take(&mut piece);
                receiver.handle_input(&mut input.to_vec(), &mut recorder)
            };
            result = result.and(outcome);
        }
    }
    ((recorder.events, result), reads)
}

/// Feeds the input at once, and again byte by byte; both must come to the same.
pub fn receive(config: ReceiverConfig, input: &[u8]) -> Outcome {
    let at_once = receive_pieces(config, [input]);
    let byte_by_byte = receive_pieces(config, input.chunks(1));
    assert_eq!(at_once, byte_by_byte);
    at_once
}

/// The key with which the test client masks.
pub const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// RFC 6455 §5.2, as the peer of `role` sends it: `first` holds FIN, RSV and opcode.
pub fn frame(role: Role, first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = frame_header(role, first, payload.len() as u64);
    bytes.extend(payload.iter().enumerate().map(|(i, byte)| match role {
        Role::Server => byte ^ KEY[i % 4],
        Role::Client => *byte,
    }));
    bytes
}

/// The header alone, with any declared length in its shortest form.
pub fn frame_header(role: Role, first: u8, length: u64) -> Vec<u8> {
    let masked = match role {
        Role::Server => 0x80,
        Role::Client => 0,
    };
    let mut bytes = vec![first];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length @ 0..=125), _) => bytes.push(masked | length),
        (_, Ok(length)) => {
            bytes.push(masked | 0x7e);
            bytes.extend(length.to_be_bytes());
        }
        _ => {
            bytes.push(masked | 0x7f);
            bytes.extend(length.to_be_bytes());
        }
    }
    if role == Role::Server {
        bytes.extend(KEY);
    }
    bytes
}

/// A repeatable source of chance (xorshift64*).
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 33).map_or(0, |number| number % end.max(1))
    }

    pub fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.byte()).collect()
    }

    /// Cuts the input at random places.
    pub fn cut<'a>(&mut self, mut input: &'a [u8], longest: usize) -> Vec<&'a [u8]> {
        let mut pieces = Vec::new();
        while !input.is_empty() {
            let (piece, rest) = input.split_at((1 + self.below(longest)).min(input.len()));
            pieces.push(piece);
            input = rest;
        }
        pieces
    }
}
