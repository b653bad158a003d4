//! Counts the replies of one connection in a stream of bytes, and compares
//! their payloads when asked to.

use oxws_bench_common::{digits, payload_octet};

use crate::frame::{CONTINUATION, Header, MAX_HEADER};
use crate::message::{Failure, Messages, tag};
use crate::ticks::{Context, Ticks};

/// What comes back: a `WebSocket` server frames its replies anew, a raw echo
/// returns the client's own masked frames.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    WebSocket,
    Raw,
}

pub struct Replies {
    framing: Framing,
    connection: u32,
    /// The sequence number of the message that comes next or is under way.
    sequence: u32,
    /// The sequence number after which they begin again at zero.
    last_sequence: u32,
    /// The start of a header that the last read cut off.
    partial: [u8; MAX_HEADER],
    partial_length: usize,
    frame: Option<Header>,
    /// Octets seen of the payload of `frame`.
    frame_seen: usize,
    /// Octets seen of the message, over all its frames.
    message_seen: usize,
    started: bool,
    /// The compressed message so far, where it is to be compared.
    compressed: Vec<u8>,
    context: Option<Box<Context>>,
}

impl Replies {
    pub fn new(connection: u32, framing: Framing) -> Self {
        Self {
            framing,
            connection,
            sequence: 0,
            last_sequence: u32::MAX,
            partial: [0; MAX_HEADER],
            partial_length: 0,
            frame: None,
            frame_seen: 0,
            message_seen: 0,
            started: false,
            compressed: Vec::new(),
            context: None,
        }
    }

    /// Messages that are numbered from zero again after `count` of them.
    pub fn in_rounds_of(self, count: u32) -> Self {
        Self {
            last_sequence: count.saturating_sub(1),
            ..self
        }
    }

    /// Takes all of `bytes`; says how many messages they completed.
    pub fn take(&mut self, mut bytes: &[u8], expected: &Messages) -> Result<u32, Failure> {
        let mut complete = 0;
        while !bytes.is_empty() {
            let header = match self.frame {
                Some(header) => header,
                None => match self.header(&mut bytes)? {
                    Some(header) => {
                        self.begin(header, expected)?;
                        header
                    }
                    None => break,
                },
            };
            let length = bytes.len().min(header.payload_length - self.frame_seen);
            let (payload, rest) = bytes.split_at(length);
            if expected.verify {
                if expected.ticks.is_some() {
                    self.compressed.extend_from_slice(payload);
                } else {
                    self.compare(payload, &header)?;
                }
            }
            bytes = rest;
            self.frame_seen += length;
            self.message_seen += length;
            if self.frame_seen == header.payload_length {
                self.frame = None;
                if header.fin {
                    self.complete(expected)?;
                    complete += 1;
                }
            }
        }
        Ok(complete)
    }

    #[inline]
    fn header(&mut self, bytes: &mut &[u8]) -> Result<Option<Header>, Failure> {
        if self.partial_length == 0
            && let Some((header, length)) = Header::parse(bytes)?
        {
            *bytes = &bytes[length..];
            return Ok(Some(header));
        }
        // A header never stays incomplete once MAX_HEADER octets are there.
        while let Some((octet, rest)) = bytes.split_first() {
            self.partial[self.partial_length] = *octet;
            self.partial_length += 1;
            *bytes = rest;
            if let Some((header, _)) = Header::parse(&self.partial[..self.partial_length])? {
                self.partial_length = 0;
                return Ok(Some(header));
            }
        }
        Ok(None)
    }

    #[inline]
    fn begin(&mut self, header: Header, expected: &Messages) -> Result<(), Failure> {
        let opcode = if self.started {
            CONTINUATION
        } else {
            expected.opcode
        };
        if header.opcode != opcode {
            return Err(format!("a reply has opcode {}, not {opcode}", header.opcode).into());
        }
        if header.masking_key.is_some() != (self.framing == Framing::Raw) {
            return Err("a reply is masked where it must not be, or not where it must".into());
        }
        if header.rsv1 != (expected.ticks.is_some() && !self.started) {
            return Err("a reply is compressed and must not be, or is not and must".into());
        }
        // What is compressed has always become shorter here.
        if header.payload_length > expected.size - self.message_seen {
            return Err("a reply is longer than what was sent".into());
        }
        self.started = true;
        self.frame = Some(header);
        self.frame_seen = 0;
        Ok(())
    }

    #[inline]
    fn complete(&mut self, expected: &Messages) -> Result<(), Failure> {
        match &expected.ticks {
            Some(ticks) if expected.verify => self.compare_inflated(ticks, expected.size)?,
            None if self.message_seen != expected.size => {
                return Err("a reply is shorter than what was sent".into());
            }
            Some(_) | None => {}
        }
        self.started = false;
        self.message_seen = 0;
        self.sequence = if self.sequence == self.last_sequence {
            0
        } else {
            self.sequence + 1
        };
        Ok(())
    }

    fn compare(&self, payload: &[u8], header: &Header) -> Result<(), Failure> {
        let digits = digits(tag(self.connection, self.sequence));
        let key = header.masking_key.unwrap_or_default();
        for (offset, octet) in payload.iter().enumerate() {
            let sent = payload_octet(&digits, self.message_seen + offset);
            if octet ^ key[(self.frame_seen + offset) % 4] != sent {
                return Err(format!(
                    "connection {}, message {}: payload differs at octet {}",
                    self.connection,
                    self.sequence,
                    self.message_seen + offset
                )
                .into());
            }
        }
        Ok(())
    }

    fn compare_inflated(&mut self, ticks: &Ticks, size: usize) -> Result<(), Failure> {
        let context = self.context.get_or_insert_default();
        let payload = context.inflate(&mut self.compressed, size)?;
        self.compressed.clear();
        if payload != ticks.payload(self.sequence) {
            return Err(format!(
                "connection {}, message {}: the reply differs from what was sent",
                self.connection, self.sequence
            )
            .into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Framing, Replies};
    use crate::message::Messages;

    fn verifying(size: usize) -> Messages {
        Messages::new(size, false, true, 3).unwrap()
    }

    #[test]
    fn replies_are_counted_however_they_are_cut() {
        for size in [64, 300, 70_000] {
            let messages = verifying(size);
            let (frames, _) = messages.frames(7, 0, 3);
            for step in [1, 3, 65, 4096, frames.len()] {
                let mut replies = Replies::new(7, Framing::Raw);
                let counted: u32 = frames
                    .chunks(step)
                    .map(|chunk| replies.take(chunk, &messages).unwrap())
                    .sum();
                assert_eq!(counted, 3, "{size} by {step}");
            }
        }
    }

    #[test]
    fn a_fragmented_reply_is_one_message() {
        let messages = Messages::new(4, false, false, 1).unwrap();
        let mut replies = Replies::new(0, Framing::WebSocket);
        let frames = [0x02, 2, b'a', b'b', 0x00, 0, 0x80, 2, b'c', b'd'];
        assert_eq!(replies.take(&frames, &messages).unwrap(), 1);
        assert_eq!(replies.take(&frames, &messages).unwrap(), 1);
    }

    #[test]
    fn a_changed_octet_is_found() {
        let messages = verifying(64);
        let (frames, _) = messages.frames(0, 0, 1);
        for at in 6..frames.len() {
            let mut changed = frames.to_vec();
            changed[at] ^= 1;
            let mut replies = Replies::new(0, Framing::Raw);
            assert!(replies.take(&changed, &messages).is_err(), "octet {at}");
        }
    }

    #[test]
    fn a_reply_of_another_message_or_connection_is_found() {
        let messages = verifying(64);
        for (connection, first) in [(0, 1), (1, 0)] {
            let (frames, _) = messages.frames(connection, first, 1);
            let mut replies = Replies::new(0, Framing::Raw);
            assert!(replies.take(&frames, &messages).is_err());
        }
    }

    #[test]
    fn what_the_raw_server_sends_is_what_is_expected() {
        let messages = verifying(128);
        let mut frames = Vec::new();
        for sequence in 0..3 {
            messages.unmasked(sequence, &mut frames);
        }
        let mut replies = Replies::new(0, Framing::WebSocket);
        assert_eq!(replies.take(&frames, &messages).unwrap(), 3);
    }

    #[test]
    fn rounds_begin_again_at_zero() {
        let messages = verifying(64);
        let (frames, _) = messages.frames(0, 0, 3);
        let mut replies = Replies::new(0, Framing::Raw).in_rounds_of(3);
        for _ in 0..2 {
            assert_eq!(replies.take(&frames, &messages).unwrap(), 3);
        }
        let mut replies = Replies::new(0, Framing::Raw);
        assert_eq!(replies.take(&frames, &messages).unwrap(), 3);
        assert!(replies.take(&frames, &messages).is_err());
    }

    #[test]
    fn wrong_length_opcode_or_masking_is_found() {
        let messages = Messages::new(2, false, false, 1).unwrap();
        for frame in [
            &[0x82, 1, b'a'][..],
            &[0x82, 3, b'a', b'b', b'c'],
            &[0x81, 2, b'a', b'b'],
            &[0x80, 2, b'a', b'b'],
            &[0x88, 2, 3, 232],
            &[0x82, 0x82, 0, 0, 0, 0, b'a', b'b'],
        ] {
            let mut replies = Replies::new(0, Framing::WebSocket);
            assert!(replies.take(frame, &messages).is_err(), "{frame:?}");
        }
    }
}
