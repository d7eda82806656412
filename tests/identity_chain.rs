//! Identities: chain and key, borrowed or stored.

use bearcub::error::{ConfigError, Error, Fault, Input, Memory};
use bearcub::identity::{
    EcKey, FromReader, Identity, Key, KeyBuffer, LeafPublicKey, Pairing, PrivateKey, Region,
    RsaKey, Source, SourceError, WordFlash,
};
use embedded_io::ErrorKind;
use proptest::prelude::*;
use x509_cert::der::{Decode, Encode};

macro_rules! data {
    ($name:literal) => {
        include_bytes!(concat!("data/test-only-", $name)).as_slice()
    };
}

const CA: &[u8] = data!("ca.der");
const EC_LEAF: &[u8] = data!("ec-leaf.der");
const EC_KEY: &[u8] = data!("ec-sec1.der");
const RSA_LEAF: &[u8] = data!("rsa-leaf.der");
const RSA_KEY: &[u8] = data!("rsa-pkcs1.der");

fn ec() -> EcKey<'static> {
    EcKey::from_der(EC_KEY).unwrap()
}

fn rsa() -> RsaKey<'static> {
    RsaKey::from_der(RSA_KEY).unwrap()
}

#[test]
fn certificate_and_its_key_are_an_identity() {
    assert!(Identity::new(&[EC_LEAF], ec()).is_ok());
    assert!(Identity::new(&[EC_LEAF, CA], ec()).is_ok());
    assert!(Identity::new(&[RSA_LEAF, CA, CA], rsa()).is_ok());
    assert!(Identity::new(&[RSA_LEAF], PrivateKey::from(rsa())).is_ok());
}

#[test]
fn a_chain_has_1_to_3_certificates() {
    assert_eq!(
        Identity::new(&[], ec()).err(),
        Some(ConfigError::ChainLength)
    );
    assert_eq!(
        Identity::new(&[EC_LEAF, CA, CA, CA], ec()).err(),
        Some(ConfigError::ChainLength)
    );
}

#[test]
fn a_foreign_key_is_a_mismatch() {
    let mismatch = Some(ConfigError::KeyMismatch);
    assert_eq!(Identity::new(&[RSA_LEAF], ec()).err(), mismatch);
    assert_eq!(Identity::new(&[EC_LEAF], rsa()).err(), mismatch);
    // The chain in the wrong order.
    assert_eq!(Identity::new(&[CA, EC_LEAF], ec()).err(), mismatch);
    let other = RsaKey::from_der(data!("rsa-4096.der")).unwrap();
    assert_eq!(Identity::new(&[RSA_LEAF], other).err(), mismatch);
    assert_eq!(
        Identity::new(&[RSA_LEAF], PrivateKey::from(ec())).err(),
        mismatch
    );
}

#[test]
fn an_ec_key_without_point_is_left_to_the_handshake() {
    let bare = EcKey::from_der(data!("ec-nopoint.der")).unwrap();
    assert!(Identity::new(&[EC_LEAF], bare).is_ok());
    assert!(Identity::new(&[CA], bare).is_ok());
    assert_eq!(
        Identity::new(&[RSA_LEAF], bare).err(),
        Some(ConfigError::KeyMismatch)
    );
    let leaf = LeafPublicKey::from_certificate(EC_LEAF).unwrap();
    assert_eq!(bare.pairing(&leaf), Pairing::NotTold);
    assert_eq!(ec().pairing(&leaf), Pairing::Matches);
    assert_eq!(rsa().pairing(&leaf), Pairing::Differs);
}

#[test]
fn a_certificate_is_exactly_as_long_as_it_says() {
    let malformed = |fault, offset| {
        Some(ConfigError::Malformed {
            input: Input::Certificate,
            fault,
            offset,
        })
    };
    for length in 0..EC_LEAF.len() {
        assert_eq!(
            Identity::new(&[&EC_LEAF[..length]], ec()).err(),
            malformed(Fault::Truncated, 0)
        );
    }
    let long = [EC_LEAF, b"\n"].concat();
    assert_eq!(
        Identity::new(&[EC_LEAF, &long], ec()).err(),
        malformed(Fault::TrailingData, EC_LEAF.len())
    );
    assert_eq!(
        Identity::new(&[data!("chain.pem")], ec()).err(),
        malformed(Fault::Unexpected, 0)
    );
}

/// The second opinion is x509-cert's.
#[test]
fn the_public_key_of_a_certificate_is_what_another_reader_finds() {
    for (der, is_ec) in [(CA, true), (EC_LEAF, true), (RSA_LEAF, false)] {
        let leaf = LeafPublicKey::from_certificate(der).unwrap();
        let theirs = x509_cert::Certificate::from_der(der).unwrap();
        let info = theirs.tbs_certificate().subject_public_key_info();
        let bits = info.subject_public_key.raw_bytes();
        assert_eq!(
            leaf.ec_point().map(|point| &point[..]),
            is_ec.then_some(bits)
        );
        let Some((modulus, exponent)) = leaf.rsa() else {
            assert!(is_ec);
            continue;
        };
        assert!(!is_ec);
        assert_eq!((modulus, exponent), (rsa().n(), rsa().e()));
        assert!(
            info.to_der()
                .unwrap()
                .windows(256)
                .any(|part| part == modulus)
        );
    }
}

/// A source whose items are given, and which counts on nothing.
struct Stored {
    chain: Vec<Result<&'static [u8], SourceError>>,
    key: Result<&'static [u8], SourceError>,
}

fn copy(item: Result<&[u8], SourceError>, into: &mut [u8]) -> Result<usize, SourceError> {
    let item = item?;
    into.get_mut(..item.len())
        .ok_or(SourceError::BufferTooSmall { needed: item.len() })?
        .copy_from_slice(item);
    Ok(item.len())
}

impl Source for Stored {
    fn certificates(&self) -> usize {
        self.chain.len()
    }

    fn certificate(&self, index: usize, into: &mut [u8]) -> Result<usize, SourceError> {
        let item = self.chain.get(index).copied();
        copy(item.unwrap_or(Err(SourceError::Missing)), into)
    }

    fn private_key(&self, into: &mut [u8]) -> Result<usize, SourceError> {
        copy(self.key, into)
    }
}

fn stored() -> Stored {
    Stored {
        chain: vec![Ok(EC_LEAF), Ok(CA)],
        key: Ok(EC_KEY),
    }
}

#[test]
fn a_stored_identity_is_read_when_it_is_used() {
    let source = stored();
    let identity = Identity::<EcKey>::stored(&source).unwrap();
    assert!(identity.is_stored());
    assert_eq!(identity.certificates(), 2);
    let mut memory = [0; 1024];
    assert_eq!(identity.certificate(0, &mut memory), Ok(EC_LEAF));
    assert_eq!(identity.certificate(1, &mut memory), Ok(CA));
    let point = identity
        .leaf_public_key(&mut memory)
        .unwrap()
        .ec_point()
        .copied();
    assert_eq!(point.as_ref(), ec().point());
    let key = identity.private_key(&mut memory).unwrap();
    assert_eq!(key.scalar(), ec().scalar());
}

#[test]
fn a_borrowed_identity_needs_no_memory() {
    let chain = [EC_LEAF, CA];
    let identity = Identity::new(&chain, ec()).unwrap();
    assert!(!identity.is_stored());
    assert_eq!(identity.certificate(1, &mut []), Ok(CA));
    assert_eq!(
        identity.private_key(&mut []).unwrap().scalar(),
        ec().scalar()
    );
    assert_eq!(identity.check(&mut []), Ok(Pairing::Matches));
    assert_eq!(
        identity.certificate(2, &mut []),
        Err(ConfigError::MissingCertificate.into())
    );
}

#[test]
fn a_stored_chain_has_1_to_3_certificates() {
    for length in [0, 4] {
        let source = Stored {
            chain: vec![Ok(EC_LEAF); length],
            key: Ok(EC_KEY),
        };
        assert_eq!(
            Identity::<EcKey>::stored(&source).err(),
            Some(ConfigError::ChainLength)
        );
    }
}

#[test]
fn what_a_source_cannot_deliver_is_named() {
    for reason in [SourceError::Missing, SourceError::Read(ErrorKind::TimedOut)] {
        let source = Stored {
            chain: vec![Ok(EC_LEAF), Err(reason)],
            key: Err(reason),
        };
        let identity = Identity::<EcKey>::stored(&source).unwrap();
        let mut memory = [0; 1024];
        assert_eq!(
            identity.certificate(1, &mut memory),
            Err(ConfigError::MissingCertificate.into())
        );
        assert_eq!(
            identity.private_key(&mut memory).err(),
            Some(ConfigError::MissingPrivateKey.into())
        );
    }
}

#[test]
fn too_little_memory_is_told_both_sizes() {
    let source = stored();
    let identity = Identity::<EcKey>::stored(&source).unwrap();
    let too_small = |needed, given| -> Error {
        ConfigError::MemoryTooSmall {
            memory: Memory::Identity,
            needed,
            given,
        }
        .into()
    };
    assert_eq!(
        identity.certificate(0, &mut [0; 100]),
        Err(too_small(EC_LEAF.len(), 100))
    );
    assert_eq!(
        identity.private_key(&mut [0; 100]).err(),
        Some(too_small(EC_KEY.len(), 100))
    );
}

#[test]
fn a_source_that_lies_about_its_length_is_caught() {
    struct Liar;
    impl Source for Liar {
        fn certificates(&self) -> usize {
            1
        }
        fn certificate(&self, _: usize, into: &mut [u8]) -> Result<usize, SourceError> {
            Ok(into.len() + 1)
        }
        fn private_key(&self, _: &mut [u8]) -> Result<usize, SourceError> {
            Ok(usize::MAX)
        }
    }
    let identity = Identity::<PrivateKey>::stored(&Liar).unwrap();
    assert!(identity.certificate(0, &mut [0; 64]).is_err());
    assert!(identity.private_key(&mut [0; 64]).is_err());
    assert!(identity.check(&mut [0; 64]).is_err());
}

#[test]
fn checking_a_stored_identity_finds_a_foreign_key_and_wipes_the_memory() {
    let mut memory = [0xaa; 1024];
    let source = stored();
    let identity = Identity::<PrivateKey>::stored(&source).unwrap();
    assert_eq!(identity.check(&mut memory), Ok(Pairing::Matches));
    assert_eq!(memory, [0; 1024]);

    let source = Stored {
        chain: vec![Ok(RSA_LEAF)],
        key: Ok(EC_KEY),
    };
    let identity = Identity::<PrivateKey>::stored(&source).unwrap();
    assert_eq!(
        identity.check(&mut [0; 1024]),
        Err(ConfigError::KeyMismatch.into())
    );
}

#[test]
fn a_stored_key_of_another_kind_is_refused() {
    let source = Stored {
        chain: vec![Ok(RSA_LEAF)],
        key: Ok(RSA_KEY),
    };
    let mut memory = [0; 2048];
    let identity = Identity::<EcKey>::stored(&source).unwrap();
    assert!(identity.private_key(&mut memory).is_err());
    let identity = Identity::<RsaKey>::stored(&source).unwrap();
    assert!(identity.private_key(&mut memory).is_ok());
}

/// Hands out one byte at a time, is interrupted before each, and may fail.
struct Slow {
    bytes: &'static [u8],
    interrupt: bool,
    fail_after: usize,
}

#[derive(Debug)]
struct Failure(ErrorKind);

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl std::error::Error for Failure {}

impl embedded_io::Error for Failure {
    fn kind(&self) -> ErrorKind {
        self.0
    }
}

impl embedded_io::ErrorType for Slow {
    type Error = Failure;
}

impl embedded_io::Read for Slow {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Failure> {
        self.interrupt = !self.interrupt;
        if self.interrupt {
            return Err(Failure(ErrorKind::Interrupted));
        }
        if self.fail_after == 0 {
            return Err(Failure(ErrorKind::TimedOut));
        }
        self.fail_after -= 1;
        match (self.bytes, into) {
            ([], _) | (_, []) => Ok(0),
            ([first, rest @ ..], [slot, ..]) => {
                *slot = *first;
                self.bytes = rest;
                Ok(1)
            }
        }
    }
}

fn slow(bytes: &'static [u8], fail_after: usize) -> Result<Slow, SourceError> {
    Ok(Slow {
        bytes,
        interrupt: false,
        fail_after,
    })
}

#[test]
fn readers_are_read_to_their_end() {
    let files = FromReader::new(
        2,
        |index| match index {
            0 => slow(EC_LEAF, usize::MAX),
            1 => slow(CA, usize::MAX),
            _ => Err(SourceError::Missing),
        },
        || slow(EC_KEY, usize::MAX),
    );
    let identity = Identity::<EcKey>::stored(&files).unwrap();
    let mut memory = [0; 1024];
    assert_eq!(identity.check(&mut memory), Ok(Pairing::Matches));
    assert_eq!(identity.certificate(1, &mut memory), Ok(CA));
    assert_eq!(files.certificate(2, &mut memory), Err(SourceError::Missing));
}

#[test]
fn a_reader_with_more_than_fits_tells_how_much_there_is() {
    let files = FromReader::new(1, |_| slow(CA, usize::MAX), || slow(&[], usize::MAX));
    let mut memory = vec![0; CA.len()];
    assert_eq!(files.certificate(0, &mut memory), Ok(CA.len()));
    memory.pop();
    assert_eq!(
        files.certificate(0, &mut memory),
        Err(SourceError::BufferTooSmall { needed: CA.len() })
    );
    assert_eq!(
        files.certificate(0, &mut []),
        Err(SourceError::BufferTooSmall { needed: CA.len() })
    );
}

#[test]
fn a_reader_without_end_is_given_up() {
    struct Endless;
    impl embedded_io::ErrorType for Endless {
        type Error = Failure;
    }
    impl embedded_io::Read for Endless {
        fn read(&mut self, into: &mut [u8]) -> Result<usize, Failure> {
            into.fill(0x30);
            Ok(into.len())
        }
    }
    let files = FromReader::new(1, |_| Ok(Endless), || Ok(Endless));
    let result = files.certificate(0, &mut [0; 64]);
    assert!(matches!(result, Err(SourceError::BufferTooSmall { needed }) if needed >= 0xffff));
}

#[test]
fn a_reader_that_fails_passes_its_kind_on() {
    let files = FromReader::new(1, |_| slow(CA, 10), || slow(EC_KEY, 0));
    let failure = Err(SourceError::Read(ErrorKind::TimedOut));
    assert_eq!(files.certificate(0, &mut [0; 1024]), failure);
    assert_eq!(files.private_key(&mut [0; 1024]), failure);
}

/// Words as an ESP8266 reads them from its flash.
fn words(bytes: &[u8]) -> Vec<u32> {
    bytes
        .chunks(4)
        .map(|chunk| {
            let mut word = [0xff; 4];
            word[..chunk.len()].copy_from_slice(chunk);
            u32::from_le_bytes(word)
        })
        .collect()
}

#[test]
fn an_identity_in_flash_that_reads_in_words_only_is_an_identity() {
    let image = [&[0xff][..], EC_LEAF, EC_KEY].concat();
    let flash = words(&image);
    let chain = [Region {
        start: 1,
        length: EC_LEAF.len(),
    }];
    let key = Region {
        start: 1 + EC_LEAF.len(),
        length: EC_KEY.len(),
    };
    let source = WordFlash::new(|index| flash[index], &chain, key);
    let identity = Identity::<EcKey>::stored(&source).unwrap();
    assert_eq!(identity.check(&mut [0; 1024]), Ok(Pairing::Matches));
    let mut memory = [0; 100];
    assert_eq!(
        source.private_key(&mut memory),
        Err(SourceError::BufferTooSmall {
            needed: EC_KEY.len()
        })
    );
    assert_eq!(
        source.certificate(1, &mut memory),
        Err(SourceError::Missing)
    );
    let empty = WordFlash::new(
        |index| flash[index],
        &chain,
        Region {
            start: 0,
            length: 0,
        },
    );
    assert_eq!(empty.private_key(&mut memory), Err(SourceError::Missing));
}

#[test]
fn a_region_at_the_end_of_the_address_space_does_not_overflow() {
    let source = WordFlash::new(
        |_| 0,
        &[],
        Region {
            start: usize::MAX - 1,
            length: 8,
        },
    );
    assert_eq!(
        source.private_key(&mut [0; 8]),
        Err(SourceError::Read(ErrorKind::InvalidInput))
    );
}

#[test]
fn debug_shows_no_secret() {
    let chain = [EC_LEAF];
    let identity = Identity::new(&chain, ec()).unwrap();
    assert_eq!(format!("{identity:?}"), "Identity(borrowed)");
    let mut buffer = KeyBuffer::<4>::new();
    buffer.as_mut().copy_from_slice(&[77; 4]);
    assert!(!format!("{buffer:?}").contains("77"));
}

proptest! {
    /// Any region of a flash of words holds the bytes that were written there, and no other word is asked for.
    #[test]
    fn regions_are_copied_byte_for_byte(
        image in proptest::collection::vec(any::<u8>(), 1..100),
        start in any::<prop::sample::Index>(),
        length in any::<prop::sample::Index>(),
    ) {
        let start = start.index(image.len());
        let length = 1 + length.index(image.len() - start);
        let flash = words(&image);
        let within = start / 4..=(start + length - 1) / 4;
        let source = WordFlash::new(
            |index| {
                assert!(within.contains(&index));
                flash[index]
            },
            &[],
            Region { start, length },
        );
        let mut memory = [0; 128];
        prop_assert_eq!(source.private_key(&mut memory), Ok(length));
        prop_assert_eq!(&memory[..length], &image[start..start + length]);
    }

    /// One corrupted byte of a certificate never panics.
    #[test]
    fn one_corrupted_byte_of_a_certificate_is_read_or_refused(
        which in 0..3usize,
        at in any::<prop::sample::Index>(),
        change in 1..=255u8,
    ) {
        let mut bytes = [CA, EC_LEAF, RSA_LEAF][which].to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        if let Ok(leaf) = LeafPublicKey::from_certificate(&bytes) {
            let _ = (leaf.ec_point(), leaf.rsa());
        }
        let _ = Identity::new(&[&bytes], ec());
    }

    /// Neither do arbitrary bytes.
    #[test]
    fn any_bytes_are_a_certificate_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = LeafPublicKey::from_certificate(&bytes);
    }
}
