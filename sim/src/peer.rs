//! Who a server is: its certificates as they were sent, for people to read.

use bearcub::trust::PublicKey;
use serde::Serialize;
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};

use crate::hex;

/// One certificate of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Bytes of DER.
    pub length: usize,
    /// Its subject's name, or why it cannot be read.
    pub subject: String,
    /// Its issuer's name.
    pub issuer: String,
    /// The first moment at which it is valid.
    pub not_before: String,
    /// The last one.
    pub not_after: String,
    /// Algorithm and size of its key.
    pub key: String,
    /// The fingerprints of its key, if it is of a supported kind.
    pub fingerprints: Option<Fingerprints>,
}

/// A key's fingerprints, ready to be pasted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fingerprints {
    /// SHA-256 over the SubjectPublicKeyInfo: what `--fingerprint` wants.
    pub sha256: String,
    /// Tasmota's key fingerprint, its second version.
    pub tasmota: String,
}

impl Seen {
    /// Reads one certificate.
    pub fn read(der: &[u8]) -> Seen {
        let unreadable = |why: String| Seen {
            length: der.len(),
            subject: format!("not readable: {why}"),
            issuer: String::new(),
            not_before: String::new(),
            not_after: String::new(),
            key: String::new(),
            fingerprints: None,
        };
        let certificate = match Certificate::from_der(der) {
            Ok(certificate) => certificate,
            Err(error) => return unreadable(error.to_string()),
        };
        let tbs = certificate.tbs_certificate();
        let spki = match tbs.subject_public_key_info().to_der() {
            Ok(spki) => spki,
            Err(error) => return unreadable(error.to_string()),
        };
        let (key, fingerprints) = match PublicKey::from_spki(&spki) {
            Ok(key) => (describe(&key), Some(Fingerprints::of(&key))),
            Err(error) => (error.to_string(), None),
        };
        Seen {
            length: der.len(),
            subject: printable(&tbs.subject().to_string()),
            issuer: printable(&tbs.issuer().to_string()),
            not_before: tbs.validity().not_before.to_string(),
            not_after: tbs.validity().not_after.to_string(),
            key,
            fingerprints,
        }
    }
}

/// A text of the other side's choice, without anything that a terminal or a source file takes for more than text.
pub fn printable(text: &str) -> String {
    let is_plain = |c: &char| c.is_alphanumeric() || c.is_ascii_graphic() || *c == ' ';
    text.chars()
        .map(|c| if is_plain(&c) { c } else { '?' })
        .collect()
}

impl Fingerprints {
    fn of(key: &PublicKey<'_>) -> Self {
        Fingerprints {
            sha256: hex::encode(&key.spki_sha256()),
            tasmota: hex::spaced(&key.fingerprint_sha1()),
        }
    }
}

fn describe(key: &PublicKey<'_>) -> String {
    match key {
        PublicKey::Rsa { .. } => format!("RSA-{}", key.bits()),
        PublicKey::Ec { .. } => format!("EC P-{}", key.bits()),
    }
}
