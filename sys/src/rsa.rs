//! RSA (`bearssl_rsa.h`): key structures, and PKCS#1 v1.5 in 15-bit, 31-bit and 62-bit limbs.

use core::ffi::c_void;

/// Bits of the largest RSA modulus that BearSSL is compiled for: 4096, or 2048 without the feature `rsa-4096`.
pub const BR_MAX_RSA_SIZE: usize = if cfg!(feature = "rsa-4096") {
    4096
} else {
    2048
};

/// An RSA public key: two big-endian integers.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct br_rsa_public_key {
    /// Modulus.
    pub n: *mut u8,
    /// Size of the modulus.
    pub nlen: usize,
    /// Public exponent.
    pub e: *mut u8,
    /// Size of the exponent.
    pub elen: usize,
}

/// An RSA private key in its Chinese-remainder form.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct br_rsa_private_key {
    /// Size of the modulus in bits.
    pub n_bitlen: u32,
    /// First prime.
    pub p: *mut u8,
    /// Size of `p`.
    pub plen: usize,
    /// Second prime.
    pub q: *mut u8,
    /// Size of `q`.
    pub qlen: usize,
    /// Private exponent modulo p − 1.
    pub dp: *mut u8,
    /// Size of `dp`.
    pub dplen: usize,
    /// Private exponent modulo q − 1.
    pub dq: *mut u8,
    /// Size of `dq`.
    pub dqlen: usize,
    /// Inverse of q modulo p.
    pub iq: *mut u8,
    /// Size of `iq`.
    pub iqlen: usize,
}

/// The public operation, in place on `x`, which is as long as the modulus: 1 on success.
pub type br_rsa_public =
    Option<unsafe extern "C" fn(x: *mut u8, xlen: usize, pk: *const br_rsa_public_key) -> u32>;
/// Opens a PKCS#1 v1.5 signature and writes the hash that it holds; the caller compares it. 1 on success.
///
/// `hash_oid` is a length byte and the object identifier's content ([`BR_HASH_OID_SHA256`] and so on).
pub type br_rsa_pkcs1_vrfy = Option<
    unsafe extern "C" fn(
        x: *const u8,
        xlen: usize,
        hash_oid: *const u8,
        hash_len: usize,
        pk: *const br_rsa_public_key,
        hash_out: *mut u8,
    ) -> u32,
>;
/// The private operation, in place on `x`, which is as long as the modulus: 1 on success.
pub type br_rsa_private =
    Option<unsafe extern "C" fn(x: *mut u8, sk: *const br_rsa_private_key) -> u32>;
/// Makes a PKCS#1 v1.5 signature over a hash, as long as the modulus, in `x`: 1 on success.
pub type br_rsa_pkcs1_sign = Option<
    unsafe extern "C" fn(
        hash_oid: *const u8,
        hash: *const u8,
        hash_len: usize,
        sk: *const br_rsa_private_key,
        x: *mut u8,
    ) -> u32,
>;
/// Writes the modulus of a private key unless `n` is NULL, and returns its size (0 if the key is not usable).
pub type br_rsa_compute_modulus =
    Option<unsafe extern "C" fn(n: *mut c_void, sk: *const br_rsa_private_key) -> usize>;
/// Returns the public exponent of a private key, or 0 if that is not possible.
///
/// It takes primes that are both 3 modulo 4, which BearSSL's own generator ensures and other generators do not: three
/// keys in four get 0. To check that a key belongs to a certificate, compare the moduli.
pub type br_rsa_compute_pubexp = Option<unsafe extern "C" fn(sk: *const br_rsa_private_key) -> u32>;

/// Object identifier of SHA-1, with its length byte in front.
pub const BR_HASH_OID_SHA1: &[u8; 6] = b"\x05\x2B\x0E\x03\x02\x1A";
/// Object identifier of SHA-224, with its length byte in front.
pub const BR_HASH_OID_SHA224: &[u8; 10] = b"\x09\x60\x86\x48\x01\x65\x03\x04\x02\x04";
/// Object identifier of SHA-256, with its length byte in front.
pub const BR_HASH_OID_SHA256: &[u8; 10] = b"\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01";
/// Object identifier of SHA-384, with its length byte in front.
pub const BR_HASH_OID_SHA384: &[u8; 10] = b"\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02";
/// Object identifier of SHA-512, with its length byte in front.
pub const BR_HASH_OID_SHA512: &[u8; 10] = b"\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03";

unsafe extern "C" {
    /// [`br_rsa_public`] in 15-bit limbs: for CPUs without a fast long multiplication.
    pub fn br_rsa_i15_public(x: *mut u8, xlen: usize, pk: *const br_rsa_public_key) -> u32;
    /// [`br_rsa_pkcs1_vrfy`] in 15-bit limbs.
    pub fn br_rsa_i15_pkcs1_vrfy(
        x: *const u8,
        xlen: usize,
        hash_oid: *const u8,
        hash_len: usize,
        pk: *const br_rsa_public_key,
        hash_out: *mut u8,
    ) -> u32;
    /// [`br_rsa_private`] in 15-bit limbs.
    pub fn br_rsa_i15_private(x: *mut u8, sk: *const br_rsa_private_key) -> u32;
    /// [`br_rsa_pkcs1_sign`] in 15-bit limbs.
    pub fn br_rsa_i15_pkcs1_sign(
        hash_oid: *const u8,
        hash: *const u8,
        hash_len: usize,
        sk: *const br_rsa_private_key,
        x: *mut u8,
    ) -> u32;
    /// [`br_rsa_compute_modulus`] in 15-bit limbs.
    pub fn br_rsa_i15_compute_modulus(n: *mut c_void, sk: *const br_rsa_private_key) -> usize;
    /// [`br_rsa_compute_pubexp`] in 15-bit limbs.
    pub fn br_rsa_i15_compute_pubexp(sk: *const br_rsa_private_key) -> u32;

    /// [`br_rsa_public`] in 31-bit limbs.
    pub fn br_rsa_i31_public(x: *mut u8, xlen: usize, pk: *const br_rsa_public_key) -> u32;
    /// [`br_rsa_pkcs1_vrfy`] in 31-bit limbs.
    pub fn br_rsa_i31_pkcs1_vrfy(
        x: *const u8,
        xlen: usize,
        hash_oid: *const u8,
        hash_len: usize,
        pk: *const br_rsa_public_key,
        hash_out: *mut u8,
    ) -> u32;
    /// [`br_rsa_private`] in 31-bit limbs.
    pub fn br_rsa_i31_private(x: *mut u8, sk: *const br_rsa_private_key) -> u32;
    /// [`br_rsa_pkcs1_sign`] in 31-bit limbs.
    pub fn br_rsa_i31_pkcs1_sign(
        hash_oid: *const u8,
        hash: *const u8,
        hash_len: usize,
        sk: *const br_rsa_private_key,
        x: *mut u8,
    ) -> u32;
    /// [`br_rsa_compute_modulus`] in 31-bit limbs.
    pub fn br_rsa_i31_compute_modulus(n: *mut c_void, sk: *const br_rsa_private_key) -> usize;
    /// [`br_rsa_compute_pubexp`] in 31-bit limbs.
    pub fn br_rsa_i31_compute_pubexp(sk: *const br_rsa_private_key) -> u32;

    /// [`br_rsa_public`] in 62-bit limbs, or `None` where the target has no 128-bit product.
    pub fn br_rsa_i62_public_get() -> br_rsa_public;
    /// [`br_rsa_pkcs1_vrfy`] in 62-bit limbs, or `None` where the target has no 128-bit product.
    pub fn br_rsa_i62_pkcs1_vrfy_get() -> br_rsa_pkcs1_vrfy;
    /// [`br_rsa_private`] in 62-bit limbs, or `None` where the target has no 128-bit product.
    pub fn br_rsa_i62_private_get() -> br_rsa_private;
    /// [`br_rsa_pkcs1_sign`] in 62-bit limbs, or `None` where the target has no 128-bit product.
    pub fn br_rsa_i62_pkcs1_sign_get() -> br_rsa_pkcs1_sign;
}
