//! The grammar of a certificate, as steps from one element to the next.

use core::net::IpAddr;

use super::Findings;
use crate::clock::Time;
use crate::error::CertificateError;
use crate::trust::der::{BIT_STRING, BOOLEAN, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE};

const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// dNSName in a GeneralName (RFC 5280 section 4.2.1.6).
pub(super) const DNS_NAME: u8 = 0x82;
/// iPAddress in a GeneralName (RFC 5280 section 4.2.1.6).
const IP_ADDRESS: u8 = 0x87;

/// id-ce-subjectAltName (RFC 5280 section 4.2.1.6).
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
/// id-ce-extKeyUsage (RFC 5280 section 4.2.1.12).
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
/// anyExtendedKeyUsage.
const ANY_USAGE: &[u8] = &[0x55, 0x1d, 0x25, 0x00];
/// id-kp-serverAuth.
const SERVER_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];

/// Which extension is being read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extension {
    AltName,
    KeyUsage,
    Other,
}

/// The place in the certificate: what may come next, or which element may end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Certificate,
    ToBeSigned,
    Version,
    Serial,
    SignatureInside,
    Issuer,
    Validity,
    NotBefore,
    NotAfter,
    ValidityEnd,
    Subject,
    PublicKey,
    /// The unique identifiers and the extensions, or the end of the tbsCertificate.
    Optional,
    Extensions,
    /// An extension, or the end of their list.
    Extension,
    ExtensionId,
    /// The critical flag, or the value.
    Critical(Extension),
    Value(Extension),
    ExtensionEnd,
    ExtensionsEnd,
    ToBeSignedEnd,
    /// The list inside of the value of an extension.
    List(Extension),
    /// A GeneralName, or the end of their list.
    GeneralName,
    /// A KeyPurposeId, or the end of their list.
    Purpose,
    ValueEnd,
    SignatureAlgorithm,
    Signature,
    CertificateEnd,
}

/// What to do with an element, and which step follows.
#[derive(Clone, Copy)]
pub(super) enum Action {
    /// Go into it; the step is for what is inside.
    Enter(Step),
    /// Pass over its content.
    Skip(Step),
    /// Hash it: it is the SubjectPublicKeyInfo.
    Hash,
    /// Collect its content, for [`Findings::note`]; this is its tag.
    Look(u8),
}

impl Step {
    /// What to do with the element that begins here with this tag.
    pub fn open(self, tag: u8) -> Result<Action, CertificateError> {
        use Action::{Enter, Hash, Look, Skip};
        Ok(match (self, tag) {
            (Self::Certificate, SEQUENCE) => Enter(Self::ToBeSigned),
            (Self::ToBeSigned, SEQUENCE) => Enter(Self::Version),
            (Self::Version, 0xa0) => Skip(Self::Serial),
            (Self::Version | Self::Serial, INTEGER) => Skip(Self::SignatureInside),
            (Self::SignatureInside, SEQUENCE) => Skip(Self::Issuer),
            (Self::Issuer, SEQUENCE) => Skip(Self::Validity),
            (Self::Validity, SEQUENCE) => Enter(Self::NotBefore),
            (Self::NotBefore | Self::NotAfter, UTC_TIME | GENERALIZED_TIME) => Look(tag),
            (Self::Subject, SEQUENCE) => Skip(Self::PublicKey),
            (Self::PublicKey, SEQUENCE) => Hash,
            (Self::Optional, 0x81 | 0x82) => Skip(Self::Optional),
            (Self::Optional, 0xa3) => Enter(Self::Extensions),
            (Self::Extensions, SEQUENCE) => Enter(Self::Extension),
            (Self::Extension, SEQUENCE) => Enter(Self::ExtensionId),
            (Self::ExtensionId, OBJECT_IDENTIFIER) => Look(tag),
            (Self::Critical(which), BOOLEAN) => Skip(Self::Value(which)),
            (Self::Critical(which) | Self::Value(which), OCTET_STRING) => match which {
                Extension::Other => Skip(Self::ExtensionEnd),
                Extension::AltName | Extension::KeyUsage => Enter(Self::List(which)),
            },
            (Self::List(Extension::AltName), SEQUENCE) => Enter(Self::GeneralName),
            (Self::List(_), SEQUENCE) => Enter(Self::Purpose),
            (Self::GeneralName, DNS_NAME | IP_ADDRESS) => Look(tag),
            (Self::GeneralName, 0x80..=0x88 | 0xa0..=0xa8) => Skip(Self::GeneralName),
            (Self::Purpose, OBJECT_IDENTIFIER) => Look(tag),
            (Self::SignatureAlgorithm, SEQUENCE) => Skip(Self::Signature),
            (Self::Signature, BIT_STRING) => Skip(Self::CertificateEnd),
            (
                Self::ValidityEnd
                | Self::ExtensionEnd
                | Self::ExtensionsEnd
                | Self::ToBeSignedEnd
                | Self::ValueEnd
                | Self::CertificateEnd,
                _,
            ) => return Err(CertificateError::ExtraElement),
            _ => return Err(CertificateError::BadTagValue),
        })
    }

    /// The step that follows when the innermost open element ends here.
    pub fn close(self) -> Result<Self, CertificateError> {
        Ok(match self {
            Self::ValidityEnd => Self::Subject,
            Self::GeneralName | Self::Purpose => Self::ValueEnd,
            Self::ValueEnd => Self::ExtensionEnd,
            Self::ExtensionEnd => Self::Extension,
            Self::Extension => Self::ExtensionsEnd,
            Self::ExtensionsEnd => Self::ToBeSignedEnd,
            Self::Optional | Self::ToBeSignedEnd => Self::SignatureAlgorithm,
            Self::CertificateEnd => Self::CertificateEnd,
            _ => return Err(CertificateError::InnerTruncated),
        })
    }
}

impl Findings {
    /// Takes the content of an element that was looked at in this step; `None` if it is a long one.
    pub fn note(
        &mut self,
        step: Step,
        tag: u8,
        content: Option<&[u8]>,
        address: Option<IpAddr>,
    ) -> Result<Step, CertificateError> {
        Ok(match step {
            Step::NotBefore => {
                self.not_before = Some(read_time(tag, content)?);
                Step::NotAfter
            }
            Step::NotAfter => {
                self.not_after = Some(read_time(tag, content)?);
                Step::ValidityEnd
            }
            Step::ExtensionId => {
                let (which, seen) = match content {
                    Some(SUBJECT_ALT_NAME) => (Extension::AltName, &mut self.has_subject_alt_name),
                    Some(EXTENDED_KEY_USAGE) => {
                        (Extension::KeyUsage, &mut self.has_extended_key_usage)
                    }
                    _ => return Ok(Step::Critical(Extension::Other)),
                };
                // "A certificate MUST NOT include more than one instance of a particular extension."
                if core::mem::replace(seen, true) {
                    return Err(CertificateError::Unexpected);
                }
                Step::Critical(which)
            }
            Step::GeneralName => {
                let octets = content.filter(|_| tag == IP_ADDRESS);
                self.has_address |= match (address, octets) {
                    (Some(IpAddr::V4(wanted)), Some(found)) => wanted.octets() == *found,
                    (Some(IpAddr::V6(wanted)), Some(found)) => wanted.octets() == *found,
                    _ => false,
                };
                Step::GeneralName
            }
            Step::Purpose => {
                self.allows_server |= matches!(content, Some(SERVER_AUTH | ANY_USAGE));
                Step::Purpose
            }
            _ => return Err(CertificateError::Unexpected),
        })
    }
}

fn read_time(tag: u8, content: Option<&[u8]>) -> Result<Time, CertificateError> {
    content
        .and_then(match tag {
            UTC_TIME => Time::from_utc_time,
            _ => Time::from_generalized_time,
        })
        .ok_or(CertificateError::BadTime)
}

/// The length in a header that is complete, or `None` if it is not; below 16 MB.
pub(super) fn read_length(header: &[u8]) -> Result<Option<u32>, CertificateError> {
    match *header {
        [_, short @ 0..=0x7f] => Ok(Some(u32::from(short))),
        [_, 0x80] => Err(CertificateError::IndefiniteLength),
        [_, 0x84..=0xff] => Err(CertificateError::LimitExceeded),
        [_, first, ref octets @ ..] if octets.len() == usize::from(first & 0x7f) => {
            let length = octets
                .iter()
                .fold(0, |sum, octet| sum << 8 | u32::from(*octet));
            if length < 0x80 || octets.first() == Some(&0) {
                return Err(CertificateError::InvalidValue);
            }
            Ok(Some(length))
        }
        _ => Ok(None),
    }
}
