//! The load side of the benchmark: a `WebSocket` client that keeps many
//! connections busy or open from one thread, and the raw TCP echo that marks
//! what the machine could do without any `WebSocket` work.
//!
//! Standard output carries one JSON object per line and nothing else; failures
//! go to standard error with exit code 1.

mod connect;
mod course;
mod echo;
mod frame;
mod handshake;
mod hop;
mod idle;
mod line;
mod message;
mod outbox;
mod paced;
mod ping;
mod push;
mod raw_server;
mod reply;
mod sockets;
mod ticks;
mod window;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about)]
struct Arguments {
    #[command(subcommand)]
    role: Role,
}

#[derive(Subcommand)]
enum Role {
    /// Keep messages in flight to an echo server and time the replies
    Echo(echo::Options),
    /// Send messages one at a time at random instants, and time the replies
    Paced(paced::Options),
    /// Make a server send bursts or broadcasts, and time what arrives
    Push(push::Options),
    /// Send pings at fixed times, and time the pongs
    Ping(ping::Options),
    /// Open, upgrade and close connections
    Connect(connect::Options),
    /// Open connections that echo a few messages each and then stay silent, until
    /// standard input ends
    Idle(idle::Options),
    /// Time how long one thread takes to wake another that sleeps in the poller
    Hop(hop::Options),
    /// Serve TCP that knows nothing of `WebSocket`, on a port of the system's
    /// choice, until standard input ends
    RawServer(raw_server::Options),
}

fn main() -> ExitCode {
    let outcome: Result<(), Box<dyn Error>> = match Arguments::parse().role {
        Role::Echo(options) => echo::run(&options),
        Role::Paced(options) => paced::run(&options),
        Role::Idle(options) => idle::run(&options),
        Role::Push(options) => push::run(&options),
        Role::Ping(options) => ping::run(&options),
        Role::Connect(options) => connect::run(&options),
        Role::Hop(options) => hop::run(&options),
        Role::RawServer(options) => raw_server::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("oxws-load: {error}");
            ExitCode::FAILURE
        }
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.0..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("must be seconds, at most 3600".into()),
    }
}
