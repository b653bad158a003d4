//! An async handle of libuv's, and one that watches sockets for the core.

#![allow(unsafe_code, reason = "libuv is a library for C")]

use std::ffi::c_int;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard};

use napi::bindgen_prelude::Function;
use napi::{Env, Result};

use super::libuv::{ASYNC, Libuv, POLL, READABLE, UvHandle};
use super::open::{self, Handle, Owner};
use crate::bridge::{Poller, Wake};
use crate::net::{self, new_poller};

/// See [`super::Waker`].
#[derive(Clone)]
pub(in crate::binding) struct Waker {
    shared: Arc<Shared>,
}

struct Shared {
    libuv: &'static Libuv,
    /// None when the environment is going down. Those who wake do not exclude each
    /// other: the one whose wake goes through may be left without a processor by it.
    handle: RwLock<Option<AsyncHandle>>,
    /// Watched by the loop, once it is there.
    poller: OnceLock<Arc<Poller>>,
}

/// What belongs to the handle that watches sockets.
struct Watch {
    environment: Arc<net::Environment>,
    _poller: Arc<Poller>,
}

/// One of libuv's kind `ASYNC`.
struct AsyncHandle(Handle);

// SAFETY: `uv_async_send` may be called on any thread; what else is called, is called
// on the thread of the handle's loop.
unsafe impl Send for AsyncHandle {}
// SAFETY: as above.
unsafe impl Sync for AsyncHandle {}

impl Waker {
    pub(super) fn new(
        env: Env,
        libuv: &'static Libuv,
        function: &Function<'_, (), ()>,
    ) -> Result<Self> {
        let shared = Arc::new(Shared {
            libuv,
            handle: RwLock::new(None),
            poller: OnceLock::new(),
        });
        let owner = Arc::clone(&shared);
        let handle = open::open(env, libuv, ASYNC, function, owner, |event_loop, handle| {
            // SAFETY: we are on the thread of `env` and its loop; the memory is large enough,
            // aligned for what C has in it, and in place until the handle is closed.
            unsafe { (libuv.init_async)(event_loop, handle, woken) }
        })?;
        shared.replace(Some(AsyncHandle(handle)));
        Ok(Self { shared })
    }

    /// Has the loop watch sockets for connections of `environment`. If that can't be, it
    /// goes without.
    pub(super) fn watch_sockets(
        &self,
        env: Env,
        environment: &Arc<net::Environment>,
        function: &Function<'_, (), ()>,
    ) {
        let Ok(poller) = new_poller().map(Arc::new) else {
            return;
        };
        let libuv = self.shared.libuv;
        let descriptor = poller.descriptor();
        let owner = Watch {
            environment: Arc::clone(environment),
            _poller: Arc::clone(&poller),
        };
        let opened = open::open(env, libuv, POLL, function, owner, |event_loop, handle| {
            // SAFETY: as for the other handle; the descriptor is open as long as this one.
            unsafe { (libuv.init_poll)(event_loop, handle, descriptor) }
        });
        let Ok(Handle(handle)) = opened else {
            return;
        };
        // SAFETY: the handle is open, and we are on the thread of its loop.
        if unsafe { (libuv.start_poll)(handle, READABLE, readable) } == 0 {
            let _ = self.shared.poller.set(poller);
        }
    }

    #[allow(clippy::needless_pass_by_value, reason = "as the other kind of waker")]
    pub(super) fn keep_alive(&self, _env: Env, keep: bool) {
        let Libuv {
            reference,
            unreference,
            ..
        } = self.shared.libuv;
        let change = if keep { reference } else { unreference };
        if let Some(AsyncHandle(Handle(handle))) = &*self.shared.open() {
            // SAFETY: the handle is open, and whoever has its environment is on its
            // thread.
            unsafe { change(*handle) };
        }
    }
}

impl Wake for Waker {
    fn wake(&self) {
        if let Some(AsyncHandle(Handle(handle))) = &*self.shared.open() {
            // SAFETY: the handle is open, and is not closed before the guard is dropped.
            let _ = unsafe { (self.shared.libuv.send)(*handle) };
        }
    }

    fn poller(&self) -> Option<&Poller> {
        self.shared.poller.get().map(|poller| &**poller)
    }
}

impl Shared {
    /// The handle, which stays open as long as the guard is there.
    fn open(&self) -> RwLockReadGuard<'_, Option<AsyncHandle>> {
        self.handle.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody wakes.
    fn replace(&self, handle: Option<AsyncHandle>) {
        let mut place = self.handle.write().unwrap_or_else(PoisonError::into_inner);
        *place = handle;
    }
}

impl Owner for Arc<Shared> {
    fn close(&self) {
        self.replace(None);
    }
}

impl Owner for Watch {
    fn close(&self) {}
}

/// Someone has woken JavaScript.
unsafe extern "C" fn woken(handle: *mut UvHandle) {
    // SAFETY: libuv gives us the handle as it was opened above.
    unsafe { open::call::<Arc<Shared>>(handle, |_| ()) };
}

/// Direct connections have something to read.
unsafe extern "C" fn readable(handle: *mut UvHandle, _status: c_int, _events: c_int) {
    let take_turns = |watch: &Watch| watch.environment.take_direct_turns();
    // SAFETY: as above.
    unsafe { open::call(handle, take_turns) };
}
