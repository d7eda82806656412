//! Looks for what is wrong with an authority's folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use pkcs8::{EncryptedPrivateKeyInfoRef, SecretDocument};
use serde::Serialize;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::der::oid::db::rfc4519::CN;
use zeroize::Zeroizing;

use super::certificate::{seconds, serial_text};
use super::disk::leftovers;
use super::key::{Key, is_signed_by};
use super::store::{CA_KEY, CERTIFICATE, CONFIGURATION, CRL, Entry, Holder, Issued, KEY, Store};
use crate::failure::Failure;
use crate::material::passphrase::Passphrase;

/// A certificate that ends within that many days is warned of.
pub const SOON: i64 = 30;
const DAY: i64 = 86_400;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// Something does not work, or is not safe.
    Problem,
    /// It will not work for long, or is as someone wanted it.
    Warning,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub weight: Weight,
    /// What it is, with the file and what to do.
    pub text: String,
}

/// How a certificate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// In use.
    Valid,
    /// In use, for less than [`SOON`] days.
    Expiring,
    /// Its time is over.
    Expired,
    /// Its time has not begun.
    Early,
    /// Nobody who reads the list takes it.
    Revoked,
    /// Another took its place; it is valid nonetheless.
    Replaced,
}

impl State {
    /// Of the certificate in use, or a former one.
    pub fn of(store: &Store, issued: &Issued, is_current: bool, now: i64) -> State {
        let period = issued.period();
        match () {
            () if store.is_revoked(issued.serial()) => State::Revoked,
            () if period.to < now => State::Expired,
            () if period.from > now => State::Early,
            () if !is_current => State::Replaced,
            () if period.to < now + SOON * DAY => State::Expiring,
            () => State::Valid,
        }
    }

    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            State::Valid => "valid",
            State::Expiring => "expires soon",
            State::Expired => "expired",
            State::Early => "not yet valid",
            State::Revoked => "revoked",
            State::Replaced => "replaced, valid",
        }
    }
}

struct Check<'a> {
    store: &'a Store,
    now: i64,
    findings: Vec<Finding>,
}

/// Everything that is wrong. The authority's key is opened with the passphrase if there is one to be had without asking.
///
/// # Errors
/// If the folder, the authority's certificate or the list cannot be read at all.
pub fn check(
    store: &Store,
    now: i64,
    passphrase: Option<&Passphrase>,
) -> Result<Vec<Finding>, Failure> {
    let mut check = Check {
        store,
        now,
        findings: Vec::new(),
    };
    check.authority(passphrase);
    check.list();
    let cut_off = leftovers(&store.folder)
        .map_err(|error| Failure::Usage(format!("{}: {error}", store.folder.display())))?;
    for path in cut_off {
        check.warning(
            &path,
            "a run that was cut off left this; the next change removes it",
        );
    }
    let (entries, failures) = store.entries()?;
    for failure in failures {
        check.failed(&failure);
    }
    let mut serials = BTreeMap::new();
    for entry in &entries {
        check.entry(entry);
        for issued in entry.all() {
            if let Some(other) = serials.insert(serial_text(issued.serial()), &issued.file) {
                let text = format!("it has the serial number of {}", other.display());
                check.problem(&issued.file, &text);
            }
        }
    }
    for folder in store.retired()? {
        let issued = Issued::read(&folder.join(CERTIFICATE));
        if let Ok(issued) = issued
            && !store.is_revoked(issued.serial())
        {
            check.problem(
                &store.path(CRL),
                &format!(
                    "the certificate in {} was revoked and is not in the list: was an older list put back? \
                     `bearcub ca revoke --serial {}` adds it again",
                    folder.display(),
                    serial_text(issued.serial())
                ),
            );
        }
    }
    Ok(check.findings)
}

impl Check<'_> {
    fn add(&mut self, weight: Weight, path: &Path, text: &str) {
        self.findings.push(Finding {
            weight,
            text: format!("{}: {text}", path.display()),
        });
    }

    fn failed(&mut self, failure: &Failure) {
        self.findings.push(Finding {
            weight: Weight::Problem,
            text: failure.to_string(),
        });
    }

    fn problem(&mut self, path: &Path, text: &str) {
        self.add(Weight::Problem, path, text);
    }

    fn warning(&mut self, path: &Path, text: &str) {
        self.add(Weight::Warning, path, text);
    }

    fn authority(&mut self, passphrase: Option<&Passphrase>) {
        let store = self.store;
        self.private(&store.folder.clone(), "700");
        self.dates(&store.ca, "bearcub ca renew --authority");
        let path = store.path(CA_KEY);
        self.private(&path, "600");
        match (is_encrypted(&path), passphrase) {
            (Ok(true), None) => {}
            (Ok(encrypted), passphrase) => {
                let none = Passphrase::default();
                if let Err(failure) = store.key(passphrase.unwrap_or(&none)) {
                    self.failed(&failure);
                }
                if !encrypted {
                    self.warning(
                        &path,
                        "it is not encrypted: who reads it can make certificates",
                    );
                }
            }
            (Err(text), _) => self.problem(&path, &text),
        }
    }

    fn list(&mut self) {
        let (path, list) = (self.store.path(CRL), &self.store.crl.tbs_cert_list);
        if seconds(&list.this_update) > self.now {
            self.problem(
                &path,
                "it is not valid yet, and the broker lets nobody in; is the clock right?",
            );
        }
        if list
            .next_update
            .is_some_and(|time| seconds(&time) < self.now)
        {
            self.problem(&path, "its time is over, and the broker lets nobody in");
        }
        if list.issuer != *self.store.ca.certificate.tbs_certificate().subject() {
            self.problem(&path, "it has another issuer's name");
        }
    }

    fn entry(&mut self, entry: &Entry) {
        let current = &entry.current;
        for issued in entry.all() {
            if !is_signed_by(&issued.der, &self.store.ca.spki()) {
                self.problem(
                    &issued.file,
                    "this authority did not sign it; was it replaced, or is it another authority's?",
                );
            }
        }
        if common_name(&current.certificate).as_deref() != Some(&entry.name) {
            self.problem(
                &current.file,
                "it is for another name than its folder; were two files mixed up?",
            );
        }
        let path = entry.folder.join(KEY);
        match (path.exists(), entry.holder) {
            (true, _) => {
                self.private(&path, "600");
                self.key(entry, &path);
            }
            (false, Holder::Server) => {
                self.problem(&path, "it is missing, and the broker does not start");
            }
            // It may be on the device alone.
            (false, Holder::Device) => {}
        }
        if self.store.is_revoked(current.serial()) {
            if entry.holder == Holder::Server {
                self.warning(&current.file, "it was revoked; make the server's anew");
            }
            return;
        }
        self.dates(current, &format!("bearcub ca renew {}", entry.name));
        if entry.holder == Holder::Server {
            self.configuration(entry);
        }
    }

    fn key(&mut self, entry: &Entry, path: &Path) {
        let spki = Key::read(path, &Passphrase::default()).and_then(|key| key.spki());
        match spki {
            Ok(spki) if spki == entry.current.spki() => {}
            Ok(_) => self.problem(
                path,
                &format!(
                    "it does not belong to {}; one of both was replaced",
                    entry.current.file.display()
                ),
            ),
            Err(failure) => self.failed(&failure),
        }
    }

    fn dates(&mut self, issued: &Issued, remedy: &str) {
        let period = issued.period();
        let left = (period.to - self.now) / DAY;
        if period.to < self.now {
            self.problem(&issued.file, &format!("it has expired; `{remedy}`"));
        } else if period.from > self.now {
            self.problem(&issued.file, "it is not valid yet; is the clock right?");
        } else if left < SOON {
            self.warning(
                &issued.file,
                &format!("it expires in {left} days; `{remedy}`"),
            );
        }
    }

    /// The files that the configuration names, unless they are on the broker's machine.
    fn configuration(&mut self, entry: &Entry) {
        let path = &entry.folder.join(CONFIGURATION);
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return self.warning(path, &error.to_string()),
        };
        let own = Path::new(Holder::Server.folder())
            .join(&entry.name)
            .join(CERTIFICATE);
        let certificate = text.lines().find_map(|line| line.strip_prefix("certfile "));
        if certificate.is_none_or(|file| !Path::new(file).ends_with(&own)) {
            return;
        }
        for line in text.lines() {
            let Some((word, file)) = line.split_once(' ') else {
                continue;
            };
            if matches!(word, "cafile" | "certfile" | "keyfile" | "crlfile")
                && !Path::new(file).exists()
            {
                self.warning(
                    path,
                    &format!("it names {file}, which is not there; was the folder moved?"),
                );
            }
        }
    }

    /// Nobody but the owner may read it.
    fn private(&mut self, path: &Path, mode: &str) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            if let Ok(found) = fs::metadata(path)
                && found.permissions().mode() & 0o077 != 0
            {
                let text =
                    format!("others than its owner can read it; `chmod {mode}` keeps them out");
                self.problem(path, &text);
            }
        }
        #[cfg(not(unix))]
        let _ = (path, mode);
    }
}

fn common_name(certificate: &Certificate) -> Option<String> {
    let subject = certificate.tbs_certificate().subject();
    let mut names = subject.iter().filter(|one| one.oid == CN);
    let value = names.next()?.value.value();
    String::from_utf8(value.to_vec()).ok()
}

/// Whether the private key in a file is encrypted, if it is whole.
fn is_encrypted(path: &Path) -> Result<bool, String> {
    let damaged = |error: &dyn std::fmt::Display| {
        format!("it is damaged or cut short ({error}); restore it from a copy")
    };
    let text = fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(|error| error.to_string())?;
    let (label, der) = SecretDocument::from_pem(&text).map_err(|error| damaged(&error))?;
    if label != "ENCRYPTED PRIVATE KEY" {
        return Ok(false);
    }
    match EncryptedPrivateKeyInfoRef::from_der(der.as_bytes()) {
        Ok(_) => Ok(true),
        Err(error) => Err(damaged(&error)),
    }
}
