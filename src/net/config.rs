//! What JavaScript decides for a connection when it accepts the handshake.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use crate::protocol::{DEFLATE_WORDS, DeflateConfig, Heartbeat, Limits, ReceiverConfig, Role};

/// Words of the payload of an `Upgrade` command, in the order of the fields of
/// [`ConnectionConfig`]: maxPayload, maxFragments, maxBufferedChunks,
/// maxPendingAutoPongs, switches, closeTimeout, heartbeat interval, heartbeat
/// timeout, maxInboundBytes. Times are milliseconds; 0 turns a limit off, but
/// for maxInboundBytes, by which nothing would be read. The words of
/// [`DeflateConfig`] follow.
pub const CONFIG_WORDS: usize = 9 + DEFLATE_WORDS;

/// Bit of the switches word: answer pings.
pub(crate) const AUTO_PONG: u32 = 1;
/// Bit of the switches word: accept text that is not UTF-8.
pub(crate) const SKIP_UTF8_VALIDATION: u32 = 1 << 1;
/// Bit of the switches word: we are the client.
pub(crate) const CLIENT: u32 = 1 << 2;

/// The options of a connection that the core must know.
#[derive(Clone, Debug)]
pub struct ConnectionConfig {
    /// Which end we are.
    pub role: Role,
    /// What a peer may make us hold.
    pub limits: Limits,
    /// What the receiver is told of all this.
    pub receiver: Arc<ReceiverConfig>,
    /// Answer pings without asking JavaScript.
    pub auto_pong: bool,
    /// Time for the closing handshake, from our close frame on.
    pub close_timeout: Duration,
    /// Ping the peer and expect an answer.
    pub heartbeat: Option<Heartbeat>,
    /// Bytes that may wait for JavaScript before the socket is not read.
    pub max_inbound_bytes: u32,
    /// What was agreed of permessage-deflate.
    pub deflate: Option<DeflateConfig>,
}

/// A configuration and the payload that it was read from.
struct Known {
    payload: Box<[u8]>,
    config: Arc<ConnectionConfig>,
}

thread_local! {
    /// What was read last: the connections of a listener have one configuration.
    static LAST: RefCell<Option<Known>> = const { RefCell::new(None) };
}

impl ConnectionConfig {
    /// As [`from_payload`](Self::from_payload); the same for connections that come
    /// one after the other with the same payload.
    #[must_use]
    pub fn shared(payload: &[u8]) -> Option<Arc<Self>> {
        LAST.with_borrow_mut(|last| {
            if let Some(known) = last
                && *known.payload == *payload
            {
                return Some(Arc::clone(&known.config));
            }
            let config = Arc::new(Self::from_payload(payload)?);
            *last = Some(Known {
                payload: payload.into(),
                config: Arc::clone(&config),
            });
            Some(config)
        })
    }

    /// Reads the payload of an `Upgrade` command.
    #[must_use]
    pub fn from_payload(payload: &[u8]) -> Option<Self> {
        let (words, _) = payload.as_chunks::<4>();
        let words: &[[u8; 4]; CONFIG_WORDS] = words.try_into().ok()?;
        let [
            max_payload,
            max_fragments,
            max_buffered_chunks,
            max_pending_auto_pongs,
            switches,
            close_timeout,
            interval,
            timeout,
            max_inbound_bytes,
            deflate @ ..,
        ] = words.map(u32::from_ne_bytes);
        let role = if switches & CLIENT == 0 {
            Role::Server
        } else {
            Role::Client
        };
        let limits = Limits {
            max_payload: max_payload.into(),
            max_fragments,
            max_buffered_chunks,
            max_pending_auto_pongs,
        };
        let deflate = DeflateConfig::from_words(&deflate);
        Some(Self {
            role,
            limits,
            receiver: Arc::new(ReceiverConfig {
                role,
                limits,
                skip_utf8_validation: switches & SKIP_UTF8_VALIDATION != 0,
                inflate: deflate.map(|deflate| deflate.inflate()),
            }),
            auto_pong: switches & AUTO_PONG != 0,
            close_timeout: milliseconds(close_timeout),
            heartbeat: (interval > 0).then(|| Heartbeat {
                interval: milliseconds(interval),
                timeout: milliseconds(timeout),
            }),
            max_inbound_bytes,
            deflate,
        })
    }
}

fn milliseconds(count: u32) -> Duration {
    Duration::from_millis(count.into())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{CONFIG_WORDS, ConnectionConfig};

    fn payload(max_payload: u32) -> Vec<u8> {
        let mut words = [0u32; CONFIG_WORDS];
        words[0] = max_payload;
        words.iter().flat_map(|word| word.to_ne_bytes()).collect()
    }

    #[test]
    fn equal_payloads_give_one_configuration() {
        let first = ConnectionConfig::shared(&payload(1)).expect("all words");
        let second = ConnectionConfig::shared(&payload(1)).expect("all words");
        let other = ConnectionConfig::shared(&payload(2)).expect("all words");
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(other.limits.max_payload, 2);
        assert_eq!(first.limits.max_payload, 1);
    }

    #[test]
    fn payload_that_is_too_short_gives_none() {
        assert!(ConnectionConfig::shared(&payload(1)[4..]).is_none());
    }
}
