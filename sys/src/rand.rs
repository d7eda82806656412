//! Pseudorandom generators (`bearssl_rand.h`). Nothing here gathers entropy: the caller's seed is all there is.

use core::ffi::{c_char, c_int, c_void};

use crate::hash::br_hash_class;

/// A pseudorandom generator as a table.
#[repr(C)]
pub struct br_prng_class {
    /// Size of the context that the functions work on.
    pub context_size: usize,
    /// Initialises the context; `params` depends on the generator.
    pub init: unsafe extern "C" fn(
        ctx: *mut *const br_prng_class,
        params: *const c_void,
        seed: *const c_void,
        seed_len: usize,
    ),
    /// Produces `len` bytes.
    pub generate:
        unsafe extern "C" fn(ctx: *mut *const br_prng_class, out: *mut c_void, len: usize),
    /// Mixes in more seed bytes.
    pub update:
        unsafe extern "C" fn(ctx: *mut *const br_prng_class, seed: *const c_void, seed_len: usize),
}

/// State of HMAC_DRBG (NIST SP 800-90A).
#[repr(C)]
pub struct br_hmac_drbg_context {
    /// Class of the generator.
    pub vtable: *const br_prng_class,
    /// Key.
    pub K: [u8; 64],
    /// Value.
    pub V: [u8; 64],
    /// Hash function under the HMAC.
    pub digest_class: *const br_hash_class,
}

/// Seeds a generator from the system: 1 if it could.
pub type br_prng_seeder = Option<unsafe extern "C" fn(ctx: *mut *const br_prng_class) -> c_int>;

unsafe extern "C" {
    /// Class of HMAC_DRBG; the parameter of its `init` is the hash function's class.
    pub static br_hmac_drbg_vtable: br_prng_class;

    /// Starts HMAC_DRBG from a seed.
    pub fn br_hmac_drbg_init(
        ctx: *mut br_hmac_drbg_context,
        digest_class: *const br_hash_class,
        seed: *const c_void,
        seed_len: usize,
    );
    /// Produces `len` bytes, at most 65536.
    pub fn br_hmac_drbg_generate(ctx: *mut br_hmac_drbg_context, out: *mut c_void, len: usize);
    /// Mixes in more seed bytes.
    pub fn br_hmac_drbg_update(
        ctx: *mut br_hmac_drbg_context,
        seed: *const c_void,
        seed_len: usize,
    );

    /// The system's seeder, which this build never has: always `None`, and `name` becomes "none" unless it is NULL.
    ///
    /// The engine asks it before a handshake, so entropy must be injected with `br_ssl_engine_inject_entropy`.
    pub fn br_prng_seeder_system(name: *mut *const c_char) -> br_prng_seeder;
}
