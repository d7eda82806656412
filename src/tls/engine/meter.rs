//! Counts of what costs time: public-key operations, hash and cipher blocks.
//!
//! With the feature `meter` the primitives count themselves in global counters (one connection at a time makes sense);
//! without it `count` is nothing and no counter exists.

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
#[cfg_attr(not(feature = "meter"), allow(dead_code))]
#[allow(missing_docs)]
pub enum Operation {
    P256Mul,
    P256MulGen,
    P256MulAdd,
    P384Mul,
    P384MulGen,
    P384MulAdd,
    X25519,
    RsaPublic2048,
    RsaPublic3072,
    RsaPublic4096,
    RsaPrivate2048,
    RsaPrivate4096,
    Sha256Block,
    Sha384Block,
    AesBlock,
    GhashBlock,
    ChaCha20Block,
    Poly1305Block,
}

impl Operation {
    /// All of them, in the order of their numbers.
    #[cfg(feature = "meter")]
    pub const ALL: [Operation; 18] = {
        use Operation::*;
        [
            P256Mul,
            P256MulGen,
            P256MulAdd,
            P384Mul,
            P384MulGen,
            P384MulAdd,
            X25519,
            RsaPublic2048,
            RsaPublic3072,
            RsaPublic4096,
            RsaPrivate2048,
            RsaPrivate4096,
            Sha256Block,
            Sha384Block,
            AesBlock,
            GhashBlock,
            ChaCha20Block,
            Poly1305Block,
        ]
    };

    /// The name that reports use.
    #[cfg(feature = "meter")]
    pub const fn name(self) -> &'static str {
        match self {
            Operation::P256Mul => "p256_mul",
            Operation::P256MulGen => "p256_mulgen",
            Operation::P256MulAdd => "p256_muladd",
            Operation::P384Mul => "p384_mul",
            Operation::P384MulGen => "p384_mulgen",
            Operation::P384MulAdd => "p384_muladd",
            Operation::X25519 => "x25519",
            Operation::RsaPublic2048 => "rsa2048_public",
            Operation::RsaPublic3072 => "rsa3072_public",
            Operation::RsaPublic4096 => "rsa4096_public",
            Operation::RsaPrivate2048 => "rsa2048_private",
            Operation::RsaPrivate4096 => "rsa4096_private",
            Operation::Sha256Block => "sha256_block",
            Operation::Sha384Block => "sha384_block",
            Operation::AesBlock => "aes_block",
            Operation::GhashBlock => "ghash_block",
            Operation::ChaCha20Block => "chacha20_block",
            Operation::Poly1305Block => "poly1305_block",
        }
    }

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
