//! Memory: record buffers with their overhead, and wiping.

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

/// Overwrites bytes with zeros in a way that the compiler does not leave out.
pub(crate) fn wipe(bytes: &mut [u8]) {
    bytes.zeroize();
}
