//! Data that ends early, goes on too long, or is none.

use zlib_rs::{Inflate, InflateFlush, Status};

use super::super::deflater::difference;
use super::*;

/// Deflate data whose last block has BFINAL set.
const FINAL: [u8; 7] = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];

fn from_hex(bytes: &str) -> Vec<u8> {
    bytes
        .split(' ')
        .filter_map(|byte| u8::from_str_radix(byte, 16).ok())
        .collect()
}

#[test]
fn each_fault_is_found_and_has_zlibs_name() {
    use DataError::*;
    for (data, error) in [
        ("07", BlockType),
        ("01 00", StoredBlockLengths),
        ("fc 00 00", TooManySymbols),
        ("04 00 fe ff", CodeLengthsSet),
        ("04 00 24 49 00", BitLengthRepeat),
        ("04 00 24 e9 ff 6d", MissingEndOfBlock),
        (
            "04 80 49 92 24 49 92 24 71 ff ff 93 11 00",
            LiteralLengthsSet,
        ),
        ("04 80 49 92 24 49 92 24 0f b4 ff ff c3 84", DistancesSet),
        (
            "04 c0 81 08 00 00 00 00 20 7f eb 0b 00 00",
            LiteralLengthCode,
        ),
        ("02 7e ff ff", DistanceCode),
        ("0c c0 81 00 00 00 00 00 90 ff 6b 04 00", DistanceTooFarBack),
    ] {
        let data = &from_hex(data);
        let result = inflate(&mut inflater(), data, true);
        assert_eq!(result, Err(error.into()), "{data:x?}");
        // The same, byte by byte.
        let mut inflater = inflater();
        let mut out = Vec::new();
        let result = data
            .chunks(1)
            .try_for_each(|byte| inflater.inflate(byte, false, 0, &mut out))
            .and_then(|()| inflater.inflate(&[], true, 0, &mut out));
        assert_eq!(result, Err(error.into()), "{data:x?}");
    }
}

#[test]
fn what_follows_a_final_block_is_ignored() {
    let mut inflater = inflater();
    let hello = Ok(b"Hello".to_vec());
    assert_eq!(inflate(&mut inflater, &FINAL, true), hello);
    let trailing = [&FINAL[..], b"garbage"].concat();
    assert_eq!(inflate(&mut inflater, &trailing, true), hello);
    assert_eq!(inflate(&mut inflater, &FINAL, true), hello);
}

#[test]
fn a_final_block_ends_the_context() {
    let mut deflater = Deflater::new(&DeflateConfig::default());
    let first = deflate(&mut deflater, b"The quick brown fox", true);
    let second = deflate(&mut deflater, b"The quick brown fox", true);
    let mut inflater = inflater();
    assert!(inflate(&mut inflater, &first, true).is_ok());
    assert!(inflate(&mut inflater, &FINAL, true).is_ok());
    assert!(inflater.is_pristine());
    assert_eq!(
        inflate(&mut inflater, &second, true),
        Err(DataError::DistanceTooFarBack.into())
    );
}

#[test]
fn a_final_block_in_a_fragment_swallows_the_next_unless_something_followed_it() {
    let message = deflate(&mut Deflater::new(&DeflateConfig::default()), b"x", false);
    for (first, second, third) in [
        (&FINAL[..], &b""[..], &b"x"[..]),
        (&[&FINAL[..], b"!"].concat(), b"x", b"x"),
    ] {
        let mut inflater = inflater();
        assert_eq!(inflate(&mut inflater, first, false), Ok(b"Hello".to_vec()));
        assert_eq!(inflate(&mut inflater, b"", false), Ok(vec![]));
        assert_eq!(inflate(&mut inflater, &message, false), Ok(second.to_vec()));
        assert_eq!(inflate(&mut inflater, &message, true), Ok(third.to_vec()));
    }
}

#[test]
fn a_message_that_stops_in_a_block_leaves_the_rest_of_it_to_the_next() {
    let data = b"the quick brown fox jumps over the lazy dog";
    let whole = deflate(&mut Deflater::new(&DeflateConfig::default()), data, true);
    for length in [0, 20] {
        let mut inflater = inflater();
        let result = inflate(&mut inflater, &whole[..length], true);
        assert!(result.is_ok_and(|partial| data.starts_with(&partial)));
        assert_eq!(
            inflate(&mut inflater, &whole, true),
            Err(DataError::StoredBlockLengths.into())
        );
    }
    // A stored block of 10 bytes, of which 2 and the trailer arrive at first.
    let mut inflater = inflater();
    let stored = [0x00, 0x0a, 0x00, 0xf5, 0xff, b'a', b'b'];
    assert_eq!(
        inflate(&mut inflater, &stored, true),
        Ok(b"ab\x00\x00\xff\xff".to_vec())
    );
    assert_eq!(
        inflate(&mut inflater, b"cdef\x00", true),
        Ok(b"cdef".to_vec())
    );
    assert_eq!(
        inflate(&mut inflater, &whole, true).as_deref(),
        Ok(&data[..])
    );
}

/// What one stream of zlib makes of messages.
fn inflated_by_one_stream<const N: usize>(messages: &[&[u8]; N]) -> [Vec<u8>; N] {
    let mut stream = Inflate::new(false, 15);
    messages.map(|message| {
        let input = [message, &TRAILER[..]].concat();
        let mut out = vec![0; 50_000];
        let before = stream.total_out();
        let status = stream.decompress(&input, &mut out, InflateFlush::SyncFlush);
        assert!(matches!(status, Ok(Status::Ok)));
        out.truncate(difference(stream.total_out(), before));
        out
    })
}

#[test]
fn the_rest_of_a_final_block_is_not_taken_for_a_new_one() {
    // Something to refer to.
    let mut deflater = Deflater::new(&DeflateConfig::default());
    let history = deflate(&mut deflater, &vec![7; 40_000], true);
    // Final blocks with fixed codes, which go on in the next message.
    for (first, second) in [
        ([0xdb, 0xff, 0x4a, 0x77], [0x5c, 0xc4]),
        ([0x23, 0x6e, 0x75, 0xe4], [0x38, 0xc0]),
        ([0x03, 0x87, 0x5f, 0xdb], [0x43, 0xec]),
    ] {
        let messages = [&history[..], &first, &second];
        let mut inflater = inflater();
        let results = messages.map(|message| inflate(&mut inflater, message, true));
        let expected = inflated_by_one_stream(&messages).map(Ok);
        assert!(results == expected);
    }
}

#[test]
fn without_context_takeover_a_cut_message_leaves_nothing() {
    let whole = deflate(&mut Deflater::new(&DeflateConfig::default()), b"data", true);
    let mut inflater = Inflater::new(InflateConfig {
        no_context_takeover: true,
        max_window_bits: 15,
    });
    for length in [0, 2, whole.len()] {
        assert!(inflate(&mut inflater, &whole[..length], true).is_ok());
        assert!(inflater.is_pristine());
    }
}

#[test]
fn no_memory_is_kept_for_the_rest_of_a_block() {
    let stored = [0x00, 0x0a, 0x00, 0xf5, 0xff, b'a', b'b'];
    let states = inflate_states(1);
    let mut inflater = inflater().with_states(states);
    assert!(inflate(&mut inflater, &stored, true).is_ok());
    states.release_idle();
    assert!(inflater.holds_state());
    states.release_idle();
    assert!(!inflater.holds_state());
    assert_eq!(
        inflate(&mut inflater, b"cdef\x00", true),
        Err(DataError::StoredBlockLengths.into())
    );
}

#[test]
fn a_final_block_that_ends_with_its_message_swallows_the_next() {
    // A stored block of 4 bytes: the trailer.
    let stored = [0x01, 0x04, 0x00, 0xfb, 0xff];
    let message = deflate(&mut Deflater::new(&DeflateConfig::default()), b"x", true);
    let mut inflater = inflater();
    assert_eq!(inflate(&mut inflater, &stored, true), Ok(TRAILER.to_vec()));
    assert_eq!(inflate(&mut inflater, &message, true), Ok(vec![]));
    assert_eq!(inflate(&mut inflater, &message, true), Ok(b"x".to_vec()));
}

#[test]
fn errors_in_the_middle_of_much_data_have_names() {
    // In the fixed codes (RFC 1951 §3.2.6), each from its first bit on; the bits of
    // an extra value are all 1.
    for (fault, error) in [
        ("1100_0110", DataError::LiteralLengthCode),
        ("000_0001_11110", DataError::DistanceCode),
        (
            "000_0001_11101_1111_1111_1111_1",
            DataError::DistanceTooFarBack,
        ),
    ] {
        // Not the last block; the fixed codes.
        let mut bits = vec![false, true, false];
        let mut write =
            |code: &str| bits.extend(code.bytes().filter(|&b| b != b'_').map(|b| b == b'1'));
        for _ in 0..1000 {
            write("0110_0000");
        }
        write(fault);
        for _ in 0..1000 {
            write("0110_0000");
        }
        let data: Vec<u8> = bits
            .chunks(8)
            .map(|byte| {
                byte.iter()
                    .rev()
                    .fold(0, |value, &bit| value << 1 | u8::from(bit))
            })
            .collect();
        assert_eq!(inflate(&mut inflater(), &data, true), Err(error.into()));
        let mut inflater = inflater();
        let mut out = Vec::new();
        let (first, last) = data.split_at(0);
        assert_eq!(inflater.inflate(first, false, 0, &mut out), Ok(()));
        assert_eq!(inflater.inflate(last, true, 0, &mut out), Err(error.into()));
    }
}

/// 100 MB in 100 KB.
fn bomb() -> Vec<u8> {
    deflate(
        &mut Deflater::new(&DeflateConfig::default()),
        &vec![0; 100_000_000],
        true,
    )
}

#[test]
fn a_bomb_costs_no_more_than_the_limit() {
    let bomb = bomb();
    for limit in [1_u64, 50, 65_535, 65_536, 65_537, 1_000_000] {
        for size in [bomb.len(), 1000, 1] {
            let mut inflater = inflater();
            let mut out = Vec::new();
            let result = bomb
                .chunks(size)
                .try_for_each(|piece| inflater.inflate(piece, false, limit, &mut out));
            assert_eq!(result, Err(ProtocolError::UnsupportedMessageLength));
            assert!(out.len() as u64 <= limit);
            assert!(out.capacity() as u64 <= limit, "{}", out.capacity());
        }
    }
}

#[test]
fn a_message_may_be_as_long_as_the_limit() {
    for length in [1, 100, 65_535, 65_536, 65_537, 200_000] {
        for fragments in [1, 2, 7] {
            let data = compressible(&mut Chance::new(41), length);
            for (limit, fits) in [(length as u64, true), (length as u64 - 1, length == 1)] {
                let mut deflater = Deflater::new(&DeflateConfig::default());
                let mut inflater = inflater();
                let mut out = Vec::new();
                let mut pieces: Vec<_> = data.chunks(length.div_ceil(fragments)).collect();
                let last = pieces.pop().unwrap_or_default();
                let result = pieces
                    .into_iter()
                    .map(|piece| (piece, false))
                    .chain([(last, true)])
                    .try_for_each(|(piece, fin)| {
                        let compressed = deflate(&mut deflater, piece, fin);
                        inflater.inflate(&compressed, fin, limit, &mut out)
                    });
                assert_eq!(result.is_ok(), fits, "{length} bytes in {fragments}");
            }
        }
    }
}

#[test]
fn a_message_in_one_frame_takes_its_own_length() {
    for length in [1, 1000, 65_535] {
        let data = compressible(&mut Chance::new(43), length);
        let compressed = deflate(&mut Deflater::new(&DeflateConfig::default()), &data, true);
        let inflated = inflate(&mut inflater(), &compressed, true).unwrap_or_default();
        assert_eq!(inflated.capacity(), length);
    }
}

#[test]
fn random_data_never_panics_and_never_exceeds_the_limit() {
    let mut chance = Chance::new(0xdef1);
    let mut failed = 0;
    for _ in 0..3000 {
        let length = chance.below(3000);
        let data = compressible(&mut chance, length);
        let mut compressed = deflate(&mut Deflater::new(&DeflateConfig::default()), &data, true);
        for _ in 0..chance.below(4) {
            let place = chance.below(compressed.len());
            compressed[place] = chance.byte();
        }
        let mut inflater = inflater();
        let mut out = Vec::new();
        let mut pieces = chance.cut(&compressed, 1500);
        let last = pieces.pop().unwrap_or_default();
        let result = pieces
            .into_iter()
            .try_for_each(|piece| inflater.inflate(piece, false, 2000, &mut out))
            .and_then(|()| inflater.inflate(last, true, 2000, &mut out));
        failed += usize::from(result.is_err());
        assert!(out.capacity() <= 2000);
    }
    assert!(failed > 1000, "{failed}");
}
