//! A device's key and certificates, checked and put into the forms that firmware wants.
//!
//! [`Device::new`] checks that they belong together, with the library's own eyes. [`image`] is the image for flash,
//! [`source`] the Rust source; Tasmota's console commands are made here.

pub mod image;
pub mod source;

use std::fmt;

use bearcub::error::ConfigError;
use bearcub::identity::{Identity, PrivateKey};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::der::oid::db::rfc5280::{ANY_EXTENDED_KEY_USAGE, ID_KP_CLIENT_AUTH};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::hex;
use crate::material::private::{KeyPair, describe};
use crate::material::{Content, Item};
use crate::peer::Seen;

/// Days before the end of a certificate at which it is worth a warning.
const SOON: i64 = 30;

/// A private key and the certificates that belong to it.
pub struct Device {
    /// The key.
    pub key: KeyPair,
    /// How the key's file was wrapped.
    pub form: String,
    /// Certificates in DER, the device's own first.
    pub chain: Vec<Vec<u8>>,
}

/// Shows nothing of the key.
impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Device({} certificates)", self.chain.len())
    }
}

impl Device {
    /// From everything that was in the files.
    ///
    /// # Errors
    /// If there is no key or more than one, no certificate, or they do not belong together or are of no use to the library.
    pub fn new(items: Vec<Item>) -> Result<Device, Failure> {
        let (mut keys, mut chain) = (Vec::new(), Vec::new());
        for item in items {
            match item.content {
                Content::PrivateKey(pair) => keys.push((pair, item.form)),
                Content::Certificate(der) => chain.push(der),
                Content::Request(_) | Content::PublicKey => {}
            }
        }
        let count = keys.len();
        let (Some((key, form)), 1) = (keys.pop(), count) else {
            return Err(Failure::Usage(format!(
                "there must be one private key, and there are {count}; the certificate alone is not enough for a device: see --key"
            )));
        };
        if chain.is_empty() {
            return Err(Failure::Usage(
                "there is no certificate in the files; a certificate request must first be signed by an authority".to_owned(),
            ));
        }
        let device = Device { key, form, chain };
        device.check()?;
        Ok(device)
    }

    /// As the library sees it.
    fn check(&self) -> Result<(), Failure> {
        let chain: Vec<&[u8]> = self.chain.iter().map(Vec::as_slice).collect();
        let key = PrivateKey::from_der(&self.key.der).map_err(|error| {
            Failure::from(error).at(format!("the private key ({})", describe(&self.key.spki)))
        })?;
        match Identity::new(&chain, key) {
            Ok(_) => Ok(()),
            Err(ConfigError::KeyMismatch) => Err(self.mismatch()),
            Err(error) => Err(error.into()),
        }
    }

    fn mismatch(&self) -> Failure {
        let belongs = |der: &Vec<u8>| {
            crate::material::certificate(der).is_ok_and(|item| item.spki == self.key.spki)
        };
        let hint = match self.chain.iter().position(belongs) {
            Some(0) | None => {
                let (own, other) = (describe(&self.key.spki), Seen::read(&self.chain[0]).key);
                match own == other {
                    true => format!("the certificate is of another {own} key"),
                    false => format!("the key is {own}, the certificate's is {other}"),
                }
            }
            Some(number) => format!(
                "certificate {} is the key's; the device's own certificate must come first, then its issuers",
                number + 1
            ),
        };
        Failure::from(ConfigError::KeyMismatch).at(hint)
    }

    /// What works and still deserves a look.
    pub fn warnings(&self, now: i64) -> Vec<String> {
        let mut warnings = Vec::new();
        let parsed: Vec<_> = self
            .chain
            .iter()
            .filter_map(|der| Certificate::from_der(der).ok())
            .collect();
        for (number, certificate) in parsed.iter().enumerate() {
            let tbs = certificate.tbs_certificate();
            let seconds = |time: &x509_cert::time::Time| {
                i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX)
            };
            let (begin, end) = (
                seconds(&tbs.validity().not_before),
                seconds(&tbs.validity().not_after),
            );
            let number = number + 1;
            if end < now {
                warnings.push(format!(
                    "certificate {number} has expired, on {}: servers will refuse it",
                    tbs.validity().not_after
                ));
            } else if end < now + SOON * 86_400 {
                warnings.push(format!(
                    "certificate {number} expires in {} days, on {}",
                    (end - now) / 86_400,
                    tbs.validity().not_after
                ));
            } else if begin > now {
                warnings.push(format!(
                    "certificate {number} is not valid before {}",
                    tbs.validity().not_before
                ));
            }
            if number > 1 && tbs.subject() == tbs.issuer() {
                warnings.push(format!(
                    "certificate {number} is a root, which the server must have anyway: without it the device keeps and sends {} bytes less",
                    self.chain[number - 1].len()
                ));
            }
        }
        for (number, pair) in parsed.windows(2).enumerate() {
            if pair[0].tbs_certificate().issuer() != pair[1].tbs_certificate().subject() {
                warnings.push(format!(
                    "certificate {} was not issued by certificate {}: wrong order, or one is missing",
                    number + 1,
                    number + 2
                ));
            }
        }
        if let Some(leaf) = parsed.first() {
            warnings.extend(unfit(leaf));
        }
        warnings
    }

    /// `TLSKey1` and `TLSKey2` for Tasmota's console.
    ///
    /// # Errors
    /// If the key is not one on P-256: Tasmota has no other.
    pub fn tasmota(&self) -> Result<Zeroizing<String>, Failure> {
        let scalar = self.key.scalar.as_ref().ok_or_else(|| {
            Failure::Usage(format!(
                "Tasmota has private keys on P-256 only, and this is {}; make one with `openssl ecparam -name prime256v1 -genkey -noout`",
                describe(&self.key.spki)
            ))
        })?;
        let key = Zeroizing::new(hex::base64(scalar));
        let certificate = hex::base64(&self.chain[0]);
        Ok(Zeroizing::new(format!(
            "TLSKey1 {}\nTLSKey2 {certificate}\n",
            key.as_str()
        )))
    }
}

/// What a server's check of purposes would object to.
fn unfit(leaf: &Certificate) -> Option<String> {
    let tbs = leaf.tbs_certificate();
    if let Ok(Some((_, constraints))) = tbs.get_extension::<BasicConstraints>()
        && constraints.ca
    {
        return Some(
            "the first certificate is an authority's: a device needs one of its own".to_owned(),
        );
    }
    match tbs.get_extension::<ExtendedKeyUsage>() {
        Ok(Some((_, usage))) => {
            let fits = usage
                .0
                .iter()
                .any(|purpose| [ID_KP_CLIENT_AUTH, ANY_EXTENDED_KEY_USAGE].contains(purpose));
            (!fits).then(|| {
                "the certificate's extKeyUsage lacks clientAuth: servers will refuse it from a device".to_owned()
            })
        }
        _ => None,
    }
}
