//! The source archive: which one it is, whether a file is that one, and what is unpacked from it.

use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

/// File name of the archive in Debian's source package.
pub const NAME: &str = "bearssl_0.6+dfsg.1.orig.tar.xz";
/// SHA-256 of the archive.
pub const SHA256: &str = "102a625bd8f6155260867a50c508df8d8c3f796985dd744df1a68e5cd1a79004";

/// SHA-256 in hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Accepts exactly the archive that this package was written against.
pub fn check(bytes: &[u8]) -> Result<(), String> {
    let found = sha256_hex(bytes);
    if found == SHA256 {
        return Ok(());
    }
    Err(format!(
        "it is not the expected archive.\n  SHA-256 expected: {SHA256}\n  SHA-256 found:    {found}"
    ))
}

/// Reads a file and accepts exactly the expected archive.
pub fn read_checked(path: &Path) -> Result<Vec<u8>, String> {
    let bytes =
        fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    check(&bytes).map_err(|why| format!("{} was not used: {why}", path.display()))?;
    Ok(bytes)
}

/// Writes the archive into a folder so that a reader sees it whole or not at all, however many builds race.
pub fn store(bytes: &[u8], folder: &Path) -> std::io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let unfinished = folder.join(format!(".{NAME}.{}", std::process::id()));
    let target = folder.join(NAME);
    let result = (|| {
        fs::write(&unfinished, bytes)?;
        // Cargo runs a build again when a watched file is newer than the build; this one never is.
        fs::File::options()
            .write(true)
            .open(&unfinished)?
            .set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000))?;
        fs::rename(&unfinished, &target)
    })();
    if result.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    result.map(|()| target)
}

/// Unpacks `inc/` and `src/` of a checked archive into an emptied folder.
pub fn unpack(bytes: &[u8], folder: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| {
        format!(
            "cannot unpack the source into {}: {error}",
            folder.display()
        )
    };
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(failed)?;
    }
    let mut plain = Vec::new();
    lzma_rust2::XzReader::new(bytes, false)
        .read_to_end(&mut plain)
        .map_err(failed)?;
    for entry in tar::Archive::new(plain.as_slice())
        .entries()
        .map_err(failed)?
    {
        let mut entry = entry.map_err(failed)?;
        let path = entry.path().map_err(failed)?.into_owned();
        let Some(path) = wanted(&path).filter(|_| entry.header().entry_type().is_file()) else {
            continue;
        };
        let target = folder.join(path);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(failed)?;
        fs::write(&target, content).map_err(failed)?;
    }
    Ok(())
}

/// The path below the archive's top folder, if it is one of `inc/` or `src/` and stays inside.
pub fn wanted(path: &Path) -> Option<PathBuf> {
    let below: PathBuf = path.components().skip(1).collect();
    let plain = path
        .components()
        .all(|component| matches!(component, Component::Normal(_)));
    (plain && (below.starts_with("inc") || below.starts_with("src"))).then_some(below)
}
