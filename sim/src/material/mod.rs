//! Certificates, requests and keys in any form in which people have them.
//!
//! [`read`] takes a file, or standard input, and gives every [`Item`] in it: PEM with any number of blocks, or one piece
//! of DER. [`private`] reads private keys in their wrappings, encrypted ones too, and [`passphrase`] asks for the
//! passphrase; `der` tells pieces of DER apart, [`secret`] keeps a password from being shown, and `tasmota` reads the lines of Tasmota's console.

mod der;
pub mod passphrase;
pub mod private;
pub mod secret;
mod tasmota;

use std::fmt;
use std::io::Read;
use std::path::Path;

use bearcub::error::{ConfigError, Fault, Input};
use bearcub::pem;
use zeroize::Zeroizing;

use crate::failure::Failure;
use passphrase::Passphrase;
use private::KeyPair;

/// More than any bundle of certificates has.
const SIZE_MAX: u64 = 1 << 20;

/// One thing that a file holds.
pub struct Item {
    /// What it is.
    pub content: Content,
    /// How it was wrapped: `PKCS#8, PEM`.
    pub form: String,
    /// The SubjectPublicKeyInfo of its key, in DER.
    pub spki: Vec<u8>,
}

/// What an [`Item`] is.
pub enum Content {
    /// A certificate in DER.
    Certificate(Vec<u8>),
    /// A request for a certificate (PKCS#10); its subject.
    Request(String),
    /// A public key.
    PublicKey,
    /// A private key.
    PrivateKey(KeyPair),
}

impl Item {
    /// What it is, in words.
    pub fn kind(&self) -> &'static str {
        match self.content {
            Content::Certificate(_) => "certificate",
            Content::Request(_) => "certificate request",
            Content::PublicKey => "public key",
            Content::PrivateKey(_) => "private key",
        }
    }
}

/// Shows nothing of a key.
impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Item({}, {})", self.kind(), self.form)
    }
}

/// Everything that a file holds; `-` is standard input. A passphrase is asked for only where a key needs one.
///
/// # Errors
/// What is wrong with the file, named with what to try.
pub fn read(path: &Path, passphrase: &Passphrase) -> Result<Vec<Item>, Failure> {
    let bytes = bytes(path)?;
    items(&bytes, passphrase).map_err(|failure| failure.at(path.display()))
}

/// A certificate that came from elsewhere, in DER.
///
/// # Errors
/// What is wrong with it.
pub fn certificate(der: &[u8]) -> Result<Item, Failure> {
    let mut item = der::certificate(der)?;
    item.form = "DER".to_owned();
    Ok(item)
}

/// The bytes of a file, or of standard input for `-`, if there are some and not too many.
///
/// # Errors
/// Why it cannot be read.
pub fn bytes(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let wrong = |error: &dyn fmt::Display| Failure::Usage(format!("{}: {error}", path.display()));
    let mut bytes = Zeroizing::new(Vec::new());
    let result = if path.as_os_str() == "-" {
        std::io::stdin().take(SIZE_MAX + 1).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(SIZE_MAX + 1).read_to_end(&mut bytes))
    };
    let length = result.map_err(|error| Failure::unread(path.display(), &error))?;
    if length as u64 > SIZE_MAX {
        return Err(wrong(
            &"more than 1 MB, which is too much for certificates or a key; is it the right file?",
        ));
    }
    if bytes.is_empty() {
        return Err(wrong(
            &"the file is empty; was it written to the end, and by a program that had leave to?",
        ));
    }
    Ok(bytes)
}

fn items(bytes: &[u8], passphrase: &Passphrase) -> Result<Vec<Item>, Failure> {
    if matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        return Err(Failure::Usage(
            "the text is in UTF-16, as some editors and shells of Windows write it; save it as ASCII or UTF-8"
                .to_owned(),
        ));
    }
    if !bytes.windows(11).any(|window| window == b"-----BEGIN ") {
        let lines = tasmota::items(bytes)?;
        return match lines.is_empty() {
            true => Ok(vec![der::item(bytes, passphrase)?]),
            false => Ok(lines),
        };
    }
    let (mut found, mut others) = (Vec::new(), Vec::new());
    let mut rest = bytes;
    while let Some((start, label)) = next_label(rest) {
        let text = &rest[start..];
        if !der::is_known(&label) {
            others.push(label);
            rest = &text[1..];
            continue;
        }
        let offset = bytes.len() - text.len();
        let mut buffer = Zeroizing::new(vec![0; text.len()]);
        let block = pem::decode(text, &[&label], &mut buffer)
            .map_err(|error| in_block(error, &label, offset))?;
        let number = found.len() + 1;
        let item = der::labelled(&label, block.der, passphrase)
            .map_err(|failure| failure.at(format!("block {number} ({label})")))?;
        found.push(item);
        rest = block.rest;
    }
    if found.is_empty() {
        return Err(Failure::Usage(match others.is_empty() {
            true => "a line `-----BEGIN …-----` is there, and is not whole; copy the text again, with its dashes".to_owned(),
            false => format!(
                "it holds: {}; a certificate, a certificate request, a public or a private key is needed",
                others.join(", ")
            ),
        }));
    }
    Ok(found)
}

/// The next line that begins a block, and its label.
fn next_label(text: &[u8]) -> Option<(usize, String)> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    let mut from = 0;
    loop {
        let at = from + text[from..].windows(BEGIN.len()).position(|w| w == BEGIN)?;
        from = at + BEGIN.len();
        let is_at_line_start =
            at == 0 || matches!(text[at - 1], b'\n' | b'\r') || text[..at] == *b"\xef\xbb\xbf";
        let label = &text[from..];
        let end = label.windows(5).take(64).position(|w| w == b"-----");
        if let Some(end) = end.filter(|_| is_at_line_start) {
            return Some((at, String::from_utf8_lossy(&label[..end]).into_owned()));
        }
    }
}

/// The decoder's error, about the block with this label.
fn in_block(error: ConfigError, label: &str, start: usize) -> Failure {
    let ConfigError::Malformed { fault, offset, .. } = error else {
        return error.into();
    };
    let what = match fault {
        Fault::Truncated => format!(
            "the block {label} that begins at byte {start} has no line `-----END {label}-----`: the file is cut short, or two \
             files were mixed; copy it again"
        ),
        Fault::Unsupported => format!(
            "the block {label} at byte {start} is encrypted in the old way of OpenSSL (`Proc-Type: 4,ENCRYPTED`), which is not \
             read here; `openssl pkey -in OLD -out NEW` takes the passphrase off, with -aes256 it is encrypted in the current way"
        ),
        _ => {
            return Failure::from(ConfigError::Malformed {
                input: Input::Pem,
                fault,
                offset: start + offset,
            });
        }
    };
    Failure::Usage(what)
}
