//! The largest RSA key, which the feature `rsa-4096` sets. Holds with the feature and without.

mod support;

use bearcub::Error;
use bearcub::error::{CertificateError, ConfigError, Fault, PeerError};
use bearcub::identity::{Identity, RsaKey};
use bearcub::tls::{Algorithms, Config, Groups, Scratch, Suite, Verify};
use bearcub::trust::{Pin, PublicKey, Trust};
use bearcub_lab::pki::{self, Chain, KeyKind, KeyPair};
use bearcub_lab::server::{OpensslConfig, OpensslServer};
use support::{Device, anchor, clock};

const SMALL: bool = RsaKey::LARGEST_BITS == 2048;

fn pin(chain: &Chain) -> Pin {
    Pin::sha256_of(&PublicKey::from_spki(chain.key.spki_der()).unwrap())
}

/// Whether the server is accepted, and if not why.
fn outcome(chain: &Chain, suite: Suite, trust: &dyn Verify) -> Option<Error> {
    let server = OpensslServer::start(&OpensslConfig::new(chain)).unwrap();
    let groups = if suite == Suite::RSA_WITH_AES_128_GCM_SHA256 {
        Groups::NONE
    } else {
        Groups::P256
    };
    let algorithms = Algorithms {
        suites: &[suite],
        groups,
    };
    let config = Config::with_algorithms(&chain.host, trust, algorithms);
    let mut device: Device = Device::new();
    device.connect(server.addr(), &config).err()
}

#[test]
fn a_server_s_key_beyond_the_limit_is_refused_by_that_name() {
    for suite in [
        Suite::ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        Suite::RSA_WITH_AES_128_GCM_SHA256,
    ] {
        for (kind, refused) in [(KeyKind::Rsa2048, false), (KeyKind::Rsa4096, SMALL)] {
            let chain = pki::simple(kind);
            let (pins, anchors) = ([pin(&chain)], [anchor(&chain)]);
            let limit = Error::from(PeerError::Certificate(CertificateError::LimitExceeded));
            let expected = refused.then_some(limit);
            let pinned = outcome(&chain, suite, &Trust::fingerprints(&pins));
            assert_eq!(pinned, expected, "{kind:?}, pinned");
            let validated = outcome(&chain, suite, &Trust::anchors(&anchors, clock()));
            assert_eq!(validated, expected, "{kind:?}, by its root");
        }
    }
}

#[test]
fn a_small_key_under_a_large_root_needs_the_large_limit_unless_it_is_pinned() {
    // Signed by an intermediate of 2048 bits, that by a root of 4096.
    let chain = pki::letsencrypt_rsa();
    let suite = Suite::ECDHE_RSA_WITH_AES_128_GCM_SHA256;
    let pins = [pin(&chain)];
    assert_eq!(outcome(&chain, suite, &Trust::fingerprints(&pins)), None);
    let anchors = [anchor(&chain)];
    let error = outcome(&chain, suite, &Trust::anchors(&anchors, clock()));
    let limit = PeerError::Certificate(CertificateError::LimitExceeded);
    assert_eq!(error, SMALL.then_some(limit.into()));
}

#[test]
fn a_device_s_own_key_beyond_the_limit_is_out_of_range() {
    for (kind, refused) in [(KeyKind::Rsa2048, false), (KeyKind::Rsa4096, SMALL)] {
        let pair = KeyPair::shared(kind, "the device's");
        match RsaKey::from_der(pair.traditional_der()) {
            Ok(key) => assert!(!refused && key.n_bits() <= RsaKey::LARGEST_BITS),
            Err(ConfigError::Malformed { fault, .. }) => {
                assert!(refused && fault == Fault::OutOfRange, "{kind:?}: {fault:?}");
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_device_with_a_key_of_2048_bits_signs_in_either_build() {
    let (chain, device) = (pki::simple(KeyKind::Rsa2048), pki::device(KeyKind::Rsa2048));
    let server = OpensslConfig::new(&chain).require_certificate(device.root());
    let server = OpensslServer::start(&server).unwrap();
    let key = RsaKey::from_der(device.key.traditional_der()).unwrap();
    let certificates: Vec<&[u8]> = device.certificates.iter().map(Vec::as_slice).collect();
    let identity = Identity::new(&certificates, key).unwrap();
    let anchors = [anchor(&chain)];
    let trust = Trust::anchors(&anchors, clock());
    let config = Config::new(&chain.host, &trust).identity(&identity);
    let mut small: Device = Device::new();
    small.scratch.truncate(Scratch::ANCHORS);
    assert!(small.connect(server.addr(), &config).is_ok());
}
