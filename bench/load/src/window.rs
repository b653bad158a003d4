//! The measured window: what was counted in it, and the two lines that tell
//! the runner when it began and ended.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::line::{Latency, Line};
use crate::message::Failure;

/// The finest and coarsest latency told apart, in nanoseconds.
const SHORTEST: u64 = 100;
const LONGEST: u64 = 60_000_000_000;

pub struct Window {
    began: Instant,
    latencies: Histogram<u64>,
    bytes: u64,
}

impl Window {
    pub fn start() -> Result<Self, Failure> {
        let latencies = Histogram::new_with_bounds(SHORTEST, LONGEST, 3)?;
        Line::Start.print()?;
        Ok(Self {
            began: Instant::now(),
            latencies,
            bytes: 0,
        })
    }

    #[inline]
    pub fn record(&mut self, latency: Duration, messages: u32) {
        let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.latencies
            .saturating_record_n(nanoseconds, messages.into());
    }

    /// Counts bytes that were read.
    #[inline]
    pub fn record_bytes(&mut self, length: usize) {
        self.bytes += length as u64;
    }

    pub fn end(&self) -> Result<(), Failure> {
        let seconds = self.began.elapsed().as_secs_f64();
        let latencies = &self.latencies;
        if latencies.is_empty() {
            return Err("no reply came in the measured window".into());
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "latencies are far below 2^53 ns"
        )]
        let microseconds = |nanoseconds: u64| nanoseconds as f64 / 1e3;
        Line::End {
            seconds,
            messages: latencies.len(),
            bytes: self.bytes,
            latency_us: Latency {
                min: microseconds(latencies.min()),
                mean: latencies.mean() / 1e3,
                p50: microseconds(latencies.value_at_quantile(0.50)),
                p90: microseconds(latencies.value_at_quantile(0.90)),
                p99: microseconds(latencies.value_at_quantile(0.99)),
                max: microseconds(latencies.max()),
            },
        }
        .print()
    }
}
