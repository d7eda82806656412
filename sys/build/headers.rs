//! The headers that say how large an RSA key may be. BearSSL 0.6 fixes that in its text.

use std::fs;
use std::path::{Path, PathBuf};

/// A file with a limit, and the line in it: what stands there, and what stands there for keys of at most 2048 bits.
const LIMITS: [(&str, &str, &str); 3] = [
    (
        "inc/bearssl_x509.h",
        "#define BR_X509_BUFSIZE_KEY   520",
        "#define BR_X509_BUFSIZE_KEY   264",
    ),
    (
        "inc/bearssl_x509.h",
        "#define BR_X509_BUFSIZE_SIG   512",
        "#define BR_X509_BUFSIZE_SIG   256",
    ),
    (
        "src/inner.h",
        "#define BR_MAX_RSA_SIZE   4096",
        "#define BR_MAX_RSA_SIZE   2048",
    ),
];

/// Copies every header into one folder, with room for RSA keys of 2048 bits only; returns the folder.
///
/// One header includes another from its own folder first, so that all of them must be there.
pub fn for_rsa_2048(source: &Path, out: &Path) -> Result<PathBuf, String> {
    let folder = out.join("rsa-2048");
    let wrong = |path: &Path, why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    fs::create_dir_all(&folder).map_err(|error| wrong(&folder, &error))?;
    for part in ["inc", "src"] {
        let from = source.join(part);
        let entries = fs::read_dir(&from).map_err(|error| wrong(&from, &error))?;
        for entry in entries {
            let path = entry.map_err(|error| wrong(&from, &error))?.path();
            if path.extension().is_none_or(|extension| extension != "h") {
                continue;
            }
            let mut text = fs::read_to_string(&path).map_err(|error| wrong(&path, &error))?;
            let name = path.file_name().unwrap_or_default();
            for (file, old, new) in LIMITS {
                if Path::new(file) != Path::new(part).join(name) {
                    continue;
                }
                if text.matches(old).count() != 1 {
                    return Err(wrong(&path, &format!("no `{old}`: is this BearSSL 0.6?")));
                }
                text = text.replace(old, new);
            }
            let copy = folder.join(name);
            fs::write(&copy, text).map_err(|error| wrong(&copy, &error))?;
        }
    }
    Ok(folder)
}
