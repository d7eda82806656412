//! Key pairs, made and used by `openssl`.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};

use pem_rfc7468::LineEnding;
use sha1::{Digest as _, Sha1};

use super::der;
use crate::Error;
use crate::program::openssl;

/// The algorithm and the size of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// Too weak for anyone today; for tests that a client says so.
    Rsa1024,
    /// What most servers with RSA have.
    Rsa2048,
    /// The same with the public exponent 3, with which sloppy verifiers accept forged signatures.
    Rsa2048Exponent3,
    /// What some roots have. Takes a second or two to make.
    Rsa4096,
    /// secp256r1.
    P256,
    /// secp384r1.
    P384,
}

impl KeyKind {
    /// Whether it is an RSA key (else it is an elliptic-curve key).
    pub const fn is_rsa(self) -> bool {
        !matches!(self, KeyKind::P256 | KeyKind::P384)
    }

    /// The hash function that an authority with such a key signs with, unless told otherwise.
    pub const fn usual_hash(self) -> Hash {
        match self {
            KeyKind::P384 => Hash::Sha384,
            _ => Hash::Sha256,
        }
    }

    fn genpkey_arguments(self) -> Vec<&'static str> {
        let (algorithm, size) = match self {
            KeyKind::Rsa1024 => ("RSA", "rsa_keygen_bits:1024"),
            KeyKind::Rsa2048 | KeyKind::Rsa2048Exponent3 => ("RSA", "rsa_keygen_bits:2048"),
            KeyKind::Rsa4096 => ("RSA", "rsa_keygen_bits:4096"),
            KeyKind::P256 => ("EC", "ec_paramgen_curve:P-256"),
            KeyKind::P384 => ("EC", "ec_paramgen_curve:P-384"),
        };
        let mut arguments = vec!["-algorithm", algorithm, "-pkeyopt", size];
        if self == KeyKind::Rsa2048Exponent3 {
            arguments.extend(["-pkeyopt", "rsa_keygen_pubexp:3"]);
        }
        arguments
    }
}

/// The hash function of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// Broken for signatures; for tests that a client refuses it.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384, the usual one with P-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// The `AlgorithmIdentifier` of a signature with it (RFC 4055, section 5; RFC 5758, 3.2).
    pub(crate) fn signature_algorithm(self, key: KeyKind) -> Vec<u8> {
        if key.is_rsa() {
            let last = match self {
                Hash::Sha1 => 5,
                Hash::Sha256 => 11,
                Hash::Sha384 => 12,
                Hash::Sha512 => 13,
            };
            return der::sequence(&[der::oid(&[1, 2, 840, 113549, 1, 1, last]), der::null()]);
        }
        let ecdsa = [1, 2, 840, 10045, 4];
        let rest: &[u32] = match self {
            Hash::Sha1 => &[1],
            Hash::Sha256 => &[3, 2],
            Hash::Sha384 => &[3, 3],
            Hash::Sha512 => &[3, 4],
        };
        der::sequence(&[der::oid(&[&ecdsa, rest].concat())])
    }

    const fn option(self) -> &'static str {
        match self {
            Hash::Sha1 => "-sha1",
            Hash::Sha256 => "-sha256",
            Hash::Sha384 => "-sha384",
            Hash::Sha512 => "-sha512",
        }
    }
}

/// A private key with its public key, in every encoding that firmware and servers ask for.
///
/// These keys live for a test; they are not kept secret from anyone, and not wiped.
pub struct KeyPair {
    kind: KeyKind,
    pkcs8: Vec<u8>,
    traditional: Vec<u8>,
    spki: Vec<u8>,
}

impl KeyPair {
    /// Makes a new key. RSA-4096 takes a second or two.
    ///
    /// # Panics
    ///
    /// If `openssl` is missing (the message says what to install) or fails.
    pub fn generate(kind: KeyKind) -> KeyPair {
        let mut arguments = vec!["genpkey"];
        arguments.extend(kind.genpkey_arguments());
        let pem = openssl(&arguments, b"").unwrap_or_else(|error| panic!("{error}"));
        KeyPair::from_pkcs8(kind, &decode_pem(&pem)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The key of that name: made when it is first asked for, the same one every time after that
    /// within this process. Names keep the keys of different authorities apart.
    ///
    /// ```
    /// use bearcub_lab::pki::{KeyKind, KeyPair};
    ///
    /// let first = KeyPair::shared(KeyKind::P256, "sensor");
    /// assert_eq!(first.spki_der(), KeyPair::shared(KeyKind::P256, "sensor").spki_der());
    /// assert_ne!(first.spki_der(), KeyPair::shared(KeyKind::P256, "valve").spki_der());
    /// ```
    ///
    /// # Panics
    ///
    /// As [`generate`](Self::generate).
    pub fn shared(kind: KeyKind, name: &str) -> Arc<KeyPair> {
        static KEYS: Shared<(KeyKind, String), KeyPair> = Shared::new();
        KEYS.get_or_make((kind, name.to_owned()), || KeyPair::generate(kind))
    }

    /// Takes a key that was kept from an earlier run.
    ///
    /// # Errors
    ///
    /// [`Error`] if `openssl` cannot read it.
    pub fn from_pkcs8(kind: KeyKind, pkcs8: &[u8]) -> Result<KeyPair, Error> {
        let pem = encode_pem("PRIVATE KEY", pkcs8);
        let traditional = openssl(&["pkey", "-traditional"], pem.as_bytes())?;
        let spki = openssl(&["pkey", "-pubout"], pem.as_bytes())?;
        Ok(KeyPair {
            kind,
            pkcs8: pkcs8.to_vec(),
            traditional: decode_pem(&traditional),
            spki: decode_pem(&spki),
        })
    }

    /// Algorithm and size.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The private key as PKCS#8 `PrivateKeyInfo` (RFC 5208).
    pub fn pkcs8_der(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The private key as `-----BEGIN PRIVATE KEY-----`.
    pub fn pkcs8_pem(&self) -> String {
        encode_pem("PRIVATE KEY", &self.pkcs8)
    }

    /// The private key as PKCS#1 `RSAPrivateKey` (RFC 8017) or SEC1 `ECPrivateKey` with its curve
    /// (RFC 5915): what `openssl rsa` and `openssl ec` write.
    pub fn traditional_der(&self) -> &[u8] {
        &self.traditional
    }

    /// The same as `-----BEGIN RSA PRIVATE KEY-----` or `-----BEGIN EC PRIVATE KEY-----`.
    pub fn traditional_pem(&self) -> String {
        let label = if self.kind.is_rsa() {
            "RSA PRIVATE KEY"
        } else {
            "EC PRIVATE KEY"
        };
        encode_pem(label, &self.traditional)
    }

    /// The private scalar of an elliptic-curve key, big-endian, 32 or 48 bytes; `None` for RSA.
    pub fn scalar(&self) -> Option<&[u8]> {
        if self.kind.is_rsa() {
            return None;
        }
        let (_, fields, _) = der::split(&self.traditional);
        let (_, _version, rest) = der::split(fields);
        let (_, scalar, _) = der::split(rest);
        Some(scalar)
    }

    /// The public key as DER `SubjectPublicKeyInfo`.
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// The bits of the public key: `RSAPublicKey` in DER, or the uncompressed point.
    pub fn public_key(&self) -> &[u8] {
        let (_, fields, _) = der::split(&self.spki);
        let (_, _algorithm, rest) = der::split(fields);
        let (_, bits, _) = der::split(rest);
        &bits[1..]
    }

    /// The key identifier of RFC 5280, section 4.2.1.2, method 1.
    pub fn key_identifier(&self) -> [u8; 20] {
        Sha1::digest(self.public_key()).into()
    }

    /// Signs a message: PKCS#1 v1.5 for RSA, a DER `ECDSA-Sig-Value` for elliptic curves.
    ///
    /// # Panics
    ///
    /// As [`generate`](Self::generate), or if no temporary file can be written.
    pub fn sign(&self, hash: Hash, message: &[u8]) -> Vec<u8> {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(self.pkcs8_pem().as_bytes())
            .expect("a writable temporary file");
        let key = file.path().as_os_str();
        openssl(
            &[
                "dgst".as_ref(),
                hash.option().as_ref(),
                "-sign".as_ref(),
                key,
            ],
            message,
        )
        .unwrap_or_else(|error| panic!("{error}"))
    }
}

impl core::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("KeyPair")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// DER to PEM, with the label that goes between `BEGIN` and the dashes.
pub fn encode_pem(label: &str, der: &[u8]) -> String {
    pem_rfc7468::encode_string(label, LineEnding::LF, der).expect("a label without dashes")
}

fn decode_pem(pem: &[u8]) -> Vec<u8> {
    pem_rfc7468::decode_vec(pem).expect("openssl writes PEM").1
}

type Slot<V> = Arc<OnceLock<Arc<V>>>;

/// Values that are made once per process, under a name.
pub(crate) struct Shared<K, V> {
    slots: OnceLock<Mutex<HashMap<K, Slot<V>>>>,
}

impl<K: Eq + core::hash::Hash, V> Shared<K, V> {
    pub(crate) const fn new() -> Self {
        Shared {
            slots: OnceLock::new(),
        }
    }

    /// The map is locked only to find the slot: slow values are made beside each other, and one
    /// may ask for others while it is made.
    pub(crate) fn get_or_make(&self, key: K, make: impl FnOnce() -> V) -> Arc<V> {
        let slots = self.slots.get_or_init(Mutex::default);
        let slot = slots
            .lock()
            .expect("no panic under this lock")
            .entry(key)
            .or_default()
            .clone();
        slot.get_or_init(|| Arc::new(make())).clone()
    }
}
