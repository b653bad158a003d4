use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Batch, Counter, Event, EventKind, Inbox, Memory, Reader, batch_of, inbox};
use crate::bridge::{ConnectionId, Direct, FEW_MESSAGES, MOST_DIRECT, Turn};

/// So many more wakes than finding the reader awake show that direct connections pay.
const ROW: u32 = 32;
/// Messages that are not few.
const TOO_MANY: usize = FEW_MESSAGES + 1;
/// What speaks for them is remembered up to so much,
const MOST: u32 = 2 * ROW;
/// and messages that are not few speak against them so much.
const COST: u32 = 4;
/// A reader that comes so long after it was woken is late, and how long that matters.
const LATE: Duration = Duration::from_millis(6);
const CALM: Duration = Duration::from_millis(250);
/// How long there are none after they paid no longer, at least.
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

    /// The reader takes messages that its own thread has read so often.
    fn read(&mut self, times: u32, batches: &[usize]) {
        for _ in 0..times {
            for connections in batches {
                self.inbox.publish_here(messages_of(*connections));
            }
            self.take();
        }
    }

    fn is_worthwhile(&self) -> bool {
        self.inbox.direct.is_worthwhile()
    }

    /// One for which they are.
    fn worthwhile() -> Self {
        let mut pair = Self::new();
        pair.wake(ROW, 1);
        assert!(pair.is_worthwhile());
        pair
    }

    /// They pay no longer.
    fn end(&mut self) {
        self.wake(ROW, TOO_MANY);
        assert!(!self.is_worthwhile());
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

fn of_callbacks() -> Batch {
    let mut batch = Batch::default();
    for index in 0..100 {
        batch.push(EventKind::Sent, 0, index, 1);
    }
    batch
}

#[test]
fn direct_connections_pay_after_a_row_of_wakes_for_a_few_messages() {
    for (times, messages, worthwhile) in [
        (ROW, 1, true),
        (ROW, FEW_MESSAGES, true),
        (ROW - 1, 1, false),
        (10 * ROW, TOO_MANY, false),
    ] {
        let mut pair = Pair::new();
        pair.wake(times, messages);
        assert_eq!(pair.is_worthwhile(), worthwhile, "{times} {messages}");
    }
}

#[test]
fn what_is_not_few_takes_some_of_the_row() {
    let others: [fn() -> Batch; 2] = [|| messages_of(TOO_MANY), messages_of_one];
    for other in others {
        let mut pair = Pair::new();
        pair.wake(ROW - 1, 1);
        pair.inbox.publish(other());
        pair.take();
        pair.wake(COST, 1);
        assert!(!pair.is_worthwhile());
        pair.wake(1, 1);
        assert!(pair.is_worthwhile());
    }
}

#[test]
fn what_is_no_message_tells_nothing() {
    for other in [of_connections, of_callbacks] {
        let mut pair = Pair::new();
        pair.wake(ROW - 1, 1);
        let others = |pair: &mut Pair| {
            for _ in 0..MOST {
                pair.inbox.publish(other());
                pair.take();
                pair.inbox.publish_here(other());
                pair.take();
            }
        };
        others(&mut pair);
        assert!(!pair.is_worthwhile());
        pair.wake(1, 1);
        assert!(pair.is_worthwhile());
        others(&mut pair);
        assert!(pair.is_worthwhile());
    }
}

#[test]
fn reader_that_is_often_found_awake_has_no_use_for_them() {
    let mut pair = Pair::new();
    (0..8 * ROW).for_each(|_| pair.wake_once_in_two());
    assert!(!pair.is_worthwhile());
    for _ in 0..ROW {
        pair.wake_once_in_two();
        pair.wake(1, 1);
    }
    assert!(pair.is_worthwhile());
    // Who reads direct connections itself is found awake.
    (0..8 * ROW).for_each(|_| pair.wake_once_in_two());
    assert!(pair.is_worthwhile());
}

#[test]
fn reader_that_comes_late_has_no_use_for_them_for_a_while() {
    let mut pair = Pair::new();
    pair.wake(ROW - 2, 1);
    pair.inbox.publish(messages_of(1));
    sleep(LATE);
    let late = Instant::now();
    pair.take();
    while !pair.is_worthwhile() {
        pair.wake(1, 1);
        sleep(Duration::from_millis(1));
    }
    assert!(late.elapsed() >= CALM);
    // While they pay someone else finds it out.
    pair.inbox.publish(messages_of(1));
    sleep(LATE);
    pair.take();
    assert!(pair.is_worthwhile());
}

#[test]
fn they_pay_no_longer_when_too_much_is_not_few() {
    let ends: [fn(&mut Pair, u32); 4] = [
        |pair, times| pair.wake(times, TOO_MANY),
        |pair, times| pair.read(times, &[TOO_MANY]),
        // Together that are not few.
        |pair, times| pair.read(times, &[1; TOO_MANY]),
        |pair, times| {
            for _ in 0..times {
                pair.inbox.publish_here(messages_of_one());
                pair.take();
            }
        },
    ];
    for (number, end) in ends.into_iter().enumerate() {
        let mut pair = Pair::worthwhile();
        let connection = Arc::new(Counts::default());
        assert!(pair.inbox.direct.begin(id(0), Arc::clone(&connection) as _));
        end(&mut pair, ROW / COST - 1);
        assert!(pair.is_worthwhile(), "{number}");
        // As much again as there ever was.
        pair.read(2 * MOST, &[1; FEW_MESSAGES]);
        end(&mut pair, MOST / COST - 1);
        assert!(pair.is_worthwhile(), "{number}");
        assert_eq!(connection.given_back.count(), 0);
        end(&mut pair, 1);
        assert!(!pair.is_worthwhile(), "{number}");
        assert_eq!(connection.given_back.count(), 1);
        assert!(!pair.inbox.direct.begin(id(1), connection), "{number}");
    }
}

#[test]
fn they_rest_twice_as_long_as_long_as_they_do_not_pay_for_longer() {
    let mut pair = Pair::worthwhile();
    let direct = Arc::clone(&pair.inbox);
    let direct = &direct.direct;
    let mut rests = Vec::new();
    for _ in 0..8 {
        pair.end();
        rests.push(direct.rest().as_secs());
        pair.wake(2 * ROW, 1);
        assert!(!pair.is_worthwhile(), "it is too soon");
        direct.end_rest();
        pair.wake(ROW, 1);
        assert!(pair.is_worthwhile());
    }
    assert_eq!(rests, [1, 2, 4, 8, 16, 32, 64, 64]);
    direct.shift(4 * REST * 64);
    pair.end();
    assert_eq!(direct.rest(), REST);
    // The rest is over, and they pay for several times as long.
    direct.end_rest();
    pair.wake(ROW, 1);
    direct.shift(4 * REST);
    pair.end();
    assert_eq!(direct.rest(), REST);
}

#[test]
fn what_the_readers_own_thread_publishes_neither_wakes_it_nor_makes_them_pay() {
    let mut pair = Pair::new();
    pair.read(2 * ROW, &[1]);
    assert_eq!(pair.wakes.count(), 0);
    assert!(!pair.is_worthwhile());
    pair.wake(ROW - 1, 1);
    assert!(!pair.is_worthwhile());
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
    (0..ROW).for_each(|_| direct.note_published(true, true));
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
fn there_are_no_more_than_the_most() {
    let (direct, connections) = begin(MOST_DIRECT);
    assert!(!direct.is_worthwhile());
    let more = Arc::new(Counts::default());
    assert!(!direct.begin(id(MOST_DIRECT), Arc::clone(&more) as _));
    assert!(direct.get(id(MOST_DIRECT)).is_none());
    assert!(connections.iter().all(|c| c.given_back.count() == 0));
    direct.end(id(7));
    assert!(direct.is_worthwhile());
    assert!(direct.begin(id(MOST_DIRECT), more));
}

#[test]
fn all_are_given_back_while_the_reader_is_busy_and_none_begins_for_some_time() {
    let mut pair = Pair::worthwhile();
    let connections = [(); 3].map(|()| Arc::new(Counts::default()));
    let direct = Arc::clone(&pair.inbox);
    let direct = &direct.direct;
    for (index, connection) in connections.iter().enumerate() {
        assert!(direct.begin(id(index), Arc::clone(connection) as _));
    }
    let given_back = || connections.each_ref().map(|c| c.given_back.count());
    let resting = Instant::now();
    direct.give_back_all();
    assert_eq!(given_back(), [1; 3]);
    assert!(!direct.is_worthwhile());
    direct.end(id(1));
    // Those that are still there.
    direct.give_back_all();
    assert_eq!(given_back(), [2, 1, 2]);
    assert_eq!(direct.rest(), REST, "it has begun once");

    while !pair.is_worthwhile() {
        pair.wake(1, 1);
        sleep(Duration::from_millis(1));
    }
    assert!(resting.elapsed() >= REST);
}

#[test]
fn who_watches_is_told_when_there_are_none() {
    let (direct, _connections) = begin(2);
    assert!(direct.begin_watch());
    assert!(!direct.begin_watch());
    let watcher = Arc::new(Counter::default());
    let waker = Waker::from(Arc::clone(&watcher));
    let cx = &mut Context::from_waker(&waker);
    assert!(direct.poll_none(cx).is_pending());
    direct.end(id(0));
    assert_eq!(watcher.count(), 0);
    direct.end(id(1));
    assert_eq!(watcher.count(), 1);
    assert!(!direct.begin_watch(), "who was told still does");
    assert!(direct.poll_none(cx).is_ready());
    assert!(direct.begin_watch());
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
