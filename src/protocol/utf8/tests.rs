use super::{InvalidUtf8, Utf8Validator, validate};

/// The position of the byte at which a byte-wise check fails.
fn fails_at(text: &[u8]) -> Option<usize> {
    let mut validator = Utf8Validator::new();
    text.chunks(1)
        .position(|byte| validator.push(byte).is_err())
}

/// Checks in two pieces, cut at `cut`.
fn check_cut(text: &[u8], cut: usize) -> Result<(), InvalidUtf8> {
    let (head, tail) = text.split_at(cut);
    let mut validator = Utf8Validator::new();
    validator.push(head)?;
    validator.push(tail)?;
    validator.finish()
}

#[test]
fn agrees_with_the_standard_library_on_every_short_sequence() {
    // Each class of lead byte and each edge of the ranges of RFC 3629 §4.
    const BYTES: [u8; 24] = [
        0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1,
        0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff,
    ];
    for a in BYTES {
        for b in BYTES {
            for c in BYTES {
                for d in BYTES {
                    let text = [a, b, c, d];
                    let expected = std::str::from_utf8(&text).is_ok();
                    assert_eq!(validate(&text).is_ok(), expected, "{text:x?}");
                    assert_eq!(check_cut(&text, 2).is_ok(), expected, "{text:x?}");
                }
            }
        }
    }
}

#[test]
fn agrees_with_itself_wherever_a_long_text_is_cut() {
    let text = "κόσμε — ﷽ — 😀 — \u{10ffff} — the quick brown fox jumps over it".repeat(2);
    for cut in 0..=text.len() {
        assert_eq!(check_cut(text.as_bytes(), cut), Ok(()), "cut at {cut}");
    }
    let mut damaged = text.into_bytes();
    for place in 0..damaged.len() {
        let byte = std::mem::replace(&mut damaged[place], 0xff);
        for cut in [place, place + 1, damaged.len() / 2] {
            assert_eq!(check_cut(&damaged, cut), Err(InvalidUtf8), "{place}, {cut}");
        }
        damaged[place] = byte;
    }
}

#[test]
fn fails_at_the_offending_byte() {
    assert_eq!(fails_at(b"abc\xffdef"), Some(3));
    assert_eq!(fails_at(b"\xe0\x9f"), Some(1));
    assert_eq!(fails_at(b"\xed\xa0"), Some(1));
    assert_eq!(fails_at(b"\xf0\x8f"), Some(1));
    assert_eq!(fails_at(b"\xf4\x90"), Some(1));
    assert_eq!(fails_at(b"\xc1"), Some(0));
    assert_eq!(fails_at(b"\xf5"), Some(0));
    assert_eq!(fails_at(b"\xe2\x82A"), Some(2));
    assert_eq!(fails_at("€😀".as_bytes()), None);
}

#[test]
fn fails_on_an_impossible_sequence_at_the_end_of_a_long_piece() {
    let mut text = vec![b'a'; 64];
    text.extend(b"\xf4\x90");
    assert_eq!(Utf8Validator::new().push(&text), Err(InvalidUtf8));
}

#[test]
fn a_cut_sequence_is_an_error_only_at_the_end() {
    let mut validator = Utf8Validator::new();
    assert_eq!(validator.push(b"a\xf0\x9f\x98"), Ok(()));
    assert_eq!(validator.finish(), Err(InvalidUtf8));
    assert_eq!(validator.push(b"next text"), Ok(()));
    assert_eq!(validator.finish(), Ok(()));
}

#[test]
fn remembers_at_most_four_bytes() {
    assert!(size_of::<Utf8Validator>() <= 4);
}
