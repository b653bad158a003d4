//! Bytes that wait for the kernel.
//!
//! Most are copies, the connection's own. A large payload that many connections
//! have in common lies in memory once, however many of them wait.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::Arc;

/// Parts that are offered to the kernel together.
const PARTS_AT_ONCE: usize = 8;

/// Four times as much memory is kept, however little waits.
const SMALL: usize = 64 * 1024;

enum Part {
    Own(Vec<u8>),
    Shared(Arc<[u8]>),
}

impl Part {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Own(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }
}

/// What one connection has to write, in order.
#[derive(Default)]
pub(super) struct Queue {
    /// None of them is empty.
    parts: VecDeque<Part>,
    /// Bytes of the first part that have been taken, less than it has.
    head: usize,
    length: usize,
}

impl Queue {
    /// Bytes that wait.
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Appends what `write` appends.
    pub(super) fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = match self.parts.pop_back() {
            Some(Part::Own(bytes)) => bytes,
            other => {
                self.parts.extend(other);
                Vec::new()
            }
        };
        let before = bytes.len();
        write(&mut bytes);
        self.length += bytes.len() - before;
        if !bytes.is_empty() {
            self.parts.push_back(Part::Own(bytes));
        }
    }

    /// Appends bytes that are not copied, but for those before `start`, which must
    /// be 0 unless nothing waits.
    pub(super) fn append_shared(&mut self, bytes: &Arc<[u8]>, start: usize) {
        if start < bytes.len() {
            debug_assert!(start == 0 || self.parts.is_empty());
            self.head += start;
            self.length += bytes.len() - start;
            self.parts.push_back(Part::Shared(Arc::clone(bytes)));
        }
    }

    /// What is to be offered to the kernel next.
    pub(super) fn slices(&self) -> impl Iterator<Item = IoSlice<'_>> {
        let heads = std::iter::once(self.head).chain(std::iter::repeat(0));
        let parts = self.parts.iter().zip(heads).take(PARTS_AT_ONCE);
        parts.map(|(part, head)| IoSlice::new(part.bytes().get(head..).unwrap_or_default()))
    }

    /// The kernel took `count` bytes.
    pub(super) fn advance(&mut self, count: usize) {
        self.length = self.length.saturating_sub(count);
        self.head += count;
        while let Some(first) = self.parts.front()
            && first.bytes().len() <= self.head
        {
            self.head -= first.bytes().len();
            self.parts.pop_front();
        }
    }

    /// Gives back the memory of what has been taken, if it is much.
    pub(super) fn compact(&mut self) {
        if let Some(Part::Own(bytes)) = self.parts.front_mut()
            && self.head > bytes.len() / 2
        {
            bytes.drain(..self.head);
            self.head = 0;
            // What is copied is less than what has been taken since the last time.
            if bytes.capacity() > 4 * bytes.len().max(SMALL) {
                bytes.shrink_to(2 * bytes.len());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(queue: &Queue) -> Vec<Vec<u8>> {
        queue.slices().map(|slice| slice.to_vec()).collect()
    }

    #[test]
    fn bytes_leave_in_order_and_what_is_shared_is_not_copied() {
        let shared: Arc<[u8]> = Arc::from(&b"shared"[..]);
        let mut queue = Queue::default();
        queue.append(|out| out.extend(b"one "));
        queue.append(|out| out.extend(b"two "));
        queue.append_shared(&shared, 0);
        queue.append(|_| {});
        queue.append_shared(&shared, 0);
        queue.append(|out| out.extend(b" end"));
        assert_eq!(Arc::strong_count(&shared), 3);
        assert_eq!(queue.len(), 24);
        let mut left = b"one two sharedshared end".to_vec();
        for step in [1, 0, 6, 4, 5, 6, 1, 1] {
            queue.advance(step);
            queue.compact();
            left.drain(..step);
            assert_eq!(contents(&queue).concat(), left);
            assert_eq!(queue.len(), left.len());
        }
        assert!(contents(&queue).is_empty());
        assert_eq!(Arc::strong_count(&shared), 1);
    }

    #[test]
    fn memory_of_what_has_been_taken_is_given_back() {
        let mut queue = Queue::default();
        queue.append(|out| out.resize(16 * SMALL, 1));
        for left in [9, 5, 3, 1].map(|part| part * SMALL) {
            queue.advance(queue.len() - left);
            queue.compact();
            let [Part::Own(bytes)] = queue.parts.make_contiguous() else {
                panic!("one part");
            };
            assert!(bytes.capacity() <= 4 * (left + queue.head));
            assert_eq!(contents(&queue), [vec![1; left]]);
        }
    }

    #[test]
    fn a_payload_that_was_taken_in_part_goes_on_there() {
        let shared: Arc<[u8]> = Arc::from(&b"shared"[..]);
        let mut queue = Queue::default();
        queue.append_shared(&shared, 2);
        queue.append_shared(&shared, 0);
        assert_eq!(contents(&queue), [&b"ared"[..], b"shared"]);
        queue.advance(5);
        assert_eq!(contents(&queue), [b"hared"]);
        queue.advance(5);
        queue.append_shared(&shared, 6);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn a_few_parts_are_offered_at_once() {
        let shared: Arc<[u8]> = Arc::from(&b"x"[..]);
        let mut queue = Queue::default();
        for _ in 0..20 {
            queue.append_shared(&shared, 0);
        }
        assert_eq!(contents(&queue).len(), PARTS_AT_ONCE);
        queue.advance(PARTS_AT_ONCE);
        assert_eq!(queue.len(), 20 - PARTS_AT_ONCE);
    }
}
