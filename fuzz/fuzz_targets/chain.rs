//! Certificate chains, signed by the right keys whatever is in them, judged by the library and by `webpki`.
//!
//! The two must agree, but for the differences that are explained in `fuzz/README.md` and listed here; any other is a
//! finding. With trust in the key alone, the pin that is learned must be that of the certificate's own bytes.
#![no_main]

use std::collections::BTreeSet;
use std::sync::Mutex;

use bearcub::error::{CertificateError, Error, PeerError, ProtocolError};
use bearcub::trust::{CertificateScanner, Pin, Trust};
use bearcub_fuzz::chain::{Case, extensions, judge};
use bearcub_fuzz::der;
use bearcub_fuzz::random::Random;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|data: &[u8]| {
    let Some(case) = Case::read(data) else {
        return;
    };
    let certificates = case.certificates();
    let ours = case.ours(&certificates);
    let theirs = case.theirs(&certificates);
    let is_explained = match (&ours, &theirs) {
        (Ok(()), Ok(())) => true,
        (Err(ours), Err(_)) => !ours.to_string().is_empty(),
        (Ok(()), Err(theirs)) => may_accept(&case, theirs),
        (Err(ours), Ok(())) => may_refuse(&case, ours),
    };
    if std::env::var_os("FUZZ_SURVEY").is_some() {
        survey(&format!("{is_explained} {ours:?} {theirs:?}"));
    } else {
        assert!(is_explained, "ours: {ours:?}, webpki's: {theirs:?}");
    }
    by_key(&certificates);
});

/// Prints every pair of answers once.
fn survey(pair: &str) {
    static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let mut seen = SEEN.lock().expect("no panic");
    if pair.contains("Ok") && seen.insert(pair.to_owned()) {
        println!("{pair}");
    }
}

/// The key alone: the chain's first certificate, whatever surrounds its key.
fn by_key(certificates: &[Vec<u8>]) {
    let Some(leaf) = certificates.first() else {
        return;
    };
    let anyone = judge(
        "mqtt.example.org",
        &Trust::accept_anyone_insecurely(),
        certificates,
    );
    let mut scanner = CertificateScanner::new(None);
    scanner.push(leaf);
    let Ok(scanned) = scanner.finish() else {
        return;
    };
    let pins = [Pin::Sha256(scanned.spki_sha256)];
    if pins[0].as_bytes().iter().all(|byte| *byte == 0) {
        return;
    }
    // The pin of the bytes is the pin of the key, if the key is encoded as it should be; no other key has it.
    if judge("x", &Trust::fingerprints(&pins), certificates).is_ok() {
        assert!(anyone.is_ok());
    }
    let other = [Pin::Sha256([0x42; 32])];
    assert!(judge("x", &Trust::fingerprints(&other), certificates).is_err());
}

/// Extensions that BearSSL passes over even where they are critical: what they say narrows nothing that is decided here.
const PASSED_OVER: [&[u8]; 9] = [
    &[0x55, 0x1d, 0x23],           // authorityKeyIdentifier
    &[0x55, 0x1d, 0x0e],           // subjectKeyIdentifier
    &[0x55, 0x1d, 0x12],           // issuerAltName
    &[0x55, 0x1d, 0x09],           // subjectDirectoryAttributes
    &[0x55, 0x1d, 0x1f],           // cRLDistributionPoints
    &[0x55, 0x1d, 0x2e],           // freshestCRL
    &[0x55, 0x1d, 0x20],           // certificatePolicies, without qualifiers
    &[0x2b, 6, 1, 5, 5, 7, 1, 1],  // authorityInfoAccess
    &[0x2b, 6, 1, 5, 5, 7, 1, 11], // subjectInfoAccess
];
const ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x1e];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
const ANY_USAGE: &[u8] = &[6, 4, 0x55, 0x1d, 0x25, 0];

/// Whether a certificate has that extension, with a value of which that holds.
fn has(part: &[u8], id: &[u8], holds: impl Fn(&[u8]) -> bool) -> bool {
    extensions(part)
        .iter()
        .any(|(found, value)| found == id && holds(value))
}

/// What the library may accept though `webpki` does not: the table's first part.
fn may_accept(case: &Case, theirs: &webpki::Error) -> bool {
    use webpki::Error::*;
    let leaf = &case.parts[0];
    let any = |id: &[u8]| case.parts.iter().any(|part| has(part, id, |_| true));
    match theirs {
        // A common name is a name where there is no subjectAltName.
        CertNotValidForName(_) => !has(leaf, ALT_NAME, |_| true),
        CaUsedAsEndEntity => has(leaf, BASIC_CONSTRAINTS, |value| {
            value.windows(2).any(|bytes| bytes == [1, 1])
        }),
        NameConstraintViolation | MalformedNameConstraint | InvalidNetworkMaskConstraint => {
            any(NAME_CONSTRAINTS)
        }
        // A leaf that may be anything; an authority whose purposes are looked at by `webpki` only.
        RequiredEkuNotFoundContext(_) | EmptyEkuExtension => {
            let is_any =
                |value: &[u8]| value.windows(ANY_USAGE.len()).any(|here| here == ANY_USAGE);
            has(leaf, EXTENDED_KEY_USAGE, is_any)
                || case.parts[1..]
                    .iter()
                    .any(|part| has(part, EXTENDED_KEY_USAGE, |_| true))
        }
        UnsupportedCriticalExtension => PASSED_OVER.iter().any(|id| any(id)),
        // The same is signed twice: inside, where the signature covers it, and outside, which counts.
        SignatureAlgorithmMismatch => true,
        // What no decision depends on: versions, numbers, the form of what is passed over.
        UnsupportedCertVersion
        | InvalidSerialNumber
        | BadDer
        | ExtensionValueInvalid
        | MalformedDnsIdentifier
        | MalformedExtensions
        | TrailingData(_) => true,
        _ => false,
    }
}

/// What the library may refuse though `webpki` does not: the table's second part.
fn may_refuse(case: &Case, ours: &Error) -> bool {
    use CertificateError::*;
    let Error::Peer(PeerError::Certificate(why)) = ours else {
        // The suite of this target's ServerHello is for a leaf with an EC key.
        return *ours == Error::from(PeerError::Protocol(ProtocolError::WrongKeyUsage));
    };
    match why {
        // Forms that are no DER, or none that this decoder reads.
        BadBoolean | BadDistinguishedName | BadTagClass | BadTagValue | BadTime | ExtraElement
        | IndefiniteLength | InnerTruncated | InvalidValue | LimitExceeded | NotConstructed
        | NotPrimitive | Overflow | PartialByte | Truncated | Unexpected | Unsupported => true,
        // Rules that `webpki` leaves to others.
        CriticalExtension | ForbiddenKeyUsage | WeakPublicKey | WrongKeyType => true,
        // A wildcard over a top-level domain spoils the certificate for names of two labels.
        BadServerName => case.host().split('.').count() == 2,
        _ => false,
    }
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut random = Random::new(seed);
    let case = Case::read(&data[..size]);
    let Some(mut case) = case.filter(|case| !case.parts.is_empty() && random.below(10) > 0) else {
        return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
    };
    let one = random.below(case.parts.len());
    match random.below(16) {
        0 => case.host = random.below(6),
        1 => case.now += [-1, 1, -86_400, 86_400, -600_000_000, 600_000_000][random.below(6)],
        2 if case.parts.len() > 1 => drop(case.parts.remove(one)),
        _ => der::mutate(&mut case.parts[one], &mut random),
    }
    let mut mutated = case.write();
    // What the case does not show: the root and its flags.
    mutated[0] = if random.below(16) == 0 {
        random.byte()
    } else {
        data[0]
    };
    let len = mutated.len().min(max_size);
    data[..len].copy_from_slice(&mutated[..len]);
    len
});
