//! Pieces of DER, told apart.

use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode, Reader, SliceReader};
use x509_cert::request::CertReq;
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use super::passphrase::Passphrase;
use super::private::{self, KeyPair};
use super::{Content, Item};
use crate::failure::Failure;
use crate::peer::printable;

/// Whether blocks with this label are read.
pub fn is_known(label: &str) -> bool {
    matches!(
        label,
        "CERTIFICATE"
            | "X509 CERTIFICATE"
            | "CERTIFICATE REQUEST"
            | "NEW CERTIFICATE REQUEST"
            | "PUBLIC KEY"
            | "RSA PUBLIC KEY"
            | "PRIVATE KEY"
            | "ENCRYPTED PRIVATE KEY"
            | "EC PRIVATE KEY"
            | "RSA PRIVATE KEY"
    )
}

/// What stands in a block with this label.
pub fn labelled(label: &str, der: &[u8], passphrase: &Passphrase) -> Result<Item, Failure> {
    let mut item = match label {
        "CERTIFICATE" | "X509 CERTIFICATE" => certificate(der)?,
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => request(der)?,
        "PUBLIC KEY" => public_key(der)?,
        "RSA PUBLIC KEY" => rsa_public_key(der)?,
        "RSA PRIVATE KEY" => of_pair(private::rsa(der)?, "PKCS#1"),
        "EC PRIVATE KEY" => of_pair(private::ec(der, None)?, "SEC1"),
        "ENCRYPTED PRIVATE KEY" => {
            let (pair, form) = private::encrypted(der, passphrase)?;
            of_pair(pair, &form)
        }
        _ => {
            let (pair, form) = private::pkcs8(der)?;
            of_pair(pair, &form)
        }
    };
    item.form = joined(&item.form, "PEM");
    Ok(item)
}

/// What a file without armour holds: told from the elements at its start (the structures are too different for doubt).
pub fn item(der: &[u8], passphrase: &Passphrase) -> Result<Item, Failure> {
    let mut item = match shape(der).as_deref() {
        Some([0x30, 0x30, 0x03, ..]) => {
            // SEQUENCE { SEQUENCE, SEQUENCE, BIT STRING }: signed by someone, or by itself.
            certificate(der).or_else(|as_certificate| request(der).map_err(|_| as_certificate))?
        }
        Some([0x30, 0x03]) => public_key(der)?,
        Some([0x30, 0x04]) => {
            let (pair, form) = private::encrypted(der, passphrase)?;
            of_pair(pair, &form)
        }
        Some([0x02, 0x30, 0x04, ..]) => {
            let (pair, form) = private::pkcs8(der)?;
            of_pair(pair, &form)
        }
        Some([0x02, 0x04, ..]) => of_pair(private::ec(der, None)?, "SEC1"),
        Some([0x02, 0x02]) => rsa_public_key(der)?,
        Some([0x02, 0x02, ..]) => of_pair(private::rsa(der)?, "PKCS#1"),
        _ => return Err(unknown(der)),
    };
    item.form = joined(&item.form, "DER");
    Ok(item)
}

/// The tags of the elements in the outer SEQUENCE, if that is all there is.
fn shape(der: &[u8]) -> Option<Vec<u8>> {
    let mut reader = SliceReader::new(der).ok()?;
    let outer = x509_cert::der::asn1::AnyRef::decode(&mut reader).ok()?;
    if !reader.is_finished() || der[0] != 0x30 {
        return None;
    }
    let mut inner = SliceReader::new(outer.value()).ok()?;
    let mut tags = Vec::new();
    while !inner.is_finished() {
        tags.push(inner.peek_byte()?);
        x509_cert::der::asn1::AnyRef::decode(&mut inner).ok()?;
    }
    Some(tags)
}

/// Why no piece of DER is seen: cut short, followed by something, or another thing.
fn unknown(der: &[u8]) -> Failure {
    let announced = match der {
        [0x30, length @ 0..=0x7f, ..] => Some(2 + usize::from(*length)),
        [0x30, 0x81, length, ..] => Some(3 + usize::from(*length)),
        [0x30, 0x82, high, low, ..] => Some(4 + usize::from(u16::from_be_bytes([*high, *low]))),
        _ => None,
    };
    Failure::Usage(match announced {
        Some(length) if length > der.len() => format!(
            "it begins like DER of {length} bytes, and has {}: the file is cut short; copy it again",
            der.len()
        ),
        Some(length) if length < der.len() => format!(
            "there are {} bytes more behind the {length} of the first structure: was something appended, or a line end converted?",
            der.len() - length
        ),
        Some(_) => "it is DER, and neither a certificate, a certificate request, a public nor a private key (PKCS#12? \
                    `openssl pkcs12 -in FILE -nodes` takes it apart)"
            .to_owned(),
        None => "it is neither PEM (no line `-----BEGIN …-----`) nor DER; is it the right file?".to_owned(),
    })
}

fn joined(form: &str, armour: &str) -> String {
    if form.is_empty() {
        armour.to_owned()
    } else {
        format!("{form}, {armour}")
    }
}

/// A private key that was wrapped in that form.
pub fn of_pair(pair: KeyPair, form: &str) -> Item {
    Item {
        spki: pair.spki.clone(),
        content: Content::PrivateKey(pair),
        form: form.to_owned(),
    }
}

fn damaged(what: &str, error: &impl std::fmt::Display) -> Failure {
    Failure::Usage(format!(
        "the {what} is damaged or cut short ({error}); `openssl asn1parse` shows where, or copy the file again"
    ))
}

pub fn certificate(der: &[u8]) -> Result<Item, Failure> {
    let wrong = |error| damaged("certificate", &error);
    let parsed = Certificate::from_der(der).map_err(wrong)?;
    let spki = parsed.tbs_certificate().subject_public_key_info();
    Ok(Item {
        spki: spki.to_der().map_err(wrong)?,
        content: Content::Certificate(der.to_vec()),
        form: String::new(),
    })
}

fn request(der: &[u8]) -> Result<Item, Failure> {
    let wrong = |error| damaged("certificate request", &error);
    let parsed = CertReq::from_der(der).map_err(wrong)?;
    Ok(Item {
        spki: parsed.info.public_key.to_der().map_err(wrong)?,
        content: Content::Request(printable(&parsed.info.subject.to_string())),
        form: "PKCS#10".to_owned(),
    })
}

fn public_key(der: &[u8]) -> Result<Item, Failure> {
    SubjectPublicKeyInfoOwned::from_der(der).map_err(|error| damaged("public key", &error))?;
    Ok(Item {
        spki: der.to_vec(),
        content: Content::PublicKey,
        form: "SubjectPublicKeyInfo".to_owned(),
    })
}

fn rsa_public_key(der: &[u8]) -> Result<Item, Failure> {
    Ok(Item {
        spki: private::rsa_spki(der)?,
        content: Content::PublicKey,
        form: "PKCS#1".to_owned(),
    })
}
