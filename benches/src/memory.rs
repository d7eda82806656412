//! How much is allocated at the peak, by Rust and by C.
//!
//! [`Counting`] is for `#[global_allocator]`. The C libraries are made to allocate here by their own hooks,
//! `mbedtls_platform_set_calloc_free` and `CRYPTO_set_mem_functions`. What is counted are the bytes that were asked for; an
//! allocator's own overhead comes on top.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn grow(bytes: usize) {
    let now = NOW.fetch_add(bytes, Relaxed) + bytes;
    PEAK.fetch_max(now, Relaxed);
}

fn shrink(bytes: usize) {
    NOW.fetch_sub(bytes, Relaxed);
}

/// Runs `work`; returns its result, and the most bytes that were allocated at one time on top of what was before.
pub fn peak<R>(work: impl FnOnce() -> R) -> (R, usize) {
    let before = NOW.load(Relaxed);
    PEAK.store(before, Relaxed);
    let result = work();
    (result, PEAK.load(Relaxed) - before)
}

/// The system's allocator, counted.
pub struct Counting;

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        // SAFETY: the caller's contract is the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        shrink(layout.size());
        // SAFETY: the caller's contract is the system's.
        unsafe { System.dealloc(place, layout) }
    }
}

#[cfg(any(feature = "mbedtls", feature = "openssl"))]
mod c {
    use super::{Layout, System, grow, shrink};
    use std::alloc::GlobalAlloc as _;
    use std::ffi::c_void;
    use std::ptr::null_mut;

    /// The size is kept in front of the block.
    const FRONT: usize = 16;

    fn layout(size: usize) -> Option<Layout> {
        Layout::from_size_align(size.checked_add(FRONT)?, FRONT).ok()
    }

    pub(super) fn allocate(size: usize) -> *mut c_void {
        let Some(layout) = layout(size) else {
            return null_mut();
        };
        // SAFETY: the layout has at least the front's bytes.
        let block = unsafe { System.alloc_zeroed(layout) };
        if block.is_null() {
            return null_mut();
        }
        grow(size);
        // SAFETY: the block is aligned, and has room for the size in front.
        unsafe { block.cast::<usize>().write(size) };
        // SAFETY: the block has at least that many bytes.
        unsafe { block.add(FRONT) }.cast()
    }

    /// # Safety
    /// `place` is null, or came from [`allocate`] and was not freed.
    pub(super) unsafe fn size_of(place: *mut c_void) -> usize {
        if place.is_null() {
            return 0;
        }
        // SAFETY: in front of what `allocate` returned lies the size.
        let front = unsafe { place.cast::<u8>().sub(FRONT) };
        // SAFETY: it was written there.
        unsafe { front.cast::<usize>().read() }
    }

    /// # Safety
    /// As [`size_of`].
    pub(super) unsafe extern "C" fn free(place: *mut c_void) {
        // SAFETY: the caller's contract is the same.
        let size = unsafe { size_of(place) };
        if let (false, Some(layout)) = (place.is_null(), layout(size)) {
            shrink(size);
            // SAFETY: in front of what `allocate` returned its block begins.
            let block = unsafe { place.cast::<u8>().sub(FRONT) };
            // SAFETY: the block was allocated with this layout.
            unsafe { System.dealloc(block, layout) };
        }
    }
}

/// Makes Mbed TLS allocate here. To be called before anything else of it.
///
/// # Errors
/// If it refuses.
#[cfg(feature = "mbedtls")]
pub fn count_mbedtls() -> crate::Result<()> {
    unsafe extern "C" fn calloc(count: usize, size: usize) -> *mut std::ffi::c_void {
        match count.checked_mul(size) {
            Some(size) => c::allocate(size),
            None => std::ptr::null_mut(),
        }
    }
    // SAFETY: both functions keep the contracts of calloc and free; nothing is allocated yet.
    match unsafe { mbedtls_rs::sys::mbedtls_platform_set_calloc_free(Some(calloc), Some(c::free)) }
    {
        0 => Ok(()),
        code => Err(format!("mbedtls_platform_set_calloc_free: {code}").into()),
    }
}

/// Makes OpenSSL allocate here. To be called before anything else of it.
///
/// # Errors
/// If it has allocated something before.
#[cfg(feature = "openssl")]
pub fn count_openssl() -> crate::Result<()> {
    use std::ffi::{c_char, c_int, c_void};

    type Malloc = unsafe extern "C" fn(usize, *const c_char, c_int) -> *mut c_void;
    type Realloc = unsafe extern "C" fn(*mut c_void, usize, *const c_char, c_int) -> *mut c_void;
    type Free = unsafe extern "C" fn(*mut c_void, *const c_char, c_int);
    unsafe extern "C" {
        /// In `openssl/crypto.h`.
        fn CRYPTO_set_mem_functions(malloc: Malloc, realloc: Realloc, free: Free) -> c_int;
    }
    unsafe extern "C" fn malloc(size: usize, _: *const c_char, _: c_int) -> *mut c_void {
        c::allocate(size)
    }
    unsafe extern "C" fn realloc(
        old: *mut c_void,
        size: usize,
        _: *const c_char,
        _: c_int,
    ) -> *mut c_void {
        let new = c::allocate(size);
        if !new.is_null() && !old.is_null() {
            // SAFETY: OpenSSL hands in what it got from here.
            let len = unsafe { c::size_of(old) }.min(size);
            // SAFETY: both blocks have that many bytes, and are not the same.
            unsafe { new.cast::<u8>().copy_from_nonoverlapping(old.cast(), len) };
            // SAFETY: OpenSSL hands in what it got from here, and does not use it afterwards.
            unsafe { c::free(old) };
        }
        new
    }
    unsafe extern "C" fn free(place: *mut c_void, _: *const c_char, _: c_int) {
        // SAFETY: OpenSSL hands in what it got from here.
        unsafe { c::free(place) }
    }
    // SAFETY: the functions keep the contracts of malloc, realloc and free.
    match unsafe { CRYPTO_set_mem_functions(malloc, realloc, free) } {
        1 => Ok(()),
        _ => Err("OpenSSL has allocated memory before it could be counted".into()),
    }
}
