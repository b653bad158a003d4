//! UTF-8 that arrives in pieces.
//!
//! Decides: text is refused as soon as the offending byte comes in, inside a
//! fragment and inside a frame that is not complete; a peer need not finish a
//! message whose text is already invalid. Sequences may be cut anywhere.
//! Refuses: keeping bytes. Of a sequence that is cut, only what may follow is
//! remembered.
//!
//! RFC 6455 §8.1; RFC 3629 §4 (the well-formed sequences).

/// Text that is not UTF-8.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct InvalidUtf8;

/// Below this length a byte-wise check is cheaper than finding the cut sequence
/// at the end and entering the vectorised check.
const BULK: usize = 16;

/// Checks a whole text.
///
/// # Errors
/// If it is not UTF-8, or ends inside a sequence.
#[inline]
pub fn validate(text: &[u8]) -> Result<(), InvalidUtf8> {
    match simdutf8::basic::from_utf8(text) {
        Ok(_) => Ok(()),
        Err(_) => Err(InvalidUtf8),
    }
}

/// Checks a text in pieces.
#[derive(Copy, Clone, Debug)]
pub struct Utf8Validator {
    /// Continuation bytes that the current sequence still needs.
    needed: u8,
    /// The range in which the next continuation byte must lie.
    lower: u8,
    upper: u8,
}

impl Default for Utf8Validator {
    fn default() -> Self {
        Self::new()
    }
}

impl Utf8Validator {
    /// A validator at the start of a text.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            needed: 0,
            lower: 0x80,
            upper: 0xbf,
        }
    }

    /// Checks the next piece.
    ///
    /// # Errors
    /// If no text can continue like this.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), InvalidUtf8> {
        if piece.len() < BULK {
            return self.step_through(piece);
        }
        // At most three bytes complete the sequence that the last piece cut.
        let (head, rest) = piece
            .split_at_checked(usize::from(self.needed))
            .ok_or(InvalidUtf8)?;
        self.step_through(head)?;
        let (whole, cut) = split_cut_sequence(rest);
        validate(whole)?;
        self.step_through(cut)
    }

    /// Ends the text.
    ///
    /// # Errors
    /// If it ends inside a sequence.
    pub fn finish(&mut self) -> Result<(), InvalidUtf8> {
        let needed = self.needed;
        *self = Self::new();
        if needed == 0 {
            Ok(())
        } else {
            Err(InvalidUtf8)
        }
    }

    fn step_through(&mut self, bytes: &[u8]) -> Result<(), InvalidUtf8> {
        bytes.iter().try_for_each(|&byte| self.step(byte))
    }

    fn step(&mut self, byte: u8) -> Result<(), InvalidUtf8> {
        if self.needed > 0 {
            if byte < self.lower || byte > self.upper {
                return Err(InvalidUtf8);
            }
            self.needed -= 1;
            self.lower = 0x80;
            self.upper = 0xbf;
            return Ok(());
        }
        // RFC 3629 §4: the second byte is narrower after E0 and F0 (overlong
        // forms), ED (surrogates) and F4 (beyond U+10FFFF).
        (self.needed, self.lower, self.upper) = match byte {
            0x00..=0x7f => (0, 0x80, 0xbf),
            0xc2..=0xdf => (1, 0x80, 0xbf),
            0xe0 => (2, 0xa0, 0xbf),
            0xed => (2, 0x80, 0x9f),
            0xe1..=0xec | 0xee | 0xef => (2, 0x80, 0xbf),
            0xf0 => (3, 0x90, 0xbf),
            0xf1..=0xf3 => (3, 0x80, 0xbf),
            0xf4 => (3, 0x80, 0x8f),
            0x80..=0xc1 | 0xf5..=0xff => return Err(InvalidUtf8),
        };
        Ok(())
    }
}

/// Splits off the sequence at the end that more bytes would complete, if any.
fn split_cut_sequence(text: &[u8]) -> (&[u8], &[u8]) {
    for (back, &byte) in (1_usize..=3).zip(text.iter().rev()) {
        let length = match byte {
            0x80..=0xbf => continue,
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xff => 4,
            0x00..=0x7f => 1,
        };
        if length > back {
            return text
                .split_at_checked(text.len() - back)
                .unwrap_or((text, &[]));
        }
        break;
    }
    (text, &[])
}

#[cfg(test)]
mod tests;
