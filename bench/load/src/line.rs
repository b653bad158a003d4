//! What the runner is told: one JSON object per line of standard output.

use std::io::{self, Write};

use serde::Serialize;

use crate::message::Failure;

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Line {
    /// The measured window begins.
    Start,
    /// The measured window has ended.
    #[serde(rename_all = "camelCase")]
    End {
        seconds: f64,
        messages: u64,
        /// Of the replies, frame headers included.
        bytes: u64,
        latency_us: Latency,
    },
    /// So many connections are open and have been silent for a while.
    Idle { connections: usize },
    /// One thread took so long to wake another, on average.
    #[serde(rename_all = "camelCase")]
    Hop { hop_us: f64 },
}

#[derive(Serialize)]
pub struct Latency {
    pub min: f64,
    pub mean: f64,
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub max: f64,
}

impl Line {
    pub fn print(&self) -> Result<(), Failure> {
        let mut text = serde_json::to_string(self)?;
        text.push('\n');
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        Ok(())
    }
}
