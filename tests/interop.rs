//! Handshakes with real servers: Mosquitto, OpenSSL and rustls on loopback.

mod support;

use bearcub::identity::{EcKey, Identity, RsaKey};
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

/// Each suite, with and without a fragment length, full and resumed, under each trust.
fn matrix(chain: &Chain, server: SocketAddr, talk: Talk, agrees: bool, suites: &[Suite]) {
    let mut device: Device = Device::new();
    let mut large: Device<16384, 16384> = Device::new();
    for &suite in suites {
        let suites = [suite];
        let algorithms = Algorithms {
            suites: &suites,
            groups: Groups::X25519_P256_P384,
        };
        with_every_trust(chain, |_, trust| {
            let config = Config::with_algorithms(&chain.host, trust, algorithms);
            let fragment_length = agrees.then_some(FragmentLength::B1024);
            let mut expected = Expected {
                suite,
                resumed: false,
                fragment_length,
                certificate_requested: false,
            };
            let (session, learned) = check(&mut device, server, &config, talk, expected);
            if let Some(pin) = learned {
                assert!(pin.matches(&PublicKey::from_spki(chain.key.spki_der()).unwrap()));
            }
            expected.resumed = true;
            check(
                &mut device,
                server,
                &config.resume(session.as_ref()),
                talk,
                expected,
            );
            expected = Expected {
                resumed: false,
                fragment_length: None,
                ..expected
            };
            check(&mut large, server, &config, talk, expected);
            check(
                &mut large,
                server,
                &config.fragment_length(None),
                talk,
                expected,
            );
        });
    }
}

#[test]
fn openssl_serves_every_suite_key_and_trust() {
    for kind in KINDS {
        let chain = pki::simple(kind);
        let config = OpensslConfig::new(&chain).service(Service::ReverseLines);
        let server = OpensslServer::start(&config).unwrap();
        matrix(
            &chain,
            server.addr(),
            Talk::Reversed,
            true,
            suites_for(kind),
        );
    }
}

#[test]
fn mosquitto_serves_every_suite_key_and_trust() {
    for kind in KINDS {
        let chain = pki::simple(kind);
        let server = Mosquitto::start(&MosquittoConfig::tls(&chain)).unwrap();
        matrix(&chain, server.addr(), Talk::Mqtt, true, suites_for(kind));
    }
}

#[test]
fn rustls_serves_every_suite_and_ignores_the_fragment_length() {
    for kind in KINDS {
        let chain = pki::simple(kind);
        let server = RustlsServer::start(&RustlsConfig::new(&chain).max_fragment(900)).unwrap();
        let suites: Vec<Suite> = suites_for(kind)
            .iter()
            .copied()
            .filter(|&suite| suite != Suite::RSA_WITH_AES_128_GCM_SHA256)
            .collect();
        matrix(&chain, server.addr(), Talk::Echoed, false, &suites);
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
fn client_certificates_work_with_every_server_and_key() {
    let device_ec = pki::device(KeyKind::P256);
    let device_rsa = pki::device(KeyKind::Rsa2048);
    let ec_chain: Vec<&[u8]> = device_ec.certificates.iter().map(Vec::as_slice).collect();
    let rsa_chain: Vec<&[u8]> = device_rsa.certificates.iter().map(Vec::as_slice).collect();
    let ec = Identity::new(
        &ec_chain,
        EcKey::from_der(device_ec.key.pkcs8_der()).unwrap(),
    )
    .unwrap();
    let rsa = Identity::new(
        &rsa_chain,
        RsaKey::from_der(device_rsa.key.pkcs8_der()).unwrap(),
    )
    .unwrap();
    for kind in KINDS {
        let chain = pki::selfsigned(kind);
        let anchors = [anchor(&chain)];
        let pins = [Pin::sha256_of(
            &PublicKey::from_spki(chain.key.spki_der()).unwrap(),
        )];
        let policies: [&dyn Verify; 2] = [
            &Trust::anchors(&anchors, clock()),
            &Trust::fingerprints(&pins),
        ];
        for (with_rsa, root) in [(false, device_ec.root()), (true, device_rsa.root())] {
            let openssl = OpensslConfig::new(&chain)
                .service(Service::ReverseLines)
                .require_certificate(root);
            let openssl = OpensslServer::start(&openssl).unwrap();
            let mosquitto = MosquittoConfig::tls(&chain)
                .require_certificate(root)
                .identity_as_username();
            let mosquitto = Mosquitto::start(&mosquitto).unwrap();
            for &suite in suites_for(kind) {
                let suites = [suite];
                let algorithms = Algorithms {
                    suites: &suites,
                    groups: Groups::X25519_P256_P384,
                };
                for trust in policies {
                    let plain = Config::with_algorithms(&chain.host, trust, algorithms);
                    let config = if with_rsa {
                        plain.identity(&rsa)
                    } else {
                        plain.identity(&ec)
                    };
                    for (server, talk) in [
                        (openssl.addr(), Talk::Reversed),
                        (mosquitto.addr(), Talk::Mqtt),
                    ] {
                        let mut device: Device = Device::new();
                        for fragment_length in [Some(FragmentLength::B1024), None] {
                            let config = config.fragment_length(fragment_length);
                            let expected = Expected {
                                suite,
                                resumed: false,
                                fragment_length,
                                certificate_requested: true,
                            };
                            let (session, _) = check(&mut device, server, &config, talk, expected);
                            let resumed = Expected {
                                resumed: true,
                                certificate_requested: false,
                                ..expected
                            };
                            check(
                                &mut device,
                                server,
                                &config.resume(session.as_ref()),
                                talk,
                                resumed,
                            );
                        }
                    }
                }
            }
        }
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

#[test]
fn a_server_that_knows_no_fragment_length_gets_the_clients_certificate_too() {
    for kind in [KeyKind::P256, KeyKind::Rsa2048] {
        let owner = pki::device(kind);
        let certificates: Vec<&[u8]> = owner.certificates.iter().map(Vec::as_slice).collect();
        let key = bearcub::identity::PrivateKey::from_der(owner.key.pkcs8_der()).unwrap();
        let identity = Identity::new(&certificates, key).unwrap();
        for server_kind in KINDS {
            let chain = pki::simple(server_kind);
            let server = RustlsConfig::new(&chain).require_certificate(owner.root());
            let server = RustlsServer::start(&server.max_fragment(900)).unwrap();
            let trust = Trust::learn();
            let mut device: Device = Device::new();
            let config = Config::new(&chain.host, &trust).identity(&identity);
            let expected = Expected {
                suite: suites_for(server_kind)[0],
                resumed: false,
                fragment_length: None,
                certificate_requested: true,
            };
            check(&mut device, server.addr(), &config, Talk::Echoed, expected);
            let seen = server.connections(1).remove(0);
            assert_eq!(seen.client_certificate.as_deref(), Some(owner.leaf()));
        }
    }
}
