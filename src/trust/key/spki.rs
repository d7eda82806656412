//! Writes the canonical DER SubjectPublicKeyInfo of a key, piece by piece and without a buffer.

use super::{PublicKey, magnitude};
use crate::trust::der::{BIT_STRING, INTEGER, NULL, OBJECT_IDENTIFIER, SEQUENCE};

/// rsaEncryption (RFC 3279 section 2.3.1).
pub(super) const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// id-ecPublicKey (RFC 5480 section 2.1.1).
pub(super) const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

pub(super) fn write(key: &PublicKey<'_>, out: &mut dyn FnMut(&[u8])) {
    match *key {
        PublicKey::Rsa { n, e } => {
            let (n, e) = (magnitude(n), magnitude(e));
            let algorithm = element_len(RSA_ENCRYPTION.len()) + element_len(0);
            let numbers = sum(element_len(integer_len(n)), element_len(integer_len(e)));
            // One octet says that no bit of the last one is unused.
            let bits = sum(1, element_len(numbers));

            header(
                out,
                SEQUENCE,
                sum(element_len(algorithm), element_len(bits)),
            );
            header(out, SEQUENCE, algorithm);
            element(out, OBJECT_IDENTIFIER, RSA_ENCRYPTION);
            header(out, NULL, 0);
            header(out, BIT_STRING, bits);
            out(&[0]);
            header(out, SEQUENCE, numbers);
            integer(out, n);
            integer(out, e);
        }
        PublicKey::Ec { curve, q } => {
            let name = curve.object_identifier();
            let algorithm = element_len(EC_PUBLIC_KEY.len()) + element_len(name.len());
            let bits = sum(1, q.len());

            header(
                out,
                SEQUENCE,
                sum(element_len(algorithm), element_len(bits)),
            );
            header(out, SEQUENCE, algorithm);
            element(out, OBJECT_IDENTIFIER, EC_PUBLIC_KEY);
            element(out, OBJECT_IDENTIFIER, name);
            header(out, BIT_STRING, bits);
            out(&[0]);
            out(q);
        }
    }
}

fn element(out: &mut dyn FnMut(&[u8]), tag: u8, content: &[u8]) {
    header(out, tag, content.len());
    out(content);
}

fn integer(out: &mut dyn FnMut(&[u8]), magnitude: &[u8]) {
    header(out, INTEGER, integer_len(magnitude));
    if needs_sign_octet(magnitude) {
        out(&[0]);
    }
    out(magnitude);
}

/// Whether a zero must come first: to keep the number positive, or because it is zero.
fn needs_sign_octet(magnitude: &[u8]) -> bool {
    magnitude.first().is_none_or(|first| first & 0x80 != 0)
}

fn integer_len(magnitude: &[u8]) -> usize {
    sum(magnitude.len(), usize::from(needs_sign_octet(magnitude)))
}

/// Tag, length and content together.
const fn element_len(content: usize) -> usize {
    sum(2 + length_octets(content), content)
}

/// Octets that follow the first one of a length.
const fn length_octets(length: usize) -> usize {
    if length < 0x80 {
        0
    } else {
        (usize::BITS - length.leading_zeros()).div_ceil(8) as usize
    }
}

/// Slices that overlap can add up to more than the address space; no such key is a key.
const fn sum(a: usize, b: usize) -> usize {
    a.saturating_add(b)
}

fn header(out: &mut dyn FnMut(&[u8]), tag: u8, length: usize) {
    out(&[tag]);
    match length_octets(length) {
        0 => out(&[length as u8]),
        octets => {
            let big_endian = length.to_be_bytes();
            out(&[0x80 | octets as u8]);
            out(&big_endian[big_endian.len() - octets..]);
        }
    }
}
