//! A private authority in a folder: certificates for brokers and devices, and the list of those that were revoked.
//!
//! In reading order: [`disk`] is the file layer, [`key`] makes keys and signs, [`certificate`] says what is in a certificate,
//! [`store`] reads the folder, [`issue`] and [`change`] are what is done to it, [`mosquitto`] writes the broker's
//! configuration, [`check`] looks for what is wrong.
//!
//! ```text
//! ca/                     for its owner alone
//!   ca.pem                the authority's certificate, what brokers and devices trust
//!   ca-key.pem            its private key, encrypted
//!   crl.pem               the list of revoked certificates, what the broker reads
//!   servers/NAME/         cert.pem, key.pem, mosquitto.conf, and old-SERIAL.pem for each renewal
//!   devices/NAME/         cert.pem, key.pem, and the same
//!   revoked/NAME-SERIAL/  what was in the folder of a name that was revoked and used again
//! ```
//!
//! There is no index and no journal: what was issued is what is in the folders, what was revoked is what the signed list says.
//! A change is prepared in a temporary folder and takes effect with one rename; other renames before it move only what is
//! not in use. Whoever changes something holds the lock, and removes what runs left that were cut off.

pub mod certificate;
pub mod change;
pub mod check;
pub mod disk;
pub mod issue;
pub mod key;
pub mod mosquitto;
pub mod store;

use std::io;
use std::path::{Path, PathBuf};

use rand_core::Rng;

use crate::failure::Failure;
use disk::{Disk, TEMPORARY, Unsynced};

/// For how many days the authority's certificate is valid, if nothing else is said.
pub const AUTHORITY_DAYS: u32 = 7300;
/// A server's: what also browsers and telephones accept.
pub const SERVER_DAYS: u32 = 825;
/// A device's, which is not visited often.
pub const DEVICE_DAYS: u32 = 3650;

/// Where, when, and on what disk something is done.
#[derive(Debug)]
pub struct Place<'a> {
    /// The authority's folder.
    pub folder: &'a Path,
    /// Now, in seconds since 1970.
    pub now: i64,
    /// The file layer.
    pub disk: &'a Disk,
}

impl Place<'_> {
    /// Prepares files in a temporary folder, which is gone afterwards.
    fn prepare<T>(
        &self,
        within: &Path,
        prefix: &str,
        work: impl FnOnce(&Path) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut random = [0; 8];
        key::entropy().fill_bytes(&mut random);
        let temporary = within.join(format!("{prefix}{}", crate::hex::encode(&random)));
        self.disk
            .create_folder(&temporary)
            .map_err(|error| not_done(&temporary, &error))?;
        let result = work(&temporary);
        if let Err(error) = self.disk.remove(&temporary)
            && result.is_ok()
        {
            // It did take effect; the next run tidies up.
            crate::commands::tell(&format_args!("{}: {error}", temporary.display()));
        }
        result
    }

    /// The same, within the authority's folder.
    fn prepare_here<T>(
        &self,
        work: impl FnOnce(&Path) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.disk
            .remove_leftovers(self.folder)
            .map_err(|error| not_done(self.folder, &error))?;
        self.prepare(self.folder, TEMPORARY, work)
    }
}

/// A failure of the file system, after which everything is as it was, but for one.
fn not_done(path: &Path, error: &io::Error) -> Failure {
    let unsynced = error.get_ref().is_some_and(|inner| inner.is::<Unsynced>());
    let state = match unsynced {
        false => "nothing was changed",
        true => "it was changed, and that may be lost if the power goes now",
    };
    Failure::unwritten_but(path.display(), error, state)
}

/// The same path from the root, for files that are read from another folder.
fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    let path = path.canonicalize();
    path.map_err(|error| Failure::Usage(format!("the folder's own path: {error}")))
}
