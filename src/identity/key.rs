//! What the kinds of private keys have in common, and the one that is either.

use super::certificate::LeafPublicKey;
use super::container::Container;
use super::{EcKey, RsaKey, pem};
use crate::error::ConfigError;

/// A kind of private key: [`EcKey`], [`RsaKey`], or [`PrivateKey`] for either.
///
/// An [`Identity`](super::Identity) is generic over it, so that a program that names `EcKey` links no RSA code. It
/// cannot be implemented elsewhere.
pub trait Key: super::sealed::Sealed {
    /// The same kind of key, borrowed from elsewhere.
    type Borrowed<'k>: Key;

    /// Reads a key of this kind in DER.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Malformed`], as the types say.
    fn from_der(der: &[u8]) -> Result<Self::Borrowed<'_>, ConfigError>;

    /// The same key, for a shorter time.
    fn reborrow(&self) -> Self::Borrowed<'_>;

    /// Whether the key belongs to a certificate with this public key, as far as that can be told without computing.
    fn pairing(&self, leaf: &LeafPublicKey<'_>) -> Pairing;
}

/// Whether a private key belongs to a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairing {
    /// The public half that the key brought along is the certificate's.
    Matches,
    /// They do not belong together.
    Differs,
    /// An EC key without its public point: the point must be computed from the scalar.
    NotTold,
}

/// A private key of either kind.
///
/// ```
/// use bearcub::identity::PrivateKey;
///
/// # fn main() -> Result<(), bearcub::error::ConfigError> {
/// match PrivateKey::from_der(include_bytes!("../../tests/data/test-only-ec-pkcs8.der"))? {
///     PrivateKey::Ec(key) => assert_eq!(key.scalar().len(), 32),
///     PrivateKey::Rsa(_) => unreachable!(),
/// }
/// # Ok(())
/// # }
/// ```
///
/// Source: RFC 8017 (PKCS#1), RFC 5915 (SEC1), RFC 5958 (PKCS#8).
#[derive(Clone, Copy, Debug)]
pub enum PrivateKey<'a> {
    /// On the curve P-256.
    Ec(EcKey<'a>),
    /// RSA, 2048 to 4096 bits.
    Rsa(RsaKey<'a>),
}

impl<'a> PrivateKey<'a> {
    /// Reads a key in DER; PKCS#1, SEC1 and PKCS#8 are told apart by themselves.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Malformed`], as for [`EcKey::from_der`] and [`RsaKey::from_der`].
    pub fn from_der(der: &'a [u8]) -> Result<Self, ConfigError> {
        let is_rsa = match Container::open(der)? {
            Container::Pkcs1(_) => true,
            Container::Sec1(_) => false,
            Container::Pkcs8(pkcs8) => {
                pkcs8.algorithm.contents == super::certificate::RSA_ENCRYPTION
            }
        };
        if is_rsa {
            RsaKey::from_der(der).map(Self::Rsa)
        } else {
            EcKey::from_der(der).map(Self::Ec)
        }
    }

    /// Reads the first private key in a PEM text; `out` receives its DER, and the key borrows it from there.
    ///
    /// # Errors
    ///
    /// Those of [`pem::decode`] and of [`PrivateKey::from_der`], whose offsets count in the DER.
    pub fn from_pem(pem: &[u8], out: &'a mut [u8]) -> Result<Self, ConfigError> {
        Self::from_der(pem::decode(pem, &pem::PRIVATE_KEYS, out)?.der)
    }
}

impl Key for PrivateKey<'_> {
    type Borrowed<'k> = PrivateKey<'k>;

    fn from_der(der: &[u8]) -> Result<PrivateKey<'_>, ConfigError> {
        PrivateKey::from_der(der)
    }

    fn reborrow(&self) -> PrivateKey<'_> {
        *self
    }

    fn pairing(&self, leaf: &LeafPublicKey<'_>) -> Pairing {
        match self {
            Self::Ec(key) => key.pairing(leaf),
            Self::Rsa(key) => key.pairing(leaf),
        }
    }
}

impl super::sealed::Sealed for PrivateKey<'_> {}

impl<'a> From<EcKey<'a>> for PrivateKey<'a> {
    fn from(key: EcKey<'a>) -> Self {
        Self::Ec(key)
    }
}

impl<'a> From<RsaKey<'a>> for PrivateKey<'a> {
    fn from(key: RsaKey<'a>) -> Self {
        Self::Rsa(key)
    }
}
