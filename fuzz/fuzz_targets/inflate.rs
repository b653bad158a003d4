//! Any bytes as the payloads of compressed frames: they inflate or are refused,
//! within the bound, and giving memory back between messages changes nothing but
//! that more may be refused.

#![no_main]

use libfuzzer_sys::fuzz_target;
use oxws::protocol::{InflateConfig, Inflater, ProtocolError, release_idle_contexts};

const MAX_PAYLOAD: usize = 100_000;

/// When a connection counts as idle.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Idle {
    Never,
    BetweenFrames,
}

/// Inflates the pieces, each the frame that the bits of its number say.
fn run(
    config: InflateConfig,
    pieces: &[&[u8]],
    fins: u8,
    idle: Idle,
) -> Result<Vec<Vec<u8>>, ProtocolError> {
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
        if idle == Idle::BetweenFrames {
            // Idle is what was not used between two calls.
            release_idle_contexts();
            release_idle_contexts();
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
    let first = run(config, &pieces, *fins, Idle::Never);
    // A state that had another user in between is as good as a new one.
    let _ = run(config, &[data], 1, Idle::Never);
    assert_eq!(first, run(config, &pieces, *fins, Idle::Never));
    // Of what stops within a block, or refers to what has left the agreed window,
    // no memory is kept.
    let released = run(config, &pieces, *fins, Idle::BetweenFrames);
    if released.is_ok() {
        assert_eq!(first, released);
    }
});
