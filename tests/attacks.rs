//! Attacks by name: each is tried as an attacker would, and ends in the error that says so.
//!
//! What a forged chain can do is in `refusals` and in the tests of names and dates; here are the ones on the connection:
//! the choice of algorithms, the key exchange, signatures, records, resumption.

mod support;

use std::sync::Arc;

use bearcub::Error;
use bearcub::error::{CertificateError, NetworkError, PeerError, ProtocolError};
use bearcub::tls::{self, Algorithms, Config, Groups, Scratch, Storage, Suite};
use bearcub::trust::{Pin, PublicKey, Trust, TrustAnchor};
use bearcub_lab::pki::{self, Authority, Chain, Hash, KeyKind, KeyPair, Name, Template};
use bearcub_lab::server::{OpensslConfig, OpensslServer, Service};
use embedded_io::{Read, Write};
use num_bigint::BigUint;
use support::forger::{self, Forgery, RENEGOTIATION_INFO};
use support::replay::{ANSWER, Playback, QUESTION, Recorded, record_talk};
use support::{Device, Seeded, clock};

fn protocol(error: ProtocolError) -> Option<Error> {
    Some(PeerError::Protocol(error).into())
}

fn pin(key: &KeyPair) -> Pin {
    Pin::sha256_of(&PublicKey::from_spki(key.spki_der()).unwrap())
}

/// The one that nothing is wrong with gets as far as a server without the private half can.
#[test]
fn an_honest_flight_is_answered() {
    let chain = pki::simple(KeyKind::Rsa2048);
    let pins = [pin(&chain.key)];
    let trust = Trust::fingerprints(&pins);
    let config = Config::new(&chain.host, &trust);
    assert_eq!(Forgery::of(&chain).against(&config), None);
}

#[test]
fn a_suite_that_was_not_offered_is_refused() {
    let chain = pki::simple(KeyKind::Rsa2048);
    let trust = Trust::learn();
    let config = Config::new(&chain.host, &trust);
    // AES-CBC, RC4, 3DES, NULL, export, anonymous, static RSA (only by name), TLS 1.3's, the renegotiation signal, none.
    let others = [
        0xC013, 0x0005, 0x000A, 0x0002, 0x0003, 0x0034, 0x009C, 0x1301, 0x00FF, 0x0000,
    ];
    for suite in others {
        let forgery = Forgery {
            suite,
            ..Forgery::of(&chain)
        };
        assert_eq!(
            forgery.against(&config),
            protocol(ProtocolError::BadCipherSuite),
            "{suite:#06x}"
        );
    }
}

#[test]
fn a_server_without_renegotiation_info_is_refused() {
    let chain = pki::simple(KeyKind::Rsa2048);
    let trust = Trust::learn();
    let config = Config::new(&chain.host, &trust);
    let with = |extensions: &[u8]| Forgery {
        extensions: extensions.to_vec(),
        ..Forgery::of(&chain)
    };
    let refused = protocol(ProtocolError::BadSecureRenegotiation);
    assert_eq!(with(&[]).against(&config), refused);
    // One that claims to continue an earlier handshake.
    assert_eq!(with(&[0xFF, 1, 0, 2, 1, 0xAA]).against(&config), refused);
}

#[test]
fn compression_is_refused() {
    let chain = pki::simple(KeyKind::Rsa2048);
    let trust = Trust::learn();
    let config = Config::new(&chain.host, &trust);
    let forgery = Forgery {
        compression: 1,
        ..Forgery::of(&chain)
    };
    assert_eq!(
        forgery.against(&config),
        protocol(ProtocolError::BadCompression)
    );
}

#[test]
fn an_extension_that_was_not_asked_for_is_refused() {
    let chain = pki::simple(KeyKind::Rsa2048);
    let trust = Trust::learn();
    let config = Config::new(&chain.host, &trust);
    for extra in [&[0, 15, 0, 1, 1][..], &[0, 35, 0, 0], &[0, 23, 0, 0]] {
        let forgery = Forgery {
            extensions: [&RENEGOTIATION_INFO[..], extra].concat(),
            ..Forgery::of(&chain)
        };
        assert_eq!(
            forgery.against(&config),
            protocol(ProtocolError::ExtraExtension),
            "{extra:?}"
        );
    }
}

/// A handshake that leaves out the message that proves something, or switches to encryption before there is a secret.
#[test]
fn messages_left_out_repeated_early_or_in_another_order_are_refused() {
    use forger::CHANGE_CIPHER_SPEC as SWITCH;
    let chain = pki::simple(KeyKind::Rsa2048);
    let trust = Trust::learn();
    let config = Config::new(&chain.host, &trust);
    let orders: [&[u8]; 16] = [
        &[11, 12, 14],
        &[2, 12, 14],
        &[2, 11, 14],
        &[2, 14],
        &[2, 2, 11, 12, 14],
        &[2, 11, 11, 12, 14],
        &[2, 11, 12, 12, 14],
        &[2, 12, 11, 14],
        &[SWITCH, 2, 11, 12, 14],
        &[2, SWITCH, 11, 12, 14],
        &[2, 11, SWITCH, 12, 14],
        &[2, 11, 12, SWITCH, 14],
        &[2, SWITCH, 20],
        &[2, 11, 12, 20],
        &[20],
        &[2, 11, 12, 1],
    ];
    for order in orders {
        let forgery = Forgery {
            order,
            ..Forgery::of(&chain)
        };
        let error = forgery.against(&config);
        assert!(
            matches!(error, Some(Error::Peer(PeerError::Protocol(_)))),
            "{order:?}: {error:?}"
        );
    }
    // Asking anew in the middle is ignored, as RFC 5246 section 7.4.1.1 has it, and leads nowhere.
    let forgery = Forgery {
        order: &[0, 2, 11, 12, 14],
        ..Forgery::of(&chain)
    };
    let error = forgery.against(&config);
    assert!(
        matches!(error, None | Some(Error::Peer(PeerError::Protocol(_)))),
        "{error:?}"
    );
}

/// A point beside the curve would give the attacker the client's key, piece by piece.
#[test]
fn a_point_that_is_not_on_the_curve_is_refused() {
    let chain = pki::simple(KeyKind::Rsa2048);
    let trust = Trust::learn();
    let config = Config::new(&chain.host, &trust);
    let mut beside = forger::P256_POINT;
    beside[64] ^= 1;
    let mut compressed = forger::P256_POINT;
    compressed[0] = 2;
    let too_large = [&[4][..], &[0xFF; 64]].concat();
    let (zero, infinity) = ([&[4][..], &[0; 64]].concat(), vec![0]);
    for point in [
        beside.to_vec(),
        compressed.to_vec(),
        too_large,
        zero,
        infinity,
        Vec::new(),
        forger::P256_POINT[..64].to_vec(),
    ] {
        let forgery = Forgery {
            point: point.clone(),
            ..Forgery::of(&chain)
        };
        let error = forgery.against(&config);
        assert!(
            matches!(error, Some(Error::Peer(PeerError::Protocol(_)))),
            "{point:x?}: {error:?}"
        );
    }
}

/// These make the shared secret zero whatever the client's key is.
#[test]
fn a_point_of_small_order_is_refused() {
    let chain = pki::simple(KeyKind::Rsa2048);
    let trust = Trust::learn();
    let suites = [Suite::ECDHE_RSA_WITH_AES_128_GCM_SHA256];
    let algorithms = Algorithms {
        suites: &suites,
        groups: Groups::X25519_P256,
    };
    let config = Config::with_algorithms(&chain.host, &trust, algorithms);
    let with = |point: [u8; 32]| {
        let forgery = Forgery {
            group: 29,
            point: point.to_vec(),
            ..Forgery::of(&chain)
        };
        forgery.against(&config)
    };
    let number = |low: u8, middle: u8, high: u8| {
        let mut point = [middle; 32];
        (point[0], point[31]) = (low, high);
        point
    };
    // An honest one is the base point, 9.
    assert_eq!(with(number(9, 0, 0)), None);
    // 0, 1, p - 1, p and p + 1, each also with the highest bit set, and the two points of order 8.
    let mut small: Vec<[u8; 32]> = Vec::new();
    for high in [0, 0x80] {
        small.extend([number(0, 0, high), number(1, 0, high)]);
        for low in [0xEC, 0xED, 0xEE] {
            small.push(number(low, 0xFF, 0x7F | high));
        }
    }
    for text in [
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    ] {
        let bytes = BigUint::parse_bytes(text.as_bytes(), 16)
            .unwrap()
            .to_bytes_be();
        small.push(bytes.try_into().unwrap());
    }
    for point in small {
        assert!(
            matches!(with(point), Some(Error::Peer(PeerError::Protocol(_)))),
            "{point:x?}"
        );
    }
}

#[test]
fn a_group_that_was_not_offered_is_refused() {
    let chain = pki::simple(KeyKind::Rsa2048);
    let trust = Trust::learn();
    let suites = [Suite::ECDHE_RSA_WITH_AES_128_GCM_SHA256];
    let algorithms = Algorithms {
        suites: &suites,
        groups: Groups::P256,
    };
    let config = Config::with_algorithms(&chain.host, &trust, algorithms);
    for group in [0, 1, 19, 24, 29, 30, 256, 0xFF01] {
        let forgery = Forgery {
            group,
            ..Forgery::of(&chain)
        };
        assert!(
            matches!(
                forgery.against(&config),
                Some(Error::Peer(PeerError::Protocol(_)))
            ),
            "{group}"
        );
    }
}

/// Both keys are trusted; the server shows the one and signs with the other.
#[test]
fn a_key_exchange_signed_with_another_trusted_key_is_refused() {
    let (one, other) = (
        pki::simple(KeyKind::Rsa2048),
        KeyPair::shared(KeyKind::Rsa2048, "the other"),
    );
    let pins = [pin(&one.key), pin(&other)];
    let trust = Trust::fingerprints(&pins);
    let config = Config::new(&one.host, &trust);
    let sign = |message: &[u8]| forger::by(&other, message);
    let forgery = Forgery {
        sign: Some(&sign),
        ..Forgery::of(&one)
    };
    assert_eq!(
        forgery.against(&config),
        protocol(ProtocolError::BadSignature)
    );
}

/// A signature of another connection, of other parameters, of nothing.
#[test]
fn a_signature_that_is_not_of_this_key_exchange_is_refused() {
    let chain = pki::simple(KeyKind::Rsa2048);
    let pins = [pin(&chain.key)];
    let trust = Trust::fingerprints(&pins);
    let config = Config::new(&chain.host, &trust);
    let of_another_client = |message: &[u8]| {
        let mut message = message.to_vec();
        message[0] ^= 1;
        forger::by(&chain.key, &message)
    };
    let without_randoms = |message: &[u8]| forger::by(&chain.key, &message[64..]);
    let empty = |_: &[u8]| ([4, 1], Vec::new());
    let zeros = |_: &[u8]| ([4, 1], vec![0; 256]);
    let too_long = |message: &[u8]| {
        let (algorithm, mut signature) = forger::by(&chain.key, message);
        signature.push(0);
        (algorithm, signature)
    };
    let signers: [&forger::Sign<'_>; 5] = [
        &of_another_client,
        &without_randoms,
        &empty,
        &zeros,
        &too_long,
    ];
    for (number, sign) in signers.into_iter().enumerate() {
        let forgery = Forgery {
            sign: Some(sign),
            ..Forgery::of(&chain)
        };
        let error = forgery.against(&config);
        assert!(
            matches!(error, Some(Error::Peer(PeerError::Protocol(_)))),
            "{number}: {error:?}"
        );
    }
}

/// A hash that nobody should sign with, although the signature is genuine.
#[test]
fn a_key_exchange_signed_over_sha1_is_refused() {
    let chain = pki::simple(KeyKind::Rsa2048);
    let trust = Trust::learn();
    let config = Config::new(&chain.host, &trust);
    let sign = |message: &[u8]| ([2, 1], chain.key.sign(Hash::Sha1, message));
    let forgery = Forgery {
        sign: Some(&sign),
        ..Forgery::of(&chain)
    };
    assert_eq!(
        forgery.against(&config),
        protocol(ProtocolError::InvalidAlgorithm)
    );
}

/// A signature that is right at its front for a verifier that looks no further: the cube root of it, rounded up. Nobody's
/// private key is needed where the exponent is 3.
fn cube_root_forgery(message: &[u8], padding: usize) -> Vec<u8> {
    // DigestInfo of SHA-256.
    const PREFIX: [u8; 19] = [
        0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
        0x05, 0x00, 0x04, 0x20,
    ];
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(message);
    let mut block = vec![0, 1];
    block.extend(vec![0xFF; padding]);
    block.push(0);
    block.extend(PREFIX);
    block.extend(digest);
    let front = block.len();
    block.resize(256, 0);
    let root = BigUint::from_bytes_be(&block).nth_root(3) + 1u32;
    let cube = root.pow(3).to_bytes_be();
    assert_eq!(cube[..front - 1], block[1..front], "the forgery is one");
    let root = root.to_bytes_be();
    [vec![0; 256 - root.len()], root].concat()
}

#[test]
fn a_forged_signature_for_a_key_with_exponent_3_is_refused_in_a_chain() {
    let key = KeyPair::shared(KeyKind::Rsa2048Exponent3, "authority");
    let root = Template::authority(Name::cn("Authority"), None);
    let root = Authority::root(&root, key);
    let leaf_key = KeyPair::shared(KeyKind::P256, "leaf of it");
    let names = [pki::AltName::Dns("localhost".to_owned())];
    let leaf = Template::server(Name::cn("localhost"), &names);
    let leaf = root.issue(&leaf, &leaf_key);
    let verdict = |leaf: &[u8]| {
        let chain = alone(leaf, &leaf_key);
        let anchors = [TrustAnchor::from_certificate(&root.certificate).unwrap()];
        let trust = Trust::anchors(&anchors, clock());
        let forgery = Forgery {
            suite: 0xC02B,
            ..Forgery::of(&chain)
        };
        forgery.against(&Config::new("localhost", &trust))
    };
    // The genuine one is accepted: it is the signature that is refused below, not the exponent.
    assert_eq!(verdict(&leaf), None);
    let signed = signed_part(&leaf);
    for padding in [8, 1, 0] {
        let mut forged = leaf.clone();
        let at = forged.len() - 256;
        forged[at..].copy_from_slice(&cube_root_forgery(signed, padding));
        assert_eq!(
            verdict(&forged),
            Some(PeerError::Certificate(CertificateError::NotTrusted).into()),
            "{padding}"
        );
    }
}

/// A chain of one certificate.
fn alone(certificate: &[u8], key: &Arc<KeyPair>) -> Chain {
    Chain {
        certificates: vec![certificate.to_vec()],
        key: Arc::clone(key),
        roots: Vec::new(),
        host: "localhost".to_owned(),
    }
}

/// The part of a certificate that is signed.
fn signed_part(certificate: &[u8]) -> &[u8] {
    let inner = &certificate[4..];
    let len = usize::from(u16::from_be_bytes([inner[2], inner[3]])) + 4;
    &inner[..len]
}

#[test]
fn a_forged_signature_for_a_key_with_exponent_3_is_refused_in_the_key_exchange() {
    let key = KeyPair::shared(KeyKind::Rsa2048Exponent3, "server");
    let template = Template::server(Name::cn("localhost"), &[]);
    let certificate = Authority::root(&template, key.clone()).certificate;
    let chain = alone(&certificate, &key);
    let pins = [pin(&key)];
    let trust = Trust::fingerprints(&pins);
    let config = Config::new("localhost", &trust);
    assert_eq!(Forgery::of(&chain).against(&config), None);
    for padding in [8, 1, 0] {
        let sign = |message: &[u8]| ([4, 1], cube_root_forgery(message, padding));
        let forgery = Forgery {
            sign: Some(&sign),
            ..Forgery::of(&chain)
        };
        assert_eq!(
            forgery.against(&config),
            protocol(ProtocolError::BadSignature),
            "{padding}"
        );
    }
}

/// A connection with several answers, and where each record of the server's begins.
struct Answers {
    recorded: Recorded,
    records: Vec<std::ops::Range<usize>>,
}

fn answers(config: &Config<'_>) -> Answers {
    let chain = pki::simple(KeyKind::Rsa2048);
    let server = OpensslConfig::new(&chain).service(Service::ReverseLines);
    let server = OpensslServer::start(&server).unwrap();
    let recorded = record_talk(server.addr(), chain, config, 4);
    let mut records = Vec::new();
    let mut at = recorded.handshake;
    while at < recorded.server.len() {
        let length = u16::from_be_bytes([recorded.server[at + 3], recorded.server[at + 4]]);
        let end = at + 5 + usize::from(length);
        if recorded.server[at] == 23 {
            records.push(at..end);
        }
        at = end;
    }
    assert!(records.len() >= 4, "{records:?}");
    Answers { recorded, records }
}

/// What the client has read before the error, and the error, if these records come instead.
fn reads(answers: &Answers, config: &Config<'_>, records: &[&[u8]]) -> (Vec<u8>, Error) {
    let recorded = &answers.recorded;
    let mut server = recorded.server[..recorded.handshake].to_vec();
    records.iter().for_each(|record| server.extend(*record));
    let mut storage = Box::new(Storage::<1024, 512>::new());
    let mut scratch = [0; Scratch::FINGERPRINTS];
    let mut stream = tls::connect(
        Playback::new(&server, &[usize::MAX]),
        &mut *storage,
        &mut scratch,
        config,
        &mut Seeded(recorded.seed),
    )
    .unwrap();
    stream.write_all(QUESTION).unwrap();
    stream.flush().unwrap();
    let (mut got, mut piece) = (Vec::new(), [0; 64]);
    loop {
        match stream.read(&mut piece) {
            Ok(0) => panic!("an end that nobody authenticated, after {got:?}"),
            Ok(len) => got.extend(&piece[..len]),
            Err(error) => return (got, error),
        }
    }
}

#[test]
fn records_that_are_replayed_swapped_left_out_cut_or_from_elsewhere_end_the_connection() {
    let trust = Trust::learn();
    let suites = [
        Suite::ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        Suite::ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ];
    for suite in suites.chunks(1) {
        let algorithms = Algorithms {
            suites: suite,
            groups: Groups::P256,
        };
        let config = Config::with_algorithms("localhost", &trust, algorithms);
        let (here, elsewhere) = (answers(&config), answers(&config));
        let record = |number: usize| &here.recorded.server[here.records[number].clone()];
        let of_elsewhere = &elsewhere.recorded.server[elsewhere.records[1].clone()];
        let spliced = [&record(0)[..20], &record(1)[20..]].concat();
        let mut as_an_alert = record(0).to_vec();
        as_an_alert[0] = 21;
        let mut older = record(0).to_vec();
        older[2] = 2;
        let bad_mac: Option<Error> = protocol(ProtocolError::BadMac);
        let cases: [(&str, Vec<&[u8]>, usize); 7] = [
            ("replayed", vec![record(0), record(0)], 1),
            ("swapped", vec![record(1), record(0)], 0),
            ("left out", vec![record(0), record(2)], 1),
            ("from elsewhere", vec![record(0), of_elsewhere], 1),
            ("spliced", vec![&spliced], 0),
            ("of another type", vec![&as_an_alert], 0),
            ("the last before the first", vec![record(3)], 0),
        ];
        for (name, records, genuine) in cases {
            let (got, error) = reads(&here, &config, &records);
            assert_eq!(got, ANSWER.repeat(genuine), "{name}");
            assert_eq!(Some(error), bad_mac, "{name}");
        }
        let (got, error) = reads(&here, &config, &[&older]);
        assert!(got.is_empty() && matches!(error, Error::Peer(_)), "{error}");
        // In the clear, and cut off.
        let (got, _) = reads(&here, &config, &[&forger::record(23, b"in the clear")]);
        assert!(got.is_empty());
        let (got, error) = reads(&here, &config, &[record(0), &record(1)[..30]]);
        assert_eq!(got, ANSWER);
        assert_eq!(error, NetworkError::Truncated.into());
    }
}

#[test]
fn a_record_above_the_agreed_fragment_length_is_refused() {
    let chain = pki::simple(KeyKind::Rsa2048);
    let trust = Trust::learn();
    let config = Config::new(&chain.host, &trust);
    let forgery = Forgery {
        extensions: [&RENEGOTIATION_INFO[..], &[0, 1, 0, 1, 2]].concat(),
        afterwards: forger::record(22, &[0; 1025]),
        ..Forgery::of(&chain)
    };
    let expected = PeerError::FragmentLengthIgnored {
        agreed: 1024,
        received: 1025,
    };
    assert_eq!(forgery.against(&config), Some(expected.into()));
}

/// The server echoes the session's identifier, but says something else than was agreed on in it.
#[test]
fn a_session_resumed_with_another_suite_is_refused() {
    let chain = pki::simple(KeyKind::Rsa2048);
    let server = OpensslConfig::new(&chain).service(Service::ReverseLines);
    let server = OpensslServer::start(&server).unwrap();
    let trust = Trust::learn();
    let suites = [
        Suite::ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        Suite::ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        Suite::ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        Suite::ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ];
    let algorithms = Algorithms {
        suites: &suites,
        groups: Groups::P256,
    };
    let config = Config::with_algorithms(&chain.host, &trust, algorithms);
    let mut device: Device = Device::new();
    let stream = device.connect(server.addr(), &config).unwrap();
    let suite = stream.connection().negotiated().suite;
    let session = stream.connection().session().unwrap();
    stream.close().unwrap();
    let others = [0xC02F, 0xCCA8, 0xC02B, 0xCCA9];
    for other in others.into_iter().filter(|&other| other != suite) {
        let forgery = Forgery {
            suite: other,
            resumes: true,
            ..Forgery::of(&chain)
        };
        assert_eq!(
            forgery.against(&config.resume(Some(&session))),
            protocol(ProtocolError::ResumeMismatch),
            "{other:#06x}"
        );
    }
}
