//! Messages for permessage-deflate: prices as a feed sends them, in JSON, and
//! their frames as a client with context takeover compresses them.
//!
//! The sequence is compressed once, for all connections. Its first message
//! begins a new context, which a compressor may do at any time, so that a
//! connection can send the sequence again and again.

use fastrand::Rng;
use zlib_rs::{Deflate, DeflateFlush, Inflate, InflateFlush};

use crate::frame::{Header, TEXT};
use crate::message::{Failure, MASKING_KEY};

/// Messages before the sequence begins again.
const MESSAGES: usize = 256;

/// RFC 7692 §7.2.1: ends a flush, and is removed from a message.
const TRAILER: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// The same messages in every run.
const SEED: u64 = 1;

const SYMBOLS: [&str; 8] = [
    "EURUSD", "GBPUSD", "USDJPY", "AUDUSD", "USDCHF", "NZDUSD", "USDCAD", "EURGBP",
];

/// A sequence of messages that are all of the same length.
pub struct Ticks {
    payloads: Vec<Vec<u8>>,
    frames: Vec<Vec<u8>>,
}

impl Ticks {
    pub fn new(size: usize) -> Result<Self, Failure> {
        let mut random = Rng::with_seed(SEED);
        let payloads = (0..MESSAGES)
            .map(|sequence| payload(sequence, size, &mut random))
            .collect::<Result<Vec<_>, _>>()?;
        let mut deflate = Deflate::new(6, false, 15);
        let frames = payloads
            .iter()
            .map(|payload| frame(&mut deflate, payload))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { payloads, frames })
    }

    /// The payload of the message with this sequence number.
    pub fn payload(&self, sequence: u32) -> &[u8] {
        &self.payloads[sequence as usize % MESSAGES]
    }

    /// The frames of `count` messages.
    pub fn frames(&self, first: u32, count: u32) -> Vec<u8> {
        (0..count)
            .map(|offset| first.wrapping_add(offset) as usize % MESSAGES)
            .flat_map(|place| self.frames[place].iter().copied())
            .collect()
    }
}

/// The server's context, as its replies build it up.
pub struct Context(Inflate);

impl Default for Context {
    fn default() -> Self {
        Self(Inflate::new(false, 15))
    }
}

impl Context {
    /// Inflates a message of `size` bytes.
    pub fn inflate(&mut self, compressed: &mut Vec<u8>, size: usize) -> Result<Vec<u8>, Failure> {
        compressed.extend_from_slice(&TRAILER);
        // One byte more shows what is too long.
        let mut out = vec![0; size + 1];
        let (total_in, total_out) = (self.0.total_in(), self.0.total_out());
        self.0
            .decompress(compressed, &mut out, InflateFlush::SyncFlush)
            .map_err(|error| format!("a reply does not inflate: {}", error.as_str()))?;
        if self.0.total_in() - total_in != compressed.len() as u64 {
            return Err("a reply inflates to more than what was sent".into());
        }
        out.truncate(usize::try_from(self.0.total_out() - total_out)?);
        Ok(out)
    }
}

fn payload(sequence: usize, size: usize, random: &mut Rng) -> Result<Vec<u8>, Failure> {
    let mut time = 1_767_225_600_000 + sequence as u64 * 250 + random.u64(..250);
    let mut text = format!("{{\"type\":\"ticks\",\"sequence\":{sequence},\"ticks\":[");
    let tail = |padding: usize| format!("],\"padding\":\"{:.<padding$}\"}}", "");
    loop {
        let separator = if text.ends_with('}') { "," } else { "" };
        let symbol = SYMBOLS[random.usize(..SYMBOLS.len())];
        let bid = 100_000 + random.u64(..2_000);
        let ask = bid + 1 + random.u64(..9);
        time += random.u64(..40);
        let tick = format!(
            "{separator}{{\"symbol\":\"{symbol}\",\"bid\":{}.{:05},\"ask\":{}.{:05},\
             \"volume\":{},\"time\":{time}}}",
            bid / 100_000,
            bid % 100_000,
            ask / 100_000,
            ask % 100_000,
            (1 + random.u64(..50)) * 1_000,
        );
        if text.len() + tick.len() + tail(0).len() > size {
            let padding = size.checked_sub(text.len() + tail(0).len());
            let padding = padding.ok_or("ticks need payloads of 64 bytes or more")?;
            text.push_str(&tail(padding));
            return Ok(text.into_bytes());
        }
        text.push_str(&tick);
    }
}

fn frame(deflate: &mut Deflate, payload: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut compressed = vec![0; payload.len() + 64];
    let before = deflate.total_out();
    deflate
        .compress(payload, &mut compressed, DeflateFlush::SyncFlush)
        .map_err(zlib_rs::DeflateError::as_str)?;
    compressed.truncate(usize::try_from(deflate.total_out() - before)?);
    if !compressed.ends_with(&TRAILER) {
        return Err("a flush has no end".into());
    }
    compressed.truncate(compressed.len() - TRAILER.len());
    let mut frame = Vec::new();
    Header {
        fin: true,
        rsv1: true,
        opcode: TEXT,
        masking_key: Some(MASKING_KEY),
        payload_length: compressed.len(),
    }
    .write(&mut frame);
    frame.extend(
        (compressed.iter().zip(MASKING_KEY.iter().cycle())).map(|(octet, key)| octet ^ key),
    );
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::{Context, Ticks};
    use crate::frame::Header;
    use crate::message::MASKING_KEY;

    #[test]
    fn messages_inflate_to_what_they_are_also_the_second_time_round() {
        let ticks = Ticks::new(1024).unwrap();
        let mut context = Context::default();
        for sequence in 0..600 {
            let frame = ticks.frames(sequence, 1);
            let (header, start) = Header::parse(&frame).unwrap().unwrap();
            assert!(header.rsv1 && header.payload_length < 512);
            let keys = MASKING_KEY.iter().cycle();
            let mut compressed = frame[start..]
                .iter()
                .zip(keys)
                .map(|(a, b)| a ^ b)
                .collect();
            let payload = context.inflate(&mut compressed, 1024).unwrap();
            assert_eq!(payload.len(), 1024);
            assert!(payload == ticks.payload(sequence));
        }
    }
}
