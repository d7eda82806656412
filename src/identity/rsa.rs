//! RSA private keys.

use core::fmt;

use super::certificate::{LeafPublicKey, RSA_ENCRYPTION};
use super::container::Container;
use super::der::{self, Element, INTEGER, Reader};
use super::{Key, Pairing, number, pem};
use crate::error::{ConfigError, Fault};

/// An RSA private key of 2048 to [`LARGEST_BITS`](Self::LARGEST_BITS) bits, borrowed from the bytes it was read from.
///
/// It holds what the Chinese remainder theorem needs, in the names of RFC 8017; the private exponent `d` is read over.
/// All numbers are big-endian without leading zeros.
///
/// ```
/// use bearcub::identity::RsaKey;
///
/// # fn main() -> Result<(), bearcub::error::ConfigError> {
/// let key = RsaKey::from_der(include_bytes!("../../tests/data/test-only-rsa-pkcs1.der"))?;
/// assert_eq!(key.n_bits(), 2048);
/// assert_eq!(key.e(), [1, 0, 1]);
/// # Ok(())
/// # }
/// ```
///
/// What is checked: that modulus and primes are odd, that the primes are of equal size (to within 32 bits), that
/// exponents and coefficient are in their ranges, and that `p * q` is `n` modulo 2^32 and modulo 2^32 - 1, so that no
/// single corrupted byte of `n`, `p` or `q` goes unseen. Corrupted `dp`, `dq` or `iq` show up as a wrong
/// signature only, and a wrong signature may give the key away: verify it before it is sent.
///
/// Source: RFC 8017 appendix A.1.2 (PKCS#1), RFC 5958 (PKCS#8).
#[derive(Clone, Copy)]
pub struct RsaKey<'a> {
    n: &'a [u8],
    e: &'a [u8],
    p: &'a [u8],
    q: &'a [u8],
    dp: &'a [u8],
    dq: &'a [u8],
    iq: &'a [u8],
}

impl<'a> RsaKey<'a> {
    /// Bits of the largest RSA key that this build works with, a server's as well: 4096, or 2048 without the feature
    /// `rsa-4096`.
    pub const LARGEST_BITS: usize = bearssl_sys::BR_MAX_RSA_SIZE;

    /// Reads a key in DER: PKCS#1 `RSAPrivateKey`, or PKCS#8 around it.
    ///
    /// The input must be exactly as long as its outer SEQUENCE says.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Malformed`] with [`Input::PrivateKey`](crate::error::Input::PrivateKey) and the byte offset. The
    /// fault is [`Fault::Unsupported`] for an EC key, an encrypted key, a key restricted to RSA-PSS, or one of more
    /// than two primes, and [`Fault::OutOfRange`] for fewer than 2048 or more than
    /// [`LARGEST_BITS`](Self::LARGEST_BITS) bits and for numbers that cannot belong to one key.
    pub fn from_der(der: &'a [u8]) -> Result<Self, ConfigError> {
        match Container::open(der)? {
            Container::Pkcs1(body) => read_pkcs1(body),
            Container::Pkcs8(mut pkcs8) => {
                if pkcs8.algorithm.contents != RSA_ENCRYPTION {
                    return Err(pkcs8.algorithm.error(Fault::Unsupported));
                }
                // "The parameters field MUST have ASN.1 type NULL" (RFC 3279 section 2.3.1).
                let null = pkcs8.parameters.read(der::NULL)?;
                if !null.contents.is_empty() {
                    return Err(null.error(Fault::Unexpected));
                }
                pkcs8.parameters.finish()?;
                let mut body = pkcs8.key.enter(der::SEQUENCE)?;
                pkcs8.key.finish()?;
                let version = body.read(INTEGER)?;
                if version.contents != [0] {
                    return Err(version.error(Fault::Unsupported));
                }
                read_pkcs1(body)
            }
            Container::Sec1(body) => Err(body.error(Fault::Unsupported)),
        }
    }

    /// Reads the first private key in a PEM text; `out` receives its DER, and the key borrows it from there.
    ///
    /// `out` needs 3 bytes for every 4 characters of base64: about 1,220 bytes for a key of 2048 bits, and 2,380 for
    /// one of 4096.
    ///
    /// # Errors
    ///
    /// Those of [`pem::decode`] and of [`RsaKey::from_der`], whose offsets count in the DER.
    pub fn from_pem(pem: &[u8], out: &'a mut [u8]) -> Result<Self, ConfigError> {
        Self::from_der(pem::decode(pem, &pem::PRIVATE_KEYS, out)?.der)
    }

    /// Length of the modulus in bits, 2048 to [`LARGEST_BITS`](Self::LARGEST_BITS).
    pub fn n_bits(&self) -> usize {
        number::bits(self.n)
    }

    /// The modulus; public.
    pub fn n(&self) -> &'a [u8] {
        self.n
    }

    /// The public exponent; public.
    pub fn e(&self) -> &'a [u8] {
        self.e
    }

    /// The first prime; secret.
    pub fn p(&self) -> &'a [u8] {
        self.p
    }

    /// The second prime; secret.
    pub fn q(&self) -> &'a [u8] {
        self.q
    }

    /// The private exponent modulo `p - 1`; secret.
    pub fn dp(&self) -> &'a [u8] {
        self.dp
    }

    /// The private exponent modulo `q - 1`; secret.
    pub fn dq(&self) -> &'a [u8] {
        self.dq
    }

    /// The inverse of `q` modulo `p`; secret.
    pub fn iq(&self) -> &'a [u8] {
        self.iq
    }
}

impl Key for RsaKey<'_> {
    type Borrowed<'k> = RsaKey<'k>;

    fn from_der(der: &[u8]) -> Result<RsaKey<'_>, ConfigError> {
        RsaKey::from_der(der)
    }

    fn reborrow(&self) -> RsaKey<'_> {
        *self
    }

    fn pairing(&self, leaf: &LeafPublicKey<'_>) -> Pairing {
        match leaf.rsa() {
            Some((modulus, exponent)) if modulus == self.n && exponent == self.e => {
                Pairing::Matches
            }
            _ => Pairing::Differs,
        }
    }
}

impl super::sealed::Sealed for RsaKey<'_> {}

/// Shows nothing of the key but its size.
impl fmt::Debug for RsaKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaKey({} bits)", self.n_bits())
    }
}

/// Reads an `RSAPrivateKey` behind its version number.
fn read_pkcs1<'a>(mut body: Reader<'a>) -> Result<RsaKey<'a>, ConfigError> {
    let n = body.unsigned()?;
    let e = body.unsigned()?;
    let d = body.unsigned()?;
    let p = body.unsigned()?;
    let q = body.unsigned()?;
    let dp = body.unsigned()?;
    let dq = body.unsigned()?;
    let iq = body.unsigned()?;
    body.finish()?;

    let n_bits = number::bits(n.contents);
    require(
        (2048..=RsaKey::LARGEST_BITS).contains(&n_bits) && odd(&n),
        &n,
    )?;
    require(odd(&e) && e.contents != [1] && below(&e, &n), &e)?;
    require(odd(&d) && below(&d, &n), &d)?;
    for prime in [&p, &q] {
        // Far from half the size, a prime would not fit the engine's buffers.
        let imbalance = number::bits(prime.contents).abs_diff(n_bits / 2);
        require(odd(prime) && imbalance <= 32, prime)?;
    }
    require(product_agrees(p.contents, q.contents, n.contents), &p)?;
    for (value, prime) in [(&dp, &p), (&dq, &q)] {
        // The primes' predecessors are even, so what is invertible modulo them is odd.
        require(odd(value) && below(value, prime), value)?;
    }
    require(!iq.contents.is_empty() && below(&iq, &p), &iq)?;

    Ok(RsaKey {
        n: n.contents,
        e: e.contents,
        p: p.contents,
        q: q.contents,
        dp: dp.contents,
        dq: dq.contents,
        iq: iq.contents,
    })
}

fn require(holds: bool, element: &Element<'_>) -> Result<(), ConfigError> {
    if holds {
        Ok(())
    } else {
        Err(element.error(Fault::OutOfRange))
    }
}

fn odd(number: &Element<'_>) -> bool {
    number.contents.last().is_some_and(|last| last & 1 == 1)
}

fn below(number: &Element<'_>, limit: &Element<'_>) -> bool {
    number::less(number.contents, limit.contents).into()
}

/// `p * q` and `n` leave the same rest under 2^32 and under 2^32 - 1.
fn product_agrees(p: &[u8], q: &[u8], n: &[u8]) -> bool {
    let low = low_word(p).wrapping_mul(low_word(q)) == low_word(n);
    let rest = number::fold(number::residue(p) * number::residue(q)) == number::residue(n);
    low & rest
}

fn low_word(number: &[u8]) -> u32 {
    number
        .iter()
        .rev()
        .take(4)
        .rev()
        .fold(0, |word, byte| word << 8 | u32::from(*byte))
}
