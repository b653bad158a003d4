//! What was negotiated, and how we compress.
//!
//! Decides: how the configuration crosses from JavaScript, and that what is out of
//! range is brought into it.
//!
//! RFC 7692 §7.1.1 (context takeover), §7.1.2 (window sizes).

/// Words of a configuration; see [`DeflateConfig::from_words`].
pub const DEFLATE_WORDS: usize = 3;

/// Bit of the first word: permessage-deflate was negotiated.
const NEGOTIATED: u32 = 1;
const OWN_NO_CONTEXT_TAKEOVER: u32 = 1 << 1;
const PEER_NO_CONTEXT_TAKEOVER: u32 = 1 << 2;

/// A threshold of this many bytes, or more, is never reached.
const UNREACHABLE_THRESHOLD: u32 = u32::MAX;

/// How zlib looks for matches.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// For any data.
    #[default]
    Default,
    /// For small values with a somewhat random distribution.
    Filtered,
    /// No matches, only Huffman coding.
    HuffmanOnly,
    /// Only runs of one byte.
    Rle,
    /// No dynamic Huffman codes.
    Fixed,
}

impl Strategy {
    /// By zlib's number: `Z_FILTERED` is 1.
    const fn from_number(number: u32) -> Self {
        match number {
            1 => Self::Filtered,
            2 => Self::HuffmanOnly,
            3 => Self::Rle,
            4 => Self::Fixed,
            _ => Self::Default,
        }
    }

    const fn number(self) -> u32 {
        match self {
            Self::Default => 0,
            Self::Filtered => 1,
            Self::HuffmanOnly => 2,
            Self::Rle => 3,
            Self::Fixed => 4,
        }
    }
}

/// The agreed parameters of permessage-deflate and the settings of our side.
/// `own` is what we send, `peer` what we receive.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct DeflateConfig {
    /// Each of our messages is compressed by itself.
    pub own_no_context_takeover: bool,
    /// Each of the peer's messages is compressed by itself.
    pub peer_no_context_takeover: bool,
    /// The base-2 logarithm of our window, 8 to 15.
    pub own_max_window_bits: u8,
    /// The base-2 logarithm of the peer's window, 8 to 15.
    pub peer_max_window_bits: u8,
    /// zlib's level, 0 (store) to 9; -1 stands for 6.
    pub level: i8,
    /// zlib's `memLevel`, 1 to 9: the size of the buffers of a deflate state.
    pub mem_level: u8,
    /// zlib's strategy.
    pub strategy: Strategy,
    /// Without our context takeover, messages of less than this many bytes are
    /// sent as they are.
    pub threshold: usize,
}

/// What of a [`DeflateConfig`] is needed to inflate the peer's messages.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct InflateConfig {
    /// Each of the peer's messages is compressed by itself.
    pub no_context_takeover: bool,
    /// The base-2 logarithm of the peer's window, 8 to 15.
    pub max_window_bits: u8,
}

impl Default for DeflateConfig {
    /// What is agreed where neither side asks for anything, and the settings of
    /// `ws` and Node.
    fn default() -> Self {
        Self {
            own_no_context_takeover: false,
            peer_no_context_takeover: false,
            own_max_window_bits: 15,
            peer_max_window_bits: 15,
            level: -1,
            mem_level: 8,
            strategy: Strategy::Default,
            threshold: 1024,
        }
    }
}

impl DeflateConfig {
    /// The peer's part.
    #[must_use]
    pub const fn inflate(&self) -> InflateConfig {
        InflateConfig {
            no_context_takeover: self.peer_no_context_takeover,
            max_window_bits: self.peer_max_window_bits,
        }
    }

    /// Reads what JavaScript wrote (`deflateWordsOf`); `None` if nothing was
    /// negotiated, in which case all words are 0.
    ///
    /// 1. Bits 0 to 2: negotiated, own and peer's no context takeover; bits 8 to 15
    ///    and 16 to 23: own and peer's `max_window_bits`.
    /// 2. Bits 0 to 7: the level plus 1; 8 to 15: `memLevel`; 16 to 23: strategy.
    /// 3. The threshold in bytes; 2^32 - 1 is never reached.
    #[must_use]
    pub fn from_words(words: &[u32]) -> Option<Self> {
        let &[first, second, threshold] = words else {
            return None;
        };
        if first & NEGOTIATED == 0 {
            return None;
        }
        let [_, own_bits, peer_bits, _] = first.to_le_bytes();
        let [level, mem_level, strategy, _] = second.to_le_bytes();
        Some(Self {
            own_no_context_takeover: first & OWN_NO_CONTEXT_TAKEOVER != 0,
            peer_no_context_takeover: first & PEER_NO_CONTEXT_TAKEOVER != 0,
            own_max_window_bits: own_bits.clamp(8, 15),
            peer_max_window_bits: peer_bits.clamp(8, 15),
            level: level.min(10).cast_signed() - 1,
            mem_level: mem_level.clamp(1, 9),
            strategy: Strategy::from_number(strategy.into()),
            threshold: if threshold == UNREACHABLE_THRESHOLD {
                usize::MAX
            } else {
                usize::try_from(threshold).unwrap_or(usize::MAX)
            },
        })
    }

    /// Writes what [`from_words`](Self::from_words) reads.
    #[must_use]
    pub fn to_words(&self) -> [u32; DEFLATE_WORDS] {
        let switch = |on: bool, bit: u32| if on { bit } else { 0 };
        [
            NEGOTIATED
                | switch(self.own_no_context_takeover, OWN_NO_CONTEXT_TAKEOVER)
                | switch(self.peer_no_context_takeover, PEER_NO_CONTEXT_TAKEOVER)
                | u32::from(self.own_max_window_bits) << 8
                | u32::from(self.peer_max_window_bits) << 16,
            u32::from(self.level.saturating_add(1).cast_unsigned())
                | u32::from(self.mem_level) << 8
                | self.strategy.number() << 16,
            u32::try_from(self.threshold).unwrap_or(UNREACHABLE_THRESHOLD),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::{DEFLATE_WORDS, DeflateConfig, Strategy};

    #[test]
    fn words_say_all_there_is() {
        for config in [
            DeflateConfig::default(),
            DeflateConfig {
                own_no_context_takeover: true,
                peer_no_context_takeover: false,
                own_max_window_bits: 8,
                peer_max_window_bits: 9,
                level: 9,
                mem_level: 1,
                strategy: Strategy::Fixed,
                threshold: 0,
            },
            DeflateConfig {
                own_no_context_takeover: false,
                peer_no_context_takeover: true,
                own_max_window_bits: 14,
                peer_max_window_bits: 10,
                level: 0,
                mem_level: 9,
                strategy: Strategy::HuffmanOnly,
                threshold: usize::MAX,
            },
        ] {
            assert_eq!(DeflateConfig::from_words(&config.to_words()), Some(config));
        }
    }

    #[test]
    fn zeros_say_that_nothing_was_negotiated() {
        assert_eq!(DeflateConfig::from_words(&[0; DEFLATE_WORDS]), None);
        assert_eq!(DeflateConfig::from_words(&[]), None);
    }

    #[test]
    fn what_is_out_of_range_is_brought_into_it() {
        let config = DeflateConfig::from_words(&[0x00ff_0001, 0x00ff_00ff, 5]);
        assert_eq!(
            config,
            Some(DeflateConfig {
                own_max_window_bits: 8,
                level: 9,
                mem_level: 1,
                threshold: 5,
                ..DeflateConfig::default()
            })
        );
    }
}
