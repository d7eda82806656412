//! The server's name: what the program connects to, and whether a certificate covers it.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::error::{ConfigError, Fault, Input};

/// The name or the address of the server.
///
/// ```
/// use bearcub::trust::ServerName;
///
/// let name = ServerName::parse("mqtt.example.org")?;
/// assert_eq!(name.dns(), Some("mqtt.example.org"));
/// assert!(name.matches(b"*.Example.org"));
/// assert!(!name.matches(b"*.org"));
///
/// let address = ServerName::parse("192.168.1.7")?;
/// assert_eq!(address.dns(), None);
/// # Ok::<(), bearcub::error::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ServerName<'a>(Kind<'a>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind<'a> {
    Dns(&'a str),
    Ip(IpAddr),
}

impl<'a> ServerName<'a> {
    /// Reads a DNS name, or an IPv4 or IPv6 address (the latter may stand in brackets).
    ///
    /// A DNS name has at most 253 characters, in labels of 1 to 63 letters, digits, hyphens (not first or
    /// last) and underscores. One dot at the end is dropped. The last label must not be all digits, so that a
    /// mistyped address does not pass for a name.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Malformed`] with [`Input::ServerName`], the offset in bytes, and one of these faults:
    /// [`Fault::Truncated`] for an empty name or label, [`Fault::TooLong`], [`Fault::Unsupported`] for
    /// characters outside of ASCII (an internationalised name must be given in its `xn--` form, RFC 5890
    /// section 2.3.2.1), [`Fault::Unexpected`] for any other character, such as the colon of a port or the
    /// slash of a URL, [`Fault::OutOfRange`] for something like `192.168.1.256`.
    pub fn parse(text: &'a str) -> Result<Self, ConfigError> {
        let unbracketed = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        if let Some(address) = ipv6(unbracketed.unwrap_or(text).as_bytes()) {
            return Ok(Self(Kind::Ip(address.into())));
        }
        if let Some(address) = ipv4(text.as_bytes()) {
            return Ok(Self(Kind::Ip(address.into())));
        }

        let name = text.strip_suffix('.').unwrap_or(text);
        if name.is_empty() {
            return malformed(Fault::Truncated, 0);
        }
        let mut start = 0;
        let mut last: &[u8] = &[];
        for label in name.as_bytes().split(|character| *character == b'.') {
            check_label(label, start)?;
            last = label;
            start += label.len() + 1;
        }
        if name.len() > 253 {
            return malformed(Fault::TooLong, 253);
        }
        if last.iter().all(u8::is_ascii_digit) {
            return malformed(Fault::OutOfRange, name.len() - last.len());
        }
        Ok(Self(Kind::Dns(name)))
    }

    /// The name for the server_name extension of TLS (RFC 6066 section 3), which addresses must not use.
    #[must_use]
    pub const fn dns(&self) -> Option<&'a str> {
        match self.0 {
            Kind::Dns(name) => Some(name),
            Kind::Ip(_) => None,
        }
    }

    /// The address, if it is one. A certificate must have it as an iPAddress, which
    /// [`CertificateScanner`](super::CertificateScanner) looks for.
    #[must_use]
    pub const fn ip(&self) -> Option<IpAddr> {
        match self.0 {
            Kind::Ip(address) => Some(address),
            Kind::Dns(_) => None,
        }
    }

    /// Whether this is a DNS name that `presented`, a dNSName from a certificate, covers.
    ///
    /// Upper and lower case are the same. A wildcard is the whole leftmost label and stands for exactly one
    /// label, and at least two labels must follow it. An address is never covered by a dNSName.
    ///
    /// Source: RFC 6125 section 6.4.
    #[must_use]
    pub fn matches(&self, presented: &[u8]) -> bool {
        let Kind::Dns(name) = self.0 else {
            return false;
        };
        let name = name.as_bytes();
        let Some(suffix) = presented.strip_prefix(b"*.") else {
            return name.eq_ignore_ascii_case(presented);
        };
        let Some(dot) = name.iter().position(|character| *character == b'.') else {
            return false;
        };
        let rest = name.get(dot + 1..).unwrap_or_default();
        suffix.contains(&b'.') && rest.eq_ignore_ascii_case(suffix)
    }
}

impl From<Ipv4Addr> for ServerName<'_> {
    fn from(address: Ipv4Addr) -> Self {
        Self(Kind::Ip(address.into()))
    }
}

impl From<Ipv6Addr> for ServerName<'_> {
    fn from(address: Ipv6Addr) -> Self {
        Self(Kind::Ip(address.into()))
    }
}

impl From<IpAddr> for ServerName<'_> {
    fn from(address: IpAddr) -> Self {
        Self(Kind::Ip(address))
    }
}

/// Prints the name without a final dot, or the address without brackets.
impl fmt::Display for ServerName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Dns(name) => f.write_str(name),
            Kind::Ip(address) => address.fmt(f),
        }
    }
}

/// An IPv4 address: four numbers without leading zeros. `core` reads addresses too, but with ways to panic in its code.
fn ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    let mut parts = text.split(|character| *character == b'.');
    let mut octets = [0; 4];
    for octet in &mut octets {
        let part = parts.next()?;
        if part.is_empty() || part.len() > 3 || (part.len() > 1 && part.first() == Some(&b'0')) {
            return None;
        }
        *octet = u8::try_from(number(part, 10)?).ok()?;
    }
    parts.next().is_none().then(|| octets.into())
}

/// A number of up to seven digits.
fn number(digits: &[u8], radix: u32) -> Option<u32> {
    digits.iter().try_fold(0, |sum, digit| {
        Some(sum * radix + char::from(*digit).to_digit(radix)?)
    })
}

/// An IPv6 address in any of the forms of RFC 4291 section 2.2.
fn ipv6(text: &[u8]) -> Option<Ipv6Addr> {
    let mut groups = heapless::Vec::<u16, 8>::new();
    // Where zeros are left out.
    let mut gap = None;
    let mut text = text;
    if let Some(rest) = text.strip_prefix(b"::") {
        (gap, text) = (Some(0), rest);
    }
    let rest = text.strip_suffix(b"::");
    if rest.is_some() && gap.is_some() {
        return None;
    }
    let ends_in_gap = rest.is_some();
    text = rest.unwrap_or(text);
    let mut pieces = text
        .split(|character| *character == b':')
        .enumerate()
        .peekable();
    while let Some((place, piece)) = pieces.next() {
        let is_last = pieces.peek().is_none();
        if piece.is_empty() {
            // All that is left of "::"; in the middle, a gap.
            match gap {
                Some(0) if place == 0 && is_last => break,
                None if place > 0 && !is_last => gap = Some(groups.len()),
                _ => return None,
            }
        } else if is_last && !ends_in_gap && piece.contains(&b'.') {
            let [a, b, c, d] = ipv4(piece)?.octets();
            groups.push(u16::from_be_bytes([a, b])).ok()?;
            groups.push(u16::from_be_bytes([c, d])).ok()?;
        } else if piece.len() <= 4 {
            groups.push(number(piece, 16)? as u16).ok()?;
        } else {
            return None;
        }
    }
    if ends_in_gap {
        if gap.is_some() {
            return None;
        }
        gap = Some(groups.len());
    }
    let missing = 8 - groups.len();
    if (missing == 0) != gap.is_none() {
        return None;
    }
    let mut segments = [0; 8];
    for (number, group) in groups.iter().enumerate() {
        let is_behind = gap.is_some_and(|gap| number >= gap);
        let place = if is_behind { number + missing } else { number };
        *segments.get_mut(place)? = *group;
    }
    Some(segments.into())
}

fn check_label(label: &[u8], start: usize) -> Result<(), ConfigError> {
    if label.is_empty() {
        return malformed(Fault::Truncated, start);
    }
    let last = label.len() - 1;
    for (at, character) in label.iter().enumerate() {
        let fault = match *character {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => continue,
            b'-' if at > 0 && at < last => continue,
            0x80.. => Fault::Unsupported,
            _ => Fault::Unexpected,
        };
        return malformed(fault, start + at);
    }
    if label.len() > 63 {
        return malformed(Fault::TooLong, start + 63);
    }
    Ok(())
}

const fn malformed<T>(fault: Fault, offset: usize) -> Result<T, ConfigError> {
    Err(ConfigError::Malformed {
        input: Input::ServerName,
        fault,
        offset,
    })
}
