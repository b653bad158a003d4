//! An async handle of libuv's.

#![allow(
    unsafe_code,
    reason = "libuv is a library for C, and so is Node-API for what the safe wrapper lacks"
)]

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use napi::bindgen_prelude::Function;
use napi::{Env, Error, Result, Status, check_status, sys};

use super::callee::Callee;
use super::libuv::{ASYNC, Libuv, UvAsync};
use crate::bridge::Wake;

/// See [`super::Waker`].
#[derive(Clone)]
pub(in crate::binding) struct Waker {
    shared: Arc<Shared>,
}

struct Shared {
    libuv: &'static Libuv,
    /// None when the environment is going down. Those who wake do not exclude each
    /// other: the one whose wake goes through may be left without a processor by it.
    handle: RwLock<Option<Handle>>,
}

/// An open handle.
struct Handle(*mut UvAsync);

// SAFETY: `uv_async_send` may be called on any thread; what else is called, is called
// on the thread of the handle's loop.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

/// What a handle has with it until libuv lets go of it.
struct Data {
    callee: Callee,
    shared: Arc<Shared>,
    /// The handle itself.
    memory: Vec<u64>,
    /// Keeps the environment while the handle is being closed.
    hook: sys::napi_async_cleanup_hook_handle,
}

impl Waker {
    pub(super) fn new(
        env: Env,
        libuv: &'static Libuv,
        function: &Function<'_, (), ()>,
    ) -> Result<Self> {
        let event_loop = env.get_uv_event_loop()?;
        let shared = Arc::new(Shared {
            libuv,
            handle: RwLock::new(None),
        });
        // SAFETY: a look into a table.
        let size = unsafe { (libuv.handle_size)(ASYNC) };
        let mut data = Box::new(Data {
            callee: Callee::new(env, function)?,
            shared: Arc::clone(&shared),
            memory: vec![0; size.div_ceil(size_of::<u64>())],
            hook: null_mut(),
        });

        let handle = data.memory.as_mut_ptr().cast::<UvAsync>();
        // SAFETY: we are on the thread of `env` and its loop; the memory is large enough,
        // aligned for what C has in it, and in place until `closed`.
        if unsafe { (libuv.init)(event_loop, handle, call) } != 0 {
            // SAFETY: we are on its thread.
            unsafe { data.callee.release() };
            let reason = "libuv has no handle to give";
            return Err(Error::new(Status::GenericFailure, reason));
        }
        let data = Box::into_raw(data).cast::<c_void>();
        // SAFETY: the handle is open.
        unsafe { (*handle).data = data };
        // SAFETY: as above.
        unsafe { (libuv.unreference)(handle) };
        shared.replace(Some(Handle(handle)));

        // SAFETY: `data` is there until the handle is closed, which the hook begins.
        let added =
            unsafe { sys::napi_add_async_cleanup_hook(env.raw(), Some(close), data, null_mut()) };
        if added != sys::Status::napi_ok {
            // SAFETY: there is no hook that does so.
            unsafe { close(null_mut(), data) };
        }
        check_status!(added)?;
        Ok(Self { shared })
    }

    #[allow(clippy::needless_pass_by_value, reason = "as the other kind of waker")]
    pub(super) fn keep_alive(&self, _env: Env, keep: bool) {
        let Libuv {
            reference,
            unreference,
            ..
        } = self.shared.libuv;
        let change = if keep { reference } else { unreference };
        if let Some(Handle(handle)) = &*self.shared.open() {
            // SAFETY: the handle is open, and whoever has its environment is on its
            // thread.
            unsafe { change(*handle) };
        }
    }
}

impl Wake for Waker {
    fn wake(&self) {
        if let Some(Handle(handle)) = &*self.shared.open() {
            // SAFETY: the handle is open, and is not closed before the guard is dropped.
            let _ = unsafe { (self.shared.libuv.send)(*handle) };
        }
    }
}

impl Shared {
    /// The handle, which stays open as long as the guard is there.
    fn open(&self) -> RwLockReadGuard<'_, Option<Handle>> {
        self.handle.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody wakes.
    fn replace(&self, handle: Option<Handle>) -> Option<Handle> {
        let mut place = self.handle.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut place, handle)
    }
}

/// Someone has woken JavaScript.
unsafe extern "C" fn call(handle: *mut UvAsync) {
    // SAFETY: libuv gives us the handle as we opened it.
    let data = unsafe { (*handle).data };
    // SAFETY: this is there until `closed`.
    let callee = unsafe { (*data.cast::<Data>()).callee };
    // SAFETY: we are on the loop's thread.
    unsafe { callee.call() };
}

/// The environment is going down.
unsafe extern "C" fn close(hook: sys::napi_async_cleanup_hook_handle, data: *mut c_void) {
    // SAFETY: it is what the hook was added with; nobody else uses it now.
    let data = unsafe { &mut *data.cast::<Data>() };
    data.hook = hook;
    if let Some(Handle(handle)) = data.shared.replace(None) {
        // SAFETY: we are on the thread of its loop, and nobody knows the handle any more.
        unsafe { (data.shared.libuv.close)(handle, closed) };
    }
}

/// libuv has let go of the handle.
unsafe extern "C" fn closed(handle: *mut UvAsync) {
    // SAFETY: as in `call`.
    let data = unsafe { (*handle).data };
    // SAFETY: it was made by a box, and is not used after this.
    let data = unsafe { Box::from_raw(data.cast::<Data>()) };
    // SAFETY: we are on its thread.
    unsafe { data.callee.release() };
    if !data.hook.is_null() {
        // SAFETY: the hook was called, and waits for this.
        let _ = unsafe { sys::napi_remove_async_cleanup_hook(data.hook) };
    }
}
