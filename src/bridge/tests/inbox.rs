use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use super::{Batch, Counter, EventKind, Memory, Reader, batch_of, inbox};

/// Longer than a test may take.
const FOREVER: Duration = Duration::from_secs(1000);

fn waker() -> (Waker, Arc<Counter>) {
    let counter = Arc::new(Counter::default());
    (Waker::from(Arc::clone(&counter)), counter)
}

#[test]
fn reader_is_woken_once_until_it_found_the_inbox_empty() {
    let (inbox, wakes) = inbox();
    let mut reader = Reader::new(Arc::clone(&inbox));
    let mut memory = Memory::new(8, 64);
    for _ in 0..3 {
        inbox.publish(batch_of(&["a"]));
    }
    assert_eq!(wakes.count(), 1);

    // It has taken all, but is still at work on it.
    assert_eq!(memory.take(&mut reader).0.records, 3);
    inbox.publish(batch_of(&["b"]));
    assert_eq!(wakes.count(), 1);

    assert_eq!(memory.take(&mut reader).0.records, 1);
    assert_eq!(memory.take(&mut reader).0.records, 0);
    inbox.publish(batch_of(&["c"]));
    inbox.publish(batch_of(&["d"]));
    assert_eq!(wakes.count(), 2);
    assert_eq!(memory.take_payloads(&mut reader), [b"c", b"d"]);
}

#[test]
fn no_event_is_lost_or_left_without_a_wake_between_two_threads() {
    const EVENTS: u32 = 20_000;
    let (inbox, wakes) = inbox();
    let mut reader = Reader::new(Arc::clone(&inbox));
    let publisher = std::thread::spawn(move || {
        let mut batch = Batch::default();
        for number in 0..EVENTS {
            batch.push(EventKind::Sent, 0, 0, number);
            batch = inbox.publish(batch);
            assert!(batch.is_empty());
        }
    });
    let mut memory = Memory::new(16, 64);
    let mut seen = Vec::new();
    let mut answered = 0;
    while seen.len() < EVENTS as usize {
        // As JavaScript does, it looks only when woken, and then to the end.
        let woken = wakes.count();
        if woken == answered {
            std::thread::yield_now();
            assert!(
                !publisher.is_finished() || wakes.count() > answered,
                "{} of {EVENTS} events came, and no wake for the others",
                seen.len()
            );
            continue;
        }
        answered += 1;
        loop {
            let (taken, events) = memory.take(&mut reader);
            seen.extend(events.into_iter().map(|event| event.value));
            if taken.records == 0 {
                break;
            }
        }
    }
    publisher.join().expect("the publisher did not panic");
    assert!(seen.into_iter().eq(0..EVENTS));
}

#[test]
fn reading_is_allowed_until_the_limit_is_reached_and_again_once_some_is_taken() {
    let (inbox, _) = inbox();
    let (waker, polls) = waker();
    inbox.set_limit(100);
    inbox.charge(99);
    assert!(inbox.poll_room(&waker));
    inbox.charge(1);
    assert!(!inbox.poll_room(&waker));
    assert!(!inbox.poll_room(&waker));
    assert_eq!(polls.count(), 0);
    inbox.release(1);
    assert_eq!(polls.count(), 1);
    assert!(inbox.poll_room(&waker));
    inbox.release(99);
    assert_eq!(polls.count(), 1);
}

#[test]
fn tasks_stay_blocked_as_long_as_too_much_waits() {
    let (inbox, _) = inbox();
    let (first, first_polls) = waker();
    let (second, second_polls) = waker();
    inbox.set_limit(100);
    inbox.charge(300);
    assert!(!inbox.poll_room(&first));
    assert!(!inbox.poll_room(&second));
    inbox.release(200);
    assert_eq!((first_polls.count(), second_polls.count()), (0, 0));
    inbox.release(1);
    assert_eq!((first_polls.count(), second_polls.count()), (1, 1));
}

#[test]
fn taking_a_whole_batch_lets_blocked_tasks_read() {
    let (inbox, _) = inbox();
    let (waker, polls) = waker();
    let owner = Arc::new(Counter::default());
    inbox.set_limit(50);
    inbox.charge(100);
    let mut batch = batch_of(&["a", "b"]);
    batch.charge(Arc::clone(&owner) as _, 100);
    inbox.publish(batch);
    assert!(!inbox.poll_room(&waker));

    let mut reader = Reader::new(inbox);
    Memory::new(8, 64).take_payloads(&mut reader);
    assert_eq!(owner.count(), 100);
    assert_eq!(polls.count(), 1);
}

#[test]
fn closing_drops_what_is_queued_and_never_wakes_the_reader() {
    let (inbox, wakes) = inbox();
    let mut reader = Reader::new(Arc::clone(&inbox));
    inbox.publish(batch_of(&["a"]));
    assert_eq!(wakes.count(), 1);
    assert!(!inbox.is_closed());
    inbox.close();
    assert!(inbox.is_closed());

    let owner = Arc::new(Counter::default());
    let mut batch = batch_of(&["b"]);
    batch.charge(Arc::clone(&owner) as _, 10);
    assert!(inbox.publish(batch).is_empty());
    assert_eq!(owner.count(), 10);
    assert!(Memory::new(8, 64).take_payloads(&mut reader).is_empty());
    // The reader has just found it empty, and still is not woken.
    inbox.publish(batch_of(&["c"]));
    assert_eq!(wakes.count(), 1);
}

#[test]
fn closing_wakes_tasks_that_were_not_allowed_to_read() {
    let (inbox, _) = inbox();
    let (waker, polls) = waker();
    inbox.set_limit(1);
    inbox.charge(1);
    assert!(!inbox.poll_room(&waker));
    inbox.close();
    assert_eq!(polls.count(), 1);
}

/// A reader at work on one batch while another, of `bytes`, waits for it.
fn busy_reader(bytes: usize) -> (Arc<super::Inbox>, Reader, Memory) {
    let (inbox, _) = inbox();
    let mut reader = Reader::new(Arc::clone(&inbox));
    let mut memory = Memory::new(8, 64);
    inbox.publish(batch_of(&["a"]));
    memory.take(&mut reader);
    inbox.charge(bytes);
    inbox.publish(batch_of(&["b"]));
    (inbox, reader, memory)
}

#[test]
fn who_has_much_for_a_busy_reader_waits_until_it_comes() {
    let (inbox, mut reader, mut memory) = busy_reader(1024 * 1024);
    let waiting = std::thread::spawn(move || inbox.wait_for_busy_reader(FOREVER));
    // Whichever of them is first, the thread goes on.
    assert_eq!(memory.take_payloads(&mut reader), [b"b"]);
    waiting.join().expect("it goes on");
}

#[test]
fn who_waits_for_a_busy_reader_goes_on_when_the_inbox_is_closed() {
    let (inbox, _reader, _) = busy_reader(1024 * 1024);
    let waits = Arc::clone(&inbox);
    let waiting = std::thread::spawn(move || waits.wait_for_busy_reader(FOREVER));
    inbox.close();
    waiting.join().expect("it goes on");
}

#[test]
fn nobody_waits_for_a_reader_that_is_not_busy_or_has_little_to_take() {
    let (inbox, mut reader, mut memory) = busy_reader(1000);
    inbox.wait_for_busy_reader(FOREVER);
    inbox.charge(1024 * 1024);
    // It has taken all.
    memory.take(&mut reader);
    inbox.wait_for_busy_reader(FOREVER);
    // It sleeps, and is woken for this.
    memory.take(&mut reader);
    inbox.publish(batch_of(&["c"]));
    inbox.wait_for_busy_reader(FOREVER);
}
