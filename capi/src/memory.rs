//! What C hands in: memory, strings, lists, handles. Everything that can be checked is.
//!
//! Lifetimes are `'static` where C says with a handle how long something lives: the header demands that memory stays until
//! the handle is closed, and a closed handle is refused.

use core::cell::{Cell, UnsafeCell};
use core::ffi::{CStr, c_char, c_void};

use crate::error::{self, Failure};
use crate::types::Bytes;

/// What every piece of memory must be aligned to.
pub const ALIGN: usize = 8;

/// A piece of C's memory that is being handed out.
pub struct Room {
    at: *mut u8,
    left: usize,
}

impl Room {
    /// All of it.
    ///
    /// # Safety
    /// `memory` has `size` bytes that nothing else uses for `'static`, as the handle ends it.
    ///
    /// # Errors
    /// `NULL`, `HANDLE` for memory that is not aligned.
    pub unsafe fn new(memory: *mut c_void, size: usize) -> Result<Room, Failure> {
        if memory.is_null() {
            return Err(Failure(error::NULL));
        }
        if !(memory as usize).is_multiple_of(ALIGN) {
            return Err(Failure(error::HANDLE));
        }
        Ok(Room {
            at: memory.cast(),
            left: size,
        })
    }

    fn take(&mut self, size: usize) -> Result<*mut u8, Failure> {
        let size = size
            .checked_next_multiple_of(ALIGN)
            .ok_or(Failure(error::SIZE))?;
        self.left = self.left.checked_sub(size).ok_or(Failure(error::SIZE))?;
        let taken = self.at;
        // SAFETY: `size` bytes were left, so that this is inside of the memory or right behind it.
        self.at = unsafe { taken.add(size) };
        Ok(taken)
    }

    /// So many bytes, all 0.
    ///
    /// # Errors
    /// `SIZE` if there are not so many.
    pub fn bytes(&mut self, size: usize) -> Result<&'static mut [u8], Failure> {
        let place = self.take(size)?;
        // SAFETY: the bytes are there, and nothing else uses them.
        unsafe { place.write_bytes(0, size) };
        // SAFETY: as above, and they have a value now.
        Ok(unsafe { core::slice::from_raw_parts_mut(place, size) })
    }

    /// A place with a value.
    ///
    /// # Errors
    /// `SIZE` if it does not fit.
    pub fn put<T>(&mut self, value: T) -> Result<&'static mut T, Failure> {
        const { assert!(align_of::<T>() <= ALIGN) };
        let place = self.take(size_of::<T>())?.cast::<T>();
        // SAFETY: the place is aligned and large enough, and nothing else uses it.
        unsafe { place.write(value) };
        // SAFETY: as above, and it has a value now.
        Ok(unsafe { &mut *place })
    }
}

/// What a handle points at. Only the marks are looked at before it is known to be open and not in use.
#[repr(C)]
pub struct Handle<T> {
    mark: Cell<u32>,
    busy: Cell<bool>,
    body: UnsafeCell<T>,
}

/// What can have a handle.
pub trait Marked {
    /// What an open one begins with.
    const MARK: u32;
}

impl<T: Marked> Handle<T> {
    /// An open one.
    pub const fn new(body: T) -> Self {
        Handle {
            mark: Cell::new(T::MARK),
            busy: Cell::new(false),
            body: UnsafeCell::new(body),
        }
    }
}

/// A handle in use.
pub struct InUse<'h, T: Marked>(&'h Handle<T>);

impl<'h, T: Marked> InUse<'h, T> {
    /// Takes it into use.
    ///
    /// # Safety
    /// `handle` is null or was given by this library, and its memory is still there.
    ///
    /// # Errors
    /// `NULL`, `HANDLE` if it is not open, `BUSY` if it is in use.
    pub unsafe fn take(handle: *const Handle<T>) -> Result<Self, Failure> {
        if handle.is_null() {
            return Err(Failure(error::NULL));
        }
        if !(handle as usize).is_multiple_of(ALIGN) {
            return Err(Failure(error::HANDLE));
        }
        // SAFETY: it is aligned, and the caller says that it is one of ours. Of the body nothing is looked at.
        let handle = unsafe { &*handle };
        if handle.mark.get() != T::MARK {
            return Err(Failure(error::HANDLE));
        }
        if handle.busy.replace(true) {
            return Err(Failure(error::BUSY));
        }
        Ok(InUse(handle))
    }

    /// The body.
    pub fn body(&mut self) -> &mut T {
        // SAFETY: one `InUse` exists for each handle, which `busy` sees to, and it is borrowed for as long.
        unsafe { &mut *self.0.body.get() }
    }

    /// Closes it: its body is dropped, and it is refused from now on.
    pub fn close(self) {
        self.0.mark.set(0);
        // SAFETY: one `InUse` exists for each handle, and nobody comes to the body behind the mark any more.
        unsafe { core::ptr::drop_in_place(self.0.body.get()) };
    }
}

impl<T: Marked> Drop for InUse<'_, T> {
    fn drop(&mut self) {
        self.0.busy.set(false);
    }
}

/// A string that must be there.
///
/// # Safety
/// `text` is null or ends with a NUL, and stays for `'a`.
///
/// # Errors
/// `NULL`, `TEXT`.
pub unsafe fn text<'a>(text: *const c_char) -> Result<&'a str, Failure> {
    // SAFETY: passed on to the caller.
    unsafe { optional_text(text) }?.ok_or(Failure(error::NULL))
}

/// A string that may be missing.
///
/// # Safety
/// As [`text`].
///
/// # Errors
/// `TEXT`.
pub unsafe fn optional_text<'a>(text: *const c_char) -> Result<Option<&'a str>, Failure> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller says that it ends with a NUL and stays.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map(Some).map_err(|_| Failure(error::TEXT))
}

/// A list; an empty one may be null.
///
/// # Safety
/// `items` is null or has `count` valid items, which stay for `'a`.
///
/// # Errors
/// `NULL` if it is null and not empty, `SIZE` if it is larger than memory can be.
pub unsafe fn list<'a, T>(items: *const T, count: usize) -> Result<&'a [T], Failure> {
    if count == 0 {
        return Ok(&[]);
    }
    if items.is_null() {
        return Err(Failure(error::NULL));
    }
    let fits = count
        .checked_mul(size_of::<T>())
        .is_some_and(|size| size <= isize::MAX as usize);
    if !fits {
        return Err(Failure(error::SIZE));
    }
    // SAFETY: it is not null, its size is one that memory can have, and the caller says that the items are there.
    Ok(unsafe { core::slice::from_raw_parts(items, count) })
}

/// The bytes that a structure of C's names.
///
/// # Safety
/// As [`list`].
///
/// # Errors
/// As [`list`].
pub unsafe fn bytes<'a>(bytes: Bytes) -> Result<&'a [u8], Failure> {
    // SAFETY: passed on to the caller.
    unsafe { list(bytes.data, bytes.length) }
}

/// A structure that must be there.
///
/// # Safety
/// `place` is null or a valid one that stays for `'a`.
///
/// # Errors
/// `NULL`.
pub unsafe fn structure<'a, T>(place: *const T) -> Result<&'a T, Failure> {
    // SAFETY: the caller says that it is valid if it is not null.
    unsafe { place.as_ref() }.ok_or(Failure(error::NULL))
}

/// Puts a value where C wants it; null is one that it does not want.
///
/// # Safety
/// `place` is null or may be written to.
pub unsafe fn tell<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: the caller says that it may be written to.
        unsafe { place.write(value) };
    }
}
