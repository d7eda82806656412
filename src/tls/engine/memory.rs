//! Memory: record buffers with their overhead, and wiping.

use core::mem::MaybeUninit;

use zeroize::Zeroize;

use super::RECORD_OVERHEAD;

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

/// Overwrites bytes with zeros in a way that the compiler does not leave out.
pub(crate) fn wipe(bytes: &mut [u8]) {
    bytes.zeroize();
}
