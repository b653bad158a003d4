//! What can be wrong with compressed data.
//!
//! Decides: the texts, which are zlib's own, since Node and so `ws` report those.
//!
//! RFC 1951 §3.2.

use std::fmt;

/// A violation of the DEFLATE format.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum DataError {
    /// One to which zlib gives no text.
    Unknown,
    /// The reserved block type.
    BlockType,
    /// A stored block whose two lengths do not match.
    StoredBlockLengths,
    /// More length or distance codes than there are.
    TooManySymbols,
    /// The code for the code lengths is incomplete or oversubscribed.
    CodeLengthsSet,
    /// A repetition of nothing, or past the end.
    BitLengthRepeat,
    /// No code for the end of the block.
    MissingEndOfBlock,
    /// The code for literals and lengths is incomplete or oversubscribed.
    LiteralLengthsSet,
    /// The code for distances is incomplete or oversubscribed.
    DistancesSet,
    /// A code that stands for no literal and no length.
    LiteralLengthCode,
    /// A code that stands for no distance.
    DistanceCode,
    /// A distance to before the beginning, or to what has left the window.
    DistanceTooFarBack,
}

impl DataError {
    /// All of them, by number.
    pub const ALL: [Self; 12] = [
        Self::Unknown,
        Self::BlockType,
        Self::StoredBlockLengths,
        Self::TooManySymbols,
        Self::CodeLengthsSet,
        Self::BitLengthRepeat,
        Self::MissingEndOfBlock,
        Self::LiteralLengthsSet,
        Self::DistancesSet,
        Self::LiteralLengthCode,
        Self::DistanceCode,
        Self::DistanceTooFarBack,
    ];

    /// The number by which this error crosses to JavaScript.
    #[must_use]
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// zlib's text; Node's own words where zlib has none.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Unknown => "Zlib error",
            Self::BlockType => "invalid block type",
            Self::StoredBlockLengths => "invalid stored block lengths",
            Self::TooManySymbols => "too many length or distance symbols",
            Self::CodeLengthsSet => "invalid code lengths set",
            Self::BitLengthRepeat => "invalid bit length repeat",
            Self::MissingEndOfBlock => "invalid code -- missing end-of-block",
            Self::LiteralLengthsSet => "invalid literal/lengths set",
            Self::DistancesSet => "invalid distances set",
            Self::LiteralLengthCode => "invalid literal/length code",
            Self::DistanceCode => "invalid distance code",
            Self::DistanceTooFarBack => "invalid distance too far back",
        }
    }

    pub(super) fn from_text(text: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|error| error.text() == text)
            .unwrap_or(Self::Unknown)
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::DataError;

    #[test]
    fn numbers_and_texts_are_those_of_the_list() {
        for (index, error) in DataError::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(error.number()), index);
            assert_eq!(DataError::from_text(error.text()), error);
        }
        assert_eq!(DataError::from_text("never heard of"), DataError::Unknown);
    }
}
