//! Names and dates of certificates at their edges (RFC 5280, RFC 6125, RFC 9525), through the validation of a handshake.

mod support;

use bearcub::Error;
use bearcub::clock::Time;
use bearcub::error::{CertificateError, PeerError};
use support::judged::Written;
use support::now;

fn refused(error: CertificateError) -> Result<(), Error> {
    Err(PeerError::Certificate(error).into())
}

const WRONG_NAME: CertificateError = CertificateError::BadServerName;

/// Whether a certificate for that DNS name alone is one for `host`.
fn covers(name: &[u8], host: &str) -> bool {
    let judged = Written::new(&[name]).judged(host, now());
    if judged.is_err() {
        assert_eq!(judged, refused(WRONG_NAME), "{name:?} for {host}");
    }
    judged.is_ok()
}

#[test]
fn a_name_is_matched_whole_and_case_does_not_count() {
    assert!(covers(b"broker.test", "broker.test"));
    assert!(covers(b"BROKER.Test", "broker.test"));
    assert!(covers(b"broker.test", "Broker.TEST"));
    for other in [
        &b"broker.tes"[..],
        b"broker.test.evil.test",
        b"evil.broker.test",
        b"roker.test",
        b"broker-test",
        b"broker.test ",
        b" broker.test",
        b"",
        b".",
        b".broker.test",
        b"test",
    ] {
        assert!(!covers(other, "broker.test"), "{other:?}");
    }
}

#[test]
fn a_nul_does_not_end_a_name() {
    assert!(!covers(b"broker.test\0.evil.test", "broker.test"));
    assert!(!covers(b"broker.test\0", "broker.test"));
    assert!(!covers(b"\0broker.test", "broker.test"));
    assert!(!covers(b"*\0.test", "broker.test"));
    for name in [&b"broker.test\0.evil.test"[..], b"broker.test\0"] {
        let judged = Written::of_common_name(name).judged("broker.test", now());
        assert_eq!(judged, refused(WRONG_NAME));
    }
}

#[test]
fn a_dot_at_the_end_of_the_programs_name_is_dropped_and_one_in_a_certificate_matches_nothing() {
    assert!(covers(b"broker.test", "broker.test."));
    assert!(!covers(b"broker.test.", "broker.test"));
    assert!(!covers(b"broker.test.", "broker.test."));
    assert!(!covers(b"*.test.example.", "broker.test.example"));
}

#[test]
fn a_wildcard_is_the_whole_leftmost_label_and_stands_for_one() {
    assert!(covers(b"*.wild.test", "mqtt.wild.test"));
    assert!(covers(b"*.WILD.test", "mqtt.wild.TEST"));
    for host in [
        "wild.test",
        "a.b.wild.test",
        "mqttwild.test",
        "wild.test.wild",
    ] {
        assert!(!covers(b"*.wild.test", host), "{host}");
    }
    for partial in [
        &b"m*.wild.test"[..],
        b"*t.wild.test",
        b"m*t.wild.test",
        b"**.wild.test",
        b"mqtt.*.test",
        b"*.*.test",
        b"mqtt.wild.*",
        b"*wild.test",
        b"*",
        b"*.",
        b"*mqtt.wild.test",
    ] {
        assert!(!covers(partial, "mqtt.wild.test"), "{partial:?}");
    }
}

#[test]
fn a_wildcard_over_a_whole_top_level_domain_covers_nothing() {
    assert!(!covers(b"*.test", "broker.test"));
    assert!(!covers(b"*.TEST", "broker.test"));
    assert!(!covers(
        b"*.a-top-level-domain-of-many-letters",
        "broker.a-top-level-domain-of-many-letters"
    ));
    // A certificate with such a name is refused for hosts of two labels even if it has their name too, and for no others.
    let both = Written::new(&[b"broker.test", b"*.test", b"mqtt.broker.test"]);
    assert_eq!(both.judged("broker.test", now()), refused(WRONG_NAME));
    assert_eq!(both.judged("mqtt.broker.test", now()), Ok(()));
    // BearSSL judges a common name alone, and nobody beside it.
    let old = Written::of_common_name(b"*.test");
    assert_eq!(old.judged("broker.test", now()), Ok(()));
}

#[test]
fn internationalised_names_are_matched_in_their_ascii_form_only() {
    let ascii = "xn--bcher-kva.test";
    assert!(covers(ascii.as_bytes(), ascii));
    assert!(covers(b"XN--BCHER-KVA.test", ascii));
    assert!(covers(b"*.xn--bcher-kva.test", "mqtt.xn--bcher-kva.test"));
    // The wildcard is a label of its own, whatever the host's label encodes.
    assert!(covers(b"*.wild.test", "xn--bcher-kva.wild.test"));
    assert!(!covers("b\u{fc}cher.test".as_bytes(), ascii));
    assert!(!covers(b"b\xfccher.test", ascii));
    assert!(!covers(b"xn--*.test", ascii));
    assert!(!covers(b"xn--bcher-*.test", ascii));
}

#[test]
fn an_address_is_found_among_addresses_and_nowhere_else() {
    let v6 = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];
    let v4_in_v6 = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 7];
    let of = |octets: &[u8]| Written::new(&[]).address(octets);
    assert_eq!(of(&[192, 0, 2, 7]).judged("192.0.2.7", now()), Ok(()));
    assert_eq!(of(&v6).judged("2001:db8::7", now()), Ok(()));
    assert_eq!(of(&v6).judged("[2001:db8::7]", now()), Ok(()));
    // Also behind names of other kinds.
    let behind = Written::new(&[b"broker.test"])
        .mail(b"a@b.test")
        .address(&[192, 0, 2, 7]);
    assert_eq!(behind.judged("192.0.2.7", now()), Ok(()));

    let cases: [(Written, &str); 9] = [
        (of(&[192, 0, 2, 8]), "192.0.2.7"),
        (of(&v4_in_v6), "192.0.2.7"),
        (of(&[192, 0, 2, 7]), "::ffff:192.0.2.7"),
        // An address and its mask, as in a name constraint.
        (of(&[192, 0, 2, 7, 255, 255, 255, 255]), "192.0.2.7"),
        (of(&[192, 0, 2]), "192.0.2.7"),
        (Written::new(&[b"192.0.2.7"]), "192.0.2.7"),
        (Written::of_common_name(b"192.0.2.7"), "192.0.2.7"),
        (Written::new(&[b"*.0.2.7"]), "192.0.2.7"),
        (of(b"test"), "test"),
    ];
    for (certificate, host) in cases {
        assert_eq!(
            certificate.judged(host, now()),
            refused(WRONG_NAME),
            "{host}"
        );
    }
}

#[test]
fn a_common_name_counts_only_where_there_is_no_subject_alt_name() {
    let alone = Written::of_common_name(b"broker.test");
    assert_eq!(alone.judged("broker.test", now()), Ok(()));
    assert_eq!(alone.judged("other.test", now()), refused(WRONG_NAME));
    for beside in [
        Written::new(&[b"other.test"]),
        Written::new(&[b"other.test", b"*.broker.test"]),
        Written::new(&[]),
        Written::new(&[]).address(&[192, 0, 2, 7]),
        Written::new(&[]).mail(b"broker.test"),
    ] {
        let judged = beside
            .common_name(b"broker.test")
            .judged("broker.test", now());
        assert_eq!(judged, refused(WRONG_NAME));
    }
}

#[test]
fn a_mail_address_is_no_server() {
    let mail = Written::new(&[]).mail(b"broker.test");
    assert_eq!(mail.judged("broker.test", now()), refused(WRONG_NAME));
}

/// A certificate with these dates, judged at that moment.
fn at(not_before: &str, not_after: &str, moment: (u16, u8, u8, u8, u8, u8)) -> Result<(), Error> {
    let (year, month, day, hour, minute, second) = moment;
    let now = Time::from_civil(year, month, day, hour, minute, second).unwrap();
    Written::new(&[b"broker.test"])
        .dates(not_before, not_after)
        .judged("broker.test", now)
}

#[test]
fn the_first_and_the_last_second_belong_to_the_validity() {
    let dates = |moment| at("260501000000Z", "260729235959Z", moment);
    assert_eq!(
        dates((2026, 4, 30, 23, 59, 59)),
        refused(CertificateError::NotYetValid)
    );
    assert_eq!(dates((2026, 5, 1, 0, 0, 0)), Ok(()));
    assert_eq!(dates((2026, 7, 29, 23, 59, 59)), Ok(()));
    assert_eq!(
        dates((2026, 7, 30, 0, 0, 0)),
        refused(CertificateError::Expired)
    );
    // A single second, and none at all.
    assert_eq!(
        at("260501000000Z", "260501000000Z", (2026, 5, 1, 0, 0, 0)),
        Ok(())
    );
    assert!(at("260501000001Z", "260501000000Z", (2026, 5, 1, 0, 0, 0)).is_err());
    assert!(at("260501000001Z", "260501000000Z", (2026, 5, 1, 0, 0, 1)).is_err());
}

#[test]
fn two_digits_of_a_year_are_1950_to_2049() {
    let noon = |year| (year, 6, 1, 12, 0, 0);
    assert_eq!(at("500101000000Z", "491231235959Z", noon(2026)), Ok(()));
    assert_eq!(
        at("500101000000Z", "500101000000Z", (1950, 1, 1, 0, 0, 0)),
        Ok(())
    );
    assert_eq!(
        at("500101000000Z", "991231235959Z", noon(2026)),
        refused(CertificateError::Expired)
    );
    assert_eq!(
        at("490101000000Z", "491231235959Z", noon(2026)),
        refused(CertificateError::NotYetValid)
    );
    assert_eq!(
        at("491231235959Z", "20500101000000Z", (2050, 1, 1, 0, 0, 0)),
        Ok(())
    );
    assert_eq!(
        at("000101000000Z", "000101000000Z", (2000, 1, 1, 0, 0, 0)),
        Ok(())
    );
}

#[test]
fn a_generalized_time_is_taken_for_any_year_from_1950_on() {
    let noon = |year| (year, 6, 1, 12, 0, 0);
    // RFC 5280 wants UTCTime up to 2049; what is meant is clear nevertheless.
    assert_eq!(at("20260101000000Z", "20261231235959Z", noon(2026)), Ok(()));
    assert_eq!(at("19500101000000Z", "20491231235959Z", noon(2026)), Ok(()));
    assert_eq!(at("20500101000000Z", "20501231235959Z", noon(2050)), Ok(()));
    assert_eq!(
        at("20500101000000Z", "20501231235959Z", noon(2049)),
        refused(CertificateError::NotYetValid)
    );
    // "No well-defined expiration date" (RFC 5280 section 4.1.2.5).
    assert_eq!(at("260101000000Z", "99991231235959Z", noon(9999)), Ok(()));
    assert_eq!(
        at(
            "260101000000Z",
            "99991231235959Z",
            (9999, 12, 31, 23, 59, 59)
        ),
        Ok(())
    );
}

#[test]
fn a_date_that_is_none_is_refused_as_such() {
    let bad = refused(CertificateError::BadTime);
    for date in [
        "20491231235959Z",
        "19491231235959Z",
        "00000101000000Z",
        "260001000000Z",
        "261301000000Z",
        "260100000000Z",
        "260132000000Z",
        "260229000000Z",
        "260431000000Z",
        "260101240000Z",
        "260101006000Z",
        "260101000060Z",
        "260101000000z",
        "2601010000000",
        "26010100000Z",
        "2601010000Z",
        "260101000000+0100",
        "20260101000000.5Z",
        "202601010000Z",
        "26 101000000Z",
        "-60101000000Z",
    ] {
        // The first is the control: nothing is wrong with it.
        let expected = if date == "20491231235959Z" {
            Ok(())
        } else {
            bad
        };
        let got = at("240101000000Z", date, (2026, 6, 1, 12, 0, 0));
        assert_eq!(got, expected, "notAfter {date:?}");
        if date != "20491231235959Z" {
            let got = at(date, "491231235959Z", (2026, 6, 1, 12, 0, 0));
            assert_eq!(got, bad, "notBefore {date:?}");
        }
    }
}

#[test]
fn leap_days_are_those_of_the_calendar() {
    assert_eq!(
        at("240229000000Z", "240229235959Z", (2024, 2, 29, 12, 0, 0)),
        Ok(())
    );
    assert_eq!(
        at("000229000000Z", "000229235959Z", (2000, 2, 29, 12, 0, 0)),
        Ok(())
    );
    let bad = refused(CertificateError::BadTime);
    assert_eq!(
        at("230229000000Z", "491231235959Z", (2026, 6, 1, 12, 0, 0)),
        bad
    );
    assert_eq!(
        at("260101000000Z", "21000229000000Z", (2026, 6, 1, 12, 0, 0)),
        bad
    );
    assert_eq!(
        at("260101000000Z", "24000229000000Z", (2026, 6, 1, 12, 0, 0)),
        Ok(())
    );
}
