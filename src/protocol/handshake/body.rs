//! Skipping the body of a request that is answered without reading it, to find
//! the next head behind it.
//!
//! Decides: where the body ends. Refuses: keeping any of it, but for one
//! chunk-size line.
//!
//! RFC 9112 §6 (body), §7.1 (chunked coding).

use httparse::{Status, parse_chunk_size};

use super::head::{HeadError, MAX_HEAD_BYTES};

/// What follows a request head.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    None,
    /// So many bytes.
    Length(u64),
    /// Chunks.
    Chunked,
    /// Bytes in a transfer coding whose end cannot be told; the connection is
    /// closed after the answer.
    Unreadable,
}

/// The longest chunk-size line, extensions included.
const MAX_SIZE_LINE: usize = 256;

#[derive(Debug)]
enum State {
    Data(u64),
    /// The line so far.
    ChunkSize(Vec<u8>),
    ChunkData(u64),
    /// Bytes seen of the CRLF behind a chunk.
    ChunkEnd(u8),
    Trailers {
        total: usize,
        line: usize,
        after_return: bool,
    },
    Unreadable,
    Done,
}

/// Finds the end of a body.
#[derive(Debug)]
pub struct BodySkipper(State);

impl BodySkipper {
    /// A skipper at the start of a body.
    #[must_use]
    pub fn new(body: Body) -> Self {
        Self(match body {
            Body::None => State::Done,
            Body::Length(length) => State::Data(length),
            Body::Chunked => State::ChunkSize(Vec::new()),
            Body::Unreadable => State::Unreadable,
        })
    }

    /// Whether the body has ended.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self.0, State::Done)
    }

    /// Skips what `input` has of the body and returns how many bytes that is.
    ///
    /// # Errors
    /// If the end of the body cannot be found. As the answer is already written,
    /// the connection is closed without another.
    pub fn skip(&mut self, input: &[u8]) -> Result<usize, HeadError> {
        let mut rest = input;
        while !rest.is_empty() && !self.is_done() {
            rest = self.step(rest)?;
        }
        if let State::Unreadable = self.0 {
            return Err(HeadError::Malformed);
        }
        Ok(input.len() - rest.len())
    }

    fn step<'a>(&mut self, input: &'a [u8]) -> Result<&'a [u8], HeadError> {
        match &mut self.0 {
            State::Data(remaining) => {
                let rest = skip_bytes(remaining, input);
                if *remaining == 0 {
                    self.0 = State::Done;
                }
                Ok(rest)
            }
            State::ChunkSize(line) => {
                let (part, rest) = split_line(input);
                line.extend(part.iter().take(MAX_SIZE_LINE + 1));
                if line.len() > MAX_SIZE_LINE || !line.first().is_some_and(u8::is_ascii_hexdigit) {
                    return Err(HeadError::Malformed);
                }
                match parse_chunk_size(line) {
                    Ok(Status::Partial) => {}
                    Ok(Status::Complete((_, 0))) => {
                        self.0 = State::Trailers {
                            total: 0,
                            line: 0,
                            after_return: false,
                        };
                    }
                    Ok(Status::Complete((_, size))) => self.0 = State::ChunkData(size),
                    Err(_) => return Err(HeadError::Malformed),
                }
                Ok(rest)
            }
            State::ChunkData(remaining) => {
                let rest = skip_bytes(remaining, input);
                if *remaining == 0 {
                    self.0 = State::ChunkEnd(0);
                }
                Ok(rest)
            }
            State::ChunkEnd(seen) => match (*seen, input) {
                (0, [b'\r', rest @ ..]) => {
                    *seen = 1;
                    Ok(rest)
                }
                (1, [b'\n', rest @ ..]) => {
                    self.0 = State::ChunkSize(Vec::new());
                    Ok(rest)
                }
                _ => Err(HeadError::Malformed),
            },
            State::Trailers { .. } => self.skip_trailer_byte(input),
            State::Unreadable => Err(HeadError::Malformed),
            State::Done => Ok(input),
        }
    }

    fn skip_trailer_byte<'a>(&mut self, input: &'a [u8]) -> Result<&'a [u8], HeadError> {
        let (
            State::Trailers {
                total,
                line,
                after_return,
            },
            Some((&byte, rest)),
        ) = (&mut self.0, input.split_first())
        else {
            return Ok(input);
        };
        *total += 1;
        if *total > MAX_HEAD_BYTES {
            return Err(HeadError::TooLarge);
        }
        match (byte, *after_return) {
            (b'\r', false) => *after_return = true,
            (b'\n', true) if *line == 0 => self.0 = State::Done,
            (b'\n', true) => {
                *line = 0;
                *after_return = false;
            }
            (b'\r' | b'\n', _) | (_, true) => return Err(HeadError::Malformed),
            (_, false) => *line += 1,
        }
        Ok(rest)
    }
}

fn skip_bytes<'a>(remaining: &mut u64, input: &'a [u8]) -> &'a [u8] {
    let skipped = usize::try_from(*remaining)
        .unwrap_or(usize::MAX)
        .min(input.len());
    *remaining = remaining.saturating_sub(skipped as u64);
    input.get(skipped..).unwrap_or_default()
}

/// Splits behind the first line feed, or at the end.
fn split_line(input: &[u8]) -> (&[u8], &[u8]) {
    let end = input
        .iter()
        .position(|&byte| byte == b'\n')
        .map_or(input.len(), |line_feed| line_feed + 1);
    input.split_at_checked(end).unwrap_or((input, &[]))
}

#[cfg(test)]
mod tests;
