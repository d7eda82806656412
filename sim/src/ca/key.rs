//! Keys: made, wrapped, read back, and signed with.

use std::fmt;
use std::path::Path;

use p256::ecdsa;
use p256::elliptic_curve::Generate;
use pkcs8::pkcs5::pbes2;
use pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding, PrivateKeyInfoRef, SecretDocument};
use rand_core::UnwrapErr;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs1v15;
use rsa::signature::Verifier;
use rsa::traits::PublicKeyParts;
use sha2::Sha256;
use x509_cert::builder::Builder;
use x509_cert::der::asn1::{AnyRef, BitStringRef};
use x509_cert::der::{Decode, Encode, Reader, SliceReader};
use x509_cert::spki::{AlgorithmIdentifierRef, DecodePublicKey};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::material::passphrase::Passphrase;
use crate::material::private::KeyPair;
use crate::material::{self, Content};

/// The bits of an RSA key: the size that small devices verify with in time.
const RSA_BITS: usize = 2048;
/// `ecdsa-with-SHA256` (RFC 5758).
const ECDSA_SHA256: &str = "1.2.840.10045.4.3.2";
/// `sha256WithRSAEncryption` (RFC 8017).
const RSA_SHA256: &str = "1.2.840.113549.1.1.11";

/// The kind of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// On the curve P-256
    Ec,
    /// RSA with 2048 bits, for devices that verify nothing else
    Rsa,
}

/// A private key that can sign.
pub enum Key {
    /// On the curve P-256.
    Ec(p256::SecretKey),
    /// RSA, with the signer that is made of it.
    Rsa(Box<rsa::RsaPrivateKey>),
}

/// Shows nothing of the key.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// The operating system's entropy.
pub fn entropy() -> UnwrapErr<getrandom::SysRng> {
    UnwrapErr(getrandom::SysRng)
}

impl Key {
    /// A new one.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn generate(kind: Kind) -> Result<Key, Failure> {
        Ok(match kind {
            Kind::Ec => Key::Ec(p256::SecretKey::generate_from_rng(&mut entropy())),
            Kind::Rsa => Key::Rsa(Box::new(
                rsa::RsaPrivateKey::new(&mut entropy(), RSA_BITS).map_err(|error| made(&error))?,
            )),
        })
    }

    /// The key in a file, which asks for its passphrase if it needs one.
    ///
    /// # Errors
    /// If the file holds no single key of a usable kind, or the passphrase is wrong.
    pub fn read(path: &Path, passphrase: &Passphrase) -> Result<Key, Failure> {
        let items = material::read(path, passphrase)?;
        let [item] = items.as_slice() else {
            return Err(Failure::Usage(format!(
                "{}: one private key is expected, and there are {} things in it",
                path.display(),
                items.len()
            )));
        };
        let Content::PrivateKey(pair) = &item.content else {
            return Err(Failure::Usage(format!(
                "{}: a private key is expected, and it is a {}; were two files mixed up?",
                path.display(),
                item.kind()
            )));
        };
        Key::of(pair).map_err(|failure| failure.at(path.display()))
    }

    fn of(pair: &KeyPair) -> Result<Key, Failure> {
        let unusable = || {
            Failure::Usage(
                "it is neither EC P-256 nor a sound RSA key; was it replaced?".to_owned(),
            )
        };
        match &pair.scalar {
            Some(scalar) => p256::SecretKey::from_slice(scalar)
                .map(Key::Ec)
                .map_err(|_| unusable()),
            None => {
                let key = rsa::RsaPrivateKey::from_pkcs1_der(&pair.der).map_err(|_| unusable())?;
                key.validate().map_err(|_| unusable())?;
                Ok(Key::Rsa(Box::new(key)))
            }
        }
    }

    /// Its public half, as a SubjectPublicKeyInfo in DER.
    ///
    /// # Errors
    /// If it cannot be encoded.
    pub fn spki(&self) -> Result<Vec<u8>, Failure> {
        let document = match self {
            Key::Ec(key) => key.public_key().to_public_key_der(),
            Key::Rsa(key) => key.to_public_key().to_public_key_der(),
        };
        Ok(document.map_err(|error| made(&error))?.into_vec())
    }

    fn pkcs8(&self) -> Result<SecretDocument, Failure> {
        match self {
            Key::Ec(key) => key.to_pkcs8_der(),
            Key::Rsa(key) => key.to_pkcs8_der(),
        }
        .map_err(|error| made(&error))
    }

    /// PKCS#8 in PEM; with a passphrase encrypted by PBES2: PBKDF2 with HMAC-SHA-256, AES-256-CBC (RFC 8018), which every
    /// OpenSSL since 1.0.1 reads.
    ///
    /// # Errors
    /// If it cannot be encoded.
    pub fn pem(&self, passphrase: Option<&str>) -> Result<Zeroizing<String>, Failure> {
        let plain = self.pkcs8()?;
        let Some(passphrase) = passphrase else {
            return plain
                .to_pem("PRIVATE KEY", LineEnding::LF)
                .map_err(|error| made(&error));
        };
        let info = PrivateKeyInfoRef::from_der(plain.as_bytes()).map_err(|error| made(&error))?;
        let cipher =
            pbes2::Parameters::generate_pbkdf2(&mut entropy()).map_err(|error| made(&error))?;
        info.encrypt_with_params(cipher, passphrase)
            .map_err(|error| made(&error))?
            .to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF)
            .map_err(|error| made(&error))
    }

    /// Signs what a builder holds, with SHA-256, and gives the whole in DER.
    ///
    /// # Errors
    /// If it cannot be built, or the signature that was made is not one.
    pub fn sign<B: Builder<Output: Encode>>(&self, builder: B) -> Result<Vec<u8>, Failure> {
        let der = match self {
            Key::Ec(key) => {
                let signer = ecdsa::SigningKey::from(key);
                builder.build_with_rng::<_, ecdsa::DerSignature, _>(&signer, &mut entropy())
            }
            Key::Rsa(key) => {
                let signer = pkcs1v15::SigningKey::<Sha256>::new((**key).clone());
                builder.build_with_rng::<_, pkcs1v15::Signature, _>(&signer, &mut entropy())
            }
        }
        .map_err(|error| made(&error))?
        .to_der()
        .map_err(|error| made(&error))?;
        // A fault in a signature by RSA gives the key away; and nothing that does not verify is to be handed out.
        match is_signed_by(&der, &self.spki()?) {
            true => Ok(der),
            false => Err(made(&"the signature does not verify")),
        }
    }
}

fn made(error: &dyn fmt::Display) -> Failure {
    Failure::Other(format!("a key or a signature cannot be made: {error}"))
}

/// Whether a certificate or a CRL (DER) was signed with the key whose SubjectPublicKeyInfo this is.
pub fn is_signed_by(der: &[u8], spki: &[u8]) -> bool {
    verify(der, spki).is_some()
}

/// SEQUENCE { what is signed, AlgorithmIdentifier, BIT STRING } (RFC 5280 sections 4.1 and 5.1).
fn verify(der: &[u8], spki: &[u8]) -> Option<()> {
    let outer = AnyRef::from_der(der).ok()?;
    let mut reader = SliceReader::new(outer.value()).ok()?;
    let signed = reader.tlv_bytes().ok()?;
    let algorithm = AlgorithmIdentifierRef::decode(&mut reader).ok()?;
    let signature = BitStringRef::decode(&mut reader).ok()?.as_bytes()?;
    match algorithm.oid.to_string().as_str() {
        ECDSA_SHA256 => {
            let key = ecdsa::VerifyingKey::from_public_key_der(spki).ok()?;
            let signature = ecdsa::DerSignature::try_from(signature).ok()?;
            key.verify(signed, &signature).ok()
        }
        RSA_SHA256 => {
            let key = rsa::RsaPublicKey::from_public_key_der(spki).ok()?;
            let signature = pkcs1v15::Signature::try_from(signature).ok()?;
            (key.size() >= 256).then_some(())?;
            pkcs1v15::VerifyingKey::<Sha256>::new(key)
                .verify(signed, &signature)
                .ok()
        }
        _ => None,
    }
}
