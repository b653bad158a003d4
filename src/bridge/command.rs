//! What JavaScript tells its connections: the outbound record format.
//!
//! A block is a sequence of records, each aligned to 4 bytes: four native
//! `u32` words (index, generation, kind and flags, payload length), then the
//! payload. JavaScript writes them into memory of its own and hands over many
//! at once; records of one connection keep their order.
//!
//! What goes to many connections stands in a block once: the records after the
//! first have [`flag::SHARED`], no payload, and in place of its length where the
//! record is that has it.

use std::ops::Range;
use std::sync::Arc;

use super::ConnectionId;

/// What to do. The numbers are known to JavaScript, which takes them from the
/// addon's constants.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum CommandKind {
    /// Send the payload as one frame; [`flag`] tells which.
    Frame = 1,
    /// Write the payload as it is.
    Raw = 2,
    /// The opening handshake is answered: begin framing. Payload: the words
    /// of the connection's configuration.
    Upgrade = 3,
    /// End our side once everything before has been written.
    End = 4,
    /// Close the transport once the kernel had the chance to take everything
    /// before.
    Terminate = 5,
    /// Stop reading.
    Pause = 6,
    /// Read on.
    Resume = 7,
    /// Tell also what is received as it comes, from here on.
    Tap = 8,
    /// Take the payload for received from the peer.
    Inject = 9,
    /// Answer no pings any more.
    LeavePings = 10,
    /// Send whole messages that JavaScript has framed; see [`Command::frames`].
    Frames = 11,
}

/// Bits of a record's third word above the kind's eight.
pub mod flag {
    /// Where a frame's opcode begins (4 bits).
    pub const OPCODE_SHIFT: u32 = 8;
    /// The frame's FIN bit.
    pub const FIN: u32 = 1 << 12;
    /// The frame's RSV1 bit.
    pub const RSV1: u32 = 1 << 13;
    /// The frame is to be masked.
    pub const MASK: u32 = 1 << 14;
    /// JavaScript wants to know when the kernel has taken it.
    pub const ACKNOWLEDGE: u32 = 1 << 15;
    /// The frame is to be masked with the first four bytes of the payload.
    pub const KEY: u32 = 1 << 16;
    /// `Terminate` closes by a reset.
    pub const RESET: u32 = 1 << 17;
    /// The message is to be compressed, if permessage-deflate was agreed on.
    pub const COMPRESS: u32 = 1 << 18;
    /// The payload is that of an earlier record, which begins at as many bytes of
    /// the block as the fourth word says, or the one beside the block.
    pub const SHARED: u32 = 1 << 19;
}

/// The fourth word of a record whose payload is the one beside the block.
pub const BESIDE_BLOCK: u32 = u32::MAX;

/// Words before a record's payload.
const HEAD_WORDS: usize = 4;
const HEAD_BYTES: usize = HEAD_WORDS * size_of::<u32>();

/// One record.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Command<'a> {
    /// Whom it is for.
    pub id: ConnectionId,
    /// What to do.
    pub kind: CommandKind,
    /// The whole third word; see [`flag`].
    pub flags: u32,
    /// What to send.
    pub payload: &'a [u8],
    /// The memory that has the payload, and nothing else, if others may refer to it.
    pub shared: Option<&'a Arc<[u8]>>,
}

impl<'a> Command<'a> {
    /// The command that `flags`, a record's third word, describes, or `None` if
    /// its kind is unknown.
    #[must_use]
    pub fn new(id: ConnectionId, flags: u32, payload: &'a [u8]) -> Option<Self> {
        let kind = match flags & 0xff {
            1 => CommandKind::Frame,
            2 => CommandKind::Raw,
            3 => CommandKind::Upgrade,
            4 => CommandKind::End,
            5 => CommandKind::Terminate,
            6 => CommandKind::Pause,
            7 => CommandKind::Resume,
            8 => CommandKind::Tap,
            9 => CommandKind::Inject,
            10 => CommandKind::LeavePings,
            11 => CommandKind::Frames,
            _ => return None,
        };
        Some(Self {
            id,
            kind,
            flags,
            payload,
            shared: None,
        })
    }

    /// A block that holds this command alone.
    #[must_use]
    pub fn to_block(&self) -> Vec<u8> {
        let length = u32::try_from(self.payload.len()).unwrap_or(u32::MAX);
        let words = [self.id.index, self.id.generation, self.flags, length];
        let mut block = Vec::with_capacity(HEAD_BYTES + self.payload.len());
        block.extend(words.into_iter().flat_map(u32::to_ne_bytes));
        block.extend_from_slice(self.payload);
        block
    }

    /// Of [`CommandKind::Frames`], how many bytes the messages have, a native `u32`
    /// word in front of the frames, and the frames as they go out: unfragmented,
    /// neither masked nor compressed.
    #[must_use]
    pub fn frames(&self) -> (usize, &'a [u8]) {
        match self.payload.split_first_chunk() {
            Some((length, frames)) => (u32::from_ne_bytes(*length) as usize, frames),
            None => (0, &[]),
        }
    }

    /// The frame's opcode.
    #[must_use]
    pub fn opcode(&self) -> u8 {
        u8::try_from(self.flags >> flag::OPCODE_SHIFT & 0x0f).unwrap_or_default()
    }

    /// Bytes to send, the masking key not counted.
    #[must_use]
    pub fn data_length(&self) -> usize {
        let key = if self.has(flag::KEY) { 4 } else { 0 };
        self.payload.len().saturating_sub(key)
    }

    /// Whether `bit` of [`flag`] is set.
    #[must_use]
    pub fn has(&self, bit: u32) -> bool {
        self.flags & bit != 0
    }
}

/// Reads the records of a block; ends early at one that is cut short, of an
/// unknown kind, or without the payload that it refers to.
#[derive(Clone)]
pub struct Commands<'a> {
    block: &'a [u8],
    beside: Option<&'a Arc<[u8]>>,
    range: Range<usize>,
}

impl<'a> Commands<'a> {
    /// The records of `block`, which may refer to the payload `beside` it.
    #[must_use]
    pub fn new(block: &'a [u8], beside: Option<&'a Arc<[u8]>>) -> Self {
        Self {
            block,
            beside,
            range: 0..block.len(),
        }
    }

    /// Those of a part of the block.
    #[must_use]
    pub fn within(self, range: Range<usize>) -> Self {
        Self { range, ..self }
    }

    /// Where the next record begins.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.range.start
    }

    /// The payload of the record at `place`.
    fn payload_at(&self, place: u32) -> Option<&'a [u8]> {
        let rest = self.block.get(place as usize..)?;
        let (head, rest) = rest.split_first_chunk::<HEAD_BYTES>()?;
        let [_, _, _, length] = words(head);
        rest.get(..length as usize)
    }
}

impl<'a> Iterator for Commands<'a> {
    type Item = Command<'a>;

    fn next(&mut self) -> Option<Command<'a>> {
        let rest = self.block.get(self.range.clone())?;
        let (head, rest) = rest.split_first_chunk::<HEAD_BYTES>()?;
        let [index, generation, flags, length] = words(head);
        let (payload, own, shared): (&[u8], _, _) = if flags & flag::SHARED == 0 {
            (rest.get(..length as usize)?, length as usize, None)
        } else if length == BESIDE_BLOCK {
            (self.beside?, 0, self.beside)
        } else {
            (self.payload_at(length)?, 0, None)
        };
        let command = Command::new(ConnectionId { index, generation }, flags, payload)?;
        self.range.start += HEAD_BYTES + own.next_multiple_of(size_of::<u32>());
        Some(Command { shared, ..command })
    }
}

fn words(head: &[u8; HEAD_BYTES]) -> [u32; HEAD_WORDS] {
    let (words, _) = head.as_chunks::<4>();
    let mut out = [0; HEAD_WORDS];
    for (out, word) in out.iter_mut().zip(words) {
        *out = u32::from_ne_bytes(*word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(index: u32, flags: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).expect("a short payload");
        let mut bytes: Vec<u8> = [index, 9, flags, length]
            .into_iter()
            .flat_map(u32::to_ne_bytes)
            .collect();
        bytes.extend_from_slice(payload);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    #[test]
    fn records_are_read_in_order_past_their_padding() {
        let frame = CommandKind::Frame as u32 | 2 << flag::OPCODE_SHIFT | flag::FIN;
        let block = [
            record(1, frame, b"hello"),
            record(2, CommandKind::Pause as u32, b""),
            record(3, frame, b"four"),
        ]
        .concat();
        let commands: Vec<_> = Commands::new(&block, None).collect();
        let seen: Vec<_> = commands
            .iter()
            .map(|c| (c.id.index, c.kind, c.payload))
            .collect();
        assert_eq!(
            seen,
            [
                (1, CommandKind::Frame, &b"hello"[..]),
                (2, CommandKind::Pause, b""),
                (3, CommandKind::Frame, b"four"),
            ]
        );
        assert_eq!(commands[0].opcode(), 2);
        assert!(commands[0].has(flag::FIN) && !commands[0].has(flag::MASK));
    }

    #[test]
    fn a_record_that_is_cut_short_ends_the_block() {
        let block = record(1, CommandKind::Raw as u32, b"hello");
        for length in 0..HEAD_BYTES + 5 {
            assert_eq!(Commands::new(&block[..length], None).count(), 0);
        }
    }

    fn reference(index: u32, flags: u32, place: u32) -> Vec<u8> {
        let words = [index, 9, flags | flag::SHARED, place];
        words.into_iter().flat_map(u32::to_ne_bytes).collect()
    }

    #[test]
    fn a_record_may_have_the_payload_of_another_one() {
        let frame = CommandKind::Frame as u32;
        let block = [
            record(1, frame, b"first"),
            record(2, frame, b"second"),
            reference(3, frame | flag::FIN, 0),
            reference(4, frame, BESIDE_BLOCK),
            reference(5, frame, 24),
            record(6, frame, b"last"),
        ]
        .concat();
        let beside = Arc::from(&b"beside"[..]);
        let commands = Commands::new(&block, Some(&beside));
        let payloads = |commands: Commands<'_>| -> Vec<_> {
            commands.map(|c| (c.id.index, c.payload.to_vec())).collect()
        };
        let all = [
            (1, b"first".to_vec()),
            (2, b"second".to_vec()),
            (3, b"first".to_vec()),
            (4, b"beside".to_vec()),
            (5, b"second".to_vec()),
            (6, b"last".to_vec()),
        ];
        assert_eq!(payloads(commands.clone()), all);
        // Also if the record that has it lies outside.
        assert_eq!(payloads(commands.within(48..96)), all[2..5]);
    }

    #[test]
    fn a_record_that_refers_to_nothing_ends_the_block() {
        let first = record(1, CommandKind::Frame as u32, b"hello");
        for place in [60, 24, 25, 1000, BESIDE_BLOCK] {
            let block = [&*first, &reference(2, 1, place), &record(3, 1, b"")].concat();
            assert_eq!(Commands::new(&block, None).count(), 1, "{place}");
        }
    }

    #[test]
    fn an_unknown_kind_ends_the_block() {
        let block = [record(1, 99, b""), record(1, 4, b"")].concat();
        assert_eq!(Commands::new(&block, None).count(), 0);
    }
}
