//! The puppet's keys and certificates: the same every time, and worth nothing.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use p256::ecdsa::signature::Signer;
use p256::ecdsa::{DerSignature, SigningKey};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rsa::pkcs8::DecodePrivateKey;

use crate::der::{element, sequence};

const RSA: &[u8] = include_bytes!("../../keys/rsa-2048.der");

/// OID of SHA-256 with ECDSA, as an AlgorithmIdentifier.
const ECDSA_SHA256: &[u8] = &[
    0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02,
];

/// What signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// ECDSA with P-256.
    P256,
    /// RSA-2048.
    Rsa,
}

/// An ECDSA key from one byte.
pub fn p256(number: u8) -> SigningKey {
    SigningKey::from_slice(&[number; 32]).expect("a scalar")
}

/// The SubjectPublicKeyInfo of such a key.
pub fn p256_spki(number: u8) -> Vec<u8> {
    let point = p256(number).verifying_key().to_sec1_bytes();
    let algorithm = [
        0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
        0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
    ];
    let bits = element(3, &[&[0], &point[..]].concat());
    sequence(&[&algorithm, &bits])
}

/// The SubjectPublicKeyInfo of the RSA key.
pub fn rsa_spki() -> Vec<u8> {
    use ring::signature::KeyPair;
    let public = RSA_PAIR.public_key();
    let algorithm = [
        0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    ];
    let bits = element(3, &[&[0], public.as_ref()].concat());
    sequence(&[&algorithm, &bits])
}

static RSA_PAIR: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::from_pkcs8(RSA).expect("a key"));

/// The server's signature, with SHA-256.
pub fn sign(kind: Kind, message: &[u8]) -> Vec<u8> {
    static KNOWN: LazyLock<Mutex<HashMap<(Kind, Vec<u8>), Vec<u8>>>> =
        LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().expect("no panic");
    if known.len() > 1000 {
        known.clear();
    }
    let compute = || match kind {
        Kind::P256 => {
            let signature: DerSignature = p256(LEAF).sign(message);
            signature.as_bytes().to_vec()
        }
        Kind::Rsa => sign_rsa(message),
    };
    known
        .entry((kind, message.to_vec()))
        .or_insert_with(compute)
        .clone()
}

/// A signature of the RSA key, with SHA-256.
pub fn sign_rsa(message: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; RSA_PAIR.public().modulus_len()];
    RSA_PAIR
        .sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            message,
            &mut signature,
        )
        .expect("signing");
    signature
}

/// What the client has encrypted to the RSA key; `None` if it is no ciphertext of 48 bytes.
pub fn decrypt(ciphertext: &[u8]) -> Option<Vec<u8>> {
    static KNOWN: LazyLock<Mutex<HashMap<Vec<u8>, Option<Vec<u8>>>>> =
        LazyLock::new(Mutex::default);
    static KEY: LazyLock<rsa::RsaPrivateKey> =
        LazyLock::new(|| rsa::RsaPrivateKey::from_pkcs8_der(RSA).expect("a key"));
    let mut known = KNOWN.lock().expect("no panic");
    if known.len() > 1000 {
        known.clear();
    }
    known
        .entry(ciphertext.to_vec())
        .or_insert_with(|| {
            let plain = KEY.decrypt(rsa::Pkcs1v15Encrypt, ciphertext).ok()?;
            (plain.len() == 48).then_some(plain)
        })
        .clone()
}

/// Numbers of keys.
const ROOT: u8 = 0x11;
const LEAF: u8 = 0x22;
/// The client's.
pub const CLIENT: u8 = 0x33;

/// The name that the leaf has.
pub const HOST: &str = "puppet.test";

/// A certificate for [`HOST`], 2020 to 2049, signed by the root.
fn certificate(spki: &[u8]) -> Vec<u8> {
    let name = |text: &str| {
        let pair = sequence(&[&[6, 3, 0x55, 4, 3], &element(0x0c, text.as_bytes())]);
        sequence(&[&element(0x31, &pair)])
    };
    let names = sequence(&[&element(0x82, HOST.as_bytes())]);
    let extension = sequence(&[&[6, 3, 0x55, 0x1d, 0x11], &element(4, &names)]);
    let validity = sequence(&[
        &element(0x17, b"200101000000Z"),
        &element(0x17, b"491231235959Z"),
    ]);
    let tbs = sequence(&[
        &[0xa0, 3, 2, 1, 2],
        &[2, 1, 5],
        ECDSA_SHA256,
        &name("Puppet Root"),
        &validity,
        &name(HOST),
        spki,
        &element(0xa3, &sequence(&[&extension])),
    ]);
    let signature: DerSignature = p256(ROOT).sign(&tbs);
    let bits = element(3, &[&[0], signature.as_bytes()].concat());
    sequence(&[&tbs, ECDSA_SHA256, &bits])
}

/// The server's certificate.
pub fn leaf(kind: Kind) -> &'static [u8] {
    static LEAVES: LazyLock<[Vec<u8>; 2]> =
        LazyLock::new(|| [certificate(&p256_spki(LEAF)), certificate(&rsa_spki())]);
    &LEAVES[kind as usize]
}

/// The server's public key.
pub fn leaf_spki(kind: Kind) -> Vec<u8> {
    match kind {
        Kind::P256 => p256_spki(LEAF),
        Kind::Rsa => rsa_spki(),
    }
}

/// The authority's public key: a trust anchor without a name.
pub fn root_spki() -> &'static [u8] {
    static SPKI: LazyLock<Vec<u8>> = LazyLock::new(|| p256_spki(ROOT));
    &SPKI
}

/// The client's certificate.
pub fn client() -> &'static [u8] {
    static CERTIFICATE: LazyLock<Vec<u8>> = LazyLock::new(|| certificate(&p256_spki(CLIENT)));
    &CERTIFICATE
}
