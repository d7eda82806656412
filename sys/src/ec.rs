//! Elliptic curves and ECDSA (`bearssl_ec.h`).

use core::ffi::{c_int, c_void};

use crate::hash::br_hash_class;

/// NIST P-256, by its TLS number.
pub const BR_EC_secp256r1: c_int = 23;
/// NIST P-384, by its TLS number.
pub const BR_EC_secp384r1: c_int = 24;
/// NIST P-521, by its TLS number.
pub const BR_EC_secp521r1: c_int = 25;
/// Curve25519, by its TLS number (X25519: key exchange only).
pub const BR_EC_curve25519: c_int = 29;
/// Room for the largest private key of any curve.
pub const BR_EC_KBUF_PRIV_MAX_SIZE: usize = 72;
/// Room for the largest public point of any curve.
pub const BR_EC_KBUF_PUB_MAX_SIZE: usize = 145;

/// An elliptic-curve public key.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct br_ec_public_key {
    /// Curve (`BR_EC_*`).
    pub curve: c_int,
    /// Point, uncompressed.
    pub q: *mut u8,
    /// Size of the point.
    pub qlen: usize,
}

/// An elliptic-curve private key.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct br_ec_private_key {
    /// Curve (`BR_EC_*`).
    pub curve: c_int,
    /// Scalar, big-endian.
    pub x: *mut u8,
    /// Size of the scalar.
    pub xlen: usize,
}

/// An implementation of one or more curves.
#[repr(C)]
pub struct br_ec_impl {
    /// Bit n is set if curve n is supported.
    pub supported_curves: u32,
    /// Returns the encoded generator and its size.
    pub generator: unsafe extern "C" fn(curve: c_int, len: *mut usize) -> *const u8,
    /// Returns the order of the subgroup, big-endian, and its size.
    pub order: unsafe extern "C" fn(curve: c_int, len: *mut usize) -> *const u8,
    /// Returns the offset of the X coordinate in an encoded point, and its size.
    pub xoff: unsafe extern "C" fn(curve: c_int, len: *mut usize) -> usize,
    /// Multiplies the point `G` in place: 1 if it was a valid point.
    pub mul: unsafe extern "C" fn(
        G: *mut u8,
        Glen: usize,
        x: *const u8,
        xlen: usize,
        curve: c_int,
    ) -> u32,
    /// Multiplies the generator into `R` and returns the point's size.
    pub mulgen: unsafe extern "C" fn(R: *mut u8, x: *const u8, xlen: usize, curve: c_int) -> usize,
    /// Computes x·A + y·B into `A`; `B` NULL is the generator. 1 on success.
    pub muladd: unsafe extern "C" fn(
        A: *mut u8,
        B: *const u8,
        len: usize,
        x: *const u8,
        xlen: usize,
        y: *const u8,
        ylen: usize,
        curve: c_int,
    ) -> u32,
}

/// Makes an ECDSA signature over a hash and returns its size, or 0 on failure.
pub type br_ecdsa_sign = Option<
    unsafe extern "C" fn(
        impl_: *const br_ec_impl,
        hf: *const br_hash_class,
        hash_value: *const c_void,
        sk: *const br_ec_private_key,
        sig: *mut c_void,
    ) -> usize,
>;
/// Verifies an ECDSA signature over a hash: 1 if it is valid.
pub type br_ecdsa_vrfy = Option<
    unsafe extern "C" fn(
        impl_: *const br_ec_impl,
        hash: *const c_void,
        hash_len: usize,
        pk: *const br_ec_public_key,
        sig: *const c_void,
        sig_len: usize,
    ) -> u32,
>;

unsafe extern "C" {
    /// P-256, P-384 and P-521 in 15-bit limbs, generic code.
    pub static br_ec_prime_i15: br_ec_impl;
    /// P-256, P-384 and P-521 in 31-bit limbs, generic code.
    pub static br_ec_prime_i31: br_ec_impl;
    /// P-256 in 13-bit limbs with 32-bit products.
    pub static br_ec_p256_m15: br_ec_impl;
    /// P-256 in 30-bit limbs with 64-bit products.
    pub static br_ec_p256_m31: br_ec_impl;
    /// Curve25519 in 15-bit limbs, generic code.
    pub static br_ec_c25519_i15: br_ec_impl;
    /// Curve25519 in 31-bit limbs, generic code.
    pub static br_ec_c25519_i31: br_ec_impl;
    /// Curve25519 in 13-bit limbs with 32-bit products.
    pub static br_ec_c25519_m15: br_ec_impl;
    /// Curve25519 in 30-bit limbs with 64-bit products.
    pub static br_ec_c25519_m31: br_ec_impl;
    /// All curves: the m15 code where there is one, else i15.
    pub static br_ec_all_m15: br_ec_impl;
    /// All curves: the m31 code where there is one, else i31.
    pub static br_ec_all_m31: br_ec_impl;

    /// Turns a raw signature into ASN.1 in place (up to 9 bytes longer) and returns its size, or 0.
    pub fn br_ecdsa_raw_to_asn1(sig: *mut c_void, sig_len: usize) -> usize;
    /// Turns an ASN.1 signature into raw form in place and returns its size, or 0.
    pub fn br_ecdsa_asn1_to_raw(sig: *mut c_void, sig_len: usize) -> usize;

    /// [`br_ecdsa_sign`] in 15-bit limbs, ASN.1 form (deterministic, RFC 6979).
    pub fn br_ecdsa_i15_sign_asn1(
        impl_: *const br_ec_impl,
        hf: *const br_hash_class,
        hash_value: *const c_void,
        sk: *const br_ec_private_key,
        sig: *mut c_void,
    ) -> usize;
    /// [`br_ecdsa_sign`] in 15-bit limbs, raw form (deterministic, RFC 6979).
    pub fn br_ecdsa_i15_sign_raw(
        impl_: *const br_ec_impl,
        hf: *const br_hash_class,
        hash_value: *const c_void,
        sk: *const br_ec_private_key,
        sig: *mut c_void,
    ) -> usize;
    /// [`br_ecdsa_vrfy`] in 15-bit limbs, ASN.1 form.
    pub fn br_ecdsa_i15_vrfy_asn1(
        impl_: *const br_ec_impl,
        hash: *const c_void,
        hash_len: usize,
        pk: *const br_ec_public_key,
        sig: *const c_void,
        sig_len: usize,
    ) -> u32;
    /// [`br_ecdsa_vrfy`] in 15-bit limbs, raw form.
    pub fn br_ecdsa_i15_vrfy_raw(
        impl_: *const br_ec_impl,
        hash: *const c_void,
        hash_len: usize,
        pk: *const br_ec_public_key,
        sig: *const c_void,
        sig_len: usize,
    ) -> u32;
    /// [`br_ecdsa_sign`] in 31-bit limbs, ASN.1 form (deterministic, RFC 6979).
    pub fn br_ecdsa_i31_sign_asn1(
        impl_: *const br_ec_impl,
        hf: *const br_hash_class,
        hash_value: *const c_void,
        sk: *const br_ec_private_key,
        sig: *mut c_void,
    ) -> usize;
    /// [`br_ecdsa_sign`] in 31-bit limbs, raw form (deterministic, RFC 6979).
    pub fn br_ecdsa_i31_sign_raw(
        impl_: *const br_ec_impl,
        hf: *const br_hash_class,
        hash_value: *const c_void,
        sk: *const br_ec_private_key,
        sig: *mut c_void,
    ) -> usize;
    /// [`br_ecdsa_vrfy`] in 31-bit limbs, ASN.1 form.
    pub fn br_ecdsa_i31_vrfy_asn1(
        impl_: *const br_ec_impl,
        hash: *const c_void,
        hash_len: usize,
        pk: *const br_ec_public_key,
        sig: *const c_void,
        sig_len: usize,
    ) -> u32;
    /// [`br_ecdsa_vrfy`] in 31-bit limbs, raw form.
    pub fn br_ecdsa_i31_vrfy_raw(
        impl_: *const br_ec_impl,
        hash: *const c_void,
        hash_len: usize,
        pk: *const br_ec_public_key,
        sig: *const c_void,
        sig_len: usize,
    ) -> u32;

    /// Computes the public point of a private key into `kbuf` and returns its size, or 0; `pk` and `kbuf` may be NULL.
    pub fn br_ec_compute_pub(
        impl_: *const br_ec_impl,
        pk: *mut br_ec_public_key,
        kbuf: *mut c_void,
        sk: *const br_ec_private_key,
    ) -> usize;
}
