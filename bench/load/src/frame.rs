//! RFC 6455 §5.2 frame headers, as far as a load generator meets them.

use crate::message::Failure;

/// Two octets, eight of extended payload length, four of masking key.
pub const MAX_HEADER: usize = 14;

/// What the seven bits of length say when the length follows them.
const LENGTH_IN_TWO_OCTETS: u8 = 126;
const LENGTH_IN_EIGHT_OCTETS: u8 = 127;

pub const CONTINUATION: u8 = 0x0;
pub const TEXT: u8 = 0x1;
pub const BINARY: u8 = 0x2;
pub const CLOSE: u8 = 0x8;
pub const PING: u8 = 0x9;
pub const PONG: u8 = 0xa;

#[derive(Clone, Copy)]
pub struct Header {
    pub fin: bool,
    /// RFC 7692 §6: the message is compressed.
    pub rsv1: bool,
    pub opcode: u8,
    pub masking_key: Option<[u8; 4]>,
    pub payload_length: usize,
}

impl Header {
    /// Reads a header at the start of `bytes` and says how many octets it
    /// took; `None` when more are needed.
    #[inline]
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Failure> {
        let [first, second, rest @ ..] = bytes else {
            return Ok(None);
        };
        if first & 0x30 != 0 {
            return Err("a reply has a reserved bit set".into());
        }
        let (payload_length, rest) = match second & 0x7f {
            LENGTH_IN_TWO_OCTETS => match rest.split_first_chunk::<2>() {
                Some((length, rest)) => (u64::from(u16::from_be_bytes(*length)), rest),
                None => return Ok(None),
            },
            LENGTH_IN_EIGHT_OCTETS => match rest.split_first_chunk::<8>() {
                Some((length, rest)) => (u64::from_be_bytes(*length), rest),
                None => return Ok(None),
            },
            length => (u64::from(length), rest),
        };
        let (masking_key, rest) = if second & 0x80 == 0 {
            (None, rest)
        } else {
            match rest.split_first_chunk::<4>() {
                Some((key, rest)) => (Some(*key), rest),
                None => return Ok(None),
            }
        };
        let header = Self {
            fin: first & 0x80 != 0,
            rsv1: first & 0x40 != 0,
            opcode: first & 0x0f,
            masking_key,
            payload_length: usize::try_from(payload_length)?,
        };
        Ok(Some((header, bytes.len() - rest.len())))
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        let mask_bit = if self.masking_key.is_some() { 0x80 } else { 0 };
        out.push(u8::from(self.fin) << 7 | u8::from(self.rsv1) << 6 | self.opcode);
        if let Ok(short @ 0..=125) = u8::try_from(self.payload_length) {
            out.push(mask_bit | short);
        } else if let Ok(medium) = u16::try_from(self.payload_length) {
            out.push(mask_bit | LENGTH_IN_TWO_OCTETS);
            out.extend_from_slice(&medium.to_be_bytes());
        } else {
            out.push(mask_bit | LENGTH_IN_EIGHT_OCTETS);
            out.extend_from_slice(&(self.payload_length as u64).to_be_bytes());
        }
        out.extend(self.masking_key.iter().flatten());
    }
}

#[cfg(test)]
mod tests {
    use super::{BINARY, Header};

    #[test]
    fn every_length_form_reads_back_and_not_before_its_last_octet() {
        for (payload_length, octets) in [
            (0, 6),
            (125, 6),
            (126, 8),
            (65_535, 8),
            (65_536, 14),
            (1 << 20, 14),
        ] {
            let mut bytes = Vec::new();
            Header {
                fin: true,
                rsv1: false,
                opcode: BINARY,
                masking_key: Some([1, 2, 3, 4]),
                payload_length,
            }
            .write(&mut bytes);
            assert_eq!(bytes.len(), octets);
            for short in 0..octets {
                assert!(Header::parse(&bytes[..short]).unwrap().is_none());
            }
            bytes.push(0xff);
            let (header, taken) = Header::parse(&bytes).unwrap().unwrap();
            assert_eq!(taken, octets);
            assert_eq!(header.payload_length, payload_length);
            assert_eq!(header.masking_key, Some([1, 2, 3, 4]));
            assert!(header.fin);
            assert_eq!(header.opcode, BINARY);
        }
    }

    #[test]
    fn a_reserved_bit_without_a_meaning_is_refused() {
        assert!(Header::parse(&[0xa2, 0]).is_err());
    }
}
