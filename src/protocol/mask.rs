//! Masking of payloads, which is its own inverse. RFC 6455 §5.3.
//!
//! Decides: octet `i` of a payload is combined with octet `i mod 4` of the
//! masking key, also where the payload arrives in pieces.
//! Refuses: choosing keys. Randomness is the caller's.

/// Masks or unmasks `data`, which starts `offset` bytes into its payload.
#[inline]
pub fn apply_mask(data: &mut [u8], key: [u8; 4], offset: usize) {
    // Little-endian keeps the first octet lowest, so that a rotation to the
    // right moves the octet at the phase to the front.
    let phase = match offset % 4 {
        0 => 0,
        1 => 8,
        2 => 16,
        _ => 24,
    };
    let word = u32::from_le_bytes(key).rotate_right(phase);
    let wide = u64::from(word) << 32 | u64::from(word);

    let (chunks, tail) = data.as_chunks_mut::<8>();
    for chunk in chunks {
        *chunk = (u64::from_le_bytes(*chunk) ^ wide).to_le_bytes();
    }
    for (byte, key) in tail.iter_mut().zip(wide.to_le_bytes()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::apply_mask;

    const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

    /// RFC 6455 §5.3, octet by octet.
    fn masked(data: &[u8], offset: usize) -> Vec<u8> {
        data.iter()
            .enumerate()
            .map(|(i, byte)| byte ^ KEY[(i + offset) % 4])
            .collect()
    }

    #[test]
    fn masks_the_example_of_the_rfc() {
        let mut data = *b"Hello";
        apply_mask(&mut data, KEY, 0);
        assert_eq!(data, [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    }

    #[test]
    fn agrees_with_the_definition_at_every_length_and_phase() {
        for length in 0..100_usize {
            for offset in 0..9 {
                let mut data: Vec<u8> = (0..=255).cycle().take(length).collect();
                let expected = masked(&data, offset);
                apply_mask(&mut data, KEY, offset);
                assert_eq!(data, expected, "length {length}, offset {offset}");
            }
        }
    }

    #[test]
    fn masks_a_payload_that_arrives_byte_by_byte() {
        let mut data: Vec<u8> = (0..=255).collect();
        let expected = masked(&data, 0);
        for (offset, byte) in data.chunks_mut(1).enumerate() {
            apply_mask(byte, KEY, offset);
        }
        assert_eq!(data, expected);
    }
}
