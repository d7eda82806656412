//! What happens to certificates later: renewal and revocation.

use std::net::IpAddr;
use std::path::Path;

use x509_cert::Certificate;
use x509_cert::crl::CertificateList;
use x509_cert::der::asn1::OctetString;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::serial_number::SerialNumber;

use super::certificate::{self, Contents, Period, Role, pem, serial_text};
use super::issue::period;
use super::key::Key;
use super::store::{CA, CERTIFICATE, CRL, Entry, Holder, Issued, Store, former_name};
use super::{Place, not_done};
use crate::failure::Failure;
use crate::material::passphrase::Passphrase;
use crate::output::Access;

/// What gets a new certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal<'a> {
    /// The server or device with this name.
    Name(&'a str),
    /// The authority itself.
    Authority,
}

/// What was renewed.
#[derive(Debug)]
pub struct Renewed {
    /// The new certificate, in its file.
    pub issued: Issued,
    /// Whose it is; the authority's own if there is none.
    pub holder: Option<Holder>,
}

/// Gives a name, or the authority, a new certificate for the same key. The old one is kept beside it, and stays valid.
///
/// # Errors
/// If there is no such name, it was revoked, or something cannot be written; everything is as it was then.
pub fn renew(
    place: &Place<'_>,
    what: Renewal<'_>,
    days: Option<u32>,
    passphrase: &Passphrase,
) -> Result<Renewed, Failure> {
    let early = Store::open(place.folder)?;
    renewable(&early, what)?;
    let authority = early.key(passphrase)?;
    let (_lock, store) = Store::lock(place.folder)?;
    let Some(entry) = renewable(&store, what)? else {
        let subject = store.ca.certificate.tbs_certificate().subject();
        let contents = Contents {
            role: &Role::Authority,
            subject,
            period: Period::days(place.now, days.unwrap_or(super::AUTHORITY_DAYS)),
            spki: &store.ca.spki(),
        };
        let der = certificate::issue(&contents, None, &authority)?;
        let issued = replace(place, &store.folder, CA, &store.ca, &der)?;
        return Ok(Renewed {
            issued,
            holder: None,
        });
    };
    let (role, default) = match entry.holder {
        Holder::Device => (Role::Device, super::DEVICE_DAYS),
        Holder::Server => {
            let (names, addresses) = server_names(&entry.current)?;
            (Role::Server(names, addresses), super::SERVER_DAYS)
        }
    };
    let contents = Contents {
        role: &role,
        subject: entry.current.certificate.tbs_certificate().subject(),
        period: period(place, &store, days.unwrap_or(default))?,
        spki: &entry.current.spki(),
    };
    let der = certificate::issue(&contents, Some(&store.ca.certificate), &authority)?;
    let issued = replace(place, &entry.folder, CERTIFICATE, &entry.current, &der)?;
    Ok(Renewed {
        issued,
        holder: Some(entry.holder),
    })
}

/// What is to be renewed, if that is possible; `None` for the authority.
fn renewable(store: &Store, what: Renewal<'_>) -> Result<Option<Entry>, Failure> {
    let Renewal::Name(name) = what else {
        return Ok(None);
    };
    let entry = find(store, name)?;
    if store.is_revoked(entry.current.serial()) {
        return Err(Failure::Usage(format!(
            "{}: `{name}` was revoked, and what was revoked is not renewed; `bearcub ca {} {name}` makes a new key and certificate",
            entry.folder.display(),
            entry.holder.word()
        )));
    }
    if !super::key::is_signed_by(&entry.current.der, &store.ca.spki()) {
        return Err(Failure::Usage(format!(
            "{}: this authority did not sign it, so that it is not renewed; was the file replaced?",
            entry.current.file.display()
        )));
    }
    Ok(Some(entry))
}

fn find(store: &Store, name: &str) -> Result<Entry, Failure> {
    for holder in Holder::ALL {
        let name = match holder {
            Holder::Server => name.to_ascii_lowercase(),
            Holder::Device => name.to_owned(),
        };
        // No path into another folder.
        if !name.contains(['/', '\\'])
            && !name.starts_with('.')
            && !name.is_empty()
            && let Some(entry) = store.find(holder, &name)?
        {
            return Ok(entry);
        }
    }
    Err(Failure::Usage(format!(
        "there is no server and no device with the name `{}`; `bearcub ca list` shows those that there are",
        crate::peer::printable(name)
    )))
}

/// Puts a certificate in the place of another, of which a copy is kept. The copy is made first; until the last rename it says
/// what the file in use says too.
fn replace(
    place: &Place<'_>,
    folder: &Path,
    name: &str,
    old: &Issued,
    new: &[u8],
) -> Result<Issued, Failure> {
    let file = folder.join(name);
    let copy = folder.join(former_name(old.serial()));
    let (old, new) = (pem::<Certificate>(&old.der)?, pem::<Certificate>(new)?);
    let failed = |error| not_done(&file, &error);
    place.prepare_here(|temporary| {
        let (first, second) = (temporary.join("old"), temporary.join("new"));
        let disk = place.disk;
        disk.write(&first, old.as_bytes(), Access::Public)
            .map_err(failed)?;
        disk.write(&second, new.as_bytes(), Access::Public)
            .map_err(failed)?;
        disk.replace(&first, &copy)
            .and_then(|()| disk.replace(&second, &file))
            .map_err(|error| {
                // Where the second rename is done and not synced, the copy is needed.
                if second.exists() {
                    let _ = disk.remove(&copy);
                }
                failed(error)
            })
    })?;
    Issued::read(&file)
}

/// What is to be revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation<'a> {
    /// Every certificate of the server or device with this name.
    Name(&'a str),
    /// The certificate with this serial number, in hexadecimal, whether its file is there or not.
    Serial(&'a str),
}

/// What was revoked.
#[derive(Debug)]
pub struct Revoked {
    /// The serial numbers that were added to the list.
    pub serials: Vec<String>,
    /// The number of the list.
    pub number: u64,
}

/// Adds certificates to the list of revoked ones.
///
/// # Errors
/// If there is no such certificate, it was revoked before, or the list cannot be written; everything is as it was then.
pub fn revoke(
    place: &Place<'_>,
    what: Revocation<'_>,
    passphrase: &Passphrase,
) -> Result<Revoked, Failure> {
    let early = Store::open(place.folder)?;
    revocable(&early, what)?;
    let authority: Key = early.key(passphrase)?;
    let (_lock, store) = Store::lock(place.folder)?;
    let serials = revocable(&store, what)?;
    let der = certificate::revoke(
        Some(&store.crl),
        &serials,
        place.now,
        &store.ca.certificate,
        &authority,
    )?;
    let text = pem::<CertificateList>(&der)?;
    let file = store.path(CRL);
    place.prepare_here(|temporary| {
        let new = temporary.join(CRL);
        place
            .disk
            .write(&new, text.as_bytes(), Access::Public)
            .and_then(|()| place.disk.replace(&new, &file))
            .map_err(|error| not_done(&file, &error))
    })?;
    let list = Store::open(place.folder)?.crl;
    Ok(Revoked {
        serials: serials.iter().map(serial_text).collect(),
        number: certificate::crl_number(&list).unwrap_or_default(),
    })
}

fn revocable(store: &Store, what: Revocation<'_>) -> Result<Vec<SerialNumber>, Failure> {
    let (serials, named) = match what {
        Revocation::Name(name) => {
            let entry = find(store, name)?;
            let serials = entry.all().map(|issued| issued.serial().clone()).collect();
            (serials, name)
        }
        Revocation::Serial(text) => (vec![parse_serial(text)?], text),
    };
    let fresh: Vec<_> = serials
        .into_iter()
        .filter(|serial| !store.is_revoked(serial))
        .collect();
    match fresh.is_empty() {
        false => Ok(fresh),
        true => Err(Failure::Usage(format!(
            "`{named}` is revoked already; nothing was changed"
        ))),
    }
}

fn parse_serial(text: &str) -> Result<SerialNumber, Failure> {
    let digits = text.replace(':', "");
    let bytes = base16ct::mixed::decode_vec(&digits).ok();
    let bytes = bytes.filter(|bytes| (1..=20).contains(&bytes.len()));
    bytes
        .and_then(|bytes| SerialNumber::new(&bytes).ok())
        .ok_or_else(|| {
            Failure::Usage(format!(
                "--serial {}: not a serial number, 1 to 20 bytes in hexadecimal as `bearcub ca list` shows them",
                crate::peer::printable(text)
            ))
        })
}

/// The names and addresses in a server's certificate.
///
/// # Errors
/// If it has none.
pub fn server_names(issued: &Issued) -> Result<(Vec<String>, Vec<IpAddr>), Failure> {
    let extension = issued
        .certificate
        .tbs_certificate()
        .get_extension::<SubjectAltName>();
    let Ok(Some((_, names))) = extension else {
        return Err(Failure::Usage(format!(
            "{}: there are no names in this server's certificate; was the file replaced?",
            issued.file.display()
        )));
    };
    let (mut dns, mut addresses) = (Vec::new(), Vec::new());
    for name in names.0 {
        match name {
            GeneralName::DnsName(name) => dns.push(name.to_string()),
            GeneralName::IpAddress(bytes) => addresses.extend(address(&bytes)),
            _ => {}
        }
    }
    Ok((dns, addresses))
}

fn address(bytes: &OctetString) -> Option<IpAddr> {
    let bytes = bytes.as_bytes();
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}
