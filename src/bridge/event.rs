//! What an I/O thread tells JavaScript.

/// Where the number of a protocol error stands: the core failed, not the peer.
pub const INTERNAL_ERROR: u32 = 255;

/// The kind of an inbound record. The numbers are known to JavaScript, which
/// takes them from the addon's constants.
///
/// `detail` is the 23-bit number in a record's first word, `value` the word of
/// a record that has no payload.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum EventKind {
    /// A request for an upgrade. Payload: the fields of the request, a line
    /// each; `detail`: what is wrong with it, see `net/opening.rs`.
    Handshake = 1,
    /// A text message, valid UTF-8 unless validation is off.
    Text = 2,
    /// A binary message.
    Binary = 3,
    /// A ping frame.
    Ping = 4,
    /// A pong frame.
    Pong = 5,
    /// A close frame. Payload: the reason; `detail`: the code, 1005 for none.
    Close = 6,
    /// The connection failed. `detail`: the error's number; `value`: its
    /// parameter.
    Error = 7,
    /// The peer ended its side, before us; all that it sent was told.
    End = 8,
    /// The transport is gone; the last event of a connection. `detail`: 1 if
    /// close frames went both ways, 2 if the peer ended its side and there was
    /// no `End`, since ours had ended before; and above these bits the system's
    /// number of the error that ended it. Payload: bytes read, bytes written, and
    /// how many commands that asked to know were dropped before they were
    /// compressed, three little-endian doubles.
    Closed = 9,
    /// The kernel took all bytes of `value` more commands that asked to know.
    Sent = 10,
    /// A listener is closed and so are all connections that it accepted; in
    /// place of a connection's index stands the listener's.
    ServerClosed = 11,
    /// The next event is a message of several frames. Payload: their lengths,
    /// native 32-bit words.
    Fragments = 12,
    /// What was received, as it came.
    Raw = 13,
    /// Payloads of some length lie in another slab from here on. In place of a
    /// connection's index stands the slot of who writes it; `value`: its number
    /// in this call.
    Slab = 14,
}

impl EventKind {
    /// The events of which nothing but the coming and going of connections is made.
    pub(super) const OF_CONNECTIONS: [Self; 4] =
        [Self::Handshake, Self::Close, Self::End, Self::Closed];
}
