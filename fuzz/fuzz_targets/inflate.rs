//! Any bytes as the payloads of compressed frames: they inflate or are refused,
//! within the bound, and giving memory back between messages changes nothing for
//! messages that are complete.

#![no_main]

use libfuzzer_sys::fuzz_target;
use oxws::protocol::{InflateConfig, Inflater, ProtocolError};

const MAX_PAYLOAD: usize = 100_000;

/// Inflates the pieces, each the frame that the bits of its number say.
fn run(config: InflateConfig, pieces: &[&[u8]], fins: u8) -> Result<Vec<Vec<u8>>, ProtocolError> {
    let mut inflater = Inflater::new(config);
    let mut messages = Vec::new();
    let mut message = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let fin = fins >> (index % 8) & 1 == 1;
        let result = inflater.inflate(piece, fin, MAX_PAYLOAD as u64, &mut message);
        assert!(message.capacity() <= MAX_PAYLOAD);
        result?;
        if fin {
            messages.push(std::mem::take(&mut message));
        }
    }
    Ok(messages)
}

fuzz_target!(|data: &[u8]| {
    let [switches, fins, data @ ..] = data else {
        return;
    };
    let config = InflateConfig {
        no_context_takeover: switches & 1 == 1,
        max_window_bits: 8 + (switches >> 1 & 7),
    };
    let pieces: Vec<_> = data.chunks(usize::from(switches >> 4) * 16 + 1).collect();
    let first = run(config, &pieces, *fins);
    // A state that had another user in between is as good as a new one.
    let _ = run(config, &[data], 1);
    assert_eq!(first, run(config, &pieces, *fins));
});
