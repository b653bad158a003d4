mod limits;
mod memory;

use super::super::tests::{
    Event, KEY, Recorder, config, frame, frame_header, read_pieces, receive, receive_pieces,
};
use super::*;

const ROLES: [Role; 2] = [Role::Server, Role::Client];

fn text(payload: &str) -> Event {
    Event::Text(payload.as_bytes().to_vec())
}

fn with_limits(role: Role, set: impl FnOnce(&mut Limits)) -> ReceiverConfig {
    let mut config = config(role);
    set(&mut config.limits);
    config
}

/// What is received before an error, and the error, on frames given as first byte
/// and payload.
fn received(config: ReceiverConfig, frames: &[(u8, &[u8])]) -> super::super::tests::Outcome {
    let wire: Vec<u8> = frames
        .iter()
        .flat_map(|(first, payload)| frame(config.role, *first, payload))
        .collect();
    receive(config, &wire)
}

/// The same for an error before which nothing is received.
fn error(config: ReceiverConfig, frames: &[(u8, &[u8])]) -> Option<ProtocolError> {
    let (events, result) = received(config, frames);
    assert_eq!(events, []);
    result.err()
}

#[test]
fn server_receives_masked_frame() {
    // RFC 6455 §5.7: a single-frame masked text message.
    let wire = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    assert_eq!(
        receive(config(Role::Server), wire),
        (vec![text("Hello")], Ok(()))
    );
}

#[test]
fn client_receives_unmasked_frame() {
    // RFC 6455 §5.7: a single-frame unmasked text message.
    let wire = b"\x81\x05Hello";
    assert_eq!(
        receive(config(Role::Client), wire),
        (vec![text("Hello")], Ok(()))
    );
}

#[test]
fn server_receives_unmasked_frame() {
    let result = receive(config(Role::Server), b"\x81\x05Hello");
    assert_eq!(result, (vec![], Err(ProtocolError::ExpectedMask)));
}

#[test]
fn client_receives_masked_frame() {
    let wire = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
    let result = receive(config(Role::Client), wire);
    assert_eq!(result, (vec![], Err(ProtocolError::UnexpectedMask)));
}

#[test]
fn two_bad_bytes_are_enough() {
    for (role, bytes) in [(Role::Server, [0xc1, 0xff]), (Role::Client, [0x83, 0x7f])] {
        assert!(receive(config(role), &bytes).1.is_err());
        assert_eq!(receive(config(role), &bytes[..1]), (vec![], Ok(())));
    }
}

#[test]
fn receives_each_form_of_length() {
    for role in ROLES {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536] {
            let payload: Vec<u8> = (0..=255).cycle().take(length).collect();
            let (events, result) = received(config(role), &[(0x82, &payload)]);
            assert_eq!(result, Ok(()));
            assert!(events == [Event::Binary(payload)], "{length}");
        }
    }
}

#[test]
fn takes_lengths_that_are_not_in_their_shortest_form() {
    // As ws does. RFC 6455 §5.2 binds the sender.
    let wire = b"\x82\x7e\x00\x01a\x82\x7f\x00\x00\x00\x00\x00\x00\x00\x01b";
    let events = vec![Event::Binary(b"a".to_vec()), Event::Binary(b"b".to_vec())];
    assert_eq!(receive(config(Role::Client), wire), (events, Ok(())));
}

#[test]
fn receives_a_fragmented_message_with_control_frames_between() {
    for role in ROLES {
        let (events, result) = received(
            config(role),
            &[
                (0x01, b"Hel"),
                (0x89, b"ping"),
                (0x00, b""),
                (0x8a, b""),
                (0x80, b"lo"),
                (0x82, b"next"),
            ],
        );
        assert_eq!(result, Ok(()));
        assert_eq!(
            events,
            [
                Event::Ping(b"ping".to_vec()),
                Event::Pong(vec![]),
                text("Hello"),
                Event::Binary(b"next".to_vec()),
            ]
        );
    }
}

#[test]
fn receives_empty_messages() {
    for role in ROLES {
        let frames: &[(u8, &[u8])] = &[(0x81, b""), (0x02, b""), (0x00, b""), (0x80, b"")];
        let events = vec![Event::Text(vec![]), Event::Binary(vec![])];
        assert_eq!(received(config(role), frames), (events, Ok(())));
    }
}

#[test]
fn a_continuation_of_nothing_fails() {
    for role in ROLES {
        assert_eq!(
            error(config(role), &[(0x80, b"")]),
            Some(ProtocolError::InvalidOpcode(0))
        );
        let (events, result) = received(config(role), &[(0x01, b"a"), (0x80, b"b"), (0x80, b"c")]);
        assert_eq!(events, [text("ab")]);
        assert_eq!(result, Err(ProtocolError::InvalidOpcode(0)));
    }
}

#[test]
fn a_new_message_inside_another_fails() {
    for role in ROLES {
        for opcode in [1, 2] {
            let result = error(config(role), &[(0x01, b"a"), (0x80 | opcode, b"b")]);
            assert_eq!(result, Some(ProtocolError::InvalidOpcode(opcode)));
        }
    }
}

#[test]
fn a_whole_message_is_delivered_from_the_input() {
    for role in ROLES {
        let mut recorder = Recorder::default();
        let mut receiver = Receiver::new(config(role));
        let mut wire = [frame(role, 0x81, b"one"), frame(role, 0x82, b"two")].concat();
        assert_eq!(receiver.handle_input(&mut wire, &mut recorder), Ok(()));
        assert_eq!(recorder.borrowed, 2);
        assert_eq!(receiver.message.capacity(), 0);
    }
}

#[test]
fn nothing_stays_behind_an_incomplete_message_or_control_frame() {
    for role in ROLES {
        let mut recorder = Recorder::default();
        let mut receiver = Receiver::new(config(role));
        let wire = [
            frame(role, 0x01, b"one"),
            frame(role, 0x89, b"ping"),
            frame(role, 0x80, b"two"),
        ];
        for byte in wire.concat() {
            assert_eq!(receiver.handle_input(&mut [byte], &mut recorder), Ok(()));
        }
        assert_eq!(
            recorder.events,
            [Event::Ping(b"ping".to_vec()), text("onetwo")]
        );
        assert_eq!(recorder.borrowed, 0);
        assert_eq!(receiver.message.capacity(), 0);
        assert!(receiver.control.is_none());
    }
}

#[test]
fn a_receiver_is_small() {
    assert!(size_of::<Receiver>() <= 160, "{}", size_of::<Receiver>());
}

#[test]
fn invalid_text_fails() {
    for role in ROLES {
        let result = error(
            config(role),
            &[(
                0x81,
                b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80",
            )],
        );
        assert_eq!(result, Some(ProtocolError::InvalidUtf8));
        let cut = error(config(role), &[(0x01, b"a\xe2"), (0x80, b"\x82")]);
        assert_eq!(cut, Some(ProtocolError::InvalidUtf8));
    }
}

#[test]
fn invalid_text_fails_inside_a_fragment() {
    for role in ROLES {
        let wire = frame(role, 0x01, b"valid \xff and not complete");
        assert_eq!(
            receive(config(role), &wire),
            (vec![], Err(ProtocolError::InvalidUtf8))
        );
        let header = wire.len() - b"\xff and not complete".len();
        assert_eq!(receive(config(role), &wire[..header]).1, Ok(()));
        assert_eq!(
            receive(config(role), &wire[..=header]).1,
            Err(ProtocolError::InvalidUtf8)
        );
    }
}

#[test]
fn text_may_be_cut_inside_a_character() {
    for role in ROLES {
        let frames: &[(u8, &[u8])] = &[
            (0x01, b"\xf0\x9f"),
            (0x89, b"\xff"),
            (0x00, b"\x98"),
            (0x80, b"\x80"),
        ];
        let events = vec![Event::Ping(vec![0xff]), text("😀")];
        assert_eq!(received(config(role), frames), (events, Ok(())));
    }
}

#[test]
fn binary_is_not_checked_and_text_need_not_be() {
    for role in ROLES {
        let (events, result) = received(config(role), &[(0x02, b"\xff"), (0x80, b"\xff")]);
        assert_eq!((events.len(), result), (1, Ok(())));
        let mut config = config(role);
        config.skip_utf8_validation = true;
        let frames: &[(u8, &[u8])] = &[
            (0x81, b"\xff"),
            (0x01, b"\xfe"),
            (0x80, b"\xfd"),
            (0x88, b"\x03\xe8\xff"),
        ];
        let events = vec![
            Event::Text(vec![0xff]),
            Event::Text(vec![0xfe, 0xfd]),
            Event::Close(1000, vec![0xff]),
        ];
        assert_eq!(received(config, frames), (events, Ok(())));
    }
}

#[test]
fn receives_a_close_frame_and_nothing_after_it() {
    for role in ROLES {
        for (payload, code, reason) in [
            (&b""[..], 1005, &b""[..]),
            (b"\x03\xe8", 1000, b""),
            (b"\x0f\xa0going home", 4000, b"going home"),
        ] {
            let (events, result) = received(config(role), &[(0x88, payload), (0x81, b"late")]);
            assert_eq!(events, [Event::Close(code, reason.to_vec())]);
            assert_eq!(result, Ok(()));
        }
    }
}

#[test]
fn a_close_frame_may_interrupt_a_message() {
    for role in ROLES {
        let (events, result) =
            received(config(role), &[(0x01, b"unfinished"), (0x88, b"\x03\xe9")]);
        assert_eq!((events, result), (vec![Event::Close(1001, vec![])], Ok(())));
    }
}

#[test]
fn invalid_close_frames_fail() {
    for role in ROLES {
        for code in [0_u16, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535] {
            let result = error(config(role), &[(0x88, &code.to_be_bytes())]);
            assert_eq!(result, Some(ProtocolError::InvalidCloseCode(code)));
        }
        assert_eq!(
            error(config(role), &[(0x88, b"\x03")]),
            Some(ProtocolError::InvalidControlPayloadLength(1))
        );
        assert_eq!(
            error(config(role), &[(0x88, b"\x03\xe8\xe2\x82")]),
            Some(ProtocolError::InvalidUtf8)
        );
    }
}

#[test]
fn what_was_complete_before_an_error_is_delivered() {
    for role in ROLES {
        let (events, result) = received(config(role), &[(0x81, b"a"), (0x89, b"b"), (0x83, b"")]);
        assert_eq!(events, [text("a"), Event::Ping(b"b".to_vec())]);
        assert_eq!(result, Err(ProtocolError::InvalidOpcode(3)));
    }
}

#[test]
fn an_error_is_told_once_and_frees_the_message() {
    for role in ROLES {
        let mut receiver = Receiver::new(config(role));
        let mut recorder = Recorder::default();
        let mut wire = [frame(role, 0x02, &[0; 100]), frame(role, 0x83, b"")].concat();
        let result = receiver.handle_input(&mut wire, &mut recorder);
        assert_eq!(result, Err(ProtocolError::InvalidOpcode(3)));
        assert!(receiver.is_finished());
        assert_eq!(receiver.message.capacity(), 0);
        assert_eq!(
            receiver.handle_input(&mut frame(role, 0x81, b"a"), &mut recorder),
            Ok(())
        );
        assert_eq!(recorder.events, []);
    }
}

#[test]
fn a_masking_key_of_zeroes_is_a_masking_key() {
    let mut wire = vec![0x81, 0x85];
    wire.extend([0; 4]);
    wire.extend(b"Hello");
    assert_eq!(
        receive(config(Role::Server), &wire),
        (vec![text("Hello")], Ok(()))
    );
    assert_ne!(KEY, [0; 4]);
}
