//! Counts of what costs time: public-key operations, hash and cipher blocks.
//!
//! With the feature `meter` the primitives count themselves in global counters (one connection at a time makes sense);
//! without it `count` is nothing and no counter exists.

/// One list: the operations, and the names that reports use.
macro_rules! operations {
    ($($operation:ident = $name:literal,)*) => {
        /// What is counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(usize)]
        #[cfg_attr(not(feature = "meter"), allow(dead_code))]
        #[allow(missing_docs)]
        pub enum Operation {
            $($operation,)*
        }

        #[cfg(feature = "meter")]
        impl Operation {
            /// All of them, in the order of their numbers.
            pub const ALL: [Operation; [$($name),*].len()] = [$(Operation::$operation),*];

            /// The name that reports use.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Operation::$operation => $name,)*
                }
            }
        }
    };
}

operations! {
    P256Mul = "p256_mul",
    P256MulGen = "p256_mulgen",
    P256MulAdd = "p256_muladd",
    P384Mul = "p384_mul",
    P384MulGen = "p384_mulgen",
    P384MulAdd = "p384_muladd",
    X25519 = "x25519",
    RsaPublic2048 = "rsa2048_public",
    RsaPublic3072 = "rsa3072_public",
    RsaPublic4096 = "rsa4096_public",
    RsaPrivate2048 = "rsa2048_private",
    RsaPrivate4096 = "rsa4096_private",
    Sha256Block = "sha256_block",
    Sha384Block = "sha384_block",
    AesBlock = "aes_block",
    GhashBlock = "ghash_block",
    ChaCha20Block = "chacha20_block",
    Poly1305Block = "poly1305_block",
}

impl Operation {
    pub(super) fn multiplication(curve: i32) -> Self {
        match curve {
            bearssl_sys::BR_EC_curve25519 => Operation::X25519,
            bearssl_sys::BR_EC_secp384r1 => Operation::P384Mul,
            _ => Operation::P256Mul,
        }
    }

    pub(super) fn base_multiplication(curve: i32) -> Self {
        match curve {
            bearssl_sys::BR_EC_curve25519 => Operation::X25519,
            bearssl_sys::BR_EC_secp384r1 => Operation::P384MulGen,
            _ => Operation::P256MulGen,
        }
    }

    pub(super) fn double_multiplication(curve: i32) -> Self {
        match curve {
            bearssl_sys::BR_EC_secp384r1 => Operation::P384MulAdd,
            _ => Operation::P256MulAdd,
        }
    }

    pub(super) fn rsa_public(modulus: usize) -> Self {
        match modulus {
            0..=257 => Operation::RsaPublic2048,
            258..=385 => Operation::RsaPublic3072,
            _ => Operation::RsaPublic4096,
        }
    }

    pub(super) fn rsa_private(modulus: usize) -> Self {
        match modulus {
            0..=257 => Operation::RsaPrivate2048,
            _ => Operation::RsaPrivate4096,
        }
    }
}

/// Counts one operation.
#[inline(always)]
pub(super) fn count(operation: Operation) {
    count_many(operation, 1);
}

/// Counts several.
#[inline(always)]
pub(super) fn count_many(operation: Operation, times: usize) {
    #[cfg(feature = "meter")]
    counters::add(operation, times);
    #[cfg(not(feature = "meter"))]
    let _ = (operation, times);
}

#[cfg(feature = "meter")]
mod counters {
    use super::Operation;
    use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

    static COUNTERS: [AtomicU32; Operation::ALL.len()] =
        [const { AtomicU32::new(0) }; Operation::ALL.len()];

    /// A load and a store: not every board has an atomic addition.
    pub(super) fn add(operation: Operation, times: usize) {
        let counter = &COUNTERS[operation as usize];
        counter.store(counter.load(Relaxed).wrapping_add(times as u32), Relaxed);
    }

    /// How often `operation` ran since [`reset`].
    pub fn read(operation: Operation) -> u32 {
        COUNTERS[operation as usize].load(Relaxed)
    }

    /// Sets all counters to zero.
    pub fn reset() {
        COUNTERS
            .iter()
            .for_each(|counter| counter.store(0, Relaxed));
    }
}

#[cfg(feature = "meter")]
pub use counters::{read, reset};
