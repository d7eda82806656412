//! The checks that BearSSL 0.6 lacks, each called with what it must refuse.

use super::*;
use bearcub_lab::pki::{Hash, KeyKind, KeyPair};
use sha2::{Digest, Sha256};
use std::vec;
use std::vec::Vec;

/// Longer than every point, so that a check that is missing writes over nothing else.
type Room = [u8; 128];

const CURVES: [c_int; 3] = [
    br::BR_EC_secp256r1,
    br::BR_EC_secp384r1,
    br::BR_EC_curve25519,
];

/// The curve's base point.
fn base(curve: c_int) -> Room {
    let mut len = 0;
    // SAFETY: the table has the curve, and the length goes to a place of ours.
    let place = unsafe { (X25519_P256_P384.generator)(curve, &mut len) };
    assert_eq!(len, point_len(curve));
    // SAFETY: BearSSL hands out a constant of that length.
    let point = unsafe { core::slice::from_raw_parts(place, len) };
    let mut room = [0; 128];
    room[..len].copy_from_slice(point);
    room
}

fn multiply(point: &mut Room, len: usize, x: &[u8], curve: c_int) -> u32 {
    // SAFETY: point and factor are readable, and there is room for any point.
    unsafe { (X25519_P256_P384.mul)(point.as_mut_ptr(), len, x.as_ptr(), x.len(), curve) }
}

/// `x` times the point and `y` times the base point.
fn multiply_and_add(point: &mut Room, len: usize, x: &[u8], y: &[u8], curve: c_int) -> u32 {
    // SAFETY: point and factors are readable, and there is room for any point.
    unsafe {
        (X25519_P256_P384.muladd)(
            point.as_mut_ptr(),
            core::ptr::null(),
            len,
            x.as_ptr(),
            x.len(),
            y.as_ptr(),
            y.len(),
            curve,
        )
    }
}

fn multiple_of_base(x: &[u8], curve: c_int) -> Room {
    let mut room = [0; 128];
    // SAFETY: the factor is readable, and there is room for any point.
    let len = unsafe { (X25519_P256_P384.mulgen)(room.as_mut_ptr(), x.as_ptr(), x.len(), curve) };
    assert_eq!(len, point_len(curve));
    room
}

#[test]
fn a_point_of_the_wrong_length_is_not_multiplied_and_not_written_to() {
    for curve in CURVES {
        let right = point_len(curve);
        for wrong in [0, 1, right - 1, right + 1, 128] {
            let mut point = base(curve);
            assert_eq!(multiply(&mut point, wrong, &[2], curve), 0);
            assert!(point == base(curve), "curve {curve}, {wrong} bytes");
            assert_eq!(multiply_and_add(&mut point, wrong, &[2], &[3], curve), 0);
            assert!(point == base(curve), "curve {curve}, {wrong} bytes");
        }
        let mut point = base(curve);
        assert_eq!(multiply(&mut point, right, &[2], curve), 1);
        assert!(point == multiple_of_base(&[2], curve), "curve {curve}");
    }
    for curve in [br::BR_EC_secp256r1, br::BR_EC_secp384r1] {
        let mut point = base(curve);
        let len = point_len(curve);
        assert_eq!(multiply_and_add(&mut point, len, &[2], &[3], curve), 1);
        assert!(point == multiple_of_base(&[5], curve), "curve {curve}");
    }
}

#[test]
fn a_point_that_is_not_on_its_curve_is_refused() {
    for curve in [br::BR_EC_secp256r1, br::BR_EC_secp384r1] {
        let len = point_len(curve);
        let mut point = base(curve);
        point[len - 1] ^= 1;
        assert_eq!(multiply(&mut point, len, &[2], curve), 0);
        let mut point = base(curve);
        point[len - 1] ^= 1;
        assert_eq!(multiply_and_add(&mut point, len, &[2], &[3], curve), 0);
    }
}

#[test]
fn an_x25519_secret_of_zeros_is_refused() {
    // The points of small order: 0, 1, the two of order 8, and those around the prime.
    let hex = |text: &str| -> Vec<u8> {
        let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..64).step_by(2).map(byte).collect()
    };
    let around = |first: u8| {
        let mut point = vec![0xFF; 32];
        (point[0], point[31]) = (first, 0x7F);
        point
    };
    let mut one = vec![0; 32];
    one[0] = 1;
    let points = [
        vec![0; 32],
        one,
        hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
        hex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
        around(0xEC),
        around(0xED),
        around(0xEE),
    ];
    for factor in [[0x77; 32], [0x12; 32]] {
        for small in &points {
            let mut point = [0; 128];
            point[..32].copy_from_slice(small);
            let valid = multiply(&mut point, 32, &factor, br::BR_EC_curve25519);
            assert_eq!(valid, 0, "{small:02x?}");
            assert_eq!(point[..32], [0; 32], "of small order, as it should be");
        }
    }
}

#[test]
fn only_an_rsa_key_of_2048_bits_to_the_limit_with_a_sound_exponent_is_worked_with() {
    let is_sound = |n: &[u8], e: &[u8]| {
        sound(&br::br_rsa_public_key {
            n: n.as_ptr().cast_mut(),
            nlen: n.len(),
            e: e.as_ptr().cast_mut(),
            elen: e.len(),
        })
    };
    let with_zeros = |zeros: usize, len: usize| [vec![0; zeros], vec![0xC5; len]].concat();
    let usual = [1, 0, 1];
    for (zeros, len, expected) in [
        (0, 0, false),
        (0, 128, false),
        (0, 255, false),
        (1, 255, false),
        (300, 0, false),
        (0, 256, true),
        (1, 256, true),
        (0, RSA_MAX, true),
        (1, RSA_MAX, true),
        (2, RSA_MAX, false),
        (RSA_MAX - 255, 256, true),
        (RSA_MAX - 254, 256, false),
        (0, RSA_MAX + 1, false),
    ] {
        let n = with_zeros(zeros, len);
        assert_eq!(is_sound(&n, &usual), expected, "{zeros} zeros, {len} bytes");
    }
    let mut n = with_zeros(0, 256);
    for (e, expected) in [
        (&[3][..], true),
        (&[0, 3], true),
        (&[1, 1], true),
        (&[], false),
        (&[0], false),
        (&[1], false),
        (&[0, 0, 1], false),
        (&[1, 0, 0], false),
    ] {
        assert_eq!(is_sound(&n, e), expected, "exponent {e:?}");
    }
    n[255] ^= 1;
    assert!(!is_sound(&n, &usual), "an even modulus");
}

/// The parts of an RSA key, in the lab's words.
struct Rsa {
    n: Vec<u8>,
    e: Vec<u8>,
}

impl Rsa {
    fn of(pair: &KeyPair) -> Self {
        // `RSAPublicKey`: a sequence of two numbers whose lengths take two bytes, or one for the exponent.
        let der = pair.public_key();
        let long = |at: usize| usize::from(der[at]) << 8 | usize::from(der[at + 1]);
        let (start, len) = match der[1] {
            0x82 if der[5] == 0x82 => (8, long(6)),
            0x81 if der[4] == 0x81 => (6, usize::from(der[5])),
            _ => panic!("an unexpected form: {:02x?}", &der[..8]),
        };
        let (n, e) = der[start..].split_at(len);
        Rsa {
            n: n.to_vec(),
            e: e[2..].to_vec(),
        }
    }

    fn public(&self) -> br::br_rsa_public_key {
        br::br_rsa_public_key {
            n: self.n.as_ptr().cast_mut(),
            nlen: self.n.len(),
            e: self.e.as_ptr().cast_mut(),
            elen: self.e.len(),
        }
    }
}

#[test]
fn neither_signature_nor_key_exchange_takes_an_rsa_key_of_1024_bits() {
    for (kind, expected) in [(KeyKind::Rsa1024, 0), (KeyKind::Rsa2048, 1)] {
        let pair = KeyPair::shared(kind, "primitives");
        let rsa = Rsa::of(&pair);
        let mut signature = pair.sign(Hash::Sha256, b"message");
        let mut hash = [0; 32];
        // SAFETY: key, signature and identifier are readable, and there is room for the hash.
        let valid = unsafe {
            rsa_verify(
                signature.as_ptr(),
                signature.len(),
                br::BR_HASH_OID_SHA256.as_ptr(),
                hash.len(),
                &rsa.public(),
                hash.as_mut_ptr(),
            )
        };
        assert_eq!(valid, expected, "{kind:?}");
        if expected == 1 {
            assert_eq!(hash[..], Sha256::digest(b"message")[..]);
        }
        // SAFETY: the key is readable, and the signature is a number below its modulus.
        let done = unsafe { rsa_encrypt(signature.as_mut_ptr(), signature.len(), &rsa.public()) };
        assert_eq!(done, expected, "{kind:?}");
    }
}

#[test]
fn a_genuine_ecdsa_signature_under_a_key_of_the_wrong_length_is_refused() {
    for (kind, curve, hash) in [
        (KeyKind::P256, br::BR_EC_secp256r1, Hash::Sha256),
        (KeyKind::P384, br::BR_EC_secp384r1, Hash::Sha256),
    ] {
        let pair = KeyPair::shared(kind, "primitives");
        let signature = pair.sign(hash, b"message");
        let digest = Sha256::digest(b"message");
        let mut q = pair.public_key().to_vec();
        let right = q.len();
        q.resize(128, 0);
        let verify = |qlen: usize, curve: c_int| {
            let key = br::br_ec_public_key {
                curve,
                q: q.as_ptr().cast_mut(),
                qlen,
            };
            // SAFETY: key, hash and signature are readable.
            unsafe {
                ecdsa_verify(
                    &X25519_P256_P384,
                    digest.as_ptr().cast(),
                    digest.len(),
                    &key,
                    signature.as_ptr().cast(),
                    signature.len(),
                )
            }
        };
        assert_eq!(verify(right, curve), 1);
        for wrong in [0, 1, 32, right - 1, right + 1, 128] {
            assert_eq!(verify(wrong, curve), 0, "{kind:?}, {wrong} bytes");
        }
        for other in CURVES.into_iter().filter(|other| *other != curve) {
            assert_eq!(verify(right, other), 0);
            assert_eq!(verify(point_len(other), other), 0);
        }
    }
}

#[test]
fn an_ecdsa_key_of_the_wrong_length_does_not_get_to_bearssl() {
    // BearSSL 0.6 compares the length too, so the answer alone would not show who gave it.
    let q = [4; 66];
    let key = br::br_ec_public_key {
        curve: br::BR_EC_secp256r1,
        q: q.as_ptr().cast_mut(),
        qlen: q.len(),
    };
    // SAFETY: nothing but the key's length is looked at; BearSSL would read the null pointer.
    let valid = unsafe {
        ecdsa_verify(
            core::ptr::null(),
            [0u8; 32].as_ptr().cast(),
            32,
            &key,
            [0u8; 64].as_ptr().cast(),
            64,
        )
    };
    assert_eq!(valid, 0);
}
