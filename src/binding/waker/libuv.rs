//! What the runtime has of libuv.

#![allow(unsafe_code, reason = "libuv is a library for C")]

use std::ffi::{c_int, c_void};
use std::sync::OnceLock;

use napi::sys::uv_loop_s;

/// `UV_ASYNC`.
pub(super) const ASYNC: c_int = 1;
/// `UV_POLL`.
pub(super) const POLL: c_int = 8;
/// `UV_READABLE`.
pub(super) const READABLE: c_int = 1;

/// An `uv_handle_t` of some kind. How much there is of it only libuv knows.
#[repr(C)]
pub(super) struct UvHandle {
    /// Whatever the handle's owner likes.
    pub(super) data: *mut c_void,
}

/// Functions of `uv.h`. They are looked up rather than linked, so that the addon can
/// be loaded where one is missing.
#[cfg_attr(not(unix), allow(dead_code, reason = "see `find` for Windows"))]
pub(super) struct Libuv {
    pub(super) handle_size: unsafe extern "C" fn(kind: c_int) -> usize,
    pub(super) init_async: unsafe extern "C" fn(
        event_loop: *mut uv_loop_s,
        handle: *mut UvHandle,
        call: unsafe extern "C" fn(*mut UvHandle),
    ) -> c_int,
    pub(super) init_poll: unsafe extern "C" fn(
        event_loop: *mut uv_loop_s,
        handle: *mut UvHandle,
        descriptor: c_int,
    ) -> c_int,
    pub(super) start_poll: unsafe extern "C" fn(
        handle: *mut UvHandle,
        events: c_int,
        call: unsafe extern "C" fn(*mut UvHandle, status: c_int, events: c_int),
    ) -> c_int,
    pub(super) send: unsafe extern "C" fn(handle: *mut UvHandle) -> c_int,
    pub(super) reference: unsafe extern "C" fn(handle: *mut UvHandle),
    pub(super) unreference: unsafe extern "C" fn(handle: *mut UvHandle),
    pub(super) close:
        unsafe extern "C" fn(handle: *mut UvHandle, closed: unsafe extern "C" fn(*mut UvHandle)),
}

impl Libuv {
    /// libuv as the process has it; none if something is missing.
    pub(super) fn of_process() -> Option<&'static Self> {
        static FOUND: OnceLock<Option<Libuv>> = OnceLock::new();
        FOUND.get_or_init(Self::find).as_ref()
    }

    #[cfg(unix)]
    fn find() -> Option<Self> {
        /// A function by its name, which ends with a zero.
        fn get<F: Copy>(host: &libloading::os::unix::Library, name: &[u8]) -> Option<F> {
            // SAFETY: `F` is what `uv.h` says, see the fields below.
            let symbol = unsafe { host.get::<F>(name) };
            symbol.ok().map(|symbol| *symbol)
        }
        let host = libloading::os::unix::Library::this();
        Some(Self {
            handle_size: get(&host, b"uv_handle_size\0")?,
            init_async: get(&host, b"uv_async_init\0")?,
            init_poll: get(&host, b"uv_poll_init\0")?,
            start_poll: get(&host, b"uv_poll_start\0")?,
            send: get(&host, b"uv_async_send\0")?,
            reference: get(&host, b"uv_ref\0")?,
            unreference: get(&host, b"uv_unref\0")?,
            close: get(&host, b"uv_close\0")?,
        })
    }

    /// On Windows it was never tried, nor measured what it would gain.
    #[cfg(not(unix))]
    fn find() -> Option<Self> {
        None
    }
}
