//! The system's memory for trays.
//!
//! What a message is read to was last used tens of MiB ago. On Linux it is asked for in
//! large pages, or the processor would have to find out the place of each 4 KiB of it
//! anew.

#![allow(unsafe_code, reason = "memory is mapped, and unmapped")]

#[cfg(target_os = "linux")]
pub(super) use linux::*;
#[cfg(not(target_os = "linux"))]
pub(super) use others::*;

#[cfg(target_os = "linux")]
mod linux {
    use std::ptr::{self, NonNull};

    use rustix::mm::{self, Advice, MapFlags, ProtFlags};

    /// What a large page is on x86-64, and on arm64 where a small one is 4 KiB.
    pub const SIZE: usize = 2 * 1024 * 1024;

    /// [`SIZE`] bytes at a multiple of that.
    pub fn map(large: bool) -> Option<NonNull<u8>> {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: memory that nobody has, wherever the system has room.
        let mapped =
            unsafe { mm::mmap_anonymous(ptr::null_mut(), 2 * SIZE, protection, MapFlags::PRIVATE) };
        let mapped = NonNull::new(mapped.ok()?)?.cast::<u8>();
        let before = mapped.align_offset(SIZE);
        // SAFETY: there is a multiple among the first `SIZE` bytes.
        let start = unsafe { mapped.add(before) };
        // SAFETY: there are as many bytes before the multiple.
        unsafe { unmap(mapped, before) };
        // SAFETY: it is the end of what is wanted.
        let end = unsafe { start.add(SIZE) };
        // SAFETY: there are as many bytes behind it.
        unsafe { unmap(end, SIZE - before) };
        if large {
            // Where this can't be had small pages will do.
            // SAFETY: it does not change what the memory holds.
            let _ = unsafe { mm::madvise(start.as_ptr().cast(), SIZE, Advice::LinuxHugepage) };
        }
        Some(start)
    }

    /// # Safety
    /// The `length` bytes are of what [`map`] gave, in whole pages, and nobody uses them.
    pub unsafe fn unmap(start: NonNull<u8>, length: usize) {
        if length > 0 {
            // It fails if there were too many pieces of memory, and is kept then.
            // SAFETY: as the caller promises.
            let _ = unsafe { mm::munmap(start.as_ptr().cast(), length) };
        }
    }

    /// # Safety
    /// As for [`unmap`]; that they are whole pages is looked at here.
    pub unsafe fn return_memory(start: NonNull<u8>, length: usize) {
        let page = rustix::param::page_size();
        if start.addr().get().is_multiple_of(page) && length.is_multiple_of(page) {
            // SAFETY: no page of others is among them, and nobody needs what they hold.
            let _ = unsafe { mm::madvise(start.as_ptr().cast(), length, Advice::LinuxDontNeed) };
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod others {
    use std::alloc::{Layout, alloc_zeroed, dealloc};
    use std::ptr::NonNull;

    use super::super::SLAB_SIZE;

    /// Of a tray of one slab no part is left when that is free.
    pub const SIZE: usize = SLAB_SIZE;

    const LAYOUT: Layout = Layout::new::<[u64; SIZE / size_of::<u64>()]>();

    pub fn map(_large: bool) -> Option<NonNull<u8>> {
        // SAFETY: it is not of length zero.
        NonNull::new(unsafe { alloc_zeroed(LAYOUT) })
    }

    /// # Safety
    /// `start` is what [`map`] gave, and nobody uses the memory.
    pub unsafe fn unmap(start: NonNull<u8>, _length: usize) {
        // SAFETY: as the caller promises.
        unsafe { dealloc(start.as_ptr(), LAYOUT) };
    }

    /// # Safety
    /// None is needed.
    pub unsafe fn return_memory(_start: NonNull<u8>, _length: usize) {}
}
