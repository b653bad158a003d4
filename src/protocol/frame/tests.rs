use super::super::tests::{KEY, frame, frame_header};
use super::*;

const FIRST: FrameKind = FrameKind::First {
    binary: false,
    rsv1: false,
};

fn decode(role: Role, bytes: [u8; 2], in_progress: bool) -> Result<FrameKind, ProtocolError> {
    decode_start(bytes, role, false, in_progress).map(|start| start.kind)
}

/// The second byte as the peer of `role` sends it.
fn second(role: Role, length: u8) -> u8 {
    frame_header(role, 0x81, u64::from(length.min(125)))[1] & 0x80 | length
}

fn finds_faults_in_order(role: Role) {
    use ProtocolError::*;
    let bad_mask = second(role, 0) ^ 0x80;
    let mask_error = match role {
        Role::Server => ExpectedMask,
        Role::Client => UnexpectedMask,
    };
    for (bytes, in_progress, error) in [
        // Everything is wrong with it: RSV2 and RSV3 come first, then RSV1.
        ([0x70 | 0x0b, bad_mask | 0x7e], false, UnexpectedRsv23),
        ([0x20 | 0x01, bad_mask], false, UnexpectedRsv23),
        ([0x10 | 0x81, bad_mask], false, UnexpectedRsv23),
        ([0x40 | 0x0b, bad_mask | 0x7e], false, UnexpectedRsv1),
        ([0x40 | 0x81, bad_mask], false, UnexpectedRsv1),
        // The opcode, before FIN and MASK.
        ([0x0b, bad_mask | 0x7e], false, InvalidOpcode(11)),
        ([0x80, bad_mask], false, InvalidOpcode(0)),
        ([0x81, bad_mask], true, InvalidOpcode(1)),
        ([0x82, bad_mask], true, InvalidOpcode(2)),
        ([0x83, bad_mask], true, InvalidOpcode(3)),
        ([0x87, bad_mask], false, InvalidOpcode(7)),
        ([0x8f, bad_mask], false, InvalidOpcode(15)),
        // FIN before the length, the length before MASK.
        ([0x08, bad_mask | 1], false, ExpectedFin),
        ([0x09, bad_mask | 0x7f], false, ExpectedFin),
        ([0x88, bad_mask | 1], false, InvalidControlPayloadLength(1)),
        (
            [0x89, bad_mask | 0x7e],
            false,
            InvalidControlPayloadLength(126),
        ),
        (
            [0x8a, bad_mask | 0x7f],
            false,
            InvalidControlPayloadLength(127),
        ),
        ([0x81, bad_mask], false, mask_error),
        ([0x80, bad_mask | 0x7f], true, mask_error),
        ([0x88, bad_mask], false, mask_error),
    ] {
        assert_eq!(decode(role, bytes, in_progress), Err(error), "{bytes:x?}");
    }
}

#[test]
fn server_finds_faults_in_order() {
    finds_faults_in_order(Role::Server);
}

#[test]
fn client_finds_faults_in_order() {
    finds_faults_in_order(Role::Client);
}

fn decodes_each_permitted_start(role: Role) {
    for (first, length, in_progress, kind) in [
        (0x81, 0, false, FIRST),
        (0x01, 125, false, FIRST),
        (0x00, 126, true, FrameKind::Continuation),
        (0x80, 127, true, FrameKind::Continuation),
        (0x88, 0, true, FrameKind::Close),
        (0x88, 2, false, FrameKind::Close),
        (0x89, 1, true, FrameKind::Ping),
        (0x8a, 125, false, FrameKind::Pong),
    ] {
        assert_eq!(
            decode(role, [first, second(role, length)], in_progress),
            Ok(kind)
        );
    }
}

#[test]
fn server_decodes_each_permitted_start() {
    decodes_each_permitted_start(Role::Server);
}

#[test]
fn client_decodes_each_permitted_start() {
    decodes_each_permitted_start(Role::Client);
}

#[test]
fn encodes_lengths_in_their_shortest_form() {
    let header = Header::new(OpCode::Data(Data::Binary));
    let masked = Header {
        mask: Some(KEY),
        ..header
    };
    for length in [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 32] {
        for (header, receiver) in [(header, Role::Client), (masked, Role::Server)] {
            let mut out = Vec::new();
            encode_header(&header, length, &mut out);
            assert_eq!(out, frame_header(receiver, 0x82, length as u64), "{length}");
        }
    }
}

#[test]
fn server_encodes_a_frame_behind_what_is_there() {
    let mut out = b"before".to_vec();
    encode_frame(&Header::new(OpCode::Data(Data::Text)), b"Hello", &mut out);
    // RFC 6455 §5.7: a single-frame unmasked text message.
    assert_eq!(out, b"before\x81\x05Hello");
}

#[test]
fn client_encodes_a_masked_frame() {
    let header = Header {
        mask: Some(KEY),
        ..Header::new(OpCode::Data(Data::Text))
    };
    let mut out = Vec::new();
    encode_frame(&header, b"Hello", &mut out);
    // RFC 6455 §5.7: a single-frame masked text message.
    assert_eq!(out, b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    assert_eq!(out, frame(Role::Server, 0x81, b"Hello"));
}

#[test]
fn encodes_fin_and_rsv1() {
    let mut out = Vec::new();
    let header = Header {
        fin: false,
        rsv1: true,
        ..Header::new(OpCode::Data(Data::Text))
    };
    encode_header(&header, 0, &mut out);
    assert_eq!(out, [0x41, 0]);
}

#[test]
fn an_absent_close_code_makes_an_empty_payload() {
    let mut out = Vec::new();
    encode_close_payload(1005, b"", &mut out);
    assert!(out.is_empty());
    encode_close_payload(1000, b"bye", &mut out);
    assert_eq!(out, b"\x03\xe8bye");
}

#[test]
fn close_codes_are_valid_where_the_registry_says_so() {
    let valid: Vec<u16> = (0..=u16::MAX)
        .filter(|&code| is_valid_close_code(code))
        .collect();
    let expected: Vec<u16> = [1000..=1003, 1007..=1014, 3000..=4999]
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(valid, expected);
}
