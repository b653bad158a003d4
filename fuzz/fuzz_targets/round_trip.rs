//! Any messages, under any agreement, in fragments, with contexts given back in
//! between: what was compressed inflates to the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use oxws::protocol::{DeflateConfig, Deflater, Inflater, release_idle_contexts};

fuzz_target!(|data: &[u8]| {
    let Some((words, data)) = data.split_first_chunk::<8>() else {
        return;
    };
    let (first, second) = words.split_at(4);
    let word = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0, |word, byte| word << 8 | u32::from(*byte))
    };
    let words = [word(first) | 1, word(second), 0];
    let Some(own) = DeflateConfig::from_words(&words) else {
        return;
    };
    let peer = DeflateConfig {
        peer_no_context_takeover: own.own_no_context_takeover,
        peer_max_window_bits: own.own_max_window_bits,
        ..own
    };
    let mut deflater = Deflater::new(&own);
    let mut inflater = Inflater::new(peer.inflate());
    for fragment in data.chunks(700) {
        let switches = fragment.first().copied().unwrap_or_default();
        let fin = switches & 1 == 1;
        let mut compressed = Vec::new();
        deflater.compress(fragment, fin, &mut compressed);
        let mut inflated = Vec::new();
        assert_eq!(inflater.inflate(&compressed, fin, 0, &mut inflated), Ok(()));
        assert_eq!(inflated, fragment);
        if switches & 2 == 2 {
            // Idle is what was not used between two calls.
            release_idle_contexts();
            release_idle_contexts();
        }
    }
});
