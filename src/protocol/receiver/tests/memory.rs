//! Memory of a message in progress, and reading to it.

use super::*;
use crate::protocol::message::WORTH_THE_WHILE;

/// A receiver that had the header of a frame that is as long as can be.
fn begun(role: Role, first: u8) -> Receiver {
    let mut receiver = Receiver::new(config(role));
    let mut wire = frame_header(role, first, MAX_PAYLOAD_LENGTH);
    let result = receiver.handle_input(&mut wire, &mut Recorder::default());
    assert_eq!(result, Ok(()));
    receiver
}

#[test]
fn memory_follows_what_arrived_and_not_what_was_declared() {
    for role in ROLES {
        for first in [0x82, 0x02] {
            let mut receiver = begun(role, first);
            let mut recorder = Recorder::default();
            assert_eq!(receiver.message.capacity(), 0);
            let mut arrived = 0;
            for _ in 0..200 {
                assert_eq!(receiver.handle_input(&mut [7; 1000], &mut recorder), Ok(()));
                arrived += 1000;
                assert!(receiver.message.capacity() <= 2 * arrived + 4096);
            }
        }
    }
}

#[test]
fn the_memory_of_an_unfragmented_message_ends_where_it_ends() {
    for role in ROLES {
        let mut receiver = Receiver::new(config(role));
        let wire = frame(role, 0x82, &vec![7; 100_000]);
        let (most, last) = wire.split_at(wire.len() - 1);
        for piece in most.chunks(16_384) {
            assert_eq!(
                receiver.handle_input(&mut piece.to_vec(), &mut Recorder::default()),
                Ok(())
            );
        }
        assert_eq!(receiver.message.capacity(), 100_000);
        assert_eq!(
            receiver.handle_input(&mut last.to_vec(), &mut Recorder::default()),
            Ok(())
        );
    }
}

#[test]
fn a_large_message_is_read_to_its_own_memory() {
    for role in ROLES {
        for (first, length) in [(0x82, 1_000_000), (0x81, 300_001), (0x02, 100_000)] {
            let payload: Vec<u8> = (0..100).cycle().take(length).collect();
            let mut wire = frame(role, first, &payload);
            if first & 0x80 == 0 {
                wire.extend(frame(role, 0x89, b"ping"));
                wire.extend(frame(role, 0x80, &payload));
            }
            wire.extend(frame(role, 0x82, b"behind"));
            let expected = receive_pieces(config(role), [&wire[..]]);
            for size in [1000, 16_384, 65_536, 250_000] {
                let (read, reads) = read_pieces(config(role), wire.chunks(size));
                assert!(read == expected, "{length} in pieces of {size}");
                assert!(reads > 0 || size > length, "{length} in pieces of {size}");
            }
        }
    }
}

#[test]
fn memory_to_read_to_follows_what_arrived() {
    for role in ROLES {
        for first in [0x82, 0x02] {
            let mut receiver = begun(role, first);
            let mut recorder = Recorder::default();
            assert!(receiver.message_memory().is_none());
            let mut arrived = 0;
            for _ in 0..300 {
                let outcome = if let Some((memory, most)) = receiver.message_memory() {
                    assert!(most >= 1000);
                    assert!(memory.capacity() <= 2 * (arrived + WORTH_THE_WHILE));
                    memory.extend_from_slice(&[7; 1000]);
                    receiver.handle_read(1000, &mut recorder)
                } else {
                    receiver.handle_input(&mut [7; 1000], &mut recorder)
                };
                assert_eq!(outcome, Ok(()));
                arrived += 1000;
            }
            assert!(receiver.message_memory().is_some());
        }
    }
}

#[test]
fn text_that_is_read_to_its_own_memory_is_checked_as_it_arrives() {
    for role in ROLES {
        let mut payload = vec![b'a'; 200_000];
        payload[150_000] = 0xff;
        let wire = frame(role, 0x81, &payload);
        let (most, _) = wire.split_at(160_000);
        let ((events, result), reads) = read_pieces(config(role), most.chunks(20_000));
        assert_eq!(events, []);
        assert_eq!(result, Err(ProtocolError::InvalidUtf8));
        assert!(reads > 1);
    }
}

#[test]
fn reads_to_own_memory_count_as_buffered_chunks() {
    for role in ROLES {
        let config = with_limits(role, |limits| limits.max_buffered_chunks = 5);
        let wire = frame(role, 0x82, &vec![0; 200_000]);
        let ((_, result), reads) = read_pieces(config, wire.chunks(20_000));
        assert_eq!(result, Err(ProtocolError::TooManyBufferedChunks));
        assert!(reads > 0);
        let config = with_limits(role, |limits| limits.max_buffered_chunks = 20);
        let (read, _) = read_pieces(config, wire.chunks(50_000));
        assert_eq!(read.1, Ok(()));
    }
}

#[test]
fn ten_thousand_empty_fragments_take_no_memory() {
    for role in ROLES {
        let mut receiver = Receiver::new(with_limits(role, |limits| *limits = Limits::default()));
        let mut recorder = Recorder::default();
        let mut wire = frame(role, 0x02, b"");
        for _ in 0..10_000 {
            wire.extend(frame(role, 0x00, b""));
        }
        assert_eq!(receiver.handle_input(&mut wire, &mut recorder), Ok(()));
        assert_eq!(receiver.message.capacity(), 0);
        assert_eq!(recorder.events, []);
    }
}
