//! Project Wycheproof's vectors, for every primitive that is linked, through the functions that a connection calls.
//!
//! What is counted is printed, and held against the table in the README.

use super::{primitives, symmetric};
use crate::trust::{Curve, PublicKey};
use bearssl_sys as br;
use core::ffi::c_int;
use core::mem::MaybeUninit;
use sha2::{Digest, Sha256, Sha384, Sha512};
use std::vec::Vec;
use std::{format, println, vec};
use wycheproof::{TestResult, aead, ecdh, ecdsa, mac, rsa_pkcs1_verify, xdh};

/// How many vectors came out how.
#[derive(Clone, Copy, Default)]
struct Counts {
    /// Valid, and accepted.
    passed: usize,
    /// Invalid, and rejected.
    rejected: usize,
    /// Neither must nor must not: accepted.
    acceptable_accepted: usize,
    /// Neither must nor must not: rejected.
    acceptable_rejected: usize,
    /// For sizes that no connection uses.
    left_out: usize,
}

impl Counts {
    /// Takes note of one, and holds it to what it is to be.
    fn note(&mut self, expected: TestResult, is_accepted: bool, what: &str) {
        match (expected, is_accepted) {
            (TestResult::Valid, true) => self.passed += 1,
            (TestResult::Invalid, false) => self.rejected += 1,
            (TestResult::Acceptable, true) => self.acceptable_accepted += 1,
            (TestResult::Acceptable, false) => self.acceptable_rejected += 1,
            _ => panic!("{what}: expected {expected:?}, accepted: {is_accepted}"),
        }
    }

    /// Prints the row of the README's table; whether it is there.
    #[must_use]
    fn is_reported(&self, primitive: &str) -> bool {
        let Counts {
            passed,
            rejected,
            acceptable_accepted,
            acceptable_rejected,
            left_out,
        } = *self;
        let row = format!(
            "| {primitive} | {passed} | {rejected} | {acceptable_accepted} / {acceptable_rejected} | {left_out} |"
        );
        println!("{row}");
        include_str!("../../../README.md").contains(&row)
    }
}

/// A hash with its length and its identifier in a PKCS#1 signature.
fn hash_of(name: wycheproof::HashFunction, message: &[u8]) -> Option<(Vec<u8>, &'static [u8])> {
    match name {
        wycheproof::HashFunction::Sha2_256 => {
            Some((Sha256::digest(message).to_vec(), br::BR_HASH_OID_SHA256))
        }
        wycheproof::HashFunction::Sha2_384 => {
            Some((Sha384::digest(message).to_vec(), br::BR_HASH_OID_SHA384))
        }
        // No connection makes it; ECDSA takes what it is given.
        wycheproof::HashFunction::Sha2_512 => Some((Sha512::digest(message).to_vec(), &[])),
        _ => None,
    }
}

fn verify_ecdsa(key: &PublicKey<'_>, hash: &[u8], signature: &[u8]) -> bool {
    let PublicKey::Ec { curve, q } = key else {
        return false;
    };
    let key = br::br_ec_public_key {
        curve: match curve {
            Curve::P256 => br::BR_EC_secp256r1,
            Curve::P384 => br::BR_EC_secp384r1,
            _ => return false,
        },
        q: q.as_ptr().cast_mut(),
        qlen: q.len(),
    };
    // SAFETY: BearSSL reads the key, the hash and the signature.
    let valid = unsafe {
        primitives::ecdsa_verify(
            &primitives::P256_P384,
            hash.as_ptr().cast(),
            hash.len(),
            &key,
            signature.as_ptr().cast(),
            signature.len(),
        )
    };
    valid == 1
}

fn ecdsa_vectors(names: &[ecdsa::TestName]) -> Counts {
    let mut counts = Counts::default();
    for name in names {
        for group in ecdsa::TestSet::load(*name).unwrap().test_groups {
            let key = PublicKey::from_spki(&group.der).unwrap();
            for test in group.tests {
                let (hash, _) = hash_of(group.hash, &test.msg).unwrap();
                let is_accepted = verify_ecdsa(&key, &hash, &test.sig);
                counts.note(
                    test.result,
                    is_accepted,
                    &format!("{name:?} {}", test.tc_id),
                );
            }
        }
    }
    counts
}

#[test]
fn ecdsa_signatures_over_p256() {
    use ecdsa::TestName::{EcdsaSecp256r1Sha256, EcdsaSecp256r1Sha512};
    let counts = ecdsa_vectors(&[EcdsaSecp256r1Sha256, EcdsaSecp256r1Sha512]);
    assert!(counts.is_reported("ECDSA P-256 verify"));
}

#[test]
fn ecdsa_signatures_over_p384() {
    use ecdsa::TestName::{EcdsaSecp384r1Sha256, EcdsaSecp384r1Sha384, EcdsaSecp384r1Sha512};
    let counts = ecdsa_vectors(&[
        EcdsaSecp384r1Sha256,
        EcdsaSecp384r1Sha384,
        EcdsaSecp384r1Sha512,
    ]);
    assert!(counts.is_reported("ECDSA P-384 verify"));
}

/// The shared secret, as a handshake computes it.
fn agree(curve: c_int, point: &[u8], scalar: &[u8]) -> Option<Vec<u8>> {
    let groups = &primitives::X25519_P256_P384;
    let mut point = point.to_vec();
    // SAFETY: the point and the scalar are readable, and the point is written to in its own length.
    let valid = unsafe {
        (groups.mul)(
            point.as_mut_ptr(),
            point.len(),
            scalar.as_ptr(),
            scalar.len(),
            curve,
        )
    };
    if valid != 1 {
        return None;
    }
    let mut len = 0;
    // SAFETY: the table has the curve, and the length goes to a place of ours.
    let offset = unsafe { (groups.xoff)(curve, &mut len) };
    Some(point[offset..][..len].to_vec())
}

fn ecdh_vectors(name: ecdh::TestName, curve: c_int, len: usize) -> Counts {
    let mut counts = Counts::default();
    for group in ecdh::TestSet::load(name).unwrap().test_groups {
        for test in group.tests {
            // A number, with a sign's zero or without zeros at its start; a handshake's has the order's length.
            let start = test.private_key.iter().position(|byte| *byte != 0);
            let number = &test.private_key[start.unwrap_or(0)..];
            let mut scalar = vec![0; len - number.len()];
            scalar.extend(number);
            let secret = agree(curve, &test.public_key, &scalar);
            let is_accepted = secret.is_some();
            if let Some(secret) = secret {
                assert_eq!(secret, **test.shared_secret, "{name:?} {}", test.tc_id);
            }
            counts.note(
                test.result,
                is_accepted,
                &format!("{name:?} {}", test.tc_id),
            );
        }
    }
    counts
}

#[test]
fn key_exchange_over_p256() {
    let name = ecdh::TestName::EcdhSecp256r1Ecpoint;
    assert!(ecdh_vectors(name, br::BR_EC_secp256r1, 32).is_reported("ECDH P-256"));
}

#[test]
fn key_exchange_over_p384() {
    let name = ecdh::TestName::EcdhSecp384r1Ecpoint;
    assert!(ecdh_vectors(name, br::BR_EC_secp384r1, 48).is_reported("ECDH P-384"));
}

#[test]
fn key_exchange_over_x25519() {
    let mut counts = Counts::default();
    for group in xdh::TestSet::load(xdh::TestName::X25519)
        .unwrap()
        .test_groups
    {
        for test in group.tests {
            let secret = agree(br::BR_EC_curve25519, &test.public_key, &test.private_key);
            let is_accepted = secret.is_some();
            if let Some(secret) = secret {
                assert_eq!(secret, **test.shared_secret, "{}", test.tc_id);
            } else {
                assert!(
                    test.shared_secret.iter().all(|byte| *byte == 0),
                    "{}",
                    test.tc_id
                );
            }
            counts.note(test.result, is_accepted, &format!("X25519 {}", test.tc_id));
        }
    }
    assert!(counts.is_reported("X25519"));
}

fn verify_rsa(key: &PublicKey<'_>, oid: &[u8], hash: &[u8], signature: &[u8]) -> bool {
    let PublicKey::Rsa { n, e } = key else {
        return false;
    };
    let key = br::br_rsa_public_key {
        n: n.as_ptr().cast_mut(),
        nlen: n.len(),
        e: e.as_ptr().cast_mut(),
        elen: e.len(),
    };
    let mut found = [0u8; 64];
    // SAFETY: BearSSL reads the key and the signature, and writes as many bytes as the hash has.
    let valid = unsafe {
        primitives::rsa_verify(
            signature.as_ptr(),
            signature.len(),
            oid.as_ptr(),
            hash.len(),
            &key,
            found.as_mut_ptr(),
        )
    };
    valid == 1 && found[..hash.len()] == *hash
}

#[test]
fn rsa_signatures_of_every_size() {
    use rsa_pkcs1_verify::TestName::*;
    let mut sizes = vec![(
        "RSA-2048 PKCS#1 v1.5 verify",
        [Rsa2048Sha256, Rsa2048Sha384],
    )];
    if cfg!(feature = "rsa-4096") {
        sizes.push((
            "RSA-3072 PKCS#1 v1.5 verify",
            [Rsa3072Sha256, Rsa3072Sha384],
        ));
        sizes.push((
            "RSA-4096 PKCS#1 v1.5 verify",
            [Rsa4096Sha256, Rsa4096Sha384],
        ));
    }
    let mut are_reported = true;
    for (primitive, names) in sizes {
        let mut counts = Counts::default();
        for name in names {
            for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
                let key = PublicKey::from_spki(&group.der).unwrap();
                for test in group.tests {
                    let (hash, oid) = hash_of(group.hash, &test.msg).unwrap();
                    let is_accepted = verify_rsa(&key, oid, &hash, &test.sig);
                    counts.note(
                        test.result,
                        is_accepted,
                        &format!("{name:?} {}", test.tc_id),
                    );
                }
            }
        }
        are_reported &= counts.is_reported(primitive);
    }
    assert!(are_reported);
}

/// AES-GCM from the two functions that a record's protection is made of, put together as there.
fn gcm(key: &[u8], nonce: &[u8], aad: &[u8], text: &[u8], encrypts: bool) -> (Vec<u8>, [u8; 16]) {
    // SAFETY: the table is immutable.
    let class = unsafe { &*symmetric::aes_ctr() };
    let mut keys = MaybeUninit::<br::br_aes_ct_ctr_keys>::zeroed();
    // SAFETY: the context is one of AES CTR keys, and the key is readable.
    unsafe { (class.init)(keys.as_mut_ptr().cast(), key.as_ptr().cast(), key.len()) };
    let run = |iv: &[u8], counter, data: &mut [u8]| {
        // SAFETY: the keys are set, the nonce has 12 bytes, the data is ours.
        unsafe {
            (class.run)(
                keys.as_ptr().cast(),
                iv.as_ptr().cast(),
                counter,
                data.as_mut_ptr().cast(),
                data.len(),
            )
        }
    };
    let mut h = [0; 16];
    run(&[0; 12], 0, &mut h);
    let mut data = text.to_vec();
    run(nonce, 2, &mut data);
    let ciphertext = if encrypts { &data[..] } else { text };
    let mut lengths = [0; 16];
    lengths[..8].copy_from_slice(&(8 * aad.len() as u64).to_be_bytes());
    lengths[8..].copy_from_slice(&(8 * ciphertext.len() as u64).to_be_bytes());
    let mut tag = [0; 16];
    let ghash = symmetric::GHASH.unwrap();
    for part in [aad, ciphertext, &lengths] {
        // SAFETY: both states have 16 bytes, and the part is readable.
        unsafe {
            ghash(
                tag.as_mut_ptr().cast(),
                h.as_ptr().cast(),
                part.as_ptr().cast(),
                part.len(),
            )
        };
    }
    run(nonce, 1, &mut tag);
    (data, tag)
}

fn chacha(
    key: &[u8],
    nonce: &[u8],
    aad: &[u8],
    text: &[u8],
    encrypts: bool,
) -> (Vec<u8>, [u8; 16]) {
    let (mut data, mut tag) = (text.to_vec(), [0; 16]);
    let run = symmetric::POLY1305.unwrap();
    // SAFETY: key, nonce and further data are readable, the data is ours, the tag has 16 bytes.
    unsafe {
        run(
            key.as_ptr().cast(),
            nonce.as_ptr().cast(),
            data.as_mut_ptr().cast(),
            data.len(),
            aad.as_ptr().cast(),
            aad.len(),
            tag.as_mut_ptr().cast(),
            symmetric::CHACHA20,
            i32::from(encrypts),
        )
    };
    (data, tag)
}

type Aead = fn(&[u8], &[u8], &[u8], &[u8], bool) -> (Vec<u8>, [u8; 16]);

fn aead_vectors(name: aead::TestName, key_bits: usize, run: Aead) -> Counts {
    let mut counts = Counts::default();
    for group in aead::TestSet::load(name).unwrap().test_groups {
        if group.key_size != key_bits {
            continue;
        }
        for test in group.tests {
            // TLS has nonces of 12 bytes, and tags that are not cut.
            if group.nonce_size != 96 || group.tag_size != 128 {
                counts.left_out += 1;
                continue;
            }
            let (opened, tag) = run(&test.key, &test.nonce, &test.aad, &test.ct, false);
            let is_accepted = tag[..] == test.tag[..];
            if test.result == TestResult::Valid {
                assert_eq!(opened, **test.pt, "{name:?} {}", test.tc_id);
                let sealed = run(&test.key, &test.nonce, &test.aad, &test.pt, true);
                assert_eq!(sealed, (test.ct.to_vec(), tag), "{name:?} {}", test.tc_id);
            }
            counts.note(
                test.result,
                is_accepted,
                &format!("{name:?} {}", test.tc_id),
            );
        }
    }
    counts
}

#[test]
fn aes_gcm() {
    let are_reported = [128, 256].map(|bits| {
        let counts = aead_vectors(aead::TestName::AesGcm, bits, gcm);
        counts.is_reported(&format!("AES-{bits}-GCM"))
    });
    assert_eq!(are_reported, [true, true]);
}

#[test]
fn chacha20_poly1305() {
    let counts = aead_vectors(aead::TestName::ChaCha20Poly1305, 256, chacha);
    assert!(counts.is_reported("ChaCha20-Poly1305"));
}

#[test]
fn hmac_sha256() {
    let mut counts = Counts::default();
    for group in mac::TestSet::load(mac::TestName::HmacSha256)
        .unwrap()
        .test_groups
    {
        for test in group.tests {
            let mut key = MaybeUninit::<br::br_hmac_key_context>::zeroed();
            let bytes = &test.key[..];
            // SAFETY: the key is readable, and the context is ours.
            unsafe {
                br::br_hmac_key_init(
                    key.as_mut_ptr(),
                    symmetric::sha256(),
                    bytes.as_ptr().cast(),
                    bytes.len(),
                )
            };
            let mut context = MaybeUninit::<br::br_hmac_context>::zeroed();
            let tag_len = group.tag_size / 8;
            // SAFETY: the key has been set.
            unsafe { br::br_hmac_init(context.as_mut_ptr(), key.as_ptr(), tag_len) };
            // SAFETY: the context has been started, and the message is readable.
            unsafe {
                br::br_hmac_update(
                    context.as_mut_ptr(),
                    test.msg.as_ptr().cast(),
                    test.msg.len(),
                )
            };
            let mut tag = [0u8; 32];
            // SAFETY: there is room for the longest.
            let len = unsafe { br::br_hmac_out(context.as_ptr(), tag.as_mut_ptr().cast()) };
            let is_accepted = tag[..len] == test.tag[..];
            counts.note(test.result, is_accepted, &format!("HMAC {}", test.tc_id));
        }
    }
    assert!(counts.is_reported("HMAC-SHA-256"));
}
