//! Trust anchors from certificates and keys, and the choice whom to trust.

use bearcub::clock::{Clock, Time};
use bearcub::error::{ConfigError, Fault, Input};
use bearcub::trust::{Pin, Policy, PublicKey, TasmotaSlots, Trust, TrustAnchor};
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};

const X1: &[u8] = include_bytes!("trust_data/isrg-root-x1.der");
const X2_PEM: &[u8] = include_bytes!("trust_data/isrg-root-x2.pem");
const AMAZON_1: &[u8] = include_bytes!("trust_data/amazon-root-ca-1.der");
const AMAZON_3: &[u8] = include_bytes!("trust_data/amazon-root-ca-3.der");
const V1_ROOT: &[u8] = include_bytes!("trust_data/v1-root.der");
const V1_END: &[u8] = include_bytes!("trust_data/v1-end.der");
const LEAF: &[u8] = include_bytes!("trust_data/leaf.der");
const CLIENT: &[u8] = include_bytes!("trust_data/client.der");
const CA_WITHOUT_SIGNING: &[u8] = include_bytes!("trust_data/ca-without-signing.der");
const RSA_PEM: &[u8] = include_bytes!("trust_data/rsa-1024.spki.pem");
const P256: &[u8] = include_bytes!("trust_data/p256.spki.der");

const fn malformed<T>(input: Input, fault: Fault, offset: usize) -> Result<T, ConfigError> {
    Err(ConfigError::Malformed {
        input,
        fault,
        offset,
    })
}

fn spki_sha256(der: &[u8]) -> [u8; 32] {
    TrustAnchor::from_certificate(der)
        .unwrap()
        .key
        .spki_sha256()
}

#[test]
fn anchors_have_the_name_and_key_that_another_library_reads() {
    for (der, bits) in [
        (X1, 4096),
        (AMAZON_1, 2048),
        (AMAZON_3, 256),
        (V1_ROOT, 2048),
    ] {
        let anchor = TrustAnchor::from_certificate(der).unwrap();
        let certificate = Certificate::from_der(der).unwrap();
        let tbs = certificate.tbs_certificate();
        assert_eq!(anchor.subject, tbs.subject().to_der().unwrap());
        let spki = tbs.subject_public_key_info().to_der().unwrap();
        assert_eq!(anchor.key.spki_sha256(), *Sha256::digest(spki));
        assert_eq!(anchor.key.bits(), bits);
        assert!(anchor.is_ca);
    }
}

#[test]
fn certificates_that_are_no_authority_are_refused_as_such() {
    for der in [LEAF, CLIENT, CA_WITHOUT_SIGNING, V1_END] {
        assert_eq!(
            TrustAnchor::from_certificate(der),
            Err(ConfigError::AnchorNotCa)
        );
    }
}

#[test]
fn pem_is_read_into_the_callers_buffer() {
    let mut buffer = [0; 600];
    let anchor = TrustAnchor::from_certificate_pem(X2_PEM, &mut buffer).unwrap();
    assert_eq!(anchor.key.bits(), 384);

    let text = std::str::from_utf8(X2_PEM).unwrap();
    for variant in [
        format!("Issuer: ISRG\n\n{text}"),
        text.replace('\n', "\r\n"),
        format!("{text}\n\n \n"),
        text.trim_end().to_owned(),
    ] {
        let mut buffer = [0; 600];
        let same = TrustAnchor::from_certificate_pem(variant.as_bytes(), &mut buffer);
        assert_eq!(same, Ok(anchor), "{variant}");
    }

    let mut buffer = [0; 200];
    let anchor = TrustAnchor::from_public_key_pem(RSA_PEM, &mut buffer).unwrap();
    assert_eq!(anchor.key.bits(), 1024);
    assert!(matches!(anchor.key, PublicKey::Rsa { e: &[3], .. }));
    assert_eq!((anchor.subject, anchor.is_ca), (&[][..], true));
}

#[test]
fn pem_faults_are_told_apart() {
    let text = std::str::from_utf8(X2_PEM).unwrap();
    let read = |text: &str, size: usize| {
        let mut buffer = vec![0; size];
        TrustAnchor::from_certificate_pem(text.as_bytes(), &mut buffer).map(|_| ())
    };
    let input = Input::Pem;
    assert_eq!(read(text, 542), malformed(input, Fault::BufferTooSmall, 0));
    assert_eq!(read(text, 543), Ok(()));
    assert_eq!(
        read(&text.repeat(2), 2000),
        malformed(input, Fault::TrailingData, text.len())
    );
    assert_eq!(
        read(&format!("{text}# end"), 2000),
        malformed(input, Fault::TrailingData, text.len())
    );
    assert_eq!(read("", 2000), malformed(input, Fault::Truncated, 0));
    assert_eq!(
        read(&text[..700], 2000),
        malformed(input, Fault::Truncated, 700)
    );
    assert_eq!(
        read(&text.replacen("\nM", "\n?", 1), 2000),
        malformed(input, Fault::Unexpected, 28)
    );
    let mut buffer = [0; 2000];
    assert_eq!(
        TrustAnchor::from_certificate_pem(RSA_PEM, &mut buffer),
        malformed(input, Fault::OtherKind, 0),
    );
    assert_eq!(
        TrustAnchor::from_public_key_pem(X2_PEM, &mut buffer),
        malformed(input, Fault::OtherKind, 0),
    );
}

#[test]
fn every_cut_certificate_is_truncated_and_a_longer_one_has_trailing_data() {
    for end in 0..AMAZON_3.len() {
        let cut = TrustAnchor::from_certificate(&AMAZON_3[..end]);
        assert_eq!(cut, malformed(Input::Certificate, Fault::Truncated, end));
    }
    let longer = [AMAZON_3, &[0]].concat();
    let trailing = malformed(Input::Certificate, Fault::TrailingData, AMAZON_3.len());
    assert_eq!(TrustAnchor::from_certificate(&longer), trailing);
    assert_eq!(
        TrustAnchor::from_certificate(P256).map(|_| ()),
        malformed(Input::Certificate, Fault::Unexpected, 23)
    );
}

#[test]
fn a_bare_key_signs_under_any_name() {
    let anchor = TrustAnchor::from_public_key(P256).unwrap();
    assert_eq!(
        anchor,
        TrustAnchor::bare(PublicKey::from_spki(P256).unwrap())
    );
    assert!(anchor.subject.is_empty() && anchor.is_ca);
}

fn binding(policy: &impl Policy) -> [u8; 32] {
    let mut hasher = Sha256::new();
    policy.binding(&mut |bytes| hasher.update(bytes));
    hasher.finalize().into()
}

#[test]
fn every_choice_has_a_binding_of_its_own() {
    let pins = [
        Pin::Sha1([1; 20]),
        Pin::Sha256([2; 32]),
        Pin::Sha256([3; 32]),
    ];
    let anchors = [X1, AMAZON_3].map(|der| TrustAnchor::from_certificate(der).unwrap());
    let mut renamed = anchors;
    renamed[0].subject = anchors[1].subject;
    let mut no_ca = anchors;
    no_ca[0].is_ca = false;
    let clock = Clock::not_set();
    let bindings = [
        binding(&Trust::fingerprints(&pins)),
        binding(&Trust::fingerprints(&pins[..2])),
        binding(&Trust::fingerprints(&pins[1..])),
        binding(&Trust::fingerprints(&[])),
        binding(&Trust::learn()),
        binding(&Trust::anchors(&anchors, clock)),
        binding(&Trust::anchors(&anchors[1..], clock)),
        binding(&Trust::anchors(&renamed, clock)),
        binding(&Trust::anchors(&no_ca, clock)),
        binding(&Trust::anchors(&anchors, clock).and_pin(&pins)),
        binding(&Trust::anchors(&anchors, clock).and_pin(&pins[1..])),
        binding(&Trust::accept_anyone_insecurely()),
    ];
    for (at, one) in bindings.iter().enumerate() {
        for other in &bindings[at + 1..] {
            assert_ne!(one, other, "choice {at}");
        }
    }
}

#[test]
fn the_binding_does_not_depend_on_the_time_or_on_leading_zeros() {
    let anchor = TrustAnchor::from_certificate(X1).unwrap();
    let PublicKey::Rsa { n, e } = anchor.key else {
        panic!()
    };
    let n = [&[0], n].concat();
    let padded = [TrustAnchor {
        key: PublicKey::Rsa { n: &n, e },
        ..anchor
    }];
    let clock = Clock::at(Time::MAX);
    assert_eq!(
        binding(&Trust::anchors(&[anchor], Clock::not_set())),
        binding(&Trust::anchors(&padded, clock)),
    );
}

#[test]
fn a_choice_that_trusts_nobody_is_refused() {
    let pins = [Pin::Sha1([1; 20])];
    let anchors = [TrustAnchor::from_certificate(X1).unwrap()];
    let now = Time::from_unix(1_790_000_000).unwrap();
    let set = Clock::at(now);
    let nobody = Err(ConfigError::NothingTrusted);

    assert_eq!(Trust::fingerprints(&pins).check(), Ok(()));
    assert_eq!(Trust::fingerprints(&[]).check(), nobody);
    assert_eq!(Trust::anchors(&anchors, set).check(), Ok(()));
    assert_eq!(Trust::anchors(&[], set).check(), nobody);
    assert_eq!(Trust::anchors(&anchors, set).and_pin(&pins).check(), Ok(()));
    assert_eq!(Trust::anchors(&anchors, set).and_pin(&[]).check(), nobody);
    assert_eq!(Trust::anchors(&[], set).and_pin(&pins).check(), nobody);
    assert_eq!(Trust::learn().check(), Ok(()));
    assert_eq!(Trust::accept_anyone_insecurely().check(), Ok(()));
}

#[test]
fn anchors_need_the_time_and_pins_alone_do_not() {
    let pins = [Pin::Sha1([1; 20])];
    let anchors = [TrustAnchor::from_certificate(X1).unwrap()];
    let (early, late) = (Time::MIN, Time::MAX);
    for (clock, answer) in [
        (Clock::not_set(), Err(ConfigError::ClockNotSet)),
        (
            Clock::at(early).not_before(late),
            Err(ConfigError::ClockBeforeFloor),
        ),
    ] {
        assert_eq!(Trust::anchors(&anchors, clock).check(), answer);
        assert_eq!(
            Trust::anchors(&anchors, clock).and_pin(&pins).check(),
            answer
        );
    }
}

#[test]
fn pins_that_mean_something_else_elsewhere_are_refused() {
    for bad in [
        Pin::Sha1([0; 20]),
        Pin::Sha1([0xff; 20]),
        Pin::Sha256([0; 32]),
        Pin::Sha256([0xff; 32]),
    ] {
        let refused = malformed(Input::Pin, Fault::OutOfRange, 0);
        assert_eq!(
            Trust::fingerprints(&[Pin::Sha1([1; 20]), bad]).check(),
            refused
        );
    }
}

#[test]
fn tasmota_slots_never_leave_a_slot_open_beside_a_fingerprint() {
    let (zero, ones, real, other) = ([0x00; 20], [0xff; 20], [0x5a; 20], [0xa5; 20]);
    let pinned = |first, second| TasmotaSlots::Pinned([Pin::Sha1(first), Pin::Sha1(second)]);
    let anyone = TasmotaSlots::AnyoneAccepted(Trust::accept_anyone_insecurely());
    let learn = TasmotaSlots::Learn(Trust::learn());
    for (first, second, meaning) in [
        (real, other, pinned(real, other)),
        (real, zero, pinned(real, real)),
        (zero, real, pinned(real, real)),
        (real, ones, pinned(real, real)),
        (ones, real, pinned(real, real)),
        (zero, zero, learn),
        (ones, zero, anyone),
        (zero, ones, anyone),
        (ones, ones, anyone),
    ] {
        assert_eq!(Trust::from_tasmota_slots(first, second), meaning);
    }
}

#[test]
fn what_was_learned_is_accepted_and_nothing_else() {
    let key = PublicKey::from_spki(P256).unwrap();
    let learned = [Trust::learn().pin(&key)];
    assert!(Trust::fingerprints(&learned).accepts(&key));
    let other = TrustAnchor::from_certificate(AMAZON_3).unwrap().key;
    assert!(!Trust::fingerprints(&learned).accepts(&other));
    assert!(!Trust::fingerprints(&[]).accepts(&key));
    assert_eq!(learned, [Pin::Sha256(key.spki_sha256())]);
    assert_ne!(spki_sha256(AMAZON_3), key.spki_sha256());
}

proptest! {
    /// Property: any bytes are read or refused, as DER and as PEM.
    #[test]
    fn no_bytes_make_the_certificate_reader_panic(
        at in 0..AMAZON_3.len(), bytes in prop::collection::vec(any::<u8>(), 0..4), cut in 0..5_usize,
    ) {
        let mut der = AMAZON_3.to_vec();
        der.splice(at..(at + cut).min(AMAZON_3.len()), bytes.iter().copied());
        let _ = TrustAnchor::from_certificate(&der);

        let mut pem = X2_PEM.to_vec();
        pem.splice(at..(at + cut).min(X2_PEM.len()), bytes);
        let _ = TrustAnchor::from_certificate_pem(&pem, &mut [0; 600]);
        let _ = TrustAnchor::from_public_key_pem(&pem, &mut [0; 600]);
    }

    /// Property: what we accept as an anchor, another library reads as the same name and key, if it reads it.
    #[test]
    fn altered_anchors_are_read_as_another_library_does(at in 0..AMAZON_3.len(), byte: u8) {
        let mut der = AMAZON_3.to_vec();
        der[at] = byte;
        if let (Ok(anchor), Ok(certificate)) =
            (TrustAnchor::from_certificate(&der), Certificate::from_der(&der))
        {
            let tbs = certificate.tbs_certificate();
            prop_assert_eq!(anchor.subject, tbs.subject().to_der().unwrap());
            let spki = tbs.subject_public_key_info().to_der().unwrap();
            prop_assert_eq!(anchor.key, PublicKey::from_spki(&spki).unwrap());
        }
    }
}
