//! HMAC (`bearssl_hmac.h`) and the pseudorandom function of TLS 1.2 (`bearssl_prf.h`).

use core::ffi::{c_char, c_void};

use crate::hash::{br_hash_class, br_hash_compat_context};

/// An HMAC key after its first processing; can start any number of computations.
#[repr(C)]
pub struct br_hmac_key_context {
    /// Hash function.
    pub dig_vtable: *const br_hash_class,
    /// State after the inner key block.
    pub ksi: [u8; 64],
    /// State after the outer key block.
    pub kso: [u8; 64],
}

/// A running HMAC computation.
#[repr(C)]
pub struct br_hmac_context {
    /// State of the inner hash.
    pub dig: br_hash_compat_context,
    /// State after the outer key block.
    pub kso: [u8; 64],
    /// Size of the output.
    pub out_len: usize,
}

/// One piece of the seed of the pseudorandom function.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct br_tls_prf_seed_chunk {
    /// First byte.
    pub data: *const c_void,
    /// Number of bytes.
    pub len: usize,
}

/// A pseudorandom function of TLS: fills `dst` from the secret, the NUL-terminated label and the seed's pieces.
pub type br_tls_prf_impl = Option<
    unsafe extern "C" fn(
        dst: *mut c_void,
        len: usize,
        secret: *const c_void,
        secret_len: usize,
        label: *const c_char,
        seed_num: usize,
        seed: *const br_tls_prf_seed_chunk,
    ),
>;

unsafe extern "C" {
    /// Processes an HMAC key.
    pub fn br_hmac_key_init(
        kc: *mut br_hmac_key_context,
        digest_vtable: *const br_hash_class,
        key: *const c_void,
        key_len: usize,
    );
    /// Starts a computation; `out_len` truncates the output, 0 keeps its natural size.
    pub fn br_hmac_init(ctx: *mut br_hmac_context, kc: *const br_hmac_key_context, out_len: usize);
    /// Processes `len` bytes.
    pub fn br_hmac_update(ctx: *mut br_hmac_context, data: *const c_void, len: usize);
    /// Writes the result and returns its size; the context is unchanged.
    pub fn br_hmac_out(ctx: *const br_hmac_context, out: *mut c_void) -> usize;

    /// The pseudorandom function of TLS 1.2 with SHA-256 (RFC 5246, section 5).
    pub fn br_tls12_sha256_prf(
        dst: *mut c_void,
        len: usize,
        secret: *const c_void,
        secret_len: usize,
        label: *const c_char,
        seed_num: usize,
        seed: *const br_tls_prf_seed_chunk,
    );
    /// The pseudorandom function of TLS 1.2 with SHA-384 (RFC 5246, section 5).
    pub fn br_tls12_sha384_prf(
        dst: *mut c_void,
        len: usize,
        secret: *const c_void,
        secret_len: usize,
        label: *const c_char,
        seed_num: usize,
        seed: *const br_tls_prf_seed_chunk,
    );
}
