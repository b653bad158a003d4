//! A header field that the input may cut.
//!
//! Decides: a field that lies whole in the input is read from there; of one that
//! is cut, what there is of it is kept, at most eight bytes.
//!
//! RFC 6455 §5.2: the fields are two bytes, an extended length of two or eight,
//! and a masking key of four.

/// The first bytes of a field that the last input cut; empty if none was.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct CutField {
    bytes: [u8; 8],
    length: u8,
}

impl CutField {
    /// Whether no field is cut.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Takes a field of `N` bytes (at most 8) from the input, or keeps what there
    /// is of it.
    #[inline]
    pub fn take<const N: usize>(&mut self, input: &[u8], position: &mut usize) -> Option<[u8; N]> {
        let rest = input.get(*position..)?;
        if self.length == 0
            && let Some(field) = rest.first_chunk()
        {
            *position += N;
            return Some(*field);
        }
        self.take_cut(rest, position)
    }

    #[cold]
    fn take_cut<const N: usize>(&mut self, rest: &[u8], position: &mut usize) -> Option<[u8; N]> {
        let have = usize::from(self.length);
        let room = self.bytes.get_mut(have..N)?;
        for (slot, byte) in room.iter_mut().zip(rest) {
            *slot = *byte;
            self.length += 1;
            *position += 1;
        }
        if usize::from(self.length) < N {
            return None;
        }
        self.length = 0;
        self.bytes.first_chunk().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::CutField;

    #[test]
    fn takes_a_whole_field_from_the_input() {
        let (mut field, mut position) = (CutField::default(), 1);
        assert_eq!(field.take(b"abcd", &mut position), Some(*b"bc"));
        assert_eq!(position, 3);
        assert!(field.is_empty());
    }

    #[test]
    fn keeps_a_cut_field_until_it_is_complete() {
        let (mut field, mut position) = (CutField::default(), 0);
        assert_eq!(field.take::<4>(b"abc", &mut position), None);
        assert_eq!(position, 3);
        assert!(!field.is_empty());
        assert_eq!(field.take::<4>(b"abc", &mut position), None);
        position = 0;
        assert_eq!(field.take(b"de", &mut position), Some(*b"abcd"));
        assert_eq!(position, 1);
        assert!(field.is_empty());
    }

    #[test]
    fn takes_eight_bytes_one_by_one() {
        let mut field = CutField::default();
        for byte in b"1234567" {
            assert_eq!(field.take::<8>(&[*byte], &mut 0), None);
        }
        assert_eq!(field.take(b"8", &mut 0), Some(*b"12345678"));
    }
}
