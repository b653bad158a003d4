//! A handle of libuv's from its opening to its end, which calls a JavaScript function.

#![allow(
    unsafe_code,
    reason = "libuv is a library for C, and so is Node-API for what the safe wrapper lacks"
)]

use std::ffi::{c_int, c_void};
use std::ptr::null_mut;

use napi::bindgen_prelude::Function;
use napi::sys::uv_loop_s;
use napi::{Env, Error, Result, Status, check_status, sys};

use super::callee::Callee;
use super::libuv::{Libuv, UvHandle};

/// What belongs to a handle.
pub(super) trait Owner {
    /// The environment is going down: nobody may use the handle from here on.
    fn close(&self);
}

/// What a handle has with it until libuv lets go of it.
struct Data<T> {
    callee: Callee,
    owner: T,
    libuv: &'static Libuv,
    /// The handle itself.
    memory: Vec<u64>,
    /// Keeps the environment while the handle is being closed.
    hook: sys::napi_async_cleanup_hook_handle,
}

/// An open handle.
pub(super) struct Handle(pub(super) *mut UvHandle);

/// Opens a handle of that `kind`, as `begin` does it with the loop and the memory that it
/// is given. It does not keep the loop alive, and is closed with its environment.
///
/// # Errors
/// If libuv refuses.
pub(super) fn open<T: Owner>(
    env: Env,
    libuv: &'static Libuv,
    kind: c_int,
    function: &Function<'_, (), ()>,
    owner: T,
    begin: impl FnOnce(*mut uv_loop_s, *mut UvHandle) -> c_int,
) -> Result<Handle> {
    let event_loop = env.get_uv_event_loop()?;
    // SAFETY: a look into a table.
    let size = unsafe { (libuv.handle_size)(kind) };
    let mut data = Box::new(Data {
        callee: Callee::new(env, function)?,
        owner,
        libuv,
        memory: vec![0; size.div_ceil(size_of::<u64>())],
        hook: null_mut(),
    });
    let handle = data.memory.as_mut_ptr().cast::<UvHandle>();
    if begin(event_loop, handle) != 0 {
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

    // SAFETY: `data` is there until the handle is closed, which the hook begins.
    let added =
        unsafe { sys::napi_add_async_cleanup_hook(env.raw(), Some(close::<T>), data, null_mut()) };
    if added != sys::Status::napi_ok {
        // SAFETY: there is no hook that does so.
        unsafe { close::<T>(null_mut(), data) };
    }
    check_status!(added)?;
    Ok(Handle(handle))
}

/// Calls the function of a handle when `act` has done its part.
///
/// # Safety
/// The handle is one that [`open`] has opened for a `T`, and libuv calls us with it.
pub(super) unsafe fn call<T>(handle: *mut UvHandle, act: impl FnOnce(&T)) {
    // SAFETY: libuv gives us the handle as we opened it.
    let data = unsafe { (*handle).data }.cast::<Data<T>>();
    // SAFETY: this is there until `closed`.
    act(unsafe { &(*data).owner });
    // SAFETY: as above; not a reference, as the function may close the environment.
    let callee = unsafe { (*data).callee };
    // SAFETY: we are on the loop's thread.
    unsafe { callee.call() };
}

/// The environment is going down.
unsafe extern "C" fn close<T: Owner>(hook: sys::napi_async_cleanup_hook_handle, data: *mut c_void) {
    // SAFETY: it is what the hook was added with; nobody else uses it now.
    let data = unsafe { &mut *data.cast::<Data<T>>() };
    data.hook = hook;
    data.owner.close();
    let handle = data.memory.as_mut_ptr().cast();
    // SAFETY: we are on the thread of its loop, and nobody uses the handle any more.
    unsafe { (data.libuv.close)(handle, closed::<T>) };
}

/// libuv has let go of the handle.
unsafe extern "C" fn closed<T: Owner>(handle: *mut UvHandle) {
    // SAFETY: as in `call`.
    let data = unsafe { (*handle).data };
    // SAFETY: it was made by a box, and is not used after this.
    let data = unsafe { Box::from_raw(data.cast::<Data<T>>()) };
    // SAFETY: we are on its thread.
    unsafe { data.callee.release() };
    if !data.hook.is_null() {
        // SAFETY: the hook was called, and waits for this.
        let _ = unsafe { sys::napi_remove_async_cleanup_hook(data.hook) };
    }
}
