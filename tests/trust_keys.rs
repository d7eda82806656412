//! Public keys, their fingerprints, and pins.

use bearcub::error::{ConfigError, Fault, Input};
use bearcub::trust::{Curve, Pin, PublicKey};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

const VERISIGN: &[u8] = include_bytes!("trust_data/verisign-g5.spki.der");
const P256: &[u8] = include_bytes!("trust_data/p256.spki.der");
const P384: &[u8] = include_bytes!("trust_data/p384.spki.der");
const P521: &[u8] = include_bytes!("trust_data/p521.spki.der");
const ED25519: &[u8] = include_bytes!("trust_data/ed25519.spki.der");

fn key(spki: &[u8]) -> PublicKey<'_> {
    PublicKey::from_spki(spki).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const fn refused<T>(input: Input, fault: Fault, offset: usize) -> Result<T, ConfigError> {
    Err(ConfigError::Malformed {
        input,
        fault,
        offset,
    })
}

#[test]
fn the_verisign_key_has_its_published_fingerprints() {
    let key = key(VERISIGN);
    assert_eq!(key.bits(), 2048);
    assert_eq!(
        hex(&key.fingerprint_sha1()),
        "0ad82d5e4f4104464b464965ac53b14f98b8de9c"
    );
    assert_eq!(
        key.fingerprint_obsolete_v1().map(|v1| hex(&v1)).as_deref(),
        Some("70c4917fd4b014d7e0cd58b84af92269ca00e585"),
    );
    assert_eq!(
        hex(&key.spki_sha256()),
        "25b41b506e4930952823a6eb9f1d31def645ea38a5c6c6a96d71957e384df058",
    );
}

#[test]
fn ec_keys_have_the_fingerprints_computed_outside() {
    for (spki, curve, sha1) in [
        (
            P256,
            Curve::P256,
            "67bb89a9752a0fd78e223dbffab846d86f8c4263",
        ),
        (
            P384,
            Curve::P384,
            "16f29681b894a43f64d5f0097a5aad4c6ddbe75e",
        ),
        (
            P521,
            Curve::P521,
            "eaf013b307c89a0561a17cb982025805b316b1f2",
        ),
    ] {
        let key = key(spki);
        assert!(matches!(key, PublicKey::Ec { curve: found, .. } if found == curve));
        assert_eq!(key.bits(), curve.bits());
        assert_eq!(hex(&key.fingerprint_sha1()), sha1);
        assert_eq!(key.fingerprint_obsolete_v1(), None);
        assert_eq!(key.spki_sha256(), *Sha256::digest(spki), "canonical DER");
    }
}

#[test]
fn leading_zeros_make_no_difference_to_an_rsa_key() {
    let PublicKey::Rsa { n, e } = key(VERISIGN) else {
        panic!()
    };
    let n = [&[0, 0, 0], n].concat();
    let e = [&[0], e].concat();
    let padded = PublicKey::Rsa { n: &n, e: &e };
    assert_eq!(padded, key(VERISIGN));
    assert_eq!(padded.bits(), 2048);
    assert_eq!(padded.fingerprint_sha1(), key(VERISIGN).fingerprint_sha1());
    assert_eq!(padded.spki_sha256(), key(VERISIGN).spki_sha256());
    assert_ne!(key(P256), key(VERISIGN));
    assert_ne!(key(P256), key(P384));
}

#[test]
fn the_obsolete_fingerprint_is_ambiguous_and_the_present_one_is_not() {
    let one = PublicKey::Rsa {
        n: &[0x81, 0x82, 0x83],
        e: &[3],
    };
    let forged = PublicKey::Rsa {
        n: &[0x82, 0x83],
        e: &[3, 0x81],
    };
    assert_eq!(
        one.fingerprint_obsolete_v1(),
        forged.fingerprint_obsolete_v1()
    );
    assert_ne!(one.fingerprint_sha1(), forged.fingerprint_sha1());
    assert_ne!(one.spki_sha256(), forged.spki_sha256());
}

#[test]
fn keys_of_no_size_are_hashed_and_counted_without_harm() {
    let empty = PublicKey::Rsa { n: &[], e: &[0] };
    assert_eq!(empty.bits(), 0);
    // INTEGER 0 twice.
    let der = [
        0x30, 0x1a, 0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0, //
        3, 9, 0, 0x30, 6, 2, 1, 0, 2, 1, 0,
    ];
    assert_eq!(empty.spki_sha256(), *Sha256::digest(der));
}

#[test]
fn public_keys_of_other_kinds_and_shapes_are_refused_where_they_differ() {
    let with = |spki: &[u8], at: usize, byte: u8| {
        let mut spki = spki.to_vec();
        spki[at] = byte;
        PublicKey::from_spki(&spki).map(|_| ())
    };
    let input = Input::PublicKey;
    assert_eq!(
        PublicKey::from_spki(ED25519),
        refused(input, Fault::Unsupported, 4)
    );
    assert_eq!(
        PublicKey::from_spki(b""),
        refused(input, Fault::Truncated, 0)
    );
    // A compressed point, and one of the hybrid form.
    assert_eq!(with(P256, 26, 3), refused(input, Fault::Unsupported, 26));
    assert_eq!(with(P256, 26, 6), refused(input, Fault::OutOfRange, 26));
    // A curve that nobody knows.
    assert_eq!(with(P256, 22, 8), refused(input, Fault::Unsupported, 13));
    // An unused bit, a negative modulus, a modulus with two zeros in front.
    assert_eq!(with(P256, 25, 1), refused(input, Fault::Unexpected, 25));
    assert_eq!(
        with(VERISIGN, 32, 0x80),
        refused(input, Fault::OutOfRange, 28)
    );
    assert_eq!(
        with(VERISIGN, 33, 0x7f),
        refused(input, Fault::Unexpected, 28)
    );
    let trailing = [P256, &[0]].concat();
    assert_eq!(
        PublicKey::from_spki(&trailing),
        refused(input, Fault::TrailingData, P256.len())
    );
    for end in 0..VERISIGN.len() {
        let cut = PublicKey::from_spki(&VERISIGN[..end]);
        assert_eq!(cut, refused(input, Fault::Truncated, end));
    }
}

const SHA1_PIN: &str = "0ad82d5e4f4104464b464965ac53b14f98b8de9c";
const SHA256_PIN: &str = "25b41b506e4930952823a6eb9f1d31def645ea38a5c6c6a96d71957e384df058";
const BASE64_PIN: &str = "JbQbUG5JMJUoI6brnx0x3vZF6jilxsapbXGVfjhN8Fg=";

#[test]
fn pins_are_read_in_all_the_forms_that_people_paste() {
    let pair = |text: &str, between: &str| {
        let pairs: Vec<_> = (0..text.len())
            .step_by(2)
            .map(|at| &text[at..at + 2])
            .collect();
        pairs.join(between)
    };
    let verisign = key(VERISIGN);
    let sha1 = Pin::sha1_of(&verisign);
    for text in [
        SHA1_PIN.to_owned(),
        SHA1_PIN.to_uppercase(),
        pair(SHA1_PIN, " "),
        pair(SHA1_PIN, ":").to_uppercase(),
        format!("  {}\r\n", pair(SHA1_PIN, "-")),
        format!("sha1:{SHA1_PIN}"),
        format!("SHA-1: {SHA1_PIN}"),
    ] {
        assert_eq!(Pin::parse(&text), Ok(sha1), "{text}");
    }
    let sha256 = Pin::sha256_of(&verisign);
    for text in [
        SHA256_PIN.to_owned(),
        pair(SHA256_PIN, ":").to_uppercase(),
        format!("sha256/{SHA256_PIN}"),
        format!("SHA256:{}", pair(SHA256_PIN, ":")),
        BASE64_PIN.to_owned(),
        BASE64_PIN.trim_end_matches('=').to_owned(),
        format!("sha256/{BASE64_PIN}"),
        format!("sha256//{BASE64_PIN}"),
        format!("SHA256:{}", BASE64_PIN.trim_end_matches('=')),
        format!("sha-256/{BASE64_PIN}\n"),
    ] {
        assert_eq!(Pin::parse(&text), Ok(sha256), "{text}");
    }
}

#[test]
fn a_malformed_pin_says_what_is_wrong_and_where() {
    let pin = |text: &str| match Pin::parse(text) {
        Err(ConfigError::Malformed {
            input: Input::Pin,
            fault,
            offset,
        }) => (fault, offset),
        other => panic!("{text}: {other:?}"),
    };
    use Fault::{OutOfRange, TooLong, Truncated, Unexpected, Unsupported};
    assert_eq!(pin(""), (Truncated, 0));
    assert_eq!(pin("  "), (Truncated, 2));
    assert_eq!(pin("sha256//"), (Truncated, 8));
    assert_eq!(pin(&SHA1_PIN[..38]), (Truncated, 38));
    assert_eq!(pin(&SHA1_PIN[..39]), (Truncated, 39));
    assert_eq!(pin(&format!("{SHA1_PIN}ab")), (Truncated, 42));
    // Hexadecimal digits alone are no base64, though there are 43 or 44 of them.
    assert_eq!(pin(&format!("{SHA1_PIN}abc")), (Truncated, 43));
    assert_eq!(pin(&format!("{SHA1_PIN}abcd")), (Truncated, 44));
    assert_eq!(pin(&format!("{SHA256_PIN}a")), (TooLong, 64));
    assert_eq!(pin(&format!("sha1:{SHA256_PIN}")), (TooLong, 69));
    assert_eq!(pin(&format!("sha256:{SHA1_PIN}")), (Truncated, 47));
    assert_eq!(pin(&SHA1_PIN.replacen('d', "g", 1)), (Unexpected, 2));
    assert_eq!(pin(&format!(":{SHA1_PIN}")), (Unexpected, 0));
    assert_eq!(pin(&format!("{SHA1_PIN}:")), (Unexpected, 40));
    assert_eq!(pin("0a:d:82"), (Unexpected, 4));
    assert_eq!(pin("0a d8\u{a0}2d"), (Unexpected, 5));
    assert_eq!(pin(&format!("sha512/{SHA1_PIN}")), (Unsupported, 0));
    assert_eq!(pin(&format!("sha1/{BASE64_PIN}")), (Unexpected, 5));
    assert_eq!(pin(&BASE64_PIN.replace("Fg", "=g")), (Unexpected, 41));
    assert_eq!(pin(&BASE64_PIN.replace("Fg=", "FgA")), (TooLong, 43));
    // Bits beyond the 32 bytes.
    assert_eq!(pin(&BASE64_PIN.replace("Fg=", "Fh=")), (OutOfRange, 42));
    assert_eq!(pin("SHA256 Fingerprint=0A:D8"), (Unexpected, 0));
}

#[test]
fn pins_of_only_00_or_ff_are_refused() {
    for (text, offset) in [
        ("00".repeat(20), 0),
        ("FF ".repeat(20), 0),
        (format!(" {}", "00:".repeat(31) + "00"), 1),
        ("ff".repeat(32), 0),
        (format!("sha256/{}=", "A".repeat(43)), 7),
    ] {
        assert_eq!(
            Pin::parse(&text),
            refused(Input::Pin, Fault::OutOfRange, offset),
            "{text}"
        );
    }
    assert!(Pin::parse(&format!("{}01", "00".repeat(19))).is_ok());
}

#[test]
fn a_pin_matches_its_key_and_no_other() {
    let keys = [VERISIGN, P256, P384, P521].map(key);
    for (at, pinned) in keys.iter().enumerate() {
        for pin in [Pin::sha1_of(pinned), Pin::sha256_of(pinned)] {
            for (other, key) in keys.iter().enumerate() {
                assert_eq!(pin.matches(key), at == other);
            }
        }
    }
    let obsolete = Pin::Sha1(keys[0].fingerprint_obsolete_v1().unwrap());
    assert!(!obsolete.matches(&keys[0]));
}

#[test]
fn only_sha256_pins_match_a_hash_of_the_bytes() {
    let verisign = key(VERISIGN);
    let digest = verisign.spki_sha256();
    assert!(Pin::sha256_of(&verisign).matches_spki_sha256(&digest));
    assert!(!Pin::sha256_of(&key(P256)).matches_spki_sha256(&digest));
    assert!(!Pin::Sha1(digest[..20].try_into().unwrap()).matches_spki_sha256(&digest));
}

fn any_pin() -> impl Strategy<Value = Pin> {
    prop_oneof![
        any::<[u8; 20]>().prop_map(Pin::Sha1),
        any::<[u8; 32]>().prop_map(Pin::Sha256),
    ]
}

proptest! {
    /// Property: reading a pin undoes printing it.
    #[test]
    fn every_pin_survives_its_text(pin in any_pin()) {
        prop_assert_eq!(Pin::parse(&pin.to_string()), Ok(pin));
    }

    /// Property: any text is read or refused, at an offset inside of it.
    #[test]
    fn no_text_makes_the_pin_parser_panic(text in "(sha(1|256)?[:/]{0,2})?[0-9a-fA-Fx:= +/\u{e4}-]{0,70}") {
        if let Err(error) = Pin::parse(&text) {
            let ConfigError::Malformed { input: Input::Pin, offset, .. } = error else {
                panic!("{error:?}");
            };
            prop_assert!(offset <= text.len());
        }
    }

    /// Property: the streamed SubjectPublicKeyInfo reads back as the key, at every length of its parts.
    #[test]
    fn our_rsa_spki_is_what_another_library_writes(
        n in prop::collection::vec(any::<u8>(), 1..600),
        e in prop::collection::vec(any::<u8>(), 1..300),
    ) {
        use x509_cert::der::{Encode, asn1::{BitString, UintRef}};
        use x509_cert::spki::{AlgorithmIdentifierOwned, ObjectIdentifier, SubjectPublicKeyInfoOwned};
        let numbers = vec![UintRef::new(&n).unwrap(), UintRef::new(&e).unwrap()].to_der().unwrap();
        let spki = SubjectPublicKeyInfoOwned {
            algorithm: AlgorithmIdentifierOwned {
                oid: ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1"),
                parameters: Some(x509_cert::der::Any::null()),
            },
            subject_public_key: BitString::from_bytes(&numbers).unwrap(),
        }.to_der().unwrap();
        let key = PublicKey::Rsa { n: &n, e: &e };
        prop_assert_eq!(&key.spki_sha256()[..], &Sha256::digest(&spki)[..]);
        if n.iter().chain(&e).any(|octet| *octet != 0) && e.iter().any(|o| *o != 0) && n.iter().any(|o| *o != 0) {
            prop_assert_eq!(PublicKey::from_spki(&spki), Ok(key));
        }
    }

    /// Property: any bytes are read or refused.
    #[test]
    fn no_bytes_make_the_key_parser_panic(
        at in 0..VERISIGN.len(), byte: u8, cut in 0..VERISIGN.len(),
    ) {
        let mut spki = VERISIGN.to_vec();
        spki[at] = byte;
        if let Ok(key) = PublicKey::from_spki(&spki) {
            let _ = (key.bits(), key.spki_sha256(), key.fingerprint_sha1());
        }
        let _ = PublicKey::from_spki(&spki[cut..]);
    }
}
