//! The messages that are sent: built and masked once, and sent many times.
//!
//! A payload begins with sixteen hexadecimal digits that tell connection and
//! sequence number. Only a verifying run pays for digits that differ; otherwise
//! all are zero and the frames are shared.

use std::error::Error;
use std::rc::Rc;

use oxws_bench_common::{TAG_LENGTH, digits, payload_octet};

use crate::frame::{BINARY, Header, TEXT};
use crate::ticks::Ticks;

pub type Failure = Box<dyn Error>;

/// RFC 6455 §5.3 wants keys nobody can guess, against proxies that could be
/// fooled; on loopback one key that is not zero makes the server work as much.
pub const MASKING_KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

pub struct Messages {
    pub opcode: u8,
    pub size: usize,
    pub verify: bool,
    frame_length: usize,
    batch: Rc<[u8]>,
    /// What is sent instead where permessage-deflate is on.
    pub ticks: Option<Ticks>,
}

impl Messages {
    pub fn new(size: usize, text: bool, verify: bool, most: u32) -> Result<Self, Failure> {
        if verify && size < TAG_LENGTH {
            return Err(format!("verifying needs payloads of {TAG_LENGTH} bytes or more").into());
        }
        let mut messages = Self {
            opcode: if text { TEXT } else { BINARY },
            size,
            verify,
            frame_length: 0,
            batch: Rc::new([]),
            ticks: None,
        };
        let mut frame = Vec::new();
        messages.frame(0, &mut frame);
        messages.frame_length = frame.len();
        messages.batch = frame.repeat(usize::try_from(most)?).into();
        Ok(messages)
    }

    /// Compressed ticks in JSON.
    pub fn deflated(size: usize, verify: bool) -> Result<Self, Failure> {
        Ok(Self {
            opcode: TEXT,
            size,
            verify,
            frame_length: 0,
            batch: Rc::new([]),
            ticks: Some(Ticks::new(size)?),
        })
    }

    /// The frames of `count` messages from the sequence number `first` on, and
    /// how many octets they are.
    pub fn frames(&self, connection: u32, first: u32, count: u32) -> (Rc<[u8]>, usize) {
        if let Some(ticks) = &self.ticks {
            let frames = ticks.frames(first, count);
            let length = frames.len();
            return (frames.into(), length);
        }
        let length = self.frame_length * count as usize;
        if !self.verify {
            return (Rc::clone(&self.batch), length);
        }
        let mut frames = Vec::with_capacity(length);
        for offset in 0..count {
            self.frame(tag(connection, first.wrapping_add(offset)), &mut frames);
        }
        (frames.into(), length)
    }

    /// The frame of a server that sends a message of this number on all
    /// connections, as [`Replies`](crate::reply::Replies) expects it.
    pub fn unmasked(&self, sequence: u32, out: &mut Vec<u8>) {
        Header {
            fin: true,
            rsv1: false,
            opcode: self.opcode,
            masking_key: None,
            payload_length: self.size,
        }
        .write(out);
        let digits = digits(tag(0, sequence));
        out.extend((0..self.size).map(|at| payload_octet(&digits, at)));
    }

    fn frame(&self, tag: u64, out: &mut Vec<u8>) {
        Header {
            fin: true,
            rsv1: false,
            opcode: self.opcode,
            masking_key: Some(MASKING_KEY),
            payload_length: self.size,
        }
        .write(out);
        let digits = digits(tag);
        let masked = (0..self.size).map(|at| payload_octet(&digits, at) ^ MASKING_KEY[at % 4]);
        out.extend(masked);
    }
}

pub fn tag(connection: u32, sequence: u32) -> u64 {
    u64::from(connection) << 32 | u64::from(sequence)
}
