//! Public keys, and how they are hashed into fingerprints.

use super::der::{self, Reader};
use crate::error::{ConfigError, Fault, Input};
use crate::hash::{Sha1, Sha256};

mod spki;

/// An elliptic curve, by its NIST name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Curve {
    /// NIST P-256, also known as secp256r1 and prime256v1.
    P256,
    /// NIST P-384, also known as secp384r1.
    P384,
    /// NIST P-521, also known as secp521r1.
    P521,
}

impl Curve {
    /// Size of the curve's prime in bits.
    ///
    /// ```
    /// # use bearcub::trust::Curve;
    /// assert_eq!(Curve::P384.bits(), 384);
    /// ```
    #[must_use]
    pub const fn bits(self) -> usize {
        match self {
            Self::P256 => 256,
            Self::P384 => 384,
            Self::P521 => 521,
        }
    }

    /// Octets of an uncompressed point: 65, 97 or 133.
    #[must_use]
    pub const fn point_len(self) -> usize {
        1 + 2 * self.bits().div_ceil(8)
    }

    /// Content octets of the curve's object identifier (RFC 5480 section 2.1.1.1).
    const fn object_identifier(self) -> &'static [u8] {
        match self {
            Self::P256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07],
            Self::P384 => &[0x2b, 0x81, 0x04, 0x00, 0x22],
            Self::P521 => &[0x2b, 0x81, 0x04, 0x00, 0x23],
        }
    }

    /// The name of such a key in SSH (RFC 5656 section 3.1).
    const fn ssh_name(self) -> &'static [u8; 19] {
        match self {
            Self::P256 => b"ecdsa-sha2-nistp256",
            Self::P384 => b"ecdsa-sha2-nistp384",
            Self::P521 => b"ecdsa-sha2-nistp521",
        }
    }
}

/// A public key, borrowed from wherever its bytes are.
///
/// ```
/// use bearcub::trust::{Curve, Pin, PublicKey};
///
/// let q = [4; 65];
/// let key = PublicKey::Ec { curve: Curve::P256, q: &q };
/// assert_eq!(key.bits(), 256);
///
/// let pin = Pin::Sha256(key.spki_sha256());
/// assert!(pin.matches(&key));
/// ```
///
/// Two keys are equal if they are the same key: leading zero octets of `n` and `e` make no difference.
/// That comparison is not in constant time; public keys are public.
#[derive(Clone, Copy, Debug)]
pub enum PublicKey<'a> {
    /// An RSA key.
    Rsa {
        /// The modulus, big-endian.
        n: &'a [u8],
        /// The public exponent, big-endian.
        e: &'a [u8],
    },
    /// A point on an elliptic curve.
    Ec {
        /// The curve.
        curve: Curve,
        /// The uncompressed point: 4, then x, then y, both big-endian and as long as the curve's prime.
        q: &'a [u8],
    },
}

impl PartialEq for PublicKey<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (*self, *other) {
            (Self::Rsa { n, e }, Self::Rsa { n: n2, e: e2 }) => {
                magnitude(n) == magnitude(n2) && magnitude(e) == magnitude(e2)
            }
            (
                Self::Ec { curve, q },
                Self::Ec {
                    curve: curve2,
                    q: q2,
                },
            ) => curve == curve2 && q == q2,
            _ => false,
        }
    }
}

impl Eq for PublicKey<'_> {}

impl<'a> PublicKey<'a> {
    /// Reads a DER SubjectPublicKeyInfo, the form that `openssl pkey -pubin -outform der` writes.
    ///
    /// Supported are RSA (`rsaEncryption`) and uncompressed points on the curves of [`Curve`].
    ///
    /// # Errors
    ///
    /// [`ConfigError::Malformed`] with [`Input::PublicKey`].
    ///
    /// Source: RFC 5280 section 4.1.2.7, RFC 3279 section 2.3.1, RFC 5480 section 2.
    pub fn from_spki(der: &'a [u8]) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(der, Input::PublicKey);
        let key = Self::read_spki(&mut reader)?;
        reader.finish()?;
        Ok(key)
    }

    /// Reads the SubjectPublicKeyInfo that comes next.
    pub(super) fn read_spki(reader: &mut Reader<'a>) -> Result<Self, ConfigError> {
        let mut spki = reader.enter(der::SEQUENCE)?;
        let mut algorithm = spki.enter(der::SEQUENCE)?;
        let identifier = algorithm.expect(der::OBJECT_IDENTIFIER)?;
        let key = match identifier.content {
            spki::RSA_ENCRYPTION => {
                // The parameters are NULL; some writers leave them out.
                if !algorithm.is_empty() {
                    let null = algorithm.expect(der::NULL)?;
                    if !null.content.is_empty() {
                        return Err(algorithm.malformed(Fault::Unexpected, null.start));
                    }
                }
                let mut bits = spki.bit_string()?;
                let mut numbers = bits.enter(der::SEQUENCE)?;
                let n = numbers.positive_integer()?;
                let e = numbers.positive_integer()?;
                numbers.finish()?;
                bits.finish()?;
                Self::Rsa { n, e }
            }
            spki::EC_PUBLIC_KEY => {
                let name = algorithm.expect(der::OBJECT_IDENTIFIER)?;
                let curve = [Curve::P256, Curve::P384, Curve::P521]
                    .into_iter()
                    .find(|curve| curve.object_identifier() == name.content)
                    .ok_or(algorithm.malformed(Fault::Unsupported, name.start))?;
                let bits = spki.bit_string()?;
                let (start, q) = (bits.offset(), bits.clone().rest());
                match q {
                    [4, ..] if q.len() == curve.point_len() => {}
                    [2 | 3, ..] => return Err(bits.malformed(Fault::Unsupported, start)),
                    _ => return Err(bits.malformed(Fault::OutOfRange, start)),
                }
                Self::Ec { curve, q }
            }
            _ => return Err(algorithm.malformed(Fault::Unsupported, identifier.start)),
        };
        algorithm.finish()?;
        spki.finish()?;
        Ok(key)
    }

    /// Size in bits: that of the modulus, or of the curve's prime.
    #[must_use]
    pub fn bits(&self) -> usize {
        match *self {
            Self::Rsa { n, .. } => match magnitude(n) {
                [] => 0,
                n @ [first, ..] => n.len() * 8 - first.leading_zeros() as usize,
            },
            Self::Ec { curve, .. } => curve.bits(),
        }
    }

    /// The "key fingerprint" that Tasmota prints and expects, in its second version.
    ///
    /// It is SHA-1 over the fields of an SSH key, each with its length in four octets: `ssh-rsa`, `e`, `n`
    /// without leading zeros for RSA (so it differs from what `ssh-keygen` prints, which keeps a sign octet);
    /// the name and the point for elliptic curves, where Tasmota itself knows P-256 only, and P-384 and P-521
    /// follow its pattern.
    ///
    /// SHA-1 does not stand in the way here: a forger needs a second key with a given fingerprint, not two
    /// keys that collide. For new pins, [`PublicKey::spki_sha256`] is the better choice.
    #[must_use]
    pub fn fingerprint_sha1(&self) -> [u8; 20] {
        let mut hasher = Sha1::new();
        match *self {
            Self::Rsa { n, e } => {
                update_with_length(&mut hasher, b"ssh-rsa");
                update_with_length(&mut hasher, magnitude(e));
                update_with_length(&mut hasher, magnitude(n));
            }
            Self::Ec { curve, q } => {
                update_with_length(&mut hasher, curve.ssh_name());
                update_with_length(&mut hasher, q);
            }
        }
        hasher.digest()
    }

    /// The fingerprint of Tasmota's first version, to recognise what a user still has; `None` for keys other
    /// than RSA.
    ///
    /// **Never trust a key because of it.** It hashes `e` and `n` without their lengths, so that octets can
    /// move from one to the other: for any key there are others, easily broken ones, with this fingerprint.
    /// The only use is to say "this is the old form; the new one is …" to a user who checks it another way.
    #[must_use]
    pub fn fingerprint_obsolete_v1(&self) -> Option<[u8; 20]> {
        let Self::Rsa { n, e } = *self else {
            return None;
        };
        let mut hasher = Sha1::new();
        for part in [b"ssh-rsa", magnitude(e), magnitude(n)] {
            hasher.update(part);
        }
        Some(hasher.digest())
    }

    /// SHA-256 over the key's DER SubjectPublicKeyInfo: the default pin.
    ///
    /// `openssl pkey -pubin -in key.pem -outform der | sha256sum` prints the same; base64 of it is the pin of
    /// RFC 7469 section 2.4 and of `curl --pinnedpubkey`. The DER is never built; it goes into the hash
    /// piece by piece, without a buffer.
    #[must_use]
    pub fn spki_sha256(&self) -> [u8; 32] {
        let mut hasher = Sha256::new();
        spki::write(self, &mut |bytes| hasher.update(bytes));
        hasher.digest()
    }

    /// Hands an unambiguous description of the key to `feed`, piece by piece.
    pub(super) fn describe(&self, feed: &mut dyn FnMut(&[u8])) {
        spki::write(self, feed);
    }
}

/// A big-endian number without its leading zeros.
fn magnitude(mut number: &[u8]) -> &[u8] {
    while let [0, rest @ ..] = number {
        number = rest;
    }
    number
}

/// Four octets of length, then the bytes: the `string` of RFC 4251 section 5.
fn update_with_length(hasher: &mut Sha1, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u32).to_be_bytes());
    hasher.update(bytes);
}
