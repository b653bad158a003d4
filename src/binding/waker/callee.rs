//! A JavaScript function that libuv's loop calls, as Node calls its own: microtasks and
//! ticks run behind it, and what it throws is an uncaught exception.

#![allow(
    unsafe_code,
    reason = "the safe wrapper has none of these calls of Node-API"
)]

use std::ptr::{null, null_mut};

use napi::bindgen_prelude::{Function, JsValue};
use napi::{Env, Result, check_status, sys};

/// As what `async_hooks` knows the calls.
const NAME: &str = "oxws";

/// A function, for its environment's thread only.
#[derive(Copy, Clone)]
pub(super) struct Callee {
    env: sys::napi_env,
    function: sys::napi_ref,
    context: sys::napi_async_context,
}

impl Callee {
    pub(super) fn new(env: Env, function: &Function<'_, (), ()>) -> Result<Self> {
        let name = env.create_string(NAME)?;
        let (mut reference, mut context) = (null_mut(), null_mut());
        // SAFETY: we are on the thread of `env`, which `function` belongs to.
        let created =
            unsafe { sys::napi_create_reference(env.raw(), function.raw(), 1, &raw mut reference) };
        check_status!(created)?;
        // SAFETY: as above.
        let begun =
            unsafe { sys::napi_async_init(env.raw(), null_mut(), name.raw(), &raw mut context) };
        if begun != sys::Status::napi_ok {
            // SAFETY: as above; it was created before.
            let _ = unsafe { sys::napi_delete_reference(env.raw(), reference) };
        }
        check_status!(begun)?;
        Ok(Self {
            env: env.raw(),
            function: reference,
            context,
        })
    }

    /// Calls it where no JavaScript runs.
    ///
    /// # Safety
    /// We are on the environment's thread, and it is not released.
    pub(super) unsafe fn call(self) {
        let mut handles = null_mut();
        // SAFETY: as the caller promises; so below.
        let opened = unsafe { sys::napi_open_handle_scope(self.env, &raw mut handles) };
        if opened != sys::Status::napi_ok {
            return;
        }
        // Not `napi_make_callback()`, behind which nothing runs if the function throws.
        let mut scope = null_mut();
        // SAFETY: as above.
        let opened = unsafe {
            sys::napi_open_callback_scope(self.env, null_mut(), self.context, &raw mut scope)
        };
        if opened == sys::Status::napi_ok {
            self.call_in_scope();
            // SAFETY: opened above.
            let _ = unsafe { sys::napi_close_callback_scope(self.env, scope) };
        }
        // SAFETY: opened above.
        let _ = unsafe { sys::napi_close_handle_scope(self.env, handles) };
    }

    fn call_in_scope(self) {
        let (mut this, mut function) = (null_mut(), null_mut());
        // SAFETY: as in `call`, which calls this.
        let _ = unsafe { sys::napi_get_undefined(self.env, &raw mut this) };
        // SAFETY: as above.
        let _ =
            unsafe { sys::napi_get_reference_value(self.env, self.function, &raw mut function) };
        // SAFETY: as above.
        let called =
            unsafe { sys::napi_call_function(self.env, this, function, 0, null(), null_mut()) };
        if called == sys::Status::napi_pending_exception {
            self.report_exception();
        }
    }

    /// Nobody has caught what a listener threw.
    fn report_exception(self) {
        let mut pending = false;
        // SAFETY: as in `call`.
        let _ = unsafe { sys::napi_is_exception_pending(self.env, &raw mut pending) };
        // None, when JavaScript was stopped.
        if !pending {
            return;
        }
        let mut error = null_mut();
        // SAFETY: as above.
        let _ = unsafe { sys::napi_get_and_clear_last_exception(self.env, &raw mut error) };
        // SAFETY: as above.
        let _ = unsafe { sys::napi_fatal_exception(self.env, error) };
    }

    /// Lets go of the function.
    ///
    /// # Safety
    /// We are on the environment's thread, and it is called once.
    pub(super) unsafe fn release(self) {
        // SAFETY: as the caller promises.
        let _ = unsafe { sys::napi_delete_reference(self.env, self.function) };
        // SAFETY: as above.
        let _ = unsafe { sys::napi_async_destroy(self.env, self.context) };
    }
}
