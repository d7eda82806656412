//! PEM armour: the text form in which keys and certificates are handed out (RFC 7468).
//!
//! [`decode`] finds one block in a text that may hold several, decodes it into memory that the caller lends, and hands
//! back the text that follows, so that a file with a chain is read block by block:
//!
//! ```
//! use bearcub::pem;
//!
//! # fn main() -> Result<(), bearcub::error::ConfigError> {
//! let text = include_bytes!("../tests/data/test-only-chain.pem");
//! let mut leaf = [0; 1024];
//! let mut issuer = [0; 1024];
//! let first = pem::decode(text, &[pem::CERTIFICATE], &mut leaf)?;
//! let second = pem::decode(first.rest, &[pem::CERTIFICATE], &mut issuer)?;
//! let chain: [&[u8]; 2] = [first.der, second.der];
//! # assert!(chain[0].len() > 250 && chain[1].len() > 250);
//! # Ok(())
//! # }
//! ```

use core::fmt;
use core::str;

use pem_rfc7468::{Decoder, Error};
use zeroize::Zeroize;

use crate::error::{ConfigError, Fault, Input, Memory};

/// The label of a certificate.
pub const CERTIFICATE: &str = "CERTIFICATE";
/// The label of a public key: a SubjectPublicKeyInfo.
pub const PUBLIC_KEY: &str = "PUBLIC KEY";
/// The labels under which a private key may be found: PKCS#8, SEC1 and PKCS#1.
pub const PRIVATE_KEYS: [&str; 3] = ["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"];

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";
const ENCRYPTED: &[u8] = b"ENCRYPTED PRIVATE KEY";

/// One decoded block.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Block<'i, 'o> {
    /// What stands between `BEGIN` and the dashes.
    pub label: &'i str,
    /// The decoded bytes, at the start of the memory that was lent.
    pub der: &'o [u8],
    /// The text behind the block.
    pub rest: &'i [u8],
}

/// Shows the length of the bytes only: they may be a private key.
impl fmt::Debug for Block<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Block({}, {} bytes)", self.label, self.der.len())
    }
}

/// Decodes the first block whose label is one of `labels` into the start of `out`.
///
/// Whatever stands before it is skipped: text, `Bag Attributes`, blocks with other labels such as `EC PARAMETERS`. Lines
/// may end in LF, CR LF or CR. `out` needs 3 bytes for every 4 characters of base64. When decoding fails, `out` is wiped.
///
/// # Errors
///
/// - [`ConfigError::Malformed`] with [`Input::Pem`] and the byte offset in `pem`: [`Fault::Truncated`] where the text
///   ends before any block or within one; [`Fault::OtherKind`] at the first block if all have other labels;
///   [`Fault::Unsupported`] for a private key that is encrypted, at the
///   start of its block; [`Fault::Unexpected`] for a character or a line length that has no place in base64.
/// - [`ConfigError::MemoryTooSmall`] with [`Memory::Identity`] if `out` is too small; it names the size that is needed.
pub fn decode<'i, 'o>(
    pem: &'i [u8],
    labels: &[&str],
    out: &'o mut [u8],
) -> Result<Block<'i, 'o>, ConfigError> {
    let mut offset = 0;
    let mut other = None;
    while let Some(start) = find_line(pem, BEGIN, offset) {
        let label_start = start + BEGIN.len();
        let label =
            label_at(pem, label_start).ok_or_else(|| malformed(Fault::Unexpected, label_start))?;
        let wants_key = labels.iter().any(|wanted| PRIVATE_KEYS.contains(wanted));
        if label == ENCRYPTED && wants_key {
            return Err(malformed(Fault::Unsupported, start));
        }
        let body = label_start + label.len() + DASHES.len();
        let end =
            find_end(pem, label, body).ok_or_else(|| malformed(Fault::Truncated, pem.len()))?;
        offset = end;
        if let Some(label) = str::from_utf8(label)
            .ok()
            .filter(|label| labels.contains(label))
        {
            let der = decode_block(pem, start, body, end, out)?;
            return Ok(Block {
                label,
                der,
                rest: &pem[end..],
            });
        }
        other = other.or(Some(start));
    }
    Err(match other {
        Some(start) => malformed(Fault::OtherKind, start),
        None => malformed(Fault::Truncated, pem.len()),
    })
}

/// Decodes the block at `start..end`, whose base64 begins at or shortly behind `body`.
fn decode_block<'o>(
    pem: &[u8],
    start: usize,
    body: usize,
    end: usize,
    out: &'o mut [u8],
) -> Result<&'o [u8], ConfigError> {
    let mut decoder = Decoder::new_detect_wrap(&pem[start..end])
        .map_err(|error| locate(error, pem, start, body, end))?;
    let needed = decoder.remaining_len();
    let given = out.len();
    let out = out.get_mut(..needed).ok_or(ConfigError::MemoryTooSmall {
        memory: Memory::Identity,
        needed,
        given,
    })?;
    if let Err(error) = decoder.decode(&mut *out).map(|_| ()) {
        out.zeroize();
        return Err(locate(error, pem, start, body, end));
    }
    if !decoder.is_finished() {
        out.zeroize();
        return Err(malformed(Fault::Unexpected, start));
    }
    Ok(out)
}

/// Where in the block the fault is: at the first character that is not base64, or else at the block.
fn locate(error: Error, pem: &[u8], start: usize, body: usize, end: usize) -> ConfigError {
    // RFC 1421 headers; in a private key they say that it is encrypted.
    if error == Error::HeaderDisallowed || pem[body..end].contains(&b':') {
        return malformed(Fault::Unsupported, start);
    }
    let stray = pem[body..end]
        .iter()
        .take_while(|byte| **byte != b'-')
        .position(|byte| {
            !byte.is_ascii_alphanumeric() && !matches!(byte, b'+' | b'/' | b'=' | b'\r' | b'\n')
        });
    malformed(Fault::Unexpected, stray.map_or(start, |at| body + at))
}

/// The label that starts here, up to the dashes that close it.
fn label_at(pem: &[u8], start: usize) -> Option<&[u8]> {
    let text = pem.get(start..)?;
    let length = text
        .iter()
        .position(|byte| matches!(byte, b'-' | b'\r' | b'\n'))?;
    let (label, behind) = text.split_at(length);
    behind.starts_with(DASHES).then_some(label)
}

/// Behind the line that ends the block with this label; the line's own end is not part of it.
fn find_end(pem: &[u8], label: &[u8], from: usize) -> Option<usize> {
    let mut offset = from;
    while let Some(start) = find_line(pem, END, offset) {
        let label_start = start + END.len();
        if label_at(pem, label_start) == Some(label) {
            return Some(label_start + label.len() + DASHES.len());
        }
        offset = label_start;
    }
    None
}

/// The first place at or behind `from` where a line starts with `prefix`.
fn find_line(pem: &[u8], prefix: &[u8], from: usize) -> Option<usize> {
    (from..pem.len()).find(|&at| {
        let line_starts = at == 0 || matches!(pem[at - 1], b'\r' | b'\n');
        line_starts && pem[at..].starts_with(prefix)
    })
}

fn malformed(fault: Fault, offset: usize) -> ConfigError {
    ConfigError::Malformed {
        input: Input::Pem,
        fault,
        offset,
    }
}
