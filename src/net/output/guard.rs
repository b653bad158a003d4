//! The output under its lock, and what can be known of it without.

use std::ops::{Deref, DerefMut};
use std::sync::MutexGuard;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Output;

/// An output that is locked. When it is let go of, it is noted whether there is
/// something about it that a turn has to know.
pub(in crate::net) struct OutputGuard<'a> {
    output: MutexGuard<'a, Output>,
    rests: &'a AtomicBool,
}

impl<'a> OutputGuard<'a> {
    pub(in crate::net) fn new(output: MutexGuard<'a, Output>, rests: &'a AtomicBool) -> Self {
        Self { output, rests }
    }
}

impl Deref for OutputGuard<'_> {
    type Target = Output;

    fn deref(&self) -> &Output {
        &self.output
    }
}

impl DerefMut for OutputGuard<'_> {
    fn deref_mut(&mut self) -> &mut Output {
        &mut self.output
    }
}

impl Drop for OutputGuard<'_> {
    fn drop(&mut self) {
        let rests = self.output.is_at_rest();
        if self.rests.load(Ordering::Relaxed) != rests {
            self.rests.store(rests, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::bridge::lock;

    #[test]
    fn whatever_a_turn_has_to_know_is_noted() {
        let changes: [fn(&mut Output); 11] = [
            |output| output.ending = true,
            |output| output.ended = true,
            |output| output.terminated = true,
            |output| output.failed = true,
            |output| output.paused = true,
            |output| output.acknowledged = 1,
            |output| output.injected = Some(Box::default()),
            |output| output.ping(),
            |output| output.closing.handle_failed(),
            |output| output.closing.handle_close_received(),
            |output| assert!(output.closing.handle_close_queued()),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let output = Mutex::new(Output::new(0));
            let rests = AtomicBool::new(false);
            let locked = || OutputGuard::new(lock(&output), &rests);
            drop(locked());
            assert!(rests.load(Ordering::Relaxed));
            change(&mut locked());
            assert!(!rests.load(Ordering::Relaxed), "{number}");
        }
    }

    #[test]
    fn output_rests_again_when_all_is_written_and_told() {
        let output = Mutex::new(Output::new(0));
        let rests = AtomicBool::new(false);
        let locked = || OutputGuard::new(lock(&output), &rests);
        locked().acknowledged = 1;
        assert_eq!(locked().take_acknowledged(), 1);
        assert!(rests.load(Ordering::Relaxed));
    }
}
