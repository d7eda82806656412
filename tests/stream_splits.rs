//! The server's bytes split, corrupted and cut: the same result, or an error.

mod support;

use std::sync::{Arc, OnceLock};

use bearcub::error::{Error, NetworkError, PeerError, ProtocolError};
use bearcub::tls::{Algorithms, Config, FragmentLength, Groups, Scratch, Storage, Suite};
use bearcub::trust::{Pin, PublicKey, Trust};
use bearcub_lab::pki::{self, Chain, KeyKind};
use proptest::prelude::*;
use support::replay::{Playback, Recorded, play};
use support::{anchor, clock};

/// Runs with the configuration that all recordings here are made and played with.
fn with_config<T>(chain: &Chain, run: impl FnOnce(&Config<'_>) -> T) -> T {
    let anchors = [anchor(chain)];
    let pins = [Pin::sha256_of(
        &PublicKey::from_spki(chain.key.spki_der()).unwrap(),
    )];
    let trust = Trust::anchors(&anchors, clock()).and_pin(&pins);
    run(&Config::new(&chain.host, &trust))
}

fn recorded() -> &'static Recorded {
    static RECORDED: OnceLock<Recorded> = OnceLock::new();
    RECORDED.get_or_init(|| record(Recorded::rsa_chain()))
}

fn record(chain: Arc<Chain>) -> Recorded {
    with_config(&Arc::clone(&chain), |config| Recorded::new(chain, config))
}

fn play_back(recorded: &Recorded, server: &[u8], pieces: &[usize]) -> Result<Vec<u8>, Error> {
    let mut storage = Box::new(Storage::<1024, 512>::new());
    let mut scratch = [0; Scratch::ANCHORS];
    with_config(&recorded.chain, |config| {
        play(
            Playback::new(server, pieces),
            &mut *storage,
            &mut scratch,
            config,
            recorded.seed,
        )
    })
}

#[test]
fn one_byte_at_a_time_gives_the_same_connection() {
    for chain in [
        Recorded::rsa_chain(),
        pki::simple(KeyKind::P384),
        pki::aws(),
    ] {
        let recorded = record(chain);
        assert_eq!(
            play_back(&recorded, &recorded.server, &[1]).unwrap(),
            recorded.client
        );
        assert_eq!(
            play_back(&recorded, &recorded.server, &[usize::MAX]).unwrap(),
            recorded.client
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_split_gives_the_same_connection(pieces in prop::collection::vec(1usize..2000, 1..40)) {
        let recorded = recorded();
        prop_assert_eq!(&play_back(recorded, &recorded.server, &pieces).unwrap(), &recorded.client);
    }

    #[test]
    fn bytes_of_a_stranger_end_in_an_error(bytes: Vec<u8>, pieces in prop::collection::vec(1usize..100, 1..5)) {
        prop_assert!(play_back(recorded(), &bytes, &pieces).is_err());
    }

    #[test]
    fn several_changed_bytes_end_in_an_error(
        changes in prop::collection::vec((any::<prop::sample::Index>(), 1u8..), 1..6),
    ) {
        let recorded = recorded();
        let mut server = recorded.server.clone();
        for (index, mask) in changes {
            server[index.index(recorded.handshake)] ^= mask;
        }
        prop_assert!(server == recorded.server || play_back(recorded, &server, &[700]).is_err());
    }
}

#[test]
fn any_single_flipped_bit_of_the_handshake_ends_in_an_error() {
    let recorded = recorded();
    let mut server = recorded.server.clone();
    for offset in 0..recorded.handshake {
        for bit in 0..8 {
            server[offset] ^= 1 << bit;
            let result = play_back(recorded, &server, &[usize::MAX]);
            assert!(result.is_err(), "byte {offset}, bit {bit} was accepted");
            server[offset] ^= 1 << bit;
        }
    }
}

#[test]
fn any_single_flipped_bit_of_the_data_ends_in_an_error() {
    // What comes after the handshake: the answer, then close_notify. The last record matters to nobody but `close`,
    // which takes the server's end for the end.
    let recorded = recorded();
    let mut server = recorded.server.clone();
    let answer = recorded.handshake..recorded.handshake + 5 + 24 + support::replay::ANSWER.len();
    for offset in answer {
        for bit in 0..8 {
            server[offset] ^= 1 << bit;
            assert!(
                play_back(recorded, &server, &[usize::MAX]).is_err(),
                "byte {offset}, bit {bit} was accepted"
            );
            server[offset] ^= 1 << bit;
        }
    }
}

#[test]
fn a_cut_at_any_byte_of_the_handshake_is_a_truncation() {
    let recorded = recorded();
    for end in 0..recorded.handshake {
        let result = play_back(recorded, &recorded.server[..end], &[usize::MAX]);
        assert_eq!(
            result,
            Err(Error::Network(NetworkError::Truncated)),
            "cut at byte {end}"
        );
    }
}

/// Adds an extension to the ServerHello at the start of a server's bytes.
fn with_extension(server: &[u8], extension: &[u8]) -> Vec<u8> {
    let mut server = server.to_vec();
    assert_eq!(
        (server[0], server[5]),
        (22, 2),
        "a record with a ServerHello"
    );
    let more = extension.len() as u16;
    let grow = |server: &mut Vec<u8>, at: usize| {
        let length = u16::from_be_bytes([server[at], server[at + 1]]) + more;
        server[at..at + 2].copy_from_slice(&length.to_be_bytes());
    };
    let id_length = usize::from(server[5 + 4 + 34]);
    let extensions = 5 + 4 + 35 + id_length + 3;
    grow(&mut server, 3);
    grow(&mut server, 7);
    grow(&mut server, extensions);
    let at = extensions + 2;
    server.splice(at..at, extension.iter().copied());
    server
}

#[test]
fn a_server_that_agrees_to_a_length_and_sends_more_is_named_with_both_sizes() {
    let chain = Recorded::rsa_chain();
    let trust = Trust::learn();
    let config = Config::new(&chain.host, &trust).fragment_length(None);
    let recorded = Recorded::new(Arc::clone(&chain), &config);
    let server = with_extension(&recorded.server, &[0, 1, 0, 1, 1]);
    let second = 5 + usize::from(u16::from_be_bytes([server[3], server[4]]));
    let received = usize::from(u16::from_be_bytes([server[second + 3], server[second + 4]]));
    assert!(received > 512);
    let config = Config::new(&chain.host, &trust).fragment_length(Some(FragmentLength::B512));
    let mut storage = Box::new(Storage::<1024, 512>::new());
    let mut scratch = [0; Scratch::FINGERPRINTS];
    let playback = Playback::new(&server, &[usize::MAX]);
    let result = play(
        playback,
        &mut *storage,
        &mut scratch,
        &config,
        recorded.seed,
    );
    assert_eq!(
        result,
        Err(PeerError::FragmentLengthIgnored {
            agreed: 512,
            received
        }
        .into())
    );
}

#[test]
fn a_server_that_does_not_signal_secure_renegotiation_is_refused() {
    let recorded = recorded();
    let at = recorded
        .server
        .windows(5)
        .position(|bytes| bytes == [0xFF, 1, 0, 1, 0])
        .unwrap();
    let mut server = recorded.server.clone();
    // Without the extension's number there is no such extension.
    server[at] = 0xFE;
    let result = play_back(recorded, &server, &[usize::MAX]);
    assert_eq!(
        result,
        Err(PeerError::Protocol(ProtocolError::BadSecureRenegotiation).into())
    );
}

#[test]
fn any_changed_byte_of_the_data_itself_is_a_bad_mac() {
    let recorded = recorded();
    let mut server = recorded.server.clone();
    let content = recorded.handshake + 5;
    for offset in content..content + 24 + support::replay::ANSWER.len() {
        server[offset] ^= 0x40;
        assert_eq!(
            play_back(recorded, &server, &[usize::MAX]),
            Err(PeerError::Protocol(ProtocolError::BadMac).into()),
            "byte {offset}"
        );
        server[offset] ^= 0x40;
    }
}

/// With a pin, what follows the server's key in its chain is not looked at: the Finished messages protect it.
#[test]
fn any_changed_byte_ends_in_an_error_where_the_chain_is_not_validated_too() {
    for (kind, suite) in [
        (KeyKind::Rsa2048, Suite::RSA_WITH_AES_128_GCM_SHA256),
        (
            KeyKind::Rsa2048,
            Suite::ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        ),
        (KeyKind::P256, Suite::ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    ] {
        let chain = pki::simple(kind);
        let pins = [Pin::sha256_of(
            &PublicKey::from_spki(chain.key.spki_der()).unwrap(),
        )];
        let trust = Trust::fingerprints(&pins);
        let suites = [suite];
        let algorithms = Algorithms {
            suites: &suites,
            groups: Groups::X25519_P256,
        };
        let config = Config::with_algorithms(&chain.host, &trust, algorithms);
        let recorded = Recorded::new(Arc::clone(&chain), &config);
        let mut server = recorded.server.clone();
        let mut storage = Box::new(Storage::<1024, 512>::new());
        let mut scratch = [0; Scratch::FINGERPRINTS];
        let mut attempt = |server: &[u8]| {
            let playback = Playback::new(server, &[usize::MAX]);
            play(
                playback,
                &mut *storage,
                &mut scratch,
                &config,
                recorded.seed,
            )
        };
        assert_eq!(attempt(&server).unwrap(), recorded.client);
        for offset in 0..recorded.handshake {
            for mask in [1, 0x80, 0xFF] {
                server[offset] ^= mask;
                assert!(
                    attempt(&server).is_err(),
                    "{suite:?}: byte {offset}, mask {mask:#x} was accepted"
                );
                server[offset] ^= mask;
            }
        }
    }
}

#[test]
fn a_server_that_chooses_a_protocol_nobody_offered_is_refused_at_its_hello() {
    let trust = Trust::learn();
    let chain = Recorded::rsa_chain();
    let config = Config::new(&chain.host, &trust).alpn(&[c"mqtt"]);
    let recorded = Recorded::with(Arc::clone(&chain), &config, |server| server.alpn("mqtt"));
    let at = recorded
        .server
        .windows(5)
        .position(|bytes| bytes == b"\x04mqtt")
        .unwrap();
    let mut server = recorded.server.clone();
    server[at + 1..at + 5].copy_from_slice(b"http");
    let mut storage = Box::new(Storage::<1024, 512>::new());
    let mut scratch = [0; Scratch::FINGERPRINTS];
    // Nothing after the ServerHello is needed to see it.
    let hello = 5 + usize::from(u16::from_be_bytes([server[3], server[4]]));
    let playback = Playback::new(&server[..hello], &[usize::MAX]);
    let result = play(
        playback,
        &mut *storage,
        &mut scratch,
        &config,
        recorded.seed,
    );
    assert_eq!(
        result,
        Err(PeerError::Protocol(ProtocolError::Unexpected).into())
    );
}
