//! What the runtime has of libuv.

#![allow(unsafe_code, reason = "libuv is a library for C")]

use std::ffi::{c_int, c_void};
use std::sync::OnceLock;

use napi::sys::uv_loop_s;

/// `UV_ASYNC`.
pub(super) const ASYNC: c_int = 1;

/// An `uv_async_t`. How much there is of it only libuv knows.
#[repr(C)]
pub(super) struct UvAsync {
    /// Whatever the handle's owner likes.
    pub(super) data: *mut c_void,
}

/// Functions of `uv.h`. They are looked up rather than linked, so that the addon can
/// be loaded where one is missing.
#[cfg_attr(not(unix), allow(dead_code, reason = "see `find` for Windows"))]
pub(super) struct Libuv {
    pub(super) handle_size: unsafe extern "C" fn(kind: c_int) -> usize,
    pub(super) init: unsafe extern "C" fn(
        event_loop: *mut uv_loop_s,
        handle: *mut UvAsync,
        call: unsafe extern "C" fn(*mut UvAsync),
    ) -> c_int,
    pub(super) send: unsafe extern "C" fn(handle: *mut UvAsync) -> c_int,
    pub(super) reference: unsafe extern "C" fn(handle: *mut UvAsync),
    pub(super) unreference: unsafe extern "C" fn(handle: *mut UvAsync),
    pub(super) close:
        unsafe extern "C" fn(handle: *mut UvAsync, closed: unsafe extern "C" fn(*mut UvAsync)),
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
            init: get(&host, b"uv_async_init\0")?,
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
