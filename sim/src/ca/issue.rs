//! New certificates: the authority's own, servers', devices'.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use bearcub::trust::ServerName;
use x509_cert::Certificate;
use x509_cert::crl::CertificateList;
use x509_cert::der::Decode;
use zeroize::Zeroizing;

use super::certificate::{self, Contents, Period, Role, common_name, pem, serial_text};
use super::disk::{Lock, parent};
use super::key::{Key, Kind};
use super::mosquitto::Broker;
use super::store::{
    CA, CA_KEY, CERTIFICATE, CONFIGURATION, CRL, Entry, Holder, Issued, KEY, LOCK, REVOKED, Store,
    children, file_name,
};
use super::{Place, absolute, not_done};
use crate::failure::Failure;
use crate::material::passphrase::Passphrase;
use crate::output::Access;

/// What a common name holds at most (RFC 5280, `ub-common-name`).
const NAME_MAX: usize = 64;

/// A new authority.
pub struct Init<'a> {
    /// Its name.
    pub name: &'a str,
    /// The kind of its key.
    pub kind: Kind,
    /// For how long it is valid.
    pub days: u32,
    /// What its key is encrypted with, if it is.
    pub passphrase: Option<&'a str>,
}

/// Makes an authority. Its folder must not be there, or be empty.
///
/// # Errors
/// If something is there, or cannot be made; nothing is left behind then.
pub fn init(place: &Place<'_>, options: &Init<'_>) -> Result<Issued, Failure> {
    may_init(place.folder)?;
    let name = authority_name(options.name)?;
    let key = Key::generate(options.kind)?;
    let spki = key.spki()?;
    let contents = Contents {
        role: &Role::Authority,
        subject: &name,
        period: Period::days(place.now, options.days),
        spki: &spki,
    };
    let der = certificate::issue(&contents, None, &key)?;
    let ca = Certificate::from_der(&der)
        .map_err(|error| Failure::Other(format!("the certificate that was made: {error}")))?;
    let crl = certificate::revoke(None, &[], place.now, &ca, &key)?;
    let key = key.pem(options.passphrase)?;
    let (ca, crl) = (pem::<Certificate>(&der)?, pem::<CertificateList>(&crl)?);
    let within = parent(place.folder);
    let prefix = format!(".{}.new-", file_name(place.folder));
    remove_cut_off(place, &within, &prefix)?;
    place.prepare(&within, &prefix, |temporary| {
        let at = |name: &str| temporary.join(name);
        let failed = |error| not_done(temporary, &error);
        // Held until the folder has its name: nobody takes it for a leftover.
        let lock = Lock::try_take(&at(LOCK)).map_err(failed)?;
        for folder in [Holder::Server.folder(), Holder::Device.folder(), REVOKED] {
            place.disk.create_folder(&at(folder)).map_err(failed)?;
        }
        for (name, content, access) in [
            (CA_KEY, key.as_bytes(), Access::Secret),
            (CA, ca.as_bytes(), Access::Public),
            (CRL, crl.as_bytes(), Access::Public),
        ] {
            place
                .disk
                .write(&at(name), content, access)
                .map_err(failed)?;
        }
        place.disk.sync_folder(temporary).map_err(failed)?;
        let result = place.disk.place_folder(temporary, place.folder);
        drop(lock);
        result.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => occupied(place.folder),
            _ => not_done(place.folder, &error),
        })
    })?;
    Issued::read(&place.folder.join(CA))
}

/// Whether an authority can be made there, to be asked before a passphrase is.
///
/// # Errors
/// If something is there already, or no folder to make it in.
pub fn may_init(folder: &Path) -> Result<(), Failure> {
    if file_name(folder).is_empty() {
        return Err(Failure::Usage(format!(
            "--dir {}: the folder needs a name of its own, like ./ca",
            folder.display()
        )));
    }
    match std::fs::read_dir(folder) {
        Ok(mut entries) => match entries.next() {
            Some(_) => Err(occupied(folder)),
            None => Ok(()),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => match parent(folder).is_dir() {
            true => Ok(()),
            false => Err(Failure::Usage(format!(
                "{}: there is no such folder to make the authority in; make it first",
                parent(folder).display()
            ))),
        },
        Err(_) => Err(occupied(folder)),
    }
}

fn occupied(folder: &Path) -> Failure {
    Failure::Usage(format!(
        "{}: something is there already, and is never overwritten; --dir FOLDER names another place",
        folder.display()
    ))
}

/// What an `init` left that was cut off: nobody holds its lock.
fn remove_cut_off(place: &Place<'_>, within: &Path, prefix: &str) -> Result<(), Failure> {
    let names = std::fs::read_dir(within).map_err(|error| not_done(within, &error))?;
    for path in names.flatten().map(|entry| entry.path()) {
        let lock = path.join(LOCK);
        if file_name(&path).starts_with(prefix)
            && lock.exists()
            && let Ok(Some(_held)) = Lock::try_take(&lock)
        {
            place
                .disk
                .remove(&path)
                .map_err(|error| not_done(&path, &error))?;
        }
    }
    Ok(())
}

fn authority_name(text: &str) -> Result<x509_cert::name::Name, Failure> {
    let is_plain = text.chars().all(|c| !c.is_control());
    if text.trim().is_empty() || !is_plain || text.chars().count() > NAME_MAX {
        return Err(Failure::Usage(format!(
            "--name {text:?}: the authority's name has 1 to {NAME_MAX} characters, in one line"
        )));
    }
    common_name(text)
}

/// A new certificate for a server or a device.
pub struct Request<'a> {
    /// The name.
    pub name: &'a str,
    /// For how long it is valid; the authority's own end is the limit.
    pub days: u32,
    /// For whom.
    pub what: What<'a>,
}

/// For whom a certificate is, with what only one of both has.
pub enum What<'a> {
    /// A server.
    Server {
        /// Further names.
        names: &'a [String],
        /// Its addresses.
        addresses: &'a [IpAddr],
        /// The kind of its key.
        kind: Kind,
        /// How the broker is set up.
        broker: &'a Broker,
    },
    /// A device.
    Device,
}

/// What was issued.
#[derive(Debug)]
pub struct New {
    /// The certificate, in its file.
    pub issued: Issued,
    /// The folder of the name.
    pub folder: PathBuf,
    /// Where the folder went that had the name before.
    pub retired: Option<PathBuf>,
}

impl Request<'_> {
    fn holder(&self) -> Holder {
        match self.what {
            What::Server { .. } => Holder::Server,
            What::Device => Holder::Device,
        }
    }

    fn role(&self) -> Result<Role, Failure> {
        let What::Server {
            names,
            addresses,
            broker,
            ..
        } = self.what
        else {
            device_name(self.name)?;
            return Ok(Role::Device);
        };
        broker.check()?;
        let mut all = vec![server_name(self.name)?];
        for name in names {
            let name = server_name(name)?;
            if !all.contains(&name) {
                all.push(name);
            }
        }
        let addresses: BTreeSet<_> = addresses.iter().copied().collect();
        Ok(Role::Server(all, addresses.into_iter().collect()))
    }

    /// Checks everything that can be known before the key is needed.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self, store: &Store) -> Result<(), Failure> {
        self.checked(store).map(drop)
    }

    /// The role, and the folder that has the name and was revoked.
    fn checked(&self, store: &Store) -> Result<(Role, Option<Entry>), Failure> {
        let role = self.role()?;
        let before = store.find(self.holder(), &self.folder_name())?;
        if let Some(entry) = &before
            && !store.is_revoked(entry.current.serial())
        {
            return Err(Failure::Usage(format!(
                "{}: the {} `{}` is there already, and nothing is overwritten; `bearcub ca renew {}` gives it a new certificate, \
                 `bearcub ca revoke {}` makes room for a new key",
                entry.folder.display(),
                entry.holder.word(),
                entry.name,
                entry.name,
                entry.name
            )));
        }
        self.check_impostors(store, &role)?;
        Ok((role, before))
    }

    /// A device's certificate would pass for that of a server of its name.
    fn check_impostors(&self, store: &Store, role: &Role) -> Result<(), Failure> {
        for holder in Holder::ALL {
            if holder == self.holder() {
                continue;
            }
            for folder in children(&store.path(holder.folder()))? {
                let name = file_name(&folder);
                let theirs = match holder {
                    Holder::Device => vec![name],
                    Holder::Server => match store.find(holder, &name)? {
                        Some(entry) => super::change::server_names(&entry.current)?.0,
                        None => Vec::new(),
                    },
                };
                let ours = match role {
                    Role::Server(names, _) => names.clone(),
                    _ => vec![self.name.to_owned()],
                };
                let both = ours
                    .iter()
                    .find(|name| theirs.iter().any(|other| other.eq_ignore_ascii_case(name)));
                if let Some(name) = both {
                    return Err(Failure::Usage(format!(
                        "{}: a {} has the name `{name}`; with that name on both, the device could pass for the server; choose another",
                        folder.display(),
                        holder.word()
                    )));
                }
            }
        }
        Ok(())
    }

    fn folder_name(&self) -> String {
        match self.what {
            What::Server { .. } => self.name.to_ascii_lowercase(),
            What::Device => self.name.to_owned(),
        }
    }
}

/// Issues a certificate with a new key.
///
/// # Errors
/// If the name is taken or none, the authority's key cannot be used, or something cannot be written; everything is as it was then.
pub fn issue(
    place: &Place<'_>,
    request: &Request<'_>,
    passphrase: &Passphrase,
) -> Result<New, Failure> {
    let early = Store::open(place.folder)?;
    request.check(&early)?;
    let authority = early.key(passphrase)?;
    let kind = match request.what {
        What::Server { kind, .. } => kind,
        What::Device => Kind::Ec,
    };
    let key = Key::generate(kind)?;
    let (_lock, store) = Store::lock(place.folder)?;
    let (role, before) = request.checked(&store)?;
    let name = request.folder_name();
    let contents = Contents {
        role: &role,
        subject: &common_name(&name)?,
        period: period(place, &store, request.days)?,
        spki: &key.spki()?,
    };
    let der = certificate::issue(&contents, Some(&store.ca.certificate), &authority)?;
    let folder = store.folder_of(request.holder(), &name);
    let mut files = vec![
        (KEY, key.pem(None)?, Access::Secret),
        (
            CERTIFICATE,
            Zeroizing::new(pem::<Certificate>(&der)?),
            Access::Public,
        ),
    ];
    if let What::Server { broker, .. } = request.what {
        let text = broker.configuration(&name, &absolute(&store.folder)?)?;
        files.push((CONFIGURATION, Zeroizing::new(text), Access::Public));
    }
    let retired = before.map(|entry| {
        let serial = serial_text(entry.current.serial());
        store.path(REVOKED).join(format!("{name}-{serial}"))
    });
    place.prepare_here(|temporary| {
        for (name, content, access) in &files {
            let path = temporary.join(name);
            place
                .disk
                .write(&path, content.as_bytes(), *access)
                .map_err(|error| not_done(&folder, &error))?;
        }
        place
            .disk
            .sync_folder(temporary)
            .map_err(|error| not_done(&folder, &error))?;
        if let Some(retired) = &retired {
            place
                .disk
                .place_folder(&folder, retired)
                .map_err(|error| not_done(&folder, &error))?;
        }
        let placed = place.disk.place_folder(temporary, &folder);
        placed.map_err(|error| {
            if let Some(retired) = &retired {
                // What was revoked stays revoked, wherever its files are.
                let _ = place.disk.place_folder(retired, &folder);
            }
            not_done(&folder, &error)
        })
    })?;
    Ok(New {
        issued: Issued::read(&folder.join(CERTIFICATE))?,
        folder,
        retired,
    })
}

/// From now, for that many days, within the authority's own time.
///
/// # Errors
/// If the authority has expired.
pub fn period(place: &Place<'_>, store: &Store, days: u32) -> Result<Period, Failure> {
    let end = store.ca.period().to;
    if end <= place.now {
        return Err(Failure::Usage(format!(
            "{}: the authority's own certificate has expired; `bearcub ca renew --authority` gives it a new one for the same key",
            store.ca.file.display()
        )));
    }
    Ok(Period::days(place.now, days).until(end))
}

/// A device's name is the user name at the broker, part of topics and of paths.
fn device_name(name: &str) -> Result<(), Failure> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if name.len() > NAME_MAX || !begins || !name.chars().all(is_plain) {
        return Err(Failure::Usage(format!(
            "`{}`: a device's name has 1 to {NAME_MAX} letters, digits, hyphens, dots and underscores, and begins with a letter or \
             digit: it is the user name at the broker",
            crate::peer::printable(name)
        )));
    }
    if name.parse::<IpAddr>().is_ok() {
        return Err(Failure::Usage(format!(
            "`{name}`: a device's name cannot be an address: it could pass for a server there. Call it by what it is, like plant-7"
        )));
    }
    Ok(())
}

fn server_name(name: &str) -> Result<String, Failure> {
    let wrong = |why: &str| {
        Failure::Usage(format!(
            "`{}`: {why}; a server's name is what devices connect to, like broker.home.arpa, and --ip adds an address",
            crate::peer::printable(name)
        ))
    };
    let parsed = ServerName::parse(name).map_err(|error| wrong(&error.to_string()))?;
    let name = parsed.dns().ok_or_else(|| wrong("it is an address"))?;
    if name.len() > NAME_MAX {
        return Err(wrong(
            "more than 64 characters do not fit into a common name",
        ));
    }
    if name.contains('_') || name.starts_with(['-', '.']) {
        return Err(wrong("an underscore is not allowed in the name of a host"));
    }
    Ok(name.to_ascii_lowercase())
}
