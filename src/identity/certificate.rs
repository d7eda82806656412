//! What a certificate says about its public key (RFC 5280 section 4.1).

use super::der::{self, EXPLICIT_0, INTEGER, NULL, OBJECT_IDENTIFIER, SEQUENCE};
use crate::error::{ConfigError, Input};

/// `id-ecPublicKey`, 1.2.840.10045.2.1 (RFC 5480).
pub(super) const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// `secp256r1`, 1.2.840.10045.3.1.7 (RFC 5480).
pub(super) const SECP256R1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// `rsaEncryption`, 1.2.840.113549.1.1.1 (RFC 8017).
pub(super) const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// The public key of a certificate: its SubjectPublicKeyInfo, taken apart but not copied.
///
/// ```
/// use bearcub::identity::LeafPublicKey;
///
/// # fn main() -> Result<(), bearcub::error::ConfigError> {
/// let certificate = include_bytes!("../../tests/data/test-only-ec-leaf.der");
/// let public = LeafPublicKey::from_certificate(certificate)?;
/// assert_eq!(public.ec_point().map(|point| point.len()), Some(65));
/// assert!(public.rsa().is_none());
/// # Ok(())
/// # }
/// ```
///
/// Source: RFC 5280 section 4.1.2.7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeafPublicKey<'a> {
    /// Contents of the algorithm's OBJECT IDENTIFIER.
    algorithm: &'a [u8],
    /// Contents of the curve's OBJECT IDENTIFIER, where there is one.
    curve: Option<&'a [u8]>,
    /// Contents of the BIT STRING.
    bits: &'a [u8],
}

impl<'a> LeafPublicKey<'a> {
    /// Reads the public key out of a certificate in DER.
    ///
    /// The certificate must be exactly as long as its outer SEQUENCE says. Nothing but the way to its public key is
    /// looked at: no signature, no name, no date.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Malformed`] with [`Input::Certificate`] and the byte offset.
    pub fn from_certificate(certificate: &'a [u8]) -> Result<Self, ConfigError> {
        let mut signed = der::open(certificate, Input::Certificate)?;
        let mut tbs = signed.enter(SEQUENCE)?;
        tbs.optional(EXPLICIT_0)?; // version
        tbs.read(INTEGER)?; // serialNumber
        tbs.read(SEQUENCE)?; // signature
        tbs.read(SEQUENCE)?; // issuer
        tbs.read(SEQUENCE)?; // validity
        tbs.read(SEQUENCE)?; // subject
        let mut info = tbs.enter(SEQUENCE)?;
        let mut algorithm = info.enter(SEQUENCE)?;
        let identifier = algorithm.read(OBJECT_IDENTIFIER)?.contents;
        let curve = algorithm.optional(OBJECT_IDENTIFIER)?;
        algorithm.optional(NULL)?;
        let bits = info.bit_string()?.contents;
        info.finish()?;
        Ok(Self {
            algorithm: identifier,
            curve: curve.map(|curve| curve.contents),
            bits,
        })
    }

    /// The uncompressed point (65 bytes: 4, x, y) of a P-256 key; `None` for every other kind of key.
    pub fn ec_point(&self) -> Option<&'a [u8; 65]> {
        if self.algorithm != EC_PUBLIC_KEY || self.curve != Some(SECP256R1) {
            return None;
        }
        self.bits
            .try_into()
            .ok()
            .filter(|point: &&[u8; 65]| point[0] == 4)
    }

    /// Modulus and public exponent of an RSA key, big-endian without leading zeros; `None` for every other kind.
    pub fn rsa(&self) -> Option<(&'a [u8], &'a [u8])> {
        if self.algorithm != RSA_ENCRYPTION {
            return None;
        }
        let mut key = der::open(self.bits, Input::PublicKey).ok()?;
        let modulus = key.unsigned().ok()?.contents;
        let exponent = key.unsigned().ok()?.contents;
        key.finish().ok()?;
        Some((modulus, exponent))
    }
}

/// The outer SEQUENCE of a certificate must be all there is.
pub(super) fn check_length(certificate: &[u8]) -> Result<(), ConfigError> {
    der::open(certificate, Input::Certificate).map(|_| ())
}
