//! What the peer may make us hold.

use super::*;

#[test]
fn a_declared_length_over_the_limit_fails_before_the_masking_key() {
    for role in ROLES {
        for length in [11, 126, 65_536, MAX_PAYLOAD_LENGTH] {
            let header = frame_header(role, 0x82, length);
            let wire = match role {
                Role::Server => &header[..header.len() - 4],
                Role::Client => &header,
            };
            let config = with_limits(role, |limits| limits.max_payload = 10);
            let result = receive(config, wire);
            assert_eq!(
                result,
                (vec![], Err(ProtocolError::UnsupportedMessageLength))
            );
        }
    }
}

#[test]
fn a_length_that_javascript_cannot_represent_fails() {
    for role in ROLES {
        for length in [MAX_PAYLOAD_LENGTH + 1, 1 << 63, u64::MAX] {
            let config = with_limits(role, |limits| limits.max_payload = 10);
            let result = receive(config, &frame_header(role, 0x82, length));
            assert_eq!(
                result,
                (vec![], Err(ProtocolError::UnsupportedDataPayloadLength))
            );
        }
        let result = receive(config(role), &frame_header(role, 0x82, MAX_PAYLOAD_LENGTH));
        assert_eq!(result, (vec![], Ok(())));
    }
}

#[test]
fn the_payload_limit_counts_all_fragments_of_one_message() {
    for role in ROLES {
        let config = with_limits(role, |limits| limits.max_payload = 5);
        let whole: &[(u8, &[u8])] = &[(0x01, b"abc"), (0x00, b""), (0x80, b"de"), (0x81, b"fghij")];
        assert_eq!(
            received(config, whole),
            (vec![text("abcde"), text("fghij")], Ok(()))
        );
        let long: &[(u8, &[u8])] = &[(0x01, b"abc"), (0x80, b"def")];
        assert_eq!(
            error(config, long),
            Some(ProtocolError::UnsupportedMessageLength)
        );
        let (events, result) = received(config, &[(0x89, b"longer than five"), (0x82, b"")]);
        assert_eq!(result, Ok(()));
        assert_eq!(events.len(), 2);
    }
}

#[test]
fn the_fragment_limit_counts_empty_fragments_but_no_control_frames() {
    for role in ROLES {
        let config = with_limits(role, |limits| limits.max_fragments = 3);
        let three: &[(u8, &[u8])] = &[(0x01, b""), (0x89, b""), (0x00, b"a"), (0x80, b"")];
        let (events, result) = received(config, &[three, three].concat());
        assert_eq!(result, Ok(()));
        assert_eq!(events.len(), 4);
        let four: &[(u8, &[u8])] = &[(0x01, b""), (0x00, b""), (0x00, b"a"), (0x80, b"")];
        assert_eq!(
            error(config, four),
            Some(ProtocolError::TooManyMessageFragments)
        );
    }
}

#[test]
fn one_fragment_is_within_the_strictest_limit() {
    for role in ROLES {
        let config = with_limits(role, |limits| limits.max_fragments = 1);
        assert_eq!(received(config, &[(0x81, b"a")]), (vec![text("a")], Ok(())));
        let two: &[(u8, &[u8])] = &[(0x01, b"a"), (0x80, b"")];
        assert_eq!(
            error(config, two),
            Some(ProtocolError::TooManyMessageFragments)
        );
    }
}

#[test]
fn an_incomplete_frame_may_wait_over_so_many_inputs() {
    for role in ROLES {
        let config = with_limits(role, |limits| limits.max_buffered_chunks = 3);
        let header = frame_header(role, 0x82, 4);
        let too_many = [&header[..], &[0], &[0], &[0], &[0]];
        // The header is consumed when it is complete; then three inputs wait.
        let result = receive_pieces(config, too_many);
        assert_eq!(result, (vec![], Err(ProtocolError::TooManyBufferedChunks)));
        let few = [&header[..], &[0], &[0], &[0, 0]];
        assert_eq!(receive_pieces(config, few).1, Ok(()));
        // The rest of the input in which the header ended waits as well.
        let result = receive_pieces(
            config,
            [&[&header[..], &[0]].concat()[..], &[0], &[0], &[0]],
        );
        assert_eq!(result.1, Err(ProtocolError::TooManyBufferedChunks));
    }
}

#[test]
fn complete_frames_do_not_count_as_buffered() {
    for role in ROLES {
        let config = with_limits(role, |limits| limits.max_buffered_chunks = 2);
        let wire = frame(role, 0x81, b"a");
        let pieces = std::iter::repeat_n(&wire[..], 10);
        assert_eq!(receive_pieces(config, pieces).0.len(), 10);
        let halves = std::iter::repeat_n(wire.split_at(wire.len() - 1), 10);
        let pieces = halves.flat_map(|(head, tail)| [head, tail]);
        assert_eq!(receive_pieces(config, pieces).0.len(), 10);
    }
}

#[test]
fn empty_inputs_count_for_nothing() {
    let config = with_limits(Role::Client, |limits| limits.max_buffered_chunks = 1);
    let pieces: [&[u8]; 5] = [b"\x81\x02a", b"", b"", b"", b""];
    assert_eq!(receive_pieces(config, pieces), (vec![], Ok(())));
}
