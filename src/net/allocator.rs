//! Memory that was freed and that the allocator keeps for itself.
//!
//! glibc returns a block of some KiB to the system only if nothing behind it is in
//! use, so that after thousands of connections all of their memory would stay
//! resident. Other allocators return it by themselves.

#![cfg_attr(
    all(target_os = "linux", target_env = "gnu"),
    allow(unsafe_code, reason = "a function of the C library")
)]

/// Returns what is free, in whole pages, to the system. Takes milliseconds for
/// hundreds of megabytes.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(super) fn return_free_memory() {
    use std::ffi::c_int;

    unsafe extern "C" {
        fn malloc_trim(pad: usize) -> c_int;
    }
    // SAFETY: malloc_trim(3) may be called at any time by any thread, and touches
    // nothing that is allocated.
    let _ = unsafe { malloc_trim(0) };
}

/// Does nothing.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) fn return_free_memory() {}
