//! The last bytes of a stream, to which what follows may refer.
//!
//! RFC 1951 §2, RFC 7692 §7.1.2.

use std::collections::VecDeque;

use zlib_rs::Inflate;

use super::idle;

/// Bytes by whose multiples the memory of a window grows.
const STEP: usize = 1024;

/// At most the last 2^15 bytes of one side's messages. Its memory grows with them,
/// and is never much more than they are.
#[derive(Debug, Default)]
pub(super) struct Window {
    bytes: VecDeque<u8>,
}

impl Window {
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Bytes of memory.
    #[cfg(test)]
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Appends bytes and drops those that leave a window of `size`.
    pub fn push(&mut self, bytes: &[u8], size: usize) {
        let start = bytes.len().saturating_sub(size);
        let latest = bytes.get(start..).unwrap_or_default();
        let excess = self
            .bytes
            .len()
            .saturating_add(latest.len())
            .saturating_sub(size);
        self.bytes.drain(..excess.min(self.bytes.len()));
        if self.bytes.capacity() > size {
            self.bytes.shrink_to(size);
        }
        let needed = self.bytes.len().saturating_add(latest.len());
        if needed > self.bytes.capacity() {
            let wanted = needed.next_multiple_of(STEP).min(size);
            self.bytes
                .reserve_exact(wanted.saturating_sub(self.bytes.len()));
        }
        self.bytes.extend(latest);
    }

    /// Forgets everything and gives the memory back.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Lets a state at the beginning of a stream go on where this window ends.
    pub fn restore(&self, state: &mut Inflate) {
        let (older, newer) = self.bytes.as_slices();
        for bytes in [older, newer] {
            if !bytes.is_empty() {
                let result = state.set_dictionary(bytes);
                debug_assert!(result.is_ok(), "a raw stream takes any dictionary");
            }
        }
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        idle::note_freed(self.bytes.capacity());
    }
}

#[cfg(test)]
mod tests {
    use super::Window;

    #[test]
    fn holds_the_last_bytes() {
        let mut window = Window::default();
        for (pushed, held) in [
            ("abc", "abc"),
            ("defgh", "abcdefgh"),
            ("", "abcdefgh"),
            ("i", "bcdefghi"),
            ("jklmno", "hijklmno"),
            ("0123456789", "23456789"),
            ("x", "3456789x"),
        ] {
            window.push(pushed.as_bytes(), 8);
            assert!(window.bytes.iter().copied().eq(held.bytes()), "{held}");
        }
        assert!(window.capacity() <= 8);
    }
}
