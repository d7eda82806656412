//! Who the device is: its certificate and private key.
//!
//! An [`Identity`] is a chain of certificates and the private key of the first. Both are borrowed: from flash, from a
//! static, from a buffer that the program filled. What must stay in a place that cannot be borrowed from (a file, flash
//! that only reads in words, a secure element) is an identity through a [`Source`], which the handshake reads
//! into the memory lent to it, at the moment it is needed.
//!
//! ```
//! use bearcub::identity::{EcKey, Identity};
//!
//! # fn main() -> Result<(), bearcub::error::ConfigError> {
//! let certificate: &[u8] = include_bytes!("../../tests/data/test-only-ec-leaf.der");
//! let key = EcKey::from_der(include_bytes!("../../tests/data/test-only-ec-sec1.der"))?;
//! let chain = [certificate];
//! let device = Identity::new(&chain, key)?;
//! assert_eq!(device.certificates(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! To be read in this order: [`Identity`] here; `key` with [`PrivateKey`], which is an [`EcKey`] (`ec`) or an [`RsaKey`]
//! (`rsa`); `source` with storage, and `image` with a layout for it; [`pem`] for text. Beneath them, `container` tells the wrappings of private keys apart,
//! `certificate` finds a certificate's public key, `der` reads the elements, and `number` compares large numbers.
//!
//! A program links what it names: with `EcKey` there is no RSA code, and without [`pem`] no base64.

mod certificate;
mod container;
mod der;
mod ec;
mod image;
mod key;
mod number;
mod rsa;
mod source;

use core::fmt;

pub use crate::pem;
pub use certificate::LeafPublicKey;
pub use ec::EcKey;
pub use image::FlashImage;
pub use key::{Key, Pairing, PrivateKey};
pub use rsa::RsaKey;
pub use source::{FromReader, KeyBuffer, Region, Source, SourceError, WordFlash, WordRead};

use crate::error::{ConfigError, Error};

/// The most certificates that a chain may have.
pub const MAX_CHAIN: usize = 3;

mod sealed {
    pub trait Sealed {}
}

/// The device's certificate chain and private key, for a server that asks who is calling.
///
/// `K` is the kind of key: [`EcKey`], [`RsaKey`], or [`PrivateKey`] where that is not known in advance.
///
/// ```
/// use bearcub::identity::{EcKey, FromReader, Identity, SourceError};
///
/// # fn main() -> Result<(), bearcub::error::ConfigError> {
/// # const LEAF: &[u8] = include_bytes!("../../tests/data/test-only-ec-leaf.der");
/// # const KEY: &[u8] = include_bytes!("../../tests/data/test-only-ec-sec1.der");
/// // Nothing is read before a handshake needs it.
/// let files = FromReader::new(
///     1,
///     |_index| Ok::<&[u8], SourceError>(LEAF), // open("/device.crt.der")
///     || Ok::<&[u8], SourceError>(KEY),        // open("/device.key.der")
/// );
/// let device = Identity::<EcKey>::stored(&files)?;
/// # assert!(device.is_stored());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Identity<'a, K> {
    material: Material<'a, K>,
}

#[derive(Clone, Copy)]
enum Material<'a, K> {
    Borrowed { chain: &'a [&'a [u8]], key: K },
    Stored(&'a dyn Source),
}

impl<'a, K: Key> Identity<'a, K> {
    /// An identity of 1 to 3 certificates in DER, the device's own first, each signed by the next, and its key.
    ///
    /// Of an EC key that came without its public point, nothing here can tell whether it belongs to the certificate
    /// ([`Pairing::NotTold`]); the handshake then does.
    ///
    /// # Errors
    ///
    /// - [`ConfigError::ChainLength`] for no certificate, or more than 3.
    /// - [`ConfigError::Malformed`] with [`Input::Certificate`](crate::error::Input::Certificate) for a certificate that
    ///   is cut short or followed by something, or whose public key cannot be found; the offset is within that certificate.
    /// - [`ConfigError::KeyMismatch`] if the key is not the first certificate's.
    pub fn new(chain: &'a [&'a [u8]], key: K) -> Result<Self, ConfigError> {
        check_chain_length(chain.len())?;
        for certificate in chain {
            certificate::check_length(certificate)?;
        }
        let leaf = chain.first().ok_or(ConfigError::ChainLength)?;
        check_pair(leaf, &key)?;
        Ok(Self {
            material: Material::Borrowed { chain, key },
        })
    }

    /// An identity that is read from `source` whenever a handshake needs it.
    ///
    /// # Errors
    ///
    /// [`ConfigError::ChainLength`] if the source has no certificate, or more than 3. What is wrong with the stored
    /// bytes shows when they are read; [`check`](Self::check) reads them at once.
    pub fn stored(source: &'a dyn Source) -> Result<Self, ConfigError> {
        check_chain_length(source.certificates())?;
        Ok(Self {
            material: Material::Stored(source),
        })
    }

    /// Whether key and certificates must be read from a [`Source`], and so need memory in the handshake.
    pub fn is_stored(&self) -> bool {
        matches!(self.material, Material::Stored(_))
    }

    /// How many certificates the chain has.
    pub fn certificates(&self) -> usize {
        match self.material {
            Material::Borrowed { chain, .. } => chain.len(),
            Material::Stored(source) => source.certificates(),
        }
    }

    /// One certificate of the chain, in DER; number 0 is the device's own.
    ///
    /// A stored one is copied to the start of `into`; one that can be borrowed is, and `into` is not touched.
    ///
    /// # Errors
    ///
    /// - [`ConfigError::MissingCertificate`] if there is none of this number, or it cannot be read.
    /// - [`ConfigError::MemoryTooSmall`] if it does not fit.
    /// - [`ConfigError::Malformed`] if it is cut short, or followed by something.
    pub fn certificate<'s>(&self, index: usize, into: &'s mut [u8]) -> Result<&'s [u8], Error>
    where
        'a: 's,
    {
        match self.material {
            Material::Borrowed { chain, .. } => {
                Ok(*chain.get(index).ok_or(ConfigError::MissingCertificate)?)
            }
            Material::Stored(source) => {
                let certificate = source::fetch(into, ConfigError::MissingCertificate, |into| {
                    source.certificate(index, into)
                })?;
                certificate::check_length(certificate)?;
                Ok(certificate)
            }
        }
    }

    /// The private key.
    ///
    /// A stored one is copied to the start of `into`, from where the answer borrows; wipe it after use. For one that can
    /// be borrowed `into` is not touched.
    ///
    /// # Errors
    ///
    /// - [`ConfigError::MissingPrivateKey`] if it cannot be read.
    /// - [`ConfigError::MemoryTooSmall`] if it does not fit.
    /// - [`ConfigError::Malformed`] if it is not a key of this kind.
    pub fn private_key<'s>(&'s self, into: &'s mut [u8]) -> Result<K::Borrowed<'s>, Error> {
        match &self.material {
            Material::Borrowed { key, .. } => Ok(key.reborrow()),
            Material::Stored(source) => {
                let der = source::fetch(into, ConfigError::MissingPrivateKey, |into| {
                    source.private_key(into)
                })?;
                Ok(K::from_der(der)?)
            }
        }
    }

    /// Reads everything once, and checks what [`Identity::new`] checks. `into` must hold the device's own certificate and
    /// the private key at the same time, and each other certificate; it is wiped afterwards.
    ///
    /// # Errors
    ///
    /// Those of [`certificate`](Self::certificate) and [`private_key`](Self::private_key), and
    /// [`ConfigError::KeyMismatch`].
    pub fn check(&self, into: &mut [u8]) -> Result<Pairing, Error> {
        let result = self.check_with(into);
        zeroize::Zeroize::zeroize(into);
        result
    }

    fn check_with(&self, into: &mut [u8]) -> Result<Pairing, Error> {
        for index in 1..self.certificates() {
            self.certificate(index, into)?;
        }
        let length = self.certificate(0, into)?.len();
        let used = if self.is_stored() { length } else { 0 };
        let (leaf, rest) = into.split_at_mut(used);
        let leaf = match self.material {
            Material::Borrowed { chain, .. } => chain[0],
            Material::Stored(_) => leaf,
        };
        let public = LeafPublicKey::from_certificate(leaf)?;
        match pairing::<K>(&public, &self.private_key(rest)?) {
            Pairing::Differs => Err(ConfigError::KeyMismatch.into()),
            told => Ok(told),
        }
    }

    /// The public key in the device's own certificate. `into` is used as in [`certificate`](Self::certificate).
    ///
    /// # Errors
    ///
    /// Those of [`certificate`](Self::certificate), and [`ConfigError::Malformed`] if the public key cannot be found.
    pub fn leaf_public_key<'s>(&self, into: &'s mut [u8]) -> Result<LeafPublicKey<'s>, Error>
    where
        'a: 's,
    {
        Ok(LeafPublicKey::from_certificate(self.certificate(0, into)?)?)
    }
}

/// Shows the kind of key and where it is kept, and nothing secret.
impl<K> fmt::Debug for Identity<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = match self.material {
            Material::Borrowed { .. } => "borrowed",
            Material::Stored(_) => "stored",
        };
        write!(f, "Identity({kept})")
    }
}

fn pairing<'k, K: Key>(public: &LeafPublicKey<'_>, key: &K::Borrowed<'k>) -> Pairing {
    key.pairing(public)
}

fn check_pair<K: Key>(leaf: &[u8], key: &K) -> Result<(), ConfigError> {
    match key.pairing(&LeafPublicKey::from_certificate(leaf)?) {
        Pairing::Differs => Err(ConfigError::KeyMismatch),
        Pairing::Matches | Pairing::NotTold => Ok(()),
    }
}

fn check_chain_length(length: usize) -> Result<(), ConfigError> {
    if (1..=MAX_CHAIN).contains(&length) {
        Ok(())
    } else {
        Err(ConfigError::ChainLength)
    }
}
