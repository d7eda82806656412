//! The three wrappings of a private key: PKCS#1, SEC1, and PKCS#8 around either.

use super::der::{
    self, EXPLICIT_0, IMPLICIT_1, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE,
};
use crate::error::{ConfigError, Fault, Input};

/// Which wrapping was found, and what is inside. The readers stand behind the version number.
pub(super) enum Container<'a> {
    /// `RSAPrivateKey` (RFC 8017 appendix A.1.2).
    Pkcs1(Reader<'a>),
    /// `ECPrivateKey` (RFC 5915).
    Sec1(Reader<'a>),
    /// `OneAsymmetricKey` (RFC 5958), which is PKCS#8.
    Pkcs8(Pkcs8<'a>),
}

/// PKCS#8: the algorithm, and the key as that algorithm writes it.
pub(super) struct Pkcs8<'a> {
    /// The algorithm's identifier, with its place for error messages.
    pub(super) algorithm: der::Element<'a>,
    /// What follows the identifier.
    pub(super) parameters: Reader<'a>,
    /// Contents of the OCTET STRING that holds the key.
    pub(super) key: Reader<'a>,
}

impl<'a> Container<'a> {
    /// Tells the wrappings apart by the element that follows the version number.
    pub(super) fn open(der: &'a [u8]) -> Result<Self, ConfigError> {
        let mut outer = der::open(der, Input::PrivateKey)?;
        if outer.peek() == Some(SEQUENCE) {
            return Err(not_a_plain_key(outer));
        }
        let version = outer.read(INTEGER)?;
        match (outer.peek(), version.contents) {
            (Some(INTEGER), [0]) => Ok(Self::Pkcs1(outer)),
            // Version 1 has more than two primes.
            (Some(INTEGER), [1]) => Err(version.error(Fault::Unsupported)),
            (Some(OCTET_STRING), [1]) => Ok(Self::Sec1(outer)),
            (Some(SEQUENCE), [0] | [1]) => pkcs8(outer, version.contents == [1]).map(Self::Pkcs8),
            (Some(INTEGER | OCTET_STRING | SEQUENCE), _) => Err(version.error(Fault::Unsupported)),
            (Some(_), _) => Err(outer.error(Fault::Unexpected)),
            (None, _) => Err(outer.error(Fault::Truncated)),
        }
    }
}

fn pkcs8(mut outer: Reader<'_>, second_version: bool) -> Result<Pkcs8<'_>, ConfigError> {
    let mut parameters = outer.enter(SEQUENCE)?;
    let algorithm = parameters.read(OBJECT_IDENTIFIER)?;
    let key = outer.enter(OCTET_STRING)?;
    outer.optional(EXPLICIT_0)?; // attributes
    if second_version {
        outer.optional(IMPLICIT_1)?; // publicKey
    }
    outer.finish()?;
    Ok(Pkcs8 {
        algorithm,
        parameters,
        key,
    })
}

/// A SEQUENCE where the version number belongs: an encrypted key (RFC 5958 section 3) starts like that, and so does
/// a certificate.
fn not_a_plain_key(mut outer: Reader<'_>) -> ConfigError {
    let at = outer;
    let encrypted = outer
        .enter(SEQUENCE)
        .is_ok_and(|inner| inner.peek() == Some(OBJECT_IDENTIFIER));
    at.error(if encrypted {
        Fault::Unsupported
    } else {
        Fault::Unexpected
    })
}
