//! What goes there and comes back, and what is held between messages.

use super::*;

fn lengths() -> [usize; 9] {
    [0, 1, 2, 100, 1024, 40_000, 65_535, 65_536, 300_000]
}

#[test]
fn messages_come_back_under_every_agreement() {
    let mut chance = Chance::new(7);
    for config in agreements() {
        let mut deflater = Deflater::new(&config);
        let mut inflater = Inflater::new(inflate_config(&config));
        for length in lengths().into_iter().chain(lengths()) {
            let data = compressible(&mut chance, length);
            let compressed = deflate(&mut deflater, &data, true);
            let result = inflate(&mut inflater, &compressed, true);
            assert!(result == Ok(data), "{length} bytes, {config:?}");
        }
    }
}

#[test]
fn messages_come_back_under_every_setting() {
    let mut chance = Chance::new(11);
    for strategy in [
        Strategy::Default,
        Strategy::Filtered,
        Strategy::HuffmanOnly,
        Strategy::Rle,
        Strategy::Fixed,
    ] {
        for level in -1..=9 {
            let config = DeflateConfig {
                level,
                mem_level: level.unsigned_abs().max(1),
                strategy,
                ..DeflateConfig::default()
            };
            let mut deflater = Deflater::new(&config);
            let mut inflater = inflater();
            for length in [5, 3000, 100_000] {
                let data = compressible(&mut chance, length);
                let compressed = deflate(&mut deflater, &data, true);
                assert!(inflate(&mut inflater, &compressed, true) == Ok(data));
            }
        }
    }
}

#[test]
fn fragments_come_back_cut_anywhere() {
    let mut chance = Chance::new(13);
    for config in agreements() {
        let mut deflater = Deflater::new(&config);
        let mut inflater = Inflater::new(inflate_config(&config));
        for _ in 0..20 {
            let length = chance.below(30_000);
            let data = compressible(&mut chance, length);
            let mut out = Vec::new();
            let mut fragments = chance.cut(&data, 9000);
            fragments.insert(chance.below(fragments.len() + 1), b"");
            fragments.push(b"");
            let last = fragments.len() - 1;
            for (index, fragment) in fragments.into_iter().enumerate() {
                let compressed = deflate(&mut deflater, fragment, index == last);
                let before = out.len();
                assert_eq!(
                    inflater.inflate(&compressed, index == last, 0, &mut out),
                    Ok(())
                );
                assert_eq!(out.len() - before, fragment.len());
            }
            assert!(out == data);
        }
    }
}

#[test]
fn a_message_may_be_cut_into_frames_anywhere() {
    let data = compressible(&mut Chance::new(17), 5000);
    let compressed = deflate(&mut Deflater::new(&DeflateConfig::default()), &data, true);
    for size in [1, 2, 3, 100] {
        let mut inflater = inflater();
        let mut out = Vec::new();
        for piece in compressed.chunks(size) {
            assert_eq!(inflater.inflate(piece, false, 0, &mut out), Ok(()));
        }
        assert_eq!(inflater.inflate(&[], true, 0, &mut out), Ok(()));
        assert!(out == data);
    }
}

#[test]
fn an_empty_message_is_a_zero_byte() {
    for config in agreements() {
        let mut deflater = Deflater::new(&config);
        assert_eq!(deflate(&mut deflater, b"", true), [0]);
        let _ = deflate(&mut deflater, b"some", true);
        assert_eq!(deflate(&mut deflater, b"", true), [0]);
        assert_eq!(deflate(&mut deflater, b"", false), [0, 0, 0, 0xff, 0xff]);
    }
}

/// RFC 7692 §7.2.3.1 and §7.2.3.2.
#[test]
fn the_examples_of_the_rfc_inflate() {
    let mut inflater = inflater();
    for compressed in [
        &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..],
        &[0xf2, 0x00, 0x11, 0x00, 0x00],
        // §7.2.3.3: a stored block. §7.2.3.4: BFINAL is set.
        &[
            0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
        ],
        &[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
        // §7.2.3.5: two blocks.
        &[
            0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
        ],
    ] {
        assert_eq!(
            inflate(&mut inflater, compressed, true),
            Ok(b"Hello".to_vec())
        );
    }
}

#[test]
fn a_context_is_taken_over_as_agreed() {
    let data = Chance::new(19).bytes(1000);
    for config in agreements() {
        let mut deflater = Deflater::new(&config);
        let first = deflate(&mut deflater, &data, true);
        let second = deflate(&mut deflater, &data, true);
        if config.own_no_context_takeover {
            assert_eq!(first, second);
            assert!(!deflater.holds_history());
            let mut inflater = Inflater::new(inflate_config(&config));
            assert_eq!(inflate(&mut inflater, &first, true).as_ref(), Ok(&data));
            assert!(inflater.is_pristine());
        } else if config.own_max_window_bits > 9 {
            assert!(second.len() < 100, "{config:?}");
        }
    }
}

/// A window that both sides agreed to be smaller is enough for what we send.
#[test]
fn distances_stay_within_the_agreed_window() {
    for config in agreements() {
        let size = 1 << config.own_max_window_bits;
        let mut chance = Chance::new(23);
        let mut deflater = Deflater::new(&config);
        let mut inflater = Inflater::new(inflate_config(&config));
        for _ in 0..50 {
            let data = compressible(&mut chance, size + 10);
            // In pieces, so that each needs what the inflater kept of the others.
            for piece in data.chunks(size / 4) {
                let compressed = deflate(&mut deflater, piece, true);
                assert!(inflate(&mut inflater, &compressed, true).as_deref() == Ok(piece));
            }
        }
    }
}

#[test]
fn without_its_history_a_deflater_begins_a_context_that_its_peer_understands() {
    let data = compressible(&mut Chance::new(29), 3000);
    let histories = histories(1 << 20);
    let states = inflate_states(9);
    let mut deflater = Deflater::new(&DeflateConfig::default()).with_histories(histories);
    let mut inflater = inflater().with_states(states);
    assert!(!deflater.holds_history());
    for fin in [true, false, false, true, true] {
        let compressed = deflate(&mut deflater, &data, fin);
        assert!(inflate(&mut inflater, &compressed, fin).as_ref() == Ok(&data));
        assert!(deflater.holds_history());
        for _ in 0..2 {
            histories.release_idle();
            states.release_idle();
        }
        assert!(!deflater.holds_history());
    }
}

#[test]
fn past_the_bound_on_histories_messages_still_come_back() {
    let mut chance = Chance::new(59);
    let histories = histories(10 * 1024);
    let mut pairs: Vec<_> = (0..5)
        .map(|_| {
            let deflater = Deflater::new(&DeflateConfig::default());
            (deflater.with_histories(histories), inflater())
        })
        .collect();
    for _ in 0..200 {
        let (deflater, inflater) = &mut pairs[chance.below(5)];
        let length = 2048 + chance.below(2000);
        let data = compressible(&mut chance, length);
        let compressed = deflate(deflater, &data, true);
        assert!(inflate(inflater, &compressed, true) == Ok(data));
    }
    let held = pairs
        .iter()
        .filter(|(deflater, _)| deflater.holds_history());
    assert!((1..5).contains(&held.count()));
    drop(pairs);
    assert!(histories.is_empty());
}

/// Messages whose matches lie in those before, short ones after long ones too.
#[test]
fn a_history_is_as_long_as_a_few_messages() {
    let histories = histories(1 << 20);
    let mut deflater = Deflater::new(&DeflateConfig::default()).with_histories(histories);
    let mut chance = Chance::new(61);
    for (length, repetitions, most) in [(1000, 3, 60), (9000, 2, 120), (100, 10, 40)] {
        let data = chance.bytes(length);
        assert!(deflate(&mut deflater, &data, true).len() >= length);
        for _ in 0..repetitions {
            assert!(deflate(&mut deflater, &data, true).len() < most);
        }
    }
}

#[test]
fn states_of_different_settings_are_not_mixed_up() {
    let mut chance = Chance::new(31);
    let mut pairs: Vec<_> = agreements()
        .into_iter()
        .flat_map(|config| {
            [1, 6, 9].map(|level| {
                let config = DeflateConfig { level, ..config };
                (
                    Deflater::new(&config),
                    Inflater::new(inflate_config(&config)),
                )
            })
        })
        .collect();
    for _ in 0..600 {
        let index = chance.below(pairs.len());
        let (deflater, inflater) = &mut pairs[index];
        let length = chance.below(2000);
        let data = compressible(&mut chance, length);
        let compressed = deflate(deflater, &data, true);
        assert!(inflate(inflater, &compressed, true) == Ok(data));
    }
}

#[test]
fn an_inflater_holds_no_more_than_the_window_between_messages() {
    let data = compressible(&mut Chance::new(37), 200_000);
    for config in agreements() {
        let mut deflater = Deflater::new(&config);
        let mut inflater = Inflater::new(inflate_config(&config));
        let mut total = 0;
        for piece in data.chunks(777) {
            let compressed = deflate(&mut deflater, piece, true);
            assert!(inflate(&mut inflater, &compressed, true).as_deref() == Ok(piece));
            total += piece.len();
            assert!(!inflater.holds_state());
            let window = 1 << config.own_max_window_bits;
            assert!(inflater.window_capacity() <= window.min(total.next_multiple_of(1024)));
        }
    }
}

#[test]
fn a_state_that_a_fragmented_message_leaves_is_given_back_when_idle() {
    let data = compressible(&mut Chance::new(47), 2000);
    let mut deflater = Deflater::new(&DeflateConfig::default());
    let states = inflate_states(9);
    let mut inflater = inflater().with_states(states);
    for idle in [false, true, false, true] {
        for fin in [false, true] {
            let compressed = deflate(&mut deflater, &data, fin);
            assert!(inflate(&mut inflater, &compressed, fin).as_ref() == Ok(&data));
            states.release_idle();
            assert!(inflater.holds_state());
        }
        if idle {
            states.release_idle();
            assert!(!inflater.holds_state());
        }
    }
}

#[test]
fn past_the_bound_on_states_the_least_recently_used_go_on_from_their_windows() {
    let data = compressible(&mut Chance::new(67), 2000);
    let states = inflate_states(2);
    let mut pairs: Vec<_> = (0..3)
        .map(|_| {
            let deflater = Deflater::new(&DeflateConfig::default());
            (deflater, inflater().with_states(states))
        })
        .collect();
    for _ in 0..3 {
        for (deflater, inflater) in &mut pairs {
            for fin in [false, true] {
                let compressed = deflate(deflater, &data, fin);
                assert!(inflate(inflater, &compressed, fin).as_ref() == Ok(&data));
            }
        }
        let held = pairs.iter().map(|(_, inflater)| inflater.holds_state());
        assert!(held.eq([false, true, true]));
    }
    drop(pairs);
    assert!(states.is_empty());
}

#[test]
fn a_connection_that_compresses_nothing_holds_nothing() {
    assert!(size_of::<Compressor>() <= 32);
    let mut compressor = Compressor::new(DeflateConfig::default());
    let coding = compressor.encode(true, true, false, b"plain", &mut Vec::new());
    assert_eq!(coding, Coding::Plain);
}

#[test]
fn states_move_between_threads() {
    fn is_send<T: Send>() {}
    is_send::<Inflater>();
    is_send::<Compressor>();
}
