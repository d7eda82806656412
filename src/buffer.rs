//! Byte buffers that a program can plug in, and how large they must be for a fragment length.
//!
//! A record of TLS carries up to 16,384 bytes, unless client and server agree on less: the fragment length (RFC 6066
//! section 4). A buffer must hold the plaintext and 34 bytes more.
//!
//! ```
//! use bearcub::buffer::{self, FragmentLength};
//!
//! assert_eq!(buffer::len_for(FragmentLength::B1024), 1058);
//! ```

pub use crate::tls::RECORD_OVERHEAD;

/// A fragment length that RFC 6066 knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum FragmentLength {
    /// 512 bytes.
    B512 = 1,
    /// 1024 bytes.
    B1024 = 2,
    /// 2048 bytes.
    B2048 = 3,
    /// 4096 bytes.
    B4096 = 4,
}

impl FragmentLength {
    /// All of them, the smallest first.
    pub const ALL: [FragmentLength; 4] = [
        FragmentLength::B512,
        FragmentLength::B1024,
        FragmentLength::B2048,
        FragmentLength::B4096,
    ];

    /// Bytes of plaintext in a record.
    pub const fn bytes(self) -> usize {
        256 << self as usize
    }

    /// The number on the wire.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The one with this many bytes.
    pub fn from_bytes(bytes: usize) -> Option<Self> {
        FragmentLength::ALL
            .into_iter()
            .find(|length| length.bytes() == bytes)
    }
}

/// Bytes of a buffer for records of that fragment length.
pub const fn len_for(length: FragmentLength) -> usize {
    length.bytes() + RECORD_OVERHEAD
}

/// Something that bytes can be kept in: a slice, an array, a `heapless` vector.
pub trait Buffer {
    /// All of its bytes, as many as it can hold; what they were is lost.
    fn bytes(&mut self) -> &mut [u8];
}

impl Buffer for [u8] {
    fn bytes(&mut self) -> &mut [u8] {
        self
    }
}

impl<const N: usize> Buffer for [u8; N] {
    fn bytes(&mut self) -> &mut [u8] {
        self
    }
}

impl<B: Buffer + ?Sized> Buffer for &mut B {
    fn bytes(&mut self) -> &mut [u8] {
        (**self).bytes()
    }
}

/// The whole capacity serves, whatever the length was.
impl<const N: usize> Buffer for heapless::Vec<u8, N> {
    fn bytes(&mut self) -> &mut [u8] {
        self.clear();
        // A vector can always be resized to its own capacity.
        let _ = self.resize_default(N);
        self
    }
}

impl<const N: usize> Buffer for crate::tls::RecordBuffer<N> {
    fn bytes(&mut self) -> &mut [u8] {
        self.as_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragment_lengths_are_those_of_rfc_6066() {
        let lengths = FragmentLength::ALL.map(|length| (length.code(), length.bytes()));
        assert_eq!(lengths, [(1, 512), (2, 1024), (3, 2048), (4, 4096)]);
        assert_eq!(
            FragmentLength::from_bytes(2048),
            Some(FragmentLength::B2048)
        );
        assert_eq!(FragmentLength::from_bytes(1000), None);
    }

    #[test]
    fn every_buffer_gives_its_whole_capacity() {
        assert_eq!([0; 7].bytes().len(), 7);
        assert_eq!(
            heapless::Vec::<u8, 9>::from_slice(&[1, 2]).unwrap().bytes(),
            [0; 9]
        );
        assert_eq!(crate::tls::RecordBuffer::<512>::new().bytes().len(), 546);
        let mut array = [0; 5];
        assert_eq!(array[..].bytes().len(), 5);
    }
}
