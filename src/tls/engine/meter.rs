//! Counts of what costs time: public-key operations, hash and cipher blocks.
//!
//! With the feature `meter` the primitives count themselves in global counters (one connection at a time makes sense);
//! without it `count` is nothing and no counter exists. A program that has a clock of some kind, cycles or instructions
//! for example, hands it to [`set_clock`], and reads off what the public-key operations took.

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

/// Counts one operation, and times it until the value is dropped.
#[inline(always)]
pub(super) fn count(operation: Operation) -> Running {
    count_many(operation, 1);
    Running {
        #[cfg(feature = "meter")]
        operation,
        #[cfg(feature = "meter")]
        start: counters::now(),
    }
}

/// An operation that is running.
#[must_use]
pub(super) struct Running {
    #[cfg(feature = "meter")]
    operation: Operation,
    #[cfg(feature = "meter")]
    start: u32,
}

#[cfg(feature = "meter")]
impl Drop for Running {
    fn drop(&mut self) {
        counters::add_time(self.operation, counters::now().wrapping_sub(self.start));
    }
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
    use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering::Relaxed};

    type PerOperation = [AtomicU32; Operation::ALL.len()];
    static COUNTERS: PerOperation = [const { AtomicU32::new(0) }; Operation::ALL.len()];
    static TIMES: PerOperation = [const { AtomicU32::new(0) }; Operation::ALL.len()];
    /// Null, or a `fn() -> u32`.
    static CLOCK: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());

    /// A load and a store: not every board has an atomic addition.
    fn increase(number: &AtomicU32, by: u32) {
        number.store(number.load(Relaxed).wrapping_add(by), Relaxed);
    }

    pub(super) fn add(operation: Operation, times: usize) {
        increase(&COUNTERS[operation as usize], times as u32);
    }

    pub(super) fn add_time(operation: Operation, time: u32) {
        increase(&TIMES[operation as usize], time);
    }

    pub(super) fn now() -> u32 {
        let clock = CLOCK.load(Relaxed);
        if clock.is_null() {
            return 0;
        }
        // SAFETY: nothing but a function of this type is ever stored.
        let clock = unsafe { core::mem::transmute::<*mut (), fn() -> u32>(clock) };
        clock()
    }

    /// What public-key operations are timed with: any counter that goes up and wraps around, of cycles for example.
    pub fn set_clock(clock: fn() -> u32) {
        CLOCK.store(clock as *mut (), Relaxed);
    }

    /// What all runs of a public-key operation took by that clock since [`reset`]; 0 for other operations. One that is part
    /// of another is counted in both.
    pub fn time(operation: Operation) -> u32 {
        TIMES[operation as usize].load(Relaxed)
    }

    /// How often `operation` ran since [`reset`].
    pub fn read(operation: Operation) -> u32 {
        COUNTERS[operation as usize].load(Relaxed)
    }

    /// Sets all counters to zero; the clock stays.
    pub fn reset() {
        let all = COUNTERS.iter().chain(&TIMES);
        all.for_each(|counter| counter.store(0, Relaxed));
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn clock() -> u32 {
            static TICKS: AtomicU32 = AtomicU32::new(u32::MAX - 1);
            increase(&TICKS, 3);
            TICKS.load(Relaxed)
        }

        #[test]
        fn an_operation_is_counted_and_timed_also_where_the_clock_wraps_around() {
            drop(super::super::count(Operation::RsaPrivate4096));
            assert_eq!(
                (
                    read(Operation::RsaPrivate4096),
                    time(Operation::RsaPrivate4096)
                ),
                (1, 0)
            );
            set_clock(clock);
            drop(super::super::count(Operation::RsaPrivate4096));
            drop(super::super::count(Operation::RsaPrivate4096));
            assert_eq!(
                (
                    read(Operation::RsaPrivate4096),
                    time(Operation::RsaPrivate4096)
                ),
                (3, 6)
            );
        }
    }
}

#[cfg(feature = "meter")]
pub use counters::{read, reset, set_clock, time};
