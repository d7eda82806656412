//! The file layer: every change of the authority's folder goes through here, so that each step can be made to fail.
//!
//! Files are written whole and synced under a temporary name, and get their own name by a rename, after which the folder is
//! synced. So at most one rename is pending at any time, and a power cut leaves the state before it or the one after it.

use std::cell::Cell;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{Error, ErrorKind, Result, Write};
use std::path::{Path, PathBuf};

use crate::output::Access;

/// What temporary names inside the authority's folder begin with.
pub const TEMPORARY: &str = ".new-";

/// How a step fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// This step alone, as on a full disk: what follows, such as tidying up, works.
    Error,
    /// The power goes: this step is half done, and nothing follows.
    PowerCut,
}

/// The disk, or one that fails at a chosen step.
#[derive(Debug)]
pub struct Disk {
    fault: Option<(usize, Fault)>,
    steps: Cell<usize>,
}

impl Disk {
    /// The disk as it is.
    pub fn real() -> Self {
        Disk {
            fault: None,
            steps: Cell::new(0),
        }
    }

    /// One that fails after that many steps.
    pub fn failing(after: usize, fault: Fault) -> Self {
        Disk {
            fault: Some((after, fault)),
            steps: Cell::new(0),
        }
    }

    /// How many steps have been asked for.
    pub fn steps(&self) -> usize {
        self.steps.get()
    }

    /// Counts a step. `Err` if it is the one to fail.
    fn step(&self) -> Result<()> {
        let number = self.steps.get();
        self.steps.set(number + 1);
        let fails = match self.fault {
            None => false,
            Some((after, Fault::Error)) => number == after,
            Some((after, Fault::PowerCut)) => number >= after,
        };
        match fails {
            true => Err(Error::other("the disk was made to fail here")),
            false => Ok(()),
        }
    }

    /// Makes a folder for its owner alone. It must not be there.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn create_folder(&self, path: &Path) -> Result<()> {
        self.step()?;
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path)
    }

    /// Writes a file and syncs it. It must not be there.
    ///
    /// # Errors
    /// Those of the file system; part of the file may be there then.
    pub fn write(&self, path: &Path, content: &[u8], access: Access) -> Result<()> {
        self.step()?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(
            &mut options,
            match access {
                Access::Public => 0o644,
                Access::Secret => 0o600,
            },
        );
        #[cfg(not(unix))]
        let _ = access;
        let mut file = options.open(path)?;
        if let Err(error) = self.step() {
            file.write_all(&content[..content.len() / 2])?;
            return Err(error);
        }
        file.write_all(content)?;
        if let Err(error) = self.step() {
            // What was not synced need not be there after a power cut.
            file.set_len(content.len() as u64 / 2)?;
            return Err(error);
        }
        file.sync_all()
    }

    /// Syncs the names in a folder.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn sync_folder(&self, path: &Path) -> Result<()> {
        self.step()?;
        #[cfg(unix)]
        File::open(path)?.sync_all()?;
        #[cfg(not(unix))]
        let _ = path;
        Ok(())
    }

    /// Gives a folder its name, under which nothing may be but an empty folder.
    ///
    /// # Errors
    /// `AlreadyExists` if something is there, else those of the file system.
    pub fn place_folder(&self, from: &Path, to: &Path) -> Result<()> {
        if fs::symlink_metadata(to).is_ok_and(|found| !found.is_dir()) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        self.step()?;
        fs::rename(from, to).map_err(|error| match error.kind() {
            ErrorKind::DirectoryNotEmpty => ErrorKind::AlreadyExists.into(),
            _ => error,
        })?;
        self.sync_renamed(to)
    }

    /// Gives a file its name, in place of the one that has it.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn replace(&self, from: &Path, to: &Path) -> Result<()> {
        self.step()?;
        fs::rename(from, to)?;
        self.sync_renamed(to)
    }

    fn sync_renamed(&self, to: &Path) -> Result<()> {
        let result = self.sync_folder(&parent(to));
        result.map_err(|error| Error::other(Unsynced(error)))
    }

    /// Removes a file, or a folder with everything in it, if it is there.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn remove(&self, path: &Path) -> Result<()> {
        self.step()?;
        let result = match fs::symlink_metadata(path) {
            Ok(found) if found.is_dir() => fs::remove_dir_all(path),
            Ok(_) => fs::remove_file(path),
            Err(error) => Err(error),
        };
        match result {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Removes what runs that were cut off left in a folder. Only who holds the lock may.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn remove_leftovers(&self, folder: &Path) -> Result<()> {
        for path in leftovers(folder)? {
            self.remove(&path)?;
        }
        Ok(())
    }
}

/// What runs that were cut off left in a folder.
///
/// # Errors
/// Those of the file system.
pub fn leftovers(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// The rename is done, and might not outlast a power cut.
#[derive(Debug)]
pub struct Unsynced(Error);

impl std::fmt::Display for Unsynced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Unsynced {}

/// The folder that a path is in.
pub fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The lock of an authority: held by the one run that changes it. It ends with its holder, however that ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock if nobody holds it. The file is made if it is not there.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn try_take(path: &Path) -> Result<Option<Lock>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }
}
