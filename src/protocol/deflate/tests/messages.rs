//! Compressed messages in frames, received; and which messages are compressed.

use super::*;
use crate::protocol::tests::{Event, Outcome, Recorder, config, frame, receive};
use crate::protocol::{Receiver, ReceiverConfig, Role};

const ROLES: [Role; 2] = [Role::Server, Role::Client];

fn with_deflate(role: Role) -> ReceiverConfig {
    ReceiverConfig {
        inflate: Some(DeflateConfig::default().inflate()),
        ..config(role)
    }
}

/// The payloads of a message's frames, compressed.
fn compressed(fragments: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut deflater = Deflater::new(&DeflateConfig::default());
    let last = fragments.len() - 1;
    fragments
        .iter()
        .enumerate()
        .map(|(index, data)| deflate(&mut deflater, data, index == last))
        .collect()
}

/// A compressed message of fragments.
fn message(role: Role, opcode: u8, fragments: &[&[u8]]) -> Vec<u8> {
    let last = fragments.len() - 1;
    compressed(fragments)
        .iter()
        .enumerate()
        .flat_map(|(index, payload)| {
            let fin = if index == last { 0x80 } else { 0 };
            let start = if index == 0 { 0x40 | opcode } else { 0 };
            frame(role, fin | start, payload)
        })
        .collect()
}

fn failed(outcome: &Outcome) -> Option<ProtocolError> {
    outcome.1.err()
}

#[test]
fn server_and_client_inflate_messages() {
    for role in ROLES {
        let wire = [
            message(role, 1, &[b"text"]),
            message(role, 2, &[b"binary"]),
            message(role, 1, &[b""]),
            frame(role, 0x81, b"plain"),
            message(role, 1, &[b"in ", b"", b"pieces"]),
        ]
        .concat();
        let (events, result) = receive(with_deflate(role), &wire);
        assert_eq!(result, Ok(()));
        assert_eq!(
            events,
            [
                Event::Text(b"text".to_vec()),
                Event::Binary(b"binary".to_vec()),
                Event::Text(vec![]),
                Event::Text(b"plain".to_vec()),
                Event::Text(b"in pieces".to_vec()),
            ]
        );
    }
}

#[test]
fn control_frames_come_between_compressed_fragments() {
    for role in ROLES {
        let [first, last] = [&b"one"[..], b"two"];
        let payloads = compressed(&[first, last]);
        let wire = [
            frame(role, 0x41, &payloads[0]),
            frame(role, 0x89, b"ping"),
            frame(role, 0x80, &payloads[1]),
        ]
        .concat();
        let (events, result) = receive(with_deflate(role), &wire);
        assert_eq!(result, Ok(()));
        assert_eq!(
            events,
            [
                Event::Ping(b"ping".to_vec()),
                Event::Text(b"onetwo".to_vec())
            ]
        );
    }
}

#[test]
fn rsv1_is_for_the_first_frame_of_a_message_alone() {
    for role in ROLES {
        let payload = &compressed(&[b"x"])[0];
        for wire in [
            [frame(role, 0x41, payload), frame(role, 0xc0, payload)].concat(),
            frame(role, 0xc9, b""),
            frame(role, 0xca, b""),
            frame(role, 0xc8, b""),
        ] {
            let outcome = receive(with_deflate(role), &wire);
            assert_eq!(failed(&outcome), Some(ProtocolError::UnexpectedRsv1));
        }
        let wire = frame(role, 0xc1, payload);
        let outcome = receive(config(role), &wire);
        assert_eq!(failed(&outcome), Some(ProtocolError::UnexpectedRsv1));
        let wire = frame(role, 0xe1, payload);
        let outcome = receive(with_deflate(role), &wire);
        assert_eq!(failed(&outcome), Some(ProtocolError::UnexpectedRsv23));
    }
}

#[test]
fn text_is_validated_after_it_is_inflated() {
    for role in ROLES {
        let euro: [&[u8]; 2] = [b"\xe2\x82", b"\xac"];
        let outcome = receive(with_deflate(role), &message(role, 1, &euro));
        assert_eq!(outcome, (vec![Event::Text("€".into())], Ok(())));

        let broken = message(role, 1, &euro[..1]);
        let outcome = receive(with_deflate(role), &broken);
        assert_eq!(failed(&outcome), Some(ProtocolError::InvalidUtf8));

        let unchecked = ReceiverConfig {
            skip_utf8_validation: true,
            ..with_deflate(role)
        };
        let outcome = receive(unchecked, &broken);
        assert_eq!(outcome, (vec![Event::Text(euro[0].to_vec())], Ok(())));
    }
}

#[test]
fn data_that_does_not_inflate_fails_the_connection() {
    for role in ROLES {
        let outcome = receive(with_deflate(role), &frame(role, 0xc1, &[0x07]));
        let error = ProtocolError::InvalidDeflateData(DataError::BlockType);
        assert_eq!(outcome, (vec![], Err(error)));
    }
}

#[test]
fn limits_hold_for_what_is_inflated_and_for_what_is_sent() {
    for role in ROLES {
        let mut config = with_deflate(role);
        config.limits.max_payload = 20;
        let length = Some(ProtocolError::UnsupportedMessageLength);

        let bomb = message(role, 2, &[&vec![0; 100_000]]);
        assert_eq!(failed(&receive(config, &bomb)), length);
        let fragments = message(role, 2, &[&[0; 15], &[0; 15]]);
        assert_eq!(failed(&receive(config, &fragments)), length);
        let long = frame(role, 0xc2, &[0; 21]);
        assert_eq!(failed(&receive(config, &long)), length);
        let short = message(role, 2, &[&[0; 10], &[0; 10]]);
        assert_eq!(failed(&receive(config, &short)), None);
        let fitting = message(role, 2, &[&[0; 20]]);
        assert_eq!(failed(&receive(config, &fitting)), None);

        config.limits.max_payload = 0;
        config.limits.max_fragments = 2;
        let outcome = receive(config, &message(role, 2, &[b"1", b"2", b"3"]));
        assert_eq!(
            failed(&outcome),
            Some(ProtocolError::TooManyMessageFragments)
        );
        // The number of fragments is judged before what is in them.
        let wire = [
            frame(role, 0x42, b""),
            frame(role, 0x00, b""),
            frame(role, 0x80, &[0x07]),
        ];
        assert_eq!(
            failed(&receive(config, &wire.concat())),
            Some(ProtocolError::TooManyMessageFragments)
        );
    }
}

fn fragments_of(config: ReceiverConfig, wire: &[u8], longest: usize) -> Vec<Vec<u32>> {
    let mut receiver = Receiver::new(config);
    let mut recorder = Recorder::default();
    for piece in wire.chunks(longest) {
        assert_eq!(
            receiver.handle_input(&mut piece.to_vec(), &mut recorder),
            Ok(())
        );
    }
    recorder.fragments
}

#[test]
fn the_lengths_of_fragments_with_content_come_with_a_message() {
    for role in ROLES {
        for (fragments, lengths) in [
            (&[&b"whole"[..]][..], &[][..]),
            (&[b""], &[]),
            (&[b"", b"one", b""], &[]),
            (&[b"one", b"", b"three", b"x"], &[3, 5, 1]),
            (&[b"", b"", b"three", b"one", b""], &[5, 3]),
        ] {
            let last = fragments.len() - 1;
            let mut plain = Vec::new();
            for (index, payload) in fragments.iter().enumerate() {
                let fin = if index == last { 0x80 } else { 0 };
                let opcode = if index == 0 { 2 } else { 0 };
                plain.extend(frame(role, fin | opcode, payload));
            }
            let inflated = message(role, 2, fragments);
            // One message must not leave anything to the next.
            let wire = [&plain[..], &inflated, &plain].concat();
            for longest in [1, 7, 1000] {
                let found = fragments_of(with_deflate(role), &wire, longest);
                assert_eq!(found, [lengths, lengths, lengths]);
            }
        }
    }
}

#[test]
fn the_first_fragment_decides_for_its_message() {
    let mut compressor = Compressor::new(DeflateConfig::default());
    let mut inflater = inflater();
    let mut out = Vec::new();
    for (first, fin, compress, expected) in [
        (true, true, false, Coding::Plain),
        (true, false, true, Coding::Compressed { rsv1: true }),
        (false, false, false, Coding::Compressed { rsv1: false }),
        (false, true, false, Coding::Compressed { rsv1: false }),
        (true, false, false, Coding::Plain),
        (false, true, true, Coding::Plain),
        (true, true, true, Coding::Compressed { rsv1: true }),
    ] {
        out.clear();
        let coding = compressor.encode(first, fin, compress, b"fragment", &mut out);
        assert_eq!(coding, expected);
        if coding == Coding::Plain {
            assert!(out.is_empty());
        } else {
            assert_eq!(inflate(&mut inflater, &out, fin), Ok(b"fragment".to_vec()));
        }
    }
}

#[test]
fn the_threshold_counts_without_context_takeover_and_for_the_first_fragment() {
    for (own_no_context_takeover, length, compressed) in [
        (true, 9, false),
        (true, 10, true),
        (false, 9, true),
        (false, 0, true),
    ] {
        let mut compressor = Compressor::new(DeflateConfig {
            own_no_context_takeover,
            threshold: 10,
            ..DeflateConfig::default()
        });
        let mut out = Vec::new();
        let payload = vec![b'a'; length];
        for first in [true, false] {
            let coding = compressor.encode(first, !first, true, &payload, &mut out);
            assert_eq!(coding != Coding::Plain, compressed);
        }
    }
}

#[test]
fn a_compressor_appends() {
    let mut out = b"header".to_vec();
    let mut compressor = Compressor::new(DeflateConfig::default());
    compressor.encode(true, true, true, b"hello", &mut out);
    assert_eq!(out.get(..6), Some(&b"header"[..]));
    let payload = out.get(6..).unwrap_or_default();
    assert_eq!(
        inflate(&mut inflater(), payload, true),
        Ok(b"hello".to_vec())
    );
}

#[test]
fn a_message_to_many_is_compressed_once() {
    let config = DeflateConfig {
        own_no_context_takeover: true,
        threshold: 0,
        ..DeflateConfig::default()
    };
    let other = DeflateConfig { level: 1, ..config };
    let payload = compressible(&mut Chance::new(53), 3000);
    let mut changed = payload.clone();
    changed[2999] ^= 1;
    let mut count = deflations();
    for (config, first, fin, payload, expected) in [
        (config, true, true, &payload, 1),
        (config, true, true, &payload, 0),
        (config, true, true, &payload, 0),
        (other, true, true, &payload, 1),
        (config, true, true, &payload, 1),
        (config, true, true, &changed, 1),
        // A fragment is no message.
        (config, true, false, &changed, 1),
        (config, true, true, &changed, 0),
        (DeflateConfig::default(), true, true, &changed, 1),
    ] {
        let mut compressor = Compressor::new(config);
        let mut out = b"before".to_vec();
        compressor.encode(first, fin, true, payload, &mut out);
        let mut inflater = Inflater::new(inflate_config(&config));
        let back = inflate(&mut inflater, &out[6..], fin);
        assert!(back.as_ref() == Ok(payload));
        assert_eq!(deflations() - count, expected);
        count = deflations();
    }
}
