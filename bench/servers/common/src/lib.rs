//! What the Rust programs of the benchmark share: the handlers by name, how a
//! server begins and ends, and the messages that servers send by themselves.
//!
//! A payload is printable ASCII, so that the same bytes serve as text and as
//! binary: sixteen hexadecimal digits, then a pattern by position.

use std::env;
use std::io;
use std::process;
use std::str::FromStr;
use std::thread;

/// Messages of a burst, as in `servers/messages.js`.
pub const BURST: u32 = 1000;

/// Octets of what a server sends by itself, as there.
pub const SIZE: usize = 128;

/// Positions repeat in no power of two, so that a misplaced block shows.
const PATTERN_PERIOD: usize = 89;

pub const TAG_LENGTH: usize = 16;

/// What a server does: see `servers/handlers.js`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Handler {
    Echo,
    Burst,
    Broadcast,
}

impl FromStr for Handler {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "echo" => Ok(Self::Echo),
            "burst" => Ok(Self::Burst),
            // There is no other way here.
            "broadcast" | "broadcast-native" => Ok(Self::Broadcast),
            _ => Err(format!("no such handler: {name}")),
        }
    }
}

impl Handler {
    /// The first argument of the command line.
    ///
    /// # Errors
    ///
    /// It is missing, or names none.
    pub fn from_arguments() -> Result<Self, String> {
        env::args().nth(1).unwrap_or_default().parse()
    }
}

/// Says where the server listens, and lets it end with its standard input.
pub fn announce(port: u16) {
    println!("{{\"port\":{port}}}");
    thread::spawn(|| {
        // Whether it ends or fails, whoever started this server is gone.
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        process::exit(0);
    });
}

/// The text of a message that a server sends by itself.
#[must_use]
pub fn message(number: u32) -> String {
    let digits = digits(number.into());
    (0..SIZE)
        .map(|at| char::from(payload_octet(&digits, at)))
        .collect()
}

#[must_use]
pub fn digits(tag: u64) -> [u8; TAG_LENGTH] {
    let octets = tag.to_be_bytes();
    std::array::from_fn(|at| {
        let nibble = if at % 2 == 0 {
            octets[at / 2] >> 4
        } else {
            octets[at / 2] & 0xf
        };
        b"0123456789abcdef"[usize::from(nibble)]
    })
}

#[must_use]
pub fn payload_octet(digits: &[u8; TAG_LENGTH], at: usize) -> u8 {
    digits.get(at).copied().unwrap_or_else(|| {
        // Below 89, so it fits and stays printable.
        #[expect(clippy::cast_possible_truncation, reason = "less than the period")]
        let step = (at % PATTERN_PERIOD) as u8;
        b'!' + step
    })
}

#[cfg(test)]
mod tests {
    use super::{SIZE, message};

    #[test]
    fn a_message_tells_its_number_and_then_its_positions() {
        let text = message(0x3e7);
        assert_eq!(text.len(), SIZE);
        assert!(text.starts_with("00000000000003e712345"));
        assert_eq!(text.as_bytes()[89], b'!');
    }
}
