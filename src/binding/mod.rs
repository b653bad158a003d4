//! Node-API: the only floor that knows JavaScript. It moves bytes and numbers;
//! it decides nothing about the protocol.

#![cfg_attr(
    test,
    allow(
        dead_code,
        reason = "the functions that register all this with Node are not in test builds"
    )
)]

mod constants;
mod deflate;
mod engine;
mod environment;
mod exchange;
mod given;
mod handshake;
mod waker;
