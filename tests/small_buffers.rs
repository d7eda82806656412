//! Small memory, large handshakes.

mod support;

use bearcub::tls::{Config, Context, FragmentLength, Parts, Scratch, Verify, connect};
use bearcub::trust::{Pin, PublicKey, Trust};
use bearcub_lab::pki;
use bearcub_lab::server::{RustlsConfig, RustlsServer};
use support::replay::{Playback, Recorded, play};
use support::{Device, Seeded, Tcp, anchor, clock};

#[test]
fn four_certificates_without_a_fragment_length_pass_through_1024_bytes() {
    let chain = pki::aws();
    assert_eq!(chain.certificates.len(), 4);
    assert!(chain.message_len() > 4 * 1024);
    // This server sends its whole flight in one record where it can.
    let server = RustlsServer::start(&RustlsConfig::new(&chain)).unwrap();
    let pins = [Pin::sha256_of(
        &PublicKey::from_spki(chain.key.spki_der()).unwrap(),
    )];
    let anchors = [anchor(&chain)];
    let policies: [&dyn Verify; 2] = [
        &Trust::fingerprints(&pins),
        &Trust::anchors(&anchors, clock()),
    ];
    for trust in policies {
        for length in [None, Some(FragmentLength::B1024)] {
            let mut device: Device<1024, 1024> = Device::new();
            let config = Config::new(&chain.host, trust).fragment_length(length);
            let stream = device.connect(server.addr(), &config).unwrap();
            assert_eq!(stream.connection().negotiated().fragment_length, None);
        }
    }
}

#[test]
fn the_smallest_memory_there_is_suffices_for_a_handshake() {
    let chain = pki::letsencrypt_ecdsa();
    let anchors = [anchor(&chain)];
    let trust = Trust::anchors(&anchors, clock());
    let config = Config::new(&chain.host, &trust).fragment_length(Some(FragmentLength::B512));
    let recorded = Recorded::new(std::sync::Arc::clone(&chain), &config);
    let (mut context, mut scratch) = (Context::new(), [0; Scratch::ANCHORS]);
    let (mut input, mut output) = ([0; 546], [0; 546]);
    let parts = Parts::new(&mut context, &mut input, &mut output);
    let playback = Playback::new(&recorded.server, &[300]);
    play(playback, parts, &mut scratch, &config, recorded.seed).unwrap();
}

#[test]
fn buffers_may_be_vectors_slices_or_one_for_both_directions() {
    let chain = pki::simple(pki::KeyKind::P256);
    let trust = Trust::learn();
    let config = Config::new(&chain.host, &trust);
    let recorded = Recorded::new(chain.clone(), &config);
    let mut scratch = [0; Scratch::FINGERPRINTS];

    let mut context = Context::new();
    let mut input = heapless::Vec::<u8, 1058>::new();
    let mut output = vec![0; 600];
    let mut output = &mut output[..];
    let parts = Parts::new(&mut context, &mut input, &mut output);
    let playback = Playback::new(&recorded.server, &[1000]);
    play(playback, parts, &mut scratch, &config, recorded.seed).unwrap();

    let mut shared = [0; 1058];
    for pieces in [&[1][..], &[1000], &[7, 300]] {
        let parts = Parts::shared(&mut context, &mut shared);
        let playback = Playback::new(&recorded.server, pieces);
        play(playback, parts, &mut scratch, &config, recorded.seed).unwrap();
    }
}

#[test]
fn a_shared_buffer_says_when_the_program_must_read_first() {
    use embedded_io::{Read, Write};
    let chain = pki::simple(pki::KeyKind::P256);
    let server =
        RustlsServer::start(&RustlsConfig::new(&chain).greeting(b"read me first")).unwrap();
    let trust = Trust::learn();
    let config = Config::new(&chain.host, &trust);
    let (mut context, mut shared) = (Context::new(), [0; 1058]);
    let mut scratch = [0; Scratch::FINGERPRINTS];
    let parts = Parts::shared(&mut context, &mut shared);
    let mut stream = connect(
        Tcp::connect(server.addr()),
        parts,
        &mut scratch,
        &config,
        &mut Seeded(1),
    )
    .unwrap();
    let mut got = [0; 4];
    stream.read_exact(&mut got).unwrap();
    assert_eq!(
        stream.write(b"x"),
        Err(bearcub::error::ResourceError::UnreadInput.into())
    );
    let mut rest = [0; 9];
    stream.read_exact(&mut rest).unwrap();
    assert_eq!(&rest, b" me first");
    stream.write_all(b"now").unwrap();
    stream.flush().unwrap();
    stream.read_exact(&mut got[..3]).unwrap();
    assert_eq!(&got[..3], b"now");
    stream.close().unwrap();
}
