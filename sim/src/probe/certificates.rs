//! The chain that a server sends: what a device has to read, verify and trust.

use rustls_pki_types::{CertificateDer, ServerName};
use serde::Serialize;
use x509_cert::Certificate;
use x509_cert::der::oid::db::rfc4519::CN;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{AuthorityInfoAccessSyntax, SubjectAltName};

use crate::material::private::describe;
use crate::peer::{self, printable};

/// As many names as are shown.
const NAMES: usize = 20;

/// One certificate, with what decides about it.
#[derive(Clone, Debug, Serialize)]
pub struct Link {
    /// What it says.
    #[serde(flatten)]
    pub seen: peer::Seen,
    /// The algorithm with which its issuer signed it.
    pub signature: String,
    /// Seconds since 1970 from which and to which it is valid.
    pub valid: Option<(i64, i64)>,
    /// Days until its end, from the time of the probe.
    pub days_left: Option<i64>,
    /// The names that it is for.
    pub names: Vec<String>,
    /// Whether it signed itself.
    pub is_self_signed: bool,
    /// Whether it says where its issuer's certificate is to be had, as those of public authorities do.
    pub names_issuer_address: bool,
    /// Its subject and its issuer, as they are in it.
    #[serde(skip)]
    pub parties: Option<(Vec<u8>, Vec<u8>)>,
}

impl Link {
    /// Reads one.
    pub fn read(der: &[u8], now: i64) -> Link {
        let mut link = Link {
            seen: peer::Seen::read(der),
            signature: String::new(),
            valid: None,
            days_left: None,
            names: Vec::new(),
            is_self_signed: false,
            names_issuer_address: false,
            parties: None,
        };
        let Ok(certificate) = Certificate::from_der(der) else {
            return link;
        };
        let tbs = certificate.tbs_certificate();
        link.signature = signature(&certificate.signature_algorithm().oid.to_string());
        let seconds = |time: &x509_cert::time::Time| {
            i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
        };
        let validity = tbs.validity();
        let end = seconds(&validity.not_after);
        link.valid = Some((seconds(&validity.not_before), end));
        link.days_left = Some((end - now).div_euclid(86_400));
        if let (Ok(subject), Ok(issuer)) = (tbs.subject().to_der(), tbs.issuer().to_der()) {
            link.is_self_signed = subject == issuer;
            link.parties = Some((subject, issuer));
        }
        if link.seen.fingerprints.is_none()
            && let Ok(spki) = tbs.subject_public_key_info().to_der()
        {
            link.seen.key = describe(&spki);
        }
        if let Ok(Some((_, names))) = tbs.get_extension::<SubjectAltName>() {
            link.names = names.0.iter().filter_map(name).take(NAMES).collect();
        }
        if let Ok(Some((_, access))) = tbs.get_extension::<AuthorityInfoAccessSyntax>() {
            let issuers = "1.3.6.1.5.5.7.48.2";
            let mut all = access.0.iter();
            link.names_issuer_address = all.any(|one| one.access_method.to_string() == issuers);
        }
        link
    }

    /// Whether it comes from whom the other one is.
    pub fn is_issued_by(&self, other: &Link) -> bool {
        match (&self.parties, &other.parties) {
            (Some((_, issuer)), Some((subject, _))) => issuer == subject,
            _ => false,
        }
    }

    /// Bits of its RSA key, if it is one.
    pub fn rsa_bits(&self) -> Option<u32> {
        self.seen.key.strip_prefix("RSA-")?.parse().ok()
    }
}

/// A name as people write it.
fn name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(printable(name.as_str())),
        GeneralName::IpAddress(bytes) => {
            let bytes = bytes.as_bytes();
            let v4 = <[u8; 4]>::try_from(bytes).map(std::net::IpAddr::from);
            let v6 = <[u8; 16]>::try_from(bytes).map(std::net::IpAddr::from);
            v4.or(v6).ok().map(|address| address.to_string())
        }
        _ => None,
    }
}

/// RFC 4055, RFC 5758, RFC 8410.
fn signature(oid: &str) -> String {
    let name = match oid {
        "1.2.840.113549.1.1.4" => "RSA with MD5",
        "1.2.840.113549.1.1.5" => "RSA with SHA-1",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.2.840.113549.1.1.11" => "RSA with SHA-256",
        "1.2.840.113549.1.1.12" => "RSA with SHA-384",
        "1.2.840.113549.1.1.13" => "RSA with SHA-512",
        "1.2.840.10045.4.1" => "ECDSA with SHA-1",
        "1.2.840.10045.4.3.2" => "ECDSA with SHA-256",
        "1.2.840.10045.4.3.3" => "ECDSA with SHA-384",
        "1.2.840.10045.4.3.4" => "ECDSA with SHA-512",
        "1.3.101.112" => "Ed25519",
        other => return format!("algorithm {other}"),
    };
    name.to_owned()
}

/// Whether a server's certificate is for that name, by rustls' validator; none if that cannot be said.
pub fn is_for(leaf: &[u8], server_name: &str) -> Option<bool> {
    let leaf = CertificateDer::from(leaf);
    let leaf = webpki::EndEntityCert::try_from(&leaf).ok()?;
    let name = ServerName::try_from(server_name).ok()?;
    Some(leaf.verify_is_valid_for_subject_name(&name).is_ok())
}

/// Whether a server's certificate names it in the subject's common name alone, which the library accepts.
pub fn is_for_by_common_name(leaf: &[u8], server_name: &str) -> bool {
    let Ok(certificate) = Certificate::from_der(leaf) else {
        return false;
    };
    let tbs = certificate.tbs_certificate();
    let has_names = matches!(tbs.get_extension::<SubjectAltName>(), Ok(Some(_)) | Err(_));
    let mut subject = tbs.subject().iter();
    let is_name = |value: &[u8]| value.eq_ignore_ascii_case(server_name.as_bytes());
    !has_names && subject.any(|one| one.oid == CN && is_name(one.value.value()))
}

/// A name of an authority in DER, for people.
pub fn authority(der: &[u8]) -> String {
    x509_cert::name::Name::from_der(der).map_or_else(
        |_| "a name that cannot be read".to_owned(),
        |name| printable(&name.to_string()),
    )
}
