//! Messages there and back, what cannot be inflated, and what is held.

mod contexts;
mod data;
mod messages;

use super::deflater::deflations;
use super::histories::Histories;
use super::inflate_states::InflateStates;
use super::*;
use crate::protocol::tests::Chance;
use crate::protocol::{InflateConfig, ProtocolError};

/// All agreements: takeover or not, and the smallest, a middle, the largest window.
fn agreements() -> Vec<DeflateConfig> {
    let mut configs = Vec::new();
    for no_context_takeover in [false, true] {
        for bits in [8, 9, 11, 15] {
            configs.push(DeflateConfig {
                own_no_context_takeover: no_context_takeover,
                own_max_window_bits: bits,
                ..DeflateConfig::default()
            });
        }
    }
    configs
}

/// The other end's view of what we send.
fn inflate_config(config: &DeflateConfig) -> InflateConfig {
    InflateConfig {
        no_context_takeover: config.own_no_context_takeover,
        max_window_bits: config.own_max_window_bits,
    }
}

fn inflater() -> Inflater {
    Inflater::new(DeflateConfig::default().inflate())
}

/// One frame of a message of which nothing was inflated before.
fn inflate(inflater: &mut Inflater, data: &[u8], fin: bool) -> Result<Vec<u8>, ProtocolError> {
    let mut out = Vec::new();
    inflater.inflate(data, fin, 0, &mut out)?;
    Ok(out)
}

fn deflate(deflater: &mut Deflater, data: &[u8], fin: bool) -> Vec<u8> {
    let mut out = Vec::new();
    deflater.compress(data, fin, &mut out);
    out
}

/// Data in which zlib finds matches near and far.
fn compressible(chance: &mut Chance, length: usize) -> Vec<u8> {
    let mut data = Vec::with_capacity(length);
    while data.len() < length {
        if data.len() > 100 && chance.below(2) == 0 {
            let start = chance.below(data.len() - 50);
            let end = start + 3 + chance.below(47);
            data.extend_from_within(start..end);
        } else {
            let count = 1 + chance.below(40);
            data.extend(chance.bytes(count));
        }
    }
    data.truncate(length);
    data
}

fn histories(bound: usize) -> &'static Histories {
    Box::leak(Box::new(Histories::new(bound)))
}

fn inflate_states(most: usize) -> &'static InflateStates {
    Box::leak(Box::new(InflateStates::new(most)))
}
