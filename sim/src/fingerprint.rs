//! Fingerprints of keys, and what else a fingerprint that does not fit may be.

use bearcub::error::ConfigError;
use bearcub::trust::{Curve, Pin, PublicKey};
use serde::Serialize;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::failure::Failure;
use crate::hex;
use crate::material::private::describe;

/// All fingerprints of one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fingerprints {
    /// Algorithm and size.
    pub key: String,
    /// SHA-256 over the SubjectPublicKeyInfo, hexadecimal: the pin to use.
    pub sha256: String,
    /// The same in base64, as curl and RFC 7469 write it.
    pub sha256_base64: String,
    /// Tasmota's fingerprint, its second version; none for kinds of keys that it does not cover.
    pub sha1: Option<String>,
    /// The command for Tasmota's console; none for keys that Tasmota does not have.
    pub tasmota: Option<String>,
    /// Tasmota's first version, for recognising it: nothing may be trusted because of it.
    pub obsolete_v1: Option<String>,
}

impl Fingerprints {
    /// Whether the key is on a curve.
    pub fn is_ec(&self) -> bool {
        self.key.starts_with("EC ")
    }

    /// Those of the key in a SubjectPublicKeyInfo.
    pub fn of(spki: &[u8]) -> Self {
        let key = PublicKey::from_spki(spki).ok();
        let sha256: [u8; 32] = match &key {
            Some(key) => key.spki_sha256(),
            None => Sha256::digest(spki).into(),
        };
        let sha1 = key.as_ref().map(PublicKey::fingerprint_sha1);
        let has_tasmota = key.as_ref().is_some_and(|key| match key {
            PublicKey::Rsa { .. } => true,
            PublicKey::Ec { curve, .. } => *curve == Curve::P256,
        });
        let spaced = |bytes: [u8; 20]| hex::spaced(&bytes);
        Fingerprints {
            key: describe(spki),
            sha256: hex::encode(&sha256),
            sha256_base64: hex::base64(&sha256),
            sha1: sha1.map(spaced),
            tasmota: sha1
                .filter(|_| has_tasmota)
                .map(|bytes| format!("MqttFingerprint1 {}", hex::spaced(&bytes))),
            obsolete_v1: key
                .and_then(|key| key.fingerprint_obsolete_v1())
                .map(spaced),
        }
    }
}

/// Reads a pin as it was pasted, from whatever prints one: in any form that [`Pin::parse`] takes, alone or with what stands
/// before it: Tasmota's command (`MqttFingerprint1 …`), `sha256 Fingerprint=…` of OpenSSL, or a label of this program.
///
/// # Errors
/// That of [`Pin::parse`].
pub fn pasted(text: &str) -> Result<Pin, ConfigError> {
    let mut rest = text.trim();
    for label in LABELS {
        let head = rest.get(..label.len());
        if head.is_some_and(|head| head.eq_ignore_ascii_case(label)) {
            rest = rest[label.len()..].trim_start();
        }
    }
    Pin::parse(rest).map_err(|error| match error {
        ConfigError::Malformed {
            input,
            fault,
            offset,
        } => ConfigError::Malformed {
            input,
            fault,
            offset: offset + (text.trim_end().len() - rest.len()),
        },
        other => other,
    })
}

/// The same, with the words that say where the text stands in the error.
///
/// # Errors
/// As [`pasted`].
pub fn pasted_at(place: &str, text: &str) -> Result<Pin, Failure> {
    pasted(text).map_err(|error| Failure::from(error).at(named(place, text)))
}

/// The same of several, as the library writes them.
///
/// # Errors
/// Which of them is none, behind the words that say where it stands.
pub fn all_pasted(texts: &[String], place: &str) -> Result<Vec<String>, Failure> {
    let one = |text: &String| Ok(pasted_at(place, text)?.to_string());
    texts.iter().map(one).collect()
}

/// Where a text stands that is no pin, and the text if nothing but a pin looks like it: a line with a key in it is not shown.
fn named(place: &str, text: &str) -> String {
    let is_like_one = text
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit() || b": -".contains(&byte));
    match is_like_one {
        true => format!("{place} {text}"),
        false => place.to_owned(),
    }
}

/// What stands before pins, in the order in which it does.
const LABELS: [&str; 9] = [
    "SHA-256 pin",
    "SHA-1 pin",
    "the same",
    "Tasmota v1",
    "Tasmota",
    "MqttFingerprint1",
    "MqttFingerprint2",
    "sha256 Fingerprint=",
    "sha1 Fingerprint=",
];

/// What a pin is to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Its pin.
    Pin,
    /// Its fingerprint in Tasmota's first version.
    ObsoleteV1,
    /// The fingerprint of the certificate around it.
    Certificate,
    /// What SSH prints for it.
    Ssh,
    /// Nothing.
    None,
}

impl Relation {
    /// Between a pin and a key, with the certificate that it was found in.
    pub fn find(pin: &Pin, spki: &[u8], certificate: Option<&[u8]>) -> Relation {
        let given = pin.as_bytes();
        let is_hash_of = |bytes: &[u8]| match pin {
            Pin::Sha1(_) => Sha1::digest(bytes)[..] == *given,
            Pin::Sha256(_) => Sha256::digest(bytes)[..] == *given,
        };
        let key = PublicKey::from_spki(spki).ok();
        let is_pin = match &key {
            Some(key) => pin.matches(key),
            None => pin.matches_spki_sha256(&Sha256::digest(spki).into()),
        };
        if is_pin {
            return Relation::Pin;
        }
        let v1 = key.as_ref().and_then(PublicKey::fingerprint_obsolete_v1);
        if v1.is_some_and(|v1| v1[..] == *given) {
            return Relation::ObsoleteV1;
        }
        if certificate.is_some_and(is_hash_of) {
            return Relation::Certificate;
        }
        if key
            .as_ref()
            .and_then(ssh)
            .is_some_and(|blob| is_hash_of(&blob))
        {
            return Relation::Ssh;
        }
        Relation::None
    }

    /// Why a pin with that relation does not do, and what would.
    pub fn why_not(self) -> &'static str {
        match self {
            Relation::Pin => "it is the key's pin",
            Relation::ObsoleteV1 => {
                "it is this key's fingerprint in Tasmota's first form (v1), for which anyone can make a key: never trust it, and \
                 use the SHA-256 pin or the new form"
            }
            Relation::Certificate => {
                "it is the fingerprint of the certificate, which changes with every renewal: pin the key instead"
            }
            Relation::Ssh => {
                "it is the fingerprint that SSH prints for this key, over other bytes: use the SHA-256 pin"
            }
            Relation::None => "it is the fingerprint of another key",
        }
    }
}

/// The key as SSH has it (RFC 4253 section 6.6, RFC 5656 section 3.1): numbers with a sign octet.
fn ssh(key: &PublicKey<'_>) -> Option<Vec<u8>> {
    let mut blob = Vec::new();
    let mut string = |bytes: &[u8], is_number: bool| {
        let start = bytes
            .iter()
            .take_while(|byte| is_number && **byte == 0)
            .count();
        let bytes = &bytes[start..];
        let sign = is_number && bytes.first().is_some_and(|first| *first >= 0x80);
        blob.extend_from_slice(
            &u32::try_from(bytes.len() + usize::from(sign))
                .ok()?
                .to_be_bytes(),
        );
        blob.extend(sign.then_some(0));
        blob.extend_from_slice(bytes);
        Some(())
    };
    match *key {
        PublicKey::Rsa { n, e } => {
            string(b"ssh-rsa", false)?;
            string(e, true)?;
            string(n, true)?;
        }
        PublicKey::Ec { curve, q } => {
            let name = format!("nistp{}", curve.bits());
            string(format!("ecdsa-sha2-{name}").as_bytes(), false)?;
            string(name.as_bytes(), false)?;
            string(q, false)?;
        }
    }
    Some(blob)
}

#[cfg(test)]
mod tests {
    use super::*;

    const G5: &[u8] = include_bytes!("../../tests/trust_data/verisign-g5.spki.der");

    #[test]
    fn the_published_key_has_its_published_fingerprints() {
        let found = Fingerprints::of(G5);
        assert_eq!(found.key, "RSA-2048");
        assert_eq!(
            found.sha256,
            "25b41b506e4930952823a6eb9f1d31def645ea38a5c6c6a96d71957e384df058"
        );
        assert_eq!(
            found.tasmota.as_deref(),
            Some("MqttFingerprint1 0A D8 2D 5E 4F 41 04 46 4B 46 49 65 AC 53 B1 4F 98 B8 DE 9C")
        );
        assert_eq!(
            found.obsolete_v1.as_deref(),
            Some("70 C4 91 7F D4 B0 14 D7 E0 CD 58 B8 4A F9 22 69 CA 00 E5 85")
        );
    }

    #[test]
    fn a_pin_is_read_with_what_was_pasted_around_it() {
        let pin = Pin::parse("0ad82d5e4f4104464b464965ac53b14f98b8de9c").unwrap();
        for text in [
            "MqttFingerprint1 0A D8 2D 5E 4F 41 04 46 4B 46 49 65 AC 53 B1 4F 98 B8 DE 9C",
            "mqttfingerprint2 0A:D8:2D:5E:4F:41:04:46:4B:46:49:65:AC:53:B1:4F:98:B8:DE:9C",
            "  Tasmota       MqttFingerprint1 0A D8 2D 5E 4F 41 04 46 4B 46 49 65 AC 53 B1 4F 98 B8 DE 9C\n",
            "sha1 Fingerprint=0A:D8:2D:5E:4F:41:04:46:4B:46:49:65:AC:53:B1:4F:98:B8:DE:9C",
            "SHA-1 pin     0ad82d5e4f4104464b464965ac53b14f98b8de9c",
        ] {
            assert_eq!(pasted(text), Ok(pin), "{text}");
        }
        for wrong in [
            "MqttFingerprint1",
            "Tasmota",
            "MqttFingerprint1 zz",
            "é",
            "",
        ] {
            assert!(pasted(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_pin_that_is_something_else_is_recognised() {
        let relation = |text: &str| Relation::find(&Pin::parse(text).unwrap(), G5, Some(b"x"));
        let old = "70c4917fd4b014d7e0cd58b84af92269ca00e585";
        assert_eq!(relation(old), Relation::ObsoleteV1);
        assert_eq!(
            relation("0ad82d5e4f4104464b464965ac53b14f98b8de9c"),
            Relation::Pin
        );
        let certificate = hex::encode(&Sha256::digest(b"x"));
        assert_eq!(relation(&certificate), Relation::Certificate);
        assert_eq!(relation(&"12".repeat(32)), Relation::None);
    }
}
