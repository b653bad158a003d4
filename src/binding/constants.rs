//! The numbers that JavaScript and Rust must agree on, as the addon exports
//! them.

use napi_derive::napi;

use crate::bridge::{self, CommandKind, EventKind, RECORD_WORDS, flag};
use crate::net::CONFIG_WORDS;
use crate::protocol::{DataError, ProtocolError};

macro_rules! constants {
    ($($name:ident = $value:expr;)*) => {
        $(
            #[allow(
                clippy::cast_possible_truncation,
                reason = "none of them is above 2^32"
            )]
            #[napi]
            #[doc = concat!("See `", stringify!($value), "`.")]
            pub const $name: u32 = $value as u32;
        )*
    };
}

constants! {
    EVENT_HANDSHAKE = EventKind::Handshake;
    EVENT_TEXT = EventKind::Text;
    EVENT_BINARY = EventKind::Binary;
    EVENT_PING = EventKind::Ping;
    EVENT_PONG = EventKind::Pong;
    EVENT_CLOSE = EventKind::Close;
    EVENT_ERROR = EventKind::Error;
    EVENT_END = EventKind::End;
    EVENT_CLOSED = EventKind::Closed;
    EVENT_SENT = EventKind::Sent;
    EVENT_SERVER_CLOSED = EventKind::ServerClosed;
    EVENT_FRAGMENTS = EventKind::Fragments;
    EVENT_RAW = EventKind::Raw;
    EVENT_SLAB = EventKind::Slab;
    EVENT_RECORD_WORDS = RECORD_WORDS;
    SLAB_OFFSET_BITS = bridge::SLAB_OFFSET_BITS;
    INTERNAL_ERROR = bridge::INTERNAL_ERROR;

    COMMAND_FRAME = CommandKind::Frame;
    COMMAND_RAW = CommandKind::Raw;
    COMMAND_UPGRADE = CommandKind::Upgrade;
    COMMAND_END = CommandKind::End;
    COMMAND_TERMINATE = CommandKind::Terminate;
    COMMAND_PAUSE = CommandKind::Pause;
    COMMAND_RESUME = CommandKind::Resume;
    COMMAND_TAP = CommandKind::Tap;
    COMMAND_LEAVE_PINGS = CommandKind::LeavePings;
    COMMAND_INJECT = CommandKind::Inject;
    COMMAND_FRAMES = CommandKind::Frames;
    FLAG_OPCODE_SHIFT = flag::OPCODE_SHIFT;
    FLAG_FIN = flag::FIN;
    FLAG_RSV1 = flag::RSV1;
    FLAG_MASK = flag::MASK;
    FLAG_ACKNOWLEDGE = flag::ACKNOWLEDGE;
    FLAG_KEY = flag::KEY;
    FLAG_RESET = flag::RESET;
    FLAG_COMPRESS = flag::COMPRESS;
    FLAG_SHARED = flag::SHARED;
    BESIDE_BLOCK = bridge::BESIDE_BLOCK;
    BLOCK_SIZE = bridge::BLOCK_SIZE;
    CONFIG_WORD_COUNT = CONFIG_WORDS;
}

/// Of the package whose JavaScript fits to this addon.
#[napi]
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A protocol error as Rust knows it, for comparison with JavaScript's table.
#[napi(object)]
pub struct ProtocolErrorEntry {
    /// Its number in events.
    pub number: u32,
    /// ws's code, `WS_ERR_…`.
    pub code: String,
    /// The close code that goes on the wire.
    pub close_code: u32,
    /// ws's message.
    pub message: String,
}

/// A value for those errors whose message names one.
const PARAMETER: u8 = 3;

const PROTOCOL_ERRORS: [ProtocolError; 14] = [
    ProtocolError::UnexpectedRsv23,
    ProtocolError::UnexpectedRsv1,
    ProtocolError::InvalidOpcode(PARAMETER),
    ProtocolError::ExpectedFin,
    ProtocolError::ExpectedMask,
    ProtocolError::UnexpectedMask,
    ProtocolError::InvalidControlPayloadLength(PARAMETER),
    ProtocolError::InvalidCloseCode(PARAMETER as u16),
    ProtocolError::InvalidUtf8,
    ProtocolError::UnsupportedDataPayloadLength,
    ProtocolError::UnsupportedMessageLength,
    ProtocolError::TooManyMessageFragments,
    ProtocolError::TooManyBufferedChunks,
    ProtocolError::InvalidDeflateData(DataError::TooManySymbols),
];

/// All protocol errors, with 3 for the value that some of them name, or for the
/// number of their text.
#[napi(catch_unwind)]
#[must_use]
pub fn protocol_errors() -> Vec<ProtocolErrorEntry> {
    let entry = |error: &ProtocolError| ProtocolErrorEntry {
        number: error.number().into(),
        code: error.ws_code().to_owned(),
        close_code: error.close_code().into(),
        message: error.to_string(),
    };
    PROTOCOL_ERRORS.iter().map(entry).collect()
}
