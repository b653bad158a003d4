//! What a peer can do wrong once the connection is open, and what follows from it.
//!
//! Decides: for each violation its number (the key of the table by which
//! JavaScript builds the error), its `ws` code, the close code that goes on the
//! wire, and its text. Every match names every variant, so that a new violation
//! cannot inherit an answer nobody chose.
//!
//! Refuses: I/O errors. A broken transport never becomes a protocol error.
//!
//! RFC 6455 §7.4.1 (close codes), §8.1 (invalid UTF-8).

use std::{error, fmt};

use super::{deflate::DataError, frame::CloseCode};

/// A violation of the protocol, or of a configured limit, by the peer.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    /// RSV2 or RSV3 is set; no extension defines them.
    UnexpectedRsv23,
    /// RSV1 is set where no negotiated extension allows it.
    UnexpectedRsv1,
    /// A reserved opcode, a continuation of nothing, or a new message inside another.
    InvalidOpcode(u8),
    /// A fragmented control frame.
    ExpectedFin,
    /// A client sent an unmasked frame.
    ExpectedMask,
    /// A server sent a masked frame.
    UnexpectedMask,
    /// A control frame over 125 bytes, or a close frame of one byte.
    InvalidControlPayloadLength(u8),
    /// A close code that must not appear on the wire.
    InvalidCloseCode(u16),
    /// Text or a close reason that is not UTF-8.
    InvalidUtf8,
    /// A frame length that JavaScript cannot represent (over 2^53 - 1).
    UnsupportedDataPayloadLength,
    /// A message longer than `max_payload`.
    UnsupportedMessageLength,
    /// A message of more than `max_fragments` frames.
    TooManyMessageFragments,
    /// An incomplete frame spread over more than `max_buffered_chunks` reads.
    TooManyBufferedChunks,
    /// A compressed message that does not inflate.
    InvalidDeflateData(DataError),
}

impl ProtocolError {
    /// The stable number by which this error crosses to JavaScript, 1 to 14.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::UnexpectedRsv23 => 1,
            Self::UnexpectedRsv1 => 2,
            Self::InvalidOpcode(_) => 3,
            Self::ExpectedFin => 4,
            Self::ExpectedMask => 5,
            Self::UnexpectedMask => 6,
            Self::InvalidControlPayloadLength(_) => 7,
            Self::InvalidCloseCode(_) => 8,
            Self::InvalidUtf8 => 9,
            Self::UnsupportedDataPayloadLength => 10,
            Self::UnsupportedMessageLength => 11,
            Self::TooManyMessageFragments => 12,
            Self::TooManyBufferedChunks => 13,
            Self::InvalidDeflateData(_) => 14,
        }
    }

    /// The offending value that the text quotes, or the number of the text; 0 where
    /// there is neither.
    #[must_use]
    pub const fn parameter(self) -> u16 {
        match self {
            Self::InvalidOpcode(value) | Self::InvalidControlPayloadLength(value) => value as u16,
            Self::InvalidCloseCode(code) => code,
            Self::InvalidDeflateData(error) => error.number(),
            Self::UnexpectedRsv23
            | Self::UnexpectedRsv1
            | Self::ExpectedFin
            | Self::ExpectedMask
            | Self::UnexpectedMask
            | Self::InvalidUtf8
            | Self::UnsupportedDataPayloadLength
            | Self::UnsupportedMessageLength
            | Self::TooManyMessageFragments
            | Self::TooManyBufferedChunks => 0,
        }
    }

    /// The `code` property of the JavaScript error.
    #[must_use]
    pub const fn ws_code(self) -> &'static str {
        match self {
            Self::UnexpectedRsv23 => "WS_ERR_UNEXPECTED_RSV_2_3",
            Self::UnexpectedRsv1 => "WS_ERR_UNEXPECTED_RSV_1",
            Self::InvalidOpcode(_) => "WS_ERR_INVALID_OPCODE",
            Self::ExpectedFin => "WS_ERR_EXPECTED_FIN",
            Self::ExpectedMask => "WS_ERR_EXPECTED_MASK",
            Self::UnexpectedMask => "WS_ERR_UNEXPECTED_MASK",
            Self::InvalidControlPayloadLength(_) => "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH",
            Self::InvalidCloseCode(_) => "WS_ERR_INVALID_CLOSE_CODE",
            Self::InvalidUtf8 => "WS_ERR_INVALID_UTF8",
            Self::UnsupportedDataPayloadLength => "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH",
            Self::UnsupportedMessageLength => "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH",
            Self::TooManyMessageFragments | Self::TooManyBufferedChunks => {
                "WS_ERR_TOO_MANY_BUFFERED_PARTS"
            }
            // The inflate error of Node, which ws passes on.
            Self::InvalidDeflateData(_) => "Z_DATA_ERROR",
        }
    }

    /// The status code of the close frame that fails the connection.
    #[must_use]
    pub fn close_code(self) -> u16 {
        u16::from(match self {
            Self::UnexpectedRsv23
            | Self::UnexpectedRsv1
            | Self::InvalidOpcode(_)
            | Self::ExpectedFin
            | Self::ExpectedMask
            | Self::UnexpectedMask
            | Self::InvalidControlPayloadLength(_)
            | Self::InvalidCloseCode(_) => CloseCode::Protocol,
            Self::InvalidUtf8 | Self::InvalidDeflateData(_) => CloseCode::Invalid,
            Self::UnsupportedDataPayloadLength | Self::UnsupportedMessageLength => CloseCode::Size,
            Self::TooManyMessageFragments | Self::TooManyBufferedChunks => CloseCode::Policy,
        })
    }
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const FRAME: &str = "Invalid WebSocket frame:";
        match self {
            Self::UnexpectedRsv23 => write!(f, "{FRAME} RSV2 and RSV3 must be clear"),
            Self::UnexpectedRsv1 => write!(f, "{FRAME} RSV1 must be clear"),
            Self::InvalidOpcode(opcode) => write!(f, "{FRAME} invalid opcode {opcode}"),
            Self::ExpectedFin => write!(f, "{FRAME} FIN must be set"),
            Self::ExpectedMask => write!(f, "{FRAME} MASK must be set"),
            Self::UnexpectedMask => write!(f, "{FRAME} MASK must be clear"),
            Self::InvalidControlPayloadLength(length) => {
                write!(f, "{FRAME} invalid payload length {length}")
            }
            Self::InvalidCloseCode(code) => write!(f, "{FRAME} invalid status code {code}"),
            Self::InvalidUtf8 => write!(f, "{FRAME} invalid UTF-8 sequence"),
            Self::UnsupportedDataPayloadLength => {
                f.write_str("Unsupported WebSocket frame: payload length > 2^53 - 1")
            }
            Self::UnsupportedMessageLength => f.write_str("Max payload size exceeded"),
            Self::TooManyMessageFragments => f.write_str("Too many message fragments"),
            Self::TooManyBufferedChunks => f.write_str("Too many buffered chunks"),
            Self::InvalidDeflateData(error) => error.fmt(f),
        }
    }
}

impl error::Error for ProtocolError {}

#[cfg(test)]
mod tests {
    use super::{
        DataError,
        ProtocolError::{self, *},
    };

    const TABLE: [(ProtocolError, u16, u16, &str, &str); 14] = [
        (
            UnexpectedRsv23,
            1002,
            0,
            "WS_ERR_UNEXPECTED_RSV_2_3",
            "Invalid WebSocket frame: RSV2 and RSV3 must be clear",
        ),
        (
            UnexpectedRsv1,
            1002,
            0,
            "WS_ERR_UNEXPECTED_RSV_1",
            "Invalid WebSocket frame: RSV1 must be clear",
        ),
        (
            InvalidOpcode(11),
            1002,
            11,
            "WS_ERR_INVALID_OPCODE",
            "Invalid WebSocket frame: invalid opcode 11",
        ),
        (
            ExpectedFin,
            1002,
            0,
            "WS_ERR_EXPECTED_FIN",
            "Invalid WebSocket frame: FIN must be set",
        ),
        (
            ExpectedMask,
            1002,
            0,
            "WS_ERR_EXPECTED_MASK",
            "Invalid WebSocket frame: MASK must be set",
        ),
        (
            UnexpectedMask,
            1002,
            0,
            "WS_ERR_UNEXPECTED_MASK",
            "Invalid WebSocket frame: MASK must be clear",
        ),
        (
            InvalidControlPayloadLength(126),
            1002,
            126,
            "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH",
            "Invalid WebSocket frame: invalid payload length 126",
        ),
        (
            InvalidCloseCode(1005),
            1002,
            1005,
            "WS_ERR_INVALID_CLOSE_CODE",
            "Invalid WebSocket frame: invalid status code 1005",
        ),
        (
            InvalidUtf8,
            1007,
            0,
            "WS_ERR_INVALID_UTF8",
            "Invalid WebSocket frame: invalid UTF-8 sequence",
        ),
        (
            UnsupportedDataPayloadLength,
            1009,
            0,
            "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH",
            "Unsupported WebSocket frame: payload length > 2^53 - 1",
        ),
        (
            UnsupportedMessageLength,
            1009,
            0,
            "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH",
            "Max payload size exceeded",
        ),
        (
            TooManyMessageFragments,
            1008,
            0,
            "WS_ERR_TOO_MANY_BUFFERED_PARTS",
            "Too many message fragments",
        ),
        (
            TooManyBufferedChunks,
            1008,
            0,
            "WS_ERR_TOO_MANY_BUFFERED_PARTS",
            "Too many buffered chunks",
        ),
        (
            InvalidDeflateData(DataError::BlockType),
            1007,
            1,
            "Z_DATA_ERROR",
            "invalid block type",
        ),
    ];

    #[test]
    fn each_error_has_the_number_codes_and_text_of_the_table() {
        for (index, (error, close_code, parameter, ws_code, text)) in TABLE.into_iter().enumerate()
        {
            assert_eq!(usize::from(error.number()), index + 1);
            assert_eq!(error.close_code(), close_code, "{error}");
            assert_eq!(error.parameter(), parameter, "{error}");
            assert_eq!(error.ws_code(), ws_code);
            assert_eq!(error.to_string(), text);
        }
    }
}
