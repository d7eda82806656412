//! What is in an authority's folder. There is no index: everything is read from the certificates and the list that are there.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;
use x509_cert::Certificate;
use x509_cert::crl::CertificateList;
use x509_cert::der::{Decode, DecodePem, Encode};
use x509_cert::serial_number::SerialNumber;

use super::certificate::{Period, entries};
use super::disk::Lock;
use super::key::{Key, is_signed_by};
use crate::failure::Failure;
use crate::material::passphrase::Passphrase;
use crate::material::{self, Content};

/// The authority's certificate.
pub const CA: &str = "ca.pem";
/// Its private key.
pub const CA_KEY: &str = "ca-key.pem";
/// The list of revoked certificates.
pub const CRL: &str = "crl.pem";
/// Held by the run that changes something.
pub const LOCK: &str = ".lock";
/// In the folder of a server or device: its certificate.
pub const CERTIFICATE: &str = "cert.pem";
/// In the folder of a server or device: its private key.
pub const KEY: &str = "key.pem";
/// In the folder of a server: the broker's configuration.
pub const CONFIGURATION: &str = "mosquitto.conf";
/// Where the folders of names go that were revoked and then used again.
pub const REVOKED: &str = "revoked";

/// How long another run is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// For whom a certificate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Holder {
    /// A broker.
    Server,
    /// A client.
    Device,
}

impl Holder {
    /// Both.
    pub const ALL: [Holder; 2] = [Holder::Server, Holder::Device];

    /// The folder in which each has a folder.
    pub fn folder(self) -> &'static str {
        match self {
            Holder::Server => "servers",
            Holder::Device => "devices",
        }
    }

    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Holder::Server => "server",
            Holder::Device => "device",
        }
    }
}

/// A certificate that was issued, in its file.
#[derive(Clone, Debug)]
pub struct Issued {
    /// Its file.
    pub file: PathBuf,
    /// As it is signed.
    pub der: Vec<u8>,
    /// What it says.
    pub certificate: Certificate,
}

impl Issued {
    /// Reads a file with one certificate.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn read(file: &Path) -> Result<Issued, Failure> {
        let items = material::read(file, &Passphrase::default())?;
        let [item] = items.as_slice() else {
            return Err(Failure::Usage(format!(
                "{}: one certificate is expected, and there are {} things in it",
                file.display(),
                items.len()
            )));
        };
        let Content::Certificate(der) = &item.content else {
            return Err(Failure::Usage(format!(
                "{}: a certificate is expected, and it is a {}; were two files mixed up?",
                file.display(),
                item.kind()
            )));
        };
        let certificate = Certificate::from_der(der)
            .map_err(|error| Failure::Usage(format!("{}: {error}", file.display())))?;
        Ok(Issued {
            file: file.to_owned(),
            der: der.clone(),
            certificate,
        })
    }

    /// Its serial number.
    pub fn serial(&self) -> &SerialNumber {
        self.certificate.tbs_certificate().serial_number()
    }

    /// When it is valid.
    pub fn period(&self) -> Period {
        Period::of(&self.certificate)
    }

    /// The SubjectPublicKeyInfo in it (DER).
    pub fn spki(&self) -> Vec<u8> {
        let spki = self.certificate.tbs_certificate().subject_public_key_info();
        spki.to_der().unwrap_or_default()
    }
}

/// A name with its certificates.
#[derive(Clone, Debug)]
pub struct Entry {
    /// For whom it is.
    pub holder: Holder,
    /// The name.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// The certificate that is in use.
    pub current: Issued,
    /// Those that it took the place of.
    pub former: Vec<Issued>,
}

impl Entry {
    /// All certificates, the current one first.
    pub fn all(&self) -> impl Iterator<Item = &Issued> {
        std::iter::once(&self.current).chain(&self.former)
    }
}

/// An authority's folder, read.
#[derive(Debug)]
pub struct Store {
    /// The folder.
    pub folder: PathBuf,
    /// The authority's own certificate.
    pub ca: Issued,
    /// The list of revoked certificates.
    pub crl: CertificateList,
}

impl Store {
    /// Reads the authority's certificate and its list, which must have been signed by it.
    ///
    /// # Errors
    /// If there is no authority, or one of both files is damaged.
    pub fn open(folder: &Path) -> Result<Store, Failure> {
        let path = folder.join(CA);
        if let Err(error) = fs::metadata(&path) {
            return Err(Failure::Usage(match error.kind() {
                ErrorKind::NotFound => format!(
                    "{}: there is no authority here; `bearcub ca init` makes one, --dir FOLDER names another place",
                    folder.display()
                ),
                _ => format!("{}: {error}", path.display()),
            }));
        }
        let ca = Issued::read(&path)?;
        if !is_signed_by(&ca.der, &ca.spki()) {
            return Err(Failure::Usage(format!(
                "{}: this certificate was not signed with its own key, so that it is not the authority's; restore it from a \
                 copy (every device and broker has one)",
                path.display()
            )));
        }
        let crl = read_crl(&folder.join(CRL), &ca.spki())?;
        Ok(Store {
            folder: folder.to_owned(),
            ca,
            crl,
        })
    }

    /// Waits for other runs to end and keeps them out; reads the folder anew.
    ///
    /// # Errors
    /// If another run does not end, or as [`open`](Self::open).
    pub fn lock(folder: &Path) -> Result<(Lock, Store), Failure> {
        // Nothing is made in a folder that holds no authority.
        Store::open(folder)?;
        let path = folder.join(LOCK);
        let start = Instant::now();
        loop {
            let lock = Lock::try_take(&path).map_err(|error| super::not_done(&path, &error))?;
            if let Some(lock) = lock {
                return Ok((lock, Store::open(folder)?));
            }
            if start.elapsed() > PATIENCE {
                return Err(Failure::Other(format!(
                    "{}: another `bearcub ca` is at work here and does not end; try again when it has, or end it",
                    folder.display()
                )));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The authority's private key.
    ///
    /// # Errors
    /// If it cannot be read, or is another's.
    pub fn key(&self, passphrase: &Passphrase) -> Result<Key, Failure> {
        let path = self.path(CA_KEY);
        let key = Key::read(&path, passphrase)?;
        if key.spki()? != self.ca.spki() {
            return Err(Failure::Usage(format!(
                "{}: this is not the private key of {}; one of both was replaced, restore it from a copy",
                path.display(),
                self.ca.file.display()
            )));
        }
        Ok(key)
    }

    /// Whether a certificate with this serial number was revoked.
    pub fn is_revoked(&self, serial: &SerialNumber) -> bool {
        entries(&self.crl)
            .iter()
            .any(|entry| entry.serial_number == *serial)
    }

    /// The folder of a name.
    pub fn folder_of(&self, holder: Holder, name: &str) -> PathBuf {
        self.folder.join(holder.folder()).join(name)
    }

    /// The certificates of a name, if it has a folder.
    ///
    /// # Errors
    /// If a file in its folder is damaged.
    pub fn find(&self, holder: Holder, name: &str) -> Result<Option<Entry>, Failure> {
        let folder = self.folder_of(holder, name);
        match fs::metadata(&folder) {
            Ok(_) => self.entry(holder, name, &folder).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::Usage(format!("{}: {error}", folder.display()))),
        }
    }

    fn entry(&self, holder: Holder, name: &str, folder: &Path) -> Result<Entry, Failure> {
        if !folder.is_dir() {
            return Err(not_a_folder(folder, holder));
        }
        let file = folder.join(CERTIFICATE);
        if !file.exists() {
            return Err(Failure::Usage(format!(
                "{}: it is missing; restore it from a copy, or move the folder elsewhere and make the {} anew",
                file.display(),
                holder.word()
            )));
        }
        let current = Issued::read(&file)?;
        let mut former = Vec::new();
        for path in children(folder)? {
            if former_serial(&path).is_some() {
                let issued = Issued::read(&path)?;
                // The step before a renewal is a copy under the name that it will have.
                if issued.der != current.der {
                    former.push(issued);
                }
            }
        }
        Ok(Entry {
            holder,
            name: name.to_owned(),
            folder: folder.to_owned(),
            current,
            former,
        })
    }

    /// Every name, and what is wrong with those that cannot be read.
    ///
    /// # Errors
    /// If a folder cannot be read.
    pub fn entries(&self) -> Result<(Vec<Entry>, Vec<Failure>), Failure> {
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for holder in Holder::ALL {
            for folder in children(&self.folder.join(holder.folder()))? {
                let name = file_name(&folder);
                match self.entry(holder, &name, &folder) {
                    Ok(entry) => found.push(entry),
                    Err(failure) => failures.push(failure),
                }
            }
        }
        Ok((found, failures))
    }

    /// The folders of names that were revoked and used again.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn retired(&self) -> Result<Vec<PathBuf>, Failure> {
        children(&self.folder.join(REVOKED))
    }
}

/// Something else is where each server or device has its folder.
fn not_a_folder(path: &Path, holder: Holder) -> Failure {
    Failure::Usage(format!(
        "{}: it is not the folder of a {}; move it elsewhere",
        path.display(),
        holder.word()
    ))
}

/// Reads the list of revoked certificates.
fn read_crl(path: &Path, spki: &[u8]) -> Result<CertificateList, Failure> {
    let wrong = |what: &dyn std::fmt::Display| {
        Failure::Usage(format!(
            "{}: {what}; restore it from the copy that the broker has: without it nobody knows who was revoked",
            path.display()
        ))
    };
    let bytes = fs::read(path).map_err(|error| wrong(&error))?;
    let list = CertificateList::from_pem(&bytes)
        .map_err(|error| wrong(&format_args!("it is damaged or cut short ({error})")))?;
    let der = list.to_der().map_err(|error| wrong(&error))?;
    match is_signed_by(&der, spki) {
        true => Ok(list),
        false => Err(wrong(
            &"it was not signed by this authority, or was changed",
        )),
    }
}

/// The name under which a certificate is kept when another takes its place.
pub fn former_name(serial: &SerialNumber) -> String {
    format!("old-{}.pem", super::certificate::serial_text(serial))
}

fn former_serial(path: &Path) -> Option<String> {
    let name = file_name(path);
    let serial = name.strip_prefix("old-")?.strip_suffix(".pem")?;
    Some(serial.to_owned())
}

/// What is in a folder, sorted, without hidden and temporary files; nothing if it is not there.
pub fn children(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let wrong = |error: std::io::Error| Failure::Usage(format!("{}: {error}", folder.display()));
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(wrong)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(wrong)?.path();
        if !file_name(&path).starts_with('.') {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The last part of a path.
pub fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
