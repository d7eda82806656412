//! What a certificate says, read while it passes through.
//!
//! A TLS server's certificates are larger than the memory that a small device has for them. The TLS engine
//! decodes them piece by piece, but reports only keys and names; a [`CertificateScanner`] sits beside it, sees
//! the same pieces, and notes the rest: validity, extended key usage, addresses, and the hash of the
//! SubjectPublicKeyInfo.

use core::net::IpAddr;

use super::Validity;
use crate::clock::Time;
use crate::error::CertificateError;
use crate::hash::Sha256;

mod steps;

use steps::{Action, Step};

/// Elements that are open at once: certificate, tbsCertificate, `[3]`, the list of extensions, an extension,
/// its value, and the list in it.
const DEPTH: usize = 7;

/// The longest content that is looked at: an IPv6 address, or a GeneralizedTime.
const CAPTURE: usize = 16;

/// Reads a DER certificate in pieces, and keeps none of them.
///
/// ```
/// use bearcub::trust::{CertificateScanner, ServerUsage};
/// # const DER: &[u8] = include_bytes!("../../tests/trust_data/leaf.der");
///
/// let address = "192.0.2.7".parse().ok();
/// let mut scanner = CertificateScanner::new(address);
/// for piece in DER.chunks(100) {
///     scanner.push(piece);
/// }
/// let certificate = scanner.finish().unwrap();
/// assert_eq!(certificate.server_usage, ServerUsage::Allowed);
/// assert!(certificate.has_address);
/// ```
///
/// It takes about 250 bytes whatever the certificate's size, and one pass of SHA-256 over the key.
///
/// Any bytes may be pushed: a scanner never panics, and stops at the first fault, which it then reports for
/// ever. It is stricter than some: DER only, so lengths must be as short as they can be. It does not verify
/// anything, and does not check what it does not report; it must stand beside a full decoder, not instead.
/// Certificates are far below [`u32::MAX`] bytes; the length field here ends at 16 MB, as in TLS.
///
/// Source: RFC 5280 section 4.1, X.690 sections 8 to 10.
#[derive(Clone)]
pub struct CertificateScanner {
    /// Bytes taken so far.
    position: u32,
    /// Where the open elements end; each one ends within the one before.
    ends: [u32; DEPTH],
    depth: u8,
    step: Step,
    state: State,
    fault: Option<CertificateError>,
    /// Tag and length octets of the element that begins; then, from 0 again, content that is looked at.
    taken: u8,
    bytes: [u8; CAPTURE],
    /// Dots in the content that is looked at.
    dots: u8,
    address: Option<IpAddr>,
    findings: Findings,
    key: Key,
}

/// What comes next in the input.
#[derive(Clone, Copy)]
enum State {
    /// A tag and a length.
    Header,
    /// Content to this position.
    Content { end: u32, action: Action },
    /// Nothing: the certificate is complete.
    End,
}

#[derive(Clone)]
enum Key {
    Hashing(Sha256),
    Hash([u8; 32]),
}

#[derive(Clone, Copy, Default)]
struct Findings {
    not_before: Option<Time>,
    not_after: Option<Time>,
    has_subject_alt_name: bool,
    has_address: bool,
    has_broad_wildcard: bool,
    has_extended_key_usage: bool,
    allows_server: bool,
}

/// What a [`CertificateScanner`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScannedCertificate {
    /// When the certificate is valid.
    pub validity: Validity,
    /// What the extendedKeyUsage extension says about TLS servers.
    pub server_usage: ServerUsage,
    /// Whether there is a subjectAltName extension.
    pub has_subject_alt_name: bool,
    /// Whether that extension has the address that was asked for, as an iPAddress of the same family.
    pub has_address: bool,
    /// Whether that extension has a dNSName that is a wildcard over a whole top-level domain, such as `*.test`.
    pub has_broad_wildcard: bool,
    /// SHA-256 over the SubjectPublicKeyInfo, byte for byte as it came. Before it is held against a pin, read
    /// [`Pin::matches_spki_sha256`](super::Pin::matches_spki_sha256).
    pub spki_sha256: [u8; 32],
}

/// What an extendedKeyUsage extension says about TLS servers (RFC 5280 section 4.2.1.12).
///
/// ```
/// use bearcub::error::CertificateError;
/// use bearcub::trust::ServerUsage;
///
/// assert_eq!(ServerUsage::Unrestricted.check(), Ok(()));
/// assert_eq!(ServerUsage::Forbidden.check(), Err(CertificateError::WrongExtendedKeyUsage));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerUsage {
    /// There is no such extension.
    Unrestricted,
    /// It has serverAuth or anyExtendedKeyUsage.
    Allowed,
    /// It has other purposes only.
    Forbidden,
}

impl ServerUsage {
    /// Whether the certificate may be a TLS server's.
    ///
    /// # Errors
    ///
    /// [`CertificateError::WrongExtendedKeyUsage`] if it is [`ServerUsage::Forbidden`].
    pub const fn check(self) -> Result<(), CertificateError> {
        match self {
            Self::Unrestricted | Self::Allowed => Ok(()),
            Self::Forbidden => Err(CertificateError::WrongExtendedKeyUsage),
        }
    }
}

impl CertificateScanner {
    /// A scanner for one certificate, which will look for `address` in its subjectAltName.
    #[must_use]
    pub fn new(address: Option<IpAddr>) -> Self {
        Self {
            position: 0,
            ends: [0; DEPTH],
            depth: 0,
            step: Step::Certificate,
            state: State::Header,
            fault: None,
            taken: 0,
            bytes: [0; CAPTURE],
            dots: 0,
            address,
            findings: Findings::default(),
            key: Key::Hashing(Sha256::new()),
        }
    }

    /// Takes the next bytes of the certificate, any number of them.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while let (None, [first, rest @ ..]) = (self.fault, bytes) {
            let result = match self.state {
                State::Header => {
                    bytes = rest;
                    self.push_header(*first)
                }
                State::Content { end, action } => {
                    // The content has not ended yet, so this takes at least one byte.
                    let left = (end - self.position) as usize;
                    match bytes.split_at_checked(left) {
                        Some((content, rest)) => {
                            bytes = rest;
                            self.push_content(content, end, action)
                        }
                        None => self.push_content(core::mem::take(&mut bytes), end, action),
                    }
                }
                State::End => Err(CertificateError::ExtraElement),
            };
            self.fault = result.err();
        }
    }

    /// The first thing that was wrong, if anything; it stays.
    #[must_use]
    pub const fn fault(&self) -> Option<CertificateError> {
        self.fault
    }

    /// What was found, after all of the certificate has been pushed.
    ///
    /// # Errors
    ///
    /// The [fault](CertificateScanner::fault), or [`CertificateError::Truncated`] before the end.
    pub fn finish(&self) -> Result<ScannedCertificate, CertificateError> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let found = &self.findings;
        let (State::End, Some(not_before), Some(not_after), Key::Hash(spki_sha256)) =
            (self.state, found.not_before, found.not_after, &self.key)
        else {
            return Err(CertificateError::Truncated);
        };
        Ok(ScannedCertificate {
            validity: Validity {
                not_before,
                not_after,
            },
            server_usage: match (found.has_extended_key_usage, found.allows_server) {
                (false, _) => ServerUsage::Unrestricted,
                (true, true) => ServerUsage::Allowed,
                (true, false) => ServerUsage::Forbidden,
            },
            has_subject_alt_name: found.has_subject_alt_name,
            has_address: found.has_address,
            has_broad_wildcard: found.has_broad_wildcard,
            spki_sha256: *spki_sha256,
        })
    }

    /// One byte of tag and length; opens the element when they are complete.
    fn push_header(&mut self, byte: u8) -> Result<(), CertificateError> {
        let enclosing = self.enclosing_end();
        if self.position >= enclosing {
            return Err(CertificateError::InnerTruncated);
        }
        // A header that is longer has been refused by its second byte.
        let too_long = CertificateError::LimitExceeded;
        *self
            .bytes
            .get_mut(usize::from(self.taken))
            .ok_or(too_long)? = byte;
        self.taken += 1;
        self.position += 1;

        let header = self.bytes.get(..usize::from(self.taken)).ok_or(too_long)?;
        let (Some(length), Some(tag)) = (steps::read_length(header)?, header.first()) else {
            return Ok(());
        };
        let end = self.position + length;
        if end > enclosing {
            return Err(CertificateError::InnerTruncated);
        }
        let action = self.step.open(*tag)?;
        if let (Action::Hash, Key::Hashing(hasher)) = (action, &mut self.key) {
            hasher.update(header);
        }
        self.taken = 0;
        if let Action::Enter(next) = action {
            let open = self.ends.get_mut(usize::from(self.depth));
            *open.ok_or(CertificateError::LimitExceeded)? = end;
            self.depth += 1;
            self.step = next;
            return self.close_what_ends();
        }
        self.state = State::Content { end, action };
        if length == 0 {
            return self.end_content(action);
        }
        Ok(())
    }

    /// Where the innermost open element ends. Nothing is open around the certificate itself; its own length
    /// cannot overflow a position then.
    fn enclosing_end(&self) -> u32 {
        match self.depth.checked_sub(1) {
            // Never more are open than there are places; if they were, nothing would have room.
            Some(innermost) => self.ends.get(usize::from(innermost)).copied().unwrap_or(0),
            None => u32::MAX,
        }
    }

    fn push_content(
        &mut self,
        content: &[u8],
        end: u32,
        action: Action,
    ) -> Result<(), CertificateError> {
        // No more than is left of an element, which is below 16 MB.
        self.position += content.len() as u32;
        match action {
            Action::Hash => {
                if let Key::Hashing(hasher) = &mut self.key {
                    hasher.update(content);
                }
            }
            Action::Look(_) => {
                // Content that is too long to be one of those looked for is cut, and its length kept at one
                // more than fits, so that it equals none of them.
                for byte in content {
                    if let Some(slot) = self.bytes.get_mut(usize::from(self.taken)) {
                        *slot = *byte;
                    }
                    self.taken = self.taken.saturating_add(1).min(CAPTURE as u8 + 1);
                    self.dots = self.dots.saturating_add(u8::from(*byte == b'.'));
                }
            }
            Action::Skip(_) | Action::Enter(_) => {}
        }
        if self.position == end {
            return self.end_content(action);
        }
        Ok(())
    }

    fn end_content(&mut self, action: Action) -> Result<(), CertificateError> {
        self.step = match action {
            Action::Skip(next) | Action::Enter(next) => next,
            Action::Hash => {
                if let Key::Hashing(hasher) = &mut self.key {
                    self.key = Key::Hash(hasher.digest());
                }
                Step::Optional
            }
            Action::Look(tag) => {
                // `None` if it is longer than anything that is looked for.
                let content = self.bytes.get(..usize::from(self.taken));
                let next = self.findings.note(self.step, tag, content, self.address)?;
                let is_wildcard = self.taken >= 2 && self.bytes.starts_with(b"*.");
                self.findings.has_broad_wildcard |=
                    tag == steps::DNS_NAME && is_wildcard && self.dots == 1;
                (self.taken, self.dots) = (0, 0);
                next
            }
        };
        self.state = State::Header;
        self.close_what_ends()
    }

    /// Leaves every open element that ends here.
    fn close_what_ends(&mut self) -> Result<(), CertificateError> {
        while self.depth > 0 && self.position == self.enclosing_end() {
            self.step = self.step.close()?;
            self.depth -= 1;
        }
        if self.depth == 0 {
            self.state = State::End;
        }
        Ok(())
    }
}

impl core::fmt::Debug for CertificateScanner {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("CertificateScanner")
            .field("position", &self.position)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}
