//! A thread-safe function of Node-API, which every runtime has.

#![allow(
    unsafe_code,
    reason = "the safe wrapper can't ref and unref a thread-safe function that is shared"
)]

use std::sync::Arc;

use napi::bindgen_prelude::Function;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Result, Status, sys};

use crate::bridge::Wake;

type WeakFunction = ThreadsafeFunction<(), (), (), Status, false, true>;

/// Calls one JavaScript function from any thread. By itself it does not keep
/// the event loop alive.
#[derive(Clone)]
pub(in crate::binding) struct Waker {
    function: Arc<WeakFunction>,
}

impl Waker {
    pub(super) fn new(function: &Function<'_, (), ()>) -> Result<Self> {
        let function = function
            .build_threadsafe_function::<()>()
            .weak::<true>()
            .build()?;
        Ok(Self {
            function: Arc::new(function),
        })
    }

    /// Keeps the event loop alive, or no longer.
    pub(super) fn keep_alive(&self, env: Env, keep: bool) {
        let function = self.function.raw();
        let change = if keep {
            sys::napi_ref_threadsafe_function
        } else {
            sys::napi_unref_threadsafe_function
        };
        // SAFETY: `env` is the environment that this call came from, which is
        // the one that the function belongs to, so we are on its thread and it
        // has not been finalized.
        let _ = unsafe { change(env.raw(), function) };
    }
}

impl Wake for Waker {
    fn wake(&self) {
        // Fails only when the environment is going down; nobody is left to
        // hear of it.
        let _ = self
            .function
            .call((), ThreadsafeFunctionCallMode::NonBlocking);
    }
}
