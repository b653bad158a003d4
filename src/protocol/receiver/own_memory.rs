//! Reading the rest of a large message to where it belongs, past the input buffer.

use super::super::{
    error::ProtocolError, frame::FrameKind, mask::apply_mask, message::WORTH_THE_WHILE,
};
use super::{Frame, Receiver, Sink, Stage};

impl Receiver {
    /// Where the next bytes may be read to instead of being given to
    /// [`handle_input`](Self::handle_input), and how many of them at most: to memory of
    /// the message that they are of, if so many are still to come that it is worth
    /// the while.
    #[inline]
    pub fn message_memory(&mut self) -> Option<(&mut Vec<u8>, usize)> {
        if self.stage != Stage::Payload
            || self.frame.remaining < WORTH_THE_WHILE as u64
            || !matches!(
                self.frame.kind,
                FrameKind::First { .. } | FrameKind::Continuation
            )
            || self.message.compressed()
        {
            return None;
        }
        let remaining = self.frame.remaining;
        let memory = self.message.memory(self.frame.fin, remaining)?;
        let room = memory.capacity().saturating_sub(memory.len());
        Some((
            memory,
            usize::try_from(remaining).unwrap_or(usize::MAX).min(room),
        ))
    }

    /// Decodes the last `length` bytes of [`message_memory`](Self::message_memory), which
    /// were read to it.
    ///
    /// # Errors
    /// As [`handle_input`](Self::handle_input).
    pub fn handle_read<S: Sink + ?Sized>(
        &mut self,
        length: usize,
        sink: &mut S,
    ) -> Result<(), ProtocolError> {
        let result = self
            .check_buffered_chunks()
            .and_then(|()| self.decode_read(length, sink));
        if result.is_err() {
            self.finish();
        }
        result
    }

    fn decode_read<S: Sink + ?Sized>(
        &mut self,
        length: usize,
        sink: &mut S,
    ) -> Result<(), ProtocolError> {
        let Frame {
            masked,
            masking_key,
            ..
        } = self.frame;
        let done = self.frame.length.wrapping_sub(self.frame.remaining);
        let unmask = |piece: &mut [u8]| {
            if masked {
                apply_mask(piece, masking_key, (done % 4) as usize);
            }
        };
        self.message
            .note_read(length, unmask, self.config.skip_utf8_validation)?;
        self.frame.remaining = self.frame.remaining.saturating_sub(length as u64);
        let complete = self.frame.remaining == 0;
        if complete {
            self.complete_data(sink)?;
            self.stage = Stage::Start;
        }
        self.count_chunk(complete);
        Ok(())
    }
}
