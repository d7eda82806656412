//! Certificates and lists of revoked ones: what they say, and how they are built.

use std::net::IpAddr;
use std::time::Duration;

use rand_core::Rng;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{CertificateBuilder, CrlBuilder};
use x509_cert::certificate::TbsCertificate;
use x509_cert::crl::{CertificateList, RevokedCert};
use x509_cert::der::asn1::{
    Any, GeneralizedTime, Ia5String, OctetString, SetOfVec, Uint, UtcTime, Utf8StringRef,
};
use x509_cert::der::flagset::FlagSet;
use x509_cert::der::oid::AssociatedOid;
use x509_cert::der::oid::db::rfc4519::CN;
use x509_cert::der::oid::db::rfc5280::ID_KP_SERVER_AUTH;
use x509_cert::der::{DateTime, Decode, Encode, EncodePem};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, CrlNumber, ExtendedKeyUsage, KeyUsage, KeyUsages,
    SubjectAltName, SubjectKeyIdentifier,
};
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};
use x509_cert::time::{Time, Validity};
use x509_cert::{Certificate, attr::AttributeTypeAndValue};

use super::key::{self, Key};
use crate::failure::Failure;

/// The largest certificate of a device, in bytes of DER.
pub const DEVICE_MAX: usize = 800;

/// Clocks that are a little behind are common: certificates and lists are valid from that many seconds before now.
const BACKDATED: i64 = 3600;
const DAY: i64 = 86_400;

/// What a certificate is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// The authority itself.
    Authority,
    /// A server with these names and addresses.
    Server(Vec<String>, Vec<IpAddr>),
    /// A device.
    Device,
}

/// From when to when, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first second.
    pub from: i64,
    /// The last one.
    pub to: i64,
}

impl Period {
    /// From a little before now, for that many days.
    pub fn days(now: i64, days: u32) -> Self {
        Period {
            from: now - BACKDATED,
            to: now + i64::from(days) * DAY,
        }
    }

    /// Ends with that second at the latest.
    #[must_use]
    pub fn until(self, end: i64) -> Self {
        Period {
            to: self.to.min(end),
            ..self
        }
    }

    /// Of a certificate.
    pub fn of(certificate: &Certificate) -> Self {
        let validity = certificate.tbs_certificate().validity();
        Period {
            from: seconds(&validity.not_before),
            to: seconds(&validity.not_after),
        }
    }
}

/// Seconds since 1970.
pub fn seconds(time: &Time) -> i64 {
    i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
}

/// UTCTime up to 2049, GeneralizedTime from then on (RFC 5280 section 4.1.2.5).
fn time(seconds: i64) -> Result<Time, Failure> {
    let wrong = || {
        Failure::Usage(
            "the time lies before 1970 or after 9999; is the clock set, are there too many --days?"
                .to_owned(),
        )
    };
    let seconds = u64::try_from(seconds).map_err(|_| wrong())?;
    let moment = DateTime::from_unix_duration(Duration::from_secs(seconds)).map_err(|_| wrong())?;
    Ok(UtcTime::from_date_time(moment).map_or_else(
        |_| Time::GeneralTime(GeneralizedTime::from_date_time(moment)),
        Time::UtcTime,
    ))
}

/// `CN=…`, and nothing else.
///
/// # Errors
/// If the text is too long for a name.
pub fn common_name(text: &str) -> Result<Name, Failure> {
    let value = Utf8StringRef::new(text).map_err(|error| built(&error))?;
    let one = AttributeTypeAndValue {
        oid: CN,
        value: Any::from(value),
    };
    let set = SetOfVec::try_from(vec![one]).map_err(|error| built(&error))?;
    let names = RdnSequence::from(vec![RelativeDistinguishedName::from(set)]);
    let der = names.to_der().map_err(|error| built(&error))?;
    Name::from_der(&der).map_err(|error| built(&error))
}

/// A profile that says nothing but what it is given.
struct Profile {
    subject: Name,
    issuer: Name,
    extensions: Vec<Extension>,
}

impl BuilderProfile for Profile {
    fn get_issuer(&self, _: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        _: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        _: &TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        Ok(self.extensions.clone())
    }
}

/// What is in a certificate besides serial number and signature.
pub struct Contents<'a> {
    /// What it is for.
    pub role: &'a Role,
    /// Whom it names.
    pub subject: &'a Name,
    /// When it is valid.
    pub period: Period,
    /// The key that it vouches for.
    pub spki: &'a [u8],
}

/// A certificate (DER) by an authority, or its own if there is none yet.
///
/// # Errors
/// If it cannot be built, or is too large for a device.
pub fn issue(
    contents: &Contents<'_>,
    issuer: Option<&Certificate>,
    key: &Key,
) -> Result<Vec<u8>, Failure> {
    let spki = SubjectPublicKeyInfoOwned::from_der(contents.spki).map_err(|error| built(&error))?;
    let profile = Profile {
        subject: contents.subject.clone(),
        issuer: issuer.map_or_else(
            || contents.subject.clone(),
            |issuer| issuer.tbs_certificate().subject().clone(),
        ),
        extensions: extensions(contents.role, &spki, issuer)?,
    };
    let validity = Validity::new(time(contents.period.from)?, time(contents.period.to)?);
    let builder = CertificateBuilder::new(profile, serial_number()?, validity, spki)
        .map_err(|error| built(&error))?;
    let der = key.sign(builder)?;
    if *contents.role == Role::Device && der.len() > DEVICE_MAX {
        return Err(Failure::Usage(format!(
            "the device's certificate would have {} bytes, and {DEVICE_MAX} are the limit; give it a shorter name",
            der.len()
        )));
    }
    Ok(der)
}

/// 128 bits of entropy behind a 1, so that it is positive and has the same length each time.
fn serial_number() -> Result<SerialNumber, Failure> {
    let mut bytes = [1; 17];
    key::entropy().fill_bytes(&mut bytes[1..]);
    SerialNumber::new(&bytes).map_err(|error| built(&error))
}

fn extensions(
    role: &Role,
    spki: &SubjectPublicKeyInfoOwned,
    issuer: Option<&Certificate>,
) -> Result<Vec<Extension>, Failure> {
    let mut list = Extensions(Vec::new());
    let identifier = key_identifier(spki)?;
    let is_authority = *role == Role::Authority;
    list.add(
        true,
        &BasicConstraints {
            ca: is_authority,
            path_len_constraint: is_authority.then_some(0),
        },
    )?;
    list.add(false, &identifier)?;
    if let Some(issuer) = issuer {
        let issuer = key_identifier(issuer.tbs_certificate().subject_public_key_info())?;
        list.add(
            false,
            &AuthorityKeyIdentifier {
                key_identifier: Some(issuer.0),
                ..AuthorityKeyIdentifier::default()
            },
        )?;
    }
    let is_rsa = spki.algorithm.oid == crate::material::private::RSA;
    let usages: FlagSet<KeyUsages> = match role {
        Role::Authority => KeyUsages::KeyCertSign | KeyUsages::CRLSign,
        // RSA key exchange encrypts with it.
        Role::Server(..) if is_rsa => KeyUsages::DigitalSignature | KeyUsages::KeyEncipherment,
        Role::Server(..) | Role::Device => KeyUsages::DigitalSignature.into(),
    };
    list.add(true, &KeyUsage(usages))?;
    if let Role::Server(names, addresses) = role {
        list.add(false, &ExtendedKeyUsage(vec![ID_KP_SERVER_AUTH]))?;
        let mut all = Vec::new();
        for name in names {
            let name = Ia5String::new(name).map_err(|error| built(&error))?;
            all.push(GeneralName::DnsName(name));
        }
        for address in addresses {
            let bytes = match address {
                IpAddr::V4(address) => address.octets().to_vec(),
                IpAddr::V6(address) => address.octets().to_vec(),
            };
            let bytes = OctetString::new(bytes).map_err(|error| built(&error))?;
            all.push(GeneralName::IpAddress(bytes));
        }
        list.add(false, &SubjectAltName(all))?;
    }
    Ok(list.0)
}

/// Extensions, each with a criticality of our choice.
struct Extensions(Vec<Extension>);

impl Extensions {
    fn add<E: AssociatedOid + Encode>(&mut self, critical: bool, value: &E) -> Result<(), Failure> {
        let value = value.to_der().map_err(|error| built(&error))?;
        self.0.push(Extension {
            extn_id: E::OID,
            critical,
            extn_value: OctetString::new(value).map_err(|error| built(&error))?,
        });
        Ok(())
    }
}

/// The SHA-1 of the key's bits (RFC 5280 section 4.2.1.2, method 1).
fn key_identifier(spki: &SubjectPublicKeyInfoOwned) -> Result<SubjectKeyIdentifier, Failure> {
    use x509_cert::der::referenced::OwnedToRef;
    SubjectKeyIdentifier::try_from(spki.owned_to_ref()).map_err(|error| built(&error))
}

/// The next list of revoked certificates (DER): what the last one said, and these serial numbers besides. It says that it is
/// valid for ever: whoever has the file on the broker's disk decides how fresh it is, and a broker whose list has expired
/// lets nobody in.
///
/// # Errors
/// If it cannot be built.
pub fn revoke(
    last: Option<&CertificateList>,
    serials: &[SerialNumber],
    now: i64,
    issuer: &Certificate,
    key: &Key,
) -> Result<Vec<u8>, Failure> {
    let number = last.map_or(Some(1), |last| crl_number(last)?.checked_add(1));
    let number = number.ok_or_else(|| built(&"the number of the last list is unreadable"))?;
    let number = CrlNumber(Uint::new(&number.to_be_bytes()).map_err(|error| built(&error))?);
    let mut builder = CrlBuilder::new_with_this_update(issuer, number, time(now - BACKDATED)?)
        .map_err(|error| built(&error))?
        .with_next_update(Some(Time::INFINITY));
    let mut revoked = last.map(entries).unwrap_or_default();
    for serial in serials {
        revoked.push(RevokedCert {
            serial_number: serial.clone(),
            revocation_date: time(now)?,
            crl_entry_extensions: None,
        });
    }
    if !revoked.is_empty() {
        // Without entries the element is left out (RFC 5280 section 5.1.2.6).
        builder = builder.with_certificates(revoked.into_iter());
    }
    key.sign(builder)
}

/// Who is in a list.
pub fn entries(list: &CertificateList) -> Vec<RevokedCert> {
    let entries = list.tbs_cert_list.revoked_certificates.as_ref();
    entries.cloned().unwrap_or_default()
}

/// The number of a list.
pub fn crl_number(list: &CertificateList) -> Option<u64> {
    let extensions = list.tbs_cert_list.crl_extensions.as_ref()?;
    let one = extensions
        .iter()
        .find(|extension| extension.extn_id == CrlNumber::OID)?;
    let number = CrlNumber::from_der(one.extn_value.as_bytes()).ok()?;
    let bytes = number.0.as_bytes();
    bytes.iter().try_fold(0u64, |sum, byte| {
        sum.checked_mul(256)?.checked_add(u64::from(*byte))
    })
}

/// PEM, for a type that has a label.
///
/// # Errors
/// If the DER is not of that type.
pub fn pem<T: for<'a> Decode<'a> + EncodePem>(der: &[u8]) -> Result<String, Failure>
where
    for<'a> <T as Decode<'a>>::Error: std::fmt::Display,
{
    let value = T::from_der(der).map_err(|error| built(&error))?;
    value
        .to_pem(x509_cert::der::pem::LineEnding::LF)
        .map_err(|error| built(&error))
}

/// As OpenSSL prints it: pairs of hexadecimal digits.
pub fn serial_text(serial: &SerialNumber) -> String {
    crate::hex::encode(serial.as_bytes())
}

fn built(error: &dyn std::fmt::Display) -> Failure {
    Failure::Other(format!("a certificate or a list cannot be built: {error}"))
}
