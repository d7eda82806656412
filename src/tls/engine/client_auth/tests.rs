//! What a private key leaves behind: no wrong signature, and nothing in the scratch.

use super::*;
use crate::identity::{Source, SourceError};
use bearcub_lab::pki::{self, KeyKind, KeyPair};
use core::mem::MaybeUninit;
use std::vec::Vec;

/// A key in storage, with a certificate that is shorter than it.
struct Stored<'a>(&'a [u8]);

impl Source for Stored<'_> {
    fn certificates(&self) -> usize {
        1
    }

    fn certificate(&self, _: usize, into: &mut [u8]) -> Result<usize, SourceError> {
        into[..2].copy_from_slice(&[0x30, 0]);
        Ok(2)
    }

    fn private_key(&self, into: &mut [u8]) -> Result<usize, SourceError> {
        into[..self.0.len()].copy_from_slice(self.0);
        Ok(self.0.len())
    }
}

fn is_wiped(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| byte == 0)
}

#[test]
fn a_stored_key_is_wiped_once_its_algorithm_is_known() {
    let pair = KeyPair::shared(KeyKind::P256, "client auth");
    let stored = Stored(pair.pkcs8_der());
    let identity = Identity::<PrivateKey<'_>>::stored(&stored).unwrap();
    let mut space = [0x55; 400];
    assert_eq!(identity.algorithm(&mut space), Ok(br::BR_AUTH_ECDSA));
    assert!(is_wiped(&space));
}

#[test]
fn a_stored_key_that_cannot_be_used_is_wiped_too() {
    let pair = KeyPair::shared(KeyKind::Rsa2048, "client auth");
    let stored = Stored(pair.pkcs8_der());
    let identity = Identity::<EcKey<'_>>::stored(&stored).unwrap();
    let mut space = [0x55; 1400];
    assert!(identity.algorithm(&mut space).is_err());
    assert!(is_wiped(&space));
}

#[test]
fn a_stored_key_is_wiped_once_it_has_signed_or_failed_to() {
    let pair = KeyPair::shared(KeyKind::P256, "client auth");
    let stored = Stored(pair.pkcs8_der());
    let identity = Identity::<PrivateKey<'_>>::stored(&stored).unwrap();
    for (hash_id, signs) in [(br::br_sha256_ID, true), (br::br_sha1_ID, false)] {
        let mut space = [0x55; 400];
        let mut place = MaybeUninit::<Auth>::uninit();
        // SAFETY: place, identity and space outlive the handler's use.
        let auth = unsafe { Auth::install(place.as_mut_ptr(), &identity, &raw mut space) };
        let mut data = [7; 512];
        // SAFETY: the handler has just been installed, and the data is as long as it says.
        let len = unsafe { sign(auth.cast(), hash_id, 32, data.as_mut_ptr(), data.len()) };
        assert_eq!(len > 0, signs, "hash {hash_id}");
        assert!(is_wiped(&space), "hash {hash_id}");
        // SAFETY: the handler is still in its place.
        let failure = unsafe { (*auth).failure };
        assert_eq!(failure.is_some(), !signs);
    }
}

/// Where a part of the key lies in the key's DER.
fn last_byte(der: &[u8], part: &[u8]) -> usize {
    part.as_ptr() as usize - der.as_ptr() as usize + part.len() - 1
}

#[test]
fn an_rsa_signature_that_went_wrong_is_not_given_away() {
    let pair = KeyPair::shared(KeyKind::Rsa2048, "client auth");
    let der = pair.traditional_der();
    let key = RsaKey::from_der(der).unwrap();
    let hash = [0x42; 32];
    let mut out = [0x55; 512];
    assert_eq!(key.sign(br::br_sha256_ID, &hash, &mut out), Some(256));
    let good = out;

    // One wrong bit in either half of the computation, or where the halves meet.
    for part in [key.dp(), key.dq(), key.iq()] {
        let mut faulty: Vec<u8> = der.to_vec();
        faulty[last_byte(der, part)] ^= 4;
        let key = RsaKey::from_der(&faulty).expect("a fault that only the signature shows");
        let mut out = good;
        assert_eq!(key.sign(br::br_sha256_ID, &hash, &mut out), None);
        assert!(is_wiped(&out));
    }
}

#[test]
fn a_server_is_never_answered_with_static_ecdh() {
    // BearSSL 0.6 does not check all that it should there.
    assert!(TABLE.do_keyx.is_none());
    let owner = pki::device(KeyKind::P256);
    let certificates = [owner.leaf()];
    let key = EcKey::from_der(owner.key.pkcs8_der()).unwrap();
    let identity = Identity::new(&certificates, key).unwrap();
    let mut place = MaybeUninit::<Auth>::uninit();
    let mut space = [0; 0];
    // SAFETY: place, identity and the empty space outlive the handler's use.
    let auth = unsafe { Auth::install(place.as_mut_ptr(), &identity, &raw mut space) };
    // BearSSL takes hash 0xFF for static ECDH, which bits 16 and 17 say that the server accepts.
    let static_ecdh = 0b11 << 16;
    let ecdsa_sha256 = 1 << (8 + br::br_sha256_ID);
    for (accepted, expected) in [
        (static_ecdh, (0, 0)),
        (static_ecdh | ecdsa_sha256, (br::br_sha256_ID, 1)),
    ] {
        let mut choice = MaybeUninit::uninit();
        // SAFETY: the handler has just been installed; the context is not looked at.
        unsafe {
            choose(
                auth.cast(),
                core::ptr::null(),
                accepted,
                choice.as_mut_ptr(),
            )
        };
        // SAFETY: the choice has been written.
        let choice = unsafe { choice.assume_init() };
        assert_eq!((choice.hash_id, choice.chain_len), expected);
    }
}
