//! Large pages of the system's.
//!
//! What a message is read to was last used tens of MiB ago. In large pages the processor
//! does not have to find out the place of each 4 KiB of it anew.

#![allow(unsafe_code, reason = "memory is mapped, and unmapped")]

#[cfg(target_os = "linux")]
pub(super) use linux::*;
#[cfg(not(target_os = "linux"))]
pub(super) use others::*;

/// What a large page is on x86-64, and on arm64 where a small one is 4 KiB.
pub(super) const PAGE_SIZE: usize = 2 * 1024 * 1024;

#[cfg(target_os = "linux")]
mod linux {
    use std::ptr::{self, NonNull};

    use rustix::mm::{self, Advice, MapFlags, ProtFlags};

    use super::PAGE_SIZE;

    /// [`PAGE_SIZE`] bytes, all zeros: a large page if the system has such, and small
    /// ones otherwise. `None` if there is no memory.
    pub fn map() -> Option<NonNull<u8>> {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        let flags = MapFlags::PRIVATE;
        // SAFETY: memory that nobody has, wherever the system has room.
        let mapped =
            unsafe { mm::mmap_anonymous(ptr::null_mut(), 2 * PAGE_SIZE, protection, flags) };
        let mapped = NonNull::new(mapped.ok()?)?.cast::<u8>();
        let before = mapped.align_offset(PAGE_SIZE);
        // SAFETY: there is a multiple among the first bytes.
        let start = unsafe { mapped.add(before) };
        // SAFETY: there are as many bytes before the multiple.
        unsafe { unmap_bytes(mapped, before) };
        // SAFETY: it is the end of what is wanted.
        let end = unsafe { start.add(PAGE_SIZE) };
        // SAFETY: there are as many bytes behind it.
        unsafe { unmap_bytes(end, PAGE_SIZE - before) };
        // SAFETY: it does not change what the memory holds.
        let _ = unsafe { mm::madvise(start.as_ptr().cast(), PAGE_SIZE, Advice::LinuxHugepage) };
        Some(start)
    }

    /// Gives memory back.
    ///
    /// # Safety
    /// It is from [`map`], and nobody uses it.
    pub unsafe fn unmap(start: NonNull<u8>) {
        // SAFETY: as the caller promises.
        unsafe { unmap_bytes(start, PAGE_SIZE) };
    }

    /// # Safety
    /// The bytes are mapped, in whole pages, and nobody uses them.
    unsafe fn unmap_bytes(start: NonNull<u8>, length: usize) {
        if length > 0 {
            // Where the process has too many mappings to have one cut in two, it keeps
            // this one.
            // SAFETY: as the caller promises.
            let _ = unsafe { mm::munmap(start.as_ptr().cast(), length) };
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod others {
    use std::ptr::NonNull;

    /// Nothing: there is no page to be asked for.
    pub fn map() -> Option<NonNull<u8>> {
        None
    }

    /// Does nothing.
    ///
    /// # Safety
    /// There is no memory of [`map`].
    pub unsafe fn unmap(_start: NonNull<u8>) {}
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;

    use super::*;

    /// What the system notes of the memory at `address`, see `proc_pid_smaps(5)`.
    fn flags(address: usize) -> Option<String> {
        let maps = fs::read_to_string("/proc/self/smaps").expect("there is /proc");
        let holds = |line: &str| {
            let (first, last) = line.split_once(' ')?.0.split_once('-')?;
            let parse = |number| usize::from_str_radix(number, 16).ok();
            Some((parse(first)?..parse(last)?).contains(&address))
        };
        let mut lines = maps.lines().skip_while(|line| holds(line) != Some(true));
        let flags = lines.find(|line| line.starts_with("VmFlags"));
        flags.map(str::to_owned)
    }

    #[test]
    fn large_page_is_asked_for_where_one_can_be() {
        let start = map().expect("there is memory");
        let address = start.addr().get();
        assert!(address.is_multiple_of(PAGE_SIZE));
        if fs::exists("/sys/kernel/mm/transparent_hugepage").expect("there is /sys") {
            for place in [address, address + PAGE_SIZE - 1] {
                let flags = flags(place).expect("it is mapped");
                assert!(flags.contains(" hg"), "{flags}");
            }
        }
        // SAFETY: it is from there.
        unsafe { unmap(start) };
    }

    #[test]
    fn memory_is_given_back() {
        let size = || {
            let status = fs::read_to_string("/proc/self/status").expect("there is /proc");
            let (_, size) = status.split_once("VmSize:")?;
            size.split_whitespace().next()?.parse::<usize>().ok()
        };
        let before = size().expect("a number");
        for _ in 0..1000 {
            let start = map().expect("there is memory");
            // SAFETY: it is from there.
            unsafe { unmap(start) };
        }
        // Other tests take some.
        let after = size().expect("a number");
        assert!(
            after < before + 500 * PAGE_SIZE / 1024,
            "{before} {after} KiB"
        );
    }
}
