//! The broker's configuration.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::store::{CA, CERTIFICATE, CRL, Holder, KEY};
use crate::failure::Failure;

/// How the broker is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// The port.
    pub port: u16,
    /// The one address that it listens at; all of them if there is none.
    pub bind: Option<IpAddr>,
    /// The folder that the files will be in, where it is not the authority's own.
    pub install: Option<PathBuf>,
}

impl Broker {
    /// Whether the folder on the broker's machine can be found from wherever the broker is started.
    ///
    /// # Errors
    /// If its path does not begin at the root.
    pub fn check(&self) -> Result<(), Failure> {
        match &self.install {
            Some(folder) if !folder.has_root() && !has_drive(folder) => {
                Err(Failure::Usage(format!(
                    "--install {}: the broker would look for it from wherever it is started; give the whole path, like \
                     /etc/mosquitto/bearcub",
                    printable(folder)?
                )))
            }
            _ => Ok(()),
        }
    }

    /// The text of `mosquitto.conf` for the server with this name.
    ///
    /// # Errors
    /// If a path cannot stand in a configuration.
    pub fn configuration(&self, name: &str, authority: &Path) -> Result<String, Failure> {
        let (common, own) = match &self.install {
            Some(folder) => (folder.clone(), folder.clone()),
            None => (
                authority.to_owned(),
                authority.join(Holder::Server.folder()).join(name),
            ),
        };
        let mut text = format!(
            "# For the broker {name}, written by `bearcub ca server`. It is yours from here on: nothing changes it again.\n"
        );
        match &self.install {
            Some(folder) => text.push_str(&format!(
                "# In {} on the broker's machine: {CA} and {CRL} of the authority, {CERTIFICATE} and {KEY} of this folder,\n\
                 # all readable for the user that Mosquitto runs as, {KEY} for nobody else.\n\n",
                printable(folder)?
            )),
            None => {
                text.push('\n');
                if let Some(user) = owner(authority) {
                    text.push_str(&format!(
                        "# Started as root, Mosquitto becomes this user, who can read the files below.\nuser {user}\n\n"
                    ));
                }
            }
        }
        let port = self.port;
        let listener = match self.bind {
            Some(address) => format!("listener {port} {address}"),
            None => format!("listener {port}"),
        };
        let path = |folder: &Path, file: &str| printable(&folder.join(file));
        text.push_str(&format!(
            "{listener}\n\
             cafile {}\n\
             certfile {}\n\
             keyfile {}\n\
             tls_version tlsv1.2\n\n\
             # Nobody is let in without a certificate of this authority; the name in it is the user name.\n\
             require_certificate true\n\
             use_identity_as_username true\n\
             allow_anonymous false\n\n\
             # Who was revoked. The broker reads it when it is reloaded (SIGHUP); who is connected stays until it is started anew.\n\
             crlfile {}\n",
            path(&common, CA)?,
            path(&own, CERTIFICATE)?,
            path(&own, KEY)?,
            path(&common, CRL)?,
        ));
        Ok(text)
    }
}

/// A path of Windows, `C:\…`, wherever this runs.
fn has_drive(path: &Path) -> bool {
    let text = path.to_string_lossy();
    let bytes = text.as_bytes();
    matches!(bytes, [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic())
}

fn printable(path: &Path) -> Result<String, Failure> {
    let text = path
        .to_str()
        .filter(|text| !text.contains(char::is_control));
    text.map(str::to_owned).ok_or_else(|| {
        Failure::Usage(format!(
            "{}: this path cannot stand in a configuration; use one without line ends and in UTF-8",
            path.display()
        ))
    })
}

/// The name of the user that a folder belongs to, if the machine's list of users has it.
#[cfg(unix)]
fn owner(folder: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let id = std::fs::metadata(folder).ok()?.uid().to_string();
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == id).then(|| name.to_owned())
    })
}

#[cfg(not(unix))]
fn owner(_: &Path) -> Option<String> {
    None
}
