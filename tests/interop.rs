//! Handshakes with real servers: Mosquitto, OpenSSL and rustls on loopback.

mod support;

use bearcub::identity::{EcKey, Identity, PrivateKey};
use bearcub::tls::{Algorithms, Config, FragmentLength, Groups, Session, Suite, Verify};
use bearcub::trust::{Pin, PublicKey, Trust};
use bearcub_lab::pki::{self, Chain, KeyKind};
use bearcub_lab::server::{
    Mosquitto, MosquittoConfig, OpensslConfig, OpensslServer, RustlsConfig, RustlsServer, Service,
};
use embedded_io::{Read, Write};
use std::net::SocketAddr;
use support::{Device, anchor, clock};

const RSA_SUITES: [Suite; 3] = [
    Suite::ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    Suite::RSA_WITH_AES_128_GCM_SHA256,
    Suite::ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];
const ECDSA_SUITES: [Suite; 2] = [
    Suite::ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    Suite::ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
];
const KINDS: [KeyKind; 4] = [
    KeyKind::Rsa2048,
    KeyKind::Rsa4096,
    KeyKind::P256,
    KeyKind::P384,
];

fn suites_for(kind: KeyKind) -> &'static [Suite] {
    match kind {
        KeyKind::P256 | KeyKind::P384 => &ECDSA_SUITES,
        _ => &RSA_SUITES,
    }
}

/// What is done over a connection once it is there.
#[derive(Clone, Copy)]
enum Talk {
    /// The server sends lines back, reversed.
    Reversed,
    /// The server sends everything back.
    Echoed,
    /// MQTT: CONNECT, and the broker's CONNACK.
    Mqtt,
}

impl Talk {
    fn exchange(self) -> (&'static [u8], &'static [u8]) {
        match self {
            Talk::Reversed => (b"hello bear\n", b"raeb olleh\n"),
            Talk::Echoed => (b"hello bear", b"hello bear"),
            // MQTT 3.1.1, clean session, client identifier "bear".
            Talk::Mqtt => (
                b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3C\x00\x04bear",
                b"\x20\x02\x00\x00",
            ),
        }
    }
}

/// Connects, checks what was agreed, talks, and closes; returns the session.
fn check<const IN: usize, const OUT: usize>(
    device: &mut Device<IN, OUT>,
    server: SocketAddr,
    config: &Config<'_>,
    talk: Talk,
    expected: Expected,
) -> (Option<Session>, Option<Pin>) {
    let mut stream = device
        .connect(server, config)
        .unwrap_or_else(|error| panic!("{expected:?}: {error}"));
    let negotiated = stream.connection().negotiated();
    assert_eq!(negotiated.suite, expected.suite.id(), "{expected:?}");
    assert_eq!(negotiated.resumed, expected.resumed, "{expected:?}");
    assert_eq!(
        negotiated.fragment_length, expected.fragment_length,
        "{expected:?}"
    );
    assert_eq!(
        negotiated.certificate_requested, expected.certificate_requested,
        "{expected:?}"
    );
    let without_group = expected.resumed || expected.suite == Suite::RSA_WITH_AES_128_GCM_SHA256;
    assert_eq!(negotiated.group.is_none(), without_group, "{expected:?}");
    let (question, answer) = talk.exchange();
    stream.write_all(question).unwrap();
    stream.flush().unwrap();
    let mut got = vec![0; answer.len()];
    stream.read_exact(&mut got).unwrap();
    assert_eq!(got, answer, "{expected:?}");
    let kept = (stream.connection().session(), stream.connection().learned());
    stream.close().unwrap();
    kept
}

#[derive(Clone, Copy, Debug)]
struct Expected {
    suite: Suite,
    resumed: bool,
    fragment_length: Option<FragmentLength>,
    certificate_requested: bool,
}

/// Every kind of trust that the chain's server can be reached under.
fn with_every_trust(chain: &Chain, mut run: impl FnMut(&str, &dyn Verify)) {
    let key = PublicKey::from_spki(chain.key.spki_der()).unwrap();
    let other = Pin::Sha256([7; 32]);
    let (sha256, sha1) = ([other, Pin::sha256_of(&key)], [Pin::sha1_of(&key)]);
    let anchors = [anchor(chain)];
    run("pin, SHA-256", &Trust::fingerprints(&sha256));
    run("pin, SHA-1", &Trust::fingerprints(&sha1));
    run("learn", &Trust::learn());
    run("anchors", &Trust::anchors(&anchors, clock()));
    run(
        "anchors and pin",
        &Trust::anchors(&anchors, clock()).and_pin(&sha256),
    );
    run("anyone", &Trust::accept_anyone_insecurely());
}

/// A client's certificate, and the root that the server knows it by.
struct Owner<'a> {
    identity: &'a Identity<'a, PrivateKey<'a>>,
    root: &'a [u8],
}

/// Without a client certificate, with one on P-256, with an RSA one.
fn with_every_client(mut run: impl FnMut(Option<Owner<'_>>)) {
    run(None);
    for kind in [KeyKind::P256, KeyKind::Rsa2048] {
        let device = pki::device(kind);
        let certificates: Vec<&[u8]> = device.certificates.iter().map(Vec::as_slice).collect();
        let key = PrivateKey::from_der(device.key.pkcs8_der()).unwrap();
        let identity = Identity::new(&certificates, key).unwrap();
        run(Some(Owner {
            identity: &identity,
            root: device.root(),
        }));
    }
}

/// A server under test.
struct Served<'a> {
    chain: &'a Chain,
    address: SocketAddr,
    talk: Talk,
    /// Whether it agrees to a fragment length.
    agrees: bool,
}

/// Each suite under each trust, with a fragment length, without one and where none is offered, full and resumed.
fn matrix(server: &Served<'_>, client: Option<&Owner<'_>>, suites: &[Suite]) {
    let mut device: Device = Device::new();
    let mut large: Device<16384, 16384> = Device::new();
    for &suite in suites {
        let suites = [suite];
        let algorithms = Algorithms {
            suites: &suites,
            groups: Groups::X25519_P256_P384,
        };
        let chain = server.chain;
        with_every_trust(chain, |_, trust| {
            let mut config = Config::with_algorithms(&chain.host, trust, algorithms);
            if let Some(owner) = client {
                config = config.identity(owner.identity);
            }
            let agreed = server.agrees.then_some(FragmentLength::B1024);
            let not_offered = config.fragment_length(None);
            full_and_resumed(&mut device, server, &config, client, suite, agreed);
            full_and_resumed(&mut device, server, &not_offered, client, suite, None);
            full_and_resumed(&mut large, server, &config, client, suite, None);
        });
    }
}

fn full_and_resumed<const IN: usize, const OUT: usize>(
    device: &mut Device<IN, OUT>,
    server: &Served<'_>,
    config: &Config<'_>,
    client: Option<&Owner<'_>>,
    suite: Suite,
    fragment_length: Option<FragmentLength>,
) {
    let full = Expected {
        suite,
        resumed: false,
        fragment_length,
        certificate_requested: client.is_some(),
    };
    let (session, learned) = check(device, server.address, config, server.talk, full);
    if let Some(pin) = learned {
        assert!(pin.matches(&PublicKey::from_spki(server.chain.key.spki_der()).unwrap()));
    }
    let resumed = Expected {
        resumed: true,
        certificate_requested: false,
        ..full
    };
    let config = config.resume(session.as_ref());
    check(device, server.address, &config, server.talk, resumed);
}

#[test]
fn openssl_serves_every_suite_key_trust_and_client() {
    for kind in KINDS {
        with_every_client(|client| {
            let chain = pki::selfsigned(kind);
            let mut config = OpensslConfig::new(&chain).service(Service::ReverseLines);
            if let Some(owner) = &client {
                config = config.require_certificate(owner.root);
            }
            let server = OpensslServer::start(&config).unwrap();
            let served = Served {
                chain: &chain,
                address: server.addr(),
                talk: Talk::Reversed,
                agrees: true,
            };
            matrix(&served, client.as_ref(), suites_for(kind));
        });
    }
}

#[test]
fn mosquitto_serves_every_suite_key_trust_and_client() {
    for kind in KINDS {
        with_every_client(|client| {
            let chain = pki::selfsigned(kind);
            let mut config = MosquittoConfig::tls(&chain);
            if let Some(owner) = &client {
                config = config
                    .require_certificate(owner.root)
                    .identity_as_username();
            }
            let server = Mosquitto::start(&config).unwrap();
            let served = Served {
                chain: &chain,
                address: server.addr(),
                talk: Talk::Mqtt,
                agrees: true,
            };
            matrix(&served, client.as_ref(), suites_for(kind));
        });
    }
}

/// It has no RSA key exchange, and ignores the fragment length.
#[test]
fn rustls_serves_every_suite_key_trust_and_client() {
    for kind in KINDS {
        with_every_client(|client| {
            let chain = pki::selfsigned(kind);
            let mut config = RustlsConfig::new(&chain).max_fragment(900);
            if let Some(owner) = &client {
                config = config.require_certificate(owner.root);
            }
            let server = RustlsServer::start(&config).unwrap();
            let served = Served {
                chain: &chain,
                address: server.addr(),
                talk: Talk::Echoed,
                agrees: false,
            };
            let mut suites = suites_for(kind).to_vec();
            suites.retain(|&suite| suite != Suite::RSA_WITH_AES_128_GCM_SHA256);
            matrix(&served, client.as_ref(), &suites);
            if let Some(owner) = &client {
                let mut leaf = vec![0; 4096];
                let leaf = owner.identity.certificate(0, &mut leaf).unwrap();
                let seen = server.connections(1).remove(0);
                assert_eq!(seen.client_certificate.as_deref(), Some(leaf));
            }
        });
    }
}

#[test]
fn every_fragment_length_is_agreed_on_with_openssl() {
    let chain = pki::simple(KeyKind::P256);
    let server =
        OpensslServer::start(&OpensslConfig::new(&chain).service(Service::ReverseLines)).unwrap();
    let trust = Trust::learn();
    let mut device: Device<4096, 512> = Device::new();
    for length in FragmentLength::ALL {
        let config = Config::new(&chain.host, &trust).fragment_length(Some(length));
        let stream = device.connect(server.addr(), &config).unwrap();
        assert_eq!(
            stream.connection().negotiated().fragment_length,
            Some(length)
        );
    }
}

#[test]
fn a_client_may_send_a_chain_of_three_certificates() {
    use bearcub_lab::pki::{Authority, KeyPair, Name, Template};
    let key = |name| KeyPair::shared(KeyKind::P256, name);
    let authority = |name| Template::authority(Name::cn(name), None);
    let root = Authority::root(&authority("Fleet Root"), key("fleet root"));
    let region = root.intermediate(&authority("Fleet Region"), key("fleet region"));
    let site = region.intermediate(&authority("Fleet Site"), key("fleet site"));
    let own = key("fleet device");
    let leaf = site.issue(&Template::device(Name::cn("device-3")), &own);
    let certificates: [&[u8]; 3] = [&leaf, &site.certificate, &region.certificate];
    let identity = Identity::new(&certificates, EcKey::from_der(own.pkcs8_der()).unwrap()).unwrap();
    let chain = pki::selfsigned(KeyKind::P256);
    let server = MosquittoConfig::tls(&chain)
        .require_certificate(&root.certificate)
        .identity_as_username();
    let server = Mosquitto::start(&server).unwrap();
    let trust = Trust::learn();
    let config = Config::new(&chain.host, &trust).identity(&identity);
    let suite = Suite::ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    let fragment_length = Some(FragmentLength::B1024);
    let expected = Expected {
        suite,
        resumed: false,
        fragment_length,
        certificate_requested: true,
    };
    let mut device: Device = Device::new();
    check(&mut device, server.addr(), &config, Talk::Mqtt, expected);
    assert!(
        server.wait_for_log("u'device-3'", std::time::Duration::from_secs(10)),
        "{}",
        server.log()
    );
}

#[test]
fn a_server_that_only_asks_is_content_without_a_certificate() {
    let chain = pki::simple(KeyKind::P256);
    let config = OpensslConfig::new(&chain)
        .service(Service::ReverseLines)
        .request_certificate(chain.root());
    let server = OpensslServer::start(&config).unwrap();
    let trust = Trust::learn();
    let mut device: Device = Device::new();
    let stream = device
        .connect(server.addr(), &Config::new(&chain.host, &trust))
        .unwrap();
    assert!(stream.connection().negotiated().certificate_requested);
}

#[test]
fn the_chains_of_aws_and_lets_encrypt_are_validated_up_to_each_of_their_anchors() {
    for chain in [pki::aws(), pki::letsencrypt_rsa(), pki::letsencrypt_ecdsa()] {
        let server =
            OpensslServer::start(&OpensslConfig::new(&chain).service(Service::ReverseLines))
                .unwrap();
        for root in &chain.roots {
            let anchors = [bearcub::trust::TrustAnchor::from_certificate(root).unwrap()];
            let bare = [bearcub::trust::TrustAnchor::bare(anchors[0].key)];
            for anchors in [&anchors, &bare] {
                let trust = Trust::anchors(anchors, clock());
                let mut device: Device = Device::new();
                let stream = device.connect(server.addr(), &Config::new(&chain.host, &trust));
                stream
                    .unwrap_or_else(|error| panic!("{}: {error}", chain.host))
                    .close()
                    .unwrap();
            }
        }
    }
}

#[test]
fn alpn_names_the_protocol_that_the_server_chose() {
    let chain = pki::simple(KeyKind::P256);
    let config = OpensslConfig::new(&chain)
        .service(Service::ReverseLines)
        .alpn("x-amzn-mqtt-ca");
    let server = OpensslServer::start(&config).unwrap();
    let trust = Trust::learn();
    let mut device: Device = Device::new();
    let config = Config::new(&chain.host, &trust).alpn(&[c"mqtt", c"x-amzn-mqtt-ca"]);
    let stream = device.connect(server.addr(), &config).unwrap();
    assert_eq!(stream.connection().negotiated().alpn, Some(1));
    drop(stream);
    let stream = device
        .connect(server.addr(), &Config::new(&chain.host, &trust))
        .unwrap();
    assert_eq!(stream.connection().negotiated().alpn, None);
}

#[test]
fn a_server_gets_the_name_but_never_an_address() {
    let chain = pki::simple(KeyKind::P256);
    let server = RustlsServer::start(&RustlsConfig::new(&chain)).unwrap();
    let anchors = [anchor(&chain)];
    let trust = Trust::anchors(&anchors, clock());
    let mut device: Device = Device::new();
    for name in ["localhost", "127.0.0.1"] {
        device
            .connect(server.addr(), &Config::new(name, &trust))
            .unwrap()
            .close()
            .unwrap();
    }
    let names: Vec<_> = server
        .connections(2)
        .into_iter()
        .map(|connection| connection.server_name)
        .collect();
    assert!(
        names.contains(&Some("localhost".into())) && names.contains(&None),
        "{names:?}"
    );
}

#[test]
fn the_key_exchange_uses_the_group_that_both_sides_know() {
    let (p256, p384, x25519) = (23, 24, 29);
    let chain = pki::simple(KeyKind::Rsa2048);
    let trust = Trust::learn();
    let suites = [Suite::ECDHE_RSA_WITH_AES_128_GCM_SHA256];
    let mut device: Device = Device::new();
    for (servers, ours, expected) in [
        ("P-256", Groups::P256, Some(p256)),
        ("P-256", Groups::X25519_P256, Some(p256)),
        ("P-256", Groups::X25519, None),
        ("P-384", Groups::X25519_P256_P384, Some(p384)),
        ("P-384", Groups::X25519_P256, None),
        ("X25519", Groups::X25519, Some(x25519)),
        ("X25519", Groups::X25519_P256, Some(x25519)),
        ("X25519", Groups::P256, None),
    ] {
        let server = OpensslConfig::new(&chain)
            .service(Service::ReverseLines)
            .groups(servers);
        let server = OpensslServer::start(&server).unwrap();
        let algorithms = Algorithms {
            suites: &suites,
            groups: ours,
        };
        let config = Config::with_algorithms(&chain.host, &trust, algorithms);
        let got = device
            .connect(server.addr(), &config)
            .map(|stream| stream.connection().negotiated().group);
        let refused = bearcub::error::PeerError::AlertReceived(40).into();
        assert_eq!(
            got.map_err(|error| (error, expected)),
            expected.map(Some).ok_or((refused, expected)),
            "{servers}, {ours:?}"
        );
    }
}
