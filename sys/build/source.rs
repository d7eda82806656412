//! Where the source comes from: the user's word, then the vendor folder, then Debian's source package.

use std::env;
use std::path::{Path, PathBuf};

use crate::{apt, archive};

/// Returns a folder that has `inc/` and `src/`.
pub fn locate() -> Result<PathBuf, String> {
    println!("cargo::rerun-if-env-changed=BEARSSL_SRC");
    let out =
        PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set: run this through cargo")?);
    if let Some(given) = env::var_os("BEARSSL_SRC").filter(|value| !value.is_empty()) {
        return from_user(Path::new(&given), &out);
    }
    let manifest = env::var_os("CARGO_MANIFEST_DIR")
        .ok_or("CARGO_MANIFEST_DIR is not set: run this through cargo")?;
    let vendor = Path::new(&manifest).join("vendor");
    for kept in [vendor.join(archive::NAME), out.join(archive::NAME)] {
        if kept.exists() {
            println!("cargo::rerun-if-changed={}", kept.display());
            let bytes = archive::read_checked(&kept).map_err(|why| {
                format!("{why}\nDelete that file, and the next build fetches it anew.")
            })?;
            return unpacked(&bytes, &out);
        }
    }
    let bytes = fetch(&out).map_err(|why| advice(&why, &vendor))?;
    // A source tree may be read-only, and one that cargo has unpacked from a published package must not be written to: then
    // the archive is kept for this build folder alone.
    let is_published = Path::new(&manifest).join("Cargo.toml.orig").exists();
    let folders = if is_published {
        [&out, &out]
    } else {
        [&vendor, &out]
    };
    let kept = archive::store(&bytes, folders[0])
        .or_else(|_| archive::store(&bytes, folders[1]))
        .map_err(|error| format!("cannot keep the source archive: {error}"))?;
    println!("cargo::rerun-if-changed={}", kept.display());
    unpacked(&bytes, &out)
}

fn from_user(given: &Path, out: &Path) -> Result<PathBuf, String> {
    if given.is_file() {
        println!("cargo::rerun-if-changed={}", given.display());
        let bytes = archive::read_checked(given).map_err(|why| format!("BEARSSL_SRC: {why}"))?;
        return unpacked(&bytes, out);
    }
    if given.join("inc/bearssl.h").is_file() && given.join("src/inner.h").is_file() {
        for folder in ["inc", "src"] {
            println!("cargo::rerun-if-changed={}", given.join(folder).display());
        }
        return given
            .canonicalize()
            .map_err(|error| format!("BEARSSL_SRC: {error}"));
    }
    Err(format!(
        "BEARSSL_SRC is {}, which is neither a BearSSL 0.6 source folder (with inc/ and src/) nor the archive {}.\n\
         Correct it, or unset it and let the build find the source.",
        given.display(),
        archive::NAME,
    ))
}

fn unpacked(bytes: &[u8], out: &Path) -> Result<PathBuf, String> {
    let folder = out.join("source");
    archive::unpack(bytes, &folder)?;
    Ok(folder)
}

fn fetch(out: &Path) -> Result<Vec<u8>, String> {
    let found = apt::fetch(&out.join("apt"), archive::NAME)?;
    archive::read_checked(&found)
}

fn advice(why: &str, vendor: &Path) -> String {
    format!(
        "BearSSL's source is not here, and fetching it failed: {why}\n\
         \n\
         Any one of these helps, in a folder of your choice:\n\
         \n\
         1. On Debian or Ubuntu with network, once \"deb-src\" is among the machine's apt sources:\n\
         \x20     apt-get source --download-only bearssl\n\
         \x20     mkdir -p '{vendor}' && cp '{name}' '{vendor}/'\n\
         2. With the archive from elsewhere (Debian's source package \"bearssl\"; SHA-256 {hash}):\n\
         \x20     export BEARSSL_SRC=/path/to/{name}\n\
         3. With an unpacked BearSSL 0.6:\n\
         \x20     export BEARSSL_SRC=/path/to/bearssl-0.6\n",
        vendor = vendor.display(),
        name = archive::NAME,
        hash = archive::SHA256,
    )
}
