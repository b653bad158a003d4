//! What lies where in a slab, and whose memory it is.

#![allow(unsafe_code, reason = "a slab is made a pointer and back")]

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use super::super::slab::{Appended, LONGEST_PAYLOAD, SlabWriter};
use super::super::{SLAB_OFFSET_BITS, Slab};

/// Opens a window, fills it with `byte` and appends what lies in `ranges` of it.
fn read(writer: &mut SlabWriter, byte: u8, least: usize, ranges: &[Range<usize>]) -> Vec<Appended> {
    let mut window = writer.open_window(least, 0);
    let bytes = window.bytes();
    bytes.fill(byte);
    let appended = ranges
        .iter()
        .map(|range| writer.append(&bytes[range.clone()]).expect("it fits"))
        .collect();
    writer.close_window(window);
    appended
}

fn places(appended: &[Appended]) -> Vec<u32> {
    appended.iter().map(|appended| appended.place).collect()
}

#[test]
fn payload_in_the_window_stays_and_its_neighbours_follow() {
    let mut writer = SlabWriter::new(0);
    let one = read(&mut writer, 1, 100, &[8..108, 120..220]);
    assert_eq!(places(&one), [8, 120]);
    assert_eq!(one.iter().map(|one| one.bytes).sum::<usize>(), 224);
    // The rest of the window is free again.
    assert_eq!(
        places(&read(&mut writer, 2, 100, &[8..108, 112..120]))[0],
        232
    );
}

#[test]
fn slab_is_announced_with_its_first_payload() {
    let mut writer = SlabWriter::new(5);
    assert!(read(&mut writer, 1, 100, &[]).is_empty());
    let mut appended = read(&mut writer, 2, 100, &[0..100, 104..204]);
    appended.extend(writer.append(&[3; 100]));
    let announced: Vec<bool> = appended.iter().map(|one| one.begun.is_some()).collect();
    assert_eq!(announced, [true, false, false]);
    assert_eq!(places(&appended)[0], 5 << SLAB_OFFSET_BITS);
}

#[test]
fn payload_that_is_not_aligned_or_far_behind_is_copied_behind_the_window() {
    for first in [3..1003, 2000..2008] {
        let mut writer = SlabWriter::new(0);
        // What follows it in the window is not before it in the slab.
        let appended = read(&mut writer, 7, 5000, &[first.clone(), 3000..4000]);
        let end = u32::try_from(LONGEST_PAYLOAD).expect("it is small");
        assert_eq!(appended[0].place, end, "{first:?}");
        assert!(appended[1].place > end, "{first:?}");
        let slab = appended[0].begun.as_ref().expect("it is the first");
        assert_eq!(
            slab.read(LONGEST_PAYLOAD, first.len()),
            vec![7; first.len()]
        );
    }
}

#[test]
fn what_follows_the_lead_is_aligned() {
    let mut writer = SlabWriter::new(0);
    for lead in [0, 4, 6, 8, 14] {
        let mut window = writer.open_window(100, lead);
        let bytes = window.bytes();
        assert_eq!(bytes[lead..].as_ptr().addr() % 8, 0, "{lead}");
        let address = bytes[lead..].as_ptr();
        let appended = writer.append(&bytes[lead..100]).expect("it fits");
        let slab = writer.open_slab();
        let start = slab.as_ptr().cast_const();
        assert_eq!(start.wrapping_add(appended.place as usize), address);
        writer.close_window(window);
    }
}

#[test]
fn window_that_is_not_closed_is_not_used_again() {
    let mut writer = SlabWriter::new(0);
    let mut lost = writer.open_window(100, 0);
    let range = lost.bytes().as_ptr_range();
    let mut other = writer.open_window(100, 0);
    assert!(!range.contains(&other.bytes().as_ptr()));
    assert_eq!(other.bytes().as_ptr(), range.end);
}

/// A series of numbers that looks like chance.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 40).expect("it is small") % bound
    }
}

#[test]
fn what_was_told_is_never_written_again() {
    let mut numbers = Numbers(1);
    let mut writer = SlabWriter::new(0);
    let mut told: Vec<(Slab, usize, Vec<u8>)> = Vec::new();
    for _ in 0..2000 {
        let fill = u8::try_from(numbers.below(256)).expect("it is a byte");
        let mut tell = |writer: &mut SlabWriter, payload: &[u8]| {
            let appended = writer.append(payload).expect("it fits");
            let offset = appended.place & ((1 << SLAB_OFFSET_BITS) - 1);
            told.push((writer.open_slab(), offset as usize, payload.to_vec()));
        };
        if numbers.below(4) == 0 {
            tell(&mut writer, &vec![fill; numbers.below(LONGEST_PAYLOAD)]);
            continue;
        }
        let mut window = writer.open_window(1 + numbers.below(20_000), numbers.below(15));
        let bytes = window.bytes();
        bytes.fill(fill);
        let mut end = 0;
        while numbers.below(3) > 0 {
            let start = end + numbers.below(300);
            end = start + numbers.below(40_000);
            let Some(payload) = bytes.get(start..end) else {
                break;
            };
            tell(&mut writer, payload);
        }
        if numbers.below(50) > 0 {
            writer.close_window(window);
        }
    }
    for (slab, offset, payload) in told {
        assert_eq!(slab.read(offset, payload.len()), payload);
    }
}

#[test]
fn memory_is_of_no_other_slab_as_long_as_someone_has_it() {
    let slab = Slab::new();
    let start = slab.as_ptr();
    let head = slab.clone().into_raw();
    drop(slab);
    let others: Vec<_> = (0..100).map(|_| Slab::new()).collect();
    assert!(others.iter().all(|other| other.as_ptr() != start));
    // SAFETY: it is from there.
    let slab = unsafe { Slab::from_raw(head) };
    assert_eq!(slab.as_ptr(), start);
}

#[test]
fn memory_of_slabs_goes_round() {
    let starts: BTreeSet<_> = (0..10_000).map(|_| Slab::new().as_ptr()).collect();
    // Other tests use some, too.
    assert!(starts.len() < 1000, "{}", starts.len());
}

#[test]
fn slabs_that_threads_drop_are_used_by_one_at_a_time() {
    const ROUNDS: u8 = 200;
    thread::scope(|scope| {
        let (give, take) = mpsc::sync_channel::<(u8, Slab, SlabWriter)>(8);
        let take = Arc::new(Mutex::new(take));
        for _ in 0..3 {
            let take = Arc::clone(&take);
            scope.spawn(move || {
                loop {
                    let taken = take.lock().expect("nobody panics").recv();
                    let Ok((number, slab, writer)) = taken else {
                        break;
                    };
                    assert_eq!(slab.read(0, 5000), [number; 5000]);
                    drop(writer);
                    assert_eq!(slab.clone().read(0, 5000), [number; 5000]);
                }
            });
        }
        for number in 0..ROUNDS {
            let mut writer = SlabWriter::new(0);
            let appended = writer.append(&[number; 5000]).expect("it fits");
            let slab = appended.begun.expect("it is the first");
            give.send((number, slab, writer)).expect("they listen");
        }
        drop(give);
    });
}

#[test]
fn what_is_copied_behind_a_window_is_aligned() {
    for lead in [0, 4, 6, 8, 14] {
        let mut writer = SlabWriter::new(0);
        let mut window = writer.open_window(100, lead);
        let bytes = window.bytes();
        let (first, second) = (lead..lead + 5001, lead + 5005..lead + 10_006);
        for range in [first, second] {
            let place = writer.append(&bytes[range]).expect("it fits").place;
            assert!(place.is_multiple_of(8), "{lead}: {place}");
        }
        writer.close_window(window);
        let mut next = writer.open_window(100, lead);
        let start = next.bytes()[lead..].as_ptr().addr();
        assert_eq!(start % 8, 0, "{lead}");
        // It is not closed.
        let mut other = writer.open_window(100, lead);
        assert_eq!(other.bytes()[lead..].as_ptr().addr() % 8, 0, "{lead}");
    }
}
