//! Topic names and topic filters (MQTT 3.1.1 section 4.7).

use crate::error::MqttMisuse;
use crate::mqtt::cause::Cause;

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
pub(crate) fn has(string: &str, byte: u8) -> bool {
    string.bytes().any(|other| other == byte)
}

/// Whether a topic has a wildcard, which only filters may have.
pub(crate) fn has_wildcard(topic: &str) -> bool {
    topic.bytes().any(|byte| matches!(byte, b'+' | b'#'))
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
    find_string_misuse(name)?;
    if name.is_empty() {
        return Err(MqttMisuse::EmptyTopic.into());
    }
    if has_wildcard(name) {
        return Err(MqttMisuse::Wildcard.into());
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
pub fn matches(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut levels = topic.as_bytes().split(|&byte| byte == b'/');
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
    use super::{check_filter, check_name, matches};
    use crate::error::MqttMisuse;

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
