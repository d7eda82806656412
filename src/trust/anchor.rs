//! Trust anchors: the keys whose signatures a device accepts on certificates.

use super::PublicKey;
use super::der::{self, Element, Reader};
use crate::error::{ConfigError, Fault, Input};
use crate::pem;

/// A certificate authority that the program trusts: its name and its key.
///
/// ```
/// use bearcub::trust::TrustAnchor;
/// # const PEM: &[u8] = include_bytes!("../../tests/trust_data/isrg-root-x2.pem");
///
/// let mut buffer = [0; 1024];
/// let anchor = TrustAnchor::from_certificate_pem(PEM, &mut buffer)?;
/// assert_eq!(anchor.key.bits(), 384);
/// # Ok::<(), bearcub::error::ConfigError>(())
/// ```
///
/// All fields are public, so that a table of anchors can be a constant in flash (name and key only; the rest
/// of the certificate is of no use to a device):
///
/// ```
/// use bearcub::trust::{PublicKey, TrustAnchor};
///
/// static ANCHORS: [TrustAnchor; 1] = [TrustAnchor {
///     subject: &[0x30, 0x0d, 0x31, 0x0b, 0x30, 0x09, 6, 3, 0x55, 4, 3, 0x0c, 2, b'C', b'A'],
///     key: PublicKey::Rsa { n: &[0xc5; 256], e: &[1, 0, 1] },
///     is_ca: true,
/// }];
/// # let _ = &ANCHORS;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustAnchor<'a> {
    /// The DER Name of the authority, from its SEQUENCE tag on. Empty for a bare key, which may sign under
    /// any name.
    pub subject: &'a [u8],
    /// The key.
    pub key: PublicKey<'a>,
    /// Whether the key may sign certificates. If not, the anchor is the server's own key under that name.
    pub is_ca: bool,
}

impl<'a> TrustAnchor<'a> {
    /// Reads the DER certificate of an authority: a root or an intermediate.
    ///
    /// Only the name and the key count. The certificate's own signature, its validity and its restrictions
    /// are not looked at: that the program has it is what makes it trusted (RFC 5280 section 6.1.1 (d)).
    ///
    /// # Errors
    ///
    /// [`ConfigError::AnchorNotCa`] if the certificate is no authority's: its basicConstraints do not say CA,
    /// its keyUsage does not allow signing certificates, or it is a version 1 certificate (which cannot say)
    /// and no root. [`ConfigError::Malformed`] with [`Input::Certificate`] for what is no certificate or has
    /// a kind of key that is not supported.
    pub fn from_certificate(der: &'a [u8]) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(der, Input::Certificate);
        let mut certificate = reader.enter(der::SEQUENCE)?;
        reader.finish()?;
        let mut tbs = certificate.enter(der::SEQUENCE)?;
        certificate.expect(der::SEQUENCE)?;
        certificate.expect(der::BIT_STRING)?;
        certificate.finish()?;

        let has_version = tbs.next_is(0xa0);
        if has_version {
            tbs.any()?;
        }
        tbs.expect(der::INTEGER)?;
        tbs.expect(der::SEQUENCE)?;
        let issuer = tbs.expect(der::SEQUENCE)?;
        tbs.expect(der::SEQUENCE)?;
        let subject = tbs.expect(der::SEQUENCE)?;
        let key = PublicKey::read_spki(&mut tbs)?;
        // issuerUniqueID and subjectUniqueID
        for tag in [0x81, 0x82] {
            if tbs.next_is(tag) {
                tbs.any()?;
            }
        }

        let is_ca = if tbs.next_is(0xa3) {
            let mut extensions = tbs.enter(0xa3)?;
            let is_ca = extensions_say_ca(&mut extensions)?;
            extensions.finish()?;
            is_ca
        } else {
            // Version 3 says with its extensions what it is; before that, only roots are known to be roots.
            !has_version && issuer.raw == subject.raw
        };
        tbs.finish()?;
        if !is_ca {
            return Err(ConfigError::AnchorNotCa);
        }
        Ok(Self {
            subject: subject.raw,
            key,
            is_ca,
        })
    }

    /// Reads a DER SubjectPublicKeyInfo: a bare key, whose signatures count under any issuer name.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Malformed`] with [`Input::PublicKey`].
    pub fn from_public_key(spki: &'a [u8]) -> Result<Self, ConfigError> {
        Ok(Self::bare(PublicKey::from_spki(spki)?))
    }

    /// A bare key, whose signatures count under any issuer name.
    #[must_use]
    pub const fn bare(key: PublicKey<'a>) -> Self {
        Self {
            subject: &[],
            key,
            is_ca: true,
        }
    }

    /// [`TrustAnchor::from_certificate`] for PEM (`BEGIN CERTIFICATE`). The DER goes into `buffer`, three
    /// quarters of the text's size.
    ///
    /// The text may begin with lines of explanation; after the certificate there may be nothing but
    /// blank space.
    ///
    /// # Errors
    ///
    /// Those of [`TrustAnchor::from_certificate`], and [`ConfigError::Malformed`] with [`Input::Pem`]:
    /// [`Fault::OtherKind`] for another kind of PEM, [`Fault::BufferTooSmall`] for a buffer smaller than
    /// the DER, [`Fault::TrailingData`] for more than one certificate.
    pub fn from_certificate_pem(text: &[u8], buffer: &'a mut [u8]) -> Result<Self, ConfigError> {
        Self::from_certificate(only(text, pem::CERTIFICATE, buffer)?)
    }

    /// [`TrustAnchor::from_public_key`] for PEM (`BEGIN PUBLIC KEY`). The DER goes into `buffer`, three
    /// quarters of the text's size.
    ///
    /// # Errors
    ///
    /// Those of [`TrustAnchor::from_public_key`], and those of [`TrustAnchor::from_certificate_pem`] for the
    /// armour.
    pub fn from_public_key_pem(text: &[u8], buffer: &'a mut [u8]) -> Result<Self, ConfigError> {
        Self::from_public_key(only(text, pem::PUBLIC_KEY, buffer)?)
    }
}

/// The one block of a text, which nothing follows.
fn only<'a>(text: &[u8], label: &str, buffer: &'a mut [u8]) -> Result<&'a [u8], ConfigError> {
    let malformed = |fault, offset| ConfigError::Malformed {
        input: Input::Pem,
        fault,
        offset,
    };
    let block = pem::decode(text, &[label], buffer).map_err(|error| match error {
        // The memory is not that of an identity.
        ConfigError::MemoryTooSmall { .. } => malformed(Fault::BufferTooSmall, 0),
        other => other,
    })?;
    let behind = block.rest.trim_ascii_start().len();
    if behind > 0 {
        return Err(malformed(Fault::TrailingData, text.len() - behind));
    }
    Ok(block.der)
}

/// id-ce-basicConstraints (RFC 5280 section 4.2.1.9).
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
/// id-ce-keyUsage (RFC 5280 section 4.2.1.3).
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];

fn extensions_say_ca(reader: &mut Reader<'_>) -> Result<bool, ConfigError> {
    let (mut is_ca, mut may_sign) = (None, None);
    let mut list = reader.enter(der::SEQUENCE)?;
    while !list.is_empty() {
        let mut extension = list.enter(der::SEQUENCE)?;
        let identifier = extension.expect(der::OBJECT_IDENTIFIER)?;
        if extension.next_is(der::BOOLEAN) {
            extension.any()?;
        }
        let mut value = extension.enter(der::OCTET_STRING)?;
        extension.finish()?;
        let fact = match identifier.content {
            BASIC_CONSTRAINTS => &mut is_ca,
            KEY_USAGE => &mut may_sign,
            _ => continue,
        };
        if fact.is_some() {
            return Err(list.malformed(Fault::Unexpected, identifier.start));
        }
        *fact = Some(match identifier.content {
            BASIC_CONSTRAINTS => read_basic_constraints(&mut value)?,
            _ => read_key_usage(&mut value)?,
        });
        value.finish()?;
    }
    Ok(is_ca.unwrap_or(false) && may_sign.unwrap_or(true))
}

/// Whether the subject is a CA.
fn read_basic_constraints(value: &mut Reader<'_>) -> Result<bool, ConfigError> {
    let mut constraints = value.enter(der::SEQUENCE)?;
    if !constraints.next_is(der::BOOLEAN) {
        return Ok(false);
    }
    let flag = constraints.any()?;
    match flag.content {
        [0xff] => Ok(true),
        [0x00] => Ok(false),
        _ => Err(constraints.malformed(Fault::OutOfRange, flag.start)),
    }
}

/// Whether keyCertSign is among the usages.
fn read_key_usage(value: &mut Reader<'_>) -> Result<bool, ConfigError> {
    let Element { content, start, .. } = value.expect(der::BIT_STRING)?;
    match content {
        // Bits count from the top; keyCertSign is bit 5.
        [0..=7, bits, ..] => Ok(bits & 0b0000_0100 != 0),
        _ => Err(value.malformed(Fault::OutOfRange, start)),
    }
}
