//! Files that are written all together or not at all.

use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile, TempPath};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::recording::refuse_overwriting;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everyone.
    Public,
    /// Its owner alone: it holds a private key.
    Secret,
}

/// Files to be written.
#[derive(Default)]
pub struct Outputs {
    files: Vec<(PathBuf, Zeroizing<Vec<u8>>, Access)>,
    force: bool,
}

impl Outputs {
    /// None yet. Those that are there already are replaced only with `force`.
    pub fn new(force: bool) -> Self {
        Outputs {
            files: Vec::new(),
            force,
        }
    }

    /// One more.
    pub fn add(&mut self, path: &Path, content: Zeroizing<Vec<u8>>, access: Access) {
        self.files.push((path.to_owned(), content, access));
    }

    /// The paths, in the order in which they were added.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|(path, ..)| path.as_path())
    }

    /// Whether every file could be written: nothing there that is not to be replaced, and no path twice.
    ///
    /// # Errors
    /// Which one could not, and why.
    pub fn check(&self) -> Result<(), Failure> {
        for (number, path) in self.paths().enumerate() {
            if self.paths().take(number).any(|other| other == path) {
                return Err(failed(path, &"two outputs have this name"));
            }
            match std::fs::symlink_metadata(path) {
                Ok(_) if !self.force => return Err(refuse_overwriting(path)),
                Ok(found) if !found.is_file() => {
                    return Err(failed(
                        path,
                        &"it is there and is no regular file, so that it cannot be replaced",
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes them: to temporary files beside their places first, which are then given their names. If one cannot have its
    /// name, those that were placed before are taken away again, and what they replaced is put back.
    ///
    /// # Errors
    /// Which one could not be written, and why; everything is as it was then.
    pub fn write(self) -> Result<(), Failure> {
        self.check()?;
        let mut ready = Vec::new();
        for (path, content, access) in &self.files {
            let file = prepare(path, content, *access).map_err(|error| unwritten(path, &error))?;
            ready.push((path.as_path(), file));
        }
        let mut placed: Vec<Placed<'_>> = Vec::new();
        for (path, file) in ready {
            match place(path, file, self.force) {
                Ok(done) => placed.push(done),
                Err(failure) => {
                    placed.into_iter().rev().for_each(Placed::undo);
                    return Err(failure);
                }
            }
        }
        Ok(())
    }
}

/// Writes a text that everyone may read in the place of what is there, whole or not at all.
///
/// # Errors
/// If it could not be written, and why.
pub fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let mut outputs = Outputs::new(true);
    let content = Zeroizing::new(text.as_bytes().to_vec());
    outputs.add(path, content, Access::Public);
    outputs.write()
}

/// A file that has its name, and what had it before.
struct Placed<'a> {
    path: &'a Path,
    before: Option<TempPath>,
}

impl Placed<'_> {
    fn undo(self) {
        // Nothing more can be done where this fails too.
        match self.before {
            Some(before) => drop(before.persist(self.path)),
            None => drop(std::fs::remove_file(self.path)),
        }
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn prepare(path: &Path, content: &[u8], access: Access) -> std::io::Result<NamedTempFile> {
    // Temporary files are private to their owner.
    let mut file = Builder::new()
        .prefix(".bearcub-")
        .tempfile_in(folder(path))?;
    file.write_all(content)?;
    if access == Access::Public {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::Permissions::from_mode(0o644);
            file.as_file().set_permissions(mode)?;
        }
    }
    file.as_file().sync_all()?;
    Ok(file)
}

fn place(path: &Path, file: NamedTempFile, force: bool) -> Result<Placed<'_>, Failure> {
    let mut before = None;
    if force && path.exists() {
        before = Some(keep(path).map_err(|error| unwritten(path, &error))?);
        file.persist(path)
            .map_err(|error| unwritten(path, &error.error))?;
    } else {
        file.persist_noclobber(path)
            .map_err(|error| match error.error.kind() {
                std::io::ErrorKind::AlreadyExists => refuse_overwriting(path),
                _ => unwritten(path, &error.error),
            })?;
    }
    Ok(Placed { path, before })
}

/// A second name for the file, so that the first can be given away; a copy where file systems have no second names.
fn keep(path: &Path) -> std::io::Result<TempPath> {
    let name = Builder::new()
        .prefix(".bearcub-")
        .tempfile_in(folder(path))?
        .into_temp_path();
    std::fs::remove_file(&name)?;
    std::fs::hard_link(path, &name).or_else(|_| std::fs::copy(path, &name).map(drop))?;
    Ok(name)
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    Failure::unwritten(path.display(), error)
}

fn failed(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::Usage(format!("{}: {error}; nothing was written", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outputs(force: bool, paths: &[&Path]) -> Outputs {
        let mut outputs = Outputs::new(force);
        for path in paths {
            outputs.add(path, Zeroizing::new(b"new".to_vec()), Access::Secret);
        }
        outputs
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn of_several_files_all_are_written_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (a, b, lost) = (at("a"), at("b"), at("missing/c"));
        assert!(outputs(false, &[&a, &lost]).write().is_err());
        assert_eq!(names(folder.path()), [""; 0]);
        outputs(false, &[&a]).write().unwrap();
        assert!(outputs(false, &[&b, &a]).write().is_err());
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[test]
    fn what_was_replaced_is_put_back_when_a_later_file_cannot_be_placed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let (a, b) = (at("a"), at("b"));
        std::fs::write(&a, "old").unwrap();
        let files = outputs(true, &[&a, &b]);
        // Past the first check, a folder takes the second name.
        std::fs::create_dir_all(b.join("full")).unwrap();
        assert!(files.check().is_err());
        let first = prepare(&a, b"new", Access::Secret).unwrap();
        let placed = place(&a, first, true).unwrap();
        assert_eq!(std::fs::read(&a).unwrap(), b"new");
        let second = prepare(&b, b"new", Access::Secret).unwrap();
        assert!(place(&b, second, true).is_err());
        placed.undo();
        assert_eq!(std::fs::read(&a).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["a", "b"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_secret_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        // Also where a file that everyone could read is replaced.
        std::fs::write(&path, "old").unwrap();
        outputs(true, &[&path]).write().unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(names(folder.path()), ["key"]);
    }
}
