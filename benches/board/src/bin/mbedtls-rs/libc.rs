//! What Mbed TLS takes from a C library, beside the memory functions that Rust brings and `calloc` and `free`.

use core::ffi::{c_char, c_int, c_void};
use core::ptr::null_mut;

/// # Safety
/// `text` is a C string.
#[unsafe(no_mangle)]
unsafe extern "C" fn strchr(text: *const c_char, wanted: c_int) -> *mut c_char {
    let mut at = text;
    loop {
        // SAFETY: the string's NUL has not been passed.
        let char = unsafe { *at };
        // C converts what is wanted to a character.
        if char == wanted as c_char {
            return at.cast_mut();
        }
        if char == 0 {
            return null_mut();
        }
        // SAFETY: there is at least the NUL behind a character that is none.
        at = unsafe { at.add(1) };
    }
}

/// # Safety
/// Both are C strings.
#[unsafe(no_mangle)]
unsafe extern "C" fn strcmp(mut left: *const c_char, mut right: *const c_char) -> c_int {
    loop {
        // SAFETY: the string's NUL has not been passed.
        let a = unsafe { *left.cast::<u8>() };
        // SAFETY: as above: so far the strings are the same.
        let b = unsafe { *right.cast::<u8>() };
        if a != b || a == 0 {
            return c_int::from(a) - c_int::from(b);
        }
        // SAFETY: there is at least the NUL behind a character that is none.
        left = unsafe { left.add(1) };
        // SAFETY: as above.
        right = unsafe { right.add(1) };
    }
}

/// # Safety
/// There are `length` bytes at `place`, or fewer if the byte is among them.
#[unsafe(no_mangle)]
unsafe extern "C" fn memchr(place: *const c_void, wanted: c_int, length: usize) -> *mut c_void {
    let bytes = place.cast::<u8>();
    for offset in 0..length {
        // SAFETY: the offset is within the bytes.
        let at = unsafe { bytes.add(offset) };
        // SAFETY: as above. C converts what is wanted to a byte.
        if unsafe { *at } == wanted as u8 {
            return at.cast_mut().cast();
        }
    }
    null_mut()
}

/// Functions that are linked for self-tests, debug messages and descriptions of certificates. A connection calls none of
/// them: if one did, the panic would say so.
macro_rules! never_called {
    ($($name:ident),*) => { $(
        #[unsafe(no_mangle)]
        extern "C" fn $name() -> c_int {
            panic!(concat!(stringify!($name), " is not there"))
        }
    )* };
}

never_called!(printf, puts, snprintf, vsnprintf);
