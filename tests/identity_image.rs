//! The image of a key and its certificates in flash.

use bearcub::error::{ConfigError, Error};
use bearcub::identity::{EcKey, FlashImage, Identity, Pairing, Source, SourceError};
use embedded_io::ErrorKind;
use proptest::prelude::*;

const KEY: &[u8] = include_bytes!("data/test-only-ec-sec1.der");
const LEAF: &[u8] = include_bytes!("data/test-only-ec-leaf.der");
const CA: &[u8] = include_bytes!("data/test-only-ca.der");
const DAMAGED: SourceError = SourceError::Read(ErrorKind::InvalidData);

/// The checksum by another way than the library's: by dividing polynomials from the top.
fn crc32(bytes: &[u8]) -> u32 {
    let mut remainder = u32::MAX;
    for byte in bytes {
        remainder ^= u32::from(byte.reverse_bits()) << 24;
        for _ in 0..8 {
            let top = remainder & 0x8000_0000 != 0;
            remainder <<= 1;
            if top {
                remainder ^= 0x04c1_1db7;
            }
        }
    }
    !remainder.reverse_bits()
}

fn image(items: [&[u8]; 4]) -> Vec<u8> {
    let mut body = Vec::new();
    for item in items {
        body.extend_from_slice(&(item.len() as u32).to_le_bytes());
    }
    for item in items {
        body.extend_from_slice(item);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    sealed(&body)
}

fn sealed(body: &[u8]) -> Vec<u8> {
    let mut image = b"BCI1".to_vec();
    image.extend_from_slice(&(12 + body.len() as u32).to_le_bytes());
    image.extend_from_slice(&crc32(body).to_le_bytes());
    image.extend_from_slice(body);
    image
}

/// Opens what begins at the start of those bytes; panics if a word is asked for that is not there.
fn open(bytes: &[u8]) -> Result<FlashImage<impl Fn(usize) -> u32 + '_>, SourceError> {
    let word = |index: usize| u32::from_le_bytes(bytes[4 * index..][..4].try_into().unwrap());
    FlashImage::open(word, bytes.len())
}

#[test]
fn the_checksum_is_the_well_known_one() {
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
}

#[test]
fn an_identity_is_read_from_an_image() {
    let mut bytes = image([KEY, LEAF, CA, &[]]);
    // The flash goes on behind it.
    bytes.extend_from_slice(&[0xff; 64]);
    let stored = open(&bytes).unwrap();
    let device = Identity::<EcKey>::stored(&stored).unwrap();
    assert_eq!(device.certificates(), 2);
    assert_eq!(device.check(&mut [0; 2048]), Ok(Pairing::Matches));
    let mut memory = [0; 2048];
    assert_eq!(device.certificate(1, &mut memory), Ok(CA));
    let missing = Error::Config(ConfigError::MissingCertificate);
    assert_eq!(device.certificate(2, &mut memory), Err(missing));
    assert_eq!(
        stored.private_key(&mut [0; 8]),
        Err(SourceError::BufferTooSmall { needed: KEY.len() })
    );
}

#[test]
fn a_device_that_was_not_provisioned_has_no_image() {
    for flash in [vec![0xff; 256], vec![0; 256], Vec::new(), vec![0x42; 27]] {
        assert_eq!(open(&flash).err(), Some(SourceError::Missing));
    }
}

#[test]
fn one_that_is_cut_short_is_damaged() {
    let bytes = image([KEY, LEAF, &[], &[]]);
    for length in (28..bytes.len()).step_by(4) {
        assert_eq!(open(&bytes[..length]).err(), Some(DAMAGED));
    }
}

#[test]
fn lengths_that_cannot_be_are_refused_though_the_checksum_fits() {
    let lengths = |lengths: [u32; 4], rest: usize| {
        let mut body: Vec<u8> = lengths.iter().flat_map(|n| n.to_le_bytes()).collect();
        body.resize(16 + rest, 7);
        sealed(&body)
    };
    assert!(open(&lengths([4, 4, 0, 0], 8)).is_ok());
    for (wrong, rest) in [
        ([0, 4, 0, 0], 4),
        ([4, 0, 0, 0], 4),
        ([4, 0, 4, 0], 8),
        ([4, 4, 0, 0], 12),
        ([4, 4, 0, 0], 4),
        ([u32::MAX, 4, 0, 0], 8),
        ([u32::MAX - 4, 8, 0, 0], 8),
    ] {
        assert_eq!(
            open(&lengths(wrong, rest)).err(),
            Some(DAMAGED),
            "{wrong:?}"
        );
    }
}

proptest! {
    /// Any single changed byte is noticed.
    #[test]
    fn a_changed_byte_is_noticed(at in 0usize..900, change in 1u8..) {
        let mut bytes = image([KEY, LEAF, CA, &[]]);
        let at = at % bytes.len();
        bytes[at] ^= change;
        prop_assert!(open(&bytes).is_err());
    }

    /// Whatever is in the flash, no word outside of it is asked for, and nothing panics.
    #[test]
    fn any_bytes_are_safe(mut bytes in prop::collection::vec(any::<u8>(), 0..200), sound in any::<bool>()) {
        bytes.truncate(bytes.len() / 4 * 4);
        if sound {
            bytes = sealed(&bytes);
        }
        if let Ok(stored) = open(&bytes) {
            let mut memory = [0; 256];
            prop_assert!(stored.private_key(&mut memory).is_ok());
            prop_assert!(stored.certificate(0, &mut memory).is_ok());
        }
    }
}
