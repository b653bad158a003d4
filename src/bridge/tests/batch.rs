use super::super::batch::{EVENT_COST, LARGE_PAYLOAD};
use super::{Batch, EventKind, Memory, Reader, inbox};

/// What JavaScript reads of a batch that is published alone.
fn read(batch: Batch) -> Vec<super::Event> {
    let (inbox, _) = inbox();
    let mut reader = Reader::new(inbox);
    reader.prepend(batch);
    Memory::new(8, 64 * 1024).take(&mut reader).1
}

#[test]
fn event_keeps_its_kind_detail_index_and_value() {
    let mut batch = Batch::default();
    batch.push(EventKind::Error, 255, u32::MAX, 1016);
    batch.push_payload(EventKind::Close, 4999, 7, b"bye");
    let events = read(batch);
    assert_eq!(
        events[0],
        super::Event {
            kind: EventKind::Error as u32,
            detail: 255,
            index: u32::MAX,
            value: 1016,
            payload: Vec::new(),
        }
    );
    assert_eq!(
        events[1],
        super::Event {
            kind: EventKind::Close as u32,
            detail: 4999,
            index: 7,
            value: 0,
            payload: b"bye".to_vec(),
        }
    );
}

#[test]
fn detail_of_more_than_23_bits_does_not_reach_the_bit_of_large_payloads() {
    let mut batch = Batch::default();
    batch.push_payload(EventKind::Handshake, u32::MAX, 0, b"small");
    let events = read(batch);
    assert_eq!(events[0].kind, EventKind::Handshake as u32);
    assert_eq!(events[0].detail, 0x007f_ffff);
    assert_eq!(events[0].payload, b"small");
}

#[test]
fn payload_is_copied_below_the_limit_and_memory_of_its_own_from_there_on() {
    for (length, copied) in [(0, true), (LARGE_PAYLOAD - 1, true), (LARGE_PAYLOAD, false)] {
        let payload: Vec<u8> = (0..=250).cycle().take(length).collect();
        let mut borrowed = Batch::default();
        let cost = borrowed.push_payload(EventKind::Binary, 0, 0, &payload);
        assert_eq!(cost, length + EVENT_COST);
        assert_eq!(borrowed.byte_length(), if copied { length } else { 0 });

        let mut owned = Batch::default();
        let cost = owned.push_owned(EventKind::Binary, 0, 0, payload.clone());
        assert_eq!(cost, length + EVENT_COST);
        assert_eq!(owned.byte_length(), if copied { length } else { 0 });

        assert_eq!(read(borrowed)[0].payload, payload);
        assert_eq!(read(owned)[0].payload, payload);
    }
}

#[test]
fn large_payload_that_is_handed_over_is_not_copied() {
    let payload = vec![7; LARGE_PAYLOAD];
    let address = payload.as_ptr();
    let mut batch = Batch::default();
    batch.push_owned(EventKind::Binary, 0, 0, payload);
    assert_eq!(read(batch)[0].payload.as_ptr(), address);
}

#[test]
fn empty_batch_is_empty_until_something_is_pushed() {
    let mut batch = Batch::default();
    assert!(batch.is_empty());
    batch.push(EventKind::End, 1, 0, 0);
    assert!(!batch.is_empty());
    assert_eq!(batch.len(), 1);
    batch.clear();
    assert!(batch.is_empty());
}

#[test]
fn cleared_batch_lets_go_of_the_memory_of_a_burst() {
    let mut batch = Batch::default();
    for _ in 0..1000 {
        batch.push_payload(EventKind::Binary, 0, 0, &[0; 1000]);
    }
    assert!(batch.bytes.capacity() >= 1_000_000);
    batch.clear();
    assert!(batch.bytes.capacity() < 500_000);
}
