//! PEM: finding the wanted block, and refusing what is not one.

use bearcub::error::{ConfigError, Fault, Input, Memory};
use bearcub::identity::{EcKey, KeyBuffer, PrivateKey, RsaKey, pem};
use proptest::prelude::*;

macro_rules! data {
    ($name:literal) => {
        include_bytes!(concat!("data/test-only-", $name)).as_slice()
    };
}

const EC_PEM: &[u8] = data!("ec-sec1.pem");
const EC_DER: &[u8] = data!("ec-sec1.der");
const LEAF: &[u8] = data!("ec-leaf.der");

fn fault(fault: Fault, offset: usize) -> ConfigError {
    ConfigError::Malformed {
        input: Input::Pem,
        fault,
        offset,
    }
}

/// Decodes a private key of either kind.
fn key(text: &[u8]) -> Result<Vec<u8>, ConfigError> {
    let mut out = [0; 2048];
    Ok(pem::decode(text, &pem::PRIVATE_KEYS, &mut out)?
        .der
        .to_vec())
}

fn text() -> String {
    String::from_utf8(EC_PEM.to_vec()).unwrap()
}

fn position(text: &[u8], part: &str) -> usize {
    text.windows(part.len())
        .position(|window| window == part.as_bytes())
        .unwrap()
}

#[test]
fn every_label_of_a_key_is_known() {
    for (text, der) in [
        (EC_PEM, EC_DER),
        (data!("ec-pkcs8.pem"), data!("ec-pkcs8.der")),
        (data!("rsa-pkcs1.pem"), data!("rsa-pkcs1.der")),
        (data!("rsa-pkcs8.pem"), data!("rsa-pkcs8.der")),
    ] {
        assert_eq!(key(text).unwrap(), der);
    }
}

#[test]
fn keys_are_read_out_of_pem_by_their_types() {
    let mut memory = KeyBuffer::<2048>::new();
    let ec = EcKey::from_pem(EC_PEM, memory.as_mut()).unwrap();
    assert_eq!(ec.scalar(), EcKey::from_der(EC_DER).unwrap().scalar());
    let rsa = RsaKey::from_pem(data!("rsa-pkcs1.pem"), memory.as_mut()).unwrap();
    assert_eq!(rsa.n_bits(), 2048);
    let any = PrivateKey::from_pem(data!("rsa-pkcs8.pem"), memory.as_mut()).unwrap();
    assert!(matches!(any, PrivateKey::Rsa(_)));
}

#[test]
fn a_key_of_the_other_kind_is_unsupported_rather_than_not_found() {
    let mut memory = KeyBuffer::<2048>::new();
    for text in [data!("rsa-pkcs1.pem"), data!("rsa-pkcs8.pem")] {
        let error = EcKey::from_pem(text, memory.as_mut()).unwrap_err();
        assert!(matches!(
            error,
            ConfigError::Malformed {
                input: Input::PrivateKey,
                fault: Fault::Unsupported,
                ..
            }
        ));
    }
}

#[test]
fn blocks_and_text_before_the_wanted_block_are_skipped() {
    assert_eq!(key(data!("ec-params.pem")).unwrap(), EC_DER);
    assert_eq!(key(data!("bag.pem")).unwrap(), data!("ec-pkcs8.der"));
    let mut out = [0; 1024];
    let block = pem::decode(data!("bag.pem"), &[pem::CERTIFICATE], &mut out).unwrap();
    assert_eq!(block.der, LEAF);
    assert_eq!(block.label, "CERTIFICATE");
}

#[test]
fn a_chain_is_read_block_by_block() {
    let mut out = [0; 1024];
    let labels = [pem::CERTIFICATE];
    let first = pem::decode(data!("chain.pem"), &labels, &mut out).unwrap();
    assert_eq!(first.der, LEAF);
    let rest = first.rest;
    let second = pem::decode(rest, &labels, &mut out).unwrap();
    assert_eq!(second.der, data!("ca.der"));
    let rest = second.rest;
    assert_eq!(
        pem::decode(rest, &labels, &mut out).err(),
        Some(fault(Fault::Truncated, rest.len()))
    );
}

#[test]
fn lines_may_end_in_lf_cr_lf_or_cr() {
    for end in ["\r\n", "\r"] {
        assert_eq!(key(text().replace('\n', end).as_bytes()).unwrap(), EC_DER);
        let behind = format!("Some words{end}{}", text().replace('\n', end));
        assert_eq!(key(behind.as_bytes()).unwrap(), EC_DER);
    }
    assert_eq!(key(text().trim_end().as_bytes()).unwrap(), EC_DER);
}

#[test]
fn a_c_string_with_its_zero_byte_is_read() {
    assert_eq!(key(format!("{}\0", text()).as_bytes()).unwrap(), EC_DER);
    assert_eq!(
        key(format!("{}\0", text().trim_end()).as_bytes()).unwrap(),
        EC_DER
    );
}

#[test]
fn lines_of_another_width_are_read() {
    for width in [16, 48, 76, 400] {
        let base64: String = text()
            .lines()
            .filter(|line| !line.starts_with('-'))
            .collect();
        let mut wrapped = String::from("-----BEGIN EC PRIVATE KEY-----\n");
        for line in base64.as_bytes().chunks(width) {
            wrapped.push_str(std::str::from_utf8(line).unwrap());
            wrapped.push('\n');
        }
        wrapped.push_str("-----END EC PRIVATE KEY-----\n");
        assert_eq!(key(wrapped.as_bytes()).unwrap(), EC_DER, "{width}");
    }
}

#[test]
fn an_encrypted_key_is_refused_by_its_name() {
    assert_eq!(
        key(data!("ec-encrypted.pem")),
        Err(fault(Fault::Unsupported, 0))
    );
    let behind = [b"words\n", data!("ec-encrypted.pem")].concat();
    assert_eq!(key(&behind), Err(fault(Fault::Unsupported, 6)));
    assert_eq!(
        key(data!("rsa-legacy-encrypted.pem")),
        Err(fault(Fault::Unsupported, 0))
    );
}

#[test]
fn an_encrypted_key_does_not_keep_a_certificate_from_being_read() {
    let both = [data!("ec-encrypted.pem"), data!("chain.pem")].concat();
    let mut out = [0; 1024];
    let block = pem::decode(&both, &[pem::CERTIFICATE], &mut out).unwrap();
    assert_eq!(block.der, LEAF);
}

#[test]
fn a_text_without_a_block_ends_too_early_and_one_with_others_says_so() {
    for text in [&b""[..], b"words", EC_DER] {
        assert_eq!(key(text), Err(fault(Fault::Truncated, text.len())));
    }
    assert_eq!(key(data!("chain.pem")), Err(fault(Fault::OtherKind, 0)));
    let behind = [b"words\n", data!("chain.pem")].concat();
    assert_eq!(key(&behind), Err(fault(Fault::OtherKind, 6)));
    // Not at the start of a line.
    let indented = text().replace("-----BEGIN", " -----BEGIN");
    assert!(key(indented.as_bytes()).is_err());
}

#[test]
fn every_truncation_is_an_error() {
    let end = text().trim_end().len();
    for length in 0..end {
        assert!(key(&EC_PEM[..length]).is_err(), "{length}");
    }
}

#[test]
fn a_block_that_another_label_ends_is_not_one() {
    let other = text().replace("END EC", "END RSA");
    assert_eq!(
        key(other.as_bytes()),
        Err(fault(Fault::Truncated, other.len()))
    );
}

#[test]
fn a_stray_character_is_pointed_at() {
    let at = position(EC_PEM, "MHc") + 10;
    for stray in [b'*', b' ', b'-', b'_', 0, 0xff] {
        let mut text = EC_PEM.to_vec();
        text[at] = stray;
        let error = key(&text).unwrap_err();
        let place = if stray == b'-' { 0 } else { at };
        assert_eq!(error, fault(Fault::Unexpected, place), "{stray}");
    }
}

#[test]
fn malformed_boundaries_are_pointed_at() {
    let short = text().replace("KEY-----\nMHc", "KEY----\nMHc");
    assert_eq!(key(short.as_bytes()), Err(fault(Fault::Unexpected, 11)));
}

#[test]
fn a_short_buffer_is_told_the_size_it_needs() {
    let mut out = [0; 64];
    assert_eq!(
        pem::decode(EC_PEM, &pem::PRIVATE_KEYS, &mut out).err(),
        Some(ConfigError::MemoryTooSmall {
            memory: Memory::Identity,
            needed: EC_DER.len(),
            given: 64
        })
    );
    let mut out = vec![0; EC_DER.len()];
    assert!(pem::decode(EC_PEM, &pem::PRIVATE_KEYS, &mut out).is_ok());
}

#[test]
fn what_was_decoded_before_a_fault_is_wiped() {
    let mut text = EC_PEM.to_vec();
    let at = position(&text, "wmLJ");
    text[at] = b'*';
    let mut out = [0; 256];
    assert!(pem::decode(&text, &pem::PRIVATE_KEYS, &mut out).is_err());
    assert_eq!(out, [0; 256]);
}

#[test]
fn debug_shows_no_secret() {
    let mut out = [0; 256];
    let block = pem::decode(EC_PEM, &pem::PRIVATE_KEYS, &mut out).unwrap();
    assert_eq!(format!("{block:?}"), "Block(EC PRIVATE KEY, 121 bytes)");
    assert_eq!(
        format!("{:?}", KeyBuffer::<64>::new()),
        "KeyBuffer(64 bytes)"
    );
}

proptest! {
    /// No text makes the decoder panic.
    #[test]
    fn any_text_is_read_or_refused(
        text in "(-----(BEGIN|END) (EC |)PRIVATE KEY-----|[A-Za-z0-9+/=]{0,70}|\r?\n|[ -~]){0,12}",
        size in 0..200usize,
    ) {
        let mut out = vec![0; size];
        let _ = pem::decode(text.as_bytes(), &pem::PRIVATE_KEYS, &mut out);
    }

    /// One corrupted byte never panics, and an offset never lies outside the text.
    #[test]
    fn one_corrupted_byte_is_read_or_refused_within_the_text(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut text = data!("bag.pem").to_vec();
        let at = at.index(text.len());
        text[at] = byte;
        if let Err(ConfigError::Malformed { offset, .. }) = key(&text) {
            prop_assert!(offset <= text.len());
        }
    }
}
