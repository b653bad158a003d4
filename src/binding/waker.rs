//! Waking JavaScript's thread, keeping its event loop alive, and what else that watches.

mod callee;
mod function;
mod handle;
mod libuv;
mod open;

use std::sync::Arc;

use napi::bindgen_prelude::{Function, JsObjectValue, retain_current_module_for_unload_safety};
use napi::{Env, Result};

use self::libuv::Libuv;
use crate::bridge::{Poller, Wake};
use crate::net;

/// Calls one JavaScript function from any thread. By itself it does not keep
/// the event loop alive.
#[derive(Clone)]
pub(super) enum Waker {
    Handle(handle::Waker),
    Function(function::Waker),
}

impl Waker {
    /// A handle of libuv's own where there is libuv.
    ///
    /// A thread-safe function wakes while it holds a lock that JavaScript's thread
    /// takes first of all. If both threads have one processor, that thread runs at
    /// once, finds the lock taken and goes back to sleep: two more changes of threads
    /// for each wake.
    pub(super) fn new(env: Env, function: &Function<'_, (), ()>) -> Result<Self> {
        // The I/O threads, which wake, outlive every environment.
        retain_current_module_for_unload_safety();
        Ok(match find_libuv(env)? {
            Some(libuv) => Self::Handle(handle::Waker::new(env, libuv, function)?),
            None => Self::Function(function::Waker::new(function)?),
        })
    }

    /// Has JavaScript's loop watch sockets for connections of `environment`, where it can.
    pub(super) fn watch_sockets(
        &self,
        env: Env,
        environment: &Arc<net::Environment>,
        function: &Function<'_, (), ()>,
    ) {
        match self {
            Self::Handle(waker) => waker.watch_sockets(env, environment, function),
            Self::Function(_) => {}
        }
    }

    /// Keeps the event loop alive, or no longer.
    pub(super) fn keep_alive(&self, env: Env, keep: bool) {
        match self {
            Self::Handle(waker) => waker.keep_alive(env, keep),
            Self::Function(waker) => waker.keep_alive(env, keep),
        }
    }
}

impl Wake for Waker {
    fn wake(&self) {
        match self {
            Self::Handle(waker) => waker.wake(),
            Self::Function(waker) => waker.wake(),
        }
    }

    fn poller(&self) -> Option<&Poller> {
        match self {
            Self::Handle(waker) => waker.poller(),
            Self::Function(_) => None,
        }
    }
}

/// Bun exports the names of all functions of libuv, most of which end the process.
fn find_libuv(env: Env) -> Result<Option<&'static Libuv>> {
    let is_bun = env.get_global()?.has_named_property("Bun")?;
    Ok(if is_bun { None } else { Libuv::of_process() })
}
