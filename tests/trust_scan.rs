//! The certificate scanner: against another library, in every chunking, and against bytes that mean harm.

use std::net::IpAddr;

use bearcub::error::CertificateError;
use bearcub::trust::{CertificateScanner, ScannedCertificate, ServerUsage};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{ExtendedKeyUsage, SubjectAltName};

const LEAF: &[u8] = include_bytes!("trust_data/leaf.der");
const CLIENT: &[u8] = include_bytes!("trust_data/client.der");
const CERTIFICATES: [&[u8]; 8] = [
    LEAF,
    CLIENT,
    include_bytes!("trust_data/isrg-root-x1.der"),
    include_bytes!("trust_data/amazon-root-ca-1.der"),
    include_bytes!("trust_data/amazon-root-ca-3.der"),
    include_bytes!("trust_data/ca-without-signing.der"),
    include_bytes!("trust_data/v1-root.der"),
    include_bytes!("trust_data/v1-end.der"),
];

type Scan = Result<ScannedCertificate, CertificateError>;

fn scan_for(address: Option<&str>, der: &[u8]) -> Scan {
    let mut scanner = CertificateScanner::new(address.map(|address| address.parse().unwrap()));
    scanner.push(der);
    scanner.finish()
}

fn scan(der: &[u8]) -> Scan {
    scan_for(None, der)
}

fn scan_in_pieces(address: Option<IpAddr>, der: &[u8], cuts: &[usize]) -> Scan {
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (der.len() + 1)).collect();
    cuts.extend([0, der.len()]);
    cuts.sort_unstable();
    let mut scanner = CertificateScanner::new(address);
    for piece in cuts.windows(2) {
        scanner.push(&der[piece[0]..piece[1]]);
    }
    scanner.finish()
}

/// What x509-cert says, for whatever it accepts.
fn second_opinion(der: &[u8], address: IpAddr) -> Option<ScannedCertificate> {
    let certificate = Certificate::from_der(der).ok()?;
    let tbs = certificate.tbs_certificate();
    let time = |time: x509_cert::time::Time| {
        bearcub::clock::Time::from_unix(time.to_unix_duration().as_secs() as i64).unwrap()
    };
    let usages = tbs.get_extension::<ExtendedKeyUsage>().ok()?;
    let names = tbs.get_extension::<SubjectAltName>().ok()?;
    let wanted = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    Some(ScannedCertificate {
        validity: bearcub::trust::Validity {
            not_before: time(tbs.validity().not_before),
            not_after: time(tbs.validity().not_after),
        },
        server_usage: match usages {
            None => ServerUsage::Unrestricted,
            Some((_, ExtendedKeyUsage(list)))
                if list.iter().any(|usage| {
                    ["1.3.6.1.5.5.7.3.1", "2.5.29.37.0"].contains(&usage.to_string().as_str())
                }) =>
            {
                ServerUsage::Allowed
            }
            Some(_) => ServerUsage::Forbidden,
        },
        has_subject_alt_name: names.is_some(),
        has_broad_wildcard: names.as_ref().is_some_and(|(_, SubjectAltName(names))| {
            names.iter().any(|name| {
                matches!(name, GeneralName::DnsName(found)
                    if found.as_str().strip_prefix("*.").is_some_and(|rest| !rest.contains('.')))
            })
        }),
        has_address: names.is_some_and(|(_, SubjectAltName(names))| {
            names.iter().any(
                |name| matches!(name, GeneralName::IpAddress(found) if found.as_bytes() == wanted),
            )
        }),
        spki_sha256: Sha256::digest(tbs.subject_public_key_info().to_der().unwrap()).into(),
    })
}

#[test]
fn real_certificates_say_what_another_library_reads() {
    let address = "192.0.2.7".parse().unwrap();
    for der in CERTIFICATES {
        assert_eq!(
            scan_for(Some("192.0.2.7"), der).ok(),
            second_opinion(der, address)
        );
        assert!(scan(der).is_ok());
    }
}

#[test]
fn usage_and_names_are_reported() {
    let leaf = scan(LEAF).unwrap();
    assert_eq!(leaf.server_usage, ServerUsage::Allowed);
    assert!(leaf.has_subject_alt_name);
    assert_eq!(leaf.validity.not_after.civil().year, 2126);
    let client = scan(CLIENT).unwrap();
    assert_eq!(client.server_usage, ServerUsage::Forbidden);
    assert_eq!(
        client.server_usage.check(),
        Err(CertificateError::WrongExtendedKeyUsage)
    );
    assert!(!client.has_subject_alt_name);
    assert_eq!(
        scan(CERTIFICATES[2]).unwrap().server_usage,
        ServerUsage::Unrestricted
    );
}

#[test]
fn only_the_very_address_is_found() {
    let has = |address| scan_for(Some(address), LEAF).unwrap().has_address;
    assert!(has("192.0.2.7"));
    assert!(has("2001:db8::7"));
    for other in [
        "192.0.2.8",
        "2001:db8::8",
        "::ffff:192.0.2.7",
        "::",
        "0.0.0.0",
    ] {
        assert!(!has(other), "{other}");
    }
    assert!(!scan(LEAF).unwrap().has_address);
}

#[test]
fn one_byte_at_a_time_gives_the_same() {
    for der in CERTIFICATES {
        let cuts: Vec<_> = (0..der.len()).collect();
        let address = "2001:db8::7".parse().ok();
        assert_eq!(
            scan_in_pieces(address, der, &cuts),
            scan_for(Some("2001:db8::7"), der)
        );
    }
}

#[test]
fn every_cut_certificate_is_truncated() {
    for der in CERTIFICATES {
        for end in 0..der.len() {
            assert_eq!(scan(&der[..end]), Err(CertificateError::Truncated), "{end}");
        }
    }
}

#[test]
fn a_fault_stays() {
    let mut scanner = CertificateScanner::new(None);
    scanner.push(LEAF);
    assert_eq!(scanner.fault(), None);
    assert!(scanner.finish().is_ok());
    scanner.push(&[]);
    assert!(scanner.finish().is_ok());
    scanner.push(&[0]);
    assert_eq!(scanner.fault(), Some(CertificateError::ExtraElement));
    scanner.push(LEAF);
    assert_eq!(scanner.finish(), Err(CertificateError::ExtraElement));
}

#[test]
fn the_scanner_is_as_small_as_it_says() {
    assert!(size_of::<CertificateScanner>() <= 256);
}

// Certificates built to measure.

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        length @ 0..=0x7f => out.push(length as u8),
        length @ 0x80..=0xff => out.extend([0x81, length as u8]),
        length => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend(content);
    out
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

const SPKI: [u8; 4] = [0x30, 2, 5, 0];
const NAMES: &[u8] = &[0x55, 0x1d, 0x11];
const USAGES: &[u8] = &[0x55, 0x1d, 0x25];

fn validity() -> Vec<u8> {
    sequence(&[tlv(0x17, b"260101000000Z"), tlv(0x18, b"20500101000000Z")])
}

fn extension(identifier: &[u8], value: &[u8]) -> Vec<u8> {
    sequence(&[tlv(6, identifier), tlv(1, &[0xff]), tlv(4, value)])
}

fn names(names: &[Vec<u8>]) -> Vec<u8> {
    extension(NAMES, &sequence(names))
}

fn with_validity_and_tail(validity: &[u8], tail: &[Vec<u8>]) -> Vec<u8> {
    let name = sequence(&[]);
    let mut tbs = vec![
        tlv(0xa0, &[2, 1, 2]),
        tlv(2, &[1]),
        sequence(&[]),
        name.clone(),
        validity.to_vec(),
        name,
        SPKI.to_vec(),
    ];
    tbs.extend_from_slice(tail);
    sequence(&[sequence(&tbs), sequence(&[]), tlv(3, &[0])])
}

fn with_validity(validity: &[u8]) -> Vec<u8> {
    with_validity_and_tail(validity, &[])
}

fn with_extensions(extensions: &[Vec<u8>]) -> Vec<u8> {
    with_validity_and_tail(&validity(), &[tlv(0xa3, &sequence(extensions))])
}

#[test]
fn the_certificate_built_to_measure_is_sound() {
    let scanned = scan(&with_extensions(&[])).unwrap();
    assert_eq!(scanned, scan(&with_validity(&validity())).unwrap());
    assert_eq!(scanned.spki_sha256, *Sha256::digest(SPKI));
    assert_eq!(scanned.validity.not_after.civil().year, 2050);
    let unique = [tlv(0x81, &[0, 1]), tlv(0x82, &[0, 2])];
    assert_eq!(
        scan(&with_validity_and_tail(&validity(), &unique)),
        Ok(scanned)
    );
}

#[test]
fn addresses_of_another_length_are_not_the_address() {
    let has = |name: Vec<u8>| {
        let der = with_extensions(&[names(&[name])]);
        scan_for(Some("192.0.2.7"), &der).unwrap().has_address
    };
    let octets = [192, 0, 2, 7];
    assert!(has(tlv(0x87, &octets)));
    assert!(!has(tlv(0x87, &octets[..3])));
    assert!(!has(tlv(0x87, &[])));
    assert!(!has(tlv(0x87, &octets.repeat(2))));
    assert!(!has(tlv(0x87, &octets.repeat(5))));
    // The same octets as another kind of name.
    assert!(!has(tlv(0x82, &octets)));
    assert!(!has(tlv(0xa4, &tlv(0x87, &octets))));

    let v6 = "2001:db8::7"
        .parse::<std::net::Ipv6Addr>()
        .unwrap()
        .octets();
    let has = |octets: &[u8]| {
        let der = with_extensions(&[names(&[tlv(0x87, octets)])]);
        scan_for(Some("2001:db8::7"), &der).unwrap().has_address
    };
    assert!(has(&v6));
    assert!(!has(&[&v6[..], &[0]].concat()));
    assert!(!has(&v6.repeat(16)));
}

#[test]
fn any_usage_allows_a_server_and_other_usages_do_not() {
    let usage = |purposes: &[&[u8]]| {
        let list: Vec<_> = purposes.iter().map(|purpose| tlv(6, purpose)).collect();
        scan(&with_extensions(&[extension(USAGES, &sequence(&list))]))
            .unwrap()
            .server_usage
    };
    let server_auth: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
    assert_eq!(usage(&[&[0x55, 0x1d, 0x25, 0]]), ServerUsage::Allowed);
    assert_eq!(
        usage(&[&[0x2b, 6, 1, 5, 5, 7, 3, 9], server_auth]),
        ServerUsage::Allowed
    );
    assert_eq!(
        usage(&[&[0x2b, 6, 1, 5, 5, 7, 3, 9]]),
        ServerUsage::Forbidden
    );
    assert_eq!(usage(&[]), ServerUsage::Forbidden);
    // serverAuth with more behind it is another purpose.
    assert_eq!(
        usage(&[&[server_auth, &[0; 9]].concat()]),
        ServerUsage::Forbidden
    );
    assert_eq!(
        usage(&[&[server_auth, &[1]].concat()]),
        ServerUsage::Forbidden
    );
}

#[test]
fn an_extension_that_comes_twice_is_a_fault() {
    for one in [names(&[]), extension(USAGES, &sequence(&[]))] {
        let other = extension(&[0x55, 0x1d, 0x0e], &[1, 2, 3]);
        let once = with_extensions(&[one.clone(), other.clone(), other.clone()]);
        assert!(scan(&once).is_ok());
        let twice = with_extensions(&[one.clone(), other, one]);
        assert_eq!(scan(&twice), Err(CertificateError::Unexpected));
    }
}

#[test]
fn lengths_must_be_definite_minimal_and_inside_of_what_encloses_them() {
    for (der, fault) in [
        (&[0x30, 0x80][..], CertificateError::IndefiniteLength),
        (&[0x30, 0x81, 0x7f], CertificateError::InvalidValue),
        (&[0x30, 0x82, 0x00, 0xff], CertificateError::InvalidValue),
        (&[0x30, 0x84], CertificateError::LimitExceeded),
        (&[0x30, 0xff], CertificateError::LimitExceeded),
        (&[0x30, 0x00], CertificateError::InnerTruncated),
        (&[0x30, 0x01, 0x30, 0x00], CertificateError::InnerTruncated),
        (&[0x30, 0x01, 0x30, 0x81], CertificateError::InnerTruncated),
        (&[0x30, 0x02, 0x30, 0x01], CertificateError::InnerTruncated),
        (
            &[0x30, 0x83, 0xff, 0xff, 0xff, 0x30, 0x83, 0xff, 0xff, 0xff],
            CertificateError::InnerTruncated,
        ),
        (&[0x31], CertificateError::Truncated),
        (&[0x31, 0x00], CertificateError::BadTagValue),
    ] {
        assert_eq!(scan(der), Err(fault), "{der:02x?}");
    }
}

#[test]
fn elements_out_of_place_are_faults() {
    let bad_tag = Err(CertificateError::BadTagValue);
    let extra = Err(CertificateError::ExtraElement);
    let short = Err(CertificateError::InnerTruncated);
    let time = || tlv(0x17, b"260101000000Z");
    assert_eq!(scan(&with_validity(&tlv(0x31, &[]))), bad_tag);
    assert_eq!(scan(&with_validity(&sequence(&[]))), short);
    assert_eq!(scan(&with_validity(&sequence(&[time()]))), short);
    assert_eq!(
        scan(&with_validity(&sequence(&[time(), time(), time()]))),
        extra
    );
    assert_eq!(
        scan(&with_validity(&sequence(&[
            time(),
            tlv(0x16, b"260101000000Z")
        ]))),
        bad_tag
    );
    for bad in [
        tlv(0x18, b"260101000000Z"),
        tlv(0x17, b"261301000000Z"),
        tlv(0x17, &[b'0'; 300]),
    ] {
        let der = with_validity(&sequence(&[time(), bad]));
        assert_eq!(scan(&der), Err(CertificateError::BadTime));
    }

    let tail = |tail: &[Vec<u8>]| scan(&with_validity_and_tail(&validity(), tail));
    assert_eq!(tail(&[sequence(&[])]), bad_tag);
    assert_eq!(tail(&[tlv(0xa3, &[])]), short);
    assert_eq!(
        tail(&[tlv(0xa3, &[sequence(&[]), sequence(&[])].concat())]),
        extra
    );
    assert_eq!(
        tail(&[tlv(0xa3, &sequence(&[])), tlv(0xa3, &sequence(&[]))]),
        extra
    );

    let value = |value: &[u8]| scan(&with_extensions(&[extension(NAMES, value)]));
    assert_eq!(value(&[]), short);
    assert_eq!(value(&[sequence(&[]), sequence(&[])].concat()), extra);
    assert_eq!(value(&sequence(&[tlv(0x02, &[1])])), bad_tag);
    let no_value = sequence(&[tlv(6, NAMES)]);
    assert_eq!(scan(&with_extensions(&[no_value])), short);
    let two_values = sequence(&[tlv(6, &[1]), tlv(4, &[]), tlv(4, &[])]);
    assert_eq!(scan(&with_extensions(&[two_values])), extra);
}

/// A certificate with a few bytes changed, removed or added.
fn altered() -> impl Strategy<Value = Vec<u8>> {
    let edit = (
        any::<prop::sample::Index>(),
        0..3_usize,
        prop::collection::vec(any::<u8>(), 0..3),
    );
    (
        prop::sample::select(&CERTIFICATES[..]),
        prop::collection::vec(edit, 1..3),
    )
        .prop_map(|(der, edits)| {
            let mut der = der.to_vec();
            for (at, removed, added) in edits {
                let at = at.index(der.len());
                let end = (at + removed).min(der.len());
                der.splice(at..end, added);
            }
            der
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Property: how a certificate is cut into pieces makes no difference, not even to the fault.
    #[test]
    fn no_chunking_changes_the_answer(
        der in prop_oneof![prop::sample::select(&CERTIFICATES[..]).prop_map(<[u8]>::to_vec), altered()],
        cuts in prop::collection::vec(any::<usize>(), 0..8),
    ) {
        prop_assert_eq!(scan_in_pieces(None, &der, &cuts), scan(&der));
    }

    /// Property: where both read an altered certificate, x509-cert and the scanner agree on all of it.
    #[test]
    fn altered_certificates_are_read_as_another_library_does(der in altered()) {
        let address = "192.0.2.7".parse().unwrap();
        if let (Ok(scanned), Some(other)) =
            (scan_for(Some("192.0.2.7"), &der), second_opinion(&der, address))
        {
            prop_assert_eq!(scanned, other);
        }
    }

    /// Property: any bytes are a certificate or a fault, behind any beginning of a certificate.
    #[test]
    fn no_bytes_make_the_scanner_panic(
        der in prop::sample::select(&CERTIFICATES[..]),
        kept in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        cuts in prop::collection::vec(any::<usize>(), 0..4),
    ) {
        let bytes = [&der[..kept.index(der.len())], &bytes].concat();
        let _ = scan_in_pieces("::1".parse().ok(), &bytes, &cuts);
    }
}
