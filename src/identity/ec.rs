//! EC private keys on P-256.

use core::fmt;

use subtle::ConstantTimeEq;

use super::certificate::{EC_PUBLIC_KEY, LeafPublicKey, SECP256R1};
use super::container::Container;
use super::der::{self, EXPLICIT_0, EXPLICIT_1, OBJECT_IDENTIFIER, OCTET_STRING, Reader};
use super::{Key, Pairing, number, pem};
use crate::error::{ConfigError, Fault, Input};

/// Order of the group of P-256 (FIPS 186-4 appendix D.1.2.3).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// A private key on the curve P-256, borrowed from the bytes it was read from.
///
/// ```
/// use bearcub::identity::EcKey;
///
/// # fn main() -> Result<(), bearcub::error::ConfigError> {
/// // SEC1 and PKCS#8 are told apart by themselves.
/// let key = EcKey::from_der(include_bytes!("../../tests/data/test-only-ec-sec1.der"))?;
/// assert_eq!(key.scalar().len(), 32);
///
/// // A bare scalar, as Tasmota's `TLSKey1` stores it (after its base64).
/// let same = EcKey::from_scalar(key.scalar())?;
/// assert_eq!(same.scalar(), key.scalar());
/// # Ok(())
/// # }
/// ```
///
/// Source: RFC 5915 (SEC1), RFC 5958 (PKCS#8), RFC 5480 (the names of curves).
#[derive(Clone, Copy)]
pub struct EcKey<'a> {
    scalar: &'a [u8],
    point: Option<&'a [u8; 65]>,
}

impl<'a> EcKey<'a> {
    /// Reads a key in DER: SEC1 `ECPrivateKey`, or PKCS#8 around it.
    ///
    /// A SEC1 key that does not name its curve is taken for P-256 if its scalar is 32 bytes long. The input must be
    /// exactly as long as its outer SEQUENCE says.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Malformed`] with [`Input::PrivateKey`] and the byte offset. The fault is
    /// [`Fault::Unsupported`] for another curve, an RSA key, an encrypted key, or a compressed point, and
    /// [`Fault::OutOfRange`] for a scalar that is 0 or not below the order of the curve.
    pub fn from_der(der: &'a [u8]) -> Result<Self, ConfigError> {
        match Container::open(der)? {
            Container::Sec1(body) => read_sec1(body, false),
            Container::Pkcs8(mut pkcs8) => {
                if pkcs8.algorithm.contents != EC_PUBLIC_KEY {
                    return Err(pkcs8.algorithm.error(Fault::Unsupported));
                }
                check_curve(&mut pkcs8.parameters)?;
                let mut body = pkcs8.key.enter(der::SEQUENCE)?;
                pkcs8.key.finish()?;
                let version = body.read(der::INTEGER)?;
                if version.contents != [1] {
                    return Err(version.error(Fault::Unsupported));
                }
                read_sec1(body, true)
            }
            Container::Pkcs1(body) => Err(body.error(Fault::Unsupported)),
        }
    }

    /// Reads the first private key in a PEM text; `out` receives its DER, and the key borrows it from there.
    ///
    /// `out` needs 3 bytes for every 4 characters of base64; 256 bytes are enough for any EC key on P-256.
    ///
    /// # Errors
    ///
    /// Those of [`pem::decode`] and of [`EcKey::from_der`], whose offsets count in the DER.
    pub fn from_pem(pem: &[u8], out: &'a mut [u8]) -> Result<Self, ConfigError> {
        Self::from_der(pem::decode(pem, &pem::PRIVATE_KEYS, out)?.der)
    }

    /// Takes a bare scalar, 1 to 32 bytes, big-endian; more bytes are allowed if the leading ones are zero.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Malformed`] with [`Fault::OutOfRange`] if it is 0 or not below the order of the curve.
    pub fn from_scalar(scalar: &'a [u8]) -> Result<Self, ConfigError> {
        let scalar = checked_scalar(scalar).ok_or(der::malformed(
            Input::PrivateKey,
            Fault::OutOfRange,
            0,
        ))?;
        Ok(Self {
            scalar,
            point: None,
        })
    }

    /// The secret scalar, big-endian, 1 to 32 bytes; a shorter one stands for the number, leading zeros left out.
    pub fn scalar(&self) -> &'a [u8] {
        self.scalar
    }

    /// The public point (65 bytes: 4, x, y), where the key brought it along.
    ///
    /// It is a claim of whoever wrote the key; nothing here computes it from the scalar.
    pub fn point(&self) -> Option<&'a [u8; 65]> {
        self.point
    }
}

impl Key for EcKey<'_> {
    type Borrowed<'k> = EcKey<'k>;

    fn from_der(der: &[u8]) -> Result<EcKey<'_>, ConfigError> {
        EcKey::from_der(der)
    }

    fn reborrow(&self) -> EcKey<'_> {
        *self
    }

    fn pairing(&self, leaf: &LeafPublicKey<'_>) -> Pairing {
        match (leaf.ec_point(), self.point) {
            (None, _) => Pairing::Differs,
            (Some(_), None) => Pairing::NotTold,
            (Some(theirs), Some(ours)) if theirs == ours => Pairing::Matches,
            (Some(_), Some(_)) => Pairing::Differs,
        }
    }
}

impl super::sealed::Sealed for EcKey<'_> {}

/// Shows nothing of the key.
impl fmt::Debug for EcKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EcKey(P-256)")
    }
}

/// Reads an `ECPrivateKey` behind its version number.
fn read_sec1<'a>(mut body: Reader<'a>, curve_is_known: bool) -> Result<EcKey<'a>, ConfigError> {
    let octets = body.read(OCTET_STRING)?;
    match body.optional(EXPLICIT_0)? {
        Some(parameters) => check_curve(&mut parameters.reader())?,
        None if curve_is_known || octets.contents.len() == 32 => {}
        None => return Err(octets.error(Fault::Unsupported)),
    }
    // After the curve, so that a key on a larger curve is told that, and not that its scalar is too large.
    let scalar = checked_scalar(octets.contents).ok_or(octets.error(Fault::OutOfRange))?;
    let point = match body.optional(EXPLICIT_1)? {
        Some(wrapped) => {
            let mut inner = wrapped.reader();
            let point = read_point(&mut inner)?;
            inner.finish()?;
            Some(point)
        }
        None => None,
    };
    body.finish()?;
    Ok(EcKey { scalar, point })
}

/// The curve must be named, and be P-256.
fn check_curve(parameters: &mut Reader<'_>) -> Result<(), ConfigError> {
    let at = *parameters;
    match parameters.peek() {
        None => return Err(at.error(Fault::Truncated)),
        // specifiedCurve, which RFC 5480 forbids.
        Some(der::SEQUENCE) => return Err(at.error(Fault::Unsupported)),
        Some(_) => {}
    }
    let curve = parameters.read(OBJECT_IDENTIFIER)?;
    if curve.contents != SECP256R1 {
        return Err(curve.error(Fault::Unsupported));
    }
    parameters.finish()
}

fn read_point<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8; 65], ConfigError> {
    let bits = reader.bit_string()?;
    match bits.contents {
        [2 | 3, x @ ..] if x.len() == 32 => Err(bits.error(Fault::Unsupported)),
        [4, ..] => bits
            .contents
            .try_into()
            .map_err(|_| bits.error(Fault::OutOfRange)),
        _ => Err(bits.error(Fault::Unexpected)),
    }
}

/// The last 32 bytes, if what precedes them is zero and the number is in 1..ORDER. Takes the same time for all
/// scalars of one length.
fn checked_scalar(bytes: &[u8]) -> Option<&[u8]> {
    let (excess, scalar) = bytes.split_at(bytes.len().saturating_sub(32));
    let sound = number::is_zero(excess) & !number::is_zero(scalar) & number::less(scalar, &ORDER);
    bool::from(sound & !scalar.len().ct_eq(&0)).then_some(scalar)
}
