//! What people and servers hand to the tools may be anything: it is read or refused, and nothing panics.

use bearcub_lab::pki::{self, KeyKind};
use bearcub_sim::explain::{Found, lookup};
use bearcub_sim::material::passphrase::Passphrase;
use bearcub_sim::{anchors, material, peer};
use proptest::prelude::*;

fn samples() -> Vec<Vec<u8>> {
    let mut samples = Vec::new();
    for kind in [KeyKind::P256, KeyKind::Rsa2048] {
        let chain = pki::device(kind);
        samples.push(chain.leaf().to_vec());
        samples.push(chain.leaf_pem().into_bytes());
        samples.push(chain.key.pkcs8_der().to_vec());
        samples.push(chain.key.traditional_der().to_vec());
        samples.push(chain.key.traditional_pem().into_bytes());
        samples.push(chain.key.spki_der().to_vec());
        samples.push(format!("{}{}", chain.key_pem(), chain.chain_pem()).into_bytes());
    }
    samples
}

/// Reads bytes as a file's content; what is refused is refused with words.
fn read(bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, bytes).unwrap();
    match material::read(&path, &Passphrase::default()) {
        Ok(items) => assert!(!items.is_empty()),
        Err(failure) => {
            assert_eq!(failure.exit_status(), 2, "{failure}");
            assert!(failure.to_string().contains("file"), "{failure}");
        }
    }
    peer::Seen::read(bytes);
    let _ = anchors::Candidate::read(bytes, "here".to_owned());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// One changed byte, a cut, or something appended.
    #[test]
    fn damaged_files_are_read_or_refused(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        to in any::<u8>(),
        how in 0..3,
    ) {
        let samples = samples();
        let mut bytes = which.get(&samples).clone();
        let at = at.index(bytes.len());
        match how {
            0 => bytes[at] = to,
            1 => bytes.truncate(at),
            _ => bytes.push(to),
        }
        read(&bytes);
    }

    /// Any bytes at all, with and without something that looks like armour.
    #[test]
    fn any_bytes_are_read_or_refused(
        mut bytes in prop::collection::vec(any::<u8>(), 0..300),
        armour in "(-----BEGIN [A-Z ]{0,20}-----\n)?([A-Za-z0-9+/=\n]{0,80}(-----END [A-Z ]{0,20}-----)?)?",
        front in any::<bool>(),
    ) {
        if front {
            bytes.splice(0..0, armour.into_bytes());
        } else {
            bytes.extend_from_slice(armour.as_bytes());
        }
        read(&bytes);
    }

    /// Any text is explained, or has neighbours.
    #[test]
    fn any_text_is_explained_or_not_known(text in "\\PC{0,60}|[a-z0-9 :=().-]{0,40}") {
        match lookup(&text) {
            Found::Known(answers, _) => prop_assert!(!answers.is_empty()),
            Found::Unknown(nearest) => prop_assert_eq!(nearest.len(), 3),
        }
    }

    /// Nothing of what a source file may hold makes its reader panic.
    #[test]
    fn any_text_is_a_table_of_anchors_or_none(text in "(\n    TrustAnchor \\{\n| (subject|n|e|q): &\\[\n|0x[0-9a-g]{1,3}, |\\]|Curve::P256,|\n){0,30}") {
        let _ = anchors::source::read(&text);
    }
}
