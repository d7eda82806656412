//! What was measured is kept beside the images until something changes that it depends on: the same sources, recording and
//! tools give the same figures, to the instruction.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::build::root;
use super::tools::Tools;
use super::{Board, source};
use crate::failure::Failure;
use crate::hex;
use crate::plan::Plan;

/// Everything in the source tree that ends up in an image, or says how it is made.
const SOURCES: [&str; 9] = [
    "Cargo.toml",
    "src",
    "sys/Cargo.toml",
    "sys/build.rs",
    "sys/build",
    "sys/shim",
    "sys/src",
    "sim/boards",
    "sim/src/board",
];

/// Where a measurement is kept.
pub struct Place(PathBuf);

impl Place {
    /// The place for that plan and tape on that board with these tools.
    ///
    /// # Errors
    /// If the source tree cannot be read.
    pub fn of(board: Board, tools: &Tools, plan: &Plan, tape: &[u8]) -> Result<Place, Failure> {
        let mut hash = Sha256::new();
        hash.update(board.name());
        hash.update(&tools.versions);
        hash.update(source::of(plan)?);
        hash.update(tape);
        for name in SOURCES {
            add(&mut hash, &root().join(name))?;
        }
        // BearSSL's source, where it is not the one whose hash is among the sources.
        if let Some(given) = std::env::var_os("BEARSSL_SRC").filter(|given| !given.is_empty()) {
            add(&mut hash, Path::new(&given))?;
        }
        let name = hex::encode(&hash.finalize()[..16]);
        let folder = super::build::folder(board).join("measured");
        Ok(Place(folder.join(name).with_extension("json")))
    }

    /// What is there, if it is whole.
    pub fn read<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&std::fs::read(&self.0).ok()?).ok()
    }

    /// Puts it there. If that fails, it is measured again next time.
    pub fn write(&self, what: &impl serde::Serialize) {
        let Ok(text) = serde_json::to_vec(what) else {
            return;
        };
        let Some(folder) = self.0.parent() else {
            return;
        };
        let written = std::fs::create_dir_all(folder)
            .and_then(|()| tempfile::NamedTempFile::new_in(folder))
            .and_then(|mut file| {
                std::io::Write::write_all(&mut file, &text)?;
                file.persist(&self.0).map_err(|error| error.error)
            });
        drop(written);
    }
}

/// Adds a file, or everything in a folder in a fixed order.
fn add(hash: &mut Sha256, path: &Path) -> Result<(), Failure> {
    let wrong = |error: std::io::Error| Failure::Other(format!("{}: {error}", path.display()));
    if path.is_dir() {
        let entries: Result<Vec<_>, _> = std::fs::read_dir(path).map_err(wrong)?.collect();
        let mut paths: Vec<_> = entries
            .map_err(wrong)?
            .iter()
            .map(|entry| entry.path())
            .collect();
        paths.sort();
        return paths
            .iter()
            .filter(|path| path.file_name().is_some_and(|name| name != "target"))
            .try_for_each(|path| add(hash, path));
    }
    let bytes = std::fs::read(path).map_err(wrong)?;
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    for part in [name, &bytes] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    Ok(())
}
