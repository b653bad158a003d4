//! The course of a load: warm-up, the measured window, some more of the same,
//! and the end, when what is under way is still answered.

use std::time::{Duration, Instant};

use clap::Args;

use crate::message::Failure;
use crate::window::Window;

/// The load goes on for so long after the window, so that the runner reads
/// the server's clocks while nothing has changed yet.
const COOL_DOWN: Duration = Duration::from_millis(100);

/// The last replies must be there after this long.
const DRAIN: Duration = Duration::from_secs(5);

#[derive(Args)]
pub struct Options {
    /// Seconds under load before the window
    #[arg(long, default_value_t = 1.0, value_parser = crate::seconds)]
    warmup: f64,
    /// Seconds of the window
    #[arg(long, default_value_t = 2.0, value_parser = crate::seconds)]
    seconds: f64,
}

/// What happens when the time set for it has passed.
enum Phase {
    WarmUp,
    Measure(Window),
    CoolDown,
    Drain,
}

pub struct Course {
    phase: Phase,
    until: Instant,
    measure: Duration,
}

impl Course {
    /// The warm-up begins.
    pub fn begin(options: &Options) -> Self {
        Self {
            phase: Phase::WarmUp,
            until: Instant::now() + Duration::from_secs_f64(options.warmup),
            measure: Duration::from_secs_f64(options.seconds),
        }
    }

    /// Goes on to the next phase if it is time, and says how long it is until
    /// the one after that.
    pub fn advance(&mut self) -> Result<Duration, Failure> {
        let now = Instant::now();
        if now >= self.until {
            let (phase, lasts) = match &self.phase {
                Phase::WarmUp => (Phase::Measure(Window::start()?), self.measure),
                Phase::Measure(window) => {
                    window.end()?;
                    (Phase::CoolDown, COOL_DOWN)
                }
                Phase::CoolDown => (Phase::Drain, DRAIN),
                Phase::Drain => return Err("replies are missing at the end".into()),
            };
            self.phase = phase;
            self.until = now + lasts;
        }
        Ok(self.until - now)
    }

    /// Where to count, while it counts.
    #[inline]
    pub fn window(&mut self) -> Option<&mut Window> {
        match &mut self.phase {
            Phase::Measure(window) => Some(window),
            Phase::WarmUp | Phase::CoolDown | Phase::Drain => None,
        }
    }

    /// Whether nothing more is to be asked for.
    #[inline]
    pub fn is_ending(&self) -> bool {
        matches!(self.phase, Phase::Drain)
    }
}
