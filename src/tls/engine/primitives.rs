//! The arithmetic: which of BearSSL's implementations run on this target, behind the checks that 0.6 lacks.
//!
//! 15-bit limbs where the CPU multiplies 16 × 16 bits at best (the ESP8266's lx106), 31-bit limbs elsewhere. AES and GHASH
//! are the constant-time ones everywhere. Every function here checks the lengths that a peer chose before it calls BearSSL.

use bearssl_sys as br;
use core::ffi::{c_int, c_void};

use super::meter::{Operation, count};

#[cfg(target_arch = "xtensa")]
use bearssl_sys::{
    br_ec_c25519_m15 as c25519, br_ec_p256_m15 as p256, br_ec_prime_i15 as prime,
    br_ecdsa_i15_sign_asn1 as ecdsa_sign, br_ecdsa_i15_vrfy_asn1 as ecdsa_vrfy,
    br_rsa_i15_pkcs1_sign as rsa_sign, br_rsa_i15_pkcs1_vrfy as rsa_vrfy,
    br_rsa_i15_public as rsa_public,
};
#[cfg(not(target_arch = "xtensa"))]
use bearssl_sys::{
    br_ec_c25519_m31 as c25519, br_ec_p256_m31 as p256, br_ec_prime_i31 as prime,
    br_ecdsa_i31_sign_asn1 as ecdsa_sign, br_ecdsa_i31_vrfy_asn1 as ecdsa_vrfy,
    br_rsa_i31_pkcs1_sign as rsa_sign, br_rsa_i31_pkcs1_vrfy as rsa_vrfy,
    br_rsa_i31_public as rsa_public,
};

/// Smallest RSA modulus that is accepted, in bytes.
pub(super) const RSA_MIN: usize = 2048 / 8;
/// Largest RSA modulus that is accepted, in bytes.
pub(super) const RSA_MAX: usize = br::BR_MAX_RSA_SIZE / 8;

/// A set of named curves; what is not in the set is not linked.
trait Curves {
    const P256: bool;
    const P384: bool;
    const X25519: bool;

    const MASK: u32 = (Self::P256 as u32) << br::BR_EC_secp256r1
        | (Self::P384 as u32) << br::BR_EC_secp384r1
        | (Self::X25519 as u32) << br::BR_EC_curve25519;

    fn select(curve: c_int) -> Option<&'static br::br_ec_impl> {
        match curve {
            // SAFETY: BearSSL's tables are immutable.
            br::BR_EC_secp256r1 if Self::P256 => Some(unsafe { &p256 }),
            // SAFETY: as above.
            br::BR_EC_secp384r1 if Self::P384 => Some(unsafe { &prime }),
            // SAFETY: as above.
            br::BR_EC_curve25519 if Self::X25519 => Some(unsafe { &c25519 }),
            _ => None,
        }
    }
}

/// Bytes of an encoded point.
fn point_len(curve: c_int) -> usize {
    match curve {
        br::BR_EC_secp256r1 => 65,
        br::BR_EC_secp384r1 => 97,
        br::BR_EC_curve25519 => 32,
        _ => 0,
    }
}

/// A function of BearSSL's that hands out a constant of a curve.
unsafe fn constant(
    found: Option<&'static br::br_ec_impl>,
    pick: fn(&br::br_ec_impl) -> unsafe extern "C" fn(c_int, *mut usize) -> *const u8,
    curve: c_int,
    len: *mut usize,
) -> *const u8 {
    static NONE: [u8; 1] = [0xFF];
    match found {
        // SAFETY: the curve is one that this implementation has, and `len` is the caller's.
        Some(implementation) => unsafe { pick(implementation)(curve, len) },
        None => {
            // SAFETY: BearSSL hands in a valid place for the length.
            unsafe { *len = 0 };
            NONE.as_ptr()
        }
    }
}

unsafe extern "C" fn generator<C: Curves>(curve: c_int, len: *mut usize) -> *const u8 {
    // SAFETY: `len` is the caller's.
    unsafe { constant(C::select(curve), |i| i.generator, curve, len) }
}

unsafe extern "C" fn order<C: Curves>(curve: c_int, len: *mut usize) -> *const u8 {
    // SAFETY: `len` is the caller's.
    unsafe { constant(C::select(curve), |i| i.order, curve, len) }
}

unsafe extern "C" fn xoff<C: Curves>(curve: c_int, len: *mut usize) -> usize {
    match C::select(curve) {
        // SAFETY: the curve is one that this implementation has, and `len` is the caller's.
        Some(implementation) => unsafe { (implementation.xoff)(curve, len) },
        None => 0,
    }
}

unsafe extern "C" fn mul<C: Curves>(
    g: *mut u8,
    g_len: usize,
    x: *const u8,
    x_len: usize,
    curve: c_int,
) -> u32 {
    let Some(implementation) = C::select(curve) else {
        return 0;
    };
    if g_len != point_len(curve) {
        return 0;
    }
    let _running = count(Operation::multiplication(curve));
    // SAFETY: the point's length is the curve's, and the caller vouches for the pointers.
    let valid = unsafe { (implementation.mul)(g, g_len, x, x_len, curve) };
    if curve != br::BR_EC_curve25519 {
        return valid;
    }
    // A point of small order makes the shared secret all zero (RFC 7748 section 6.1).
    // SAFETY: `g` holds the 32 bytes of the result.
    let secret = unsafe { core::slice::from_raw_parts(g, g_len) };
    let any = secret.iter().fold(0u8, |any, byte| any | byte);
    valid & u32::from(any != 0)
}

unsafe extern "C" fn mulgen<C: Curves>(
    r: *mut u8,
    x: *const u8,
    x_len: usize,
    curve: c_int,
) -> usize {
    let Some(implementation) = C::select(curve) else {
        return 0;
    };
    let _running = count(Operation::base_multiplication(curve));
    // SAFETY: the curve is one that this implementation has, and `r` has room for its points.
    unsafe { (implementation.mulgen)(r, x, x_len, curve) }
}

unsafe extern "C" fn muladd<C: Curves>(
    a: *mut u8,
    b: *const u8,
    len: usize,
    x: *const u8,
    x_len: usize,
    y: *const u8,
    y_len: usize,
    curve: c_int,
) -> u32 {
    let Some(implementation) = C::select(curve) else {
        return 0;
    };
    if len != point_len(curve) {
        return 0;
    }
    let _running = count(Operation::double_multiplication(curve));
    // SAFETY: the points' length is the curve's, and the caller vouches for the pointers.
    unsafe { (implementation.muladd)(a, b, len, x, x_len, y, y_len, curve) }
}

const fn table<C: Curves>() -> br::br_ec_impl {
    br::br_ec_impl {
        supported_curves: C::MASK,
        generator: generator::<C>,
        order: order::<C>,
        xoff: xoff::<C>,
        mul: mul::<C>,
        mulgen: mulgen::<C>,
        muladd: muladd::<C>,
    }
}

macro_rules! curves {
    ($($(#[$doc:meta])* $name:ident, $kind:ident: $p256:literal $p384:literal $x25519:literal;)*) => {$(
        struct $kind;
        impl Curves for $kind {
            const P256: bool = $p256;
            const P384: bool = $p384;
            const X25519: bool = $x25519;
        }
        $(#[$doc])*
        pub(super) static $name: br::br_ec_impl = table::<$kind>();
    )*};
}

curves! {
    /// No curve.
    NO_CURVES, NoCurves: false false false;
    /// P-256.
    P256, OnlyP256: true false false;
    /// X25519.
    X25519, OnlyX25519: false false true;
    /// X25519 and P-256.
    X25519_P256, X25519AndP256: true false true;
    /// X25519, P-256 and P-384.
    X25519_P256_P384, AllCurves: true true true;
    /// P-256 and P-384: what certificates are signed with.
    P256_P384, SigningCurves: true true false;
}

/// Whether an RSA public key has a size and a form that may be worked with.
fn sound(key: &br::br_rsa_public_key) -> bool {
    // SAFETY: BearSSL's keys are a pointer and a length that belong together.
    let n = unsafe { core::slice::from_raw_parts(key.n, key.nlen) };
    // SAFETY: as above.
    let e = unsafe { core::slice::from_raw_parts(key.e, key.elen) };
    let start = n.iter().position(|&byte| byte != 0).unwrap_or(n.len());
    let odd = |number: &[u8]| number.last().is_some_and(|byte| byte & 1 == 1);
    let one = e
        .split_last()
        .is_some_and(|(last, rest)| *last == 1 && rest.iter().all(|&byte| byte == 0));
    (RSA_MIN..=RSA_MAX).contains(&(n.len() - start))
        && n.len() <= RSA_MAX + 1
        && odd(n)
        && odd(e)
        && !one
}

/// `br_rsa_public` for the RSA key exchange.
pub(super) unsafe extern "C" fn rsa_encrypt(
    x: *mut u8,
    x_len: usize,
    key: *const br::br_rsa_public_key,
) -> u32 {
    // SAFETY: BearSSL hands in a valid key.
    let public = unsafe { &*key };
    if !sound(public) {
        return 0;
    }
    let _running = count(Operation::rsa_public(public.nlen));
    // SAFETY: the key's size has been checked; the caller vouches for the pointers.
    unsafe { rsa_public(x, x_len, key) }
}

/// `br_rsa_pkcs1_vrfy` for signatures.
pub(super) unsafe extern "C" fn rsa_verify(
    x: *const u8,
    x_len: usize,
    hash_oid: *const u8,
    hash_len: usize,
    key: *const br::br_rsa_public_key,
    hash_out: *mut u8,
) -> u32 {
    // SAFETY: BearSSL hands in a valid key.
    let public = unsafe { &*key };
    if !sound(public) || x_len > RSA_MAX {
        return 0;
    }
    let _running = count(Operation::rsa_public(public.nlen));
    // SAFETY: the sizes have been checked; the caller vouches for the pointers.
    unsafe { rsa_vrfy(x, x_len, hash_oid, hash_len, key, hash_out) }
}

/// What follows a positive number in DER, which is as short as can be.
fn behind_number(bytes: &[u8]) -> Option<&[u8]> {
    let [2, len, rest @ ..] = bytes else {
        return None;
    };
    let (number, behind) = rest.split_at_checked(usize::from(*len))?;
    let is_shortest = match *number {
        [0, second, ..] => second >= 0x80,
        [first, ..] => (1..0x80).contains(&first),
        [] => false,
    };
    is_shortest.then_some(behind)
}

/// Whether a signature is two numbers in DER; BearSSL takes other encodings as well. Those of our curves are below 128 bytes,
/// so that lengths are single bytes.
fn is_der(signature: &[u8]) -> bool {
    let [0x30, len, numbers @ ..] = signature else {
        return false;
    };
    usize::from(*len) == numbers.len()
        && behind_number(numbers)
            .and_then(behind_number)
            .is_some_and(<[u8]>::is_empty)
}

/// `br_ecdsa_vrfy` for signatures.
pub(super) unsafe extern "C" fn ecdsa_verify(
    curves: *const br::br_ec_impl,
    hash: *const c_void,
    hash_len: usize,
    key: *const br::br_ec_public_key,
    signature: *const c_void,
    signature_len: usize,
) -> u32 {
    // SAFETY: BearSSL hands in a valid key.
    let public = unsafe { &*key };
    if public.qlen != point_len(public.curve) || !(8..128).contains(&signature_len) {
        return 0;
    }
    // SAFETY: the caller vouches for the signature, which is not empty.
    let bytes = unsafe { core::slice::from_raw_parts(signature.cast(), signature_len) };
    if !is_der(bytes) {
        return 0;
    }
    // SAFETY: the point's length is its curve's; the caller vouches for the pointers.
    unsafe { ecdsa_vrfy(curves, hash, hash_len, key, signature, signature_len) }
}

/// Signs with ECDSA over P-256, nonce after RFC 6979; at most 72 bytes are written. Returns the length, 0 on failure.
///
/// # Safety
/// The pointers must be valid for what their names say, `signature` for 72 bytes.
pub(super) unsafe fn sign_ecdsa(
    hash: *const br::br_hash_class,
    value: *const c_void,
    key: &br::br_ec_private_key,
    signature: *mut c_void,
) -> usize {
    // SAFETY: the caller vouches for the pointers.
    unsafe { ecdsa_sign(&P256, hash, value, key, signature) }
}

/// Signs with RSA, PKCS#1 v1.5; writes as many bytes as the modulus has. Returns 1, or 0 on failure.
///
/// # Safety
/// The pointers must be valid for what their names say, `signature` for the modulus' length.
pub(super) unsafe fn sign_rsa(
    hash_oid: *const u8,
    hash: *const u8,
    hash_len: usize,
    key: &br::br_rsa_private_key,
    signature: *mut u8,
) -> u32 {
    let _running = count(Operation::rsa_private(key.n_bitlen as usize / 8));
    // SAFETY: the caller vouches for the pointers.
    unsafe { rsa_sign(hash_oid, hash, hash_len, key, signature) }
}

#[cfg(test)]
mod tests;
