//! What a program is configured with: PEM, DER, keys, pins, names, stored sessions, identity images, certificates.
//!
//! The first byte picks the parser. What was read is read again from what it says about itself, and from pieces as from the
//! whole.
#![no_main]

use bearcub::clock::Time;
use bearcub::identity::{
    EcKey, FlashImage, Identity, Key, LeafPublicKey, PrivateKey, RsaKey, Source,
};
use bearcub::pem;
use bearcub::tls::Session;
use bearcub::trust::{CertificateScanner, Pin, PublicKey, ServerName, TrustAnchor};
use bearcub_fuzz::der;
use bearcub_fuzz::random::Random;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|data: &[u8]| {
    let [which, bytes @ ..] = data else {
        return;
    };
    let text = std::str::from_utf8(bytes).ok();
    match which % 12 {
        0 => pem_text(bytes),
        1 => anchor(bytes),
        2 => drop(PublicKey::from_spki(bytes).map(|key| public_key(&key))),
        3 => private_key(bytes),
        4 => drop(text.map(pin)),
        5 => drop(text.map(server_name)),
        6 => session(bytes),
        7 => image(bytes),
        8 => scan(bytes),
        9 => times(bytes),
        10 => drop(
            LeafPublicKey::from_certificate(bytes)
                .map(|key| (key.ec_point().copied(), key.rsa().is_some())),
        ),
        _ => chain(bytes),
    }
});

fn pem_text(text: &[u8]) {
    let labels = [
        "CERTIFICATE",
        "PUBLIC KEY",
        "PRIVATE KEY",
        "EC PRIVATE KEY",
        "RSA PRIVATE KEY",
    ];
    let mut memory = vec![0; text.len()];
    let mut rest = text;
    while let Ok(block) = pem::decode(rest, &labels, &mut memory) {
        assert!(labels.contains(&block.label));
        assert!(block.rest.len() < rest.len(), "it does not come to an end");
        // One byte less memory is too little.
        let mut small = vec![0; block.der.len().saturating_sub(1)];
        if !block.der.is_empty() {
            assert!(pem::decode(rest, &labels, &mut small).is_err());
        }
        let (der, behind) = (block.der.to_vec(), block.rest);
        let mut other = vec![0; text.len()];
        let key = PrivateKey::from_pem(rest, &mut other).is_ok();
        if key && labels[2..].contains(&block.label) {
            private_key(&der);
        }
        let _ = TrustAnchor::from_certificate_pem(rest, &mut other);
        let _ = TrustAnchor::from_public_key_pem(rest, &mut other);
        rest = behind;
    }
}

fn public_key(key: &PublicKey<'_>) {
    for pin in [Pin::sha256_of(key), Pin::sha1_of(key)] {
        assert!(pin.matches(key));
        assert_eq!(Pin::parse(&pin.to_string()), Ok(pin));
    }
    assert!(key.bits() >= 1);
    let _ = key.fingerprint_obsolete_v1();
}

fn anchor(bytes: &[u8]) {
    if let Ok(anchor) = TrustAnchor::from_certificate(bytes) {
        public_key(&anchor.key);
        assert!(anchor.is_ca);
    }
    if let Ok(anchor) = TrustAnchor::from_public_key(bytes) {
        public_key(&anchor.key);
    }
}

fn private_key(der: &[u8]) {
    let any = PrivateKey::from_der(der);
    let (ec, rsa) = (EcKey::from_der(der), RsaKey::from_der(der));
    assert_eq!(any.is_ok(), ec.is_ok() || rsa.is_ok());
    assert!(ec.is_err() || rsa.is_err(), "both kinds at once");
    if let Ok(key) = ec {
        assert!((1..=32).contains(&key.scalar().len()));
        assert!(EcKey::from_scalar(key.scalar()).is_ok());
        assert!(key.scalar().iter().any(|&byte| byte != 0));
    }
    if let Ok(key) = rsa {
        assert!((2048..=4096).contains(&key.n_bits()));
        assert_eq!(key.n().len(), key.n_bits().div_ceil(8));
        for number in [key.e(), key.p(), key.q(), key.dp(), key.dq(), key.iq()] {
            assert!(!number.is_empty() && number.len() <= key.n().len());
        }
    }
    let _ = EcKey::from_scalar(der);
}

fn pin(text: &str) {
    if let Ok(pin) = Pin::parse(text) {
        assert_eq!(Pin::parse(&pin.to_string()), Ok(pin));
        assert!(
            pin.as_bytes().iter().any(|&byte| byte != pin.as_bytes()[0])
                || ![0, 0xff].contains(&pin.as_bytes()[0])
        );
    }
}

fn server_name(text: &str) {
    let (name, presented) = text.split_once('\n').unwrap_or((text, text));
    let Ok(name) = ServerName::parse(name) else {
        return;
    };
    let shown = name.to_string();
    assert_eq!(ServerName::parse(&shown), Ok(name));
    assert_eq!(name.dns().is_some(), name.ip().is_none());
    assert_eq!(name.matches(shown.as_bytes()), name.dns().is_some());
    if name.matches(presented.as_bytes()) {
        let dns = name.dns().expect("a name");
        assert_eq!(dns.split('.').count(), presented.split('.').count());
        assert!(!presented.contains('\0') && presented.is_ascii());
        let tail = |text: &str| {
            text.split_once('.')
                .map(|(_, tail)| tail.to_ascii_lowercase())
        };
        assert_eq!(tail(dns), tail(presented));
    }
}

fn session(bytes: &[u8]) {
    if let Ok(session) = Session::from_bytes(bytes) {
        assert_eq!(session.to_bytes(), bytes);
    }
}

fn image(bytes: &[u8]) {
    let words = bytes.len() / 4;
    let word = |index: usize| {
        assert!(index < words, "a word beyond the end");
        u32::from_le_bytes(bytes[4 * index..][..4].try_into().expect("4 bytes"))
    };
    // The checksum that is due, so that what is behind it is reached.
    let sealed = |index: usize| {
        let length = word(1) as usize;
        if index == 2 && (28..=4 * words).contains(&length) && length.is_multiple_of(4) {
            return crc32(&bytes[12..length]);
        }
        word(index)
    };
    let Ok(image) = FlashImage::open(sealed, 4 * words) else {
        return;
    };
    let mut memory = vec![0; bytes.len()];
    for index in 0..image.certificates() {
        let length = image
            .certificate(index, &mut memory)
            .expect("a certificate");
        assert!(length > 0 && length <= bytes.len());
        assert!(image.certificate(index, &mut memory[..length - 1]).is_err());
    }
    assert!(
        image
            .certificate(image.certificates(), &mut memory)
            .is_err()
    );
    if let Ok(identity) = Identity::<PrivateKey<'_>>::stored(&image) {
        let _ = identity.check(&mut memory);
        let _ = identity.private_key(&mut memory);
        let _ = identity.leaf_public_key(&mut memory);
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut remainder = u32::MAX;
    for byte in bytes {
        remainder ^= u32::from(*byte);
        for _ in 0..8 {
            remainder = remainder >> 1 ^ if remainder & 1 == 1 { 0xEDB8_8320 } else { 0 };
        }
    }
    !remainder
}

fn scan(bytes: &[u8]) {
    let [piece, certificate @ ..] = bytes else {
        return;
    };
    let address = "192.0.2.7".parse().ok();
    let mut whole = CertificateScanner::new(address);
    whole.push(certificate);
    let mut pieces = CertificateScanner::new(address);
    for piece in certificate.chunks(usize::from(*piece).max(1)) {
        pieces.push(piece);
    }
    assert_eq!(whole.finish(), pieces.finish());
    assert_eq!(whole.fault(), pieces.fault());
    if whole.finish().is_ok() {
        let mut longer = whole.clone();
        longer.push(&[0]);
        assert!(longer.finish().is_err(), "a byte too many");
    }
}

fn times(bytes: &[u8]) {
    for time in [
        Time::from_utc_time(bytes),
        Time::from_generalized_time(bytes),
    ] {
        let Some(time) = time else {
            continue;
        };
        assert_eq!(Time::from_unix(time.unix()), Some(time));
        let civil = time.civil();
        let text = format!(
            "{:04}{:02}{:02}{:02}{:02}{:02}Z",
            civil.year, civil.month, civil.day, civil.hour, civil.minute, civil.second
        );
        assert!(text.as_bytes().ends_with(bytes), "{text}");
    }
}

/// A chain of certificates and a key, each with its length in two bytes.
fn chain(mut bytes: &[u8]) {
    let mut parts = Vec::new();
    while let [high, low, rest @ ..] = bytes {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        let (part, behind) = rest.split_at(length);
        parts.push(part);
        bytes = behind;
        if parts.len() > 5 {
            break;
        }
    }
    let Some((key, certificates)) = parts.split_first() else {
        return;
    };
    let Ok(key) = PrivateKey::from_der(key) else {
        return;
    };
    if let Ok(identity) = Identity::new(certificates, key) {
        let mut memory = vec![0; 8192];
        let _ = identity.check(&mut memory);
        for index in 0..identity.certificates() {
            let again = identity
                .certificate(index, &mut memory)
                .expect("it is there");
            assert_eq!(again, certificates[index]);
        }
    }
}

const _: fn() = || {
    fn is_key<K: Key>() {}
    is_key::<PrivateKey<'static>>();
};

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut random = Random::new(seed);
    // Half of the parsers read DER.
    let is_der = size > 2 && matches!(data[0] % 12, 1 | 2 | 3 | 8 | 10);
    if !is_der || random.below(3) == 0 {
        return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
    }
    let start = if data[0] % 12 == 8 { 2 } else { 1 };
    let mut inner = data[start..size].to_vec();
    der::mutate(&mut inner, &mut random);
    let len = inner.len().min(max_size - start);
    data[start..start + len].copy_from_slice(&inner[..len]);
    start + len
});
