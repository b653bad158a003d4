use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Batch, Counter, Event, EventKind, Inbox, Memory, Reader, batch_of, inbox};
use crate::bridge::{ConnectionId, Direct, MOST_DIRECT, Turn};

/// So many more wakes than finding the reader awake show that direct connections pay, if
/// they are quick.
const ROW: u32 = 32;
/// Batches in which connections become direct then.
const BEGINNING: u32 = 16;
/// More than a row may take.
const TOO_LONG: Duration = Duration::from_millis(17);
/// How long there are no direct connections after there were too many.
const REST: Duration = Duration::from_secs(1);

/// An inbox with its reader.
struct Pair {
    inbox: Arc<Inbox>,
    wakes: Arc<Counter>,
    reader: Reader,
    memory: Memory,
}

impl Pair {
    fn new() -> Self {
        let (inbox, wakes) = inbox();
        Self {
            reader: Reader::new(Arc::clone(&inbox)),
            inbox,
            wakes,
            memory: Memory::new(64, 4096),
        }
    }

    /// The reader takes all and sleeps.
    fn take(&mut self) {
        self.memory.renew_slab();
        self.memory.take_payloads(&mut self.reader);
    }

    /// Wakes the reader so often, for as many messages each.
    fn wake(&mut self, times: u32, messages: usize) {
        for _ in 0..times {
            self.inbox.publish(messages_of(messages));
            self.take();
        }
    }

    /// Publishes twice before the reader takes.
    fn wake_once_in_two(&mut self) {
        self.inbox.publish(messages_of(1));
        self.inbox.publish(messages_of(1));
        self.take();
    }

    /// Whether a row of wakes, from `begin` on, makes direct connections worthwhile. The
    /// system may delay one of them, hardly each.
    fn becomes_worthwhile(mut begin: impl FnMut(&mut Self)) -> bool {
        (0..100).any(|_| {
            let mut pair = Self::new();
            begin(&mut pair);
            pair.inbox.direct.is_worthwhile()
        })
    }

    /// One for which they are.
    fn worthwhile() -> Self {
        loop {
            let mut pair = Self::new();
            pair.wake(ROW, 1);
            if pair.inbox.direct.is_worthwhile() {
                return pair;
            }
        }
    }
}

/// So many messages, each of another connection.
fn messages_of(connections: usize) -> Batch {
    let mut batch = batch_of(&vec!["a"; connections]);
    for _ in 0..connections {
        batch.charge(Arc::new(Counter::default()), 0);
    }
    batch
}

/// Two messages of one connection.
fn messages_of_one() -> Batch {
    let mut batch = batch_of(&["a", "b"]);
    batch.charge(Arc::new(Counter::default()), 0);
    batch
}

fn of_connections() -> Batch {
    let mut batch = Batch::default();
    batch.push(EventKind::End, 0, 0, 0);
    batch.charge(Arc::new(Counter::default()), 0);
    batch
}

#[test]
fn direct_connections_pay_after_a_quick_row_of_wakes_for_a_few_messages() {
    assert!(Pair::becomes_worthwhile(|pair| pair.wake(ROW, 1)));
    assert!(Pair::becomes_worthwhile(|pair| pair.wake(ROW, 8)));
    assert!(!Pair::becomes_worthwhile(|pair| pair.wake(ROW - 1, 1)));
    assert!(!Pair::becomes_worthwhile(|pair| pair.wake(ROW, 9)));
}

#[test]
fn whatever_else_is_published_begins_the_row_anew() {
    let others: [fn(&mut Pair); 3] = [
        |pair| pair.wake(1, 9),
        |pair| {
            pair.inbox.publish(of_connections());
            pair.take();
        },
        |pair| {
            pair.inbox.publish(messages_of_one());
            pair.take();
        },
    ];
    for (number, other) in others.into_iter().enumerate() {
        let two_halves = Pair::becomes_worthwhile(|pair| {
            pair.wake(ROW / 2, 1);
            other(pair);
            pair.wake(ROW / 2, 1);
        });
        assert!(!two_halves, "{number}");
        let anew = Pair::becomes_worthwhile(|pair| {
            other(pair);
            pair.wake(ROW, 1);
        });
        assert!(anew, "{number}");
    }
}

#[test]
fn reader_that_is_often_found_awake_has_no_use_for_them() {
    let never = Pair::becomes_worthwhile(|pair| (0..8 * ROW).for_each(|_| pair.wake_once_in_two()));
    assert!(!never);
    let later = Pair::becomes_worthwhile(|pair| {
        for _ in 0..ROW {
            pair.wake_once_in_two();
            pair.wake(1, 1);
        }
    });
    assert!(later);
}

#[test]
fn reader_that_direct_connections_keep_awake_has_use_for_more() {
    let more = Pair::becomes_worthwhile(|pair| {
        let connection = Arc::new(Counts::default());
        assert!(pair.inbox.direct.begin(id(0), connection));
        (0..ROW / 2).for_each(|_| pair.wake_once_in_two());
    });
    assert!(more);
}

#[test]
fn row_that_takes_long_does_not_count() {
    let mut pair = Pair::new();
    pair.wake(1, 1);
    sleep(TOO_LONG);
    pair.wake(ROW - 1, 1);
    assert!(!pair.inbox.direct.is_worthwhile());
    // Nor does it shorten the next.
    pair.wake(ROW - 1, 1);
    assert!(!pair.inbox.direct.is_worthwhile());
    let after = Pair::becomes_worthwhile(|pair| {
        pair.wake(1, 1);
        sleep(TOO_LONG);
        pair.wake(2 * ROW - 1, 1);
    });
    assert!(after);
}

#[test]
fn connections_become_direct_for_some_batches_only() {
    let mut pair = Pair::worthwhile();
    // Whether they wake the reader, and for what, is the same.
    for number in 0..BEGINNING {
        assert!(pair.inbox.direct.is_worthwhile());
        pair.inbox.publish(messages_of(9));
        if number % 2 == 0 {
            pair.take();
        }
    }
    assert!(!pair.inbox.direct.is_worthwhile());
    pair.take();
    pair.wake(ROW - 1, 1);
    assert!(!pair.inbox.direct.is_worthwhile(), "the row begins anew");
    let again = (0..100).any(|_| {
        pair.wake(1, 9);
        pair.wake(ROW, 1);
        pair.inbox.direct.is_worthwhile()
    });
    assert!(again);
}

#[test]
fn others_prove_anew_that_they_pay_when_one_has_ended() {
    let mut pair = Pair::worthwhile();
    pair.inbox.direct.end(id(0));
    assert!(!pair.inbox.direct.is_worthwhile());
    pair.wake(ROW - 1, 1);
    assert!(!pair.inbox.direct.is_worthwhile());
}

#[test]
fn what_the_readers_own_thread_publishes_neither_wakes_it_nor_counts() {
    let mut pair = Pair::new();
    for _ in 0..2 * ROW {
        pair.inbox.publish_here(messages_of(1));
        pair.take();
    }
    assert_eq!(pair.wakes.count(), 0);
    assert!(!pair.inbox.direct.is_worthwhile());
    let interrupted = Pair::becomes_worthwhile(|pair| {
        pair.wake(ROW / 2, 1);
        pair.inbox.publish_here(messages_of(9));
        pair.take();
        pair.wake(ROW / 2, 1);
    });
    assert!(interrupted);

    let mut pair = Pair::worthwhile();
    for _ in 0..2 * BEGINNING {
        pair.inbox.publish_here(messages_of(1));
        pair.take();
    }
    assert!(pair.inbox.direct.is_worthwhile());
}

#[test]
fn what_both_threads_publish_is_taken_in_order() {
    let mut pair = Pair::new();
    pair.inbox.publish(batch_of(&["a"]));
    pair.inbox.publish_here(batch_of(&["b"]));
    pair.inbox.publish(batch_of(&["c"]));
    assert_eq!(pair.wakes.count(), 1);
    let (_, events) = pair.memory.take(&mut pair.reader);
    let mut payloads: Vec<_> = events
        .into_iter()
        .map(|event: Event| event.payload)
        .collect();
    payloads.extend(pair.memory.take_payloads(&mut pair.reader));
    assert_eq!(payloads, [b"a", b"b", b"c"]);

    // The reader has found nothing, but is about to take what it has published itself.
    pair.inbox.publish_here(batch_of(&["d"]));
    pair.inbox.publish(batch_of(&["e"]));
    assert_eq!(pair.wakes.count(), 1);
    pair.inbox.close();
    assert!(pair.inbox.publish_here(batch_of(&["f"])).is_empty());
    assert!(pair.memory.take_payloads(&mut pair.reader).is_empty());
}

/// A connection that counts how often it was given a turn and given back.
#[derive(Default)]
struct Counts {
    turns: Counter,
    given_back: Counter,
}

impl Turn for Counts {
    fn take_direct_turn(self: Arc<Self>) {
        count(&self.turns);
    }

    fn give_back(self: Arc<Self>) {
        count(&self.given_back);
    }
}

fn count(counter: &Counter) {
    counter.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
}

fn id(index: usize) -> ConnectionId {
    ConnectionId {
        index: u32::try_from(index).expect("it is small"),
        generation: 3,
    }
}

/// As many direct connections.
fn begin(count: usize) -> (Direct, Vec<Arc<Counts>>) {
    let direct = Direct::default();
    let connections = (0..count)
        .map(|index| {
            let connection = Arc::new(Counts::default());
            assert!(direct.begin(id(index), Arc::clone(&connection) as _));
            connection
        })
        .collect();
    (direct, connections)
}

#[test]
fn direct_connection_is_found_by_its_id_until_it_ends() {
    let (direct, connections) = begin(3);
    let [first, second, third] = connections.try_into().unwrap_or_else(|_| unreachable!());
    assert!(direct.is_any());
    assert!(direct.only().is_none());
    direct.get(id(1)).expect("it is there").take_direct_turn();
    assert_eq!(
        [&first, &second, &third].map(|c| c.turns.count()),
        [0, 1, 0]
    );
    let successor = ConnectionId {
        generation: 4,
        ..id(1)
    };
    assert!(direct.get(successor).is_none());
    direct.end(successor);
    assert!(direct.get(id(1)).is_some());

    direct.end(id(1));
    direct.end(id(1));
    assert!(direct.get(id(1)).is_none());
    assert_eq!(Arc::strong_count(&second), 1, "it is let go of");
    assert!(direct.only().is_none());
    direct.end(id(0));
    direct.only().expect("one is left").take_direct_turn();
    assert_eq!(
        [&first, &second, &third].map(|c| c.turns.count()),
        [0, 1, 1]
    );
    assert!(direct.is_any());
    direct.end(id(2));
    assert!(direct.only().is_none());
    assert!(!direct.is_any());
}

#[test]
fn all_are_given_back_when_there_are_too_many_and_none_begins_for_some_time() {
    let (direct, connections) = begin(MOST_DIRECT);
    let given_back = || -> Vec<_> { connections.iter().map(|c| c.given_back.count()).collect() };
    assert_eq!(given_back(), [0; MOST_DIRECT]);
    let resting = Instant::now();
    let more = Arc::new(Counts::default());
    assert!(!direct.begin(id(MOST_DIRECT), Arc::clone(&more) as _));
    assert_eq!(given_back(), [1; MOST_DIRECT]);
    assert_eq!(more.given_back.count(), 0, "it never was direct");
    assert!(direct.get(id(MOST_DIRECT)).is_none());
    for index in 0..MOST_DIRECT {
        direct.end(id(index));
    }

    while !direct.begin(id(0), Arc::clone(&more) as _) {
        assert!(!direct.is_any());
        sleep(Duration::from_millis(20));
    }
    assert!(resting.elapsed() >= REST);
    assert!(direct.begin(id(1), more), "the rest is over");
    assert_eq!(given_back(), [1; MOST_DIRECT]);
}

#[test]
fn id_of_both_numbers_is_the_same_in_one() {
    let id = ConnectionId {
        index: 0x8000_0001,
        generation: 0xffff_fffe,
    };
    assert_eq!(id.to_u64(), 0xffff_fffe_8000_0001);
    assert_eq!(ConnectionId::from_u64(id.to_u64()), id);
}
