//! Server names: what may be configured, and what covers it.

use std::net::{IpAddr, Ipv4Addr};

use bearcub::error::{ConfigError, Fault, Input};
use bearcub::trust::ServerName;
use proptest::prelude::*;

fn name(text: &str) -> ServerName<'_> {
    ServerName::parse(text).unwrap()
}

#[test]
fn names_and_addresses_are_told_apart() {
    for (text, dns, ip) in [
        ("mqtt.example.org", Some("mqtt.example.org"), None),
        ("mqtt.example.org.", Some("mqtt.example.org"), None),
        ("localhost", Some("localhost"), None),
        ("my_broker", Some("my_broker"), None),
        ("xn--bcher-kva.example", Some("xn--bcher-kva.example"), None),
        ("4711.example", Some("4711.example"), None),
        (
            "a1b2c3-ats.iot.eu-west-1.amazonaws.com",
            Some("a1b2c3-ats.iot.eu-west-1.amazonaws.com"),
            None,
        ),
        ("192.168.1.7", None, Some("192.168.1.7")),
        ("2001:db8::7", None, Some("2001:db8::7")),
        ("[2001:DB8::7]", None, Some("2001:db8::7")),
        ("::ffff:192.0.2.7", None, Some("::ffff:192.0.2.7")),
    ] {
        assert_eq!(name(text).dns(), dns, "{text}");
        assert_eq!(
            name(text).ip(),
            ip.map(|ip| ip.parse::<IpAddr>().unwrap()),
            "{text}"
        );
    }
    assert_eq!(ServerName::from(Ipv4Addr::LOCALHOST), name("127.0.0.1"));
}

#[test]
fn names_that_cannot_be_names_are_refused_where_they_go_wrong() {
    let long_label = format!("{}.example", "a".repeat(64));
    let long_name = "a.".repeat(127) + "b";
    assert_eq!(long_name.len(), 255);
    for (text, fault, offset) in [
        ("", Fault::Truncated, 0),
        (".", Fault::Truncated, 0),
        (".example", Fault::Truncated, 0),
        ("a..example", Fault::Truncated, 2),
        ("example..", Fault::Truncated, 8),
        ("b\u{fc}cher.example", Fault::Unsupported, 1),
        ("exa mple", Fault::Unexpected, 3),
        ("example\0.org", Fault::Unexpected, 7),
        ("example.org:8883", Fault::Unexpected, 11),
        ("mqtts://example.org", Fault::Unexpected, 5),
        ("*.example.org", Fault::Unexpected, 0),
        ("[192.0.2.7]", Fault::Unexpected, 0),
        ("fe80::1%eth0", Fault::Unexpected, 4),
        ("a.-b.example", Fault::Unexpected, 2),
        ("a.b-.example", Fault::Unexpected, 3),
        ("192.168.1.256", Fault::OutOfRange, 10),
        ("1234", Fault::OutOfRange, 0),
        (&long_label, Fault::TooLong, 63),
        (&long_name, Fault::TooLong, 253),
    ] {
        let refused = ConfigError::Malformed {
            input: Input::ServerName,
            fault,
            offset,
        };
        assert_eq!(ServerName::parse(text), Err(refused), "{text}");
    }
    assert!(ServerName::parse(&long_name[2..]).is_ok());
    assert!(ServerName::parse(&long_label[1..]).is_ok());
}

#[test]
fn a_certificate_name_covers_the_same_name_in_any_case() {
    assert!(name("mqtt.example.org").matches(b"mqtt.example.org"));
    assert!(name("Mqtt.Example.org.").matches(b"mQTT.eXAMPLE.ORG"));
    assert!(name("localhost").matches(b"localhost"));
    for other in [
        &b""[..],
        b"mqtt.example.com",
        b"example.org",
        b"a.mqtt.example.org",
        b"mqtt.example.org.",
        b"mqtt.example.org\0",
        b"mqtt.example.org\0.evil.example",
        b".mqtt.example.org",
    ] {
        assert!(!name("mqtt.example.org").matches(other), "{other:?}");
    }
}

#[test]
fn a_wildcard_is_the_whole_leftmost_label_and_stands_for_one() {
    let broker = name("mqtt.example.org");
    assert!(broker.matches(b"*.example.org"));
    assert!(broker.matches(b"*.EXAMPLE.org"));
    for other in [
        &b"*"[..],
        b"*.",
        b"*.org",
        b"*.*.org",
        b"*.mqtt.example.org",
        b"m*.example.org",
        b"*t.example.org",
        b"mqtt.*.org",
        b"**.example.org",
        b".*.example.org",
    ] {
        assert!(!broker.matches(other), "{other:?}");
    }
    assert!(!name("a.mqtt.example.org").matches(b"*.example.org"));
    assert!(!name("example.org").matches(b"*.example.org"));
    assert!(!name("example.org").matches(b"*.org"));
    assert!(!name("localhost").matches(b"*.localhost"));
    assert!(!name("localhost").matches(b"*"));
}

#[test]
fn no_dns_name_covers_an_address() {
    assert!(!name("192.0.2.7").matches(b"192.0.2.7"));
    assert!(!name("192.0.2.7").matches(b"*.0.2.7"));
}

#[test]
fn names_print_as_they_are_used() {
    assert_eq!(name("example.org.").to_string(), "example.org");
    assert_eq!(name("[2001:db8::7]").to_string(), "2001:db8::7");
}

fn core_reads(text: &str) -> Option<std::net::IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match bare {
        Some(bare) => bare.parse::<std::net::Ipv6Addr>().ok().map(Into::into),
        None => text.parse().ok(),
    }
}

#[test]
fn addresses_are_read_as_core_reads_them() {
    let texts = [
        "::",
        "::1",
        "1::",
        "1::2",
        "1:::2",
        ":::",
        ":1",
        "1:",
        ":",
        "",
        "[::1]",
        "[1::]",
        "[]",
        "1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7::",
        "::2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7:8::",
        "::1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7",
        "1::2::3",
        "1:2:3:4:5:6:1.2.3.4",
        "::1.2.3.4",
        "1.2.3.4::",
        "1::1.2.3.4:5",
        "::ffff:1.2.3",
        "::12345",
        "::g",
        "::-1",
        "::+1",
        "fe80::1%eth0",
        "FE80::A",
        "1.2.3.4",
        "[1.2.3.4]",
        "1.2.3.256",
        "::1.2.3.256",
        "2001:db8::8:800:200C:417A",
    ];
    for text in texts {
        let ours = ServerName::parse(text).ok().and_then(|name| name.ip());
        assert_eq!(ours, core_reads(text), "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_an_address_where_core_says_so(text in "[0-9a-f:.\\[\\]]{0,24}", groups in "(([0-9a-fA-F]{1,4})?:){1,8}([0-9a-f]{1,4})?") {
        for text in [text, groups] {
            let ours = ServerName::parse(&text).ok().and_then(|name| name.ip());
            prop_assert_eq!(ours, core_reads(&text), "{}", text);
        }
    }

    /// Property: what is accepted as a name covers itself, and its parent's wildcard if it has two parents.
    #[test]
    fn accepted_names_cover_themselves(text in "[a-zA-Z0-9_.-]{1,40}") {
        if let Ok(server) = ServerName::parse(&text) && let Some(dns) = server.dns() {
            prop_assert!(server.matches(dns.as_bytes()));
            prop_assert!(server.matches(dns.to_uppercase().as_bytes()));
            let labels: Vec<_> = dns.split('.').collect();
            let wildcard = format!("*.{}", labels[1..].join("."));
            prop_assert_eq!(server.matches(wildcard.as_bytes()), labels.len() >= 3);
        }
    }

    /// Property: any text and any presented bytes get an answer.
    #[test]
    fn no_text_makes_names_panic(text in "\\PC{0,20}", presented: Vec<u8>) {
        match ServerName::parse(&text) {
            Ok(server) => { let _ = server.matches(&presented); }
            Err(ConfigError::Malformed { input: Input::ServerName, offset, .. }) => {
                prop_assert!(offset <= text.len());
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}
