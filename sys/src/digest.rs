//! Hashes as safe values: the one part of the bindings that can be used without `unsafe`.
//!
//! A TLS client links BearSSL's hashes anyway; a second implementation of SHA-256 beside them would cost 12 KB of flash.

use core::ffi::c_void;
use core::mem::MaybeUninit;

use crate::{
    br_sha1_context, br_sha1_init, br_sha1_out, br_sha1_update, br_sha256_context, br_sha256_init,
    br_sha256_out, br_sha256_update,
};

macro_rules! digest {
    ($(#[$doc:meta])* $name:ident, $size:literal: $context:ident, $init:ident, $update:ident, $out:ident) => {
        $(#[$doc])*
        pub struct $name($context);

        impl $name {
            /// Over no bytes yet.
            pub fn new() -> Self {
                let mut context = MaybeUninit::uninit();
                // SAFETY: `init` fills the context, which has no pointer into itself.
                unsafe {
                    $init(context.as_mut_ptr());
                    $name(context.assume_init())
                }
            }

            /// Takes in these bytes.
            pub fn update(&mut self, data: &[u8]) {
                // SAFETY: the context is initialised, and the bytes are read only.
                unsafe { $update(&mut self.0, data.as_ptr().cast::<c_void>(), data.len()) };
            }

            /// The hash of all bytes so far; more may follow.
            pub fn digest(&self) -> [u8; $size] {
                let mut digest = [0; $size];
                // SAFETY: the context is initialised, and that many bytes are what `out` writes.
                unsafe { $out(&self.0, digest.as_mut_ptr().cast::<c_void>()) };
                digest
            }
        }

        impl Clone for $name {
            fn clone(&self) -> Self {
                // SAFETY: the context is numbers, and a pointer to a constant table: its bytes are all there is to it.
                $name(unsafe { core::ptr::read(&self.0) })
            }
        }

        impl Default for $name {
            fn default() -> Self {
                $name::new()
            }
        }
    };
}

digest! {
    /// SHA-1 (FIPS 180-4 section 6.1).
    Sha1, 20: br_sha1_context, br_sha1_init, br_sha1_update, br_sha1_out
}
digest! {
    /// SHA-256 (FIPS 180-4 section 6.2).
    Sha256, 32: br_sha256_context, br_sha256_init, br_sha256_update, br_sha256_out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4's example, in two pieces by way of a copy, and the empty text.
    #[test]
    fn the_standards_examples_come_out() {
        let mut sha1 = Sha1::new();
        sha1.update(b"a");
        let mut sha256 = Sha256::default();
        sha256.update(b"a");
        let (mut sha1, mut sha256) = (sha1.clone(), sha256.clone());
        sha1.update(b"bc");
        sha256.update(b"bc");
        assert_eq!(sha1.digest()[..4], [0xa9, 0x99, 0x3e, 0x36]);
        assert_eq!(sha256.digest()[..4], [0xba, 0x78, 0x16, 0xbf]);
        assert_eq!(Sha1::new().digest()[..4], [0xda, 0x39, 0xa3, 0xee]);
        assert_eq!(Sha256::new().digest()[..4], [0xe3, 0xb0, 0xc4, 0x42]);
    }
}
