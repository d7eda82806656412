//! X.509 version 3 certificates, written field by field (RFC 5280).

use std::net::IpAddr;
use std::sync::Arc;

use sha1::{Digest as _, Sha1};

use super::der;
use super::key::{Hash, KeyPair, Shared};
use super::time::Validity;

/// `id-ce`, the arc of the standard extensions.
const ID_CE: [u32; 3] = [2, 5, 29];
/// `id-pkix`.
const ID_PKIX: [u32; 7] = [1, 3, 6, 1, 5, 5, 7];

/// A distinguished name, built attribute by attribute in the order in which it is written.
///
/// ```
/// use bearcub_lab::pki::Name;
///
/// let name = Name::new().country("US").organization("Example").common_name("Example Root 1");
/// assert_eq!(name.to_string(), "C=US, O=Example, CN=Example Root 1");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Name(Vec<(&'static str, u32, String)>);

impl Name {
    /// The empty name.
    pub fn new() -> Name {
        Name::default()
    }

    /// A name of one attribute.
    pub fn cn(value: &str) -> Name {
        Name::new().common_name(value)
    }

    fn with(mut self, label: &'static str, attribute: u32, value: &str) -> Name {
        self.0.push((label, attribute, value.to_owned()));
        self
    }

    /// CN, commonName.
    pub fn common_name(self, value: &str) -> Name {
        self.with("CN", 3, value)
    }

    /// C, countryName: two letters.
    pub fn country(self, value: &str) -> Name {
        self.with("C", 6, value)
    }

    /// L, localityName.
    pub fn locality(self, value: &str) -> Name {
        self.with("L", 7, value)
    }

    /// ST, stateOrProvinceName.
    pub fn state(self, value: &str) -> Name {
        self.with("ST", 8, value)
    }

    /// O, organizationName.
    pub fn organization(self, value: &str) -> Name {
        self.with("O", 10, value)
    }

    /// OU, organizationalUnitName.
    pub fn unit(self, value: &str) -> Name {
        self.with("OU", 11, value)
    }

    /// DER: one attribute per RelativeDistinguishedName, PrintableString where it is enough.
    pub fn to_der(&self) -> Vec<u8> {
        let printable = |c: char| c.is_ascii_alphanumeric() || " '()+,-./:=?".contains(c);
        let parts = self.0.iter().map(|(_, attribute, value)| {
            let tag = if value.chars().all(printable) {
                der::PRINTABLE_STRING
            } else {
                der::UTF8_STRING
            };
            let kind = der::oid(&[2, 5, 4, *attribute]);
            let pair = der::sequence(&[kind, der::element(tag, value.as_bytes())]);
            der::element(der::SET, &pair)
        });
        der::sequence(&parts.collect::<Vec<_>>())
    }
}

impl core::fmt::Display for Name {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        for (index, (label, _, value)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{label}={value}")?;
        }
        Ok(())
    }
}

/// One entry of subjectAltName.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AltName {
    /// dNSName, wildcards as they are.
    Dns(String),
    /// iPAddress.
    Ip(IpAddr),
}

impl From<&str> for AltName {
    fn from(name: &str) -> Self {
        AltName::Dns(name.to_owned())
    }
}

impl From<IpAddr> for AltName {
    fn from(address: IpAddr) -> Self {
        AltName::Ip(address)
    }
}

impl AltName {
    fn to_der(&self) -> Vec<u8> {
        match self {
            AltName::Dns(name) => der::element(der::context(2), name.as_bytes()),
            AltName::Ip(IpAddr::V4(address)) => der::element(der::context(7), &address.octets()),
            AltName::Ip(IpAddr::V6(address)) => der::element(der::context(7), &address.octets()),
        }
    }
}

/// The bits of keyUsage, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUsage {
    /// Signatures in handshakes.
    DigitalSignature = 0,
    /// RSA key exchange. Left out of certificates for other keys.
    KeyEncipherment = 2,
    /// Static Diffie-Hellman.
    KeyAgreement = 4,
    /// Signatures on certificates.
    KeyCertSign = 5,
    /// Signatures on revocation lists.
    CrlSign = 6,
}

/// The purposes of extKeyUsage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// id-kp-serverAuth.
    ServerAuth = 1,
    /// id-kp-clientAuth.
    ClientAuth = 2,
}

/// What basicConstraints says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `cA` is true, with pathLenConstraint or without.
    Authority {
        /// How many authorities may stand below, self-issued ones aside.
        path_length: Option<u8>,
    },
    /// `cA` is false.
    EndEntity,
    /// The extension is left out.
    Unsaid,
}

/// Everything in a certificate except the keys. The fields are open: a test that needs a strange
/// certificate changes one of them.
#[derive(Clone, Debug)]
pub struct Template {
    /// Whose certificate it is.
    pub subject: Name,
    /// notBefore and notAfter.
    pub validity: Validity,
    /// basicConstraints, critical.
    pub role: Role,
    /// keyUsage, critical; left out when empty.
    pub key_usage: Vec<KeyUsage>,
    /// extKeyUsage; left out when empty.
    pub purposes: Vec<Purpose>,
    /// subjectAltName; left out when empty.
    pub alt_names: Vec<AltName>,
    /// Whether subjectKeyIdentifier and authorityKeyIdentifier are there.
    pub key_identifiers: bool,
    /// Further extensions, each a whole DER `Extension` as [`extension`] makes it.
    pub extensions: Vec<Vec<u8>>,
    /// The hash of the issuer's signature; by default what suits the issuer's key.
    pub hash: Option<Hash>,
}

impl Template {
    /// A server's certificate, with its names in subjectAltName.
    pub fn server(subject: Name, alt_names: &[AltName]) -> Template {
        Template {
            subject,
            validity: Validity::DEFAULT,
            role: Role::EndEntity,
            key_usage: vec![KeyUsage::DigitalSignature, KeyUsage::KeyEncipherment],
            purposes: vec![Purpose::ServerAuth],
            alt_names: alt_names.to_vec(),
            key_identifiers: true,
            extensions: Vec::new(),
            hash: None,
        }
    }

    /// The reduced certificate of a device: basicConstraints, keyUsage digitalSignature and the
    /// key identifiers, nothing else.
    pub fn device(subject: Name) -> Template {
        Template {
            key_usage: vec![KeyUsage::DigitalSignature],
            purposes: Vec::new(),
            ..Template::server(subject, &[])
        }
    }

    /// An authority's certificate.
    pub fn authority(subject: Name, path_length: Option<u8>) -> Template {
        Template {
            role: Role::Authority { path_length },
            key_usage: vec![KeyUsage::KeyCertSign, KeyUsage::CrlSign],
            purposes: Vec::new(),
            ..Template::server(subject, &[])
        }
    }

    /// The same with another validity.
    #[must_use]
    pub fn valid(mut self, validity: Validity) -> Template {
        self.validity = validity;
        self
    }

    fn extensions(&self, key: &KeyPair, issuer_key: &KeyPair) -> Vec<u8> {
        let mut list = Vec::new();
        if !self.key_usage.is_empty() {
            // keyEncipherment is for RSA keys (RFC 5480, section 3).
            let suits =
                |usage: &&KeyUsage| **usage != KeyUsage::KeyEncipherment || key.kind().is_rsa();
            let bits = self
                .key_usage
                .iter()
                .filter(suits)
                .map(|usage| *usage as u8);
            list.push(standard(15, true, &der::named_bits(bits)));
        }
        if !self.purposes.is_empty() {
            let id_kp =
                |purpose: &Purpose| der::oid(&[&ID_PKIX[..], &[3, *purpose as u32]].concat());
            let purposes: Vec<_> = self.purposes.iter().map(id_kp).collect();
            list.push(standard(37, false, &der::sequence(&purposes)));
        }
        match self.role {
            Role::Authority { path_length } => {
                let length = path_length.map(|length| der::unsigned(&[length]));
                let value = der::sequence(&[der::boolean(true), length.unwrap_or_default()]);
                list.push(standard(19, true, &value));
            }
            Role::EndEntity => list.push(standard(19, true, &der::sequence(&[]))),
            Role::Unsaid => {}
        }
        if self.key_identifiers {
            let subject = der::element(der::OCTET_STRING, &key.key_identifier());
            list.push(standard(14, false, &subject));
            let issuer = der::element(der::context(0), &issuer_key.key_identifier());
            list.push(standard(35, false, &der::sequence(&[issuer])));
        }
        if !self.alt_names.is_empty() {
            let names: Vec<_> = self.alt_names.iter().map(AltName::to_der).collect();
            // Critical where it is the only name there is (RFC 5280, section 4.2.1.6).
            let critical = self.subject == Name::new();
            list.push(standard(17, critical, &der::sequence(&names)));
        }
        list.extend_from_slice(&self.extensions);
        if list.is_empty() {
            return Vec::new();
        }
        der::element(der::context_constructed(3), &der::sequence(&list))
    }

    /// Writes the certificate of `key` and has it signed by `issuer_key`.
    fn sign(&self, key: &KeyPair, issuer: &Name, issuer_key: &KeyPair) -> Vec<u8> {
        let hash = self.hash.unwrap_or(issuer_key.kind().usual_hash());
        let algorithm = hash.signature_algorithm(issuer_key.kind());
        let (subject, issuer) = (self.subject.to_der(), issuer.to_der());
        // Not random, so that the same input gives the same bytes.
        let dates = [
            self.validity.not_before.to_der(),
            self.validity.not_after.to_der(),
        ];
        let unique = [&subject[..], &issuer, key.spki_der(), &dates.concat()].concat();
        let mut serial = Sha1::digest(&unique)[..16].to_vec();
        serial[0] = serial[0] & 0x7f | 0x40;
        let tbs = der::sequence(&[
            der::element(der::context_constructed(0), &der::unsigned(&[2])),
            der::unsigned(&serial),
            algorithm.clone(),
            issuer,
            der::sequence(&dates),
            subject,
            key.spki_der().to_vec(),
            self.extensions(key, issuer_key),
        ]);
        // ECDSA signatures are random: signed once, so that the same certificate is the same bytes.
        static SIGNED: Shared<(Vec<u8>, Vec<u8>), Vec<u8>> = Shared::new();
        let certificate = SIGNED.get_or_make((issuer_key.spki_der().to_vec(), tbs.clone()), || {
            let signature = der::bit_string(&issuer_key.sign(hash, &tbs));
            der::sequence(&[tbs, algorithm, signature])
        });
        certificate.to_vec()
    }
}

/// A DER `Extension`: the arcs of its identifier, whether it is critical, its value in DER.
pub fn extension(id: &[u32], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical {
        der::boolean(true)
    } else {
        Vec::new()
    };
    der::sequence(&[
        der::oid(id),
        critical,
        der::element(der::OCTET_STRING, value),
    ])
}

fn standard(number: u32, critical: bool, value: &[u8]) -> Vec<u8> {
    extension(&[&ID_CE[..], &[number]].concat(), critical, value)
}

/// certificatePolicies with one policy.
pub(crate) fn policy(id: &[u32]) -> Vec<u8> {
    standard(32, false, &der::sequence(&[der::sequence(&[der::oid(id)])]))
}

/// cRLDistributionPoints with one address.
pub(crate) fn crl(address: &str) -> Vec<u8> {
    let uri = der::element(der::context(6), address.as_bytes());
    let full_name = der::element(der::context_constructed(0), &uri);
    let name = der::element(der::context_constructed(0), &full_name);
    standard(31, false, &der::sequence(&[der::sequence(&[name])]))
}

/// authorityInfoAccess: where the issuer's certificate is, and its OCSP responder if it has one.
pub(crate) fn information_access(ocsp: Option<&str>, issuers: &str) -> Vec<u8> {
    let entry = |method: u32, address: &str| {
        let id = der::oid(&[&ID_PKIX[..], &[48, method]].concat());
        der::sequence(&[id, der::element(der::context(6), address.as_bytes())])
    };
    let ocsp = ocsp.map(|address| entry(1, address)).unwrap_or_default();
    let value = der::sequence(&[ocsp, entry(2, issuers)]);
    extension(&[&ID_PKIX[..], &[1, 1]].concat(), false, &value)
}

/// A list of signed certificate timestamps (RFC 6962, section 3.3) of the right size and form.
/// The logs and their signatures are invented.
pub(crate) fn certificate_timestamps(count: u8) -> Vec<u8> {
    let noise = |log: u8, part: u8| {
        let half = |half: u8| Sha1::digest([b's', b'c', b't', log, part, half]);
        [&half(0)[..16], &half(1)[..16]].concat()
    };
    let mut list = Vec::new();
    for log in 0..count {
        // Version 1, the log's identifier, 2025-01-01 in milliseconds, no extensions.
        let mut entry = [&[0][..], &noise(log, 0)].concat();
        entry.extend_from_slice(&1_735_689_600_000u64.to_be_bytes());
        entry.extend_from_slice(&[0, 0]);
        // SHA-256 with ECDSA.
        let (r, s) = (der::unsigned(&noise(log, 1)), der::unsigned(&noise(log, 2)));
        let signature = der::sequence(&[r, s]);
        entry.extend_from_slice(&[4, 3, 0, signature.len() as u8]);
        entry.extend_from_slice(&signature);
        list.extend_from_slice(&(entry.len() as u16).to_be_bytes());
        list.extend_from_slice(&entry);
    }
    let list = [&(list.len() as u16).to_be_bytes()[..], &list].concat();
    let value = der::element(der::OCTET_STRING, &list);
    extension(&[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2], false, &value)
}

/// Someone who issues certificates: a name, a key and a certificate of its own.
#[derive(Clone, Debug)]
pub struct Authority {
    /// The issuer's name in what it issues.
    pub name: Name,
    /// The key that it signs with.
    pub key: Arc<KeyPair>,
    /// Its own certificate, in DER.
    pub certificate: Vec<u8>,
}

impl Authority {
    /// A self-signed root.
    ///
    /// # Panics
    ///
    /// If `openssl` is missing or fails; so do all the other functions that sign.
    pub fn root(template: &Template, key: Arc<KeyPair>) -> Authority {
        let certificate = template.sign(&key, &template.subject, &key);
        Authority {
            name: template.subject.clone(),
            key,
            certificate,
        }
    }

    /// An authority below this one. For a root that is cross-signed, the same name and key are
    /// given here and to [`root`](Self::root).
    pub fn intermediate(&self, template: &Template, key: Arc<KeyPair>) -> Authority {
        let certificate = self.issue(template, &key);
        Authority {
            name: template.subject.clone(),
            key,
            certificate,
        }
    }

    /// A certificate for that key, in DER. Whether this authority may issue it is not checked.
    pub fn issue(&self, template: &Template, key: &KeyPair) -> Vec<u8> {
        template.sign(key, &self.name, &self.key)
    }
}
