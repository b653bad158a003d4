use std::sync::Arc;

use super::super::batch::LARGE_PAYLOAD;
use super::{Batch, Counter, EventKind, Memory, Reader, batch_of, inbox};

#[test]
fn order_holds_over_batches_however_few_records_fit() {
    for room in 1..6 {
        let (inbox, _) = inbox();
        let mut reader = Reader::new(Arc::clone(&inbox));
        inbox.publish(batch_of(&["a", "b", "c"]));
        inbox.publish(Batch::default());
        inbox.publish(batch_of(&["d"]));
        inbox.publish(batch_of(&["e", "f"]));
        let payloads = Memory::new(room, 64).take_payloads(&mut reader);
        assert_eq!(payloads.concat(), b"abcdef", "room for {room}");
        assert_eq!(payloads.len(), 6);
    }
}

#[test]
fn nothing_published_gives_no_record_and_no_full_slab() {
    let (inbox, _) = inbox();
    let (taken, events) = Memory::new(8, 64).take(&mut Reader::new(inbox));
    assert_eq!(taken, super::Taken::default());
    assert!(events.is_empty());
}

#[test]
fn payload_that_does_not_fit_waits_for_a_new_slab() {
    let (inbox, _) = inbox();
    let mut reader = Reader::new(Arc::clone(&inbox));
    let mut memory = Memory::new(8, 10);
    inbox.publish(batch_of(&["12345", "6789", "AB", "C"]));

    let (taken, events) = memory.take(&mut reader);
    assert_eq!((taken.records, taken.slab_offset), (2, 9));
    assert!(taken.slab_full);
    assert_eq!(events[1].payload, b"6789");

    // Nothing fits until the slab is renewed, and nothing is skipped.
    let (taken, _) = memory.take(&mut reader);
    assert_eq!((taken.records, taken.slab_full), (0, true));
    memory.renew_slab();
    let (taken, events) = memory.take(&mut reader);
    assert_eq!((taken.records, taken.slab_full), (2, false));
    assert_eq!(events[0].payload, b"AB");
    assert_eq!(events[1].payload, b"C");
}

#[test]
fn payload_that_fills_the_slab_to_the_last_byte_fits() {
    let (inbox, _) = inbox();
    let mut reader = Reader::new(Arc::clone(&inbox));
    inbox.publish(batch_of(&["12345", "67890"]));
    let (taken, events) = Memory::new(8, 10).take(&mut reader);
    assert_eq!((taken.records, taken.slab_offset), (2, 10));
    assert!(!taken.slab_full);
    assert_eq!(events[1].payload, b"67890");
}

#[test]
fn events_without_payload_need_no_slab() {
    let (inbox, _) = inbox();
    let mut reader = Reader::new(Arc::clone(&inbox));
    let mut batch = batch_of(&["", ""]);
    batch.push(EventKind::Sent, 0, 3, 12);
    inbox.publish(batch);
    let (taken, events) = Memory::new(8, 0).take(&mut reader);
    assert_eq!(taken.records, 3);
    assert_eq!(events[2].value, 12);
}

#[test]
fn large_payloads_are_numbered_from_0_in_each_call() {
    let (inbox, _) = inbox();
    let mut reader = Reader::new(Arc::clone(&inbox));
    let mut batch = Batch::default();
    for fill in 1..=3 {
        batch.push_payload(EventKind::Text, 0, 0, &[fill]);
        batch.push_owned(EventKind::Binary, 0, 0, vec![fill; LARGE_PAYLOAD]);
    }
    inbox.publish(batch);
    // Two calls of three events: the second begins with a large payload.
    let mut memory = Memory::new(3, 64);
    for fills in [&[1, 1, 2], &[2, 3, 3]] {
        let (_, events) = memory.take(&mut reader);
        let seen: Vec<u8> = events.iter().map(|event| event.payload[0]).collect();
        assert_eq!(seen, fills);
    }
}

#[test]
fn large_payload_is_given_once_and_only_until_the_next_call() {
    let (inbox, _) = inbox();
    let mut reader = Reader::new(Arc::clone(&inbox));
    let mut batch = Batch::default();
    batch.push_owned(EventKind::Binary, 0, 0, vec![1; LARGE_PAYLOAD]);
    batch.push_owned(EventKind::Binary, 0, 0, vec![2; LARGE_PAYLOAD]);
    inbox.publish(batch);
    let mut records = [0; 8];
    reader.take(&mut records, &mut [], 0);
    assert_eq!(reader.large(0), Some(vec![1; LARGE_PAYLOAD]));
    assert_eq!(reader.large(0), Some(Vec::new()));
    reader.take(&mut records, &mut [], 0);
    assert_eq!(reader.large(1), None);
}

#[test]
fn batch_that_is_put_in_front_comes_before_what_is_published() {
    let (inbox, _) = inbox();
    let mut reader = Reader::new(Arc::clone(&inbox));
    inbox.publish(batch_of(&["b", "c"]));
    reader.prepend(batch_of(&["a"]));
    let payloads = Memory::new(3, 64).take_payloads(&mut reader);
    assert_eq!(payloads, [b"a", b"b", b"c"]);
}

#[test]
fn batch_that_is_put_in_front_does_not_split_the_one_at_work() {
    let (inbox, _) = inbox();
    let mut reader = Reader::new(Arc::clone(&inbox));
    inbox.publish(batch_of(&["a", "b"]));
    inbox.publish(batch_of(&["d"]));
    let mut memory = Memory::new(1, 64);
    let (_, events) = memory.take(&mut reader);
    assert_eq!(events[0].payload, b"a");
    reader.prepend(batch_of(&["c"]));
    assert_eq!(memory.take_payloads(&mut reader), [b"b", b"c", b"d"]);
}

#[test]
fn bytes_count_as_waiting_until_javascript_asks_for_more() {
    let (inbox, _) = inbox();
    let mut reader = Reader::new(Arc::clone(&inbox));
    let owner = Arc::new(Counter::default());
    let mut batch = batch_of(&["a", "b", "c"]);
    batch.charge(Arc::clone(&owner) as _, 3);
    batch.charge(Arc::clone(&owner) as _, 4);
    inbox.charge(7);
    inbox.publish(batch);

    let mut memory = Memory::new(2, 64);
    memory.take(&mut reader);
    memory.take(&mut reader);
    // All are copied; JavaScript is still at work on the last ones.
    assert_eq!(owner.count(), 0);
    assert_eq!(memory.take(&mut reader).0.records, 0);
    assert_eq!(owner.count(), 7);
    memory.take(&mut reader);
    assert_eq!(owner.count(), 7);
}
