//! A control frame that the input cuts.
//!
//! RFC 6455 §5.5: its payload has at most 125 bytes.

use super::frame::MAX_CONTROL_PAYLOAD;

/// The payload of a control frame, as far as it came.
#[derive(Debug)]
pub(super) struct CutControl {
    bytes: [u8; MAX_CONTROL_PAYLOAD],
    length: usize,
}

impl Default for CutControl {
    fn default() -> Self {
        Self {
            bytes: [0; MAX_CONTROL_PAYLOAD],
            length: 0,
        }
    }
}

impl CutControl {
    /// Goes on with the next `piece` of it.
    pub fn extend(&mut self, piece: &[u8]) {
        let room = self.bytes.get_mut(self.length..).unwrap_or_default();
        for (slot, byte) in room.iter_mut().zip(piece) {
            *slot = *byte;
            self.length += 1;
        }
    }

    /// What there is of it.
    pub fn payload(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}
