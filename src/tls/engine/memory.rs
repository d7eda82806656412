//! Memory: record buffers with their overhead, and wiping.

use core::mem::MaybeUninit;

use zeroize::Zeroize;

use super::{Context, Framing, Phase, RECORD_OVERHEAD};

/// A buffer for records of up to `N` bytes of plaintext: `N` + 34 bytes.
#[repr(C)]
pub struct RecordBuffer<const N: usize> {
    plaintext: [u8; N],
    overhead: [u8; RECORD_OVERHEAD],
}

impl<const N: usize> RecordBuffer<N> {
    /// A buffer of zeros.
    pub const fn new() -> Self {
        RecordBuffer {
            plaintext: [0; N],
            overhead: [0; RECORD_OVERHEAD],
        }
    }
}

impl<const N: usize> Default for RecordBuffer<N> {
    fn default() -> Self {
        RecordBuffer::new()
    }
}

impl<const N: usize> AsMut<[u8]> for RecordBuffer<N> {
    fn as_mut(&mut self) -> &mut [u8] {
        let place: *mut Self = self;
        // SAFETY: the structure is two arrays of bytes in a row, without padding.
        unsafe { core::slice::from_raw_parts_mut(place.cast::<u8>(), size_of::<Self>()) }
    }
}

/// A value or none; none is all zero, unlike an `Option`'s, so that a static context is no initialised data in flash.
pub(super) struct Slot<T> {
    is_set: bool,
    value: MaybeUninit<T>,
}

impl<T: Copy> Slot<T> {
    /// None.
    pub(super) const EMPTY: Self = Slot {
        is_set: false,
        value: MaybeUninit::zeroed(),
    };

    /// A value.
    pub(super) const fn of(value: T) -> Self {
        Slot {
            is_set: true,
            value: MaybeUninit::new(value),
        }
    }

    /// The value, if there is one.
    pub(super) const fn get(&self) -> Option<T> {
        if self.is_set {
            // SAFETY: it is set by `of` only, together with the value.
            Some(unsafe { self.value.assume_init() })
        } else {
            None
        }
    }
}

impl Context {
    /// Makes an unused context in its place. Unlike with [`new`](Self::new), nothing of its size passes over the stack: for
    /// memory that is no `static`.
    ///
    /// ```
    /// use core::mem::MaybeUninit;
    /// use bearcub::tls::Context;
    ///
    /// # let mut memory = MaybeUninit::uninit();
    /// let place: &mut MaybeUninit<Context> = &mut memory; // a linker's, a C program's
    /// let context = Context::emplace(place);
    /// ```
    pub fn emplace(place: &mut MaybeUninit<Context>) -> &mut Context {
        let context = place.as_mut_ptr();
        // SAFETY: the place is one of a context, whole and aligned.
        unsafe { context.write_bytes(0, 1) };
        // SAFETY: a part of the place; nothing is read.
        let framing = unsafe { &raw mut (*context).framing };
        // SAFETY: it may be written to, and has no value that would have to be dropped.
        unsafe { framing.write(Framing::new()) };
        // SAFETY: as above.
        let phase = unsafe { &raw mut (*context).phase };
        // SAFETY: as above.
        unsafe { phase.write(Phase::Idle) };
        // SAFETY: every other part is a number, a truth value, a null pointer, an empty slot or a C structure, for which all
        // zero is a valid value.
        unsafe { &mut *context }
    }
}

/// Overwrites bytes with zeros in a way that the compiler does not leave out.
pub(crate) fn wipe(bytes: &mut [u8]) {
    bytes.zeroize();
}
