//! What a connection must not become: each refusal with its exact error.

mod support;

use bearcub::Error;
use bearcub::clock::{Clock, Time};
use bearcub::error::{
    CertificateError, ConfigError, Fault as Malformation, Input, Memory, NetworkError, PeerError,
    ProtocolError, ResourceError,
};
use bearcub::identity::{EcKey, Identity, PrivateKey, Source, SourceError};
use bearcub::tls::{
    self, Algorithms, Config, Context, FragmentLength, Groups, Parts, Scratch, Storage, Suite,
    Verify,
};
use bearcub::trust::{Pin, PublicKey, Trust, TrustAnchor};
use bearcub_lab::pki::{self, Chain, Fault, KeyKind};
use bearcub_lab::server::{
    Ending, OpensslConfig, OpensslServer, RustlsConfig, RustlsServer, Service,
};
use embedded_io::{Read, Write};
use std::time::Duration;
use support::{Device, Seeded, anchor, clock, now};

fn certificate(error: CertificateError) -> Error {
    PeerError::Certificate(error).into()
}

/// A server on OpenSSL that serves anything, however weak.
fn serve(chain: &Chain) -> OpensslServer {
    OpensslServer::start(
        &OpensslConfig::new(chain)
            .service(Service::ReverseLines)
            .security_level(0),
    )
    .unwrap()
}

/// Connects with CA validation and returns the error.
fn validated(
    server: &OpensslServer,
    name: &str,
    anchors: &[TrustAnchor<'_>],
    clock: Clock,
) -> Option<Error> {
    let trust = Trust::anchors(anchors, clock);
    refused(server, &Config::new(name, &trust))
}

fn refused(server: &OpensslServer, config: &Config<'_>) -> Option<Error> {
    let mut device: Device = Device::new();
    device.connect(server.addr(), config).err()
}

#[test]
fn every_faulty_chain_is_refused_for_its_own_reason() {
    use CertificateError::*;
    for fault in Fault::ALL {
        let expected = match fault {
            Fault::Expired | Fault::ExpiredIntermediate => Some(Expired),
            Fault::NotYetValid => Some(NotYetValid),
            Fault::WrongName
            | Fault::WildcardTooDeep
            | Fault::WildcardApex
            | Fault::IpAddressOnly => Some(BadServerName),
            // Firmware still meets such certificates; the common name counts where there is no subjectAltName.
            Fault::CommonNameOnly => None,
            Fault::UnknownAuthority
            | Fault::ImpostorAuthority
            | Fault::RenamedAuthority
            | Fault::ForgedLeaf
            | Fault::ForgedIntermediate
            | Fault::MissingIntermediate => Some(NotTrusted),
            Fault::BadSignature => Some(BadSignature),
            Fault::IssuerWithoutBasicConstraints | Fault::PathLengthExceeded => Some(NotCa),
            // The leaf that issued has a keyUsage too, and it is looked at first.
            Fault::MissingKeyCertSign | Fault::IssuedByLeaf => Some(ForbiddenKeyUsage),
            Fault::WeakKey => Some(WeakPublicKey),
            Fault::Sha1Signature => Some(Unsupported),
            Fault::ClientAuthOnly => Some(WrongExtendedKeyUsage),
            Fault::UnknownCriticalExtension => Some(CriticalExtension),
        };
        for kind in [KeyKind::Rsa2048, KeyKind::P256] {
            let chain = pki::faulty(fault, kind);
            let got = validated(&serve(&chain), &chain.host, &[anchor(&chain)], clock());
            assert_eq!(got, expected.map(certificate), "{fault:?}, {kind:?}");
        }
    }
}

#[test]
fn a_weak_key_is_refused_whatever_the_trust() {
    let chain = pki::faulty(Fault::WeakKey, KeyKind::Rsa2048);
    let server = serve(&chain);
    let pins = [Pin::sha256_of(
        &PublicKey::from_spki(chain.key.spki_der()).unwrap(),
    )];
    let pinned = Trust::fingerprints(&pins);
    let policies: [&dyn Verify; 3] = [&pinned, &Trust::learn(), &Trust::accept_anyone_insecurely()];
    for trust in policies {
        let got = refused(&server, &Config::new(&chain.host, trust));
        assert_eq!(got, Some(certificate(CertificateError::WeakPublicKey)));
    }
}

#[test]
fn an_address_is_matched_against_addresses_only() {
    let chain = pki::faulty(Fault::IpAddressOnly, KeyKind::P256);
    let server = serve(&chain);
    let anchors = [anchor(&chain)];
    assert_eq!(validated(&server, "127.0.0.1", &anchors, clock()), None);
    for other in ["127.0.0.2", "::1", "localhost"] {
        let got = validated(&server, other, &anchors, clock());
        assert_eq!(
            got,
            Some(certificate(CertificateError::BadServerName)),
            "{other}"
        );
    }
}

#[test]
fn a_wildcard_stands_for_the_leftmost_label() {
    let chain = pki::simple(KeyKind::P256);
    let server = serve(&chain);
    let anchors = [anchor(&chain)];
    assert_eq!(
        validated(&server, "mqtt.wild.test", &anchors, clock()),
        None
    );
    assert_eq!(validated(&server, "BROKER.test", &anchors, clock()), None);
    for wrong in [
        "a.b.wild.test",
        "wild.test",
        "broker.test.evil.test",
        "xbroker.test",
    ] {
        let got = validated(&server, wrong, &anchors, clock());
        assert_eq!(
            got,
            Some(certificate(CertificateError::BadServerName)),
            "{wrong}"
        );
    }
}

#[test]
fn a_clock_that_is_not_set_early_or_late_are_four_errors() {
    let chain = pki::simple(KeyKind::P256);
    let server = serve(&chain);
    let anchors = [anchor(&chain)];
    let at = |year| Clock::at(Time::from_civil(year, 6, 1, 0, 0, 0).unwrap());
    let check = |clock| validated(&server, &chain.host, &anchors, clock);
    assert_eq!(
        check(Clock::not_set()),
        Some(ConfigError::ClockNotSet.into())
    );
    assert_eq!(
        check(at(2024).not_before(now())),
        Some(ConfigError::ClockBeforeFloor.into())
    );
    assert_eq!(
        check(at(2024)),
        Some(certificate(CertificateError::NotYetValid))
    );
    assert_eq!(
        check(at(2036)),
        Some(certificate(CertificateError::Expired))
    );
    assert_eq!(check(at(2026).not_before(at(2025).now().unwrap())), None);
}

#[test]
fn a_wrong_pin_is_a_fingerprint_mismatch_and_the_server_is_told() {
    let chain = pki::simple(KeyKind::Rsa2048);
    let server = serve(&chain);
    let pins = [Pin::Sha256([7; 32]), Pin::Sha1([9; 20])];
    let anchors = [anchor(&chain)];
    let pinned = Trust::fingerprints(&pins);
    let both = Trust::anchors(&anchors, clock()).and_pin(&pins);
    let policies: [&dyn Verify; 2] = [&pinned, &both];
    for trust in policies {
        let got = refused(&server, &Config::new(&chain.host, trust));
        assert_eq!(got, Some(PeerError::FingerprintMismatch.into()));
    }
    assert!(
        server.wait_for_log("alert bad certificate", Duration::from_secs(10)),
        "{}",
        server.log()
    );
}

#[test]
fn a_right_pin_does_not_make_up_for_an_unknown_authority() {
    let chain = pki::faulty(Fault::UnknownAuthority, KeyKind::P256);
    let server = serve(&chain);
    let pins = [Pin::sha256_of(
        &PublicKey::from_spki(chain.key.spki_der()).unwrap(),
    )];
    let anchors = [anchor(&chain)];
    let trust = Trust::anchors(&anchors, clock()).and_pin(&pins);
    let got = refused(&server, &Config::new(&chain.host, &trust));
    assert_eq!(got, Some(certificate(CertificateError::NotTrusted)));
    assert!(
        server.wait_for_log("alert unknown ca", Duration::from_secs(10)),
        "{}",
        server.log()
    );
}

#[test]
fn an_anchor_that_is_no_authority_is_the_servers_own_key_and_signs_nobody() {
    let chain = pki::simple(KeyKind::P256);
    let server = serve(&chain);
    let leaf_key = PublicKey::from_spki(chain.key.spki_der()).unwrap();
    let root = anchor(&chain);
    let own = TrustAnchor {
        subject: &[],
        key: leaf_key,
        is_ca: false,
    };
    assert_eq!(validated(&server, &chain.host, &[own], clock()), None);
    let got = validated(&server, "other.test", &[own], clock());
    assert_eq!(got, Some(certificate(CertificateError::BadServerName)));
    let demoted = TrustAnchor {
        is_ca: false,
        ..root
    };
    let got = validated(&server, &chain.host, &[demoted], clock());
    assert_eq!(got, Some(certificate(CertificateError::NotTrusted)));
}

/// The same certificate with one bit of its serial number changed: what was signed is something else now.
fn altered(certificate: &[u8]) -> Vec<u8> {
    // SEQUENCE, SEQUENCE, [0] version, INTEGER: the serial number begins at byte 15.
    assert_eq!((certificate[8], certificate[13]), (0xa0, 2));
    let mut altered = certificate.to_vec();
    altered[16] ^= 1;
    altered
}

#[test]
fn what_was_signed_cannot_be_altered_under_an_intermediate_or_the_anchor_itself() {
    // The leaf, the one certificate below the anchor.
    for kind in [
        KeyKind::Rsa2048,
        KeyKind::Rsa4096,
        KeyKind::P256,
        KeyKind::P384,
    ] {
        let mut chain = (*pki::simple(kind)).clone();
        chain.certificates[0] = altered(&chain.certificates[0]);
        let got = validated(&serve(&chain), &chain.host, &[anchor(&chain)], clock());
        assert_eq!(
            got,
            Some(certificate(CertificateError::NotTrusted)),
            "{kind:?}"
        );
    }
    // Each certificate of a longer chain: below the leaf's issuer BearSSL checks, at the anchor we do.
    for chain in [pki::aws(), pki::letsencrypt_rsa(), pki::letsencrypt_ecdsa()] {
        for number in 0..2 {
            let mut chain = (*chain).clone();
            chain.certificates[number] = altered(&chain.certificates[number]);
            let issuer = TrustAnchor::from_certificate(&chain.certificates[1]).unwrap();
            // The altered intermediate cannot be its own proof; for the leaf it is the anchor.
            let anchors = if number == 0 {
                [issuer]
            } else {
                [anchor(&chain)]
            };
            let got = validated(&serve(&chain), &chain.host, &anchors, clock());
            assert!(
                matches!(
                    got,
                    Some(Error::Peer(PeerError::Certificate(
                        CertificateError::NotTrusted | CertificateError::BadSignature
                    )))
                ),
                "{}, certificate {number}: {got:?}",
                chain.host
            );
        }
    }
}

#[test]
fn an_anchor_signs_under_its_own_name_only() {
    for chain in [pki::simple(KeyKind::P256), pki::simple(KeyKind::Rsa2048)] {
        let root = anchor(&chain);
        let mut other_name = root.subject.to_vec();
        *other_name.last_mut().unwrap() ^= 1;
        let renamed = TrustAnchor {
            subject: &other_name,
            ..root
        };
        let server = serve(&chain);
        let got = validated(&server, &chain.host, &[renamed], clock());
        assert_eq!(got, Some(certificate(CertificateError::NotTrusted)));
        assert_eq!(
            validated(&server, &chain.host, &[renamed, root], clock()),
            None
        );
    }
}

#[test]
fn a_key_that_is_no_authoritys_is_accepted_as_the_servers_own_only() {
    let chain = pki::aws();
    let server = serve(&chain);
    let issuer = TrustAnchor::from_certificate(&chain.certificates[1]).unwrap();
    assert_eq!(validated(&server, &chain.host, &[issuer], clock()), None);
    // The key of a certificate further up, and the right name with it, but no authority.
    for subject in [issuer.subject, &[]] {
        let demoted = TrustAnchor {
            subject,
            is_ca: false,
            ..issuer
        };
        let got = validated(&server, &chain.host, &[demoted], clock());
        assert_eq!(got, Some(certificate(CertificateError::NotTrusted)));
    }
    // The server's own key under another name.
    let own = TrustAnchor {
        subject: issuer.subject,
        key: PublicKey::from_spki(chain.key.spki_der()).unwrap(),
        is_ca: false,
    };
    let got = validated(&server, &chain.host, &[own], clock());
    assert_eq!(got, Some(certificate(CertificateError::NotTrusted)));
}

#[test]
fn the_servers_own_key_is_trusted_under_its_own_name_and_in_the_first_certificate_only() {
    // The fault plays no part: no anchor here is the root. What matters is that an intermediate is sent.
    for kind in [KeyKind::Rsa2048, KeyKind::P256] {
        let chain = pki::faulty(Fault::UnknownAuthority, kind);
        let server = serve(&chain);
        let subject = pki::Name::cn("localhost").to_der();
        let leaf = TrustAnchor {
            subject: &subject,
            key: PublicKey::from_spki(chain.key.spki_der()).unwrap(),
            is_ca: false,
        };
        let intermediate = TrustAnchor {
            is_ca: false,
            ..TrustAnchor::from_certificate(&chain.certificates[1]).unwrap()
        };
        assert_eq!(validated(&server, &chain.host, &[leaf], clock()), None);
        // The name is that of nobody in the chain, or of the second certificate; the key is that of the second one.
        let stranger = TrustAnchor {
            subject: anchor(&chain).subject,
            ..leaf
        };
        let issuers_name = TrustAnchor {
            subject: intermediate.subject,
            ..leaf
        };
        let issuers_key = TrustAnchor {
            subject: &[],
            ..intermediate
        };
        for wrong in [stranger, issuers_name, intermediate, issuers_key] {
            let got = validated(&server, &chain.host, &[wrong], clock());
            let expected = Some(certificate(CertificateError::NotTrusted));
            assert_eq!(got, expected, "{kind:?}, {wrong:?}");
        }
    }
}

#[test]
fn a_missing_client_certificate_is_the_servers_alert() {
    let chain = pki::simple(KeyKind::P256);
    let config = OpensslConfig::new(&chain)
        .service(Service::ReverseLines)
        .require_certificate(chain.root());
    let server = OpensslServer::start(&config).unwrap();
    let trust = Trust::learn();
    assert_eq!(
        refused(&server, &Config::new(&chain.host, &trust)),
        Some(PeerError::AlertReceived(40).into())
    );
}

#[test]
fn a_server_without_tls_12_answers_with_protocol_version() {
    let chain = pki::simple(KeyKind::P256);
    let config = OpensslConfig::new(&chain)
        .service(Service::ReverseLines)
        .tls13_only();
    let server = OpensslServer::start(&config).unwrap();
    let trust = Trust::learn();
    assert_eq!(
        refused(&server, &Config::new(&chain.host, &trust)),
        Some(PeerError::AlertReceived(70).into())
    );
}

#[test]
fn a_server_with_the_other_kind_of_key_answers_with_handshake_failure() {
    let chain = pki::simple(KeyKind::Rsa2048);
    let server = serve(&chain);
    let trust = Trust::learn();
    let suites = [Suite::ECDHE_ECDSA_WITH_AES_128_GCM_SHA256];
    let algorithms = Algorithms {
        suites: &suites,
        groups: Groups::P256,
    };
    let config = Config::with_algorithms(&chain.host, &trust, algorithms);
    assert_eq!(
        refused(&server, &config),
        Some(PeerError::AlertReceived(40).into())
    );
}

#[test]
fn a_server_without_our_alpn_name_answers_with_its_alert() {
    let chain = pki::simple(KeyKind::P256);
    let config = OpensslConfig::new(&chain)
        .service(Service::ReverseLines)
        .alpn("h2");
    let server = OpensslServer::start(&config).unwrap();
    let trust = Trust::learn();
    let got = refused(&server, &Config::new(&chain.host, &trust).alpn(&[c"mqtt"]));
    assert_eq!(got, Some(PeerError::AlertReceived(120).into()));
}

#[test]
fn what_does_not_speak_tls_is_an_unsupported_version() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.local_addr().unwrap();
    let http = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        stream
    });
    let trust = Trust::learn();
    let mut device: Device = Device::new();
    let got = device
        .connect(server, &Config::new("localhost", &trust))
        .err();
    assert_eq!(
        got,
        Some(PeerError::Protocol(ProtocolError::UnsupportedVersion).into())
    );
    http.join().unwrap();
}

#[test]
fn a_record_larger_than_the_buffer_names_both_sizes() {
    let chain = pki::simple(KeyKind::P256);
    let server = RustlsServer::start(&RustlsConfig::new(&chain).greeting(&[b'x'; 5000])).unwrap();
    let trust = Trust::learn();
    let mut device: Device = Device::new();
    let mut stream = device
        .connect(server.addr(), &Config::new(&chain.host, &trust))
        .unwrap();
    let got = stream.read(&mut [0; 10]).unwrap_err();
    assert_eq!(
        got,
        PeerError::RecordTooLarge {
            record: 5000 + 29,
            buffer: 1058
        }
        .into()
    );
}

#[test]
fn an_end_without_close_notify_is_a_truncation_and_one_with_it_is_the_end() {
    let chain = pki::simple(KeyKind::P256);
    let trust = Trust::learn();
    for (ending, end) in [
        (Ending::Cut, Err(NetworkError::Truncated.into())),
        (Ending::CloseNotify, Ok(0)),
    ] {
        let config = RustlsConfig::new(&chain)
            .max_fragment(900)
            .end_after(5, ending);
        let server = RustlsServer::start(&config).unwrap();
        let mut device: Device = Device::new();
        let mut stream = device
            .connect(server.addr(), &Config::new(&chain.host, &trust))
            .unwrap();
        stream.write_all(b"hello").unwrap();
        stream.flush().unwrap();
        let mut got = [0; 5];
        stream.read_exact(&mut got).unwrap();
        assert_eq!(&got, b"hello");
        assert_eq!(stream.read(&mut got), end);
        assert_eq!(stream.read(&mut got), end);
    }
}

#[test]
fn a_server_that_wants_to_renegotiate_is_refused() {
    let chain = pki::simple(KeyKind::P256);
    let config = OpensslConfig::new(&chain).service(Service::Terminal);
    let mut server = OpensslServer::start(&config).unwrap();
    let trust = Trust::learn();
    let mut device: Device = Device::new();
    let mut stream = device
        .connect(server.addr(), &Config::new(&chain.host, &trust))
        .unwrap();
    server.order("before").unwrap();
    let mut got = [0; 7];
    stream.read_exact(&mut got).unwrap();
    assert_eq!(&got, b"before\n");
    server.order("r").unwrap();
    // OpenSSL answers our warning no_renegotiation with the fatal alert handshake_failure.
    assert_eq!(
        stream.read(&mut got),
        Err(PeerError::AlertReceived(40).into())
    );
    assert!(
        server.wait_for_log("no renegotiation", Duration::from_secs(10)),
        "{}",
        server.log()
    );
}

#[test]
fn a_session_of_another_server_or_trust_is_foreign() {
    let chain = pki::simple(KeyKind::P256);
    let server = serve(&chain);
    let trust = Trust::learn();
    let anchors = [anchor(&chain)];
    let validated = Trust::anchors(&anchors, clock());
    let mut device: Device = Device::new();
    let stream = device
        .connect(server.addr(), &Config::new("localhost", &trust))
        .unwrap();
    let session = stream.connection().session().unwrap();
    drop(stream);
    let foreign = Some(ConfigError::ForeignSession.into());
    let resume = Some(&session);
    assert_eq!(
        refused(&server, &Config::new("broker.test", &trust).resume(resume)),
        foreign
    );
    assert_eq!(
        refused(
            &server,
            &Config::new("localhost", &validated).resume(resume)
        ),
        foreign
    );
    let suites = [Suite::ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256];
    let others = Algorithms {
        suites: &suites,
        groups: Groups::P256,
    };
    let config = Config::with_algorithms("localhost", &trust, others).resume(resume);
    assert_eq!(refused(&server, &config), foreign);
    assert_eq!(
        refused(&server, &Config::new("LocalHost", &trust).resume(resume)),
        None
    );
}

#[test]
fn a_forgotten_session_becomes_a_full_handshake() {
    let chain = pki::simple(KeyKind::P256);
    let trust = Trust::learn();
    let config = Config::new(&chain.host, &trust);
    let first = serve(&chain);
    let mut device: Device = Device::new();
    let session = device
        .connect(first.addr(), &config)
        .unwrap()
        .connection()
        .session();
    let second = serve(&chain);
    let stream = device
        .connect(second.addr(), &config.resume(session.as_ref()))
        .unwrap();
    assert!(!stream.connection().negotiated().resumed);
    assert!(stream.connection().learned().is_some());
}

/// A transport that must not be touched.
struct Untouched;

impl embedded_io::ErrorType for Untouched {
    type Error = std::io::Error;
}
impl Read for Untouched {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        panic!("read before the configuration was checked");
    }
}
impl Write for Untouched {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        panic!("written before the configuration was checked");
    }
    fn flush(&mut self) -> std::io::Result<()> {
        panic!("flushed before the configuration was checked");
    }
}

/// Why a connection does not even begin.
fn unbegun<'s>(parts: impl Into<Parts<'s>>, scratch: &mut [u8], config: &Config<'_>) -> Error {
    match tls::connect(Untouched, parts, scratch, config, &mut Seeded(1)) {
        Ok(_) => panic!("it began"),
        Err(error) => error,
    }
}

#[test]
fn memory_that_is_too_small_is_found_before_the_first_byte_with_the_size_it_needs() {
    let trust = Trust::learn();
    let config = Config::new("localhost", &trust);
    let mut context = Context::new();
    let mut scratch = [0; Scratch::FINGERPRINTS];
    let too_small = |memory, needed, given| {
        Error::from(ConfigError::MemoryTooSmall {
            memory,
            needed,
            given,
        })
    };

    let mut with = |input: usize, output: usize, config: &Config<'_>| {
        let (mut input, mut output) = (vec![0; input], vec![0; output]);
        let (mut input, mut output) = (&mut input[..], &mut output[..]);
        unbegun(
            Parts::new(&mut context, &mut input, &mut output),
            &mut scratch,
            config,
        )
    };
    assert_eq!(with(545, 546, &config), too_small(Memory::Input, 546, 545));
    assert_eq!(with(546, 545, &config), too_small(Memory::Output, 546, 545));
    let asked = config.fragment_length(Some(FragmentLength::B2048));
    assert_eq!(
        with(1058, 546, &asked),
        too_small(Memory::Input, 2082, 1058)
    );
    let mut shared = [0; 100];
    let parts = Parts::shared(&mut context, &mut shared);
    assert_eq!(
        unbegun(parts, &mut scratch, &config),
        too_small(Memory::Input, 546, 100)
    );

    let mut storage: Storage<512, 512> = Storage::new();
    let short = Scratch::FINGERPRINTS - 1;
    let got = unbegun(&mut storage, &mut scratch[..short], &config);
    assert_eq!(
        got,
        too_small(Memory::Scratch, Scratch::FINGERPRINTS, short)
    );
    let chain = pki::simple(KeyKind::P256);
    let anchors = [anchor(&chain)];
    let validated = Trust::anchors(&anchors, clock());
    let got = unbegun(
        &mut storage,
        &mut scratch,
        &Config::new("localhost", &validated),
    );
    assert_eq!(
        got,
        too_small(Memory::Scratch, Scratch::ANCHORS, Scratch::FINGERPRINTS)
    );
}

#[test]
fn a_configuration_that_cannot_work_is_found_before_the_first_byte() {
    let mut storage: Storage<512, 512> = Storage::new();
    let mut scratch = [0; Scratch::ANCHORS];
    let learn = Trust::learn();
    let mut check = |config: &Config<'_>| unbegun(&mut storage, &mut scratch, config);
    assert_eq!(
        check(&Config::new("h", &Trust::fingerprints(&[]))),
        ConfigError::NothingTrusted.into()
    );
    assert_eq!(
        check(&Config::new("h", &Trust::anchors(&[], clock()))),
        ConfigError::NothingTrusted.into()
    );
    let none = Algorithms {
        suites: &[],
        groups: Groups::P256,
    };
    assert_eq!(
        check(&Config::with_algorithms("h", &learn, none)),
        ConfigError::CipherSuites.into()
    );
    let nine = [Suite::ECDHE_RSA_WITH_AES_128_GCM_SHA256; 9];
    let nine = Algorithms {
        suites: &nine,
        groups: Groups::P256,
    };
    assert_eq!(
        check(&Config::with_algorithms("h", &learn, nine)),
        ConfigError::CipherSuites.into()
    );
    let no_group = Algorithms {
        groups: Groups::NONE,
        ..Algorithms::DEFAULT
    };
    assert_eq!(
        check(&Config::with_algorithms("h", &learn, no_group)),
        ConfigError::CipherSuites.into()
    );
    assert_eq!(
        check(&Config::new("h", &learn).alpn(&[c"a"; 5])),
        ConfigError::Alpn.into()
    );
    assert_eq!(
        check(&Config::new("h", &learn).alpn(&[c""])),
        ConfigError::Alpn.into()
    );
    for name in ["", "a b", "höst", "x\0y", &"a".repeat(254)] {
        let got = check(&Config::new(name, &learn));
        assert!(
            matches!(
                got,
                Error::Config(ConfigError::Malformed {
                    input: Input::ServerName,
                    ..
                })
            ),
            "{name:?}: {got:?}"
        );
    }
    assert_ne!(Malformation::Truncated, Malformation::TooLong);
}

/// A source without entropy.
struct Dead;

impl rand_core::TryRng for Dead {
    type Error = std::io::Error;
    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Err(std::io::ErrorKind::Other.into())
    }
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Err(std::io::ErrorKind::Other.into())
    }
    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Self::Error> {
        Err(std::io::ErrorKind::Other.into())
    }
}
impl rand_core::TryCryptoRng for Dead {}

#[test]
fn without_entropy_there_is_no_connection() {
    let mut storage: Storage<512, 512> = Storage::new();
    let mut scratch = [0; Scratch::FINGERPRINTS];
    let trust = Trust::learn();
    let got = tls::connect(
        Untouched,
        &mut storage,
        &mut scratch,
        &Config::new("h", &trust),
        &mut Dead,
    )
    .err();
    assert_eq!(got, Some(ResourceError::NoEntropy.into()));
}

/// An identity that lies elsewhere, and may be broken.
struct Stored<'a> {
    chain: &'a Chain,
    key: Option<&'a [u8]>,
}

impl Source for Stored<'_> {
    fn certificates(&self) -> usize {
        1
    }
    fn certificate(&self, _: usize, into: &mut [u8]) -> Result<usize, SourceError> {
        copy(self.chain.leaf(), into)
    }
    fn private_key(&self, into: &mut [u8]) -> Result<usize, SourceError> {
        copy(self.key.ok_or(SourceError::Missing)?, into)
    }
}

fn copy(from: &[u8], into: &mut [u8]) -> Result<usize, SourceError> {
    let room = into
        .get_mut(..from.len())
        .ok_or(SourceError::BufferTooSmall { needed: from.len() })?;
    room.copy_from_slice(from);
    Ok(from.len())
}

#[test]
fn a_stored_identity_is_read_when_it_is_used_and_a_broken_one_says_what_is_wrong() {
    let chain = pki::selfsigned(KeyKind::P256);
    let owner = pki::device(KeyKind::P256);
    let config = OpensslConfig::new(&chain)
        .service(Service::ReverseLines)
        .require_certificate(owner.root());
    let server = OpensslServer::start(&config).unwrap();
    let trust = Trust::learn();
    let whole = Stored {
        chain: &owner,
        key: Some(owner.key.pkcs8_der()),
    };
    let identity = Identity::<PrivateKey<'_>>::stored(&whole).unwrap();
    assert_eq!(
        refused(
            &server,
            &Config::new(&chain.host, &trust).identity(&identity)
        ),
        None
    );
    let only_ec = Identity::<EcKey<'_>>::stored(&whole).unwrap();
    assert_eq!(
        refused(
            &server,
            &Config::new(&chain.host, &trust).identity(&only_ec)
        ),
        None
    );

    let missing = Stored {
        chain: &owner,
        key: None,
    };
    let identity = Identity::<EcKey<'_>>::stored(&missing).unwrap();
    let got = refused(
        &server,
        &Config::new(&chain.host, &trust).identity(&identity),
    );
    assert_eq!(got, Some(ConfigError::MissingPrivateKey.into()));

    let garbage = Stored {
        chain: &owner,
        key: Some(&[0x30, 3, 2, 1, 1]),
    };
    let identity = Identity::<EcKey<'_>>::stored(&garbage).unwrap();
    let got = refused(
        &server,
        &Config::new(&chain.host, &trust).identity(&identity),
    );
    assert!(
        matches!(
            got,
            Some(Error::Config(ConfigError::Malformed {
                input: Input::PrivateKey,
                ..
            }))
        ),
        "{got:?}"
    );

    // No room for a copy in the scratch: the size it needs is said.
    let identity = Identity::<EcKey<'_>>::stored(&whole).unwrap();
    let config = Config::new(&chain.host, &trust).identity(&identity);
    let mut device: Device = Device::new();
    device.scratch = vec![0; Scratch::FINGERPRINTS + 100];
    let got = device.connect(server.addr(), &config).err();
    assert!(
        matches!(got, Some(Error::Config(ConfigError::MemoryTooSmall { memory: Memory::Identity, needed, .. })) if needed > 100),
        "{got:?}"
    );
}

#[test]
fn a_client_certificate_of_a_stranger_is_the_servers_alert() {
    let chain = pki::simple(KeyKind::P256);
    let server = OpensslConfig::new(&chain)
        .service(Service::ReverseLines)
        .require_certificate(pki::device(KeyKind::Rsa2048).root());
    let server = OpensslServer::start(&server).unwrap();
    let stranger = pki::selfsigned(KeyKind::P256);
    let certificates = [stranger.leaf()];
    let key = EcKey::from_der(stranger.key.pkcs8_der()).unwrap();
    let identity = Identity::new(&certificates, key).unwrap();
    let trust = Trust::learn();
    let config = Config::new(&chain.host, &trust).identity(&identity);
    assert_eq!(
        refused(&server, &config),
        Some(PeerError::AlertReceived(48).into())
    );
}

#[test]
fn the_server_is_told_why_its_certificate_is_refused() {
    for (fault, words) in [
        (Fault::Expired, "alert certificate expired"),
        (Fault::NotYetValid, "alert certificate expired"),
        (Fault::UnknownAuthority, "alert unknown ca"),
        (Fault::WrongName, "alert bad certificate"),
        (Fault::Sha1Signature, "alert unsupported certificate"),
        (Fault::WeakKey, "alert insufficient security"),
    ] {
        let chain = pki::faulty(fault, KeyKind::Rsa2048);
        let server = serve(&chain);
        let got = validated(&server, &chain.host, &[anchor(&chain)], clock());
        assert!(got.is_some(), "{fault:?}");
        assert!(
            server.wait_for_log(words, Duration::from_secs(10)),
            "{fault:?}: {}",
            server.log()
        );
    }
}

#[test]
fn a_broken_identity_is_an_error_also_where_the_server_would_do_without() {
    let chain = pki::simple(KeyKind::P256);
    let owner = pki::device(KeyKind::P256);
    let config = OpensslConfig::new(&chain)
        .service(Service::ReverseLines)
        .request_certificate(owner.root());
    let server = OpensslServer::start(&config).unwrap();
    let trust = Trust::learn();
    let missing = Stored {
        chain: &owner,
        key: None,
    };
    let identity = Identity::<EcKey<'_>>::stored(&missing).unwrap();
    let config = Config::new(&chain.host, &trust).identity(&identity);
    assert_eq!(
        refused(&server, &config),
        Some(ConfigError::MissingPrivateKey.into())
    );
}
