//! Topic names and topic filters (MQTT 3.1.1 section 4.7).

use core::fmt;
use core::ops::Deref;
use core::str;

use crate::error::{MqttMisuse, MqttViolation};
use crate::mqtt::cause::Cause;

/// The topic that a message was published to, as the broker sent it: a string without NUL and without wildcards.
///
/// It is compared as it is. Where it is used as a `str`, what makes one of it is linked (776 bytes on the ESP8266, of which
/// 256 in RAM); a program that does not name that does without.
///
/// ```
/// use bearcub::mqtt::packet::{Packet, Progress, decode};
///
/// let Progress::Packet(Packet::Publish(header), _) = decode(b"\x30\x05\x00\x03a/b")? else { panic!() };
/// assert!(header.topic == "a/b");
/// assert_eq!(header.topic.as_str().split_once('/'), Some(("a", "b")));
/// # Ok::<(), bearcub::error::MqttViolation>(())
/// ```
/// The default is an empty one, which no message has.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic<'a>(&'a [u8]);

impl<'a> Topic<'a> {
    /// A topic that a program has as a string.
    ///
    /// # Errors
    /// As [`check_name`].
    pub fn new(name: &'a str) -> Result<Self, MqttMisuse> {
        check_name(name).map(|()| Topic(name.as_bytes()))
    }

    /// Reads what came as a topic.
    #[inline(never)]
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Cause> {
        // How many bytes of a character are to follow, and what the next of them must be (Unicode 15, table 3-7).
        let (mut left, mut low, mut high) = (0, 0x80, 0xbf);
        for &byte in bytes {
            if left > 0 {
                if byte < low || byte > high {
                    return Err(MqttViolation::Utf8.into());
                }
                (left, low, high) = (left - 1, 0x80, 0xbf);
                continue;
            }
            left = match byte {
                0 => return Err(MqttViolation::Nul.into()),
                b'+' | b'#' => return Err(MqttViolation::Wildcard.into()),
                1..0x80 => continue,
                0xc2..0xe0 => 1,
                0xe0..0xf0 => 2,
                0xf0..0xf5 => 3,
                _ => return Err(MqttViolation::Utf8.into()),
            };
            match byte {
                0xe0 => low = 0xa0,
                0xed => high = 0x9f,
                0xf0 => low = 0x90,
                0xf4 => high = 0x8f,
                _ => {}
            }
        }
        match left {
            0 => Ok(Topic(bytes)),
            _ => Err(MqttViolation::Utf8.into()),
        }
    }

    /// As a string.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        // It was checked when it was read, but only what checks it again can say so to the compiler.
        str::from_utf8(self.0).unwrap_or_default()
    }

    /// As bytes.
    #[must_use]
    #[inline]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }
}

impl Deref for Topic<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Topic<'_> {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<[u8]> for Topic<'_> {
    fn as_ref(&self) -> &[u8] {
        self.0
    }
}

impl PartialEq<str> for Topic<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for Topic<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl fmt::Display for Topic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Debug for Topic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

/// Whether a string may stand in a packet at all (section 1.5.3).
pub(in crate::mqtt) fn find_string_misuse(string: &str) -> Result<(), Cause> {
    if string.len() > usize::from(u16::MAX) {
        return Err(MqttMisuse::StringTooLong.into());
    }
    if has(string, 0) {
        return Err(MqttMisuse::Nul.into());
    }
    Ok(())
}

/// Whether a byte is in a string.
#[inline(never)]
fn has(string: &str, byte: u8) -> bool {
    string.bytes().any(|other| other == byte)
}

/// Checks a topic to publish to.
///
/// ```
/// use bearcub::error::MqttMisuse;
/// use bearcub::mqtt::packet::topic;
///
/// assert_eq!(topic::check_name("plant/7/temp"), Ok(()));
/// assert_eq!(topic::check_name("plant/+/temp"), Err(MqttMisuse::Wildcard));
/// ```
///
/// # Errors
/// Empty, longer than 65,535 bytes, with a NUL, or with a wildcard.
pub fn check_name(name: &str) -> Result<(), MqttMisuse> {
    find_name_misuse(name).map_err(Cause::misuse)
}

pub(in crate::mqtt) fn find_name_misuse(name: &str) -> Result<(), Cause> {
    if name.is_empty() {
        return Err(MqttMisuse::EmptyTopic.into());
    }
    if name.len() > usize::from(u16::MAX) {
        return Err(MqttMisuse::StringTooLong.into());
    }
    for byte in name.bytes() {
        match byte {
            0 => return Err(MqttMisuse::Nul.into()),
            b'+' | b'#' => return Err(MqttMisuse::Wildcard.into()),
            _ => {}
        }
    }
    Ok(())
}

/// Checks a filter to subscribe with.
///
/// ```
/// use bearcub::error::MqttMisuse;
/// use bearcub::mqtt::packet::topic;
///
/// assert_eq!(topic::check_filter("plant/+/temp/#"), Ok(()));
/// assert_eq!(topic::check_filter("plant/7+"), Err(MqttMisuse::SingleLevelWildcard));
/// ```
///
/// # Errors
/// Empty, longer than 65,535 bytes, with a NUL, or with a wildcard that is not a whole level, or `#` before the last.
pub fn check_filter(filter: &str) -> Result<(), MqttMisuse> {
    find_filter_misuse(filter).map_err(Cause::misuse)
}

pub(in crate::mqtt) fn find_filter_misuse(filter: &str) -> Result<(), Cause> {
    find_string_misuse(filter)?;
    if filter.is_empty() {
        return Err(MqttMisuse::EmptyTopic.into());
    }
    if has_inside_level(filter, b'#') {
        return Err(MqttMisuse::MultiLevelWildcard.into());
    }
    if has_inside_level(filter, b'+') {
        return Err(MqttMisuse::SingleLevelWildcard.into());
    }
    Ok(())
}

/// Whether a wildcard is anywhere but alone in a level, which for `#` is to be the last.
fn has_inside_level(filter: &str, wildcard: u8) -> bool {
    let mut before = b'/';
    let mut rest = filter.as_bytes();
    while let &[byte, ref behind @ ..] = rest {
        let is_level = before == b'/'
            && match behind.first() {
                Some(b'/') => wildcard == b'+',
                Some(_) => false,
                None => true,
            };
        if byte == wildcard && !is_level {
            return true;
        }
        (before, rest) = (byte, behind);
    }
    false
}

/// Whether a filter matches a topic; for a program that sorts what it receives by its own filters.
///
/// A topic that begins with `$` is matched by no filter that begins with a wildcard (MQTT-4.7.2-1). Neither is checked for
/// its form.
///
/// ```
/// use bearcub::mqtt::packet::topic;
///
/// assert!(topic::matches("plant/+/temp", "plant/7/temp"));
/// assert!(topic::matches("plant/#", "plant"));
/// assert!(!topic::matches("#", "$SYS/uptime"));
/// ```
#[must_use]
pub fn matches(filter: &str, topic: impl AsRef<[u8]>) -> bool {
    let topic = topic.as_ref();
    if topic.starts_with(b"$") && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut levels = topic.split(|&byte| byte == b'/');
    for wanted in filter.as_bytes().split(|&byte| byte == b'/') {
        if wanted == b"#" {
            return true;
        }
        match levels.next() {
            Some(level) if wanted == b"+" || wanted == level => {}
            _ => return false,
        }
    }
    levels.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::{Topic, check_filter, check_name, matches};
    use crate::error::{MqttMisuse, MqttViolation};

    /// What the standard library, which has no part in it, and the rules of MQTT say.
    fn expected(bytes: &[u8]) -> Result<(), &'static [MqttViolation]> {
        use MqttViolation::{Nul, Utf8, Wildcard};
        let has_nul = bytes.contains(&0);
        let has_wildcard = bytes.iter().any(|byte| b"+#".contains(byte));
        match (std::str::from_utf8(bytes).is_err(), has_nul, has_wildcard) {
            (false, false, false) => Ok(()),
            (true, false, false) => Err(&[Utf8]),
            (false, true, false) => Err(&[Nul]),
            (false, false, true) => Err(&[Wildcard]),
            // Whichever comes first.
            _ => Err(&[Utf8, Nul, Wildcard]),
        }
    }

    fn check(bytes: &[u8]) {
        match (Topic::read(bytes), expected(bytes)) {
            (Ok(topic), Ok(())) => assert_eq!(topic.as_str().as_bytes(), bytes),
            (Err(cause), Err(violations)) => {
                assert!(violations.contains(&cause.violation()), "{bytes:x?}");
            }
            (found, _) => panic!("{bytes:x?} is {:?}", found.is_ok()),
        }
    }

    #[test]
    fn the_topics_that_are_taken_are_the_strings_that_the_standard_library_takes() {
        for one in 0..=255 {
            check(&[one]);
            for two in 0..=255 {
                check(&[one, two]);
                check(&[b'a', one, two, b'/']);
            }
        }
        // Every first byte with every bound of what may follow.
        let bounds = [
            0, b'#', b'a', 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xed, 0xf4, 0xff,
        ];
        for one in 0x7f..=255 {
            for two in 0x70..=255 {
                for three in bounds {
                    check(&[one, two, three]);
                    for four in bounds {
                        check(&[one, two, three, four]);
                        check(&[one, two, three, four, b'a']);
                    }
                }
            }
        }
    }

    #[test]
    fn names_and_filters_keep_the_rules_of_section_4_7() {
        for name in ["a", "/", "a//b", "/a", " ", "\u{feff}", "$SYS/x", "ä/ö"] {
            assert_eq!(check_name(name), Ok(()), "{name:?}");
            assert_eq!(check_filter(name), Ok(()), "{name:?}");
        }
        for filter in ["#", "+", "a/#", "+/#", "/+", "+/+", "a/+/b", "/#"] {
            assert_eq!(check_filter(filter), Ok(()), "{filter:?}");
            assert_eq!(check_name(filter), Err(MqttMisuse::Wildcard), "{filter:?}");
        }
        for filter in ["a#", "#/a", "a/#/b", "##", "a/b#", "+#"] {
            let found = check_filter(filter);
            assert_eq!(found, Err(MqttMisuse::MultiLevelWildcard), "{filter:?}");
        }
        for filter in ["a+", "++", "+a/b", "a/b+/c"] {
            let found = check_filter(filter);
            assert_eq!(found, Err(MqttMisuse::SingleLevelWildcard), "{filter:?}");
        }
        for check in [check_name, check_filter] {
            assert_eq!(check(""), Err(MqttMisuse::EmptyTopic));
            assert_eq!(check("a\0"), Err(MqttMisuse::Nul));
            let long = std::string::String::from_utf8(std::vec![b'a'; 65_536]).unwrap();
            assert_eq!(check(&long), Err(MqttMisuse::StringTooLong));
            assert_eq!(check(&long[1..]), Ok(()));
        }
    }

    /// The examples of sections 4.7.1.2, 4.7.1.3 and 4.7.2.
    #[test]
    fn filters_match_what_the_standard_says_they_match() {
        for (filter, topic) in [
            ("sport/tennis/player1/#", "sport/tennis/player1"),
            ("sport/tennis/player1/#", "sport/tennis/player1/ranking"),
            (
                "sport/tennis/player1/#",
                "sport/tennis/player1/score/wimbledon",
            ),
            ("sport/#", "sport"),
            ("#", "any/thing"),
            ("sport/tennis/+", "sport/tennis/player1"),
            ("sport/+", "sport/"),
            ("+/+", "/finance"),
            ("/+", "/finance"),
            ("$SYS/#", "$SYS/uptime"),
            ("$SYS/monitor/+", "$SYS/monitor/Clients"),
        ] {
            assert!(matches(filter, topic), "{filter} {topic}");
        }
        for (filter, topic) in [
            ("sport/tennis/+", "sport/tennis/player1/ranking"),
            ("sport/+", "sport"),
            ("+", "/finance"),
            ("#", "$SYS/uptime"),
            ("+/monitor/Clients", "$SYS/monitor/Clients"),
            ("a", "A"),
            ("a/b", "a"),
            ("a", "a/b"),
        ] {
            assert!(!matches(filter, topic), "{filter} {topic}");
        }
    }
}
