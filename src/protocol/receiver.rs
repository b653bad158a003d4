//! Decoding of what the peer sends.
//!
//! Decides: what each byte means and when a frame, a message or a control frame
//! is complete; which violation is found first (as `ws` does, see the frame
//! module); what is ignored after a close frame or a failure.
//! Refuses: answers. Pongs, close frames and the end of the connection are the
//! closing handshake's and the caller's.
//!
//! A frame that lies whole in the input is delivered from there. Only what is
//! incomplete when the input ends is copied: at most eight bytes of a header, at
//! most 125 of a control frame, and the message in progress.
//!
//! RFC 6455 §5.2, §5.4, §5.5, §6.2 (receiving data), §7.1.7 (failing).

mod own_memory;

use std::mem;
use std::sync::Arc;

use super::{
    cut_control::CutControl,
    cut_field::CutField,
    deflate::{InflateConfig, Inflater},
    error::ProtocolError,
    frame::{
        CloseCode, FrameKind, LengthField, MAX_PAYLOAD_LENGTH, Start, decode_start,
        is_valid_close_code,
    },
    limits::Limits,
    mask::apply_mask,
    memory::give_memory,
    message::{Assembly, Payload, reserve},
    role::Role,
    utf8,
};

/// What a receiver is told once.
#[derive(Copy, Clone, Debug)]
pub struct ReceiverConfig {
    /// Which end we are.
    pub role: Role,
    /// What the peer may make us hold.
    pub limits: Limits,
    /// Deliver text and close reasons unchecked.
    pub skip_utf8_validation: bool,
    /// permessage-deflate, where it was negotiated in the opening handshake.
    pub inflate: Option<InflateConfig>,
}

/// Takes what was received, in the order in which the peer sent it.
pub trait Sink {
    /// A complete message. `fragments` are the lengths, in bytes of the payload, of
    /// its frames with content, if there is more than one of them; else it is empty.
    fn message(&mut self, binary: bool, payload: Payload<'_>, fragments: &[u32]);
    /// A ping, to be answered by a pong with the same payload.
    fn ping(&mut self, payload: &[u8]);
    /// A pong, asked for or not.
    fn pong(&mut self, payload: &[u8]);
    /// The peer's close frame; nothing follows it. `code` is 1005
    /// (`NO_STATUS_RECEIVED`) if the frame was empty.
    fn close(&mut self, code: u16, reason: &[u8]);
}

/// What the next bytes are.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Stage {
    Start,
    ExtendedLength16,
    ExtendedLength64,
    MaskingKey,
    Payload,
    /// A close frame was received, or the connection failed.
    Finished,
}

/// The frame whose header is complete or being read.
#[derive(Copy, Clone, Debug)]
struct Frame {
    length: u64,
    remaining: u64,
    masking_key: [u8; 4],
    kind: FrameKind,
    fin: bool,
    masked: bool,
}

/// What it takes to inflate frames.
#[derive(Debug)]
struct Inflation {
    inflater: Inflater,
    /// The payload of a compressed frame that the input cut; else no memory.
    cut_frame: Vec<u8>,
}

/// Decodes one peer's stream of frames.
#[derive(Debug)]
pub struct Receiver {
    config: Arc<ReceiverConfig>,
    frame: Frame,
    message: Assembly,
    /// The payload of a control frame that the input cut.
    control: Option<Box<CutControl>>,
    cut: CutField,
    /// From the first compressed frame on.
    inflation: Option<Box<Inflation>>,
    /// Inputs whose bytes wait for the frame or header field to be complete.
    buffered_chunks: u32,
    stage: Stage,
}

impl Receiver {
    /// A receiver at the start of the stream, which is just behind the opening
    /// handshake.
    #[must_use]
    pub fn new(config: impl Into<Arc<ReceiverConfig>>) -> Self {
        Self {
            config: config.into(),
            frame: Frame {
                length: 0,
                remaining: 0,
                masking_key: [0; 4],
                kind: FrameKind::Pong,
                fin: true,
                masked: false,
            },
            message: Assembly::default(),
            control: None,
            cut: CutField::default(),
            inflation: None,
            buffered_chunks: 0,
            stage: Stage::Start,
        }
    }

    /// Whether a close frame was received or the connection failed; further input
    /// is then ignored.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.stage == Stage::Finished
    }

    /// Decodes `input`, which is unmasked in place. What was complete before an
    /// error reaches the sink first.
    ///
    /// # Errors
    /// If the peer broke the protocol or a limit. The connection is to be failed
    /// with the error's close code; all further input is ignored.
    pub fn handle_input<S: Sink + ?Sized>(
        &mut self,
        input: &mut [u8],
        sink: &mut S,
    ) -> Result<(), ProtocolError> {
        if input.is_empty() || self.is_finished() {
            return Ok(());
        }
        let result = self
            .check_buffered_chunks()
            .and_then(|()| self.decode(input, sink));
        if result.is_err() {
            self.finish();
        }
        result
    }

    fn check_buffered_chunks(&self) -> Result<(), ProtocolError> {
        let limit = self.config.limits.max_buffered_chunks;
        if limit > 0 && self.buffered_chunks >= limit {
            return Err(ProtocolError::TooManyBufferedChunks);
        }
        Ok(())
    }

    fn decode<S: Sink + ?Sized>(
        &mut self,
        input: &mut [u8],
        sink: &mut S,
    ) -> Result<(), ProtocolError> {
        let mut position = 0;
        let mut completed_any = false;
        loop {
            let completed = match self.stage {
                Stage::Start => match self.cut.take(input, &mut position) {
                    Some(bytes) => self.begin_frame(bytes)?,
                    None => false,
                },
                Stage::ExtendedLength16 => match self.cut.take(input, &mut position) {
                    Some(bytes) => self.handle_length(u64::from(u16::from_be_bytes(bytes)))?,
                    None => false,
                },
                Stage::ExtendedLength64 => match self.cut.take(input, &mut position) {
                    Some(bytes) => self.handle_length(u64::from_be_bytes(bytes))?,
                    None => false,
                },
                Stage::MaskingKey => match self.cut.take(input, &mut position) {
                    Some(key) => {
                        self.frame.masking_key = key;
                        self.stage = Stage::Payload;
                        true
                    }
                    None => false,
                },
                Stage::Payload => self.handle_payload(input, &mut position, sink)?,
                Stage::Finished => return Ok(()),
            };
            if !completed {
                break;
            }
            completed_any = true;
        }
        self.count_chunk(completed_any);
        Ok(())
    }

    /// Whatever completes consumes all inputs that waited for it; what is left
    /// can only be the rest of this one.
    fn count_chunk(&mut self, completed_any: bool) {
        self.buffered_chunks = if completed_any {
            let in_payload =
                self.stage == Stage::Payload && self.frame.remaining < self.frame.length;
            u32::from(in_payload || !self.cut.is_empty())
        } else {
            self.buffered_chunks.saturating_add(1)
        };
    }

    #[inline]
    fn begin_frame(&mut self, bytes: [u8; 2]) -> Result<bool, ProtocolError> {
        let Start {
            fin,
            kind,
            masked,
            length,
        } = decode_start(
            bytes,
            self.config.role,
            self.config.inflate.is_some(),
            self.message.in_progress(),
        )?;
        self.frame.fin = fin;
        self.frame.kind = kind;
        self.frame.masked = masked;
        if let FrameKind::First { binary, rsv1 } = kind {
            self.message.begin(binary, rsv1);
        }
        match length {
            LengthField::Inline(length) => return self.handle_length(u64::from(length)),
            LengthField::Extended16 => self.stage = Stage::ExtendedLength16,
            LengthField::Extended64 => self.stage = Stage::ExtendedLength64,
        }
        Ok(true)
    }

    #[inline]
    fn handle_length(&mut self, length: u64) -> Result<bool, ProtocolError> {
        if length > MAX_PAYLOAD_LENGTH {
            return Err(ProtocolError::UnsupportedDataPayloadLength);
        }
        match self.frame.kind {
            FrameKind::First { .. } | FrameKind::Continuation => {
                self.message.declare(length, &self.config.limits)?;
            }
            FrameKind::Close | FrameKind::Ping | FrameKind::Pong => {}
        }
        self.frame.length = length;
        self.frame.remaining = length;
        self.stage = if self.frame.masked {
            Stage::MaskingKey
        } else {
            Stage::Payload
        };
        Ok(true)
    }

    /// Takes what the input has of the payload; true if that completes the frame.
    #[inline]
    fn handle_payload<S: Sink + ?Sized>(
        &mut self,
        input: &mut [u8],
        position: &mut usize,
        sink: &mut S,
    ) -> Result<bool, ProtocolError> {
        let rest = input.get_mut(*position..).unwrap_or_default();
        let wanted = usize::try_from(self.frame.remaining).unwrap_or(usize::MAX);
        let taken = wanted.min(rest.len());
        let piece = rest.get_mut(..taken).unwrap_or_default();
        if self.frame.masked {
            let done = self.frame.length.wrapping_sub(self.frame.remaining);
            apply_mask(piece, self.frame.masking_key, (done % 4) as usize);
        }
        *position += taken;
        let whole = self.frame.remaining == self.frame.length && taken == wanted;
        self.frame.remaining = self.frame.remaining.saturating_sub(taken as u64);
        let complete = self.frame.remaining == 0;

        match self.frame.kind {
            FrameKind::First { .. } | FrameKind::Continuation => {
                self.handle_data(piece, whole, sink)?;
                if complete {
                    self.stage = Stage::Start;
                }
            }
            FrameKind::Close | FrameKind::Ping | FrameKind::Pong => {
                if whole {
                    self.handle_control(piece, sink)?;
                } else {
                    self.control.get_or_insert_default().extend(piece);
                    if complete && let Some(control) = self.control.take() {
                        self.handle_control(control.payload(), sink)?;
                    }
                }
            }
        }
        Ok(complete)
    }

    #[inline]
    fn handle_data<S: Sink + ?Sized>(
        &mut self,
        piece: &[u8],
        whole: bool,
        sink: &mut S,
    ) -> Result<(), ProtocolError> {
        let skip_utf8_validation = self.config.skip_utf8_validation;
        if self.message.compressed() {
            return self.handle_compressed(piece, whole, sink);
        }
        let fin = self.frame.fin;
        let binary = self.message.binary();
        // One frame is within any limit on fragments.
        if whole && fin && matches!(self.frame.kind, FrameKind::First { .. }) {
            let payload = self
                .message
                .complete_borrowed(piece, skip_utf8_validation)?;
            sink.message(binary, payload, &[]);
            return Ok(());
        }
        if !piece.is_empty() {
            self.message
                .receive(piece, fin, self.frame.remaining, skip_utf8_validation)?;
        }
        if self.frame.remaining > 0 {
            return Ok(());
        }
        self.complete_data(sink)
    }

    /// An uncompressed frame is complete of which the message has memory.
    fn complete_data<S: Sink + ?Sized>(&mut self, sink: &mut S) -> Result<(), ProtocolError> {
        self.message.count_frame(&self.config.limits)?;
        // A payload over the address space was never received.
        self.message
            .note_fragment(usize::try_from(self.frame.length).unwrap_or(usize::MAX));
        self.complete_frame(sink)
    }

    /// Takes a piece of a compressed frame, which is inflated once it is complete.
    #[inline(never)]
    fn handle_compressed<S: Sink + ?Sized>(
        &mut self,
        piece: &[u8],
        whole: bool,
        sink: &mut S,
    ) -> Result<(), ProtocolError> {
        let Some(config) = self.config.inflate else {
            return Err(ProtocolError::UnexpectedRsv1);
        };
        let inflation = self.inflation.get_or_insert_with(|| {
            Box::new(Inflation {
                inflater: Inflater::new(config),
                cut_frame: Vec::new(),
            })
        });
        let mut cut_frame = Vec::new();
        let payload = if whole {
            piece
        } else {
            reserve(&mut inflation.cut_frame, piece.len(), self.frame.remaining);
            inflation.cut_frame.extend_from_slice(piece);
            if self.frame.remaining > 0 {
                return Ok(());
            }
            cut_frame = mem::take(&mut inflation.cut_frame);
            &cut_frame
        };
        let limits = &self.config.limits;
        self.message.count_frame(limits)?;
        self.message
            .inflate(payload, self.frame.fin, &mut inflation.inflater, limits)?;
        give_memory(cut_frame);
        self.complete_frame(sink)
    }

    fn complete_frame<S: Sink + ?Sized>(&mut self, sink: &mut S) -> Result<(), ProtocolError> {
        if self.frame.fin {
            let binary = self.message.binary();
            let (payload, fragments) = self
                .message
                .complete_owned(self.config.skip_utf8_validation)?;
            sink.message(binary, payload, &fragments);
        }
        Ok(())
    }

    fn handle_control<S: Sink + ?Sized>(
        &mut self,
        payload: &[u8],
        sink: &mut S,
    ) -> Result<(), ProtocolError> {
        self.stage = Stage::Start;
        match self.frame.kind {
            FrameKind::Ping => sink.ping(payload),
            FrameKind::Pong => sink.pong(payload),
            FrameKind::Close => {
                let (code, reason) = self.decode_close(payload)?;
                self.finish();
                sink.close(code, reason);
            }
            FrameKind::First { .. } | FrameKind::Continuation => {}
        }
        Ok(())
    }

    /// RFC 6455 §5.5.1: a 2-byte code and a reason in UTF-8, or nothing.
    fn decode_close<'a>(&self, payload: &'a [u8]) -> Result<(u16, &'a [u8]), ProtocolError> {
        let Some((code, reason)) = payload.split_first_chunk() else {
            return Ok((CloseCode::Status.into(), &[]));
        };
        let code = u16::from_be_bytes(*code);
        if !is_valid_close_code(code) {
            return Err(ProtocolError::InvalidCloseCode(code));
        }
        if !self.config.skip_utf8_validation {
            utf8::validate(reason)?;
        }
        Ok((code, reason))
    }

    /// Ends decoding and gives all memory back.
    fn finish(&mut self) {
        self.stage = Stage::Finished;
        self.message = Assembly::default();
        self.control = None;
        self.inflation = None;
    }
}

#[cfg(test)]
mod tests;
