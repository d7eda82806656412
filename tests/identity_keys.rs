//! Private keys in DER: what is read, and what is refused and where.

use bearcub::error::{ConfigError, Fault, Input};
use bearcub::identity::{EcKey, PrivateKey, RsaKey};
use proptest::prelude::*;

macro_rules! data {
    ($name:literal) => {
        include_bytes!(concat!("data/test-only-", $name)).as_slice()
    };
}

const EC_SEC1: &[u8] = data!("ec-sec1.der");
const EC_PKCS8: &[u8] = data!("ec-pkcs8.der");
const EC_NO_POINT: &[u8] = data!("ec-nopoint.der");
const RSA_PKCS1: &[u8] = data!("rsa-pkcs1.der");
const RSA_PKCS8: &[u8] = data!("rsa-pkcs8.der");

/// Order of P-256.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
const P256: &[u8] = &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

fn fault(fault: Fault, offset: usize) -> ConfigError {
    ConfigError::Malformed {
        input: Input::PrivateKey,
        fault,
        offset,
    }
}

/// One element of DER.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let contents = parts.concat();
    let mut element = vec![tag];
    match contents.len() {
        length @ 0..=0x7f => element.push(length as u8),
        length @ 0x80..=0xff => element.extend([0x81, length as u8]),
        length => {
            element.push(0x82);
            element.extend((length as u16).to_be_bytes());
        }
    }
    element.extend(contents);
    element
}

fn integer(magnitude: &[u8]) -> Vec<u8> {
    if magnitude.is_empty() {
        der(2, &[&[0]])
    } else if magnitude[0] & 0x80 != 0 {
        der(2, &[&[0], magnitude])
    } else {
        der(2, &[magnitude])
    }
}

fn sec1(scalar: &[u8], rest: &[&[u8]]) -> Vec<u8> {
    der(0x30, &[&[2, 1, 1], &der(4, &[scalar]), &rest.concat()])
}

fn named_p256() -> Vec<u8> {
    der(0xa0, &[P256])
}

/// The nine numbers of an RSA key, to be tampered with.
#[derive(Clone)]
struct Rsa {
    numbers: [Vec<u8>; 8],
}

const N: usize = 0;
const E: usize = 1;
const D: usize = 2;
const P: usize = 3;
const Q: usize = 4;
const DP: usize = 5;
const DQ: usize = 6;
const IQ: usize = 7;

impl Rsa {
    fn sound() -> Self {
        let key = RsaKey::from_der(RSA_PKCS1).unwrap();
        let n = key.n().to_vec();
        // d is not looked at but for being odd and below n.
        let d = vec![3];
        Self {
            numbers: [
                n,
                key.e().to_vec(),
                d,
                key.p().to_vec(),
                key.q().to_vec(),
                key.dp().to_vec(),
                key.dq().to_vec(),
                key.iq().to_vec(),
            ],
        }
    }

    fn with(which: usize, change: impl FnOnce(&mut Vec<u8>)) -> Self {
        let mut key = Self::sound();
        change(&mut key.numbers[which]);
        key
    }

    fn der(&self) -> Vec<u8> {
        let numbers: Vec<u8> = self
            .numbers
            .iter()
            .flat_map(|number| integer(number))
            .collect();
        der(0x30, &[&[2, 1, 0], &numbers])
    }

    fn offset(&self, which: usize) -> usize {
        let before: usize = self.numbers[..which]
            .iter()
            .map(|number| integer(number).len())
            .sum();
        4 + 3 + before
    }

    #[track_caller]
    fn refused_at(&self, which: usize) {
        assert_eq!(
            RsaKey::from_der(&self.der()).err(),
            Some(fault(Fault::OutOfRange, self.offset(which)))
        );
    }
}

#[test]
fn an_ec_key_is_the_same_in_every_wrapping() {
    let key = EcKey::from_der(EC_SEC1).unwrap();
    assert_eq!(key.scalar(), &EC_SEC1[7..39]);
    assert_eq!(key.point().unwrap().as_slice(), &EC_SEC1[56..]);
    let pkcs8 = EcKey::from_der(EC_PKCS8).unwrap();
    assert_eq!((pkcs8.scalar(), pkcs8.point()), (key.scalar(), key.point()));
    let bare = EcKey::from_der(EC_NO_POINT).unwrap();
    assert_eq!((bare.scalar(), bare.point()), (key.scalar(), None));
}

#[test]
fn an_rsa_key_is_the_same_in_every_wrapping() {
    let key = RsaKey::from_der(RSA_PKCS1).unwrap();
    let pkcs8 = RsaKey::from_der(RSA_PKCS8).unwrap();
    let numbers = |key: &RsaKey<'static>| {
        [
            key.n(),
            key.e(),
            key.p(),
            key.q(),
            key.dp(),
            key.dq(),
            key.iq(),
        ]
    };
    assert_eq!(numbers(&key), numbers(&pkcs8));
    assert_eq!(key.n_bits(), 2048);
    assert_eq!(key.n().len(), 256);
    assert_eq!(key.p().len(), 128);
    for number in numbers(&key) {
        assert_ne!(number[0], 0);
    }
    assert_eq!(
        RsaKey::from_der(data!("rsa-4096.der")).unwrap().n_bits(),
        4096
    );
}

#[test]
fn either_kind_is_told_by_itself() {
    for der in [EC_SEC1, EC_PKCS8, EC_NO_POINT] {
        assert!(matches!(PrivateKey::from_der(der), Ok(PrivateKey::Ec(_))));
        assert_eq!(RsaKey::from_der(der).err().map(is_unsupported), Some(true));
    }
    for der in [RSA_PKCS1, RSA_PKCS8] {
        assert!(matches!(PrivateKey::from_der(der), Ok(PrivateKey::Rsa(_))));
        assert_eq!(EcKey::from_der(der).err().map(is_unsupported), Some(true));
    }
}

fn is_unsupported(error: ConfigError) -> bool {
    matches!(
        error,
        ConfigError::Malformed {
            input: Input::PrivateKey,
            fault: Fault::Unsupported,
            ..
        }
    )
}

#[test]
fn other_kinds_of_keys_are_refused_as_unsupported() {
    for (der, name) in [
        (data!("p384-sec1.der"), "P-384 in SEC1"),
        (data!("p384-pkcs8.der"), "P-384 in PKCS#8"),
        (data!("ed25519.der"), "Ed25519"),
        (data!("rsa-pss.der"), "RSA-PSS"),
        (data!("rsa-3primes.der"), "three primes"),
        (data!("ec-explicit.der"), "explicit parameters"),
        (data!("ec-compressed.der"), "compressed point"),
        (data!("ec-encrypted.der"), "encrypted"),
    ] {
        let error = PrivateKey::from_der(der).unwrap_err();
        assert!(is_unsupported(error), "{name}: {error}");
    }
}

#[test]
fn offsets_point_at_what_is_refused() {
    // The OBJECT IDENTIFIER of the curve, within [0].
    assert_eq!(
        EcKey::from_der(data!("p384-sec1.der")).err(),
        Some(fault(Fault::Unsupported, 58))
    );
    // The OBJECT IDENTIFIER of the algorithm.
    assert_eq!(
        EcKey::from_der(data!("ed25519.der")).err(),
        Some(fault(Fault::Unsupported, 7))
    );
    // The element where the version number belongs.
    assert_eq!(
        EcKey::from_der(data!("ec-encrypted.der")).err(),
        Some(fault(Fault::Unsupported, 3))
    );
    // The modulus.
    assert_eq!(
        RsaKey::from_der(data!("rsa-1024.der")).err(),
        Some(fault(Fault::OutOfRange, 7))
    );
}

#[test]
fn a_certificate_is_not_taken_for_an_encrypted_key() {
    assert_eq!(
        PrivateKey::from_der(data!("ec-leaf.der")).err(),
        Some(fault(Fault::Unexpected, 4))
    );
}

#[test]
fn every_truncation_is_an_error() {
    for der in [EC_SEC1, EC_PKCS8, EC_NO_POINT, RSA_PKCS1, RSA_PKCS8] {
        for length in 0..der.len() {
            let error = PrivateKey::from_der(&der[..length]).unwrap_err();
            assert_eq!(error, fault(Fault::Truncated, 0), "{length}");
        }
    }
}

/// The outer lengths are made right again, so that the inner ones are what is wrong.
#[test]
fn every_truncation_within_the_outer_sequence_is_an_error_unless_only_optional_parts_are_gone() {
    for whole in [EC_SEC1, EC_PKCS8, RSA_PKCS1, RSA_PKCS8] {
        let header = match whole[1] {
            0x82 => 4,
            0x81 => 3,
            _ => 2,
        };
        let contents = &whole[header..];
        for length in 0..contents.len() {
            let cut = der(0x30, &[&contents[..length]]);
            // SEC1 may end behind its scalar (34 + 3) and behind its curve (12 more).
            let complete = whole == EC_SEC1 && [37, 49].contains(&length);
            assert_eq!(PrivateKey::from_der(&cut).is_ok(), complete, "{length}");
        }
    }
}

#[test]
fn what_follows_a_key_is_an_error() {
    for der in [EC_SEC1, EC_PKCS8, EC_NO_POINT, RSA_PKCS1, RSA_PKCS8] {
        let mut long = der.to_vec();
        long.push(0);
        assert_eq!(
            PrivateKey::from_der(&long).err(),
            Some(fault(Fault::TrailingData, der.len()))
        );
    }
}

#[test]
fn lengths_must_be_definite_and_in_shortest_form() {
    let read = |der: &[u8]| PrivateKey::from_der(der).err();
    assert_eq!(read(&[0x30, 0x80, 0, 0]), Some(fault(Fault::Unexpected, 0)));
    assert_eq!(
        read(&[0x30, 0x81, 0x01, 0]),
        Some(fault(Fault::Unexpected, 0))
    );
    assert_eq!(
        read(&[0x30, 0x82, 0x00, 0x80]),
        Some(fault(Fault::Unexpected, 0))
    );
    assert_eq!(read(&[0x30, 0x83, 1, 0, 0]), Some(fault(Fault::TooLong, 0)));
    assert_eq!(
        read(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]),
        Some(fault(Fault::TooLong, 0))
    );
    assert_eq!(read(&[0x30, 0xff, 1]), Some(fault(Fault::Unexpected, 0)));
    assert_eq!(read(&[0x30, 0]), Some(fault(Fault::Truncated, 2)));
    assert_eq!(read(&[]), Some(fault(Fault::Truncated, 0)));
    assert_eq!(read(&[0x31, 0]), Some(fault(Fault::Unexpected, 0)));
}

#[test]
fn scalars_from_1_to_below_the_order_are_keys() {
    let mut largest = ORDER;
    largest[31] -= 1;
    for sound in [[&[0u8; 31][..], &[1]].concat(), largest.to_vec()] {
        assert!(EcKey::from_scalar(&sound).is_ok());
        assert!(EcKey::from_der(&sec1(&sound, &[])).is_ok());
    }
    let mut above = ORDER;
    above[31] += 1;
    for unsound in [[0; 32], ORDER, above, [0xff; 32]] {
        assert_eq!(
            EcKey::from_scalar(&unsound).err(),
            Some(fault(Fault::OutOfRange, 0))
        );
        assert_eq!(
            EcKey::from_der(&sec1(&unsound, &[&named_p256()])).err(),
            Some(fault(Fault::OutOfRange, 5))
        );
    }
    assert!(EcKey::from_scalar(&[]).is_err());
}

#[test]
fn leading_zeros_of_a_scalar_do_not_count() {
    let padded = [&[0, 0][..], &[7; 32]].concat();
    assert_eq!(EcKey::from_scalar(&padded).unwrap().scalar(), [7; 32]);
    assert_eq!(EcKey::from_scalar(&[7; 31]).unwrap().scalar(), [7; 31]);
    let too_long = [&[1][..], &[0; 32]].concat();
    assert!(EcKey::from_scalar(&too_long).is_err());
}

#[test]
fn only_a_scalar_of_32_bytes_goes_without_a_named_curve() {
    assert!(EcKey::from_der(&sec1(&[7; 32], &[])).is_ok());
    assert!(is_unsupported(
        EcKey::from_der(&sec1(&[7; 31], &[])).unwrap_err()
    ));
    assert!(is_unsupported(
        EcKey::from_der(&sec1(&[7; 48], &[])).unwrap_err()
    ));
    assert!(EcKey::from_der(&sec1(&[7; 31], &[&named_p256()])).is_ok());
}

#[test]
fn a_point_must_be_uncompressed_and_whole() {
    let with = |bits: &[u8]| {
        let point = der(0xa1, &[&der(3, &[bits])]);
        EcKey::from_der(&sec1(&[7; 32], &[&named_p256(), &point])).map(|_| ())
    };
    assert!(with(&[&[0, 4][..], &[9; 64]].concat()).is_ok());
    let at = |kind| Err(fault(kind, 2 + 3 + 34 + 12 + 2));
    assert_eq!(
        with(&[&[0, 4][..], &[9; 63]].concat()),
        at(Fault::OutOfRange)
    );
    assert_eq!(
        with(&[&[0, 2][..], &[9; 32]].concat()),
        at(Fault::Unsupported)
    );
    assert_eq!(
        with(&[&[0, 6][..], &[9; 64]].concat()),
        at(Fault::Unexpected)
    );
    assert_eq!(
        with(&[&[1, 4][..], &[8; 64]].concat()),
        at(Fault::Unexpected)
    );
    assert_eq!(with(&[]), at(Fault::Truncated));
}

fn pkcs8(version: u8, algorithm: &[&[u8]], key: &[u8], rest: &[u8]) -> Vec<u8> {
    der(
        0x30,
        &[
            &[2, 1, version],
            &der(0x30, algorithm),
            &der(4, &[key]),
            rest,
        ],
    )
}

const EC_ALGORITHM: &[u8] = &[0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const RSA_ALGORITHM: &[u8] = &[
    0x06, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01,
];

#[test]
fn both_versions_of_pkcs8_are_read_with_what_may_follow_the_key() {
    let inner = sec1(&[7; 32], &[]);
    let algorithm: &[&[u8]] = &[EC_ALGORITHM, P256];
    let attributes = der(0xa0, &[]);
    let public_key = der(0x81, &[&[0, 4], &[9; 64]]);
    let both = [&attributes[..], &public_key].concat();
    assert!(EcKey::from_der(&pkcs8(0, algorithm, &inner, &[])).is_ok());
    assert!(EcKey::from_der(&pkcs8(0, algorithm, &inner, &attributes)).is_ok());
    assert!(EcKey::from_der(&pkcs8(1, algorithm, &inner, &both)).is_ok());
    // The public key came with version 2, which is written 1.
    assert!(EcKey::from_der(&pkcs8(0, algorithm, &inner, &public_key)).is_err());
    assert!(is_unsupported(
        EcKey::from_der(&pkcs8(2, algorithm, &inner, &[])).unwrap_err()
    ));
}

#[test]
fn pkcs8_and_the_key_within_must_agree() {
    let inner = sec1(&[7; 32], &[]);
    let rsa_in_ec = pkcs8(0, &[EC_ALGORITHM, P256], RSA_PKCS1, &[]);
    assert!(PrivateKey::from_der(&rsa_in_ec).is_err());
    let ec_in_rsa = pkcs8(0, &[RSA_ALGORITHM, &[5, 0]], &inner, &[]);
    assert!(PrivateKey::from_der(&ec_in_rsa).is_err());
    let no_curve = pkcs8(0, &[EC_ALGORITHM], &inner, &[]);
    assert!(PrivateKey::from_der(&no_curve).is_err());
    let other_curve = sec1(
        &[7; 32],
        &[&der(0xa0, &[&[0x06, 5, 0x2b, 0x81, 4, 0, 0x22]])],
    );
    let disagreeing = pkcs8(0, &[EC_ALGORITHM, P256], &other_curve, &[]);
    assert!(is_unsupported(
        PrivateKey::from_der(&disagreeing).unwrap_err()
    ));
    let no_null = pkcs8(0, &[RSA_ALGORITHM], RSA_PKCS1, &[]);
    assert!(PrivateKey::from_der(&no_null).is_err());
    let followed = [&inner[..], &[0]].concat();
    let trailing = pkcs8(0, &[EC_ALGORITHM, P256], &followed, &[]);
    assert!(PrivateKey::from_der(&trailing).is_err());
}

#[test]
fn a_rebuilt_rsa_key_is_sound() {
    assert!(RsaKey::from_der(&Rsa::sound().der()).is_ok());
}

#[test]
fn even_numbers_where_only_odd_ones_can_be_are_refused() {
    for which in [N, E, D, P, Q, DP, DQ] {
        Rsa::with(which, |number| *number.last_mut().unwrap() ^= 1).refused_at(which);
    }
}

#[test]
fn zero_and_missing_numbers_are_refused() {
    for which in [N, E, D, P, Q, DP, DQ, IQ] {
        Rsa::with(which, Vec::clear).refused_at(which);
    }
    Rsa::with(E, |e| *e = vec![1]).refused_at(E);
}

#[test]
fn exponents_and_coefficient_are_below_their_primes() {
    let key = Rsa::sound();
    for (which, limit) in [(DP, P), (DQ, Q), (IQ, P), (E, N), (D, N)] {
        let limit = key.numbers[limit].clone();
        Rsa::with(which, |number| *number = limit).refused_at(which);
    }
}

#[test]
fn moduli_below_2048_and_above_4096_bits_are_refused() {
    Rsa::with(N, |n| n[0] &= 0x7f).refused_at(N);
    Rsa::with(N, |n| *n = [&[1], &vec![0xff; 512][..]].concat()).refused_at(N);
}

#[test]
fn primes_far_from_half_the_modulus_are_refused() {
    Rsa::with(P, |p| {
        p.drain(..5);
    })
    .refused_at(P);
    Rsa::with(Q, |q| {
        q.splice(..0, [1; 5]);
    })
    .refused_at(Q);
}

#[test]
fn no_single_corrupted_byte_of_modulus_and_primes_goes_unseen() {
    for which in [N, P, Q] {
        let length = Rsa::sound().numbers[which].len();
        for at in 0..length {
            for change in [1, 0x80, 0xff] {
                let key = Rsa::with(which, |number| number[at] ^= change);
                assert!(
                    RsaKey::from_der(&key.der()).is_err(),
                    "number {which}, byte {at} ^ {change}"
                );
            }
        }
    }
}

#[test]
fn negative_and_padded_numbers_are_refused() {
    let with_modulus = |modulus: &[u8]| {
        let key = Rsa::sound();
        let rest: Vec<u8> = key.numbers[1..]
            .iter()
            .flat_map(|number| integer(number))
            .collect();
        RsaKey::from_der(&der(0x30, &[&[2, 1, 0], &der(2, &[modulus]), &rest])).err()
    };
    let n = RsaKey::from_der(RSA_PKCS1).unwrap().n();
    assert_eq!(with_modulus(n), Some(fault(Fault::OutOfRange, 7)));
    let padded = [&[0, 0][..], n].concat();
    assert_eq!(with_modulus(&padded), Some(fault(Fault::Unexpected, 7)));
    assert_eq!(with_modulus(&[]), Some(fault(Fault::Truncated, 7)));
}

#[test]
fn debug_shows_no_secret() {
    let shown = format!(
        "{:?} {:?}",
        PrivateKey::from_der(EC_SEC1).unwrap(),
        PrivateKey::from_der(RSA_PKCS1).unwrap()
    );
    assert_eq!(shown, "Ec(EcKey(P-256)) Rsa(RsaKey(2048 bits))");
}

proptest! {
    /// No bytes make the readers panic.
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = PrivateKey::from_der(&bytes);
        let _ = EcKey::from_der(&bytes);
        let _ = RsaKey::from_der(&bytes);
        let _ = EcKey::from_scalar(&bytes);
    }

    /// A single corrupted byte never panics, and an offset never lies outside the input.
    #[test]
    fn one_corrupted_byte_is_read_or_refused_within_the_input(
        which in 0..5usize,
        at in any::<prop::sample::Index>(),
        change in 1..=255u8,
    ) {
        let mut bytes = [EC_SEC1, EC_PKCS8, EC_NO_POINT, RSA_PKCS1, RSA_PKCS8][which].to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        let results = [
            PrivateKey::from_der(&bytes).err(),
            EcKey::from_der(&bytes).err(),
            RsaKey::from_der(&bytes).err(),
        ];
        for error in results.into_iter().flatten() {
            let ConfigError::Malformed { input, offset, .. } = error else {
                panic!("{error}");
            };
            prop_assert_eq!(input, Input::PrivateKey);
            prop_assert!(offset <= bytes.len());
        }
    }

    /// The comparison with the order agrees with the comparison of arrays.
    #[test]
    fn scalars_are_compared_as_numbers(mut scalar in any::<[u8; 32]>(), common in 0..33usize) {
        scalar[..common].copy_from_slice(&ORDER[..common]);
        let sound = scalar < ORDER && scalar != [0; 32];
        prop_assert_eq!(EcKey::from_scalar(&scalar).is_ok(), sound);
    }
}
