//! Certificates, keys and times as users hand them in.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use bearcub::error::{ConfigError, Fault};
use bearcub::identity::{PrivateKey, pem};
use x509_cert::der::DateTime;

use crate::failure::Failure;
use crate::hex::Hex;
use crate::plan::{ClientPlan, anchor};
use crate::report::grouped;

/// More than any chain of certificates has.
const SIZE_MAX: u64 = 1 << 20;

/// More than any file has that people write by hand: settings, a statement, a password.
pub const TEXT_MAX: u64 = 1 << 20;

/// The authorities in a file, PEM or DER. Of several, those whose keys are of a kind that the library does not verify with
/// are left out, which is said on standard error: less is trusted then, never more.
///
/// # Errors
/// If none is left, or one of them is no authority's certificate.
pub fn anchors(path: &Path) -> Result<Vec<Hex>, Failure> {
    let mut left_out = Vec::new();
    let mut usable = Vec::new();
    for (number, der) in objects(path, &[pem::CERTIFICATE, pem::PUBLIC_KEY])?
        .into_iter()
        .enumerate()
    {
        let place = format!("{}: certificate {}", path.display(), number + 1);
        match anchor(&der.0) {
            Ok(_) => usable.push(der),
            Err(error) if is_unsupported(&error) => left_out.push(Failure::from(error).at(place)),
            Err(error) => return Err(Failure::from(error).at(place)),
        }
    }
    if usable.is_empty()
        && let Some(failure) = left_out.pop()
    {
        return Err(failure);
    }
    for failure in left_out {
        crate::commands::tell(&format_args!("left out: {failure}"));
    }
    Ok(usable)
}

/// Whether it is right, and of a kind that the library does not have.
fn is_unsupported(error: &ConfigError) -> bool {
    matches!(
        error,
        ConfigError::Malformed {
            fault: Fault::Unsupported,
            ..
        }
    )
}

/// The client's chain and key, each from a file in PEM or DER.
///
/// # Errors
/// What is wrong with them.
pub fn client(chain: &Path, key: &Path) -> Result<ClientPlan, Failure> {
    let bytes = read(key)?;
    let der = if is_pem(&bytes) {
        let mut buffer = vec![0; bytes.len()];
        pem::decode(&bytes, &pem::PRIVATE_KEYS, &mut buffer)
            .map_err(|error| in_pem(error, key, &bytes))?
            .der
            .to_vec()
    } else {
        bytes
    };
    PrivateKey::from_der(&der).map_err(|error| Failure::from(error).at(key.display()))?;
    Ok(ClientPlan {
        certificates: objects(chain, &[pem::CERTIFICATE])?,
        test_only_private_key: Hex(der),
    })
}

/// `now`, `unset`, or a time like `2026-06-01T12:00:00Z`, as seconds since 1970.
///
/// # Errors
/// If it is none of these.
pub fn time(text: &str) -> Result<Option<i64>, Failure> {
    let seconds = match text {
        "unset" => return Ok(None),
        "now" => SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .ok()
            .map(|time| time.as_secs()),
        text => DateTime::from_str(text)
            .ok()
            .map(|time| time.unix_duration().as_secs()),
    };
    let seconds = seconds.and_then(|seconds| i64::try_from(seconds).ok());
    seconds.map(Some).ok_or_else(|| {
        Failure::Usage(format!(
            "the time `{text}` is not `now`, `unset`, or like 2026-06-01T12:00:00Z"
        ))
    })
}

/// What a file in PEM or DER holds under these labels.
fn objects(path: &Path, labels: &[&str]) -> Result<Vec<Hex>, Failure> {
    let bytes = read(path)?;
    if !is_pem(&bytes) {
        return Ok(vec![Hex(bytes)]);
    }
    let (mut found, mut rest) = (Vec::new(), &bytes[..]);
    let mut buffer = vec![0; bytes.len()];
    while found.is_empty() || is_pem(rest) {
        let block = match pem::decode(rest, labels, &mut buffer) {
            Ok(block) => block,
            // What is left may be a key, which is skipped.
            Err(_) if !found.is_empty() && !has_any(rest, labels) => break,
            Err(error) => return Err(in_pem(moved(error, bytes.len() - rest.len()), path, &bytes)),
        };
        found.push(Hex(block.der.to_vec()));
        rest = block.rest;
    }
    Ok(found)
}

/// The same error about a text of which that many bytes come before.
fn moved(error: ConfigError, by: usize) -> ConfigError {
    match error {
        ConfigError::Malformed {
            input,
            fault,
            offset,
        } => ConfigError::Malformed {
            input,
            fault,
            offset: offset + by,
        },
        other => other,
    }
}

/// The error, with what the text holds where that is something else.
fn in_pem(error: ConfigError, path: &Path, text: &[u8]) -> Failure {
    let is_other = matches!(
        error,
        ConfigError::Malformed {
            fault: Fault::OtherKind,
            ..
        }
    );
    if !is_other {
        return Failure::from(error).at(path.display());
    }
    let text = String::from_utf8_lossy(text);
    let mut labels: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("-----BEGIN ")?.strip_suffix("-----"))
        .collect();
    labels.dedup();
    labels.truncate(4);
    Failure::from(error).at(format!(
        "{} (it holds: {})",
        path.display(),
        labels.join(", ")
    ))
}

/// All of a file, or of another source, of at most so many bytes: a device or a pipe may have no end.
///
/// # Errors
/// What reading says, and if there is more.
pub fn read_at_most(source: impl Read, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(std::io::Error::other(format!(
            "more than {} bytes are too many",
            grouped(usize::try_from(most).unwrap_or(usize::MAX))
        )));
    }
    Ok(bytes)
}

/// The same of a text.
///
/// # Errors
/// As [`read_at_most`], and if it is not UTF-8.
pub fn text_at_most(path: &Path, most: u64) -> std::io::Result<String> {
    let bytes = read_at_most(File::open(path)?, most)?;
    String::from_utf8(bytes).map_err(|error| std::io::Error::other(error.utf8_error()))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = File::open(path).and_then(|file| read_at_most(file, SIZE_MAX));
    let bytes = bytes.map_err(|error| Failure::unread(path.display(), &error))?;
    if bytes.is_empty() {
        return Err(wrong(path, &"the file is empty"));
    }
    Ok(bytes)
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

fn is_pem(bytes: &[u8]) -> bool {
    contains(bytes, b"-----BEGIN ")
}

fn has_any(bytes: &[u8], labels: &[&str]) -> bool {
    let begins = |label: &&str| contains(bytes, format!("-----BEGIN {label}-----").as_bytes());
    labels.iter().any(begins)
}

fn wrong(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::Usage(format!("{}: {error}", path.display()))
}
