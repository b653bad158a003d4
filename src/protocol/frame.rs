//! The frame header: what its first two bytes permit, and how it is written.
//!
//! Decides: the order in which a header's faults are found, which is that of
//! `ws`: RSV2 and RSV3, RSV1, the opcode and whether it fits the message in
//! progress, FIN and length of control frames, MASK. All of that stands in the
//! first two bytes and is decided on them alone: a peer that sends two bad bytes
//! and waits gets its close frame. A codec that wants the whole header first, and
//! looks at the opcode before the RSV bits, cannot answer so; therefore decoding
//! is our own, in stages of at most eight bytes, while the vocabulary and the
//! encoding are tungstenite's.
//!
//! Refuses: payloads, and the lengths that follow the first two bytes; those are
//! the receiver's.
//!
//! RFC 6455 §5.2 (base framing), §5.4 (fragmentation), §5.5 (control frames).

pub use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

use tungstenite::protocol::frame::FrameHeader;

use super::{error::ProtocolError, mask::apply_mask, role::Role};

/// The longest payload of a control frame, in bytes.
pub const MAX_CONTROL_PAYLOAD: usize = 125;

/// The longest payload length that JavaScript represents exactly.
pub const MAX_PAYLOAD_LENGTH: u64 = (1 << 53) - 1;

/// The header of a frame to be sent; the payload's length is given beside it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whether this is the last frame of its message.
    pub fin: bool,
    /// Whether the message is compressed; on its first frame only.
    pub rsv1: bool,
    /// The opcode.
    pub opcode: OpCode,
    /// The masking key; a client needs a new, unpredictable one for each frame.
    pub mask: Option<[u8; 4]>,
}

impl Header {
    /// The header of an unfragmented, uncompressed frame without a masking key.
    #[must_use]
    pub const fn new(opcode: OpCode) -> Self {
        Self {
            fin: true,
            rsv1: false,
            opcode,
            mask: None,
        }
    }
}

/// Appends the header of a frame whose payload has `payload_length` bytes.
pub fn encode_header(header: &Header, payload_length: usize, out: &mut Vec<u8>) {
    let header = FrameHeader {
        is_final: header.fin,
        rsv1: header.rsv1,
        rsv2: false,
        rsv3: false,
        opcode: header.opcode,
        mask: header.mask,
    };
    let written = header.format(payload_length as u64, out);
    debug_assert!(written.is_ok(), "a Vec takes every write");
}

/// Appends a whole frame, masked if the header has a key.
pub fn encode_frame(header: &Header, payload: &[u8], out: &mut Vec<u8>) {
    out.reserve(payload.len().saturating_add(14));
    encode_header(header, payload.len(), out);
    let start = out.len();
    out.extend_from_slice(payload);
    if let (Some(key), Some(payload)) = (header.mask, out.get_mut(start..)) {
        apply_mask(payload, key, 0);
    }
}

/// Appends the payload of a close frame: nothing for 1005 (`NO_STATUS_RECEIVED`),
/// which stands for an empty frame and never goes on the wire.
pub fn encode_close_payload(code: u16, reason: &[u8], out: &mut Vec<u8>) {
    if code != u16::from(CloseCode::Status) {
        out.extend_from_slice(&code.to_be_bytes());
        out.extend_from_slice(reason);
    }
}

/// Whether a close frame may carry this status code.
///
/// RFC 6455 §7.4 and the IANA registry: 1004 is reserved, 1005, 1006 and 1015
/// stand for what never goes on the wire, 1016 to 2999 are unassigned.
#[must_use]
pub const fn is_valid_close_code(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// A frame's place in the stream of messages.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// The first frame of a message.
    First {
        binary: bool,
        rsv1: bool,
    },
    Continuation,
    Close,
    Ping,
    Pong,
}

/// What the second byte says about the length of the payload.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum LengthField {
    Inline(u8),
    Extended16,
    Extended64,
}

/// The first two bytes of a header, found permissible.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Start {
    pub fin: bool,
    pub kind: FrameKind,
    pub masked: bool,
    pub length: LengthField,
}

/// Judges the first two bytes of a frame.
#[inline]
pub(super) fn decode_start(
    [first, second]: [u8; 2],
    role: Role,
    allows_rsv1: bool,
    message_in_progress: bool,
) -> Result<Start, ProtocolError> {
    if first & 0x30 != 0 {
        return Err(ProtocolError::UnexpectedRsv23);
    }
    let rsv1 = first & 0x40 != 0;
    if rsv1 && !allows_rsv1 {
        return Err(ProtocolError::UnexpectedRsv1);
    }

    let fin = first & 0x80 != 0;
    let nibble = first & 0x0f;
    let inline_length = second & 0x7f;
    let kind = match OpCode::from(nibble) {
        OpCode::Data(Data::Continue) => {
            // RFC 7692 §6: only the first frame of a message has RSV1 set.
            if rsv1 {
                return Err(ProtocolError::UnexpectedRsv1);
            }
            if !message_in_progress {
                return Err(ProtocolError::InvalidOpcode(nibble));
            }
            FrameKind::Continuation
        }
        OpCode::Data(data @ (Data::Text | Data::Binary)) => {
            if message_in_progress {
                return Err(ProtocolError::InvalidOpcode(nibble));
            }
            FrameKind::First {
                binary: data == Data::Binary,
                rsv1,
            }
        }
        OpCode::Control(control @ (Control::Close | Control::Ping | Control::Pong)) => {
            if !fin {
                return Err(ProtocolError::ExpectedFin);
            }
            if rsv1 {
                return Err(ProtocolError::UnexpectedRsv1);
            }
            // RFC 6455 §5.5.1: a close frame's body starts with a 2-byte code.
            if usize::from(inline_length) > MAX_CONTROL_PAYLOAD
                || (control == Control::Close && inline_length == 1)
            {
                return Err(ProtocolError::InvalidControlPayloadLength(inline_length));
            }
            match control {
                Control::Close => FrameKind::Close,
                Control::Ping => FrameKind::Ping,
                Control::Pong | Control::Reserved(_) => FrameKind::Pong,
            }
        }
        OpCode::Data(Data::Reserved(_)) | OpCode::Control(Control::Reserved(_)) => {
            return Err(ProtocolError::InvalidOpcode(nibble));
        }
    };

    // RFC 6455 §5.1: a server closes on an unmasked frame, a client on a masked one.
    let masked = second & 0x80 != 0;
    match (role, masked) {
        (Role::Server, false) => return Err(ProtocolError::ExpectedMask),
        (Role::Client, true) => return Err(ProtocolError::UnexpectedMask),
        (Role::Server, true) | (Role::Client, false) => {}
    }

    let length = match inline_length {
        126 => LengthField::Extended16,
        127 => LengthField::Extended64,
        inline => LengthField::Inline(inline),
    };
    Ok(Start {
        fin,
        kind,
        masked,
        length,
    })
}

#[cfg(test)]
mod tests;
