//! Pins: fingerprints of the one key that a server must have.

use core::fmt;

use subtle::{Choice, ConstantTimeEq};

use super::PublicKey;
use crate::error::{ConfigError, Fault, Input};

/// The fingerprint of a server's public key.
///
/// ```
/// use bearcub::trust::Pin;
///
/// // As a constant, checked by the compiler:
/// const BROKER: Pin = match Pin::parse("sha256//JbQbUG5JMJUoI6brnx0x3vZF6jilxsapbXGVfjhN8Fg=") {
///     Ok(pin) => pin,
///     Err(_) => panic!("malformed pin"),
/// };
/// assert_eq!(
///     BROKER.to_string(),
///     "25b41b506e4930952823a6eb9f1d31def645ea38a5c6c6a96d71957e384df058",
/// );
///
/// // As Tasmota prints it:
/// let pin = Pin::parse("0A D8 2D 5E 4F 41 04 46 4B 46 49 65 AC 53 B1 4F 98 B8 DE 9C")?;
/// assert!(matches!(pin, Pin::Sha1(_)));
/// # Ok::<(), bearcub::error::ConfigError>(())
/// ```
///
/// A pin is over the *key*, never over the certificate, so it outlives the certificate's renewal as long as
/// the server keeps its key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pin {
    /// Tasmota's key fingerprint: [`PublicKey::fingerprint_sha1`].
    Sha1([u8; 20]),
    /// SHA-256 over the SubjectPublicKeyInfo: [`PublicKey::spki_sha256`].
    Sha256([u8; 32]),
}

impl Pin {
    /// The SHA-256 pin of a key: what to store after learning it.
    #[must_use]
    pub fn sha256_of(key: &PublicKey<'_>) -> Self {
        Self::Sha256(key.spki_sha256())
    }

    /// The SHA-1 pin of a key, for comparing notes with Tasmota.
    #[must_use]
    pub fn sha1_of(key: &PublicKey<'_>) -> Self {
        Self::Sha1(key.fingerprint_sha1())
    }

    /// Reads a pin in any of the forms that people paste:
    ///
    /// - 40 or 64 hexadecimal digits, in upper or lower case; colons, hyphens and blanks may stand between
    ///   the bytes, and blanks around it all;
    /// - 43 or 44 characters of base64, without or with its padding: a SHA-256 pin;
    /// - either of them after `sha256/`, `sha256//`, `sha256:`, `sha1:` or the like, in upper or lower case.
    ///
    /// Beware of two fingerprints that look the same and are over something else: `openssl x509 -fingerprint`
    /// is over the certificate, and `ssh-keygen -l` is over SSH's form of the key. As pins they match nothing.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Malformed`] with [`Input::Pin`], the offset in bytes, and one of these faults:
    /// [`Fault::Unexpected`] for a character that has no place there, [`Fault::Truncated`] and
    /// [`Fault::TooLong`] for the wrong number of them, [`Fault::Unsupported`] for another hash, and
    /// [`Fault::OutOfRange`] for a pin of only 00 or only FF bytes (Tasmota's "learn" and "accept anyone",
    /// which are no fingerprints; see [`Trust::from_tasmota_slots`](super::Trust::from_tasmota_slots)).
    pub const fn parse(text: &str) -> Result<Self, ConfigError> {
        let bytes = text.as_bytes();
        let (mut start, mut end) = (0, bytes.len());
        while start < end && bytes[start].is_ascii_whitespace() {
            start += 1;
        }
        while start < end && bytes[end - 1].is_ascii_whitespace() {
            end -= 1;
        }

        let prefix = match read_prefix(bytes, start, end) {
            Ok(prefix) => prefix,
            Err(error) => return Err(error),
        };
        start = prefix.end;
        if start == end {
            return malformed(Fault::Truncated, end);
        }
        let count = count_base64(bytes, start, end);
        let parsed = match (count, prefix.hash) {
            (Some(43 | 44), None | Some(Hash::Sha256)) => parse_base64(bytes, start, end),
            _ => parse_hex(bytes, start, end, prefix.hash),
        };
        match parsed {
            Ok(pin) if pin.is_wildcard() => malformed(Fault::OutOfRange, start),
            parsed => parsed,
        }
    }

    /// Whether this is the pin of `key`; compared in constant time.
    #[must_use]
    pub fn matches(&self, key: &PublicKey<'_>) -> bool {
        match self {
            Self::Sha1(pin) => pin.ct_eq(&key.fingerprint_sha1()),
            Self::Sha256(pin) => pin.ct_eq(&key.spki_sha256()),
        }
        .into()
    }

    /// Whether this is a SHA-256 pin, and of the SubjectPublicKeyInfo with this hash; compared in constant
    /// time.
    ///
    /// This is for SubjectPublicKeyInfo bytes as a certificate has them
    /// ([`ScannedCertificate::spki_sha256`](super::ScannedCertificate::spki_sha256)). It says nothing about
    /// the key that another parser reads out of the same certificate: before that key is used, it must be
    /// held against the pin itself, with [`Pin::matches`].
    #[must_use]
    pub fn matches_spki_sha256(&self, digest: &[u8; 32]) -> bool {
        match self {
            Self::Sha1(_) => Choice::from(0),
            Self::Sha256(pin) => pin.ct_eq(digest),
        }
        .into()
    }

    /// The fingerprint, without its kind.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Sha1(bytes) => bytes,
            Self::Sha256(bytes) => bytes,
        }
    }

    /// Only 00 or only FF: a value with which some firmware says something else than a fingerprint.
    pub(super) const fn is_wildcard(&self) -> bool {
        self.is_only(0x00) || self.is_only(0xff)
    }

    const fn is_only(&self, value: u8) -> bool {
        let bytes = self.as_bytes();
        let mut i = 0;
        while i < bytes.len() {
            if bytes[i] != value {
                return false;
            }
            i += 1;
        }
        true
    }
}

/// Prints the fingerprint as lower-case hexadecimal digits, which [`Pin::parse`] reads back.
impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes()
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The kind, and the fingerprint as [`Display`](fmt::Display) has it: `Sha256(25b4…)`.
impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Sha1(_) => "Sha1",
            Self::Sha256(_) => "Sha256",
        };
        write!(f, "{kind}({self})")
    }
}

#[derive(Clone, Copy)]
enum Hash {
    Sha1,
    Sha256,
}

struct Prefix {
    hash: Option<Hash>,
    end: usize,
}

const fn malformed<T>(fault: Fault, offset: usize) -> Result<T, ConfigError> {
    Err(ConfigError::Malformed {
        input: Input::Pin,
        fault,
        offset,
    })
}

/// Reads `sha256` or `sha1`, its separator, and blanks, if they are there.
const fn read_prefix(bytes: &[u8], start: usize, end: usize) -> Result<Prefix, ConfigError> {
    if !starts_with_ignoring_case(bytes, start, end, b"sha") {
        return Ok(Prefix {
            hash: None,
            end: start,
        });
    }
    let mut at = start + 3;
    if at < end && bytes[at] == b'-' {
        at += 1;
    }
    let digits = at;
    while at < end && bytes[at].is_ascii_digit() {
        at += 1;
    }
    // One in a thousand million base64 pins begins just so, and is refused; with a prefix it is read.
    if at == end || at == digits || !matches!(bytes[at], b':' | b'/') {
        return Ok(Prefix {
            hash: None,
            end: start,
        });
    }
    let hash = match at - digits {
        1 if bytes[digits] == b'1' => Hash::Sha1,
        3 if bytes[digits] == b'2' && bytes[digits + 1] == b'5' && bytes[digits + 2] == b'6' => {
            Hash::Sha256
        }
        _ => return malformed(Fault::Unsupported, start),
    };
    if at + 1 < end && bytes[at] == b'/' && bytes[at + 1] == b'/' {
        at += 1;
    }
    at += 1;
    while at < end && bytes[at].is_ascii_whitespace() {
        at += 1;
    }
    Ok(Prefix {
        hash: Some(hash),
        end: at,
    })
}

const fn starts_with_ignoring_case(bytes: &[u8], start: usize, end: usize, word: &[u8]) -> bool {
    if end - start < word.len() {
        return false;
    }
    let mut i = 0;
    while i < word.len() {
        if !bytes[start + i].eq_ignore_ascii_case(&word[i]) {
            return false;
        }
        i += 1;
    }
    true
}

/// The number of base64 characters and padding, if there is nothing else; `None` also if all of them are
/// hexadecimal digits, for then somebody lost a few digits of a fingerprint.
const fn count_base64(bytes: &[u8], start: usize, end: usize) -> Option<usize> {
    let mut only_hex = true;
    let mut at = start;
    while at < end {
        if sextet(bytes[at]).is_none() && bytes[at] != b'=' {
            return None;
        }
        only_hex &= bytes[at].is_ascii_hexdigit();
        at += 1;
    }
    if only_hex { None } else { Some(end - start) }
}

/// The caller has counted 43 or 44 characters.
const fn parse_base64(bytes: &[u8], start: usize, end: usize) -> Result<Pin, ConfigError> {
    let mut out = [0; 32];
    let (mut bits, mut bit_count, mut written) = (0_u32, 0, 0);
    let mut i = 0;
    while i < 43 {
        let Some(value) = sextet(bytes[start + i]) else {
            return malformed(Fault::Unexpected, start + i);
        };
        bits = bits << 6 | value as u32;
        bit_count += 6;
        if bit_count >= 8 {
            bit_count -= 8;
            out[written] = (bits >> bit_count) as u8;
            written += 1;
        }
        i += 1;
    }
    // 43 characters are 258 bits. The two that are left over must be zero, so that there is one text only
    // for each pin (RFC 4648 section 3.5).
    if bits & 0b11 != 0 {
        return malformed(Fault::OutOfRange, start + 42);
    }
    if end - start == 44 && bytes[start + 43] != b'=' {
        return malformed(Fault::TooLong, start + 43);
    }
    Ok(Pin::Sha256(out))
}

/// The six bits that a character of base64 stands for.
const fn sextet(character: u8) -> Option<u8> {
    match character {
        b'A'..=b'Z' => Some(character - b'A'),
        b'a'..=b'z' => Some(character - b'a' + 26),
        b'0'..=b'9' => Some(character - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

const fn parse_hex(
    bytes: &[u8],
    start: usize,
    end: usize,
    hash: Option<Hash>,
) -> Result<Pin, ConfigError> {
    let mut out = [0; 32];
    let mut digits = 0;
    let mut at = start;
    while at < end {
        let character = bytes[at];
        let Some(value) = nibble(character) else {
            // Separators stand between bytes: after a digit pair, and not first or last.
            let between = digits > 0 && digits % 2 == 0 && at + 1 < end;
            if between && (matches!(character, b':' | b'-') || character.is_ascii_whitespace()) {
                at += 1;
                continue;
            }
            return malformed(Fault::Unexpected, at);
        };
        if digits == 64 {
            return malformed(Fault::TooLong, at);
        }
        out[digits / 2] = out[digits / 2] << 4 | value;
        digits += 1;
        at += 1;
    }
    match (digits, hash) {
        (40, None | Some(Hash::Sha1)) => {
            let mut short = [0; 20];
            let (first, _) = out.split_at(20);
            short.copy_from_slice(first);
            Ok(Pin::Sha1(short))
        }
        (64, None | Some(Hash::Sha256)) => Ok(Pin::Sha256(out)),
        (41.., Some(Hash::Sha1)) | (65.., _) => malformed(Fault::TooLong, end),
        _ => malformed(Fault::Truncated, end),
    }
}

const fn nibble(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        b'A'..=b'F' => Some(character - b'A' + 10),
        _ => None,
    }
}
