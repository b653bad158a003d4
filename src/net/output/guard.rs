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
