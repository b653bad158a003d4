//! Node-API: the only floor that knows JavaScript. It moves bytes and numbers;
//! it decides nothing about the protocol.

mod constants;
mod environment;
mod waker;
