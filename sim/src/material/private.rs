//! Private keys in their wrappings.

use std::fmt;

use bearcub::trust::{Curve, PublicKey};
use p256::elliptic_curve::sec1::ToSec1Point;
use pkcs1::{RsaPrivateKeyRef, RsaPublicKeyRef};
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use sec1::EcPrivateKey;
use x509_cert::der::asn1::{AnyRef, BitString, BitStringRef, ObjectIdentifier, UintRef};
use x509_cert::der::{Decode, Encode, SliceReader};
use x509_cert::spki::{AlgorithmIdentifier, AlgorithmIdentifierRef, SubjectPublicKeyInfo};
use zeroize::Zeroizing;

use super::passphrase::Passphrase;
use crate::failure::Failure;

/// `rsaEncryption` (RFC 8017).
pub const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// `id-ecPublicKey` (RFC 5480).
pub const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// `secp256r1`.
pub const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
/// `secp384r1`.
pub const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
/// `secp521r1`.
pub const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// A private key and its public half.
pub struct KeyPair {
    /// PKCS#1 or SEC1 in DER, the latter with curve and public point: what `openssl rsa` and `openssl ec` write.
    pub der: Zeroizing<Vec<u8>>,
    /// The scalar of an EC key, as long as the curve's order, big-endian.
    pub scalar: Option<Zeroizing<Vec<u8>>>,
    /// Its public half, as a SubjectPublicKeyInfo in DER.
    pub spki: Vec<u8>,
}

/// Shows nothing of the key.
impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyPair(..)")
    }
}

/// A PKCS#8 key that is encrypted (RFC 5958 section 3), with its form in words.
///
/// # Errors
/// If it cannot be decrypted: a wrong passphrase, or a cipher that is not supported.
pub fn encrypted(der: &[u8], passphrase: &Passphrase) -> Result<(KeyPair, String), Failure> {
    if let Some(name) = obsolete_encryption(der) {
        return Err(Failure::Usage(format!(
            "the private key is encrypted in an obsolete way ({name}), which is not read here; \
             `openssl pkcs8 -topk8 -in OLD -out NEW` asks for the passphrase and encrypts it in the current way, and where OpenSSL \
             3 refuses the old one, with `-provider default -provider legacy` behind it"
        )));
    }
    let info = EncryptedPrivateKeyInfoRef::from_der(der).map_err(|error| damaged(&error))?;
    let passphrase = passphrase.get()?;
    let plain = info.decrypt(passphrase.as_bytes()).map_err(|error| {
        Failure::Usage(match error {
            pkcs8::Error::EncryptedPrivateKey(pkcs8::pkcs5::Error::UnsupportedAlgorithm { oid }) => format!(
                "the private key is encrypted with an algorithm that is not supported ({oid}); \
                 `openssl pkey -in OLD -aes256 -out NEW` encrypts it in the current way"
            ),
            _ => "the private key cannot be decrypted: the passphrase is wrong, or the file is damaged".to_owned(),
        })
    })?;
    let (pair, form) = pkcs8(plain.as_bytes()).map_err(|failure| failure.at("decrypted"))?;
    Ok((pair, format!("{form}, encrypted")))
}

/// The name of an encryption from before PBES2 (RFC 8018 appendix A.3, RFC 7292 appendix C), if a key in DER has one.
fn obsolete_encryption(der: &[u8]) -> Option<String> {
    let outer = AnyRef::from_der(der).ok()?;
    let mut inside = SliceReader::new(outer.value()).ok()?;
    let algorithm = AlgorithmIdentifierRef::decode(&mut inside).ok()?;
    let name = match algorithm.oid.to_string().as_str() {
        "1.2.840.113549.1.5.1" => "PBES1 with MD2 and DES",
        "1.2.840.113549.1.5.3" => "PBES1 with MD5 and DES",
        "1.2.840.113549.1.5.4" => "PBES1 with MD2 and RC2",
        "1.2.840.113549.1.5.6" => "PBES1 with MD5 and RC2",
        "1.2.840.113549.1.5.10" => "PBES1 with SHA-1 and DES",
        "1.2.840.113549.1.5.11" => "PBES1 with SHA-1 and RC2",
        "1.2.840.113549.1.12.1.1" => "PKCS#12's with RC4-128",
        "1.2.840.113549.1.12.1.2" => "PKCS#12's with RC4-40",
        "1.2.840.113549.1.12.1.3" => "PKCS#12's with 3DES",
        "1.2.840.113549.1.12.1.4" => "PKCS#12's with 3DES of two keys",
        "1.2.840.113549.1.12.1.5" => "PKCS#12's with RC2-128",
        "1.2.840.113549.1.12.1.6" => "PKCS#12's with RC2-40",
        // PBES2.
        "1.2.840.113549.1.5.13" => return None,
        other => return Some(format!("algorithm {other}")),
    };
    Some(name.to_owned())
}

/// A PKCS#8 key.
///
/// # Errors
/// If it is damaged, or of a kind that is not supported.
pub fn pkcs8(der: &[u8]) -> Result<(KeyPair, String), Failure> {
    let info = PrivateKeyInfoRef::from_der(der).map_err(|error| damaged(&error))?;
    let inner = info.private_key.as_bytes();
    let pair = match info.algorithm.oid {
        RSA => rsa(inner)?,
        EC => {
            let curve = info.algorithm.parameters_oid().map_err(|_| {
                Failure::Usage(
                    "the curve of the EC key is written out instead of named; `openssl ec -in OLD -param_enc named_curve -out NEW` \
                     names it"
                        .to_owned(),
                )
            })?;
            ec(inner, Some(curve))?
        }
        other => return Err(unsupported(&other)),
    };
    Ok((pair, "PKCS#8".to_owned()))
}

/// A PKCS#1 key.
///
/// # Errors
/// If it is damaged.
pub fn rsa(der: &[u8]) -> Result<KeyPair, Failure> {
    let key = RsaPrivateKeyRef::from_der(der).map_err(|error| damaged(&error))?;
    let public = key.public_key().to_der().map_err(|error| damaged(&error))?;
    Ok(KeyPair {
        der: Zeroizing::new(der.to_vec()),
        scalar: None,
        spki: rsa_spki(&public)?,
    })
}

/// The SubjectPublicKeyInfo around a PKCS#1 public key.
///
/// # Errors
/// If it is damaged.
pub fn rsa_spki(public: &[u8]) -> Result<Vec<u8>, Failure> {
    RsaPublicKeyRef::from_der(public).map_err(|error| damaged(&error))?;
    spki(
        AlgorithmIdentifierRef {
            oid: RSA,
            parameters: Some(AnyRef::NULL),
        },
        public,
    )
}

/// The SubjectPublicKeyInfo of a key that the library has read.
///
/// # Errors
/// If its numbers are none.
pub fn spki_of(key: &PublicKey<'_>) -> Result<Vec<u8>, Failure> {
    let wrong = |error: x509_cert::der::Error| damaged(&error);
    match *key {
        PublicKey::Rsa { n, e } => {
            let public = RsaPublicKeyRef {
                modulus: UintRef::new(n).map_err(wrong)?,
                public_exponent: UintRef::new(e).map_err(wrong)?,
            };
            rsa_spki(&public.to_der().map_err(wrong)?)
        }
        PublicKey::Ec { curve, q } => {
            let curve = match curve {
                Curve::P256 => P256,
                Curve::P384 => P384,
                Curve::P521 => P521,
            };
            ec_spki(curve, q)
        }
    }
}

fn ec_spki(curve: ObjectIdentifier, point: &[u8]) -> Result<Vec<u8>, Failure> {
    let algorithm = AlgorithmIdentifierRef {
        oid: EC,
        parameters: Some((&curve).into()),
    };
    spki(algorithm, point)
}

/// A SEC1 key; the curve may be told by what is around it. The public point is computed, and what the file says of it is
/// held against that.
///
/// # Errors
/// If it is damaged, of another curve, or its halves do not belong together.
pub fn ec(der: &[u8], outer: Option<ObjectIdentifier>) -> Result<KeyPair, Failure> {
    let key = EcPrivateKey::from_der(der).map_err(|error| damaged(&error))?;
    let inner = key
        .parameters
        .and_then(|parameters| parameters.named_curve());
    let curve = match (outer, inner, key.private_key.len()) {
        (Some(outer), Some(inner), _) if outer != inner => {
            return Err(Failure::Usage(format!(
                "the EC key names two curves, {outer} and {inner}; make it anew from its source"
            )));
        }
        (Some(curve), ..) | (None, Some(curve), _) => curve,
        (None, None, 32) => P256,
        (None, None, 48) => P384,
        _ => {
            return Err(Failure::Usage(
                "the EC key does not say its curve".to_owned(),
            ));
        }
    };
    let length = match curve {
        P256 => 32,
        P384 => 48,
        other => return Err(unsupported(&other)),
    };
    let out_of_range = || {
        Failure::Usage(
            "the number in the EC key is not in the range of its curve: the file is damaged"
                .to_owned(),
        )
    };
    let excess = key.private_key.len().saturating_sub(length);
    if key.private_key[..excess].iter().any(|byte| *byte != 0) {
        return Err(out_of_range());
    }
    let mut scalar = Zeroizing::new(vec![0; length - (key.private_key.len() - excess)]);
    scalar.extend_from_slice(&key.private_key[excess..]);
    let point = point(curve, &scalar).ok_or_else(out_of_range)?;
    if let Some(claimed) = key.public_key
        && claimed != point.uncompressed
        && claimed != point.compressed
    {
        return Err(Failure::Usage(
            "the private and the public half in the EC key do not belong together: the file is damaged, or put together from two"
                .to_owned(),
        ));
    }
    let whole = EcPrivateKey {
        private_key: &scalar,
        parameters: Some(sec1::EcParameters::NamedCurve(curve)),
        public_key: Some(&point.uncompressed),
    };
    Ok(KeyPair {
        der: Zeroizing::new(whole.to_der().map_err(|error| damaged(&error))?),
        spki: ec_spki(curve, &point.uncompressed)?,
        scalar: Some(scalar),
    })
}

struct Point {
    uncompressed: Vec<u8>,
    compressed: Vec<u8>,
}

fn point(curve: ObjectIdentifier, scalar: &[u8]) -> Option<Point> {
    macro_rules! compute {
        ($curve:ident) => {{
            let public = $curve::SecretKey::from_slice(scalar).ok()?.public_key();
            Point {
                uncompressed: public.to_sec1_point(false).as_bytes().to_vec(),
                compressed: public.to_sec1_point(true).as_bytes().to_vec(),
            }
        }};
    }
    Some(match curve {
        P256 => compute!(p256),
        _ => compute!(p384),
    })
}

fn spki(algorithm: AlgorithmIdentifierRef<'_>, bits: &[u8]) -> Result<Vec<u8>, Failure> {
    SubjectPublicKeyInfo {
        algorithm,
        subject_public_key: BitStringRef::from_bytes(bits).map_err(|error| damaged(&error))?,
    }
    .to_der()
    .map_err(|error| damaged(&error))
}

/// What kind of key it is, for people: `EC P-256`; the identifier of one that the library does not have.
pub fn describe(spki: &[u8]) -> String {
    match PublicKey::from_spki(spki) {
        Ok(PublicKey::Rsa { .. }) => PublicKey::from_spki(spki)
            .map_or_else(|_| String::new(), |key| format!("RSA-{}", key.bits())),
        Ok(key) => format!("EC P-{}", key.bits()),
        Err(_) => {
            SubjectPublicKeyInfo::<AlgorithmIdentifier<x509_cert::der::Any>, BitString>::from_der(
                spki,
            )
            .map_or_else(
                |_| "unreadable".to_owned(),
                |info| name_of(&info.algorithm.oid),
            )
        }
    }
}

fn name_of(oid: &ObjectIdentifier) -> String {
    let name = match oid.to_string().as_str() {
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        "1.3.101.110" => "X25519",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.2.840.10040.4.1" => "DSA",
        "1.3.132.0.35" => "EC P-521",
        "1.3.132.0.10" => "EC secp256k1",
        "1.2.840.10045.2.1" => "EC, with a curve or a point of an unsupported form",
        _ => return format!("algorithm {oid}"),
    };
    name.to_owned()
}

fn unsupported(oid: &ObjectIdentifier) -> Failure {
    Failure::Usage(format!(
        "a private key of the kind {} is not supported; use one on P-256 (`openssl ecparam -name prime256v1 -genkey -noout`) or RSA-2048",
        name_of(oid)
    ))
}

/// Says where, never what: the bytes may be secret.
fn damaged(error: &impl fmt::Display) -> Failure {
    Failure::Usage(format!(
        "the key is damaged or cut short ({error}); copy the file again, in binary if it is DER"
    ))
}
