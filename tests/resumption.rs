//! Sessions: stored, resumed, refused, and tampered with.

mod support;

use bearcub::error::Error;
use bearcub::tls::{Algorithms, Config, Groups, Scratch, Session, Storage, Suite};
use bearcub::trust::{Learn, Trust};
use bearcub_lab::pki::{self, KeyKind};
use bearcub_lab::server::{OpensslConfig, OpensslServer, RustlsConfig, RustlsServer, Service};
use support::Device;
use support::replay::{Playback, Recorded, play, record_from};

static TRUST: Learn = Trust::learn();

fn config() -> Config<'static> {
    Config::new("localhost", &TRUST)
}

#[test]
fn a_session_is_resumed_from_its_stored_bytes_again_and_again() {
    let chain = pki::simple(KeyKind::P256);
    let server = OpensslConfig::new(&chain).service(Service::ReverseLines);
    let server = OpensslServer::start(&server).unwrap();
    let mut device: Device = Device::new();
    let stream = device.connect(server.addr(), &config()).unwrap();
    let mut stored = stream.connection().session().unwrap().to_bytes();
    stream.close().unwrap();
    for _ in 0..5 {
        let session = Session::from_bytes(&stored).unwrap();
        let stream = device
            .connect(server.addr(), &config().resume(Some(&session)))
            .unwrap();
        assert!(stream.connection().negotiated().resumed);
        assert_eq!(stream.connection().negotiated().group, None);
        assert_eq!(stream.connection().learned(), None);
        stored = stream.connection().session().unwrap().to_bytes();
        stream.close().unwrap();
    }
}

#[test]
fn a_server_that_does_not_resume_performs_a_full_handshake() {
    let chain = pki::simple(KeyKind::P256);
    let server = RustlsServer::start(&RustlsConfig::new(&chain).resumption(false)).unwrap();
    let mut device: Device = Device::new();
    // A session of another server of that name.
    let other = OpensslConfig::new(&chain).service(Service::ReverseLines);
    let other = OpensslServer::start(&other).unwrap();
    let stream = device.connect(other.addr(), &config()).unwrap();
    let session = stream.connection().session();
    stream.close().unwrap();
    let stream = device
        .connect(server.addr(), &config().resume(session.as_ref()))
        .unwrap();
    assert!(!stream.connection().negotiated().resumed);
    stream.close().unwrap();
    assert!(!server.connections(1)[0].resumed);
}

#[test]
fn a_session_with_a_wrong_master_secret_is_refused() {
    let chain = pki::simple(KeyKind::P256);
    let server = OpensslConfig::new(&chain).service(Service::ReverseLines);
    let server = OpensslServer::start(&server).unwrap();
    let mut device: Device = Device::new();
    let stream = device.connect(server.addr(), &config()).unwrap();
    let mut stored = stream.connection().session().unwrap().to_bytes();
    stream.close().unwrap();
    stored[40] ^= 1;
    let session = Session::from_bytes(&stored).unwrap();
    let result = device
        .connect(server.addr(), &config().resume(Some(&session)))
        .err();
    assert_eq!(
        result,
        Some(Error::Peer(bearcub::error::PeerError::Protocol(
            bearcub::error::ProtocolError::BadMac
        )))
    );
}

#[test]
fn any_single_flipped_bit_of_a_resumed_handshake_ends_in_an_error() {
    let chain = Recorded::rsa_chain();
    let suites = [
        Suite::ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        Suite::ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ];
    for suite in suites {
        let suites = [suite];
        let algorithms = Algorithms {
            suites: &suites,
            groups: Groups::X25519,
        };
        let config = Config::with_algorithms(&chain.host, &TRUST, algorithms);
        let server = OpensslConfig::new(&chain).service(Service::ReverseLines);
        let server = OpensslServer::start(&server).unwrap();
        let mut device: Device = Device::new();
        let stream = device.connect(server.addr(), &config).unwrap();
        let session = stream.connection().session();
        stream.close().unwrap();
        let config = config.resume(session.as_ref());
        let recorded = record_from(server.addr(), chain.clone(), &config);
        assert!(
            recorded.handshake < 300,
            "{} bytes are no resumed handshake",
            recorded.handshake
        );
        let mut bytes = recorded.server.clone();
        let mut storage = Box::new(Storage::<1024, 512>::new());
        let mut scratch = [0; Scratch::FINGERPRINTS];
        let mut attempt = |bytes: &[u8]| {
            let playback = Playback::new(bytes, &[usize::MAX]);
            play(
                playback,
                &mut *storage,
                &mut scratch,
                &config,
                recorded.seed,
            )
        };
        assert_eq!(attempt(&bytes).unwrap(), recorded.client);
        for offset in 0..recorded.handshake {
            for bit in 0..8 {
                bytes[offset] ^= 1 << bit;
                assert!(
                    attempt(&bytes).is_err(),
                    "{suite:?}: byte {offset}, bit {bit} was accepted"
                );
                bytes[offset] ^= 1 << bit;
            }
        }
    }
}
