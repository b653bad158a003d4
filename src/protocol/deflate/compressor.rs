//! Which of our messages are compressed.
//!
//! Decides: as `ws`. The sender may ask for each message; without context takeover
//! a message whose first fragment is short is left as it is; a message's later
//! fragments follow its first.
//! Refuses: frames. The caller encodes them, with the RSV1 it is told.
//!
//! RFC 7692 §6 (RSV1 is set on a message's first frame only).

use super::{config::DeflateConfig, deflater::Deflater, repeated::compress_whole};

/// What is to be sent for the payload of a frame.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Coding {
    /// The payload as it is; RSV1 is clear.
    Plain,
    /// What was appended to the output.
    Compressed {
        /// Whether the frame has RSV1 set: it is its message's first.
        rsv1: bool,
    },
}

/// The sending half of a connection's permessage-deflate.
#[derive(Debug)]
pub struct Compressor {
    config: DeflateConfig,
    deflater: Option<Box<Deflater>>,
    /// The message in progress is compressed.
    compressing: bool,
}

impl Compressor {
    /// A compressor that was never used takes no memory beyond its own.
    #[must_use]
    pub fn new(config: DeflateConfig) -> Self {
        Self {
            config,
            deflater: None,
            compressing: false,
        }
    }

    /// Whether the next data frame's payload, of `length` bytes, is going to be
    /// compressed; see [`encode`](Self::encode).
    #[must_use]
    pub fn is_to_compress(&self, first: bool, compress: bool, length: usize) -> bool {
        if first {
            let too_short = self.config.own_no_context_takeover && length < self.config.threshold;
            compress && !too_short
        } else {
            self.compressing
        }
    }

    /// Handles the payload, not yet masked, of one data frame; frames are to be
    /// given in the order in which they are sent, control frames not at all.
    ///
    /// `first` and `fin` say whether the frame is its message's first and last,
    /// `compress` whether the sender wishes the message compressed (it counts on the
    /// first frame alone). The frame to be sent has the same opcode and FIN. Where
    /// the answer is [`Coding::Plain`], `out` is as it was, and the frame's payload is
    /// `payload`; else the frame's payload is what was appended to `out`.
    pub fn encode(
        &mut self,
        first: bool,
        fin: bool,
        compress: bool,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Coding {
        self.compressing = self.is_to_compress(first, compress, payload.len());
        if !self.compressing {
            return Coding::Plain;
        }
        let config = &self.config;
        let deflater = self
            .deflater
            .get_or_insert_with(|| Box::new(Deflater::new(config)));
        if first && fin && config.own_no_context_takeover {
            compress_whole(deflater.settings(), payload, out, |out| {
                deflater.compress(payload, fin, out);
            });
        } else {
            deflater.compress(payload, fin, out);
        }
        Coding::Compressed { rsv1: first }
    }
}
