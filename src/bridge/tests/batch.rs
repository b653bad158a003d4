use std::sync::Arc;

use super::super::SlabWriter;
use super::super::batch::{EVENT_COST, LARGE_PAYLOAD, SHARED_PAYLOAD};
use super::super::slab::LONGEST_PAYLOAD;
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
fn payload_of_some_length_lies_in_a_slab_if_there_is_a_writer_of_one() {
    let payload: Vec<u8> = (0..=250).cycle().take(SHARED_PAYLOAD).collect();
    let mut batch = Batch::default();
    batch.lend(SlabWriter::new(3));
    batch.push_payload(EventKind::Text, 0, 1, &payload[1..]);
    assert_eq!(batch.byte_length(), SHARED_PAYLOAD - 1);
    let cost = batch.push_payload(EventKind::Text, 0, 1, &payload);
    assert_eq!(cost, SHARED_PAYLOAD + EVENT_COST);
    batch.push_owned(EventKind::Binary, 0, 2, payload.clone());
    assert_eq!(batch.byte_length(), SHARED_PAYLOAD - 1);
    let events = read(batch);
    assert_eq!(events[0].payload, payload[1..]);
    assert_eq!(events[1].payload, payload);
    assert_eq!((events[2].index, &events[2].payload), (2, &payload));
}

#[test]
fn payloads_of_any_length_follow_each_other_through_slabs() {
    let mut batch = Batch::default();
    batch.lend(SlabWriter::new(0));
    let lengths = [
        SHARED_PAYLOAD + 1,
        60_001,
        LONGEST_PAYLOAD,
        LONGEST_PAYLOAD - 3,
        5000,
        LONGEST_PAYLOAD,
        LONGEST_PAYLOAD + 1,
    ];
    for (fill, length) in (0..).zip(lengths) {
        let cost = batch.push_payload(EventKind::Binary, 0, 0, &vec![fill; length]);
        assert!(
            (length..length + 8 + EVENT_COST).contains(&cost),
            "{length}: {cost}"
        );
    }
    let (inbox, _) = inbox();
    let mut reader = Reader::new(inbox);
    reader.prepend(batch);
    // However few of them are taken at once.
    let payloads = Memory::new(2, 0).take_payloads(&mut reader);
    let seen: Vec<usize> = payloads.iter().map(Vec::len).collect();
    assert_eq!(seen, lengths);
    for (fill, payload) in (0..).zip(payloads) {
        assert!(payload.iter().all(|byte| *byte == fill), "{fill}");
    }
}

#[test]
fn slab_is_gone_on_with_in_the_next_batch() {
    let (inbox, _) = inbox();
    let mut reader = Reader::new(Arc::clone(&inbox));
    let mut memory = Memory::new(8, 0);
    let mut writer = SlabWriter::new(0);
    for fill in 0..100 {
        let mut batch = Batch::default();
        batch.lend(writer);
        batch.push_payload(EventKind::Binary, 0, 0, &[fill; 9000]);
        writer = batch.take_writer().expect("it was lent");
        inbox.publish(batch);
        assert_eq!(memory.take_payloads(&mut reader), [[fill; 9000]]);
    }
}

#[test]
fn payload_that_was_read_to_a_slab_is_not_copied() {
    let mut batch = Batch::default();
    assert!(batch.read_to_slab(8, 0, |_, _| ()).is_none());
    batch.lend(SlabWriter::new(0));
    let read_to = batch.read_to_slab(SHARED_PAYLOAD, 8, |batch, memory| {
        memory[8..8 + SHARED_PAYLOAD].fill(5);
        let payload = &memory[8..8 + SHARED_PAYLOAD];
        let cost = batch.push_payload(EventKind::Text, 0, 1, payload);
        assert_eq!(cost, 8 + SHARED_PAYLOAD + EVENT_COST);
        // One that is short is not kept there.
        batch.push_payload(EventKind::Text, 0, 2, &memory[..8]);
        assert_eq!(batch.byte_length(), 8);
        payload.as_ptr()
    });
    let slab = batch.slabs[0].clone();
    assert_eq!(read_to, Some(slab.as_ptr().cast_const().wrapping_add(8)));
    let events = read(batch);
    assert_eq!(events[0].payload, [5; SHARED_PAYLOAD]);
}

#[test]
fn memory_is_shared_only_where_it_can_be_seen() {
    let (inbox, _) = inbox();
    assert!(inbox.slab_writer().is_none());
    inbox.share_memory();
    assert!(inbox.slab_writer().is_some());
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
